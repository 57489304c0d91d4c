//! Needs, reasons and known submissions, from made-up evidence: what a grader must not be fooled by, and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use saiten::evidence::bundle::{RunRecord, ScenarioRecord};
use saiten::evidence::{ArmEvidence, Effective, Outcome, Phase, ProbeEvidence};
use saiten::measure::{Cell, Ladder, Rung, Sample, Unit};
use saiten::report::{proof, results, terminal, write_all};
use saiten::scenario::submission::{Step, Submission};
use saiten::scenario::{Lang, Scenario, Text, file};
use saiten::verdict::{self, Verdict};

use crate::judge;

const SCENARIO: &str = r#"
title.en = "A name server that asks"
title.ja = "問い合わせるDNSサーバ"
[networks.lan]
subnet = "192.168.1.0/24"
[networks.wan]
subnet = "198.51.100.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
nic.wan = "198.51.100.10"
effective = "named-checkconf -p"
[[fixes]]
name = "recursion-no"
on = "server"
run = "true"
[[probes]]
name = "outside"
kind = "dns-lookup"
from = "server"
to = "server"
with = { name = "www.example.com.", by = "raw", outer = "wan" }
[[checks]]
name = "nothing-leaves"
metric = "outside.upstream_packets"
equals = 0
needs = [{ metric = "outside.refused", equals = 1 }]
[[checks]]
name = "no-recursion"
metric = "outside.ra"
equals = 0
[[reasons]]
name = "two-spaces"
checks = ["nothing-leaves"]
when = [{ metric = "outside.ra", equals = 1 }]
on = "server"
effective = { has = "recursion yes" }
file = { path = "/etc/named.conf", has = "recursion  yes" }
text.en = "two blanks"
text.ja = "空白が2つ"
"#;

fn scenario() -> Scenario {
    file::parse("made/up", Path::new("made/up"), "scenario.toml", SCENARIO, &saiten::probe::catalog([])).unwrap()
}

/// An arm in which so many packets left, with these flags.
fn arm(name: &str, packets: u32, refused: bool, ra: bool) -> ArmEvidence {
    let mut arm = ArmEvidence::new(name.parse().unwrap(), Vec::new());
    arm.outcome = Outcome::Measured;
    let flag = |is: bool| f64::from(u8::from(is));
    let readings = BTreeMap::from([
        ("upstream_packets".to_owned(), f64::from(packets)),
        ("refused".to_owned(), flag(refused)),
        ("ra".to_owned(), flag(ra)),
    ]);
    let units = [("upstream_packets", Unit::Count), ("refused", Unit::Flag), ("ra", Unit::Flag)];
    arm.probes.insert(
        "outside".to_owned(),
        ProbeEvidence {
            kind: "dns-lookup".to_owned(),
            units: units.into_iter().map(|(name, unit)| (name.to_owned(), unit)).collect(),
            explained_by: BTreeMap::new(),
            samples: vec![Sample { readings, ladders: vec![ladder(packets)], ..Sample::default() }],
        },
    );
    arm
}

fn ladder(packets: u32) -> Ladder {
    let rung = |from: &str, to: &str, asks: &str, answer: &str| Rung {
        at: 0.0012,
        from: from.to_owned(),
        to: to.to_owned(),
        asks: asks.to_owned(),
        answer: Some(answer.to_owned()),
    };
    let mut rungs = vec![rung("client", "server", "A www.example.com.", "NOERROR ra 198.51.100.80")];
    rungs.extend((0..packets).map(|_| rung("server", "root", "A www.example.com.", "NOERROR")));
    Ladder {
        what: "dig www.example.com. A".to_owned(),
        cell: Some(Cell { name: "www.example.com.".to_owned(), program: "dig".to_owned() }),
        by: Some("client".to_owned()),
        rungs,
        left_out: 0,
        outcome: "198.51.100.80".to_owned(),
    }
}

fn submission(name: &str, fails: &[&str], reasons: &[&str]) -> Submission {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Submission {
        name: name.to_owned(),
        title: Text { en: format!("The one called {name}"), ja: Some(format!("{name}という提出物")) },
        steps: vec![Step::Run { on: "server".to_owned(), run: "true".to_owned() }],
        images: BTreeMap::new(),
        hosts: BTreeMap::new(),
        remarks: Vec::new(),
        fails: set(fails),
        reasons: set(reasons),
    }
}

/// An arm whose configuration has two blanks.
fn two_blanks(mut arm: ArmEvidence) -> ArmEvidence {
    let after = "options { recursion yes; };".to_owned();
    arm.effective.insert("server".to_owned(), Effective { before: String::new(), after });
    let files = arm.files.entry("server".to_owned()).or_default();
    files.insert("/etc/named.conf".to_owned(), "recursion  yes;".to_owned());
    arm
}

fn settled(lang: Lang, arms: Vec<ArmEvidence>, submissions: Vec<Submission>) -> (results::Results, Vec<proof::Row>) {
    let base = judge::record(lang, &arms);
    let own = ScenarioRecord { submissions, ..base.scenarios[0].clone() };
    let record = RunRecord { scenarios: vec![own], ..base };
    let scenario = scenario();
    let mut results = results::results(&record, &[(scenario.clone(), arms.clone())]);
    let known = proof::Proven { scenario: &scenario, record: &record.scenarios[0], arms: &arms };
    let rows = proof::settle(&mut results, &[known]).rows;
    (results, rows)
}

