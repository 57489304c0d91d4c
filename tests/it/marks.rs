//! From evidence to marks: partial points, prerequisites, what is told to whom, and what a crowd may have spoilt.

use std::path::Path;

use saiten::arm::ArmName;
use saiten::evidence::{ArmEvidence, Outcome, Phase};
use saiten::marks::{self, Asked, Marked, Standing, State};
use saiten::scenario::{Lang, Scenario, file};
use saiten::verdict::crowd;
use saiten::wording::Phrase;

use crate::judge;

const ASKED: Asked = Asked { lang: Lang::En, solutions: false };
const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const HALF: &[(f64, f64)] = &[(1.7, 1.0), (1.8, 1.0), (1.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
/// Slow although nothing was looked up: a busy machine's doing.
const BUSY: &[(f64, f64)] = &[(1.7, 0.0), (1.8, 0.0), (1.9, 0.0)];

/// The scenario of the judge's tests, with more to tell about its checks.
fn scenario() -> Scenario {
    let text = judge::SCENARIO
        .replace(
            "points = 4\n",
            "points = 4\npartial = [{ at_most = { ratio = 0.7, of = \"omitted\" }, points = 1 }]\n",
        )
        .replace("hint.en = \"look at UseDNS\"", "hint.en = \"look at UseDNS\"\nsolution.en = \"UseDNS no\"")
        .replace("points = 3\n", "points = 3\nrequires = [\"quick\"]\nhidden = true\n");
    file::parse("made/up", Path::new("made/up"), "scenario.toml", &text, &saiten::probe::catalog([])).unwrap()
}

fn calibration() -> Vec<ArmEvidence> {
    vec![judge::arm("omitted", &[], SLOW), judge::arm("applied", &["a", "b"], QUICK)]
}

fn handed_in(logins: &[(f64, f64)]) -> ArmEvidence {
    judge::arm("submission:s1", &[], logins)
}

fn mark(arm: &ArmEvidence, asked: Asked) -> Marked {
    marks::mark(&scenario(), &calibration(), arm, asked)
}

fn standings(marked: &Marked) -> Vec<(Standing, Option<u32>)> {
    marked.checks.iter().map(|check| (check.standing, check.points)).collect()
}

#[test]
fn coming_close_gives_some_points_and_what_requires_more_does_not_count() {
    let marked = mark(&handed_in(HALF), ASKED);
    assert_eq!(standings(&marked), [(Standing::Partial, Some(1)), (Standing::Skipped, Some(0))]);
    assert_eq!((marked.state, marked.points, marked.points_open, marked.points_most), (State::Graded, 1, 0, 7));
    assert!(marked.checks[1].message.contains("Logging in is quick"), "{}", marked.checks[1].message);
    let nothing = mark(&handed_in(SLOW), ASKED);
    assert_eq!(standings(&nothing), [(Standing::Fail, Some(0)), (Standing::Skipped, Some(0))]);
    let all = mark(&handed_in(QUICK), ASKED);
    assert_eq!(standings(&all), [(Standing::Pass, Some(4)), (Standing::Pass, Some(3))]);
}

#[test]
fn points_for_coming_close_are_no_coin_toss() {
    // 0.7 × 3.6 = 2.52 lies between the readings.
    let marked = mark(&handed_in(&[(2.2, 1.0), (2.5, 1.0), (2.9, 1.0)]), ASKED);
    assert_eq!(standings(&marked)[0], (Standing::Inconclusive, None));
    assert_eq!((marked.state, marked.points_open), (State::Review, 4));
}

#[test]
fn a_solution_is_told_only_where_the_instructor_allows_it() {
    let told = |solutions| mark(&handed_in(SLOW), Asked { solutions, ..ASKED }).checks[0].solution.clone();
    assert_eq!((told(false), told(true)), (None, Some("UseDNS no".to_owned())));
    let hint = mark(&handed_in(SLOW), Asked { lang: Lang::Ja, ..ASKED }).checks[0].hint.clone();
    assert_eq!(hint.as_deref(), Some("UseDNSを見てください"));
    assert_eq!(mark(&handed_in(QUICK), ASKED).checks[0].hint, None);
}

#[test]
fn what_the_harness_could_not_do_costs_nobody_a_point() {
    let mut arm = handed_in(QUICK);
    arm.outcome = Outcome::Error { phase: Phase::Up, message: "no room \u{1b}[31m".to_owned() };
    let marked = mark(&arm, ASKED);
    assert_eq!((marked.state, marked.points, marked.points_open), (State::Review, 0, 7));
    assert!(marked.why.as_deref().is_some_and(|why| why.contains("no room") && !why.contains('\u{1b}')));
    arm.outcome = Outcome::Unsupported { reason: Phrase::new("verdict-unsupported").with("missing", "tun") };
    assert_eq!(mark(&arm, ASKED).state, State::Review);
}

#[test]
fn a_crowd_spoils_only_what_it_can_have_delayed() {
    let doubtful = |arm: &ArmEvidence| crowd::is_doubtful(&scenario(), &calibration(), arm);
    // What passes beside others would pass alone, and what was looked up in vain was looked up.
    assert!(!doubtful(&handed_in(QUICK)));
    assert!(!doubtful(&handed_in(SLOW)));
    assert!(!doubtful(&handed_in(HALF)));
    assert!(doubtful(&handed_in(BUSY)));
    // A service that failed may have been kept waiting, unless the switch was always in time.
    let mut refused = handed_in(QUICK);
    for sample in &mut refused.probes.get_mut("login").unwrap().samples {
        sample.failed = Some("connection refused".to_owned());
    }
    refused.trust.late_max = 0.01;
    assert!(!doubtful(&refused));
    refused.trust.late_max = 0.2;
    assert!(doubtful(&refused));
    let mut broken = handed_in(QUICK);
    broken.outcome = Outcome::Error { phase: Phase::Up, message: "no room".to_owned() };
    assert!(doubtful(&broken));
    broken.outcome = Outcome::Unsupported { reason: Phrase::new("verdict-unsupported").with("missing", "tun") };
    assert!(!doubtful(&broken), "another try lacks the same");
}

#[test]
fn mutants_and_the_arm_with_the_fix_are_asked_the_same() {
    let doubtful = |logins| crowd::is_doubtful(&scenario(), &calibration(), &judge::arm("mutant:m", &[], logins));
    assert_eq!([QUICK, SLOW, BUSY].map(doubtful), [false, false, true]);
    // 0.3 × 3.6 = 1.08 lies between the readings.
    let scattered: &[(f64, f64)] = &[(0.4, 0.0), (1.0, 0.0), (1.4, 0.0)];
    assert!(doubtful(scattered));
    let open = |logins| {
        crowd::is_open(&scenario(), &[judge::arm("omitted", &[], SLOW), judge::arm("applied", &["a", "b"], logins)])
    };
    assert_eq!([QUICK, BUSY, scattered].map(open), [false, true, true]);
}

#[test]
fn what_passes_because_it_is_late_is_asked_again_where_nothing_else_was_counted() {
    let text = judge::SCENARIO.replace("at_most = { ratio = 0.3,", "at_least = { ratio = 1.5,");
    let mut scenario =
        file::parse("made/up", Path::new("made/up"), "scenario.toml", &text, &saiten::probe::catalog([])).unwrap();
    scenario.checks.truncate(1);
    let later: &[(f64, f64)] = &[(7.4, 1.0), (7.6, 1.0), (7.9, 1.0)];
    let calibration = [judge::arm("omitted", &[], SLOW), judge::arm("applied", &["a", "b"], later)];
    let mut arm = handed_in(later);
    arm.trust.late_max = 0.2;
    assert!(crowd::is_doubtful(&scenario, &calibration, &arm));
    arm.trust.late_max = 0.01;
    assert!(!crowd::is_doubtful(&scenario, &calibration, &arm));
    // What is too early there was delayed by nobody.
    let mut early = handed_in(BUSY);
    early.trust.late_max = 0.2;
    assert!(!crowd::is_doubtful(&scenario, &calibration, &early));
}

#[test]
fn nobody_is_graded_by_a_lab_that_shows_no_cure() {
    let trouble = |arms: &[ArmEvidence]| saiten::grade::batch::trouble(&scenario(), arms, Lang::En);
    assert_eq!(trouble(&calibration()), Vec::<String>::new());
    let told = trouble(&[judge::arm("omitted", &[], SLOW), judge::arm("applied", &["a", "b"], SLOW)]);
    assert!(told.iter().all(|line| line.contains("[applied]: fail")) && told.len() == 2, "{told:?}");
    let mut broken = ArmEvidence::new(ArmName::Omitted, Vec::new());
    broken.outcome = Outcome::Error { phase: Phase::Up, message: "no room".to_owned() };
    assert!(trouble(&[broken])[0].contains("no room"));
}
