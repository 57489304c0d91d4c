//! The command line without an engine: exit statuses, error texts, files that are whole or not there.

use std::path::Path;
use std::process::{Command, Output};

fn saiten(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).env("LANG", "C").env_remove("LC_ALL");
    // No test of this file may reach an engine, nor a store.
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").env("SAITEN_BACKEND", "docker").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

#[test]
fn list_names_every_scenario() {
    let output = saiten(&["list"]);
    assert_eq!(status(&output), 0);
    assert!(text(&output).contains("ssh/slow-login") && text(&output).contains("ssh/address-family"));
    let japanese = saiten(&["list", "--lang", "ja"]);
    assert!(text(&japanese).contains("sshでログインするのに時間がかかるのはなぜ?"), "{}", text(&japanese));
    let json = saiten(&["list", "--json"]);
    let all: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let ids: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.contains(&"ssh/slow-login") && ids.contains(&"dns/upstream-queries"), "{ids:?}");
}

#[test]
fn shipped_scenarios_are_valid() {
    let list: serde_json::Value = serde_json::from_slice(&saiten(&["list", "--json"]).stdout).unwrap();
    let mut words = vec!["check", "scenarios/ssh/address-family", "scenarios/ssh/slow-login/scenario.toml"];
    words.extend(list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()));
    let output = saiten(&words);
    assert_eq!(status(&output), 0, "{}", text(&output));
}

#[test]
fn check_says_all_problems_of_all_files() {
    let bad = "tests/it/bad/misspelt-everywhere.toml";
    let output = saiten(&["check", bad, "nowhere.toml", "src", "ssh/slow-login"]);
    assert_eq!(status(&output), 2);
    let said = text(&output);
    assert!(
        said.contains("misspelt-everywhere.toml") && said.contains("nowhere.toml") && said.contains("slow-login"),
        "{said}"
    );
    assert!(said.matches("error").count() >= 3, "{said}");
}

#[test]
fn wrong_command_lines_end_with_2_and_a_hint() {
    for (arguments, hint) in [
        (&["run", "ssh/slow-logn"][..], "did you mean ssh/slow-login?"),
        (&["run", "--arms", "some"], "pair"),
        (&["run", "--jobs", "0"], "1..=256"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["list", "--root", "/"], "scenarios/"),
        (&["up", "ssh/slow-login", "--arm", "only:nothing"], "usedns-no"),
        (&["up", "ssh/slow-login", "--arm", "everything"], "only:<fix>"),
        (&["run", "--out", "Cargo.toml", "ssh/slow-login"], "--out DIR"),
        (&["run", "--out", "Cargo.toml/x", "ssh/slow-login"], "cannot write"),
    ] {
        let output = saiten(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(hint), "{arguments:?}: {}", text(&output));
    }
}

#[test]
fn no_engine_is_3_with_a_way_out_and_doctor_says_it_too() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("report");
    let output = saiten(&["run", "ssh/slow-login", "--out", out.to_str().unwrap()]);
    assert_eq!(status(&output), 3);
    assert!(text(&output).contains("DOCKER_HOST"), "{}", text(&output));
    let output = saiten(&["doctor"]);
    assert_eq!(status(&output), 3);
    assert!(text(&output).contains("✗") && text(&output).contains("ssh/slow-login"), "{}", text(&output));
    let json = saiten(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(found["healthy"], false);
}

/// Neither backend works here; each says so in its own way.
#[test]
fn the_command_line_the_environment_and_a_file_choose_the_backend_in_this_order() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("saiten/config.toml");
    std::fs::create_dir(dir.path().join("saiten")).unwrap();
    let tried = |flag: &[&str], variable: &str, settled: &str| {
        std::fs::write(&file, settled).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["images", "list"]).args(flag);
        command.env("XDG_CONFIG_HOME", dir.path()).env("LANG", "C").env_remove("LC_ALL");
        // A store inside a file is none.
        command.env("SAITEN_STORE", file.join("store")).env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        let output = command.env("SAITEN_BACKEND", variable).output().unwrap();
        assert_eq!(status(&output), 3, "{}", text(&output));
        text(&output)
    };
    let (native, docker, neither) = ("the native backend does not work here", "docker.sock", "no backend works here");
    for (flag, variable, settled, said) in [
        (&[][..], "", "", neither),
        (&[], "", "backend = \"native\"", native),
        (&[], "", "backend = \"docker\"", docker),
        (&[], "native", "backend = \"docker\"", native),
        (&["--backend", "docker"], "native", "backend = \"native\"", docker),
        (&["--backend", "auto"], "native", "backend = \"docker\"", neither),
    ] {
        let answer = tried(flag, variable, settled);
        assert!(answer.contains(said), "{flag:?} {variable} {settled}: {answer}");
        assert!(said != docker || !answer.contains("native"), "{flag:?} {variable} {settled}: {answer}");
    }
}

