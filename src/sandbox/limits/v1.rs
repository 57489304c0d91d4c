//! Limits by cgroup version 1: a hierarchy for each controller.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Hierarchy;
use super::{Limits, Missing, PERIOD, Prepared, Resource, Setting, directory};

/// Makes the directory `run` in each hierarchy.
pub(super) fn prepare(hierarchies: &BTreeMap<Resource, Hierarchy>, run: &str) -> Prepared {
    let mut prepared = Prepared::default();
    for resource in Resource::ALL {
        match hierarchies.get(&resource).map(|hierarchy| claim(resource, hierarchy, run)) {
            Some(Ok(path)) => {
                prepared.limited.insert(resource, path);
            }
            Some(Err(error)) => prepared.missing.push(refused(resource, &error)),
            None => prepared.missing.push(unmounted(resource)),
        }
    }
    prepared
}

/// Below the own group if that is possible, so that its limits hold as well; otherwise below the root.
fn claim(resource: Resource, hierarchy: &Hierarchy, run: &str) -> io::Result<PathBuf> {
    let below_own = claim_below(resource, &hierarchy.own, run);
    below_own.or_else(|error| claim_below(resource, &hierarchy.top, run).map_err(|_| error))
}

fn claim_below(resource: Resource, base: &Path, run: &str) -> io::Result<PathBuf> {
    let path = base.join(run);
    let made = directory::make_once(&path)?;
    match directory::read(&path, scarcest_file(resource)) {
        Ok(_) => Ok(path),
        Err(error) => {
            if made {
                // Whatever hinders this, the missing file is the news.
                let _ = directory::remove_now(&path);
            }
            Err(error)
        }
    }
}

/// The file of a controller that a kernel is most likely to lack.
const fn scarcest_file(resource: Resource) -> &'static str {
    match resource {
        Resource::Memory => "memory.limit_in_bytes",
        Resource::Processes => "pids.max",
        Resource::Processor => "cpu.cfs_quota_us",
    }
}

fn refused(resource: Resource, error: &io::Error) -> Missing {
    let cure = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => "start the container with --privileged",
        _ => "run as root, or boot with systemd.unified_cgroup_hierarchy=1",
    };
    Missing { resource, why: error.to_string(), cure: cure.to_owned() }
}

fn unmounted(resource: Resource) -> Missing {
    let controller = resource.controller();
    let point = format!("/sys/fs/cgroup/{controller}");
    Missing {
        resource,
        why: format!("the cgroup v1 controller \"{controller}\" is not mounted"),
        cure: format!("mkdir -p {point} && mount -t cgroup -o {controller} none {point}"),
    }
}

/// What to write into the files of a group, in this order.
pub(super) fn settings(resource: Resource, limits: &Limits) -> Vec<Setting> {
    match resource {
        Resource::Memory => vec![
            Setting::new("memory.limit_in_bytes", limits.memory),
            // Without swap accounting this file is missing; not swapping is the next best thing.
            Setting::optional("memory.swappiness", 0),
            Setting::optional("memory.memsw.limit_in_bytes", limits.memory),
        ],
        Resource::Processes => vec![Setting::new("pids.max", limits.processes)],
        Resource::Processor => {
            let mut settings = vec![Setting::new("cpu.shares", limits.weight)];
            if let Some(quota) = limits.quota() {
                settings.push(Setting::new("cpu.cfs_period_us", PERIOD));
                settings.push(Setting::new("cpu.cfs_quota_us", quota));
            }
            settings
        }
    }
}
