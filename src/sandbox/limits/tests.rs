//! What groups do on the machine that runs the tests: limits that are said to hold must bite, others leave no trace.

use std::env;
use std::io::{self, BufRead, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio, id};

use super::*;

const ROLE: &str = "SAITEN_TEST_LIMITS_ROLE";
const MEGABYTE: u64 = 1 << 20;

fn limits() -> Limits {
    Limits { memory: 50 * MEGABYTE, processes: 20, weight: 512, processors: Some(0.5) }
}

/// An owner like no other test's.
fn owner(run: &str, started: u64) -> Owner {
    Owner { run: format!("test-{run}"), pid: id(), started }
}

fn is_limited(groups: &Groups, resource: Resource) -> bool {
    groups.prepared.limited.contains_key(&resource)
}

/// The directories of an owner that exist.
fn directories(owner: &Owner) -> Vec<PathBuf> {
    let bases = Place::here().unwrap().bases();
    bases.iter().map(|base| base.join(owner.directory())).filter(|path| path.exists()).collect()
}

/// Starts this program again to play a role: the test `victim` of this module.
fn start(role: &str) -> Child {
    let name = format!("{}::victim", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &name, "--nocapture", "--test-threads=1"]).env(ROLE, role);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Lets a victim go on and waits for its end.
fn release(mut victim: Child) -> Output {
    victim.stdin.take().unwrap().write_all(b"go\n").unwrap();
    victim.wait_with_output().unwrap()
}

/// Plays the role that [`start`] gave; without one there is nothing to do.
#[test]
fn victim() {
    let Ok(role) = env::var(ROLE) else { return };
    io::stdin().lock().read_line(&mut String::new()).unwrap();
    match role.as_str() {
        "memory" => {
            let hog = vec![1u8; 100 * MEGABYTE as usize];
            assert!(std::hint::black_box(&hog).iter().all(|&byte| byte == 1));
        }
        "processes" => fork_until_refused(),
        other => panic!("role {other:?}"),
    }
}

fn fork_until_refused() {
    let mut children = Vec::new();
    let refusal = (0..60).find_map(|_| match Command::new("sleep").arg("60").spawn() {
        Ok(child) => {
            children.push(child);
            None
        }
        Err(error) => Some(error),
    });
    let started = children.len();
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let refused = refusal.is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    writeln!(io::stdout(), "started={started} refused={refused}").unwrap();
}

#[test]
fn memory_beyond_the_limit_kills() {
    let groups = Groups::find(&owner("memory", 1));
    let group = groups.make("hog", &limits()).unwrap();
    let hog = start("memory");
    group.admit(hog.id().cast_signed()).unwrap();
    let status = release(hog).status;
    let killed = is_limited(&groups, Resource::Memory).then_some(libc::SIGKILL);
    assert_eq!(status.signal(), killed, "{status}");
    group.remove().unwrap();
    groups.end();
}

