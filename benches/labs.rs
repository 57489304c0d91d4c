//! Speed on real machines, as ratios: helper against docker exec, the fabric through a router, links as asked and as measured,
//! whole runs against the same lab by hand. Needs an engine; prints tables, asserts nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use saiten::helper::message::{Request, RunSpec};
use saiten::lab::Backend;
use saiten::lab::docker::Docker;
use saiten::lab::topology::{Lab, Plan};
use saiten::scenario::{Scenario, file};
use tokio::sync::Semaphore;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let docker = Docker::connect("bench", root().join("containers")).await.expect("an engine");
        let docker = docker.with_program(env!("CARGO_BIN_EXE_saiten").into());
        fabric_and_helper(&docker).await;
        whole_runs(&docker).await;
    });
}

async fn fabric_and_helper(docker: &Docker) {
    let catalog = saiten::probe::catalog(saiten::lab::sources::names(&root().join("containers")));
    let scenario: Scenario = file::read(&root().join("benches/labs/router"), &catalog).expect("the bench's scenario");
    let mut images = BTreeMap::new();
    for (name, endpoint) in &scenario.endpoints {
        images.insert(name.clone(), docker.image(&endpoint.image, &|_| {}).await.expect("an image"));
    }
    let captures = tempfile::tempdir().expect("a directory");
    let creating = Semaphore::new(2);
    let plan = Plan {
        live: BTreeMap::new(),
        media: BTreeMap::new(),
        shells: BTreeMap::new(),
        identity: None,
        backend: docker,
        scenario: &scenario,
        images: &images,
        prefix: "router".to_owned(),
        realtime: false,
        captures: captures.path(),
        creating: &creating,
    };
    let begin = Instant::now();
    let lab = Lab::up(&plan).await.expect("a lab");
    lab.ready(Duration::from_secs(20)).await.expect("a lab that is ready");
    row("lab of three endpoints and a switch, up and ready", &format!("{:.2} s", begin.elapsed().as_secs_f64()), "");
    helper(&lab).await;
    through_a_router(&lab).await;
    links(&lab).await;
    let begin = Instant::now();
    lab.down().await.expect("the lab's end");
    row("the same, down", &format!("{:.2} s", begin.elapsed().as_secs_f64()), "");
}

async fn helper(lab: &Lab) {
    let line = lab.line("client").expect("the client");
    let mut messages = Vec::new();
    for _ in 0..300 {
        let begin = Instant::now();
        line.quick(Request::Ping).await.expect("an answer");
        messages.push(begin.elapsed());
    }
    let mut processes = Vec::new();
    for _ in 0..60 {
        let begin = Instant::now();
        line.run(RunSpec::shell("true", Duration::from_secs(5))).await.expect("a process");
        processes.push(begin.elapsed());
    }
    let name = text(Command::new("docker").args(["ps", "--format", "{{.Names}}", "--filter", "name=router-client"]));
    let mut execs = Vec::new();
    for _ in 0..15 {
        let begin = Instant::now();
        text(Command::new("docker").args(["exec", &name, "true"]));
        execs.push(begin.elapsed());
    }
    let (message, process, exec) = (median(messages), median(processes), median(execs));
    let times = |of: Duration| format!("{:.0} × quicker than docker exec", exec.as_secs_f64() / of.as_secs_f64());
    row("docker exec true", &ms(exec), "");
    row("a message to the helper", &ms(message), &times(message));
    row("a process through the helper (sh -c true)", &ms(process), &times(process));
}

async fn through_a_router(lab: &Lab) {
    let tcp = iperf(lab, "198.51.100.10", "-t 4").await;
    row("TCP through a router, capture on", &format!("{tcp:.0} Mbit/s"), "goal 700");
    row("round trip through a router", &ms(rtt(lab, "198.51.100.10", 300).await), "goal 0.3 ms");
}

async fn links(lab: &Lab) {
    // A round trip crosses four wires: two up, two down. The first one also asks for the address.
    said(lab, "ping -c 2 10.0.0.10").await;
    let delay = rtt(lab, "10.0.0.10", 50).await;
    row("asked 20 ms on each wire: round trip", &ms(delay), &format!("{:.3} × asked", delay.as_secs_f64() / 0.080));
    // On the wire, 1448 bytes of payload are 1538: Ethernet, IP and TCP headers, checksum, preamble and gap.
    let rate = iperf(lab, "10.0.1.10", "-t 5").await * 1538.0 / 1448.0;
    row("asked 10 Mbit/s: TCP, on the wire", &format!("{rate:.2} Mbit/s"), &format!("{:.3} × asked", rate / 10.0));
    let pinged = said(lab, "ping -q -i 0.002 -c 3000 -W 1 10.0.2.10 | grep -o '[0-9.]*% packet loss'").await;
    let lost: f64 = pinged.split('%').next().and_then(|text| text.trim().parse().ok()).unwrap_or(f64::NAN);
    // A ping crosses four lossy wires: client up, server down, and back.
    let one = (1.0 - (1.0 - lost / 100.0).powf(0.25)) * 100.0;
    row(
        "asked 3 % loss on each wire: of 3000 pings",
        &format!("{one:.2} % a wire"),
        &format!("{:.3} × asked", one / 3.0),
    );
}

