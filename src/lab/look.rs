//! Looking around in a machine that has an endpoint's rights and devices.

use std::collections::BTreeMap;
use std::time::Duration;

use super::line::Line;
use super::{Backend, LabError, MachineSpec, Role};
use crate::helper::message::{Offers, PROGRAM, RunSpec};

/// How long looking around may take.
const LOOK: Duration = Duration::from_secs(10);

/// A machine to look around in.
pub fn spec() -> MachineSpec {
    MachineSpec {
        name: format!("look-{}", std::process::id()),
        image: None,
        hostname: "look".to_owned(),
        role: Role::Alone,
        sysctls: BTreeMap::new(),
        capabilities: Vec::new(),
        memory: 128 << 20,
        processes: 32,
    }
}

/// What an endpoint finds on this backend's machine.
///
/// # Errors
/// A machine that cannot be started, or says something else.
pub async fn offers(backend: &dyn Backend) -> Result<Offers, LabError> {
    let machine = backend.start(&spec()).await?;
    let looked = async {
        let streams = machine.streams().ok_or_else(|| LabError::backend("look", "its streams are taken"))?;
        let line = Line::open("look", streams, Box::new(String::new)).await?;
        let words = vec![PROGRAM.to_owned(), "capabilities".to_owned()];
        line.run(RunSpec { output_most: 1 << 20, ..RunSpec::command(words, LOOK) }).await
    };
    let looked = looked.await;
    machine.stop().await?;
    let ran = looked?;
    serde_json::from_str(&ran.stdout).map_err(|err| {
        LabError::backend("cannot look around in an endpoint", format!("{err}: {}{}", ran.stdout, ran.stderr))
    })
}
