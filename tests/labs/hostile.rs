//! A student's commands print what they like: what of it reaches a report.

use crate::user::{On, Run, on_each_backend, variant};

on_each_backend!(hostile_output_is_bounded_and_cleaned_before_it_reaches_a_report,);

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
