//! Verifying: what makes a machine fit or not, from made-up evidence; the page, the table and the exit status; what cannot be asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use saiten::arm::ArmName;
use saiten::evidence::bundle::{Bundle, RunRecord};
use saiten::evidence::{ArmEvidence, EditRecord, Effective, Outcome, Phase};
use saiten::report::results::{self, Results};
use saiten::report::verify::{self, Untried, Verified};
use saiten::report::{terminal, write_all};
use saiten::scenario::subject::SubjectRecord;
use saiten::scenario::{Lang, Scenario};
use saiten::wording::Phrase;

use crate::judge::{SCENARIO, arm, record, scenario};

const SLOW: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
const QUICK: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[31m]]>";

fn subject(kind: &str, named: &str) -> SubjectRecord {
    SubjectRecord {
        kind: kind.to_owned(),
        named: named.to_owned(),
        facts: BTreeMap::from([("sha256".to_owned(), "0123abcd".to_owned())]),
        is_only_looked_at: false,
    }
}

fn on_trial(named: &str, lang: Lang, arms: &[ArmEvidence]) -> Results {
    let mut record = record(lang, arms);
    record.scenarios[0].subjects.insert("server".to_owned(), subject("image", named));
    results::results(&record, &[(scenario(), arms.to_vec())])
}

fn good() -> Vec<ArmEvidence> {
    vec![arm("omitted", &[], SLOW), arm("applied", &["a", "b"], QUICK)]
}

/// What the fix meets is what the image says already.
fn cured_already() -> Vec<ArmEvidence> {
    let mut applied = arm("applied", &["a", "b"], QUICK);
    applied.edits.push(EditRecord {
        fix: "b".to_owned(),
        endpoint: "server".to_owned(),
        path: "/etc/x".to_owned(),
        diff: String::new(),
    });
    vec![arm("omitted", &[], QUICK), applied]
}

fn broken() -> Vec<ArmEvidence> {
    let mut arms = good();
    for arm in &mut arms {
        arm.outcome = Outcome::Error { phase: Phase::Up, message: format!("no such image {HOSTILE}") };
    }
    arms
}

fn all(lang: Lang) -> Vec<(&'static str, Vec<ArmEvidence>, Results)> {
    let of = |named, arms: Vec<ArmEvidence>| {
        let results = on_trial(named, lang, &arms);
        (named, arms, results)
    };
    let mut uncured = good();
    uncured[1] = arm("applied", &["a", "b"], SLOW);
    let mut dead = good();
    let finding = Phrase::new("unfit-start").with("run", "systemctl start sshd").with("endpoint", "server");
    dead[0].findings.push(finding.with("status", 1).with("output", HOSTILE));
    vec![
        of("fit.tar", good()),
        of("cured-already.tar", cured_already()),
        of("uncured.tar", uncured),
        of("dead.tar", dead),
        of("broken.tar", broken()),
        of("half.tar", vec![arm("omitted", &[], SLOW)]),
    ]
}

#[test]
fn each_answer_has_its_reasons_and_status() {
    for (lang, name) in [(Lang::En, "verify_en"), (Lang::Ja, "verify_ja")] {
        let all = all(lang);
        let statuses: Vec<u8> = all.iter().map(|(_, _, results)| results::exit_status(results)).collect();
        assert_eq!(statuses, [0, 1, 1, 1, 3, 3]);
        let told: Vec<&Results> = all.iter().map(|(_, _, results)| results).collect();
        let said = terminal::fitness(&told, false, lang, false);
        assert!(!said.contains('\u{1b}'));
        insta::assert_snapshot!(name, said);
    }
}

#[test]
fn a_symptom_that_is_absent_is_the_images_failure_in_every_report() {
    let results = on_trial("x.tar", Lang::En, &cured_already());
    let json = String::from_utf8(results::render(&results)).unwrap();
    assert!(!json.contains("\"vacuous\"") && json.contains("\"not_fit\""), "{json}");
    let dir = tempfile::tempdir().unwrap();
    write_all(dir.path(), &results);
    let junit = std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(junit.contains("<failure"), "{junit}");
    assert_eq!(crate::report::violations(&junit), "");
}

/// Two machines, of which the second has another configuration, other packages and other counts.
fn releases() -> Vec<(Scenario, Vec<ArmEvidence>)> {
    let with = |version: &str, effective: &str, counted: f64| {
        let mut arms = good();
        arms[0] = arm("omitted", &[], &[(3.4, counted), (3.6, counted), (3.9, counted)]);
        let before = effective.to_owned();
        arms[0].effective.insert("server".to_owned(), Effective { before, after: String::new() });
        let packages = BTreeMap::from([("openssh-server".to_owned(), version.to_owned())]);
        arms[0].packages.insert("server".to_owned(), packages);
        arms
    };
    vec![
        (scenario(), with("1:8.4p1", "usedns no\nkexalgorithms a", 1.0)),
        (scenario(), with("1:10.0p1", "usedns no\nkexalgorithms b\npersourcepenalties x", 2.0)),
    ]
}

