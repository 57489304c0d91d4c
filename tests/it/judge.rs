//! Verdicts and effects from made-up evidence: what passes, what must never pass, what a fix is said to account for.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use saiten::arm::ArmName;
use saiten::effect::{self, Bearing};
use saiten::evidence::bundle::{BackendRecord, RunRecord, ScenarioRecord};
use saiten::evidence::{ArmEvidence, Outcome, Phase, ProbeEvidence};
use saiten::measure::{Sample, Unit};
use saiten::scenario::{Condition, Lang, Scenario, file};
use saiten::verdict::{self, Verdict};
use saiten::wording::Phrase;

pub const SCENARIO: &str = r#"
title.en = "A slow login"
title.ja = "遅いログイン"
[networks.lan]
subnet = "192.168.1.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
[[fixes]]
name = "a"
on = "server"
run = "true"
[[fixes]]
name = "b"
on = "server"
run = "true"
[[probes]]
name = "login"
kind = "ssh-login"
from = "server"
to = "server"
[[checks]]
name = "quick"
title.en = "Logging in is quick"
title.ja = "ログインが速い"
metric = "login.time"
at_most = { ratio = 0.3, of = "omitted" }
symptom = { metric = "login.server_queries", at_least = 1 }
points = 4
hint.en = "look at UseDNS"
hint.ja = "UseDNSを見てください"
[[checks]]
name = "silent"
metric = "login.server_queries"
equals = 0
points = 3
"#;

pub fn scenario() -> Scenario {
    file::parse("made/up", Path::new("made/up"), "scenario.toml", SCENARIO, &saiten::probe::catalog([])).unwrap()
}

/// An arm with a login for each pair of time and lookup (seconds); a query for every lookup.
pub fn arm(name: &str, fixes: &[&str], logins: &[(f64, f64)]) -> ArmEvidence {
    let mut arm = ArmEvidence::new(name.parse().unwrap(), fixes.iter().map(|fix| (*fix).to_owned()).collect());
    arm.outcome = Outcome::Measured;
    let sample = |(time, lookup): &(f64, f64)| Sample {
        readings: BTreeMap::from([
            ("time".to_owned(), *time),
            ("server_lookup".to_owned(), *lookup),
            ("server_queries".to_owned(), if *lookup > 0.0 { 1.0 } else { 0.0 }),
        ]),
        remarks: vec![
            Phrase::new("remark-silent-auth")
                .with("endpoint", "server")
                .with("time", "1.56 s")
                .with("count", 1)
                .with("queries", "PTR 20.1.168.192.in-addr.arpa. ✗"),
        ],
        ..Sample::default()
    };
    let units = [("time", Unit::Seconds), ("server_lookup", Unit::Seconds), ("server_queries", Unit::Count)];
    arm.probes.insert(
        "login".to_owned(),
        ProbeEvidence {
            kind: "ssh-login".to_owned(),
            units: units.into_iter().map(|(name, unit)| (name.to_owned(), unit)).collect(),
            explained_by: BTreeMap::from([("time".to_owned(), vec!["server_lookup".to_owned()])]),
            samples: logins.iter().map(sample).collect(),
        },
    );
    arm
}

const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];

/// Verdicts in the order quick omitted, quick applied, silent omitted, silent applied.
fn verdicts(omitted: ArmEvidence, applied: ArmEvidence) -> Vec<Verdict> {
    verdict::judge(&scenario(), &[omitted, applied]).iter().map(|result| result.verdict).collect()
}

#[test]
fn a_symptom_that_is_there_and_cured_passes() {
    let all = verdicts(arm("omitted", &[], SLOW), arm("applied", &["a", "b"], QUICK));
    assert_eq!(all, [Verdict::Pass; 4]);
}

#[test]
fn a_fix_that_does_nothing_fails() {
    let all = verdicts(arm("omitted", &[], SLOW), arm("applied", &["a", "b"], SLOW));
    assert_eq!(all, [Verdict::Pass, Verdict::Fail, Verdict::Pass, Verdict::Fail]);
}

