//! What grading a class costs: N submissions made from the known ones, how many a minute, how busy the processors are, and where
//! their time goes. `SAITEN_BENCH_CLASS` says how many, `SAITEN_BACKEND` on what. Prints tables, asserts nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often processes are looked at; what lives shorter counts as short-lived.
const EVERY: Duration = Duration::from_millis(50);

fn main() {
    let sizes = std::env::var("SAITEN_BENCH_CLASS").unwrap_or_else(|_| "10 100".to_owned());
    let mut walls: Vec<(usize, f64)> = Vec::new();
    for size in sizes.split_whitespace().filter_map(|size| size.parse::<usize>().ok()) {
        let dir = tempfile::tempdir().expect("a directory");
        let class = class(dir.path(), size);
        let measured = measure(&class, &dir.path().join("out"));
        measured.print(size);
        walls.push((size, measured.wall));
    }
    if let [(small, first), .., (large, last)] = walls.as_slice() {
        let ratio = (last / first) / (*large as f64 / *small as f64);
        row(&format!("grading {large} against {} × grading {small}", large / small), &format!("× {ratio:.2}"));
    }
}

/// Students, each with one of the scenario's known submissions, good and bad in turns.
fn class(dir: &Path, size: usize) -> PathBuf {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ssh/slow-login/submissions");
    let entries =
        ["good", "bad"].into_iter().flat_map(|kind| fs::read_dir(known.join(kind)).into_iter().flatten().flatten());
    let mut scripts: Vec<PathBuf> =
        entries.map(|entry| entry.path().join("server.sh")).filter(|path| path.is_file()).collect();
    // By name: neighbours are of either kind.
    scripts.sort_by_key(|path| path.parent().and_then(Path::file_name).map(ToOwned::to_owned));
    let class = dir.join("submissions");
    for (number, script) in scripts.iter().cycle().take(size).enumerate() {
        let student = class.join(format!("s{number:04}"));
        fs::create_dir_all(&student).expect("a directory");
        fs::copy(script, student.join("server.sh")).expect("a copy");
    }
    class
}

/// What a batch cost.
struct Measured {
    wall: f64,
    /// Processor seconds of the whole machine.
    busy: f64,
    /// Processor seconds by kind of process.
    kinds: BTreeMap<&'static str, f64>,
    /// Most memory of the harness, in bytes.
    memory: u64,
    /// Wall seconds by phase, summed over all labs.
    phases: BTreeMap<String, f64>,
}

fn measure(class: &Path, out: &Path) -> Measured {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["grade", "ssh/slow-login"]).arg(class).arg("--out").arg(out);
    let (begin, busy) = (Instant::now(), machine());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
    let mut seen = Seen::default();
    let mut memory = 0;
    while child.try_wait().expect("a child").is_none() {
        seen.look(&child);
        memory = memory.max(high_water(child.id()));
        std::thread::sleep(EVERY);
    }
    let (wall, busy) = (begin.elapsed().as_secs_f64(), machine() - busy);
    let mut kinds = seen.by_kind();
    kinds.insert("short-lived: runc, shells, ssh, …", (busy - kinds.values().sum::<f64>()).max(0.0));
    Measured { wall, busy, kinds, memory, phases: phases(out) }
}

impl Measured {
    fn print(&self, size: usize) {
        let each = |seconds: f64| format!("{:.3} s", seconds / size as f64);
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        row(&format!("{size} submissions"), &format!("{:.1} s", self.wall));
        row("  a minute", &format!("{:.1}", size as f64 / self.wall * 60.0));
        row("  processors busy", &format!("{:.0} %", self.busy / self.wall / processors * 100.0));
        row("  most memory of the harness", &format!("{:.0} MiB", self.memory as f64 / f64::from(1 << 20)));
        row("  processor time of a submission", &each(self.busy));
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by(|a, b| b.1.total_cmp(a.1));
        for (kind, seconds) in kinds {
            row(&format!("    {kind}"), &format!("{}  {:.0} %", each(*seconds), seconds / self.busy * 100.0));
        }
        for (phase, seconds) in &self.phases {
            row(&format!("  wall time of a lab, {phase}"), &each(*seconds));
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn row(what: &str, figure: &str) {
    println!("{what:<56} {figure}");
}

/// Processes by pid: kind, and the most processor time that was seen of it.
#[derive(Default)]
struct Seen {
    first: BTreeMap<(u32, u64), f64>,
    last: BTreeMap<(u32, u64), (&'static str, f64)>,
}

impl Seen {
    fn look(&mut self, harness: &Child) {
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Some((comm, seconds, started)) = process(&entry.path()) else { continue };
            let kind =
                if pid == harness.id() { "harness: streams, judging, writing" } else { kind(&comm, &entry.path()) };
            self.first.entry((pid, started)).or_insert(if long_lived(kind) { seconds } else { 0.0 });
            self.last.insert((pid, started), (kind, seconds));
        }
    }

    fn by_kind(&self) -> BTreeMap<&'static str, f64> {
        let mut kinds = BTreeMap::new();
        for (process, (kind, seconds)) in self.last.iter().filter(|(_, (kind, _))| !kind.is_empty()) {
            *kinds.entry(*kind).or_default() += seconds - self.first.get(process).copied().unwrap_or(0.0);
        }
        kinds
    }
}

/// Of what was there before the batch, only what it took since counts.
fn long_lived(kind: &str) -> bool {
    kind.starts_with("engine") || kind.is_empty()
}

fn kind(comm: &str, dir: &Path) -> &'static str {
    match comm {
        "dockerd" | "containerd" | "containerd-shim" => "engine: dockerd, containerd, shims",
        "fuse-overlayfs" => "engine: files (fuse-overlayfs)",
        "sshd" => "daemons: sshd",
        "saiten" => {
            let threads = fs::read_dir(dir.join("task")).into_iter().flatten().flatten();
            let is_switch = threads
                .into_iter()
                .any(|thread| fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim() == "switch"));
            if is_switch { "switch" } else { "helpers" }
        }
        _ => "",
    }
}

/// Name, processor seconds and start of a process.
fn process(dir: &Path) -> Option<(String, f64, u64)> {
    let stat = fs::read_to_string(dir.join("stat")).ok()?;
    let (head, rest) = stat.rsplit_once(')')?;
    let comm = head.split_once('(')?.1.to_owned();
    let fields: Vec<u64> = rest.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
    // proc(5): utime and stime are fields 14 and 15, starttime is 22, in ticks of 10 ms.
    Some((comm, (fields.get(10)? + fields.get(11)?) as f64 / 100.0, *fields.get(18)?))
}

/// Processor seconds that the machine has spent on anything but waiting.
fn machine() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, then idle and iowait, then irq, softirq.
    [0, 1, 2, 5, 6].iter().filter_map(|at| fields.get(*at)).sum::<u64>() as f64 / 100.0
}

fn high_water(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Wall time of the labs' phases, from the evidence.
fn phases(out: &Path) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(out.join("evidence/ssh/slow-login")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(entry.path().join("arm.json")).unwrap_or_default();
        let arm: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        for (phase, seconds) in arm["phases"].as_object().into_iter().flatten() {
            *all.entry(phase.clone()).or_default() += seconds.as_f64().unwrap_or(0.0);
        }
    }
    all
}
