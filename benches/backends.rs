//! What an endpoint and a lab cost on each backend, in one run, as ratios. Needs an engine beside the native backend; prints
//! tables, asserts nothing. Processor time is the whole machine's, less what it used at rest just before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use saiten::helper::message::{Answer, Content, FileSpec, Request};
use saiten::lab::docker::Docker;
use saiten::lab::line::Line;
use saiten::lab::native::Native;
use saiten::lab::topology::{Lab, Plan};
use saiten::lab::{Backend, Machine, MachineSpec, look};
use saiten::scenario::{Scenario, file};
use tokio::sync::Semaphore;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_saiten"));
        let store = std::env::var("SAITEN_STORE").unwrap_or_else(|_| "/var/lib/saiten".to_owned());
        let native = Native::open("bench", root().join("containers"), Path::new(&store)).expect("the native backend");
        let native = native.with_program(program.clone());
        let docker = Docker::connect("bench", root().join("containers")).await.expect("an engine");
        let docker = docker.with_program(program);
        endpoints(&native, &docker).await;
        logins(&native, &docker).await;
        whole_run("native");
        whole_run("docker");
    });
}

/// What something took.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

/// Busy seconds of all processors since the boot (proc(5), first line of `/proc/stat`).
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").expect("/proc/stat");
    let ticks: Vec<f64> = stat.lines().next().unwrap_or("").split_whitespace().skip(1).flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq
    (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / 100.0
}

async fn measured(work: impl Future<Output = ()>) -> Took {
    let (rest, begin) = (busy(), Instant::now());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = (busy() - rest) / begin.elapsed().as_secs_f64();
    let (before, begin) = (busy(), Instant::now());
    work.await;
    let wall = begin.elapsed().as_secs_f64();
    // Engines clean up after they have answered.
    tokio::time::sleep(Duration::from_secs(1)).await;
    Took { wall, cpu: (busy() - before - idle * (wall + 1.0)).max(0.0) }
}

/// Starts so many endpoints, hears each helper, ends them; so many side by side.
async fn start_and_stop(backend: &dyn Backend, count: usize, side_by_side: usize) {
    let one = |number: usize| async move {
        let spec = MachineSpec { name: format!("bench-{number}"), ..look::spec() };
        let machine: Rc<dyn Machine> = Rc::from(backend.start(&spec).await.expect("an endpoint"));
        let line = Line::open("bench", machine.streams().expect("streams"), Box::new(String::new)).await;
        line.expect("a helper").bye();
        machine.stop().await.expect("its end");
    };
    futures_util::stream::iter(0..count).map(one).buffer_unordered(side_by_side).collect::<Vec<()>>().await;
}

async fn endpoints(native: &Native, docker: &Docker) {
    // What is made once is not timed.
    start_and_stop(native, 1, 1).await;
    start_and_stop(docker, 1, 1).await;
    let ours = measured(start_and_stop(native, 100, 8)).await;
    let theirs = measured(start_and_stop(docker, 24, 8)).await;
    let each = |took: Took, count: f64| Took { wall: took.wall / count, cpu: took.cpu / count };
    compare("an endpoint, start and stop, 8 at once", each(ours, 100.0), each(theirs, 24.0), "goal 30 × less CPU");
    row("100 endpoints, start and stop, 8 at once", &format!("{:.2} s", ours.wall), "goal 2 s");
    let ours = measured(start_and_stop(native, 20, 1)).await;
    let theirs = measured(start_and_stop(docker, 10, 1)).await;
    compare("an endpoint, start and stop, one at a time", each(ours, 20.0), each(theirs, 10.0), "");
}

async fn logins(native: &Native, docker: &Docker) {
    let catalog = saiten::probe::catalog(saiten::lab::sources::names(&root().join("containers")));
    let scenario: Scenario = file::read(&root().join("benches/labs/logins"), &catalog).expect("the bench's scenario");
    let ours = lab_of_three(native, &scenario).await;
    let theirs = lab_of_three(docker, &scenario).await;
    compare("lab of three, up, two key logins, down", ours, theirs, "goal 0.8 s, 0.5 CPU-s");
}

