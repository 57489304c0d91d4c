//! Which ids endpoints get on this machine: a range that is nobody's, for root; the subordinate ids of the user, for anybody else.

use std::ffi::OsStr;
use std::fs;
use std::process::Stdio;

use tokio::process::Command;

use crate::sandbox::message::Ids;

/// Ids of an endpoint: as many as Unix programs ever used.
const COUNT: u32 = 1 << 16;
/// First id of endpoints under root. It lies between the ranges that systemd names in its "Users, Groups, UIDs and GIDs":
/// beyond the containers' (1 879 048 191), below the foreign one (2 147 352 576).
const ROOT_FIRST: u32 = 0x7100_0000;
/// Programs that map subordinate ids: those of users, those of groups.
const MAPPERS: [&str; 2] = ["newuidmap", "newgidmap"];
/// First subordinate id that is proposed to a user who has none, unless it is taken.
const SUBORDINATE_FIRST: u32 = 524_288;

/// The ids of endpoints, and how they come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// As the zygote sees them.
    pub ids: Ids,
    /// Ranges of the user on the machine, uids and gids; `None` for root.
    pub subordinate: Option<(u32, u32)>,
}

/// Why there are no ids, and the one command that cures it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}; {cure}")]
pub struct NoIds {
    /// What is missing.
    pub why: String,
    /// What helps.
    pub cure: String,
}

impl Mapping {
    /// The mapping of the user who runs this process.
    ///
    /// # Errors
    /// No range, or one that is too small.
    pub fn of_this_user() -> Result<Self, NoIds> {
        let uid = nix::unistd::geteuid();
        if uid.is_root() {
            return root(&read("/proc/self/uid_map"));
        }
        let name = nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
        let name = name.unwrap_or_else(|| uid.to_string());
        let mapping = subordinate(&read("/etc/subuid"), &read("/etc/subgid"), &name, uid.as_raw())?;
        installed(&std::env::var_os("PATH").unwrap_or_default())?;
        Ok(mapping)
    }

    /// What identifies the mapping in a store: files there belong to these ids.
    pub fn label(&self) -> String {
        match self.subordinate {
            None => format!("{} +{}", self.ids.first, self.ids.count),
            Some((uids, gids)) => format!("{uids}:{gids} +{}", self.ids.count),
        }
    }

    /// Maps the ids of the zygote's user namespace.
    ///
    /// # Errors
    /// What newuidmap(1) or newgidmap(1) said.
    pub async fn apply(&self, pid: u32) -> Result<(), String> {
        let Some((uids, gids)) = self.subordinate else { return Ok(()) };
        let own = [nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()];
        for (program, own, first) in [(MAPPERS[0], own[0], uids), (MAPPERS[1], own[1], gids)] {
            let words = [pid, 0, own, 1, 1, first, self.ids.count].map(|number| number.to_string());
            let run = Command::new(program).args(words).stdin(Stdio::null()).kill_on_drop(true).output().await;
            let output = run.map_err(|err| format!("{program}: {err}"))?;
            if !output.status.success() {
                // It says its own name.
                return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
            }
        }
        Ok(())
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Root's ids: any that exist, other than its own. Inside another container's user namespace only some do.
fn root(uid_map: &str) -> Result<Mapping, NoIds> {
    let extents = uid_map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u32>().ok());
        let (first, _, count) = (numbers.next()??, numbers.next()??, numbers.next()??);
        Some((first, first.saturating_add(count)))
    });
    let fits = |(first, end): (u32, u32)| {
        let wanted = if first <= ROOT_FIRST && ROOT_FIRST + COUNT <= end { ROOT_FIRST } else { first.max(1) };
        (end.checked_sub(wanted)? >= COUNT).then_some(wanted)
    };
    let first = extents.filter_map(fits).max();
    let first = first.ok_or_else(|| NoIds {
        why: format!("this user namespace has no {COUNT} ids for endpoints"),
        cure: "run Saiten outside of this container, or as an ordinary user with subordinate ids".to_owned(),
    })?;
    Ok(Mapping { ids: Ids { first, count: COUNT }, subordinate: None })
}

