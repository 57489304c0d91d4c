//! Live machines in endpoints' places, on a scripted backend: left as they are, and what cannot be seen of them never passes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;

use saiten::evidence::{ArmEvidence, Outcome};
use saiten::lab::live::{Identity, Reach};
use saiten::lab::scripted::Reply;
use saiten::scenario::submission::{Host, Step, Submission};
use saiten::scenario::{Prefix, Text};
use saiten::verdict::{self, Verdict};

use crate::engine::{Lab, on_paused_time};

/// A login beside the made-up probe, and what is accepted.
const MORE: &str = r#"
[[accepts]]
kind = "address"
on = "server"
ports = ["tcp/22"]
[[probes]]
name = "login"
kind = "ssh-login"
from = "client"
to = "server"
samples = 1
samples_most = 1
[[checks]]
name = "lets-in"
metric = "login.ok"
equals = 1
"#;

fn handed_in(address: &str, steps: Vec<Step>) -> Submission {
    Submission {
        name: "s".to_owned(),
        title: Text { en: "s".to_owned(), ja: None },
        steps,
        images: BTreeMap::new(),
        hosts: BTreeMap::from([("server".to_owned(), Host::parse(address).unwrap())]),
        remarks: Vec::new(),
        fails: BTreeSet::new(),
        reasons: BTreeSet::new(),
    }
}

fn lab(submission: Submission) -> Lab {
    let mut lab = Lab::new().answer(|machine, line| {
        let omitted = machine.contains("omitted");
        match line {
            "measure" => Some(Reply::prints(if omitted { "4" } else { "0" })),
            line if line.starts_with("ssh ") => Some(Reply::prints(if omitted { "" } else { "saiten" })),
            _ => None,
        }
    });
    lab.text += MORE;
    lab.submissions = vec![submission];
    let loopback = Prefix { address: [127, 0, 0, 0].into(), length: 8 };
    lab.reach = Reach { networks: vec![loopback], identity: Some(Identity::new("SECRET KEY")), ..Reach::default() };
    lab
}

/// The submission's arm, and its verdicts by check.
async fn graded(lab: &Lab) -> (ArmEvidence, BTreeMap<String, Verdict>) {
    let outcome = lab.run().await;
    assert_eq!(lab.scripted.script.living(), 0);
    let judged = verdict::judge(&lab.scenario(), &outcome.arms[0]);
    let own = judged.into_iter().filter(|result| result.arm.to_string() == "submission:s");
    let verdicts = own.map(|result| (result.name, result.verdict)).collect();
    let arm = outcome.arms[0].iter().find(|arm| arm.name.to_string() == "submission:s").unwrap().clone();
    (arm, verdicts)
}

/// Whether a file below a directory holds a text.
fn holds(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().flatten().any(|entry| match entry.path() {
        path if path.is_dir() => holds(&path, text),
        path => String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(text),
    })
}

#[test]
fn a_live_machine_is_left_as_it_is_and_what_only_its_wires_tell_is_lacking() {
    on_paused_time(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let lab = lab(handed_in(&format!("zoe@{}", listener.local_addr().unwrap()), Vec::new()));
        let (arm, verdicts) = graded(&lab).await;
        assert_eq!(arm.outcome, Outcome::Measured);
        insta::assert_snapshot!("live_order", lab.log_of("submission-s").join("\n"));
        let login = &arm.probes["login"].samples[0];
        let lacking: Vec<&str> = login.lacking.keys().map(String::as_str).collect();
        assert_eq!(lacking, ["connect", "server_lookup", "server_queries", "unanswered_queries"]);
        assert!(
            lacking.iter().all(|name| !login.readings.contains_key(*name))
                && login.readings.contains_key("client_queries")
        );
        assert!(arm.probes["look"].samples[0].readings.is_empty());
        let expected = [("leaks-nothing", Verdict::Unsupported), ("lets-in", Verdict::Pass)];
        assert_eq!(verdicts, expected.map(|(name, verdict)| (name.to_owned(), verdict)).into());
        let found: Vec<&str> = arm.findings.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(found, ["finding-live"]);
        let untold = !arm.effective.contains_key("server") && !arm.files.contains_key("server");
        assert!(untold && arm.edits.is_empty());
        assert!(holds(lab.dir.path(), "finding-live") && !holds(lab.dir.path(), "SECRET"));
    });
}

#[test]
fn one_that_does_not_answer_is_told_and_measured_all_the_same() {
    on_paused_time(async {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (arm, verdicts) = graded(&lab(handed_in(&closed.to_string(), Vec::new()))).await;
        assert_eq!(arm.outcome, Outcome::Measured);
        assert!(arm.findings.iter().any(|finding| finding.id == "finding-live-silent"), "{:?}", arm.findings);
        assert_eq!(verdicts["leaks-nothing"], Verdict::Unsupported);
    });
}

#[test]
fn one_that_may_not_be_reached_costs_no_mark_and_gets_no_lab() {
    on_paused_time(async {
        let mut lab = lab(handed_in("169.254.169.254", Vec::new()));
        lab.reach.networks = vec![Prefix { address: [0, 0, 0, 0].into(), length: 0 }];
        let (arm, verdicts) = graded(&lab).await;
        assert!(
            matches!(&arm.outcome, Outcome::Unsupported { reason } if reason.id == "live-never"),
            "{:?}",
            arm.outcome
        );
        assert!(verdicts.values().all(|verdict| *verdict == Verdict::Unsupported));
        assert_eq!(lab.log_of("submission-s"), Vec::<String>::new());
    });
}

#[test]
fn the_key_goes_into_no_lab_in_which_something_of_the_students_runs() {
    on_paused_time(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let steps = vec![
            Step::Run { on: "client".to_owned(), run: "cat /root/.ssh/*".to_owned() },
            Step::Run { on: "server".to_owned(), run: "change-it".to_owned() },
        ];
        let lab = lab(handed_in(&listener.local_addr().unwrap().to_string(), steps));
        let (arm, verdicts) = graded(&lab).await;
        let log = lab.log_of("submission-s").join("\n");
        assert!(
            log.contains("cat /root/.ssh/*") && !log.contains("change-it") && !log.contains("run client: ssh "),
            "{log}"
        );
        assert_eq!(arm.probes["login"].samples[0].lacking["ok"], "lacking-live-key");
        assert_eq!(verdicts["lets-in"], Verdict::Unsupported);
        assert!(arm.findings.iter().any(|finding| finding.id == "finding-live-untouched"));
    });
}
