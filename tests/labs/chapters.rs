//! The course's chapters: each symptom appears with the fixes omitted and is gone with them applied.

use crate::user::{On, Run, on_each_backend, on_native};

on_each_backend!(slow_login_names_the_fixes_that_matter_and_the_one_that_does_not);

// Dozens of labs: that the backends agree about logins, the other test shows.
on_native!(known_submissions_get_what_they_deserve,);

const LOGINS: [&str; 2] = ["ssh/slow-login", "ssh/address-family"];

fn slow_login_names_the_fixes_that_matter_and_the_one_that_does_not(on: On) {
    let run = Run::of(on, &["ssh/slow-login", "--arms", "each"]);
    assert_eq!(run.status, 0, "{}", run.said);
    let id = "ssh/slow-login";
    for check in ["login-is-quick", "server-asks-no-name", "client-asks-no-name"] {
        assert_eq!(
            (run.verdict(id, check, "omitted"), run.verdict(id, check, "applied")),
            ("pass", "pass"),
            "{}",
            run.said
        );
    }
    for fix in ["usedns-no", "gssapi-no"] {
        let effect = run.effect(id, fix, "login.time");
        assert_eq!((&effect["bearing"], &effect["necessary"]), (&"helps".into(), &true.into()), "{effect}");
    }
    let none = run.effect(id, "addressfamily-inet", "login.time");
    assert_eq!(
        (&none["bearing"], &none["necessary"], &none["sufficient"]),
        (&"none".into(), &false.into(), &false.into()),
        "{none}"
    );
    // Whose lookup each fix ends, on the wire.
    assert_eq!(run.effect(id, "usedns-no", "login.server_queries")["sufficient"], true);
    assert_eq!(run.effect(id, "gssapi-no", "login.client_queries")["sufficient"], true);
    assert_eq!(run.effect(id, "usedns-no", "login.client_queries")["bearing"], "none");
    // One PTR of the client by the server, two of the server by the client, a second each.
    let read = |metric: &str| run.median(id, "omitted", metric);
    assert_eq!((read("login.server_queries"), read("login.client_queries")), (1.0, 2.0));
    assert_eq!((read("login.server_lookup"), read("login.client_lookup")), (1.0, 2.0));
    evidence_is_judged_again_byte_for_byte_the_same(on, &run);
}

fn known_submissions_get_what_they_deserve(on: On) {
    // A fifth of them, good and bad; all, with mutants, are in `mutants.rs`.
    let run = Run::proven(on, &LOGINS, "er");
    assert_eq!(run.status, 0, "{}", run.said);
    // Behind the bastion it helps, on the dual-stack server it hurts.
    let id = "ssh/address-family";
    let read = |arm: &str, metric: &str| run.median(id, arm, metric);
    assert!(read("applied", "through-bastion.time") < read("omitted", "through-bastion.time"));
    assert!(read("applied", "direct.time") > read("omitted", "direct.time"));
}

fn evidence_is_judged_again_byte_for_byte_the_same(on: On, run: &Run) {
    let read = |name: &str| std::fs::read(run.out().join(name)).unwrap();
    let first = (read("results.json"), read("junit.xml"));
    let status = crate::user::saiten(on, run.dir.path()).arg("regrade").arg(run.out()).output().unwrap();
    assert_eq!(status.status.code(), Some(run.status));
    assert!(first == (read("results.json"), read("junit.xml")));
    // Every capture is there, whole, and says so by its hash.
    let arm = run.out().join("evidence/ssh/slow-login/omitted");
    let evidence: serde_json::Value = serde_json::from_slice(&std::fs::read(arm.join("arm.json")).unwrap()).unwrap();
    let capture = &evidence["captures"]["lan"];
    let file = arm.join(capture["file"].as_str().unwrap());
    assert_eq!(saiten::evidence::bundle::hash_file(&file).unwrap(), capture["sha256"].as_str().unwrap());
    let records = saiten::fabric::capture_read::read(&std::fs::read(file).unwrap()).unwrap();
    assert!(records.iter().any(|record| record.port == "server:eth1"));
}
