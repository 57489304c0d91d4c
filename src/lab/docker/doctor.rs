//! The engine's versions and settings.

use super::Docker;
use super::error::explain;
use crate::lab::LabError;

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
        // The engine's storage drivers have no quota, but for one on xfs.
        ("not limited", Some("disk".to_owned())),
        ("system", info.operating_system),
        ("architecture", info.architecture),
        ("processors", info.ncpu.map(|n| n.to_string())),
        ("memory", info.mem_total.map(|bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)))),
    ];
    Ok(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}
