//! The engine on a scripted backend: the order of effects, limits, cancellation, clean-up, and every verdict. No lab, no waiting.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use saiten::arm::{ArmName, ArmPlan};
use saiten::event::{Announcer, Event, EventKind, Listener};
use saiten::evidence::{self, ArmEvidence};
use saiten::lab::live::Reach;
use saiten::lab::scripted::{Reply, Scripted};
use saiten::probe;
use saiten::run::{self, Job, Options, Outcome, Stop};
use saiten::scenario::submission::Submission;
use saiten::scenario::{Lang, Scenario, file};
use saiten::verdict::{self, Verdict};
use tokio::task::LocalSet;

const SCENARIO: &str = r#"
title.en = "A made-up lab"
limits = { ready = "4s", action = "3s" }
[networks.lan]
subnet = "192.168.1.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
start = "start-daemon"
ready = { run = "is-ready" }
logs = ["/var/log/daemon"]
effective = "show-config"
[endpoints.client]
image = "x:1"
nic.lan = "192.168.1.20"
[[faults]]
name = "broken"
on = "server"
run = "break-it"
[[fixes]]
name = "mend"
on = "server"
run = "mend-it"
activate = "restart-daemon"
edits = ["/etc/daemon.conf"]
[[probes]]
name = "look"
kind = "command"
from = "client"
to = "server"
samples = 2
samples_most = 4
limit = "5s"
with = { run = "measure" }
[[checks]]
name = "leaks-nothing"
metric = "look.value"
equals = 0
points = 3
"#;

struct Heard(Rc<RefCell<Vec<Event>>>);

impl Listener for Heard {
    fn name(&self) -> String {
        "test".to_owned()
    }

    fn hear(&mut self, event: &Event) -> std::io::Result<()> {
        self.0.borrow_mut().push(event.clone());
        Ok(())
    }
}

pub struct Lab {
    pub scripted: Scripted,
    events: Rc<RefCell<Vec<Event>>>,
    stop: Rc<Stop>,
    pub dir: tempfile::TempDir,
    pub text: String,
    arms: ArmPlan,
    pub submissions: Vec<Submission>,
    pub mutants: Option<run::Wanted>,
    pub reach: Reach,
    /// Other names under which the same scenario runs beside it.
    pub company: Vec<&'static str>,
}

impl Lab {
    pub fn new() -> Self {
        Lab {
            scripted: Scripted::default(),
            events: Rc::default(),
            stop: Rc::default(),
            dir: tempfile::tempdir().unwrap(),
            text: SCENARIO.to_owned(),
            arms: ArmPlan::Pair,
            submissions: Vec::new(),
            mutants: None,
            reach: Reach::default(),
            company: Vec::new(),
        }
    }

    /// Lets the probe read `omitted` in the control arm and `applied` in the other, whatever else is asked.
    pub fn reading(self, omitted: &'static str, applied: &'static str) -> Self {
        self.scripted.script.answer(move |machine, line| {
            let value = if machine.contains("omitted") { omitted } else { applied };
            (line == "measure").then(|| Reply::prints(value))
        });
        self
    }

    pub fn answer(self, rule: impl Fn(&str, &str) -> Option<Reply> + 'static) -> Self {
        self.scripted.script.answer(rule);
        self
    }

    pub fn scenario(&self) -> Scenario {
        self.scenario_of("made/up")
    }

    fn scenario_of(&self, id: &str) -> Scenario {
        file::parse(id, Path::new(id), "scenario.toml", &self.text, &probe::catalog([])).unwrap()
    }

    pub async fn run(&self) -> Outcome {
        let out = self.dir.path().to_owned();
        let own = Options::of("test".to_owned(), out.clone(), Lang::En, out.join("doors"));
        let options = Options { arms: self.arms, jobs: 4, reach: self.reach.clone(), ..own };
        let job = |id: &&str| Job {
            scenario: self.scenario_of(id),
            text: self.text.clone(),
            submissions: self.submissions.clone(),
            mutants: self.mutants.clone(),
            is_compared_with: false,
            subjects: Default::default(),
        };
        let jobs = ["made/up"].iter().chain(&self.company).map(job).collect();
        let announcer = Announcer::new(vec![Box::new(Heard(self.events.clone()))]);
        run::run(&self.scripted, jobs, &options, &announcer, &self.stop).await.unwrap()
    }

    /// The verdicts in the order omitted, applied; and nothing may be left running.
    async fn verdicts(&self) -> Vec<Verdict> {
        let outcome = self.run().await;
        assert_eq!(self.scripted.script.living(), 0, "machines left: {:?}", self.scripted.script.log());
        verdict::judge(&self.scenario(), &outcome.arms[0]).iter().map(|result| result.verdict).collect()
    }