#[test]
fn machines_are_compared_side_by_side() {
    let scenarios = releases();
    for lang in [Lang::En, Lang::Ja] {
        let all: Vec<Verified<'_>> = scenarios
            .chunks(1)
            .zip(["bullseye", "trixie"])
            .map(|(own, suite)| {
                let mut record = record(lang, &own[0].1);
                record.scenarios[0]
                    .subjects
                    .insert("server".to_owned(), subject("release", &format!("debian {suite}")));
                Verified { results: results::results(&record, own), scenarios: own, dir: suite.to_owned() }
            })
            .collect();
        let verification = verify::verification(&all, Vec::new());
        let table = verify::table(&all, &verification, lang);
        insta::assert_snapshot!(format!("verify_table_{lang:?}"), table);
        let dir = tempfile::tempdir().unwrap();
        for (path, written) in verify::write(dir.path(), &all, &verification, lang) {
            assert!(written.is_ok(), "{}", path.display());
        }
        let page = std::fs::read_to_string(dir.path().join("verify.html")).unwrap();
        assert!(page.contains("debian trixie") && page.contains("persourcepenalties") && page.contains("0123abcd"));
    }
}

#[test]
fn a_page_is_whole_and_harmless_whatever_the_image_says() {
    let arms = broken();
    let scenarios = vec![(scenario(), arms.clone())];
    let results = on_trial(HOSTILE, Lang::Ja, &arms);
    let all = [Verified { results, scenarios: &scenarios, dir: String::new() }];
    let dir = tempfile::tempdir().unwrap();
    verify::write(dir.path(), &all, &verify::verification(&all, Vec::new()), Lang::Ja);
    let page = std::fs::read_to_string(dir.path().join("verify.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains('\u{1b}') && page.ends_with("</html>"), "{page}");
    // One machine alone has nothing to be compared with.
    assert_eq!(verify::table(&all, &verify::verification(&all, Vec::new()), Lang::En), "");
}

fn refused(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    let command = command.arg("--root").arg(root).arg("verify").args(arguments).current_dir(dir.path());
    let done = command.env("LC_ALL", "C").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    // Nothing was begun, and so nothing is left.
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    said
}

#[test]
fn what_cannot_be_asked_for_is_said_before_anything_is_begun() {
    let slow = "ssh/slow-login";
    for (arguments, part) in [
        (vec![slow], "--image ENDPOINT=IMAGE"),
        (vec![slow, "--image", "server"], "ENDPOINT=WHAT"),
        (vec![slow, "--image", "=x"], "ENDPOINT=WHAT"),
        (vec![slow, "--image", "serverr=x.tar"], "it has client, server"),
        (vec![slow, "dns/suffix", "--image", "router=x.tar"], "no endpoint `router`"),
        (vec![slow, "--host", "server=a b"], "--host server=a b"),
        (vec![slow, "--apply"], "--host"),
        (vec![slow, "--matrix", "ubuntu=noble"], "debian=RELEASE"),
        (vec![slow, "--matrix", "debian=12"], "code name"),
        (vec![slow, "--matrix", "debian=trixie,../x"], "code name"),
        (vec![slow, "--matrix", "debian=trixie", "--image", "server=x"], "--matrix"),
        (
            vec![slow, "--image", "server=a", "--image", "server=b", "--image", "client=a", "--image", "client=b"],
            "only one endpoint",
        ),
        (vec![slow, "--host", "server=127.0.0.1", "--known-hosts", "x"], "--apply or --fit"),
        (vec![slow, "--fit", "--image", "server=x", "--known-hosts", "x"], "--host"),
        (vec![slow, "--fit", "--host", "server=127.0.0.1", "--apply"], "--fit"),
        (vec!["ssh/slow-logn", "--image", "server=x"], "did you mean"),
    ] {
        let said = refused(&arguments);
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

/// A run's record of a machine on trial, and what its labs left below a directory.
fn stored(dir: &Path, lang: Lang, machine: SubjectRecord, arms: &[ArmEvidence]) -> RunRecord {
    let mut record = record(lang, arms);
    record.scenarios[0].subjects.insert("server".to_owned(), machine);
    let bundle = Bundle::of(dir);
    bundle.write_scenario("made/up", SCENARIO).unwrap();
    arms.iter().for_each(|arm| bundle.write_arm("made/up", arm).unwrap());
    bundle.write_run(&record).unwrap();
    record
}

/// Judges again; exit status, standard output and standard error.
fn regraded(dir: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    let done = command.arg("--root").arg(root).arg("regrade").arg(dir).args(more).env("LC_ALL", "C").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

#[test]
fn what_was_verified_is_judged_again_to_the_same_answer_each_alone_and_all_together() {
    let dir = tempfile::tempdir().unwrap();
    let scenarios =
        [("1-fit.tar", good()), ("2-cured.tar", cured_already())].map(|(name, arms)| (name, vec![(scenario(), arms)]));
    let verified = |(name, own): &(&'static str, Vec<(Scenario, Vec<ArmEvidence>)>)| {
        let record = stored(&dir.path().join(name), Lang::Ja, subject("image", &name[2..]), &own[0].1);
        results::results(&record, own)
    };
    let results: Vec<Results> = scenarios.iter().map(verified).collect();
    let all: Vec<Verified<'_>> = scenarios
        .iter()
        .zip(&results)
        .map(|((name, own), results)| Verified { results: results.clone(), scenarios: own, dir: (*name).to_owned() })
        .collect();
    let untried = Untried { dir: "3-none.tar".to_owned(), why: "no such image".to_owned() };
    let verification = verify::verification(&all, vec![untried]);
    verify::write(dir.path(), &all, &verification, Lang::Ja).into_iter().for_each(|(_, written)| written.unwrap());
    let reports = || ["verify.html", "verify.json"].map(|name| std::fs::read(dir.path().join(name)).unwrap());
    let before = reports();
    assert!(String::from_utf8_lossy(&before[0]).contains("no such image"));

    // Whoever speaks which language: the answers stay in the run's. What could not be tried is still open.
    let (status, said, errors) = regraded(dir.path(), &[]);
    assert_eq!((status, errors.lines().count()), (Some(3), 1), "{errors}");
    assert!(errors.contains("3-none.tar: no such image"), "{errors}");
    let told: Vec<&Results> = results.iter().collect();
    assert!(said.contains(&terminal::fitness(&told, false, Lang::Ja, false)), "{said}");
    assert!(said.contains(&verify::table(&all, &verification, Lang::Ja)), "{said}");
    assert!(reports() == before);
    for (own, (name, _)) in results.iter().zip(&scenarios) {
        assert_eq!(std::fs::read(dir.path().join(name).join("results.json")).unwrap(), results::render(own));
    }

    let (status, said, _) = regraded(&dir.path().join("2-cured.tar"), &[]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains(&terminal::fitness(&[&results[1]], false, Lang::Ja, false)), "{said}");
    let out = dir.path().join("elsewhere");
    let (status, said, _) = regraded(&dir.path().join("1-fit.tar"), &["--out", out.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{said}");
    assert!(out.join("verify.html").is_file() && out.join("verify.json").is_file(), "{said}");
    assert!(!dir.path().join("1-fit.tar/verify.json").exists());
}

#[test]
fn what_was_only_looked_at_is_told_again_with_its_facts() {
    let dir = tempfile::tempdir().unwrap();
    let arms = [ArmName::Omitted, ArmName::Applied].map(|name| {
        let mut arm = ArmEvidence::new(name, Vec::new());
        arm.outcome = Outcome::Unsupported { reason: Phrase::new("unsupported-only-looked-at") };
        arm
    });
    let machine = SubjectRecord { is_only_looked_at: true, ..subject("image", "lab.tar") };
    stored(dir.path(), Lang::En, machine, &arms);
    let (status, said, errors) = regraded(dir.path(), &[]);
    assert_eq!(status, Some(0), "{said}{errors}");
    assert!(said.starts_with("\nfit  made/up  server = lab.tar\n    sha256  0123abcd\n"), "{said}");
}

#[test]
fn a_list_of_machines_that_was_tampered_with_leads_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    stored(&dir.path().join("other"), Lang::En, subject("image", "x.tar"), &good());
    let report = dir.path().join("report");
    std::fs::create_dir(&report).unwrap();
    for leads in ["../other", "", ".", "a/b", "/etc"] {
        let text = format!("{{\"machines\": [{{\"dir\": {leads:?}}}]}}");
        std::fs::write(report.join("verify.json"), text).unwrap();
        let (status, said, errors) = regraded(&report, &[]);
        assert_eq!((status, said.as_str()), (Some(3), ""), "{leads}");
        assert!(errors.contains("run.json"), "{errors}");
    }
}