#[test]
fn a_ratio_that_straddles_the_bound_is_inconclusive_and_asks_for_more() {
    let applied = arm("applied", &["a", "b"], &[(0.9, 0.0), (1.05, 0.0), (1.4, 0.0)]);
    let arms = [arm("omitted", &[], SLOW), applied];
    let results = verdict::judge(&scenario(), &arms);
    assert_eq!(results[1].verdict, Verdict::Inconclusive, "{:?}", results[1]);
    assert_eq!(verdict::undecided(&scenario(), &arms), ["login"]);
}

#[test]
fn no_symptom_is_vacuous_whatever_the_rest() {
    let all = verdicts(arm("omitted", &[], QUICK), arm("applied", &["a", "b"], QUICK));
    assert_eq!(all, [Verdict::Vacuous; 4]);
}

#[test]
fn logins_that_are_refused_fail_and_in_the_control_arm_are_an_error() {
    let refuse = |mut arm: ArmEvidence| {
        for sample in &mut arm.probes.get_mut("login").unwrap().samples {
            sample.failed = Some("Connection refused".to_owned());
            sample.readings.remove("time");
        }
        arm
    };
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), refuse(arm("applied", &["a", "b"], QUICK))]);
    // Also the check that counts queries: a server that lets nobody in asks no name server.
    assert_eq!((results[1].verdict, results[3].verdict), (Verdict::Fail, Verdict::Fail));
    assert!(results[1].reason.say(Lang::En).contains("Connection refused"));
    // Without a time there is nothing to compare with.
    let all = verdicts(refuse(arm("omitted", &[], SLOW)), arm("applied", &["a", "b"], QUICK));
    assert_ne!(all[1], Verdict::Pass);
}

#[test]
fn a_login_that_is_refused_now_and_then_does_not_pass() {
    let mut applied = arm("applied", &["a", "b"], QUICK);
    applied.probes.get_mut("login").unwrap().samples[1].failed = Some("Connection reset".to_owned());
    let arms = [arm("omitted", &[], SLOW), applied];
    assert_eq!(verdict::judge(&scenario(), &arms)[1].verdict, Verdict::Inconclusive);
    assert_eq!(verdict::undecided(&scenario(), &arms), ["login"]);
}

#[test]
fn what_the_harness_could_not_do_costs_no_points() {
    let mut broken = arm("applied", &["a", "b"], QUICK);
    broken.outcome = Outcome::Error { phase: Phase::Up, message: "no space left".to_owned() };
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), broken]);
    assert_eq!((results[1].verdict, results[1].points), (Verdict::Error, None));
    let mut late = arm("applied", &["a", "b"], QUICK);
    late.trust.late_max = 0.9;
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), late]);
    assert_eq!((results[1].verdict, results[1].points), (Verdict::Inconclusive, None));
    let mut lossy = arm("omitted", &[], SLOW);
    lossy.trust.frames_lost = 3;
    assert_eq!(verdicts(lossy, arm("applied", &["a", "b"], QUICK)), [Verdict::Inconclusive; 4]);
}

#[test]
fn a_lab_that_was_not_as_asked_is_not_judged() {
    let mut doubtful = arm("applied", &["a", "b"], QUICK);
    let doubt = Phrase::new("trust-link").with("network", "lossy").with("what", "loss");
    doubtful.probes.get_mut("login").unwrap().samples[2].doubt = Some(doubt);
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), doubtful]);
    assert_eq!((results[1].verdict, results[1].points), (Verdict::Inconclusive, None));
    assert!(results[1].reason.say(Lang::En).contains("lossy"));
}

#[test]
fn a_reading_that_the_machine_cannot_give_is_unsupported_and_named() {
    let mut lacking = arm("applied", &["a", "b"], QUICK);
    for sample in &mut lacking.probes.get_mut("login").unwrap().samples {
        sample.readings.remove("server_queries");
        sample.lacking.insert("server_queries".to_owned(), "no column insert_failed".to_owned());
    }
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), lacking]);
    let verdicts: Vec<Verdict> = results.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Pass, Verdict::Unsupported]);
    assert!(results[3].reason.say(Lang::En).contains("no column insert_failed"));
}