    pub fn log_of(&self, arm: &str) -> Vec<String> {
        let own = format!("made-up-{arm}-");
        let log = self.scripted.script.log();
        log.into_iter().filter(|line| line.contains(&own)).map(|line| line.replace(&own, "")).collect()
    }
}

/// Runs a test on paused time: waiting costs nothing and limits are exact.
pub fn on_paused_time(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

#[test]
fn effects_come_in_order() {
    on_paused_time(async {
        let lab = Lab::new().reading("4", "0");
        assert_eq!(lab.verdicts().await, [Verdict::Pass, Verdict::Pass]);
        insta::assert_snapshot!("order_omitted", lab.log_of("omitted").join("\n"));
        insta::assert_snapshot!("order_applied", lab.log_of("applied").join("\n"));
    });
}

#[test]
fn a_fix_that_does_not_help_fails() {
    on_paused_time(async {
        assert_eq!(Lab::new().reading("4", "4").verdicts().await, [Verdict::Pass, Verdict::Fail]);
    });
}

#[test]
fn a_symptom_that_does_not_appear_makes_the_check_vacuous() {
    on_paused_time(async {
        assert_eq!(Lab::new().reading("0", "0").verdicts().await, [Verdict::Vacuous, Verdict::Vacuous]);
    });
}

#[test]
fn a_probe_that_reads_nothing_never_passes() {
    on_paused_time(async {
        let verdicts = Lab::new().reading("no number", "0").verdicts().await;
        assert_eq!(verdicts, [Verdict::Error, Verdict::Error]);
    });
}

#[test]
fn what_cannot_be_decided_is_measured_again_up_to_the_most_and_then_inconclusive() {
    on_paused_time(async {
        let turn = Rc::new(std::cell::Cell::new(0));
        let lab = Lab::new().answer(move |machine, line| {
            if line != "measure" {
                return None;
            }
            if machine.contains("omitted") {
                return Some(Reply::prints("4"));
            }
            turn.set(turn.get() + 1);
            Some(Reply::prints(["1", "0", "0", "1"][(turn.get() - 1) % 4]))
        });
        assert_eq!(lab.verdicts().await, [Verdict::Pass, Verdict::Inconclusive]);
        assert_eq!(lab.log_of("applied").iter().filter(|line| line.ends_with(": measure")).count(), 4);
    });
}

#[test]
fn a_machine_that_lacks_something_is_unsupported() {
    on_paused_time(async {
        let mut lab = Lab::new().reading("4", "0");
        lab.text = format!("requires = [\"kernel-esp\"]\n{SCENARIO}");
        lab.scripted.script.lack("kernel-esp");
        assert_eq!(lab.verdicts().await, [Verdict::Unsupported, Verdict::Unsupported]);
        assert_eq!(lab.scripted.script.log(), Vec::<String>::new());
    });
}

#[test]
fn a_fault_that_fails_is_an_error_and_a_fix_that_fails_is_evidence() {
    on_paused_time(async {
        let lab = Lab::new()
            .reading("4", "0")
            .answer(|_, line| (line == "break-it").then(|| Reply::fails(3, "no such file")));
        assert_eq!(lab.verdicts().await, [Verdict::Error, Verdict::Error]);

        let lab =
            Lab::new().reading("4", "4").answer(|_, line| (line == "mend-it").then(|| Reply::fails(3, "no such file")));
        let outcome = lab.run().await;
        let applied = &outcome.arms[0][1];
        assert_eq!(applied.outcome, evidence::Outcome::Measured);
        assert!(applied.findings.iter().any(|finding| finding.id == "finding-fix-failed"), "{:?}", applied.findings);
        assert!(applied.actions.iter().any(|action| action.action == "fix:mend" && action.status == 3));
    });
}

#[test]
fn an_endpoint_that_never_gets_ready_is_told_with_its_last_log_lines() {
    on_paused_time(async {
        let lab = Lab::new().reading("4", "0").answer(|_, line| match line {
            line if line.contains("is-ready") => Some(Reply { takes: Duration::from_secs(60), ..Reply::default() }),
            "tail /var/log/daemon" => Some(Reply::prints("cannot bind: address in use\n")),
            _ => None,
        });
        let outcome = lab.run().await;
        let evidence::Outcome::Error { phase, message } = &outcome.arms[0][0].outcome else { panic!("no error") };
        assert_eq!(*phase, evidence::Phase::Ready);
        assert!(message.contains("`server`") && message.contains("cannot bind: address in use"), "{message}");
        assert_eq!(lab.scripted.script.living(), 0);
    });
}

#[test]
fn a_command_that_hangs_ends_at_its_limit() {
    on_paused_time(async {
        let begin = tokio::time::Instant::now();
        let lab = Lab::new().reading("4", "0").answer(|_, line| {
            (line == "break-it").then(|| Reply { takes: Duration::from_secs(3600), ..Reply::default() })
        });
        assert_eq!(lab.verdicts().await, [Verdict::Error, Verdict::Error]);
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    });
}

#[test]
fn a_machine_that_cannot_start_takes_the_others_with_it() {
    on_paused_time(async {
        let lab = Lab::new().reading("4", "0");
        lab.scripted.script.refuse("applied-client", "no space left on device");
        assert_eq!(lab.verdicts().await, [Verdict::Pass, Verdict::Error]);
        assert_eq!(lab.log_of("applied").iter().filter(|line| line.starts_with("stop")).count(), 2);
    });
}

#[test]
fn an_endpoint_that_dies_is_an_error_at_once() {
    on_paused_time(async {
        let begin = tokio::time::Instant::now();
        let lab = Lab::new().reading("4", "0").answer(|machine, line| {
            (line == "mend-it" && machine.contains("applied")).then(|| Reply { dies: true, ..Reply::default() })
        });
        let outcome = lab.run().await;
        let evidence::Outcome::Error { message, .. } = &outcome.arms[0][1].outcome else { panic!("no error") };
        assert!(message.contains("endpoint `server` ended"), "{message}");
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    });
}

#[test]
fn an_interrupted_run_takes_its_labs_down_and_keeps_what_it_has() {
    on_paused_time(async {
        let lab = Lab::new().answer(|_, line| {
            (line == "measure").then(|| Reply { takes: Duration::from_secs(4), stdout: "4".into(), ..Reply::default() })
        });
        let stop = lab.stop.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_secs(6)).await;
            stop.ask();
        });
        let begin = tokio::time::Instant::now();
        let outcome = lab.run().await;
        assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
        assert!(outcome.record.interrupted);
        assert_eq!(lab.scripted.script.living(), 0);
        let omitted = &outcome.arms[0][0];
        assert_eq!((&omitted.outcome, omitted.probes["look"].samples.len()), (&evidence::Outcome::Interrupted, 1));
    });
}

