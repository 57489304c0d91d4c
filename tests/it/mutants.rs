//! Mutants of the fixes: which are made, that the engine runs them, and what is said of checks that notice none.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use saiten::arm::ArmName;
use saiten::evidence::bundle::{Bundle, RunRecord, ScenarioRecord};
use saiten::evidence::{ArmEvidence, EditRecord, Outcome, Phase};
use saiten::lab::scripted::Reply;
use saiten::mutant::{self, kill};
use saiten::report::{proof, results, terminal, write_all};
use saiten::run::Wanted;
use saiten::scenario::mutant::{Mutant, MutantKind, Mutation, Restricted};
use saiten::scenario::submission::Step;
use saiten::scenario::{Lang, Scenario, Text, file};
use saiten::verdict::Verdict;

use crate::engine::{Lab, on_paused_time};
use crate::judge::{arm, record, scenario};

/// All shipped scenarios.
fn shipped() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = |dir: &Path| -> BTreeSet<_> { fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let catalog = saiten::probe::catalog(saiten::lab::sources::names(&root.join("containers")));
    let dirs = below(&root.join("scenarios")).into_iter().flat_map(|family| below(&family));
    dirs.map(|dir| file::read(&dir.join("scenario.toml"), &catalog).map_err(|_| dir).unwrap()).collect()
}

#[test]
fn each_shipped_scenario_has_its_mutants() {
    let mut listed = String::new();
    for scenario in shipped() {
        writeln!(listed, "{}", scenario.id).unwrap();
        for mutant in mutant::mutants(&scenario) {
            let steps = mutant.steps.len();
            writeln!(listed, "  {} [{}] {} ({steps} steps)", mutant.name, mutant.on.join(" "), mutant.what).unwrap();
        }
    }
    insta::assert_snapshot!("mutants_shipped", listed);
}

#[test]
fn no_mutant_is_another_or_the_reference() {
    for scenario in shipped() {
        let all = mutant::mutants(&scenario);
        let names: BTreeSet<&String> = all.iter().map(|mutant| &mutant.name).collect();
        assert_eq!(names.len(), all.len(), "{}", scenario.id);
        for (at, mutant) in all.iter().enumerate() {
            assert!(!mutant.steps.is_empty() && !mutant.name.contains(['/', ':', '@', ' ']), "{}", mutant.name);
            assert!(all[..at].iter().all(|other| other.steps != mutant.steps), "{}", mutant.name);
        }
    }
}

const TWO_FIXES: &str = r#"
title.en = "A made-up lab"
[networks.lan]
subnet = "192.168.1.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
start = "systemctl start daemon"
[[fixes]]
name = "colour"
on = "server"
run = '''
cp /etc/d /etc/d.old
sed "s/colour red/colour green/" /etc/d.old > /etc/d
'''
activate = "systemctl restart daemon"
edits = ["/etc/d"]
[[fixes]]
name = "size"
on = "server"
run = 'echo "size large" >> /etc/d'
activate = "systemctl restart daemon"
edits = ["/etc/d"]
[[probes]]
name = "look"
kind = "command"
from = "server"
to = "server"
samples = 1
with = { run = "measure" }
[[checks]]
name = "leaks-nothing"
metric = "look.value"
equals = 0
"#;

fn two_fixes() -> Scenario {
    file::parse("made/up", Path::new("made/up"), "scenario.toml", TWO_FIXES, &saiten::probe::catalog([])).unwrap()
}

/// The arm with all fixes, as its evidence tells what they changed.
fn edited() -> ArmEvidence {
    let mut applied = ArmEvidence::new(ArmName::Applied, vec!["colour".to_owned(), "size".to_owned()]);
    applied.outcome = Outcome::Measured;
    let edit = |fix: &str, diff: &str| EditRecord {
        fix: fix.to_owned(),
        endpoint: "server".to_owned(),
        path: "/etc/d".to_owned(),
        diff: diff.to_owned(),
    };
    applied.edits = vec![
        edit("colour", "--- /etc/d\n+++ /etc/d\n@@ -1,2 +1,2 @@\n # first\n-colour red\n+colour green\n"),
        edit("size", "--- /etc/d\n+++ /etc/d\n@@ -2 +2,2 @@\n colour green\n+size large\n"),
    ];
    let files = applied.files.entry("server".to_owned()).or_default();
    files.insert("/etc/d".to_owned(), "# first\ncolour green\nsize large\n".to_owned());
    applied
}

