//! What must not be taken for a success or for knowledge: labs that failed, captures that ended early, arms in doubt.

use std::fs;
use std::process::Command;

use saiten::effect::{self, Bearing};
use saiten::evidence::{ArmEvidence, Outcome, Phase};
use saiten::report::{results, write_all};
use saiten::scenario::Lang;
use saiten::verdict::{self, Verdict};

use crate::judge::{arm, record, scenario};

const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];

fn results_of(arms: Vec<ArmEvidence>) -> results::Results {
    results::results(&record(Lang::En, &arms), &[(scenario(), arms)])
}

fn four() -> Vec<ArmEvidence> {
    vec![
        arm("omitted", &[], SLOW),
        arm("applied", &["a", "b"], QUICK),
        arm("only:a", &["a"], QUICK),
        arm("only:b", &["b"], SLOW),
    ]
}

fn broken(arm: &mut ArmEvidence) {
    arm.outcome = Outcome::Error { phase: Phase::Up, message: "no space left".to_owned() };
    arm.probes.clear();
}

#[test]
fn a_scenario_that_nothing_judged_is_no_success() {
    let results = results_of(vec![arm("applied", &["a", "b"], QUICK)]);
    assert_eq!((results.scenarios[0].verdict, results::exit_status(&results)), (Verdict::Error, 3));
}

#[test]
fn an_arm_that_no_check_reads_still_had_to_run() {
    let mut arms = four();
    broken(&mut arms[3]);
    let results = results_of(arms);
    assert_eq!(results::exit_status(&results), 3);
}

#[test]
fn undecided_is_neither_necessary_nor_sufficient() {
    let mut arms = four();
    // only:b is without:a: a ratio that straddles the bound decides nothing about a.
    arms[3] = arm("only:b", &["b"], &[(0.9, 0.0), (1.05, 0.0), (1.4, 0.0)]);
    let effects = effect::effects(&scenario(), &arms);
    let of = |fix: &str| effects.iter().find(|e| e.fix == fix && e.metric.0 == "login.time").unwrap();
    assert_eq!((of("a").necessary, of("b").sufficient), (None, None));
}

#[test]
fn a_doubtful_arm_has_no_effects() {
    let mut arms = four();
    arms[2].trust.late_max = 0.9;
    let effects = effect::effects(&scenario(), &arms);
    let a = effects.iter().find(|e| e.fix == "a" && e.metric.0 == "login.time").unwrap();
    assert_eq!(a.alone, None);
}

#[test]
fn a_symptom_in_some_samples_only_is_inconclusive_and_asks_for_more() {
    let omitted = arm("omitted", &[], &[(3.4, 1.0), (3.6, 1.0), (0.3, 0.0)]);
    let arms = [omitted, arm("applied", &["a", "b"], QUICK)];
    let results = verdict::judge(&scenario(), &arms);
    assert_eq!(results[0].verdict, Verdict::Inconclusive, "{:?}", results[0].reason);
    assert_eq!(verdict::undecided(&scenario(), &arms), ["login"]);
}

#[test]
fn a_full_capture_proves_no_silence() {
    let mut applied = arm("applied", &["a", "b"], QUICK);
    applied.trust.capture_full = true;
    let results = verdict::judge(&scenario(), &[arm("omitted", &[], SLOW), applied]);
    assert_eq!(results[3].verdict, Verdict::Inconclusive);
}

#[test]
fn the_words_agree_with_the_bearing() {
    // a's own edit draws the padding anew (+1.5 s, no lookup); on top of b it takes the lookup off.
    let arms = vec![
        arm("omitted", &[], &[(3.4, 1.0), (3.5, 1.0), (3.6, 1.0)]),
        arm("applied", &["a", "b"], &[(2.4, 0.0), (2.5, 0.0), (2.6, 0.0)]),
        arm("only:a", &["a"], &[(4.9, 1.0), (5.0, 1.0), (5.1, 1.0)]),
        arm("only:b", &["b"], &[(3.4, 1.0), (3.5, 1.0), (3.6, 1.0)]),
    ];
    let results = results_of(arms);
    let parts = &results.scenarios[0].effects;
    let a = parts.iter().find(|p| p.effect.fix == "a" && p.effect.metric.0 == "login.time").unwrap();
    assert_eq!(a.effect.bearing, Bearing::Helps);
    assert!(a.message.starts_with("takes off 1.00 s"), "{}", a.message);
}

#[test]
fn a_mean_over_some_pairs_is_no_mean_over_all() {
    let mut arms = four();
    arms[3].probes.get_mut("login").unwrap().samples.clear();
    let effects = effect::effects(&scenario(), &arms);
    let a = effects.iter().find(|e| e.fix == "a" && e.metric.0 == "login.time").unwrap();
    assert_eq!(a.main, None);
    assert!(effect::interactions(&scenario(), &arms).is_empty());
}

#[test]
fn every_whole_number_of_milliseconds_is_written_with_three_decimals() {
    let mut arms = vec![arm("omitted", &[], SLOW), arm("applied", &["a", "b"], QUICK)];
    for arm in &mut arms {
        arm.phases.insert("measure".to_owned(), 1.128);
    }
    let dir = tempfile::tempdir().unwrap();
    write_all(dir.path(), &results_of(arms));
    let file = dir.path().join("junit.xml");
    let xml = fs::read_to_string(&file).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemas/junit-jenkins-xunit-10.xsd");
    let checked = Command::new("xmllint").args(["--noout", "--schema", schema]).arg(&file).output().unwrap();
    assert!(checked.status.success(), "{}\n{xml}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn junit_shows_a_lab_that_failed_unjudged() {
    let mut arms = four();
    broken(&mut arms[3]);
    let dir = tempfile::tempdir().unwrap();
    write_all(dir.path(), &results_of(arms));
    let xml = fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(xml.contains("no space left"), "{xml}");
}

#[test]
fn more_of_what_should_be_none_is_worse() {
    let none = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
    let arms = vec![
        arm("omitted", &[], none),
        arm("applied", &["a", "b"], none),
        arm("only:a", &["a"], SLOW),
        arm("only:b", &["b"], none),
    ];
    let effects = effect::effects(&scenario(), &arms);
    let a = effects.iter().find(|e| e.fix == "a" && e.metric.0 == "login.server_queries").unwrap();
    assert_eq!(a.bearing, Bearing::Hurts);
}

#[test]
fn every_time_prints_short() {
    for ms in (1000..1500).chain([2055, 16_001, 100_118, 999_999]) {
        let mut arms = vec![arm("omitted", &[], SLOW), arm("applied", &["a", "b"], QUICK)];
        for arm in &mut arms {
            arm.phases.insert("measure".to_owned(), f64::from(ms) / 1e3);
        }
        let dir = tempfile::tempdir().unwrap();
        write_all(dir.path(), &results_of(arms));
        let xml = fs::read_to_string(dir.path().join("junit.xml")).unwrap();
        for time in xml.split(" time=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let decimals = time.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            assert!(decimals <= 3, "{ms} ms: {time}");
        }
    }
}

#[test]
fn the_summary_tells_of_a_lab_that_no_check_reads() {
    let mut arms = four();
    broken(&mut arms[3]);
    let summary = saiten::report::terminal::summary(&results_of(arms), Lang::En, false);
    assert!(summary.contains("ERROR  [only:b] no space left"), "{summary}");
}