/// The user's subordinate ids (subuid(5), subgid(5)).
fn subordinate(subuid: &str, subgid: &str, name: &str, uid: u32) -> Result<Mapping, NoIds> {
    // Beyond everybody's: two users with one range could read each other's files.
    let ends = ranges(subuid).chain(ranges(subgid)).map(|(_, first, count)| first.saturating_add(count));
    let free = ends.fold(SUBORDINATE_FIRST, u32::max);
    let range = |file: &str, text: &str| {
        let own = ranges(text).filter(|(whose, ..)| *whose == name || *whose == uid.to_string());
        let ranges: Vec<(u32, u32)> = own.map(|(_, first, count)| (first, count)).collect();
        ranges.iter().find(|(_, count)| *count >= COUNT).map(|(first, _)| *first).ok_or_else(|| {
            let why = match ranges.iter().map(|(_, count)| *count).max() {
                None => format!("{file} has no range of subordinate ids for {name}"),
                Some(most) => format!("{file} gives {name} {most} subordinate ids; endpoints need {COUNT}"),
            };
            let (first, last) = (free, free.saturating_add(COUNT - 1));
            NoIds {
                why,
                cure: format!("sudo usermod --add-subuids {first}-{last} --add-subgids {first}-{last} {name}"),
            }
        })
    };
    let (uids, gids) = (range("/etc/subuid", subuid)?, range("/etc/subgid", subgid)?);
    // In the zygote's namespace the user is 0 and the subordinate ids come after it.
    Ok(Mapping { ids: Ids { first: 1, count: COUNT }, subordinate: Some((uids, gids)) })
}

/// Lines of subuid(5) or subgid(5): whose, first id, how many.
fn ranges(text: &str) -> impl Iterator<Item = (&str, u32, u32)> {
    text.lines().filter_map(|line| {
        let mut words = line.trim().split(':');
        Some((words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    })
}

/// Whether the programs that map subordinate ids are there.
fn installed(path: &OsStr) -> Result<(), NoIds> {
    let missing = |program: &&str| !std::env::split_paths(path).any(|dir| dir.join(program).is_file());
    match MAPPERS.into_iter().find(|program| missing(program)) {
        None => Ok(()),
        Some(program) => Err(NoIds {
            why: format!("{program} is not installed, which maps the ids of ordinary users"),
            cure: "sudo apt-get install uidmap".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_takes_ids_of_nobody_or_what_its_container_has() {
        let first = |map: &str| root(map).map(|mapping| mapping.ids.first);
        assert_eq!(first("         0          0 4294967295\n"), Ok(ROOT_FIRST));
        assert_eq!(first("0 1000 1\n1 100000 65536\n"), Ok(1));
        assert_eq!(first("0 100000 131072\n"), Ok(1));
        assert!(first("0 1000 1\n").is_err());
        assert!(first("0 100000 65536\n").is_err(), "one id is root's own");
        assert!(first("").is_err());
    }

    #[test]
    fn programs_that_are_missing_are_named_with_their_package() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("newuidmap"), "").unwrap();
        let missing = installed(dir.path().as_os_str()).unwrap_err();
        assert!(missing.why.contains("newgidmap") && missing.cure.contains("uidmap"), "{missing}");
        fs::write(dir.path().join("newgidmap"), "").unwrap();
        assert_eq!(installed(dir.path().as_os_str()), Ok(()));
    }

    #[test]
    fn a_user_needs_a_whole_range_in_both_files() {
        let good = "root:1:65536\nann:100000:65536\n";
        let mapping = subordinate(good, "1000:200000:70000\n", "ann", 1000).unwrap();
        assert_eq!((mapping.ids.first, mapping.subordinate), (1, Some((100_000, 200_000))));
        let small = subordinate(good, "ann:5:1000\n", "ann", 1000).unwrap_err();
        assert!(small.why.contains("/etc/subgid gives ann 1000") && small.cure.contains("usermod"), "{small}");
        let (none, some) = ("ann:5:1000\n", "bob:500000:65536\ncarl:9:9\n");
        let cure = subordinate(none, some, "ann", 1000).unwrap_err().cure;
        assert!(cure.contains("--add-subuids 565536-631071 --add-subgids 565536-631071 ann"), "{cure}");
        assert!(small.cure.contains(" 524288-589823 "), "{small}");
        assert!(subordinate("annabel:1:65536\nann:x:y\n", good, "ann", 1000).unwrap_err().why.contains("no range"));
    }
}
