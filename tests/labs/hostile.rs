//! A student is root in an endpoint: what they can do to the helper, the lab and the reports.

use std::path::Path;

use crate::user::{Labs, On, Run, on_each_backend, saiten, text, variant};

on_each_backend!(
    root_in_an_endpoint_cannot_touch_the_helper,
    hostile_output_is_bounded_and_cleaned_before_it_reaches_a_report,
);

fn shell(on: On, dir: &Path, line: &str) -> (Option<i32>, String) {
    let output = saiten(on, dir).args(["shell", "ssh/slow-login", "server", "--", "sh", "-c", line]).output().unwrap();
    (output.status.code(), text(&output).trim().to_owned())
}

fn root_in_an_endpoint_cannot_touch_the_helper(on: On) {
    let dir = Labs::new(on);
    let up = saiten(on, dir.path()).args(["up", "ssh/slow-login"]).output().unwrap();
    assert!(up.status.success(), "{}", text(&up));
    let refused = [
        "cat /proc/1/mem",
        "cat /proc/1/environ",
        "cat /proc/1/maps",
        "cat /proc/1/fd/10",
        "echo forged > /proc/1/fd/1",
        "cat < /proc/1/fd/0",
        "prlimit --pid 1 --nofile=8:8",
        "prlimit --pid 1 --cpu=0:0",
        "renice -n 19 -p 1",
        "mount -o remount,rw /.saiten",
        "touch /.saiten/saiten",
        "rm -f /.wire/switch && touch /.wire/x",
        "unshare --mount true",
        "mount -t tmpfs none /mnt",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "mknod /tmp/disk b 253 0 && head -c1 /tmp/disk",
    ];
    for attack in refused {
        let (status, said) = shell(on, dir.path(), &format!("timeout 5 sh -c '{attack}' </dev/null"));
        assert_ne!(status, Some(0), "`{attack}` worked: {said}");
        assert_ne!(status, Some(124), "`{attack}` hung: {said}");
    }
    // Signals to PID 1 are ignored, one to everybody ends the student's own shell only.
    for attack in ["kill -9 1", "kill -STOP 1", "kill -TERM 1", "kill -SEGV 1", "kill -9 -1"] {
        let _ = shell(on, dir.path(), attack);
        assert_eq!(shell(on, dir.path(), "echo alive").1, "alive", "after `{attack}`");
    }
    // Pulling the cable leaves the others alone.
    assert_eq!(shell(on, dir.path(), "ip link del eth1").0, Some(0));
    let client = saiten(on, dir.path())
        .args(["shell", "ssh/slow-login", "client", "--", "ip", "-br", "link", "show", "eth1"])
        .output()
        .unwrap();
    assert!(text(&client).contains("UP") || text(&client).contains("UNKNOWN"), "{}", text(&client));
    // A fork bomb hits the limit of its own endpoint; the lab can still be ended.
    let _ = shell(on, dir.path(), "f() { sleep 60 & f & f; }; (f) >/dev/null 2>&1 & sleep 0.5");
    let down = saiten(on, dir.path()).arg("down").output().unwrap();
    assert!(down.status.success(), "{}", text(&down));
}

fn hostile_output_is_bounded_and_cleaned_before_it_reaches_a_report(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let fault = "run = \"cat /usr/share/saiten/sshd_config.centos7 > /etc/ssh/sshd_config && systemctl restart sshd\"";
    let flood = "run = '''\nprintf ']]> \\000 \\033[31mred \\377\\376 \\033]0;title\\007 &<tag>'\nhead -c 100000000 /dev/zero | tr '\\0' 'x'\nprintf ']]>\\033[2J' >&2\nexit 9\n'''";
    let path = variant(dir.path(), "ssh/slow-login", "flood", &[(fault, flood)]);
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 3, "{}", &run.said[..run.said.len().min(2000)]);
    for name in ["junit.xml", "results.json", "events.jsonl", "evidence/variants/flood/omitted/arm.json"] {
        let bytes = std::fs::read(run.out().join(name)).unwrap();
        assert!(bytes.len() < 200_000, "{name}: {} bytes", bytes.len());
        let control = bytes.iter().find(|byte| **byte < 0x20 && !matches!(byte, b'\n' | b'\t' | b'\r'));
        assert_eq!(control, None, "{name}");
    }
    assert!(!run.said.contains('\u{1b}'));
    assert_eq!(run.verdict("variants/flood", "login-is-quick", "applied"), "error");
}