fn verdict_of(arms: &[ArmEvidence], check: &str, arm: &str) -> Verdict {
    let found = verdict::judge(&scenario(), arms);
    let found = found.iter().find(|result| result.name == check && result.arm.to_string() == arm);
    found.unwrap().verdict
}

#[test]
fn what_holds_without_what_it_needs_fails() {
    let omitted = arm("omitted", 4, false, true);
    for (refused, wanted) in [(true, Verdict::Pass), (false, Verdict::Fail)] {
        let arms = [omitted.clone(), arm("applied", 0, refused, false)];
        assert_eq!(verdict_of(&arms, "nothing-leaves", "applied"), wanted);
        // The other check has no needs.
        assert_eq!(verdict_of(&arms, "no-recursion", "applied"), Verdict::Pass);
    }
}

#[test]
fn a_need_that_nobody_measured_is_an_error_and_no_pass() {
    let mut applied = arm("applied", 0, true, false);
    applied.probes.get_mut("outside").unwrap().samples[0].readings.remove("refused");
    let arms = [arm("omitted", 4, false, true), applied];
    assert_eq!(verdict_of(&arms, "nothing-leaves", "applied"), Verdict::Error);
}

#[test]
fn submissions_are_judged_like_the_applied_arm_and_give_no_points() {
    let arms = vec![
        arm("omitted", 4, false, true),
        arm("applied", 0, true, false),
        arm("submission:good", 0, true, false),
        arm("submission:bad", 4, false, true),
    ];
    assert_eq!(verdict_of(&arms, "nothing-leaves", "submission:good"), Verdict::Pass);
    assert_eq!(verdict_of(&arms, "nothing-leaves", "submission:bad"), Verdict::Fail);
    let results = results::results(&judge::record(Lang::En, &arms), &[(scenario(), arms)]);
    assert_eq!((results.scenarios[0].points, results.scenarios[0].points_most), (2, 2));
}

#[test]
fn a_proof_holds_when_each_gets_what_it_must_and_says_what_does_not() {
    let all = ["nothing-leaves", "no-recursion"];
    let mut lost = arm("submission:lost", 0, true, false);
    lost.outcome = Outcome::Error { phase: Phase::Up, message: "no space left".to_owned() };
    let arms = vec![
        arm("omitted", 4, false, true),
        arm("applied", 0, true, false),
        arm("submission:good", 0, true, false),
        two_blanks(arm("submission:two-spaces", 4, false, true)),
        arm("submission:unexplained", 4, false, true),
        arm("submission:fools-us", 0, true, false),
        lost,
    ];
    let submissions = vec![
        submission("good", &[], &[]),
        submission("two-spaces", &all, &["two-spaces"]),
        submission("unexplained", &all, &["two-spaces"]),
        submission("fools-us", &all[..1], &[]),
        submission("lost", &all, &[]),
        submission("never-ran", &all, &[]),
    ];
    for (lang, tag) in [(Lang::En, "en"), (Lang::Ja, "ja")] {
        let (results, rows) = settled(lang, arms.clone(), submissions.clone());
        let right: Vec<bool> = rows.iter().map(|row| row.wrong.is_empty()).collect();
        assert_eq!(right, [true, true, false, false, false, false]);
        // An error is for a person, and worse than a failure.
        assert_eq!(results::exit_status(&results), 3);
        insta::assert_snapshot!(format!("proof_{tag}"), terminal::proof(&rows, lang, false));
    }
    let (results, _) = settled(Lang::En, arms[..4].to_vec(), submissions[..2].to_vec());
    assert_eq!(results::exit_status(&results), 0);
    let (results, _) = settled(Lang::En, arms[..5].to_vec(), submissions[..3].to_vec());
    assert_eq!(results::exit_status(&results), 1);
}

#[test]
fn reasons_are_told_with_the_check_that_fails_and_only_then() {
    let arms = vec![arm("omitted", 4, false, true), two_blanks(arm("applied", 4, false, true))];
    let told = results::results(&judge::record(Lang::Ja, &arms), &[(scenario(), arms)]);
    let checks = &told.scenarios[0].checks;
    let reasons: Vec<&[String]> = checks.iter().map(|check| check.reasons.as_slice()).collect();
    assert_eq!(reasons, [&[][..], &["空白が2つ".to_owned()], &[], &[]]);
    assert!(terminal::summary(&told, Lang::Ja, false).contains("考えられる理由: 空白が2つ"));
}

#[test]
fn ladders_are_told_in_words_and_as_a_file() {
    let arms = vec![arm("omitted", 4, false, true), arm("applied", 0, true, false)];
    for (lang, tag) in [(Lang::En, "en"), (Lang::Ja, "ja")] {
        let told = results::results(&judge::record(lang, &arms), &[(scenario(), arms.clone())]);
        insta::assert_snapshot!(format!("asked_{tag}"), terminal::summary(&told, lang, false));
        let dir = tempfile::tempdir().unwrap();
        write_all(dir.path(), &told).into_iter().for_each(|(_, written)| written.unwrap());
        let text = std::fs::read_to_string(dir.path().join("ladders.txt")).unwrap();
        insta::assert_snapshot!(format!("ladders_{tag}"), text);
    }
}
