//! Resource limits of endpoints: memory, processes and processor time, by control groups of either version.
//!
//! A run owns one directory in each hierarchy that it uses, named after its process so that `sweep` can tell later
//! whether it still lives; each endpoint is a group below.

mod directory;
mod owner;
mod place;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::owner::Owner;
use self::place::Place;

/// Longest name of an endpoint, in bytes: with the prefix it must fit into a file name.
const NAME_MOST: usize = 200;
/// The time within which a quota of processor time is used up, in microseconds: the kernel's default.
const PERIOD: u64 = 100_000;
/// The least quota that the kernel takes, in microseconds.
const QUOTA_LEAST: u64 = 1_000;

/// What a group may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory in bytes, swap included.
    pub memory: u64,
    /// Most processes and threads at a time.
    pub processes: u32,
    /// Share of the processors when they are contended; 1024 is everybody's.
    pub weight: u32,
    /// Most processors, 0.5 being half of one; none means no bound.
    pub processors: Option<f64>,
}

impl Limits {
    fn check(&self) -> io::Result<()> {
        match self.processors {
            Some(count) if !count.is_finite() || count <= 0.0 => {
                Err(invalid(format!("a limit of {count} processors: give a number above 0")))
            }
            _ => Ok(()),
        }
    }

    /// Microseconds of processor time in each period; the conversion takes what is too large for the largest number.
    fn quota(&self) -> Option<u64> {
        self.processors.map(|count| ((count * PERIOD as f64).round() as u64).max(QUOTA_LEAST))
    }
}

/// Something that a group can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Memory and swap.
    Memory,
    /// The number of processes and threads.
    Processes,
    /// Processor time.
    Processor,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Processes, Self::Processor];

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Processor => "processor time",
        }
    }

    /// The kernel's name of the controller.
    const fn controller(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Processes => "pids",
            Self::Processor => "cpu",
        }
    }
}

/// A resource that cannot be limited here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What stays without a limit.
    pub resource: Resource,
    /// The reason.
    pub why: String,
    /// What the user can do about it.
    pub cure: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// Writes one file of a group.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    file: &'static str,
    value: String,
    /// Whether the kernel may lack the file.
    optional: bool,
}

impl Setting {
    fn new(file: &'static str, value: impl ToString) -> Self {
        Self { file, value: value.to_string(), optional: false }
    }

    fn optional(file: &'static str, value: impl ToString) -> Self {
        Self { optional: true, ..Self::new(file, value) }
    }
}

/// The run's directories as one version of control groups has prepared them.
#[derive(Debug, Default)]
struct Prepared {
    limited: BTreeMap<Resource, PathBuf>,
    missing: Vec<Missing>,
}

/// Where this process may limit others, found by doing.
#[derive(Debug)]
pub struct Groups {
    version: Version,
    prepared: Prepared,
}

impl Groups {
    /// Makes the directories of a run wherever this process may, and finds out what can be limited there.
    ///
    /// On cgroup v2, if the process may not write the root of the hierarchy, all processes of its own group move to a
    /// group `saiten-harness` below: a group with limited children must not hold processes itself. They stay there, as
    /// do the controllers enabled on the way down, since other runs may rely on both.
    pub fn find(owner: &Owner) -> Self {
        let run = owner.directory();
        let (version, prepared) = match Place::here() {
            Ok(Place::V1(hierarchies)) => (Version::V1, v1::prepare(&hierarchies, &run)),
            Ok(Place::V2(hierarchy)) => (Version::V2, v2::prepare(&hierarchy, &run)),
            Ok(Place::Nowhere) => (Version::V2, nothing("no control group hierarchy is mounted")),
            Err(error) => (Version::V2, nothing(&error.to_string())),
        };
        Self { version, prepared }
    }

