//! Where the control groups of this process lie, by `/proc/self/cgroup` and `/proc/self/mountinfo`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use super::{Resource, v1, v2};

/// A hierarchy of groups as this process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// The root, or what is visible as such.
    pub(super) top: PathBuf,
    /// The group of this process.
    pub(super) own: PathBuf,
}

/// The hierarchies that limit memory, processes or processor time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At least one of the controllers is in version 1, which keeps it out of version 2; those mounted, by resource.
    V1(BTreeMap<Resource, Hierarchy>),
    /// One hierarchy for all.
    V2(Hierarchy),
    /// No hierarchy is mounted.
    Nowhere,
}

impl Place {
    /// Of this process.
    ///
    /// # Errors
    /// When `/proc` is not readable.
    pub(super) fn here() -> io::Result<Self> {
        let read = |path| fs::read_to_string(path).map_err(|e| io::Error::new(e.kind(), format!("{path}: {e}")));
        Ok(Self::parse(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo")?))
    }

    fn parse(cgroup: &str, mountinfo: &str) -> Self {
        let memberships: Vec<_> = cgroup.lines().filter_map(Membership::parse).collect();
        let mounts: Vec<_> = mountinfo.lines().filter_map(Mount::parse).collect();
        let in_v1 = |resource: &Resource| memberships.iter().find(|group| group.has(resource.controller()));
        if Resource::ALL.iter().any(|resource| in_v1(resource).is_some()) {
            let hierarchy = |resource: Resource| {
                let mounted = mounts.iter().filter(|mount| mount.has(resource.controller()));
                Some((resource, hierarchy(mounted, in_v1(&resource)?.path)?))
            };
            return Self::V1(Resource::ALL.into_iter().filter_map(hierarchy).collect());
        }
        let unified = memberships.iter().find(|group| group.controllers.is_empty());
        let mounted = mounts.iter().filter(|mount| mount.kind == "cgroup2");
        unified.and_then(|group| hierarchy(mounted, group.path)).map_or(Self::Nowhere, Self::V2)
    }

    /// The directories in which runs of this process have theirs.
    pub(super) fn bases(self) -> BTreeSet<PathBuf> {
        match self {
            Self::V1(hierarchies) => hierarchies.values().flat_map(v1::bases).collect(),
            Self::V2(hierarchy) => v2::bases(&hierarchy).into_iter().collect(),
            Self::Nowhere => BTreeSet::new(),
        }
    }
}

/// A line of `/proc/self/cgroup`; no controllers: version 2.
struct Membership<'a> {
    controllers: &'a str,
    path: &'a str,
}

impl<'a> Membership<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        Some(Self { controllers, path })
    }

    fn has(&self, controller: &str) -> bool {
        self.controllers.split(',').any(|name| name == controller)
    }
}

/// A line of `/proc/self/mountinfo`, as far as control groups need it.
struct Mount<'a> {
    root: PathBuf,
    point: PathBuf,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let mut file_system = file_system.split(' ');
        Some(Self {
            root: unescape(mount.next()?),
            point: unescape(mount.next()?),
            kind: file_system.next()?,
            options: file_system.nth(1)?,
        })
    }

    /// Whether this is the version 1 hierarchy of a controller.
    fn has(&self, controller: &str) -> bool {
        self.kind == "cgroup" && self.options.split(',').any(|option| option == controller)
    }

    /// The directory of a group, unless the group lies outside of what is mounted.
    fn find(&self, group: &str) -> Option<PathBuf> {
        let below = Path::new(group).strip_prefix(&self.root).ok()?;
        let inside = below.components().all(|part| matches!(part, Component::Normal(_)));
        inside.then(|| self.point.components().chain(below.components()).collect())
    }
}

/// Of several mounts of a hierarchy, the last that shows the group; failing that, the root stands for the group.
fn hierarchy<'a>(mounts: impl Iterator<Item = &'a Mount<'a>>, group: &str) -> Option<Hierarchy> {
    let (mount, found) = mounts.map(|mount| (mount, mount.find(group))).max_by_key(|(_, found)| found.is_some())?;
    Some(Hierarchy { top: mount.point.clone(), own: found.unwrap_or_else(|| mount.point.clone()) })
}

/// Undoes the kernel's `\040` for characters that separate fields and lines.
fn unescape(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}
