//! The native backend's processes: who starts whom, what they share, and that nothing outlives the death of any of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::user::{Lab, On, saiten, text, until};

/// Nothing is left within this.
const GONE: Duration = Duration::from_secs(1);

/// The processes of a lab.
struct Processes {
    /// Keeps the lab.
    harness: i32,
    zygote: i32,
    /// First processes of its sandboxes, by name.
    sandboxes: BTreeMap<String, i32>,
    /// Their namespaces of processes.
    namespaces: BTreeSet<PathBuf>,
}

fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A file of a process; empty when it has ended.
fn read(pid: i32, file: &str) -> String {
    fs::read(format!("/proc/{pid}/{file}"))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

fn words(pid: i32) -> Vec<String> {
    read(pid, "cmdline").split('\0').map(str::to_owned).collect()
}

fn status(pid: i32, field: &str) -> Vec<String> {
    let status = read(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

fn parent(pid: i32) -> Option<i32> {
    status(pid, "PPid").first()?.parse().ok()
}

/// Whether it has not ended. A zombie has; its parent may be anybody.
fn runs(pid: i32) -> bool {
    status(pid, "State").first().is_some_and(|state| state != "Z")
}

fn namespace(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

impl Processes {
    fn of(lab: &Lab) -> Self {
        let own = format!("XDG_RUNTIME_DIR={}", lab.dir.path().display());
        let keeps =
            |pid: &i32| words(*pid).iter().any(|word| word == "--foreground") && read(*pid, "environ").contains(&own);
        let harness = pids().find(keeps).expect("the process that keeps the lab");
        let starts =
            |pid: &i32| words(*pid).get(1).is_some_and(|word| word == "zygote") && parent(*pid) == Some(harness);
        let zygotes: Vec<i32> = pids().filter(starts).collect();
        let [zygote] = zygotes[..] else { panic!("zygotes of {harness}: {zygotes:?}") };
        let first = pids().filter(|pid| parent(*pid) == Some(zygote));
        let sandboxes: BTreeMap<String, i32> = first.map(|pid| (words(pid)[2].clone(), pid)).collect();
        let namespaces = sandboxes.values().map(|pid| namespace(*pid).unwrap()).collect();
        Processes { harness, zygote, sandboxes, namespaces }
    }

    fn inhabitants(&self) -> Vec<i32> {
        pids().filter(|pid| namespace(*pid).is_some_and(|namespace| self.namespaces.contains(&namespace))).collect()
    }

    /// What of it still runs.
    fn left(&self) -> Vec<i32> {
        self.inhabitants().into_iter().chain([self.harness, self.zygote]).filter(|pid| runs(*pid)).collect()
    }

    /// Label of the run.
    fn run(&self) -> String {
        let name = self.sandboxes.keys().next().unwrap();
        name.split('-').nth(1).unwrap().to_owned()
    }
}

/// Directories of control groups that belong to a run.
fn groups(run: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().starts_with(&format!("saiten.{run}.")) {
                    found.push(entry.path());
                }
                waiting.push(entry.path());
            }
        }
    }
    found
}

/// Mounts on this side that lie in a store.
fn mounts(store: &Path) -> Vec<String> {
    let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let inside = |line: &&str| line.split(' ').nth(4).is_some_and(|point| Path::new(point).starts_with(store));
    all.lines().filter(inside).map(str::to_owned).collect()
}

/// A lab with processes that have left their session and do not end by themselves.
fn stubborn() -> (Lab, Processes) {
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let stay = "trap '' HUP TERM INT; setsid sh -c 'while :; do sleep 1000; done' > /dev/null 2>&1 < /dev/null &";
    for endpoint in ["server", "client"] {
        lab.says(endpoint, stay);
    }
    let processes = Processes::of(&lab);
    assert_eq!(processes.sandboxes.len(), 3, "{:?}", processes.sandboxes);
    until("all of them", || processes.inhabitants().iter().filter(|pid| words(**pid)[0] == "sleep").count() == 2);
    (lab, processes)
}

/// Waits until none of `left` runs, which must not take long.
fn gone(since: Instant, left: impl Fn() -> Vec<i32>) {
    while left().into_iter().any(runs) {
        let left: Vec<_> = left().into_iter().map(|pid| (pid, words(pid))).collect();
        assert!(since.elapsed() < GONE, "left: {left:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills what `victims` does; everything is gone in time, and what has no process is swept.
fn killing(victims: impl Fn(&Processes)) {
    let (lab, processes) = stubborn();
    let store = fs::read_link(format!("/proc/{}/cwd", processes.zygote)).unwrap();
    assert_eq!(mounts(&store), Vec::<String>::new());
    let begin = Instant::now();
    victims(&processes);
    gone(begin, || processes.left());
    swept(&lab, &processes);
    assert_eq!(mounts(&store), Vec::<String>::new());
}

fn swept(lab: &Lab, processes: &Processes) {
    let swept = saiten(On::Native, lab.dir.path()).arg("sweep").output().unwrap();
    assert!(swept.status.success(), "{}", text(&swept));
    assert_eq!(groups(&processes.run()), Vec::<PathBuf>::new(), "{}", text(&swept));
    // What the harness had written goes as well.
    let own = format!("saiten-up-{}.", processes.harness);
    let kept = fs::read_dir(std::env::temp_dir()).unwrap().flatten().map(|entry| entry.file_name());
    let kept: Vec<_> = kept.filter(|name| name.to_string_lossy().starts_with(&own)).collect();
    assert!(kept.is_empty(), "{kept:?}");
}

fn end(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[test]
fn nothing_outlives_a_killed_harness() {
    killing(|processes| end(processes.harness));
}

#[test]
fn no_endpoint_outlives_a_killed_zygote_and_the_harness_tells_it() {
    let (lab, processes) = stubborn();
    let begin = Instant::now();
    end(processes.zygote);
    gone(begin, || processes.inhabitants());
    let (status, said) = lab.shell("server", "true");
    assert!(status != Some(0) && said.contains("`server` ended"), "{said}");
    let dir = lab.dir.path().to_owned();
    let down = saiten(On::Native, &dir).arg("down").output().unwrap();
    assert!(down.status.success(), "{}", text(&down));
    until("the harness's end", || !runs(processes.harness));
    swept(&lab, &processes);
}

#[test]
fn nothing_outlives_harness_and_zygote_killed_at_once() {
    killing(|processes| {
        // A stopped harness cannot help its zygote's end.
        kill(Pid::from_raw(processes.harness), Signal::SIGSTOP).unwrap();
        end(processes.zygote);
        end(processes.harness);
    });
}

#[test]
fn nothing_outlives_a_killed_process_group() {
    killing(|processes| killpg(Pid::from_raw(processes.harness), Signal::SIGKILL).unwrap());
}

#[test]
fn nothing_outlives_a_stopped_zygote_whose_harness_is_killed() {
    killing(|processes| {
        // It cannot clean up; each endpoint hears the harness's end by itself.
        kill(Pid::from_raw(processes.zygote), Signal::SIGSTOP).unwrap();
        end(processes.harness);
        until("the endpoints' end", || !processes.sandboxes.values().any(|pid| runs(*pid)));
        end(processes.zygote);
    });
}

#[test]
fn an_endpoint_that_ends_itself_is_told_and_the_lab_can_be_ended() {
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let processes = Processes::of(&lab);
    let server = processes.sandboxes.iter().find(|(name, _)| name.ends_with("-server")).unwrap();
    end(*server.1);
    until("its end to be told", || lab.shell("server", "true").1.contains("`server` ended"));
    lab.down();
    until("everything to be gone", || processes.left().is_empty());
    assert_eq!(groups(&processes.run()), Vec::<PathBuf>::new());
}

#[test]
fn processes_are_who_they_should_be() {
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let processes = Processes::of(&lab);
    let zygote = processes.zygote;
    // One thread, as its children are copies of it, and nothing to read in it.
    assert_eq!(status(zygote, "Threads"), ["1"]);
    assert_eq!(read(zygote, "environ"), "");
    assert_eq!(words(zygote)[1..], ["zygote", ""]);
    let user = nix::unistd::geteuid().as_raw();
    let identity = |pid: i32| {
        let ids: BTreeSet<u32> =
            status(pid, "Uid").iter().chain(&status(pid, "Gid")).map(|id| id.parse().unwrap()).collect();
        ids
    };
    for (name, pid) in &processes.sandboxes {
        assert_eq!(words(*pid)[..2], ["saiten", "init"], "{name}");
        assert_eq!(status(*pid, "NSpid").last().unwrap(), "1", "{name}");
        // A first process that cannot be traced shows its files as root's.
        let own = ["user", "mnt", "pid", "net", "uts", "ipc", "cgroup"];
        for kind in own {
            let of = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
            assert_ne!(of(*pid), of(zygote), "{name} shares the {kind} namespace of the zygote");
            assert_ne!(of(*pid), fs::read_link(format!("/proc/self/ns/{kind}")).unwrap(), "{name}: {kind}");
        }
        for map in ["uid_map", "gid_map"] {
            let read = read(*pid, map);
            let [inside, outside, count] =
                read.split_whitespace().map(|word| word.parse::<u32>().unwrap()).collect::<Vec<_>>()[..]
            else {
                panic!("{name}: {map} has more than one line: {read}");
            };
            assert_eq!((inside, count), (0, 1 << 16), "{name}: {map}");
            assert!(
                !(outside..outside + count).contains(&0) && !(outside..outside + count).contains(&user),
                "{name}: {map}: {read}"
            );
        }
    }
    for pid in processes.inhabitants() {
        let ids = identity(pid);
        assert!(!ids.contains(&0) && !ids.contains(&user), "{:?}: {ids:?}", words(pid));
    }
    lab.down();
}

/// Pipes, sockets and nameless files that a process holds.
fn held(pid: i32) -> BTreeSet<String> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let to = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    to.map(|to| to.to_string_lossy().into_owned()).filter(|to| to.contains(":[")).collect()
}

#[test]
fn no_endpoint_holds_what_is_another_ones_or_the_harnesss() {
    if !nix::unistd::geteuid().is_root() {
        // The kernel shows the descriptors of first processes to nobody else.
        return;
    }
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let processes = Processes::of(&lab);
    let first: BTreeSet<i32> = processes.sandboxes.values().copied().collect();
    let machinery: BTreeSet<String> = [processes.harness, processes.zygote].into_iter().flat_map(held).collect();
    let switch = processes.sandboxes.iter().find(|(name, _)| name.ends_with("-switch")).unwrap().1;
    assert!(!machinery.is_empty() && first.iter().all(|pid| !held(*pid).is_empty()), "they can be read");
    for pid in processes.inhabitants() {
        let named = format!("{:?}", words(pid));
        let own = held(pid);
        let with = |others: &BTreeSet<String>| {
            others.intersection(&own).filter(|name| !name.starts_with("anon_inode")).cloned().collect::<Vec<_>>()
        };
        if first.contains(&pid) {
            // The other ends of its three streams are the harness's; no socket leads there.
            assert!(
                with(&machinery).iter().all(|shared| shared.starts_with("pipe:")),
                "{named}: {:?}",
                with(&machinery)
            );
            assert!(with(&machinery).len() <= 3, "{named}: {:?}", with(&machinery));
            for other in first.iter().filter(|other| **other != pid && **other != *switch && pid != *switch) {
                assert_eq!(with(&held(*other)), Vec::<String>::new(), "{named}");
            }
        } else {
            assert_eq!(with(&machinery), Vec::<String>::new(), "{named}");
            for helper in &first {
                assert_eq!(with(&held(*helper)), Vec::<String>::new(), "{named}");
            }
        }
    }
    lab.down();
}

#[test]
fn a_path_of_the_machine_leads_nowhere_in_an_endpoint() {
    let lab = Lab::up(On::Native, "ssh/slow-login");
    let here = tempfile::tempdir().unwrap();
    let secret = here.path().join("secret");
    fs::write(&secret, "of the machine").unwrap();
    let roots = ["", "/proc/self/root", "/proc/1/root", "/proc/self/cwd/../../..", "/proc/self/root/../.."];
    for root in roots {
        let (status, said) = lab.shell("server", &format!("cat {root}{}", secret.display()));
        assert_ne!(status, Some(0), "{said}");
    }
    let escape = "mkdir -p /tmp/in && perl -e 'opendir($d, \"/\"); chroot \"/tmp/in\"; chdir $d; chdir \"..\" for 1 .. 64; chroot \".\"; exec \"cat\", @ARGV'";
    let (status, said) = lab.shell("server", &format!("{escape} {}", secret.display()));
    assert_ne!(status, Some(0), "{said}");
    assert!(Path::new(&secret).is_file());
    lab.down();
}