#[test]
fn schemas_are_json_schemas() {
    for arguments in [&["schema"][..], &["schema", "--results"]] {
        let output = saiten(arguments);
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(schema["$schema"].as_str().unwrap().contains("2020-12"), "{arguments:?}");
        assert!(schema["properties"].as_object().unwrap().len() >= 3);
    }
}

#[test]
fn completions_are_printed_and_a_closed_pipe_is_no_error() {
    let output = saiten(&["completions", "bash"]);
    assert!(status(&output) == 0 && text(&output).contains("saiten"));
    let piped = Command::new("sh")
        .args(["-c", "set -o pipefail 2>/dev/null; \"$0\" schema | head -c 10", env!("CARGO_BIN_EXE_saiten")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(!text(&piped).contains("panicked"), "{}", text(&piped));
}

#[test]
fn evidence_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let output = saiten(&["regrade", path]);
    assert_eq!(status(&output), 3);
    assert!(text(&output).contains("run.json"), "{}", text(&output));
    std::fs::create_dir(dir.path().join("evidence")).unwrap();
    for rubbish in ["", "{}", "[1,2", "{\"version\": 99}"] {
        std::fs::write(dir.path().join("evidence/run.json"), rubbish).unwrap();
        let output = saiten(&["regrade", path]);
        assert_eq!(status(&output), 3, "{rubbish}: {}", text(&output));
        assert!(!text(&output).contains("panicked"), "{}", text(&output));
    }
}

/// A full disk, as a limit on the size of files: nothing half-written stays, and the run says so.
#[test]
fn a_disk_that_is_full_leaves_no_half_written_report() {
    let dir = tempfile::tempdir().unwrap();
    let stored = crate::engine::stored_run(dir.path());
    let out = dir.path().join("again");
    let line = "trap '' XFSZ; ulimit -f 1; exec \"$0\" regrade \"$1\" --out \"$2\"";
    let output = Command::new("bash")
        .args(["-c", line, env!("CARGO_BIN_EXE_saiten")])
        .args([&stored, &out])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(status(&output), 3, "{}", text(&output));
    assert!(text(&output).contains("results.json"), "{}", text(&output));
    let left = files(&out);
    assert!(!left.iter().any(|name| name == "results.json" || name.starts_with('.')), "{left:?}");
}

#[test]
fn a_judgement_again_is_the_same_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let stored = crate::engine::stored_run(dir.path());
    let judge = |name: &str| {
        let out = dir.path().join(name);
        let output = saiten(&["regrade", stored.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        assert_eq!(status(&output), 0, "{}", text(&output));
        ["results.json", "junit.xml"].map(|file| std::fs::read(out.join(file)).unwrap())
    };
    assert!(judge("one") == judge("two"));
}

fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_cannot_be_verified_is_said_before_any_engine_is_asked() {
    let verify = |more: &[&str]| saiten(&[&["verify", "ssh/slow-login"], more].concat());
    for (more, hint) in [
        (&[][..], "nothing to verify"),
        (&["--image", "server"], "not ENDPOINT=WHAT"),
        (&["--image", "=x"], "not ENDPOINT=WHAT"),
        (&["--image", "srever=x"], "has no endpoint `srever`; it has client, server"),
        (&["--image", "a\u{1b}[31m=x"], "has no endpoint `a"),
        (
            &["--image", "server=a", "--image", "server=b", "--image", "client=a", "--image", "client=b"],
            "only one endpoint",
        ),
        (&["--fit", "--matrix", "debian=trixie"], "--fit looks at machines that somebody made"),
        (&["--host", "server=a b"], "--host server="),
    ] {
        let output = verify(more);
        let said = text(&output);
        assert_eq!(status(&output), 2, "{more:?}: {said}");
        assert!(said.contains(hint) && !said.contains('\u{1b}'), "{more:?}: {said}");
    }
}
