//! Reports: what people and machines read of the same result; hostile text comes through harmless; XML that Jenkins takes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use saiten::evidence::{ArmEvidence, Outcome, Phase};
use saiten::report::results::{self, Results};
use saiten::report::{terminal, write_all};
use saiten::scenario::Lang;
use saiten::wording::Phrase;

use crate::judge::{arm, record, scenario};

const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
const HOSTILE: &str = "a ]]> b \u{1b}[31mred\u{1b}[0m \u{0}nul \u{fffe} <tag a='1'> & 日本語 😀\nnext line";

fn results_of(lang: Lang, arms: Vec<ArmEvidence>) -> Results {
    results::results(&record(lang, &arms), &[(scenario(), arms)])
}

/// One result for each verdict.
fn all_verdicts(lang: Lang) -> Vec<(&'static str, Results)> {
    let (omitted, applied) = (arm("omitted", &[], SLOW), arm("applied", &["a", "b"], QUICK));
    let mut unclear = arm("applied", &["a", "b"], &[(0.9, 0.0), (1.05, 0.0), (1.4, 0.0)]);
    unclear.findings.push(
        Phrase::new("finding-nothing-changed").with("fix", "a").with("endpoint", "server").with("path", "/etc/x"),
    );
    let mut broken = arm("applied", &["a", "b"], &[]);
    broken.outcome = Outcome::Error { phase: Phase::Ready, message: HOSTILE.to_owned() };
    let mut lacking = omitted.clone();
    lacking.outcome =
        Outcome::Unsupported { reason: Phrase::new("verdict-unsupported").with("missing", "kernel-esp: no ESP") };
    vec![
        ("pass", results_of(lang, vec![omitted.clone(), applied.clone()])),
        ("fail", results_of(lang, vec![omitted.clone(), arm("applied", &["a", "b"], SLOW)])),
        ("vacuous", results_of(lang, vec![arm("omitted", &[], QUICK), applied.clone()])),
        ("inconclusive", results_of(lang, vec![omitted.clone(), unclear])),
        ("unsupported", results_of(lang, vec![lacking, applied])),
        ("error", results_of(lang, vec![omitted, broken])),
    ]
}

fn with_effects(lang: Lang) -> Results {
    results_of(
        lang,
        vec![
            arm("omitted", &[], SLOW),
            arm("applied", &["a", "b"], QUICK),
            arm("only:a", &["a"], QUICK),
            arm("only:b", &["b"], &[(3.5, 1.0), (3.7, 1.0), (4.4, 1.0)]),
        ],
    )
}

fn junit(results: &Results) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (path, written) in write_all(dir.path(), results) {
        assert!(written.is_ok(), "{}", path.display());
    }
    fs::read_to_string(dir.path().join("junit.xml")).unwrap()
}

#[test]
fn exit_statuses_are_those_of_the_manual() {
    let status: Vec<(&str, u8)> =
        all_verdicts(Lang::En).iter().map(|(name, results)| (*name, results::exit_status(results))).collect();
    let wanted = [("pass", 0), ("fail", 1), ("vacuous", 2), ("inconclusive", 3), ("unsupported", 0), ("error", 3)];
    assert_eq!(status, wanted);
    let mut strict = all_verdicts(Lang::En).remove(4).1;
    strict.run.strict = true;
    assert_eq!(results::exit_status(&strict), 3);
    strict.run.interrupted = true;
    assert_eq!(results::exit_status(&strict), 130);
}

#[test]
fn the_summary_reads_well_in_both_languages() {
    for (lang, tag) in [(Lang::En, "en"), (Lang::Ja, "ja")] {
        let all: String =
            all_verdicts(lang).iter().map(|(_, results)| terminal::summary(results, lang, false)).collect();
        insta::assert_snapshot!(format!("summary_{tag}"), all);
        insta::assert_snapshot!(format!("effects_{tag}"), terminal::summary(&with_effects(lang), lang, false));
    }
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let results = with_effects(Lang::En);
    assert!(!terminal::summary(&results, Lang::En, false).contains('\u{1b}'));
    assert!(terminal::summary(&results, Lang::En, true).contains('\u{1b}'));
}