    /// What does the limiting: "cgroup v2", "cgroup v1" or "none".
    pub fn kind(&self) -> &'static str {
        match self.version {
            _ if self.prepared.limited.is_empty() => "none",
            Version::V1 => "cgroup v1",
            Version::V2 => "cgroup v2",
        }
    }

    /// What cannot be limited, why, and what helps.
    pub fn missing(&self) -> Vec<Missing> {
        self.prepared.missing.clone()
    }

    /// Makes the group of the endpoint `name`, with all limits that are possible here; without any, an empty one.
    ///
    /// # Errors
    /// When the name or a limit is invalid, the group exists already, or the kernel refuses a value.
    pub fn make(&self, name: &str, limits: &Limits) -> io::Result<Group> {
        check_name(name)?;
        limits.check()?;
        let mut group = Group { directories: BTreeSet::new() };
        match self.fill(&mut group, name, limits) {
            Ok(()) => Ok(group),
            Err(error) => {
                // The first failure is the one to report; what stays is swept later.
                let _ = group.remove();
                Err(error)
            }
        }
    }

    fn fill(&self, group: &mut Group, name: &str, limits: &Limits) -> io::Result<()> {
        for (&resource, run) in &self.prepared.limited {
            // No file of the kernel's has this prefix.
            let path = run.join(format!("endpoint.{name}"));
            if !group.directories.contains(&path) {
                directory::make(&path)?;
                group.directories.insert(path.clone());
            }
            let settings = match self.version {
                Version::V1 => v1::settings(resource, limits),
                Version::V2 => v2::settings(resource, limits),
            };
            for setting in settings {
                match directory::write(&path, setting.file, &setting.value) {
                    Err(error) if setting.optional && error.kind() == io::ErrorKind::NotFound => {}
                    written => written?,
                }
            }
        }
        Ok(())
    }

    /// Removes the run's own directories, with the groups that are left in them. What still holds processes stays for
    /// [`sweep`].
    pub fn end(self) {
        for run in self.prepared.limited.into_values() {
            let _ = directory::remove(&run);
        }
    }
}

fn nothing(why: &str) -> Prepared {
    let missing = |resource| Missing {
        resource,
        why: why.to_owned(),
        cure: "sudo mount -t cgroup2 none /sys/fs/cgroup".to_owned(),
    };
    Prepared { missing: Resource::ALL.map(missing).into(), ..Prepared::default() }
}

/// Makes hierarchies writable that are not, as in most containers.
fn writable<'a>(tops: impl IntoIterator<Item = &'a PathBuf>) -> String {
    if ["/.dockerenv", "/run/.containerenv"].iter().any(|file| Path::new(file).exists()) {
        return "docker run --privileged …".to_owned();
    }
    let each = tops.into_iter().map(|top| format!("sudo mount -o remount,rw {}", top.display()));
    each.collect::<Vec<_>>().join(" && ")
}

fn check_name(name: &str) -> io::Result<()> {
    if name.is_empty() || name.len() > NAME_MOST || name.contains(|c: char| c == '/' || c.is_control()) {
        return Err(invalid(format!("group name {name:?}: give 1 to {NAME_MOST} bytes without \"/\"")));
    }
    Ok(())
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The group of one endpoint: one directory for each hierarchy, none where nothing can be limited.
#[derive(Debug)]
pub struct Group {
    directories: BTreeSet<PathBuf>,
}

impl Group {
    /// Puts a process, and all that it starts from now on, under the limits.
    ///
    /// # Errors
    /// When there is no such process or the kernel refuses the move.
    pub fn admit(&self, pid: i32) -> io::Result<()> {
        if pid <= 0 {
            // The kernel takes 0 for the writer itself.
            return Err(invalid(format!("process id {pid}: give one above 0")));
        }
        self.directories.iter().try_for_each(|path| directory::write(path, "cgroup.procs", &pid.to_string()))
    }

    /// Removes the group; it must be empty, and the last exit is given 200 ms to take effect.
    ///
    /// # Errors
    /// When processes are left in it.
    pub fn remove(&self) -> io::Result<()> {
        // Each directory gets its try, whatever becomes of the others.
        self.directories.iter().map(|path| directory::remove(path)).fold(Ok(()), Result::and)
    }
}

/// Removes the groups of runs whose process is dead, where a run of this process would make its own; returns the names
/// of the directories removed. `alive` is asked with process id and start time. What holds processes stays.
pub fn sweep(alive: &dyn Fn(u32, u64) -> bool) -> Vec<String> {
    let mut removed = BTreeSet::new();
    for base in Place::here().map(|place| place.bases()).unwrap_or_default() {
        // A base that cannot be read holds nothing of ours.
        for entry in fs::read_dir(base).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let dead = Owner::of_directory(&name).is_some_and(|owner| !alive(owner.pid, owner.started));
            if dead && directory::remove_now(&entry.path()).is_ok() {
                removed.insert(name);
            }
        }
    }
    removed.into_iter().collect()
}
