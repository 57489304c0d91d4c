//! However a run ends, nothing of it is left, and two runs do not touch each other.

use std::process::Command;

use crate::user::{Background, Labs, On, Run, machines, on_docker, on_each_backend, saiten, text, until};

on_each_backend!(
    kill_9_leaves_nothing,
    one_signal_ends_a_run_in_order_and_its_reports_are_whole,
    a_second_signal_ends_it_at_once,
    a_frozen_harness_is_given_up,
    a_lab_can_be_brought_up_entered_and_ended,
    an_endpoint_that_never_gets_ready_is_told_with_its_log_and_leaves_nothing,
    an_image_that_the_engine_does_not_have_is_named_with_a_way_out,
);

on_docker!(sweep_removes_what_a_dead_run_left_and_nothing_else, no_engine_is_an_error_with_a_way_out);

/// Long after this, in seconds, nobody would end a run's machines any more: a helper that hears nothing gives up after three.
const GONE: f64 = 30.0;

fn kill_9_leaves_nothing(on: On) {
    let mut run = Background::start(on, &["ssh/slow-login"], 6);
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    let gone = run.gone_after();
    assert!(gone < GONE, "{gone} s");
}

fn one_signal_ends_a_run_in_order_and_its_reports_are_whole(on: On) {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut run = Background::start(on, &["ssh/slow-login"], 6);
        run.signal(signal);
        let status = run.child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "{signal}");
        assert_eq!(machines(on, &run.run), Vec::<String>::new(), "{signal}");
        let results = std::fs::read(run.dir.path().join("report/results.json")).unwrap();
        let results: serde_json::Value = serde_json::from_slice(&results).unwrap();
        assert_eq!(results["run"]["interrupted"], true);
        assert!(run.dir.path().join("report/junit.xml").is_file());
    }
}

fn a_second_signal_ends_it_at_once(on: On) {
    let mut run = Background::start(on, &["ssh/slow-login"], 6);
    run.signal("-INT");
    run.signal("-INT");
    run.child.wait().unwrap();
    assert!(run.gone_after() < GONE);
}

fn a_frozen_harness_is_given_up(on: On) {
    let mut run = Background::start(on, &["ssh/slow-login"], 6);
    // Its endpoints have been spoken to; those that have not wait longer.
    let events = run.dir.path().join("report/events.jsonl");
    until("samples", || std::fs::read_to_string(&events).unwrap().contains("login 1/3"));
    run.signal("-STOP");
    let gone = run.gone_after();
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    assert!(gone < GONE + 3.0, "{gone} s");
}

fn sweep_removes_what_a_dead_run_left_and_nothing_else(on: On) {
    let alive = Background::start(on, &["ssh/slow-login"], 6);
    // What a harness leaves that is killed between create and start; its process is one that has never been.
    let mine = saiten::lab::host::Owner::this();
    let dead = saiten::lab::host::Owner { started: mine.started + 1, ..mine };
    // One that no other test removes.
    let images = Command::new("docker").args(["images", "-q", "saiten/sshd"]).output().unwrap();
    let image = text(&images).lines().next().unwrap().to_owned();
    let create = |labels: &[String]| {
        let mut command = Command::new("docker");
        command.args(["create", "--network", "none"]);
        for label in labels {
            command.args(["--label", label]);
        }
        let output = command.args([&image, "/bin/true"]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output).trim().to_owned()
    };
    let left = create(&["saiten.run=dead".to_owned(), format!("saiten.owner={}", dead.label())]);
    let strangers = create(&["unrelated=1".to_owned()]);
    let swept = saiten(on, alive.dir.path()).arg("sweep").output().unwrap();
    assert!(swept.status.success(), "{}", text(&swept));
    let exists = |id: &str| Command::new("docker").args(["inspect", id]).output().unwrap().status.success();
    assert!(!exists(&left), "{}", text(&swept));
    assert!(exists(&strangers), "{}", text(&swept));
    assert!(machines(on, &alive.run).len() >= 6, "{}", text(&swept));
    assert!(Command::new("docker").args(["rm", &strangers]).output().unwrap().status.success());
    let mut alive = alive;
    alive.child.kill().unwrap();
    alive.child.wait().unwrap();
    alive.gone_after();
}

fn a_lab_can_be_brought_up_entered_and_ended(on: On) {
    let dir = Labs::new(on);
    let up = saiten(on, dir.path()).args(["up", "ssh/slow-login", "--arm", "only:usedns-no"]).output().unwrap();
    assert!(up.status.success(), "{}", text(&up));
    let shell = |line: &str| {
        let output = saiten(on, dir.path())
            .args(["shell", "ssh/slow-login", "server", "--", "sh", "-c", line])
            .output()
            .unwrap();
        (output.status.code(), text(&output))
    };
    let (status, said) = shell("sshd -T | grep -i usedns; exit 7");
    assert_eq!((status, said.trim()), (Some(7), "usedns no"));
    let down = saiten(on, dir.path()).args(["down", "ssh/slow-login"]).output().unwrap();
    assert!(down.status.success(), "{}", text(&down));
    let again = saiten(on, dir.path()).args(["shell", "ssh/slow-login", "server"]).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
}

fn an_endpoint_that_never_gets_ready_is_told_with_its_log_and_leaves_nothing(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let path = crate::user::variant(
        dir.path(),
        "ssh/slow-login",
        "never-ready",
        &[("ready = { tcp = 22 }", "ready = { tcp = 2222 }"), ("[[probes]]", "[limits]\nready = \"2s\"\n\n[[probes]]")],
    );
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 3, "{}", run.said);
    let said = run.results.to_string();
    assert!(said.contains("TCP port 2222") && said.contains("Server listening on"), "{said}");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.out().join("evidence/run.json")).unwrap()).unwrap();
    until("nothing to be left", || machines(on, record["run"].as_str().unwrap()).is_empty());
}

fn no_engine_is_an_error_with_a_way_out(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let output = saiten(on, dir.path())
        .args(["run", "ssh/slow-login", "--out"])
        .arg(dir.path().join("report"))
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("DOCKER_HOST"), "{}", text(&output));
}

fn an_image_that_the_engine_does_not_have_is_named_with_a_way_out(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let path = crate::user::variant(
        dir.path(),
        "ssh/slow-login",
        "no-image",
        &[("image = \"sshd\"", "image = \"saiten.invalid/none:1\"")],
    );
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 3, "{}", run.said);
    assert!(
        run.said.contains("saiten.invalid/none:1")
            && run.said.contains(if on == On::Docker { "docker pull" } else { "images load" }),
        "{}",
        run.said
    );
}