/// Goodput in Mbit/s.
async fn iperf(lab: &Lab, server: &str, more: &str) -> f64 {
    let json = said(lab, &format!("iperf3 -J -c {server} {more}")).await;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
    report["end"]["sum_received"]["bits_per_second"].as_f64().unwrap_or(f64::NAN) / 1e6
}

/// Mean round trip.
async fn rtt(lab: &Lab, server: &str, count: u32) -> Duration {
    let text = said(lab, &format!("ping -q -i 0.01 -c {count} {server} | tail -1 | cut -d/ -f5")).await;
    Duration::from_secs_f64(text.trim().parse::<f64>().unwrap_or(0.0) / 1e3)
}

async fn said(lab: &Lab, line: &str) -> String {
    let spec = RunSpec { output_most: 1 << 20, ..RunSpec::shell(line, Duration::from_secs(60)) };
    lab.line("client").expect("the client").run(spec).await.expect("a command").stdout
}

async fn whole_runs(docker: &Docker) {
    let dir = tempfile::tempdir().expect("a directory");
    // The images are there before anything is timed.
    let sshd = docker.image("sshd", &|_| {}).await.expect("an image");
    let client = docker.image("ssh-client", &|_| {}).await.expect("an image");
    let mut list = Vec::new();
    for _ in 0..20 {
        let begin = Instant::now();
        saiten(dir.path(), &["list"]);
        list.push(begin.elapsed());
    }
    row("saiten list", &ms(median(list)), "goal 30 ms");
    for (arms, goal) in [("pair", "goal 1.2 × waiting + 4 s"), ("full", "goal 25 s")] {
        let out = dir.path().join(arms);
        let begin = Instant::now();
        let peak = saiten(dir.path(), &["run", "ssh/slow-login", "--arms", arms, "--out", &out.to_string_lossy()]);
        let took = begin.elapsed().as_secs_f64();
        let waiting = longest_waiting(&out);
        row(
            &format!("saiten run ssh/slow-login --arms {arms}"),
            &format!("{took:.1} s"),
            &format!("waiting {waiting:.1} s, {goal}"),
        );
        row("  its peak memory", &format!("{:.0} MiB", peak as f64 / 1024.0), "goal 80 MiB");
        if arms == "full" {
            let begin = Instant::now();
            let script = root().join("benches/by-hand");
            text(Command::new(script).args([&sshd, &client, env!("CARGO_BIN_EXE_saiten")]));
            let by_hand = begin.elapsed().as_secs_f64();
            row(
                "the same by hand, arm after arm",
                &format!("{by_hand:.1} s"),
                &format!("{:.1} × slower, goal 3", by_hand / took),
            );
        }
    }
}

/// Runs Saiten; its peak memory in KiB (`VmHWM`, proc(5)), watched while it runs.
fn saiten(dir: &Path, arguments: &[&str]) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.current_dir(root()).args(arguments).env("XDG_RUNTIME_DIR", dir).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("saiten");
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        peak = peak.max(now);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// The samples' own time of the slowest arm: what no harness could save.
fn longest_waiting(out: &Path) -> f64 {
    let results = std::fs::read(out.join("results.json")).unwrap_or_default();
    let results: serde_json::Value = serde_json::from_slice(&results).unwrap_or_default();
    let arms = results["scenarios"][0]["arms"].as_array().cloned().unwrap_or_default();
    let sum = |arm: &serde_json::Value| {
        let all = arm["measurements"].as_array().cloned().unwrap_or_default();
        let of = |name: &str| {
            let found = all.iter().find(|entry| entry["metric"] == name);
            found
                .and_then(|entry| entry["samples"].as_array())
                .into_iter()
                .flatten()
                .filter_map(|v| v.as_f64())
                .sum::<f64>()
        };
        of("login.time") + of("login.libssh2.time")
    };
    arms.iter().map(sum).fold(0.0, f64::max)
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn text(command: &mut Command) -> String {
    let output = command.output().expect("a command");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn row(what: &str, figure: &str, note: &str) {
    println!("{what:<52} {figure:>14}   {note}");
}