async fn lab_of_three(backend: &dyn Backend, scenario: &Scenario) -> Took {
    let mut images = BTreeMap::new();
    for (name, endpoint) in &scenario.endpoints {
        images.insert(name.clone(), backend.image(&endpoint.image, &|_| {}).await.expect("an image"));
    }
    let captures = tempfile::tempdir().expect("a directory");
    let creating = Semaphore::new(4);
    let prefix = "logins".to_owned();
    let plan = Plan {
        live: BTreeMap::new(),
        media: BTreeMap::new(),
        shells: BTreeMap::new(),
        identity: None,
        backend,
        scenario,
        images: &images,
        prefix,
        realtime: false,
        captures: captures.path(),
        creating: &creating,
    };
    measured(async {
        let lab = Lab::up(&plan).await.expect("a lab");
        let (ready, keys) = tokio::join!(lab.ready(Duration::from_secs(20)), public_keys(&lab));
        ready.expect("a lab that is ready");
        let authorized =
            FileSpec { path: "/home/alice/.ssh/authorized_keys".to_owned(), content: Content::Text(keys), mode: 0o644 };
        lab.line("server").expect("the server").quick(Request::Files(vec![authorized])).await.expect("keys");
        tokio::join!(log_in(&lab, "one"), log_in(&lab, "two"));
        lab.down().await.expect("the lab's end");
    })
    .await
}

async fn public_keys(lab: &Lab) -> String {
    let make = "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && cat /root/.ssh/id_ed25519.pub";
    let limit = Duration::from_secs(10);
    let (one, two) = tokio::join!(lab.run("one", make, limit), lab.run("two", make, limit));
    one.expect("a key").stdout + &two.expect("a key").stdout
}

async fn log_in(lab: &Lab, client: &str) {
    let line = "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o GSSAPIAuthentication=no alice@192.168.1.10 true";
    let ran = lab.run(client, line, Duration::from_secs(20)).await.expect("a login");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let _: Answer = lab.line(client).expect("the client").quick(Request::Ping).await.expect("an answer");
}

/// `saiten run --arms full`, and how much of it no harness could save.
fn whole_run(backend: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let begin = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.current_dir(root()).args(["run", "ssh/slow-login", "--arms", "full", "--backend", backend, "--out"]);
    command.arg(dir.path()).env("XDG_RUNTIME_DIR", dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().expect("saiten");
    let took = begin.elapsed().as_secs_f64();
    let waiting = longest_waiting(dir.path());
    row(
        &format!("saiten run ssh/slow-login --arms full, {backend}"),
        &format!("{took:.1} s"),
        &format!("waiting {waiting:.1} s + {:.1} s, goal (native) + 1.5 s; {status}", took - waiting),
    );
}

/// The samples' own time of the slowest arm: what no harness could save.
fn longest_waiting(out: &Path) -> f64 {
    let results = std::fs::read(out.join("results.json")).unwrap_or_default();
    let results: serde_json::Value = serde_json::from_slice(&results).unwrap_or_default();
    let arms = results["scenarios"][0]["arms"].as_array().cloned().unwrap_or_default();
    let of = |arm: &serde_json::Value, metric: &str| {
        let measurements = arm["measurements"].as_array().cloned().unwrap_or_default();
        let found = measurements.into_iter().find(|entry| entry["metric"] == metric).unwrap_or_default();
        found["samples"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).sum::<f64>()
    };
    arms.iter().map(|arm| of(arm, "login.time") + of(arm, "login.libssh2.time")).fold(0.0, f64::max)
}

fn compare(what: &str, native: Took, docker: Took, goal: &str) {
    let show = |took: Took| format!("{:>8.1} ms  {:>8.2} CPU-ms", took.wall * 1e3, took.cpu * 1e3);
    row(what, "", goal);
    row("  native", &show(native), "");
    let ratios = format!("{:.0} × the time, {:.0} × the CPU", docker.wall / native.wall, docker.cpu / native.cpu);
    row("  docker", &show(docker), &ratios);
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn row(what: &str, figure: &str, note: &str) {
    println!("{what:<52} {figure:>32}   {note}");
}
