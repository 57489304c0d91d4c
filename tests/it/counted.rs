//! The engine and what is handed in, and counts that nobody can trust, on a scripted backend.

use std::collections::{BTreeMap, BTreeSet};

use saiten::arm::ArmName;
use saiten::evidence::Outcome;
use saiten::lab::scripted::Reply;
use saiten::scenario::Text;
use saiten::scenario::submission::{Step, Submission};

use crate::engine::{Lab, on_paused_time};

const DNS: &str = r#"
title.en = "A name server"
[networks.lan]
subnet = "192.168.1.0/24"
[networks.wan]
subnet = "198.51.100.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
nic.wan = "198.51.100.10"
[endpoints.client]
image = "x:1"
nic.lan = "192.168.1.20"
resolver = "192.168.1.10"
[[probes]]
name = "outside"
kind = "dns-lookup"
from = "client"
to = "server"
samples = 1
with = { name = "www", outer = "wan" }
[[checks]]
name = "nothing-leaves"
metric = "outside.upstream_packets"
equals = 0
"#;

fn outcome_with(miscount: Option<(&str, &str)>) -> Outcome {
    let mut outcome = None;
    on_paused_time(async {
        let mut lab = Lab::new();
        lab.text = DNS.to_owned();
        if let Some((network, filter)) = miscount {
            lab.scripted.script.miscount(network, filter);
        }
        let done = lab.run().await;
        assert_eq!(lab.scripted.script.living(), 0);
        outcome = Some(done.arms[0][0].outcome.clone());
    });
    outcome.unwrap()
}

#[test]
fn a_counter_that_disagrees_with_the_capture_is_an_error_with_both_numbers() {
    assert_eq!(outcome_with(None), Outcome::Measured);
    assert_eq!(outcome_with(Some(("lan", "dns:server:to-udp"))), Outcome::Measured, "another network's frames");
    for filter in ["to-udp", "to-tcp", "from-udp", "from-tcp"] {
        let Outcome::Error { message, .. } = outcome_with(Some(("wan", &format!("dns:server:{filter}")))) else {
            panic!("{filter} was believed");
        };
        assert!(
            message.contains(filter) && message.contains("counted") && message.contains("0 in the capture"),
            "{message}"
        );
    }
}

fn handed_in(name: &str) -> Submission {
    Submission {
        name: name.to_owned(),
        title: Text { en: name.to_owned(), ja: None },
        steps: vec![Step::Run { on: "server".to_owned(), run: format!("run-{name}") }],
        images: BTreeMap::new(),
        hosts: BTreeMap::new(),
        remarks: Vec::new(),
        fails: BTreeSet::new(),
        reasons: BTreeSet::new(),
    }
}

#[test]
fn what_is_handed_in_runs_in_place_of_the_fixes_and_not_all_at_once() {
    on_paused_time(async {
        let mut lab = Lab::new().answer(|_, line| (line == "measure").then(|| Reply::prints("0")));
        lab.submissions = (0..40).map(|number| handed_in(&format!("s{number}"))).collect();
        let done = lab.run().await;
        assert_eq!(done.arms[0].len(), 42);
        assert!(done.arms[0].iter().all(|arm| arm.outcome == Outcome::Measured));
        let log = lab.log_of("submission-s3");
        assert!(log.contains(&"run server: run-s3".to_owned()), "{log:?}");
        assert!(!log.iter().any(|line| line.contains("mend-it") || line.contains("restart-daemon")), "{log:?}");
        // Its edits are recorded under its own name.
        let arm = done.arms[0].iter().find(|arm| arm.name == ArmName::Submission("s3".to_owned())).unwrap();
        assert_eq!(arm.edits[0].fix, "s3");
        // Labs of three machines, seven for each of four processors.
        let mut most = 0;
        let mut living = 0_i32;
        for line in lab.scripted.script.log() {
            living += i32::from(line.starts_with("start ")) - i32::from(line.starts_with("stop "));
            most = most.max(living);
        }
        assert_eq!(most, 3 * 7 * 4);
    });
}

#[test]
fn a_script_that_fails_is_its_authors_affair() {
    on_paused_time(async {
        let mut lab = Lab::new()
            .answer(|_, line| (line == "run-s0").then(|| Reply::fails(1, "oops")))
            .answer(|_, line| (line == "measure").then(|| Reply::prints("0")));
        lab.submissions = vec![handed_in("s0")];
        let done = lab.run().await;
        let arm = &done.arms[0][2];
        assert_eq!(arm.outcome, Outcome::Measured);
        assert!(arm.actions.iter().any(|action| action.action == "submission:s0" && action.status == 1));
    });
}
