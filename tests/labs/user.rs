//! Saiten as its user calls it, and what the engine shows afterwards.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What the labs of a test run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Docker,
    Native,
}

/// Makes each function a test on Docker and one on the native backend.
macro_rules! on_each_backend {
    ($($test:ident),* $(,)?) => {
        mod docker {
            $(#[test] fn $test() { super::$test(crate::user::On::Docker) })*
        }
        mod native {
            $(#[test] fn $test() { super::$test(crate::user::On::Native) })*
        }
    };
}
pub(crate) use on_each_backend;

/// Makes each function a test on Docker alone.
macro_rules! on_docker {
    ($($test:ident),* $(,)?) => {
        mod only_docker {
            $(#[test] fn $test() { super::$test(crate::user::On::Docker) })*
        }
    };
}
pub(crate) use on_docker;

/// Makes each function a test on the native backend alone.
macro_rules! on_native {
    ($($test:ident),* $(,)?) => {
        mod only_native {
            $(#[test] fn $test() { super::$test(crate::user::On::Native) })*
        }
    };
}
pub(crate) use on_native;

/// Names of what an ordinary user who runs tests is given instead of what they may not read: the program, and the project.
pub const GIVEN: [&str; 2] = ["SAITEN_TEST_PROGRAM", "SAITEN_TEST_PROJECT"];

/// Waits for whoever builds Docker's images beside the first tests, and says by this file when that is over (`ci/test`).
fn images_are_built() {
    let Some(built) = std::env::var_os("SAITEN_TEST_IMAGES_BUILT") else { return };
    let deadline = Instant::now() + Duration::from_secs(1200);
    while !Path::new(&built).exists() {
        assert!(Instant::now() < deadline, "Docker's images are not built yet");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// The program, in the project's directory, with a runtime directory of the test's own.
pub fn saiten(on: On, dir: &Path) -> Command {
    if on == On::Docker {
        images_are_built();
    }
    let own = [env!("CARGO_BIN_EXE_saiten"), env!("CARGO_MANIFEST_DIR")];
    let [program, project] = std::array::from_fn(|at| std::env::var_os(GIVEN[at]).unwrap_or_else(|| own[at].into()));
    let mut command = Command::new(program);
    command.env("SAITEN_BACKEND", if on == On::Docker { "docker" } else { "native" });
    command.current_dir(project).env("XDG_RUNTIME_DIR", dir).env("LANG", "C").env_remove("NO_COLOR");
    command.stdin(Stdio::null());
    command
}

/// A runtime directory whose labs go down with the test, also when it fails.
pub struct Labs(tempfile::TempDir, On);

impl Labs {
    pub fn new(on: On) -> Self {
        Labs(tempfile::tempdir().unwrap(), on)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Labs {
    fn drop(&mut self) {
        // A test that ended its labs itself finds none here.
        let _ = saiten(self.1, self.path()).arg("down").output();
    }
}

/// A lab that is up, and goes down with the test.
pub struct Lab {
    pub on: On,
    pub dir: Labs,
    scenario: String,
}

impl Lab {
    pub fn up(on: On, scenario: &str) -> Self {
        Lab::up_arm(on, scenario, "omitted")
    }

    /// A lab of another arm.
    pub fn up_arm(on: On, scenario: &str, arm: &str) -> Self {
        let lab = Lab { on, dir: Labs::new(on), scenario: scenario.to_owned() };
        let up = saiten(on, lab.dir.path()).args(["up", scenario, "--arm", arm]).output().unwrap();
        assert!(up.status.success(), "{}", text(&up));
        lab
    }

    /// What a student's shell on an endpoint makes of a line: exit status and output.
    pub fn shell(&self, endpoint: &str, line: &str) -> (Option<i32>, String) {
        let mut command = saiten(self.on, self.dir.path());
        let output = command.args(["shell", &self.scenario, endpoint, "--", "sh", "-c", line]).output().unwrap();
        (output.status.code(), text(&output).replace('\r', "").trim().to_owned())
    }

    /// The output of a line that must succeed.
    pub fn says(&self, endpoint: &str, line: &str) -> String {
        let (status, said) = self.shell(endpoint, line);
        assert_eq!(status, Some(0), "`{line}` on {endpoint}: {said}");
        said
    }

    pub fn down(self) {
        let down = saiten(self.on, self.dir.path()).arg("down").output().unwrap();
        assert!(down.status.success(), "{}", text(&down));
    }
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a run left.
pub struct Run {
    pub status: i32,
    pub said: String,
    pub printed: String,
    pub results: Value,
    pub dir: tempfile::TempDir,
}

impl Run {
    pub fn of(on: On, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let command = saiten(on, dir.path());
        Run::by(command, dir, arguments)
    }

    /// A run that is a proof, too: natively, where a lab costs little, with known submissions whose names hold this; on the engine without.
    /// Mutants are tried by `mutants.rs`.
    pub fn proven(on: On, scenarios: &[&str], submissions: &str) -> Self {
        Run::proven_of(on, scenarios, &["--no-mutants", "--submissions", submissions])
    }

    /// The same with mutants, and all known submissions.
    pub fn with_mutants(on: On, scenarios: &[&str]) -> Self {
        Run::proven_of(on, scenarios, &[])
    }

    fn proven_of(on: On, scenarios: &[&str], more: &[&str]) -> Self {
        if on == On::Docker {
            return Run::of(on, scenarios);
        }
        let dir = tempfile::tempdir().unwrap();
        let command = saiten(on, dir.path());
        let run = Run::told(command, dir, "prove", &[scenarios, more].concat());
        // Judged again from the evidence, what was handed in and mutants included.
        let again = saiten(on, run.dir.path()).arg("regrade").arg(run.out()).output().unwrap();
        assert_eq!(
            (again.status.code(), &String::from_utf8_lossy(&again.stdout).into_owned()),
            (Some(run.status), &run.printed)
        );
        run
    }

    /// What this command, with these arguments, leaves in the directory.
    pub fn by(command: Command, dir: tempfile::TempDir, arguments: &[&str]) -> Self {
        Run::told(command, dir, "run", arguments)
    }

    fn told(mut command: Command, dir: tempfile::TempDir, verb: &str, arguments: &[&str]) -> Self {
        let out = dir.path().join("report");
        let output = command.arg(verb).args(arguments).arg("--out").arg(&out).output().unwrap();
        let results =
            std::fs::read(out.join("results.json")).unwrap_or_else(|_| panic!("no results: {}", text(&output)));
        Run {
            status: output.status.code().unwrap_or(-1),
            said: text(&output),
            printed: String::from_utf8_lossy(&output.stdout).into_owned(),
            results: serde_json::from_slice(&results).unwrap(),
            dir,
        }
    }

    pub fn out(&self) -> PathBuf {
        self.dir.path().join("report")
    }

    pub fn scenario(&self, id: &str) -> &Value {
        let all = self.results["scenarios"].as_array().unwrap();
        all.iter().find(|scenario| scenario["id"] == id).unwrap_or_else(|| panic!("no {id}: {}", self.said))
    }

    /// The verdict of a check in an arm.
    pub fn verdict(&self, id: &str, check: &str, arm: &str) -> &str {
        let checks = self.scenario(id)["checks"].as_array().unwrap();
        let found = checks.iter().find(|entry| entry["name"] == check && entry["arm"] == arm);
        found.unwrap_or_else(|| panic!("no {check} in {arm}: {checks:?}"))["verdict"].as_str().unwrap()
    }

    /// An effect of a fix on a metric.
    pub fn effect(&self, id: &str, fix: &str, metric: &str) -> &Value {
        let effects = self.scenario(id)["effects"].as_array().unwrap();
        let found = effects.iter().find(|effect| effect["fix"] == fix && effect["metric"] == metric);
        found.unwrap_or_else(|| panic!("no effect of {fix} on {metric}: {effects:?}"))
    }

    pub fn median(&self, id: &str, arm: &str, metric: &str) -> f64 {
        let found = self.measurements(id, arm).find(|entry| entry["metric"] == metric);
        found.unwrap_or_else(|| panic!("no {metric} in {id} {arm}"))["median"].as_f64().unwrap()
    }

    /// All measurements of an arm.
    pub fn measurements(&self, id: &str, arm: &str) -> impl Iterator<Item = &Value> {
        self.arm(id, arm)["measurements"].as_array().unwrap().iter()
    }

    /// What an endpoint asked others during a probe's first lookup, in order.
    pub fn asked(&self, id: &str, arm: &str, probe: &str, endpoint: &str) -> Vec<String> {
        let ladders = self.arm(id, arm)["ladders"].as_array().unwrap();
        let ladder = ladders.iter().find(|ladder| ladder["probe"] == probe).unwrap();
        let rungs = ladder["rungs"].as_array().unwrap().iter().filter(|rung| rung["from"] == endpoint);
        rungs.map(|rung| rung["asks"].as_str().unwrap().to_owned()).collect()
    }

    fn arm(&self, id: &str, arm: &str) -> &Value {
        let arms = self.scenario(id)["arms"].as_array().unwrap();
        arms.iter().find(|entry| entry["name"] == arm).unwrap()
    }
}

/// A scenario made from a shipped one by replacing texts; `<dir>/variants/<name>`.
pub fn variant(dir: &Path, shipped: &str, name: &str, replace: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(shipped).join("scenario.toml");
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replace {
        assert!(text.contains(from), "{shipped} does not have {from}");
        text = text.replacen(from, to, 1);
    }
    let own = dir.join("variants").join(name);
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("scenario.toml"), text).unwrap();
    own.to_string_lossy().into_owned()
}

/// Machines of one run that are there; or of all, when no run is named.
pub fn machines(on: On, run: &str) -> Vec<String> {
    match on {
        On::Docker => containers(run),
        On::Native => sandboxes(run),
    }
}

fn containers(run: &str) -> Vec<String> {
    let filter = if run.is_empty() { "label=saiten.run".to_owned() } else { format!("label=saiten.run={run}") };
    let output = Command::new("docker")
        .args(["ps", "-a", "--format", "{{.Names}} {{.Status}}", "--filter", &filter])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// First processes of sandboxes, by the name that each is given as its argument.
fn sandboxes(run: &str) -> Vec<String> {
    let commands = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let names = commands.filter_map(|command| {
        let mut words = command.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        (words.nth(1)? == "init").then(|| words.next()).flatten()
    });
    names.filter(|name| name.starts_with(&format!("saiten-{run}"))).collect()
}

/// A run in the background, with its id as soon as it has one.
pub struct Background {
    pub on: On,
    pub child: Child,
    pub run: String,
    pub dir: tempfile::TempDir,
}

impl Background {
    /// Starts a run and waits until so many of its machines are there.
    pub fn start(on: On, arguments: &[&str], least: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("report");
        let mut command = saiten(on, dir.path());
        command.arg("run").args(arguments).arg("--out").arg(&out).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let mut this = Background { on, child, run: String::new(), dir };
        until("the run's id", || {
            let events = std::fs::read_to_string(out.join("events.jsonl")).unwrap_or_default();
            let first = events.lines().next().and_then(|line| serde_json::from_str::<Value>(line).ok());
            this.run = first.and_then(|event| Some(event["run"].as_str()?.to_owned())).unwrap_or_default();
            !this.run.is_empty()
        });
        until("machines", || machines(on, &this.run).len() >= least);
        this
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Seconds until no machine of the run is left.
    pub fn gone_after(&self) -> f64 {
        let begin = Instant::now();
        until("the machines' end", || machines(self.on, &self.run).is_empty());
        begin.elapsed().as_secs_f64()
    }
}

/// Waits for something that takes seconds at most.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}
