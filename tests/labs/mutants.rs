//! Each chapter's checks notice what is wrong with a fix: dozens of labs, all known submissions and all mutants.

use crate::user::{On, Run, on_native};

on_native!(logins, queries, suffixes, tunnels, tcp_in_tcp, frames, frames_of_containers);

fn proven(on: On, scenarios: &[&str]) -> Run {
    let run = Run::with_mutants(on, scenarios);
    assert_eq!(run.status, 0, "{}", run.said);
    run
}

fn logins(on: On) {
    let run = proven(on, &["ssh/slow-login", "ssh/address-family"]);
    // The course's second line does nothing here, and nobody says that it does.
    let mutants = run.scenario("ssh/slow-login")["mutants"].as_array().unwrap();
    let survives = |name: &str| mutants.iter().any(|mutant| mutant["name"] == name && mutant["survives"].is_string());
    assert!(survives("left-out-addressfamily-inet") && !survives("left-out-gssapi-no"), "{}", run.said);
}

fn queries(on: On) {
    proven(on, &["dns/upstream-queries", "dns/other-servers", "dns/no-internet", "dns/after-the-fix"]);
}

fn suffixes(on: On) {
    proven(on, &["dns/suffix"]);
}

fn tunnels(on: On) {
    proven(on, &["nat-t/two-clients", "nat-t/detection", "nat-t/keepalive"]);
}

fn tcp_in_tcp(on: On) {
    proven(on, &["nat-t/tcp-over-tcp"]);
}

fn frames(on: On) {
    proven(on, &["bridge/stale-attachment", "bridge/where-frames-stop"]);
}

fn frames_of_containers(on: On) {
    proven(on, &["bridge/container"]);
}