#[test]
fn what_has_to_hold_beside_it_decides_where_the_bound_cannot() {
    let mut scenario = scenario();
    let need = scenario.checks[1].clone();
    scenario.checks[0].needs = vec![Condition { metric: need.metric, unit: need.unit, bounds: need.bounds }];
    // The times straddle 0.3 of the control, and the server still asks.
    let unclear = arm("applied", &["a", "b"], &[(0.9, 1.0), (1.05, 1.0), (1.4, 1.0)]);
    let results = verdict::judge(&scenario, &[arm("omitted", &[], SLOW), unclear]);
    assert_eq!(results[1].verdict, Verdict::Fail);
    let quiet = arm("applied", &["a", "b"], &[(0.9, 0.0), (1.05, 0.0), (1.4, 0.0)]);
    let results = verdict::judge(&scenario, &[arm("omitted", &[], SLOW), quiet]);
    assert_eq!(results[1].verdict, Verdict::Inconclusive);
}

#[test]
fn effects_tell_what_matters_from_padding() {
    // b's edit only draws sshd's padding anew: totals differ, lookups do not.
    let arms = [
        arm("omitted", &[], &[(1.4, 1.0), (1.41, 1.0), (1.42, 1.0)]),
        arm("applied", &["a", "b"], QUICK),
        arm("only:a", &["a"], QUICK),
        arm("only:b", &["b"], &[(1.9, 1.0), (1.91, 1.0), (1.92, 1.0)]),
    ];
    let effects = effect::effects(&scenario(), &arms);
    let of =
        |fix: &str, metric: &str| effects.iter().find(|effect| effect.fix == fix && effect.metric.0 == metric).unwrap();
    let a = of("a", "login.time");
    assert_eq!((a.bearing, a.necessary, a.sufficient), (Bearing::Helps, Some(true), Some(true)));
    let b = of("b", "login.time");
    assert!(b.alone.unwrap().low > 0.4, "the totals do differ");
    assert_eq!((b.bearing, b.necessary, b.sufficient), (Bearing::None, Some(false), Some(false)));
    assert_eq!(of("a", "login.server_lookup").bearing, Bearing::Moves);
    assert!((a.main.unwrap() + 1.35).abs() < 0.3, "{:?}", a.main);
    assert_eq!(effect::interactions(&scenario(), &arms).len(), 2);
}

/// A run's record around arms, for reports.
pub fn record(lang: Lang, arms: &[ArmEvidence]) -> RunRecord {
    RunRecord {
        version: 1,
        run: "0badcafe".to_owned(),
        saiten: "0.0.0".to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        took: 12.3456,
        arms: saiten::arm::ArmPlan::Pair,
        realtime: false,
        lang,
        strict: false,
        interrupted: false,
        backend: Some(BackendRecord { name: "scripted".to_owned(), why: Phrase::new("backend-asked") }),
        machine: vec![("not limited".to_owned(), "disk".to_owned())],
        scenarios: vec![ScenarioRecord {
            id: "made/up".to_owned(),
            arms: arms.iter().map(|arm| arm.name.to_string()).collect(),
            images: Vec::new(),
            submissions: Vec::new(),
            subjects: Default::default(),
            mutation: None,
            took: 12.0,
        }],
    }
}

fn readings() -> impl Strategy<Value = Vec<(f64, f64)>> {
    proptest::collection::vec((0.0..10.0f64, prop_oneof![Just(0.0), 0.0..3.0f64]), 0..6)
}

proptest! {
    #[test]
    fn nothing_passes_without_a_control(applied in readings()) {
        for control in [arm("omitted", &[], &[]), ArmEvidence::new(ArmName::Omitted, Vec::new())] {
            let results = verdict::judge(&scenario(), &[control, arm("applied", &["a", "b"], &applied)]);
            prop_assert!(results.iter().all(|result| result.verdict != Verdict::Pass));
        }
    }

    #[test]
    fn judging_is_a_function(omitted in readings(), applied in readings()) {
        let arms = [arm("omitted", &[], &omitted), arm("applied", &["a", "b"], &applied)];
        prop_assert_eq!(verdict::judge(&scenario(), &arms), verdict::judge(&scenario(), &arms));
    }
}