#[test]
fn mutants_are_the_fixes_with_one_thing_wrong() {
    let scenario = two_fixes();
    let all = mutant::mutants(&scenario).into_iter().chain(mutant::reverts(&scenario, &edited()));
    let mut told = String::new();
    for mutant in all.filter(|mutant| mutant.kind != MutantKind::Liars) {
        writeln!(told, "{}: {}", mutant.name, mutant.what).unwrap();
        for step in &mutant.steps {
            let Step::Run { on, run } = step else { panic!("{step:?}") };
            writeln!(told, "  {on}: {}", run.trim().replace('\n', "\n    ")).unwrap();
        }
    }
    insta::assert_snapshot!("mutants_made", told);
    let only = vec![MutantKind::Stopped, MutantKind::Reverted];
    let because = Text { en: "it is slow".to_owned(), ja: None };
    let restricted = Scenario { mutants: Some(Restricted { only, because }), ..scenario };
    let kinds: Vec<MutantKind> = mutant::mutants(&restricted).iter().map(|mutant| mutant.kind).collect();
    assert_eq!(kinds, [MutantKind::Stopped]);
    assert_eq!(mutant::reverts(&restricted, &edited()).len(), 2);
}

#[test]
fn the_engine_runs_mutants_in_place_of_the_fixes_and_puts_files_back_once_it_has_seen_them_change() {
    on_paused_time(async {
        let mut lab = Lab::new()
            .answer(|machine, line| {
                (line == "measure").then(|| Reply::prints(if machine.contains("applied") { "0" } else { "4" }))
            })
            .answer(|machine, line| {
                let mended = machine.contains("applied");
                (line == "tail /etc/d" && mended).then(|| Reply::prints("# first\ncolour green\n"))
            });
        lab.text = TWO_FIXES.to_owned();
        lab.mutants = Some(Wanted::default());
        let done = lab.run().await;
        let names: Vec<String> = done.arms[0].iter().map(|arm| arm.name.to_string()).collect();
        assert_eq!(names, done.record.scenarios[0].arms);
        assert_eq!(names[..3], ["omitted", "applied", "mutant:left-out-colour"]);
        let mutation = done.record.scenarios[0].mutation.as_ref().unwrap();
        assert!(mutation.is_whole && mutation.mutants.len() + 2 == names.len(), "{names:?}");
        let log = lab.log_of("mutant-left-out-colour");
        assert!(log.iter().any(|line| line.contains("size large")), "{log:?}");
        assert!(!log.iter().any(|line| line.contains("colour green")), "{log:?}");
        assert!(log.contains(&"run server: systemctl restart daemon".to_owned()), "{log:?}");

        lab.mutants = Some(Wanted { only: Some("stopped".to_owned()) });
        let done = lab.run().await;
        let mutation = done.record.scenarios[0].mutation.as_ref().unwrap();
        assert!(!mutation.is_whole);
        assert_eq!(
            mutation.mutants.iter().map(|mutant| mutant.name.as_str()).collect::<Vec<_>>(),
            ["stopped-server-daemon"]
        );
    });
}

fn made(name: &str, kind: MutantKind, what: &str) -> Mutant {
    Mutant { name: name.to_owned(), kind, what: what.to_owned(), on: vec!["server".to_owned()], steps: Vec::new() }
}

/// The judged scenario's arms: slow and asking without the fixes, quick and silent with them, and three mutants.
fn arms() -> Vec<ArmEvidence> {
    let mut lost = arm("mutant:lost", &[], &[]);
    lost.outcome = Outcome::Error { phase: Phase::Up, message: "no space left".to_owned() };
    vec![
        arm("omitted", &[], &[(4.0, 1.0), (4.0, 1.0), (4.1, 1.0)]),
        arm("applied", &["a", "b"], &[(0.5, 0.0), (0.5, 0.0), (0.5, 0.0)]),
        arm("mutant:left-out-a", &[], &[(0.5, 1.0), (0.5, 1.0), (0.5, 1.0)]),
        arm("mutant:left-out-b", &[], &[(0.5, 0.0), (0.5, 0.0), (0.5, 0.0)]),
        lost,
    ]
}

fn mutation() -> Mutation {
    let mutants = vec![
        made("left-out-a", MutantKind::LeftOut, "a"),
        made("left-out-b", MutantKind::LeftOut, "b"),
        made("lost", MutantKind::Liars, ""),
    ];
    Mutation { is_whole: true, mutants }
}

#[test]
fn a_check_must_notice_a_mutant() {
    let none = std::collections::BTreeMap::new();
    let kills = kill::kills(&scenario(), &arms(), &mutation(), &none);
    let told: Vec<(&str, usize, usize)> =
        kills.checks.iter().map(|check| (check.name.as_str(), check.kills.len(), check.alone.len())).collect();
    // The arm without fixes counts, also for a check whose symptom is another metric.
    assert_eq!(told, [("quick", 1, 0), ("silent", 2, 1)]);
    assert!(kills.checks.iter().all(|check| check.verdict == Some(Verdict::Pass)));
    let survivors: Vec<String> = kills.fates.iter().filter(|fate| fate.survives()).map(kill::Fate::name).collect();
    assert_eq!(survivors, ["left-out-b"]);
    // Of some mutants alone nobody can say.
    let some = Mutation { is_whole: false, ..mutation() };
    assert!(kill::kills(&scenario(), &arms(), &some, &none).checks.iter().all(|check| check.verdict.is_none()));
}

