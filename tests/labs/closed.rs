//! Labs are closed by construction, and two labs with the same addresses never meet.

use std::collections::BTreeSet;
use std::path::Path;

use crate::user::{Labs, On, on_each_backend, saiten, text};

on_each_backend!(no_endpoint_of_any_scenario_reaches_the_outside, two_labs_with_the_same_addresses_never_meet,);

fn interfaces() -> BTreeSet<String> {
    std::fs::read_dir("/sys/class/net")
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn up(on: On, dir: &Path, scenario: &str, arm: &str) {
    let up = saiten(on, dir).args(["up", scenario, "--arm", arm]).output().unwrap();
    assert!(up.status.success(), "{}", text(&up));
}

fn shell(on: On, dir: &Path, lab: &str, endpoint: &str, line: &str) -> (Option<i32>, String) {
    let output = saiten(on, dir).args(["shell", lab, endpoint, "--", "sh", "-c", line]).output().unwrap();
    (output.status.code(), text(&output).trim().to_owned())
}

fn down(on: On, dir: &Path) {
    let down = saiten(on, dir).arg("down").output().unwrap();
    assert!(down.status.success(), "{}", text(&down));
}

/// A scenario of each chapter.
const CHAPTERS: [&str; 4] = ["ssh/slow-login", "dns/other-servers", "nat-t/two-clients", "bridge/container"];
/// Names of interfaces that scenarios' own daemons make: bridges, and the ends of tunnels and virtual machines.
const OWN: [&str; 7] = ["lo", "eth", "br0", "tap0", "tun", "ipsec0", "tunl"];

fn stays_inside(on: On, dir: &Path, id: &str, endpoint: &str) {
    // TEST-NET-3 and the documentation prefix (RFC 5737, RFC 3849), and the engine's own gateway, all at once: none answers.
    let addresses = "203.0.113.77 2001:db8::7 172.17.0.1";
    let line =
        format!("for to in {addresses}; do (ping -c1 -W1 $to > /dev/null 2>&1 && echo reached $to) & done; wait");
    let (_, said) = shell(on, dir, id, endpoint, &line);
    assert!(!said.contains("reached"), "{id} {endpoint}: {said}");
    let (_, nics) = shell(on, dir, id, endpoint, "ls /sys/class/net | tr '\\n' ' '");
    let foreign: Vec<&str> =
        nics.split_whitespace().filter(|nic| !OWN.iter().any(|own| nic.starts_with(own))).collect();
    assert!(foreign.is_empty() || nics.contains("tunl"), "{id} {endpoint}: {nics}");
    // A NIC that root makes here is wired to nothing: the switch is sealed, and its socket is gone.
    let (status, said) = shell(on, dir, id, endpoint, "test -e /.wire/switch");
    assert_eq!(status, Some(1), "{id} {endpoint}: the switch can still be reached: {said}");
}

fn no_endpoint_of_any_scenario_reaches_the_outside(on: On) {
    let dir = Labs::new(on);
    let list = saiten(on, dir.path()).args(["list", "--json"]).output().unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_slice(&list.stdout).unwrap();
    assert!(!list.is_empty());
    let before = interfaces();
    for scenario in list {
        let id = scenario["id"].as_str().unwrap();
        // Containers are made alike for all scenarios: one of each chapter tells of all.
        if on == On::Docker && !CHAPTERS.contains(&id) {
            continue;
        }
        up(on, dir.path(), id, "omitted");
        assert_eq!(interfaces(), before, "{id} added an interface to the host");
        let endpoints = scenario["endpoints"].as_array().unwrap();
        std::thread::scope(|scope| {
            for endpoint in endpoints {
                let (dir, endpoint) = (dir.path(), endpoint.as_str().unwrap());
                scope.spawn(move || stays_inside(on, dir, id, endpoint));
            }
        });
        down(on, dir.path());
    }
}

fn two_labs_with_the_same_addresses_never_meet(on: On) {
    let dir = Labs::new(on);
    up(on, dir.path(), "ssh/slow-login", "omitted");
    up(on, dir.path(), "ssh/slow-login", "applied");
    let key = "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub";
    let seen = "ssh-keyscan -t ed25519 192.168.1.10 2>/dev/null | cut -d' ' -f3";
    let labs = ["ssh-slow-login-omitted", "ssh-slow-login-applied"];
    let own = labs.map(|lab| shell(on, dir.path(), lab, "server", key).1);
    let met = labs.map(|lab| shell(on, dir.path(), lab, "client", seen).1);
    down(on, dir.path());
    assert_ne!(own[0], own[1]);
    assert_eq!(own, met);
}