#[test]
fn evidence_comes_back_from_disk_as_it_was() {
    on_paused_time(async {
        let lab = Lab::new().reading("4", "0");
        let outcome = lab.run().await;
        let bundle = evidence::bundle::Bundle::of(lab.dir.path());
        let record = bundle.read_run().unwrap();
        assert_eq!(record, outcome.record);
        let arms: Vec<ArmEvidence> = bundle.read_arms(&record.scenarios[0]).unwrap();
        assert_eq!(arms, outcome.arms[0]);
        let read = file::read(&bundle.scenario_path("made/up"), &probe::catalog([])).unwrap();
        assert_eq!(read.checks, lab.scenario().checks);
    });
}

#[test]
fn each_arm_applies_just_its_fixes() {
    on_paused_time(async {
        let mut lab = Lab::new().reading("4", "0");
        lab.text = SCENARIO
            .replace("[[probes]]", "[[fixes]]\nname = \"other\"\non = \"client\"\nrun = \"other-fix\"\n[[probes]]");
        lab.arms = ArmPlan::Full;
        let outcome = lab.run().await;
        let names: Vec<String> = outcome.arms[0].iter().map(|arm| arm.name.to_string()).collect();
        assert_eq!(names, ["omitted", "applied", "only:mend", "only:other"]);
        let ran = |arm: &str, line: &str| lab.log_of(arm).iter().any(|entry| entry.ends_with(&format!(": {line}")));
        assert!(ran("only-mend", "mend-it") && !ran("only-mend", "other-fix"));
        assert!(ran("only-other", "other-fix") && !ran("only-other", "mend-it"));
        assert!(!ran("omitted", "mend-it") && !ran("omitted", "restart-daemon") && ran("omitted", "break-it"));
        assert!(outcome.arms[0].iter().any(|arm| arm.name == ArmName::Only("other".into()) && arm.fixes == ["other"]));
    });
}

#[test]
fn a_listener_that_fails_stops_nobody() {
    struct Broken;
    impl Listener for Broken {
        fn name(&self) -> String {
            "broken pipe".to_owned()
        }
        fn hear(&mut self, _: &Event) -> std::io::Result<()> {
            Err(std::io::Error::other("disk full"))
        }
    }
    let heard = Rc::new(RefCell::new(Vec::new()));
    let announcer = Announcer::new(vec![Box::new(Broken), Box::new(Heard(heard.clone()))]);
    announcer.tell(EventKind::Interrupted);
    announcer.tell(EventKind::Interrupted);
    assert_eq!(heard.borrow().len(), 2);
    assert_eq!(announcer.failed(), ["broken pipe: disk full"]);
}

/// A run's evidence below `dir`, for tests of what is done with it later.
pub fn stored_run(dir: &Path) -> std::path::PathBuf {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut lab = Lab::new().reading("4", "0");
    lab.dir = tempfile::tempdir_in(dir).unwrap();
    LocalSet::new().block_on(&runtime, async { drop(lab.run().await) });
    lab.dir.keep()
}