#[test]
fn a_check_that_notices_none_is_vacuous_and_one_that_nobody_could_ask_is_not() {
    let mut blind = scenario();
    // It holds in every arm, and its symptom is another metric.
    blind.checks[0].bounds = blind.checks[1].bounds.clone();
    blind.checks[0].metric = saiten::measure::MetricName::new("login", "unanswered");
    let with_constant = |mut arm: ArmEvidence| {
        let probe = arm.probes.get_mut("login").unwrap();
        probe.units.insert("unanswered".to_owned(), saiten::measure::Unit::Count);
        probe.samples.iter_mut().for_each(|sample| {
            let _ = sample.readings.insert("unanswered".to_owned(), 0.0);
        });
        arm
    };
    let all: Vec<ArmEvidence> = arms().into_iter().map(with_constant).collect();
    let none = std::collections::BTreeMap::new();
    let verdict_of = |mutation: &Mutation| kill::kills(&blind, &all, mutation, &none).checks[0].verdict;
    assert_eq!(verdict_of(&mutation()), Some(Verdict::Inconclusive));
    let mut measured = mutation();
    measured.mutants.pop();
    assert_eq!(verdict_of(&measured), Some(Verdict::Vacuous));
}

/// The results with mutants, and what is said of these.
fn proven(lang: Lang, scenario: &Scenario, mutation: Mutation) -> (results::Results, String) {
    let base = record(lang, &arms());
    let own = ScenarioRecord { mutation: Some(mutation), ..base.scenarios[0].clone() };
    let record = RunRecord { scenarios: vec![own], ..base };
    let mut results = results::results(&record, &[(scenario.clone(), arms())]);
    let known = proof::Proven { scenario, record: &record.scenarios[0], arms: &arms() };
    let tables = proof::settle(&mut results, &[known]).tables;
    (results, terminal::mutants(&tables, lang, false))
}

#[test]
fn what_mutants_show_is_told_and_only_a_check_that_checks_nothing_fails_the_run() {
    for (lang, tag) in [(Lang::En, "en"), (Lang::Ja, "ja")] {
        let (results, told) = proven(lang, &scenario(), mutation());
        assert_eq!(results::exit_status(&results), 0, "{told}");
        insta::assert_snapshot!(format!("mutants_{tag}"), told);
    }
    let (results, _) = proven(Lang::En, &scenario(), mutation());
    let part = &results.scenarios[0];
    assert_eq!((part.verdict, part.mutants.len(), part.failed_unread().count()), (Verdict::Pass, 4, 0));
    let cases: Vec<&str> =
        part.checks.iter().filter(|check| check.arm == "mutants").map(|check| check.message.as_str()).collect();
    insta::assert_snapshot!("mutants_cases", cases.join("\n"));
    let dir = tempfile::tempdir().unwrap();
    assert!(write_all(dir.path(), &results).iter().all(|(_, written)| written.is_ok()));
    let junit = fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(junit.contains("silent [mutants]") && !junit.contains("lab [mutant:lost]"), "{junit}");
}

#[test]
fn a_check_that_checks_nothing_ends_the_run_with_two() {
    let mut blind = scenario();
    let again = blind.checks[1].clone();
    // Whatever is asked, it holds.
    blind.checks[0].bounds = vec![saiten::scenario::Bound {
        relation: saiten::scenario::Relation::AtMost,
        limit: saiten::scenario::Limit::Ratio { factor: 9.0, of: ArmName::Omitted },
    }];
    blind.checks[1] = again;
    let mut measured = mutation();
    measured.mutants.pop();
    let (results, told) = proven(Lang::En, &blind, measured.clone());
    assert_eq!(results::exit_status(&results), 2, "{told}");
    assert!(told.contains("it checks nothing"), "{told}");
    let (results, _) = proven(Lang::En, &blind, Mutation { is_whole: false, ..measured });
    assert_eq!(results::exit_status(&results), 0);
}

#[test]
fn a_record_without_mutants_reads_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let own = crate::engine::stored_run(dir.path());
    let record = Bundle::of(&own).read_run().unwrap();
    assert_eq!(record.scenarios[0].mutation, None);
    assert!(!fs::read_to_string(own.join("evidence/run.json")).unwrap().contains("mutation"));
}
