//! From `ssh -vvv` with time stamps, and from libssh2's report, to a sample. Pure.

use std::time::Duration;

use crate::helper::message::{Ran, SshLoginDone};
use crate::measure::{Sample, Unit};
use crate::wording::Phrase;

/// The line that ends each phase, in order. `ssh` prints no times; the helper stamps each line as it arrives.
const MARKS: &[(&str, &str)] = &[
    ("connect", "debug1: Connection established"),
    ("banner", "debug1: Remote protocol version"),
    ("kex", "debug1: SSH2_MSG_NEWKEYS received"),
    ("first_reply", "debug1: Authentications that can continue"),
    ("auth", "Authenticated to "),
    ("session", "debug1: Sending command"),
];

/// Lines that tell why a login failed, best first.
const REASONS: &[&str] = &[
    "Permission denied",
    "Connection refused",
    "Connection closed",
    "Connection reset",
    "Connection timed out",
    "No route to host",
    "Network is unreachable",
    "Could not resolve hostname",
    "kex_exchange_identification",
    "Host key verification failed",
];

/// The sample of one run of `ssh`; `word` is what the remote command prints.
pub fn sample(ran: &Ran, word: &str) -> Sample {
    let mut sample = Sample::default();
    let ok = ran.status == 0 && ran.stdout.trim() == word;
    sample.readings.insert("ok".to_owned(), if ok { 1.0 } else { 0.0 });
    let mut last = 0;
    // With a relay, the inner `ssh` writes its lines in between; the outermost connection's marks come last.
    for (phase, mark) in MARKS {
        let Some((at, _)) = ran.stamped.iter().find(|(at, line)| *at >= last && line.starts_with(mark)) else { break };
        sample.readings.insert((*phase).to_owned(), seconds(at - last));
        last = *at;
    }
    match ran.first_output_ns {
        Some(first) if ok => {
            sample.readings.insert("first_byte".to_owned(), seconds(first.saturating_sub(last)));
            sample.readings.insert("time".to_owned(), seconds(first));
        }
        _ => sample.failed = Some(why_not(ran)),
    }
    sample
}

fn why_not(ran: &Ran) -> String {
    if ran.timed_out {
        return format!("no login within {:.0} s", seconds(ran.took_ns));
    }
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| !line.starts_with("debug")).collect();
    let known = REASONS.iter().find_map(|reason| lines.iter().rev().find(|line| line.contains(reason)));
    let reason = known.or(lines.last()).copied().unwrap_or("no reason given");
    format!("ssh exited with {}: {}", ran.status, reason.trim())
}

/// Adds what libssh2 saw.
pub fn add_libssh2(done: &SshLoginDone, sample: &mut Sample) {
    for (phase, ns) in &done.phases {
        if matches!(phase.as_str(), "kex" | "first_reply" | "auth") {
            sample.readings.insert(format!("libssh2.{phase}"), seconds(*ns));
        }
    }
    match &done.failed {
        None => {
            let total = done.phases.iter().map(|(_, ns)| ns).sum();
            sample.readings.insert("libssh2.time".to_owned(), seconds(total));
        }
        Some(reason) => sample.remarks.push(Phrase::new("remark-libssh2").with("reason", reason)),
    }
}

/// Says what the three vantages make of the same login. The wire must agree with `ssh`; libssh2 is blind to GSSAPI.
pub fn compare(sample: &mut Sample) {
    let read = |name: &str| sample.readings.get(name).map(|time| Unit::Seconds.show(*time));
    if let (Some(openssh), Some(wire), Some(libssh2)) = (read("time"), read("wire.time"), read("libssh2.time")) {
        let phrase = Phrase::new("remark-vantages").with("openssh", openssh).with("wire", wire);
        sample.remarks.push(phrase.with("libssh2", libssh2));
    }
}

fn seconds(ns: u64) -> f64 {
    // Microseconds are all that a time stamp taken across processes is worth.
    (Duration::from_nanos(ns).as_secs_f64() * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(lines: &[(u64, &str)], first_output_ms: Option<u64>) -> Ran {
        Ran {
            status: if first_output_ms.is_some() { 0 } else { 255 },
            stdout: first_output_ms.map(|_| "saiten\n".to_owned()).unwrap_or_default(),
            stderr: lines.iter().map(|(_, line)| format!("{line}\r\n")).collect(),
            stamped: lines.iter().map(|(ms, line)| (ms * 1_000_000, (*line).to_owned())).collect(),
            first_output_ns: first_output_ms.map(|ms| ms * 1_000_000),
            took_ns: 4_000_000_000,
            ..Ran::default()
        }
    }

    const LINES: &[(u64, &str)] = &[
        (1, "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19"),
        (3, "debug1: Connection established."),
        (13, "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1"),
        (60, "debug1: SSH2_MSG_NEWKEYS received"),
        (1700, "debug1: Authentications that can continue: publickey,gssapi-with-mic"),
        (3700, "debug1: Authentications that can continue: publickey,gssapi-with-mic"),
        (3720, "Authenticated to 192.168.1.10 ([192.168.1.10]:22) using \"publickey\"."),
        (3760, "debug1: Sending command: echo saiten"),
    ];

    #[test]
    fn phases_add_up_to_the_whole() {
        let sample = sample(&ran(LINES, Some(3800)), "saiten");
        let read = |name: &str| sample.readings[name];
        assert_eq!((read("ok"), read("time"), read("first_reply"), read("auth")), (1.0, 3.8, 1.64, 2.02));
        let phases = ["connect", "banner", "kex", "first_reply", "auth", "session", "first_byte"];
        let sum: f64 = phases.iter().map(|phase| read(phase)).sum();
        assert!((sum - 3.8).abs() < 1e-9);
        assert_eq!(sample.failed, None);
    }

    #[test]
    fn a_refused_login_is_a_fact_with_its_reason() {
        let mut lines = LINES[..5].to_vec();
        lines.push((1701, "alice@192.168.1.10: Permission denied (publickey)."));
        let sample = sample(&ran(&lines, None), "saiten");
        assert_eq!(
            sample.failed.as_deref(),
            Some("ssh exited with 255: alice@192.168.1.10: Permission denied (publickey).")
        );
        assert_eq!(sample.readings.get("time"), None);
        assert_eq!(sample.readings["ok"], 0.0);
    }

    #[test]
    fn a_server_that_prints_something_else_did_not_run_the_command() {
        let mut ran = ran(LINES, Some(3800));
        ran.stdout = "saiten saiten".to_owned();
        assert!(sample(&ran, "saiten").failed.is_some());
    }

    #[test]
    fn a_login_that_hangs_says_for_how_long() {
        let mut hung = ran(&LINES[..3], None);
        hung.timed_out = true;
        assert_eq!(sample(&hung, "saiten").failed.as_deref(), Some("no login within 4 s"));
    }
}
