//! Whether a machine is fit, from made-up evidence: the most telling reason first, in both languages.

use std::collections::BTreeMap;
use std::path::Path;

use saiten::arm::ArmName;
use saiten::evidence::{ArmEvidence, EditRecord, Outcome, Phase};
use saiten::fitness::{Fitness, Reason, assess};
use saiten::scenario::subject::SubjectRecord;
use saiten::scenario::{Lang, Scenario, file};
use saiten::wording::Phrase;

use crate::judge::{SCENARIO, arm};

const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
const FILE: &str = "/etc/ssh/sshd_config";

fn scenario() -> Scenario {
    let edits = format!(
        "run = 'sed -i \"s/UseDNS yes/UseDNS no/\" {FILE}'\nedits = [\"{FILE}\"]\ntitle.en = \"No names\"\ntitle.ja = \"名前を調べない\""
    );
    let text = SCENARIO.replacen("run = \"true\"", &edits, 1);
    file::parse("made/up", Path::new("made/up"), "scenario.toml", &text, &saiten::probe::catalog([])).unwrap()
}

fn subjects(is_only_looked_at: bool) -> BTreeMap<String, SubjectRecord> {
    let record =
        SubjectRecord { kind: "image".into(), named: "lab.tar".into(), facts: BTreeMap::new(), is_only_looked_at };
    BTreeMap::from([("server".to_owned(), record)])
}

/// Both arms as they are on a machine that is fit.
fn good() -> [ArmEvidence; 2] {
    let mut applied = arm("applied", &["a", "b"], QUICK);
    let edit = EditRecord { fix: "a".into(), endpoint: "server".into(), path: FILE.into(), diff: "+x".into() };
    applied.edits.push(edit);
    [arm("omitted", &[], SLOW), applied]
}

fn told(arms: &[ArmEvidence]) -> (Fitness, String) {
    let assessment = assess(&scenario(), &subjects(false), arms);
    let words = |lang| assessment.reasons.iter().map(|reason| reason.say(lang)).collect::<Vec<_>>().join("\n");
    (assessment.fitness, format!("{}\n{}", words(Lang::En), words(Lang::Ja)))
}

fn finding(id: &str, args: &[(&str, &str)]) -> Phrase {
    let phrase = Phrase::new(id).with("endpoint", "server");
    args.iter().fold(phrase, |phrase, (name, value)| phrase.with(name, value))
}

#[test]
fn symptom_and_cure_make_a_machine_fit() {
    assert_eq!(told(&good()), (Fitness::Fit, "\n".to_owned()));
}

#[test]
fn a_command_that_meets_nothing_quotes_what_is_there_instead() {
    let [omitted, mut applied] = good();
    applied.edits[0].diff.clear();
    let content = "Port 22\n#UseDNS yes please\nUseDNS no\n".to_owned();
    applied.files.entry("server".into()).or_default().insert(FILE.into(), content);
    let (fitness, said) = told(&[omitted.clone(), applied.clone()]);
    assert_eq!(fitness, Fitness::NotFit);
    insta::assert_snapshot!(said);
    applied.files.entry("server".into()).or_default().insert(FILE.into(), "Port 22\n".into());
    assert!(told(&[omitted.clone(), applied.clone()]).1.contains("finds nothing like it"));
    applied.files.clear();
    assert!(told(&[omitted, applied]).1.contains("which this machine does not have, or has empty"));
}

