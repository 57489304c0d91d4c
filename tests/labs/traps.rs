//! What must not fool the SSH chapter: each trap is a variant of the shipped scenario, with the verdicts that it must get.

use crate::user::{On, Run, on_each_backend, on_native, variant};

on_each_backend!(wrong_submissions_and_side_effects_get_the_verdicts_they_deserve,);

// Where a daemon's padding comes from has nothing to do with the backend, and nothing may run beside these labs.
on_native!(an_irrelevant_edit_has_no_effect_though_sshd_pads_its_answer_anew,);

const RESTART: &str = "activate = \"systemctl restart sshd\"\nedits";
const USEDNS: &str = "run = 'echo \"UseDNS no\" >> /etc/ssh/sshd_config'";
const FAULT: &str =
    "run = \"cat /usr/share/saiten/sshd_config.centos7 > /etc/ssh/sshd_config && systemctl restart sshd\"";

fn faulty(more: &str) -> String {
    FAULT.replace(" && systemctl", &format!(" && {more} && systemctl"))
}

/// Every later login over a shared connection would take milliseconds.
const SHARED: &str = "resolver = [\"192.168.1.99\"]\nfiles.\"/root/.ssh/config\" = \"\"\"\nHost *\n  ControlMaster auto\n  ControlPath /tmp/cm-%r@%h\n  ControlPersist 600\n\"\"\"\n\n[[faults]]";

fn wrong_submissions_and_side_effects_get_the_verdicts_they_deserve(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, replace: &[(&str, &str)]| variant(dir.path(), "ssh/slow-login", name, replace);
    let denied = faulty("echo 'sshd: .evil.example' > /etc/hosts.deny");
    let spaced = faulty("sed -i 's/GSSAPIAuthentication yes/GSSAPIAuthentication   yes/' /etc/ssh/sshd_config");
    let first_wins = faulty("sed -i '1i UseDNS yes' /etc/ssh/sshd_config");
    let variants = [
        // Edited, never restarted: `sshd -T` reads the file, the daemon does not.
        make("not-restarted", &[(RESTART, "edits"), (RESTART, "edits"), (RESTART, "edits")]),
        // A configuration that sshd refuses: nobody can log in any more.
        make("broken", &[(USEDNS, "run = 'echo \"UseDNS maybe\" >> /etc/ssh/sshd_config'")]),
        // sshd takes the first value that it reads.
        make("first-wins", &[(FAULT, &first_wins)]),
        // The course's sed knows one blank only.
        make("sed-misses", &[(FAULT, &spaced)]),
        // TCP wrappers look names up before the banner, whatever UseDNS says.
        make("hosts-deny", &[(FAULT, &denied)]),
        // Accounts that nobody may use.
        make(
            "locked",
            &[(
                USEDNS,
                "run = '''\necho \"UseDNS no\" >> /etc/ssh/sshd_config\nfor u in alice bob carol dave erin frank grace heidi; do usermod -L -e 1 $u; done\n'''",
            )],
        ),
        make("shared", &[("resolver = [\"192.168.1.99\"]\n\n[[faults]]", SHARED)]),
    ];
    let paths: Vec<&str> = variants.iter().map(String::as_str).collect();
    let run = Run::of(on, &paths);
    // One lookup before the banner lies near the bound of the time's ratio, so that one check may stay undecided.
    let near = run.verdict("variants/hosts-deny", "login-is-quick", "applied");
    assert_eq!(run.status, if near == "inconclusive" { 3 } else { 1 }, "{}", run.said);
    let verdicts = |name: &str| {
        ["login-is-quick", "server-asks-no-name", "client-asks-no-name"]
            .map(|check| run.verdict(&format!("variants/{name}"), check, "applied"))
    };
    assert_eq!(verdicts("not-restarted"), ["fail", "fail", "fail"], "{}", run.said);
    assert_eq!(verdicts("broken"), ["fail", "fail", "fail"], "{}", run.said);
    assert_eq!(verdicts("first-wins")[1..], ["fail", "pass"], "{}", run.said);
    assert_eq!(verdicts("sed-misses")[1..], ["pass", "fail"], "{}", run.said);
    assert_eq!(verdicts("hosts-deny")[1..], ["fail", "pass"], "{}", run.said);
    assert_eq!(verdicts("locked")[0], "fail", "{}", run.said);
    // A connection that is reused does not hide the symptom.
    assert_eq!(verdicts("shared"), ["pass", "pass", "pass"], "{}", run.said);
    assert_eq!(run.median("variants/shared", "omitted", "login.server_queries"), 1.0);
    for check in ["login-is-quick", "server-asks-no-name", "client-asks-no-name"] {
        for name in ["not-restarted", "broken", "first-wins", "sed-misses", "hosts-deny", "locked", "shared"] {
            assert_eq!(run.verdict(&format!("variants/{name}"), check, "omitted"), "pass", "{name} {check}");
        }
    }
    let found = |name: &str| run.scenario(&format!("variants/{name}"))["arms"][1]["findings"].to_string();
    assert!(found("sed-misses").contains("gssapi-no"), "{}", found("sed-misses"));
    assert!(found("broken").contains("activate exited with 1"), "{}", found("broken"));
    assert!(found("first-wins").contains("usedns-no"), "{}", found("first-wins"));
}

fn an_irrelevant_edit_has_no_effect_though_sshd_pads_its_answer_anew(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let irrelevant = "run = 'echo \"VersionAddendum course\" >> /etc/ssh/sshd_config'";
    let inet = "run = 'echo \"AddressFamily inet\" >> /etc/ssh/sshd_config'";
    let path = variant(dir.path(), "ssh/slow-login", "irrelevant", &[(inet, irrelevant)]);
    let run = Run::of(on, &[&path, "--arms", "each"]);
    // Without the third fix the time lies nearer to its bound, so that one check may stay undecided.
    let near = run.verdict("variants/irrelevant", "login-is-quick", "applied");
    assert_eq!(run.status, if near == "inconclusive" { 3 } else { 0 }, "{}", run.said);
    let effect = run.effect("variants/irrelevant", "addressfamily-inet", "login.time");
    assert_eq!(effect["bearing"], "none", "{effect}");
    // Whether the others suffice without it is asked of the total time, which on a busy machine may stay undecided; it is never said
    // to be needed.
    assert_ne!(effect["necessary"], true, "{effect}");
}
