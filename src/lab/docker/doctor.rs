//! What the engine and its machine offer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Docker;
use super::error::explain;
use crate::helper::message::{Offers, PROGRAM, RunSpec};
use crate::lab::line::Line;
use crate::lab::{Backend, LabError, MachineSpec, Role};

/// How long looking around in an endpoint may take.
const LOOK: Duration = Duration::from_secs(10);

/// Versions and settings of the engine.
pub async fn describe(docker: &Docker) -> Result<Vec<(String, String)>, LabError> {
    let failed = |err: bollard::errors::Error| explain("cannot ask the engine about itself", &err);
    let version = docker.client.version().await.map_err(failed)?;
    let info = docker.client.info().await.map_err(failed)?;
    let cgroups = info.cgroup_version.map(|version| version.to_string()).unwrap_or_default();
    let facts = [
        ("backend", Some("docker".to_owned())),
        ("engine", version.version),
        ("api", version.api_version),
        ("kernel", info.kernel_version),
        ("cgroups", Some(cgroups)),
        ("storage", info.driver),
        ("system", info.operating_system),
        ("architecture", info.architecture),
        ("processors", info.ncpu.map(|n| n.to_string())),
        ("memory", info.mem_total.map(|bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)))),
    ];
    Ok(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// Looks around in a machine that has an endpoint's rights and devices.
pub async fn offers(docker: &Docker) -> Result<Offers, LabError> {
    let spec = MachineSpec {
        name: format!("look-{}", std::process::id()),
        image: None,
        hostname: "look".to_owned(),
        role: Role::Alone,
        sysctls: BTreeMap::new(),
        capabilities: Vec::new(),
        memory: 128 << 20,
        processes: 32,
    };
    let machine = docker.start(&spec).await?;
    let looked = async {
        let streams = machine.streams().ok_or_else(|| LabError::backend("look", "its streams are taken"))?;
        let line = Line::open("look", streams, Box::new(String::new)).await?;
        line.run(RunSpec {
            output_most: 1 << 20,
            ..RunSpec::command(vec![PROGRAM.to_owned(), "capabilities".to_owned()], LOOK)
        })
        .await
    };
    let looked = looked.await;
    machine.stop().await?;
    let ran = looked?;
    serde_json::from_str(&ran.stdout).map_err(|err| {
        LabError::backend("cannot look around in an endpoint", format!("{err}: {}{}", ran.stdout, ran.stderr))
    })
}
