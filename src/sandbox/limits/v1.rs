//! Limits by cgroup version 1: a hierarchy for each controller.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Hierarchy;
use super::{Limits, Missing, PERIOD, Prepared, Resource, Setting, directory, writable};

/// How the names of groups begin that root makes for ordinary users, who cannot make any elsewhere.
const GIVEN: &str = "saiten-";

/// Makes the directory `run` in each hierarchy.
pub(super) fn prepare(hierarchies: &BTreeMap<Resource, Hierarchy>, run: &str) -> Prepared {
    let mut prepared = Prepared::default();
    for resource in Resource::ALL {
        match hierarchies.get(&resource).map(|hierarchy| claim(resource, hierarchy, run)) {
            Some(Ok(path)) => {
                prepared.limited.insert(resource, path);
            }
            Some(Err(error)) => prepared.missing.push(refused(resource, &error, hierarchies)),
            None => prepared.missing.push(unmounted(resource)),
        }
    }
    prepared
}

/// Below the own group if that is possible, so that its limits hold as well; otherwise wherever it is.
fn claim(resource: Resource, hierarchy: &Hierarchy, run: &str) -> io::Result<PathBuf> {
    let mut bases = bases(hierarchy).into_iter().map(|base| claim_below(resource, &base, run));
    // The own group's failure is the one to report.
    bases
        .next()
        .unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
        .or_else(|error| bases.find_map(Result::ok).ok_or(error))
}

/// Where runs may have their directories, the best first: the own group, the root, and groups that root has made for
/// ordinary users, of which the kernel lets each use theirs.
pub(super) fn bases(hierarchy: &Hierarchy) -> Vec<PathBuf> {
    let mut bases = vec![hierarchy.own.clone(), hierarchy.top.clone()];
    bases.dedup();
    let groups = fs::read_dir(&hierarchy.top).into_iter().flatten().flatten();
    let given = groups.filter(|group| group.file_name().to_string_lossy().starts_with(GIVEN)).map(|group| group.path());
    bases.extend(given);
    bases
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

fn refused(resource: Resource, error: &io::Error, hierarchies: &BTreeMap<Resource, Hierarchy>) -> Missing {
    let cure = match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => writable(hierarchies.values().map(|hierarchy| &hierarchy.top)),
        // The one command for all of them.
        _ => hierarchies.values().fold("sudo install -d -o \"$USER\"".to_owned(), |command, hierarchy| {
            format!("{command} {}/{GIVEN}\"$USER\"", hierarchy.top.display())
        }),
    };
    Missing { resource, why: error.to_string(), cure }
}

fn unmounted(resource: Resource) -> Missing {
    let controller = resource.controller();
    let point = format!("/sys/fs/cgroup/{controller}");
    Missing {
        resource,
        why: format!("the cgroup v1 controller \"{controller}\" is not mounted"),
        cure: format!("sudo mkdir -p {point} && sudo mount -t cgroup -o {controller} none {point}"),
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