#[test]
fn a_command_that_fails_is_the_reason_and_not_what_comes_of_it() {
    let [omitted, mut applied] = good();
    applied.probes = arm("applied", &[], SLOW).probes;
    let failed = |status: &str, output: &str| {
        let mut applied = applied.clone();
        applied.findings.push(finding("finding-fix-failed", &[("fix", "a"), ("status", status), ("output", output)]));
        told(&[omitted.clone(), applied]).1
    };
    let said = [
        failed("127", "/bin/sh: 1: sed: not found"),
        failed("1", "sed: couldn't open file: No space left on device"),
        failed("4", "sed: oh"),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn no_symptom_and_no_cure_are_said_with_the_checks_title() {
    let [omitted, applied] = good();
    let healthy = arm("omitted", &[], QUICK);
    let ill = ArmEvidence { probes: omitted.probes.clone(), ..applied.clone() };
    let mut same = ill.clone();
    same.findings.push(finding("finding-configuration-same", &[("fix", "a")]));
    let said = [told(&[healthy, applied]).1, told(&[omitted.clone(), ill]).1, told(&[omitted, same]).1];
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_service_that_nobody_can_use_is_the_reason() {
    let [mut omitted, mut applied] = good();
    let refuse = |arm: &mut ArmEvidence| {
        for sample in &mut arm.probes.get_mut("login").unwrap().samples {
            sample.failed = Some("Permission denied".into());
        }
    };
    refuse(&mut applied);
    let after = told(&[omitted.clone(), applied.clone()]).1;
    refuse(&mut omitted);
    let before = told(&[omitted, applied]).1;
    insta::assert_snapshot!(format!("{after}\n\n{before}"));
}

#[test]
fn what_the_machine_itself_broke_comes_alone_and_once() {
    let broken = |mut arm: ArmEvidence| {
        arm.outcome = Outcome::Error { phase: Phase::Ready, message: "start".into() };
        arm.findings.push(finding("unfit-no-shell", &[("output", "no shell")]));
        arm
    };
    let (fitness, said) = told(&good().map(broken));
    assert_eq!((fitness, said.lines().count()), (Fitness::NotFit, 2), "{said}");
}

#[test]
fn the_harness_own_trouble_is_nobodys_fault() {
    let [mut omitted, applied] = good();
    omitted.outcome = Outcome::Error { phase: Phase::Up, message: "the engine hangs".into() };
    let (fitness, said) = told(&[omitted, applied]);
    assert_eq!(fitness, Fitness::CannotTell);
    // Once: no check has more to tell of a lab that was not there.
    assert_eq!((said.lines().count(), said.contains("the engine hangs")), (2, true), "{said}");
}

#[test]
fn a_machine_that_was_only_looked_at_is_fit_unless_something_was_seen() {
    let unrun = |name: ArmName| {
        let mut arm = ArmEvidence::new(name, Vec::new());
        arm.outcome = Outcome::Unsupported { reason: Phrase::new("unsupported-only-looked-at") };
        arm
    };
    let mut arms = [unrun(ArmName::Omitted), unrun(ArmName::Applied)];
    let of = |arms: &[ArmEvidence]| assess(&scenario(), &subjects(true), arms);
    assert_eq!(of(&arms).fitness, Fitness::Fit);
    arms[0].findings.push(finding("unfit-no-tool", &[("tool", "sed, cp")]));
    assert_eq!(of(&arms).fitness, Fitness::NotFit);
    assert!(of(&arms).reasons[0].say(Lang::Ja).contains("sed, cp"));
    arms[0].findings.clear();
    arms[1].outcome = Outcome::Interrupted;
    assert_eq!(of(&arms).fitness, Fitness::CannotTell);
}

#[test]
fn what_only_a_live_machines_own_wires_would_tell_is_a_remark_where_it_is_fit() {
    let blind = |mut arm: ArmEvidence| {
        for sample in &mut arm.probes.get_mut("login").unwrap().samples {
            sample.lacking.insert("unanswered_queries".into(), "lacking-live-wires".into());
        }
        arm
    };
    let (counts, waits) = ("\"login.server_queries\"\nequals", "\"login.unanswered_queries\"\nequals");
    let scenario = SCENARIO.replacen(counts, waits, 1);
    let catalog = saiten::probe::catalog([]);
    let scenario = file::parse("made/up", Path::new("made/up"), "scenario.toml", &scenario, &catalog).unwrap();
    let [omitted, applied] = good().map(blind);
    let assessment = assess(&scenario, &subjects(false), &[omitted.clone(), applied]);
    assert_eq!((assessment.fitness, assessment.reasons), (Fitness::Fit, vec![]));
    // Once, not of each lab.
    let said: Vec<String> = assessment.remarks.iter().map(|remark| remark.say(Lang::En)).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("not looked at: \"silent\": "), "{said:?}");
    // Where nobody knows, what is missing is the reason.
    let assessment = assess(&scenario, &subjects(false), &[omitted]);
    assert_eq!((assessment.fitness, assessment.remarks), (Fitness::CannotTell, vec![]));
    assert!(assessment.reasons.len() > 1);
}

#[test]
fn what_could_not_be_looked_at_is_nobodys_fault_and_said_once() {
    let looked_at = |outcome: &Outcome, finding: Option<Phrase>| {
        let mut arms = [ArmName::Omitted, ArmName::Applied].map(|name| ArmEvidence::new(name, Vec::new()));
        arms.iter_mut().for_each(|arm| arm.outcome = outcome.clone());
        arms[0].findings.extend(finding);
        let assessment = assess(&scenario(), &subjects(true), &arms);
        let said = |reasons: &[Reason]| reasons.iter().map(|reason| reason.say(Lang::En)).collect::<Vec<_>>();
        (assessment.fitness, said(&assessment.reasons), said(&assessment.remarks))
    };
    let refused = Outcome::Error { phase: Phase::Up, message: "ssh: Permission denied".into() };
    let (fitness, reasons, _) = looked_at(&refused, None);
    assert_eq!(fitness, Fitness::CannotTell);
    assert_eq!(reasons, ["it could not be looked at: ssh: Permission denied"]);
    let as_meant = Outcome::Unsupported { reason: Phrase::new("unsupported-only-looked-at") };
    let failed = finding("cannot-tell-command", &[("number", "1"), ("fix", "a"), ("status", "4"), ("output", "oh")]);
    let (fitness, reasons, _) = looked_at(&as_meant, Some(failed));
    assert_eq!(fitness, Fitness::CannotTell);
    assert!(reasons[0].contains("fix 1, a (No names), was not run on server"), "{reasons:?}");
    let copies = finding("finding-tried-on-copies", &[("files", FILE)]);
    let (fitness, reasons, remarks) = looked_at(&as_meant, Some(copies));
    assert_eq!((fitness, reasons.len(), remarks.len()), (Fitness::Fit, 0, 1), "{remarks:?}");
}
