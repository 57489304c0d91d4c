//! Known submissions as files: what is read, and what is said of those that are not right.

use std::fs;
use std::path::Path;

use saiten::scenario::submission::Step;
use saiten::scenario::{Lang, Scenario, file, submission};

const SCENARIO: &str = r#"
title.en = "A made-up lab"
[networks.lan]
subnet = "192.168.1.0/24"
[endpoints.server]
image = "x:1"
nic.lan = "192.168.1.10"
[[probes]]
name = "look"
kind = "command"
from = "server"
to = "server"
with = { run = "measure" }
[[checks]]
name = "leaks-nothing"
metric = "look.value"
equals = 0
[[reasons]]
name = "not-restarted"
when = [{ metric = "look.ok", equals = 1 }]
text.en = "the daemon was not restarted"
"#;

fn scenario(dir: &Path) -> Scenario {
    file::parse("made/up", dir, "scenario.toml", SCENARIO, &saiten::probe::catalog([])).unwrap()
}

/// Writes a submission's files; `submission.toml` and `server.sh` as a rule.
fn write(dir: &Path, kind: &str, name: &str, files: &[(&str, &str)]) {
    let own = dir.join("submissions").join(kind).join(name);
    fs::create_dir_all(&own).unwrap();
    for (file, text) in files {
        fs::write(own.join(file), text).unwrap();
    }
}

/// What is said of one submission.
fn said(kind: &str, files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), kind, "one", files);
    let problems = submission::read_all(&scenario(dir.path())).unwrap_err();
    let japanese = problems.render(Lang::Ja, false);
    assert!(!japanese.is_ascii(), "{japanese}");
    problems.render(Lang::En, false).replace(&dir.path().display().to_string(), "…")
}

const RUN: (&str, &str) = ("server.sh", "#!/bin/sh\nmend\n");

#[test]
fn good_and_bad_ones_are_read_by_name() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good", "restart", &[("submission.toml", "title.en = \"As printed\""), RUN]);
    let bad = "title.en = \"Forgotten\"\nfails = [\"leaks-nothing\"]\nreasons = [\"not-restarted\"]\n";
    write(dir.path(), "bad", "forgotten", &[("submission.toml", bad), RUN]);
    let read = submission::read_all(&scenario(dir.path())).unwrap();
    let names: Vec<(&str, usize)> = read.iter().map(|one| (one.name.as_str(), one.fails.len())).collect();
    assert_eq!(names, [("restart", 0), ("forgotten", 1)]);
    assert_eq!(read[1].steps, [Step::Run { on: "server".to_owned(), run: RUN.1.to_owned() }]);
    let none = tempfile::tempdir().unwrap();
    assert_eq!(submission::read_all(&scenario(none.path())).unwrap(), []);
}

#[test]
fn what_is_not_right_is_said_with_its_place() {
    let good = "title.en = \"As printed\"";
    let bad = "title.en = \"Forgotten\"\nfails = [\"leaks-nothing\"]\n";
    let cases = [
        said("good", &[RUN]),
        said("good", &[("submission.toml", good)]),
        said("good", &[("submission.toml", bad), RUN]),
        said("bad", &[("submission.toml", good), RUN]),
        said("bad", &[("submission.toml", "title.en = \"x\"\nfails = [\"leak-nothing\"]\nreasons = [\"no\"]"), RUN]),
        said("bad", &[("submission.toml", "fails = 3"), RUN]),
        said("good", &[("submission.toml", good), ("client.sh", "true")]),
        said("good", &[("submission.toml", good), RUN, ("notes.txt", "")]),
        said("good", &[("submission.toml", good), ("server.sh", &"#".repeat(300 << 10))]),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn two_of_one_name_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "good", "same", &[("submission.toml", "title.en = \"a\""), RUN]);
    write(dir.path(), "bad", "same", &[("submission.toml", "title.en = \"b\"\nfails = [\"leaks-nothing\"]"), RUN]);
    assert!(submission::read_all(&scenario(dir.path())).is_err());
}