#[test]
fn results_are_versioned_and_follow_their_schema() {
    let results = with_effects(Lang::En);
    let json: serde_json::Value = serde_json::from_slice(&results::render(&results)).unwrap();
    assert_eq!(json["version"], 1);
    insta::assert_snapshot!("results_json", String::from_utf8(results::render(&results)).unwrap());
    // Every key that is written is in the schema, at its place.
    let schema = results::schema();
    let known = |definition: &serde_json::Value| -> BTreeSet<String> {
        definition["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let written =
        |value: &serde_json::Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(written(&json), known(&schema));
    for (part, value) in [
        ("RunPart", &json["run"]),
        ("ScenarioPart", &json["scenarios"][0]),
        ("ArmPart", &json["scenarios"][0]["arms"][0]),
        ("CheckPart", &json["scenarios"][0]["checks"][0]),
        ("MeasurementPart", &json["scenarios"][0]["arms"][0]["measurements"][0]),
    ] {
        assert_eq!(written(value), known(&schema["$defs"][part]), "{part}");
    }
}

/// What libxml2 says against a document, by Jenkins' schema. `ci/setup` installs xmllint.
pub fn violations(xml: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("junit.xml");
    fs::write(&file, xml).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemas/junit-jenkins-xunit-10.xsd");
    let checked = Command::new("xmllint").args(["--noout", "--schema", schema]).arg(&file).output();
    let checked = checked.expect("xmllint is needed: `ci/setup` installs it (Debian: libxml2-utils)");
    if checked.status.success() { String::new() } else { String::from_utf8_lossy(&checked.stderr).into_owned() }
}

#[test]
fn junit_is_what_jenkins_takes_whatever_the_verdict() {
    for (name, results) in all_verdicts(Lang::Ja) {
        let xml = junit(&results);
        assert_eq!(violations(&xml), "", "{name}\n{xml}");
    }
    // The schema does refuse: or all of this would prove nothing.
    let xml = junit(&all_verdicts(Lang::En).remove(0).1);
    assert!(!violations(&xml.replacen("<testcase ", "<testcase colour=\"red\" ", 1)).is_empty());
    assert!(!violations(&xml.replacen(" time=\"", " time=\"1e-5", 1)).is_empty());
}

#[test]
fn hostile_text_is_harmless_in_every_report() {
    let results = all_verdicts(Lang::En).remove(5).1;
    let xml = junit(&results);
    insta::assert_snapshot!("junit_hostile", xml.replace("><", ">\n<"));
    let summary = terminal::summary(&results, Lang::En, false);
    let json = String::from_utf8(results::render(&results)).unwrap();
    for text in [&xml, &summary, &json] {
        assert!(text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{text}");
        assert!(text.contains("日本語"), "{text}");
    }
}

#[test]
fn names_of_cases_are_unique() {
    let xml = junit(&with_effects(Lang::En));
    let names: Vec<&str> = xml.split("<testcase name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert_eq!(names[0], "quick [omitted]");
}

/// Every phrase that the source asks for is in the word list, and every one in the list is asked for.
#[test]
fn the_word_list_is_complete_and_has_nothing_left_over() {
    let mut source = String::new();
    let mut left = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                source.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let list = include_str!("../../src/wording/en.ftl");
    let ids: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|line| line.split(" =").next().unwrap())
        .collect();
    for id in &ids {
        assert!(source.contains(&format!("\"{id}\"")), "{id} is said nowhere");
    }
    for piece in source.split("Phrase::new(\"").skip(1) {
        let id = piece.split('"').next().unwrap();
        assert!(ids.contains(&id), "{id} is not in the word list");
    }
}