#[test]
fn processes_beyond_the_limit_are_not_started() {
    let groups = Groups::find(&owner("processes", 2));
    let group = groups.make("forks", &limits()).unwrap();
    let forks = start("processes");
    group.admit(forks.id().cast_signed()).unwrap();
    let said = String::from_utf8(release(forks).stdout).unwrap();
    let started: u32 = said.split("started=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    // Threads of the victim count as well.
    let wanted = if is_limited(&groups, Resource::Processes) { 1..20 } else { 60..61 };
    assert!(wanted.contains(&started) && said.contains(&format!("refused={}", started < 60)), "{said}");
    group.remove().unwrap();
    groups.end();
}

#[test]
fn every_setting_of_a_limited_resource_is_in_force() {
    let groups = Groups::find(&owner("settings", 3));
    let group = groups.make("any", &limits()).unwrap();
    let files: &[(Resource, &str, &str)] = match groups.version {
        Version::V1 => &[
            (Resource::Memory, "memory.limit_in_bytes", "52428800"),
            (Resource::Processes, "pids.max", "20"),
            (Resource::Processor, "cpu.shares", "512"),
            (Resource::Processor, "cpu.cfs_period_us", "100000"),
            (Resource::Processor, "cpu.cfs_quota_us", "50000"),
        ],
        Version::V2 => &[
            (Resource::Memory, "memory.max", "52428800"),
            (Resource::Processes, "pids.max", "20"),
            (Resource::Processor, "cpu.weight", "50"),
            (Resource::Processor, "cpu.max", "50000 100000"),
        ],
    };
    for (resource, file, value) in files {
        if let Some(run) = groups.prepared.limited.get(resource) {
            assert_eq!(directory::read(&run.join("endpoint.any"), file).unwrap().trim_end(), *value, "{file}");
        }
    }
    group.remove().unwrap();
    groups.end();
}

#[test]
fn each_resource_is_either_limited_or_missing_with_a_cure() {
    let owner = owner("either", 4);
    let groups = Groups::find(&owner);
    for resource in Resource::ALL {
        let missing = groups.missing().into_iter().find(|missing| missing.resource == resource);
        assert_ne!(is_limited(&groups, resource), missing.is_some(), "{resource:?}");
        if let Some(missing) = missing {
            assert!(!missing.why.is_empty() && !missing.cure.is_empty(), "{missing:?}");
        }
    }
    let nothing = groups.missing().len() == Resource::ALL.len();
    assert_eq!(groups.kind() == "none", nothing);
    assert_eq!(directories(&owner).is_empty(), nothing);
    groups.end();
    assert_eq!(directories(&owner), Vec::<PathBuf>::new());
}

#[test]
fn the_end_of_a_run_takes_its_groups_along() {
    let owner = owner("end", 5);
    let groups = Groups::find(&owner);
    groups.make("left", &limits()).unwrap();
    groups.end();
    assert_eq!(directories(&owner), Vec::<PathBuf>::new());
}

#[test]
fn a_sweep_removes_what_dead_runs_left_and_nothing_else() {
    let (dead, living) = (owner("dead", 6), owner("living", 7));
    let (left, kept) = (Groups::find(&dead), Groups::find(&living));
    left.make("old", &limits()).unwrap();
    let removed = sweep(&|pid, started| (pid, started) != (dead.pid, dead.started));
    let wanted = if left.kind() == "none" { vec![] } else { vec![dead.directory()] };
    assert_eq!(removed, wanted);
    assert_eq!(directories(&dead), Vec::<PathBuf>::new());
    assert_eq!(directories(&living).is_empty(), kept.kind() == "none");
    kept.end();
}

#[test]
fn a_group_is_made_once_and_removed_as_often_as_you_like() {
    let groups = Groups::find(&owner("once", 8));
    let group = groups.make("twin", &limits()).unwrap();
    let again = groups.make("twin", &limits()).map(drop).map_err(|error| error.kind());
    let wanted = if groups.kind() == "none" { Ok(()) } else { Err(io::ErrorKind::AlreadyExists) };
    assert_eq!(again, wanted);
    assert!(group.directories.iter().all(|path| path.exists()));
    group.remove().unwrap();
    group.remove().unwrap();
    groups.end();
}

#[test]
fn what_cannot_be_a_group_or_a_limit_is_refused() {
    let groups = Groups::find(&owner("invalid", 9));
    for name in ["", "a/b", "../up", "line\nbreak", &"x".repeat(201)] {
        assert_eq!(groups.make(name, &limits()).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name:?}");
    }
    for processors in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let limits = Limits { processors: Some(processors), ..limits() };
        assert_eq!(groups.make("a", &limits).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{processors}");
    }
    let group = groups.make("a", &limits()).unwrap();
    for pid in [0, -1] {
        assert_eq!(group.admit(pid).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{pid}");
    }
    groups.end();
}

#[test]
fn nowhere_means_everything_is_missing() {
    let missing = nothing("no hierarchy").missing;
    assert_eq!(missing.iter().map(|missing| missing.resource).collect::<Vec<_>>(), Resource::ALL);
}

#[test]
fn version_1_limits_swap_with_memory_and_shares_processors_in_1024ths() {
    let limits = Limits { processors: None, ..limits() };
    assert_eq!(
        v1::settings(Resource::Memory, &limits),
        [
            Setting::new("memory.limit_in_bytes", "52428800"),
            Setting::optional("memory.swappiness", "0"),
            Setting::optional("memory.memsw.limit_in_bytes", "52428800"),
        ]
    );
    assert_eq!(v1::settings(Resource::Processor, &limits), [Setting::new("cpu.shares", "512")]);
}

#[test]
fn version_2_weighs_everybodys_share_with_100() {
    for (weight, wanted) in [(1024, "100"), (512, "50"), (2048, "200"), (0, "1"), (u32::MAX, "10000")] {
        let limits = Limits { weight, processors: None, ..limits() };
        assert_eq!(v2::settings(Resource::Processor, &limits), [Setting::new("cpu.weight", wanted)], "{weight}");
    }
}

#[test]
fn quotas_stay_within_what_the_kernel_takes() {
    for (processors, wanted) in [(1.0, 100_000), (0.5, 50_000), (0.000_1, 1_000), (f64::MAX, u64::MAX)] {
        let limits = Limits { processors: Some(processors), ..limits() };
        assert_eq!(limits.quota(), Some(wanted), "{processors}");
    }
}

#[test]
fn a_group_of_version_1_that_root_made_for_users_is_the_last_base() {
    let top = tempfile::tempdir().unwrap();
    for group in ["saiten-ann", "other", "saiten.run.1.2"] {
        fs::create_dir(top.path().join(group)).unwrap();
    }
    let hierarchy = place::Hierarchy { top: top.path().into(), own: top.path().join("other") };
    let wanted = ["other", "", "saiten-ann"].map(|group| top.path().join(group));
    assert_eq!(v1::bases(&hierarchy), wanted);
}

#[test]
fn the_leaf_of_an_earlier_run_is_no_base_but_its_parent_is() {
    let top = Path::new("/sys/fs/cgroup");
    for (own, wanted) in [("a.scope/saiten-harness", "a.scope"), ("a.scope", "a.scope")] {
        let hierarchy = place::Hierarchy { top: top.into(), own: top.join(own) };
        assert_eq!(v2::bases(&hierarchy), [top.to_owned(), top.join(wanted)], "{own}");
    }
}
