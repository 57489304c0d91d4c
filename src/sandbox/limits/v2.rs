//! Limits by cgroup version 2: one hierarchy, in which a group must be given each controller by its parent.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::place::Hierarchy;
use super::{Limits, Missing, PERIOD, Prepared, Resource, Setting, directory, writable};

/// The group for the processes of a group that is to have limited children.
const LEAF: &str = "saiten-harness";
/// How often processes are moved out of a group that others are started in meanwhile.
const ROUNDS: u32 = 16;
/// Gives users the controllers that systemd keeps from them.
const DELEGATE: &str = "sudo sh -c \"mkdir -p /etc/systemd/system/user@.service.d \
    && printf '[Service]\\nDelegate=cpu memory pids\\n' > /etc/systemd/system/user@.service.d/saiten.conf \
    && systemctl daemon-reload\" && echo 'now log in anew'";

/// Makes the directory `run` below the root of the hierarchy or, where that is not possible, below the own group.
pub(super) fn prepare(hierarchy: &Hierarchy, run: &str) -> Prepared {
    let mut prepared = Prepared::default();
    for base in bases(hierarchy) {
        prepared = below(&base, run, hierarchy);
        if !prepared.limited.is_empty() {
            break;
        }
    }
    prepared
}

/// Where runs may have their directories, the best first.
pub(super) fn bases(hierarchy: &Hierarchy) -> Vec<PathBuf> {
    // An earlier run may have moved this process into the leaf.
    let own = match hierarchy.own.parent() {
        Some(parent) if hierarchy.own.ends_with(LEAF) => parent,
        _ => &hierarchy.own,
    };
    let mut bases = vec![hierarchy.top.clone(), own.to_owned()];
    bases.dedup();
    bases
}

fn below(base: &Path, run: &str, hierarchy: &Hierarchy) -> Prepared {
    let mut prepared = Prepared::default();
    let path = base.join(run);
    let made = directory::make_once(&path);
    for resource in Resource::ALL {
        let enabled = match &made {
            Ok(_) => enable(base, &path, resource),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        match enabled {
            Ok(()) => {
                prepared.limited.insert(resource, path.clone());
            }
            Err(error) => prepared.missing.push(refused(resource, &error, base, hierarchy)),
        }
    }
    if prepared.limited.is_empty() && matches!(made, Ok(true)) {
        // What is missing is known; an empty directory that stays is swept later.
        let _ = directory::remove_now(&path);
    }
    prepared
}

/// Gives a controller to the groups below `base` and to those below the run's.
fn enable(base: &Path, run: &Path, resource: Resource) -> io::Result<()> {
    let controller = resource.controller();
    if !lists(base, "cgroup.controllers", controller)? {
        let message = format!("the controller \"{controller}\" is not among those of {}", base.display());
        return Err(io::Error::new(ErrorKind::Unsupported, message));
    }
    if !lists(base, "cgroup.subtree_control", controller)? {
        pass_on(base, controller)?;
    }
    directory::write(run, "cgroup.subtree_control", &format!("+{controller}"))?;
    directory::read(run, scarcest_file(resource)).map(drop)
}

/// Gives a controller to the groups below `base`, which must not hold processes itself then.
fn pass_on(base: &Path, controller: &str) -> io::Result<()> {
    let mut round = 0;
    loop {
        if !is_root(base) {
            vacate(base)?;
        }
        round += 1;
        match directory::write(base, "cgroup.subtree_control", &format!("+{controller}")) {
            // A process was started in between.
            Err(error) if error.kind() == ErrorKind::ResourceBusy && round < ROUNDS => {}
            written => return written,
        }
    }
}

/// Moves the processes of a group into the leaf below it.
fn vacate(base: &Path) -> io::Result<()> {
    let processes = directory::read(base, "cgroup.procs")?;
    if processes.is_empty() {
        return Ok(());
    }
    let leaf = base.join(LEAF);
    directory::make_once(&leaf)?;
    for pid in processes.lines() {
        if pid == "0" {
            let message = format!("{} holds processes of another process namespace", base.display());
            return Err(io::Error::new(ErrorKind::ResourceBusy, message));
        }
        if let Err(error) = directory::write(&leaf, "cgroup.procs", pid)
            && Path::new("/proc").join(pid).exists()
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Only the root of the whole hierarchy has no type, and may hold processes beside limited groups.
fn is_root(base: &Path) -> bool {
    !base.join("cgroup.type").exists()
}

fn lists(base: &Path, file: &str, controller: &str) -> io::Result<bool> {
    Ok(directory::read(base, file)?.split_whitespace().any(|name| name == controller))
}

/// The file of a controller that a kernel is most likely to lack.
const fn scarcest_file(resource: Resource) -> &'static str {
    match resource {
        Resource::Memory => "memory.max",
        Resource::Processes => "pids.max",
        Resource::Processor => "cpu.max",
    }
}

fn refused(resource: Resource, error: &io::Error, base: &Path, hierarchy: &Hierarchy) -> Missing {
    let controller = resource.controller();
    let cure = match error.kind() {
        ErrorKind::ReadOnlyFilesystem => writable([&hierarchy.top]),
        ErrorKind::Unsupported if is_root(base) => format!("boot with cgroup_enable={controller}"),
        ErrorKind::Unsupported => DELEGATE.to_owned(),
        _ => "systemd-run --user --scope -p Delegate=yes saiten …".to_owned(),
    };
    Missing { resource, why: error.to_string(), cure }
}

/// What to write into the files of a group, in this order.
pub(super) fn settings(resource: Resource, limits: &Limits) -> Vec<Setting> {
    match resource {
        Resource::Memory => vec![
            Setting::new("memory.max", limits.memory),
            // Without swap there is no such file.
            Setting::optional("memory.swap.max", 0),
        ],
        Resource::Processes => vec![Setting::new("pids.max", limits.processes)],
        Resource::Processor => {
            let mut settings = vec![Setting::new("cpu.weight", weight(limits.weight))];
            if let Some(quota) = limits.quota() {
                settings.push(Setting::new("cpu.max", format!("{quota} {PERIOD}")));
            }
            settings
        }
    }
}

/// Version 1's 1024 is version 2's 100.
fn weight(shares: u32) -> u64 {
    (u64::from(shares) * 100 / 1024).clamp(1, 10_000)
}
