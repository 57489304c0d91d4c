//! A virtual machine's disk takes an endpoint's place: fit, or not and why; whatever becomes of it, the file stays as it was.

#[path = "disk/make.rs"]
mod make;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::user::{On, machines, on_docker, on_native, saiten, text, until};
use make::Image;

on_native!(
    a_disk_that_shows_symptom_and_cure_is_fit,
    an_appliance_whose_file_says_it_already_is_not_fit,
    a_machine_is_entered_over_ssh_and_looked_at,
    what_keeps_a_machine_from_its_login_is_named,
    an_interrupted_boot_leaves_nothing,
);
on_docker!(a_machine_boots_in_a_container_too);

/// A boot on an emulated processor, beside everything else that a test machine does.
const BOOT: &str = "900";

struct Verified {
    status: Option<i32>,
    said: String,
    results: Value,
}

/// What `verify` makes of a disk in the server's place; `login` says who logs in, and how.
fn verify(on: On, dir: &Path, disk: &Path, login: &[&str], more: &[&str]) -> Verified {
    let out = dir.join("report");
    let mut command = saiten(on, dir);
    command.args(["verify", "ssh/slow-login", "--boot-limit", BOOT, "--disk"]);
    command.arg(format!("server={}", disk.display())).args(login).args(more);
    let output = command.arg("--out").arg(&out).output().unwrap();
    let said = text(&output);
    let results = std::fs::read(out.join("results.json")).unwrap_or_else(|_| panic!("{said}"));
    for secret in [make::PASSWORD, KEY] {
        let everything = Command::new("grep").args(["-rlF", "-e", secret]).arg(&out).output().unwrap();
        assert!(everything.stdout.is_empty(), "the secret is in {}", text(&everything));
    }
    Verified { status: output.status.code(), said, results: serde_json::from_slice(&results).unwrap() }
}

/// How every private key begins that the tests make.
const KEY: &str = "PRIVATE KEY";

/// The file of a password.
fn password(dir: &Path, password: &str) -> String {
    let file = dir.join("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    file.display().to_string()
}

/// As root, at the console.
fn verify_as_root(on: On, dir: &Path, disk: &Path, more: &[&str]) -> Verified {
    verify(on, dir, disk, &["--password-file", &password(dir, make::PASSWORD)], more)
}

impl Verified {
    fn subject(&self) -> &Value {
        &self.results["scenarios"][0]["fitness"]["subjects"][0]
    }

    fn findings(&self) -> String {
        self.results.to_string()
    }

    /// The file has the digest that it had.
    fn left_as_it_was(&self) {
        let facts = &self.subject()["facts"];
        assert!(facts["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{facts}");
        assert_eq!(facts["digest"], facts["digest-after"]);
    }
}

fn a_disk_that_shows_symptom_and_cure_is_fit(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Image::shared().qcow2(dir.path());
    let before = make::sum(&disk);
    let found = verify_as_root(on, dir.path(), &disk, &[]);
    assert_eq!(found.status, Some(0), "{}", found.said);
    found.left_as_it_was();
    assert_eq!(found.subject()["facts"]["digest"], format!("sha256:{before}"));
    assert_eq!(make::sum(&disk), before);
    assert_eq!(found.subject()["facts"]["format"], "qcow2");
    // What a quick look would tell is told, too.
    assert_eq!(found.subject()["facts"]["init"], "systemd");
    // Its boot is told, and what was done to it.
    assert!(found.findings().contains("asked for a login"), "{}", found.findings());
    let console = dir.path().join("report/evidence/ssh/slow-login/omitted/logs/server-console.log");
    assert!(std::fs::read_to_string(console).unwrap().contains("login:"));
}

fn an_appliance_whose_file_says_it_already_is_not_fit(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let image = Image::shared().with(dir.path(), &[("/etc/ssh/sshd_config", "UsePAM yes\nGSSAPIAuthentication no\n")]);
    let password = password(dir.path(), make::PASSWORD);
    let login = ["--user", "lab", "--password-file", &password];
    let found = verify(on, dir.path(), &image.ova(dir.path()), &login, &["--bus", "virtio"]);
    assert_eq!(found.status, Some(1), "{}", found.said);
    assert!(found.said.contains("this machine says `GSSAPIAuthentication no` there (line 2)"), "{}", found.said);
    found.left_as_it_was();
}

/// A quick look boots it once: with a key over SSH, and with sudo where there is no console.
fn a_machine_is_entered_over_ssh_and_looked_at(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key").display().to_string();
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status().unwrap();
    assert!(made.success());
    let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    let image = Image::shared().with(dir.path(), &[("/root/.ssh/authorized_keys", &public)]);
    let found = verify(on, dir.path(), &image.path, &["--identity", &key], &["--fit"]);
    assert_eq!(found.status, Some(0), "{}", found.said);
    found.left_as_it_was();
    let facts = &found.subject()["facts"];
    assert_eq!(facts["init"], "systemd");
    assert!(facts["system"].as_str().or(facts["os"].as_str()).is_some_and(|os| os.contains("Debian")), "{facts}");
    // A unit without a line is none: no console asks for a login. The file that the fixes edit says `no` already.
    let files = [
        ("/lib/systemd/system/serial-getty@.service", ""),
        ("/etc/systemd/system/getty@tty1.service", "[Service]\nExecStart=-/sbin/agetty tty1 linux\n"),
        ("/etc/ssh/sshd_config", "GSSAPIAuthentication no\n"),
    ];
    let image = Image::shared().with(dir.path(), &files);
    let password = password(dir.path(), make::PASSWORD);
    let found = verify(on, dir.path(), &image.path, &["--user", "lab", "--password-file", &password], &["--fit"]);
    assert_eq!(found.status, Some(1), "{}", found.said);
    assert!(found.said.contains("GSSAPIAuthentication no"), "{}", found.said);
}

/// All in one test: each of them ends before there is a login.
fn what_keeps_a_machine_from_its_login_is_named(on: On) {
    let menu = "set timeout=0\nmenuentry x {\n";
    let kernel = "linux /vmlinuz root=LABEL=lab console=ttyS0 quiet";
    for (config, more, said) in [
        // No initrd, and so no driver for the disk.
        (format!("{menu} {kernel}\n}}\n"), &[][..], "its kernel panics"),
        (format!("{menu} reboot\n}}\n"), &[], "begins anew again and again"),
        ("exit-is-no-command\n".to_owned(), &[], "finds nothing to boot"),
        // The initrd has no driver for it.
        (format!("{menu} {kernel} rootdelay=2\n initrd /initrd.img\n}}\n"), &["--bus", "sata"], "a shell for repairs"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let image = Image::shared().with(dir.path(), &[("/boot/grub/grub.cfg", &config)]);
        let found = verify_as_root(on, dir.path(), &image.path, more);
        assert_eq!(found.status, Some(1), "{said}: {}", found.said);
        assert!(found.said.contains(said), "{said}: {}", found.said);
        found.left_as_it_was();
        // Nothing can be told of a machine that was never entered; least of all what the one is that it boots in.
        assert!(found.subject()["facts"]["init"].is_null(), "{}", found.subject());
    }
    let dir = tempfile::tempdir().unwrap();
    let wrong = password(dir.path(), "wrong horse");
    let found = verify(on, dir.path(), &Image::shared().path, &["--password-file", &wrong], &[]);
    assert_eq!(found.status, Some(1), "{}", found.said);
    assert!(found.said.contains("the login of root at its console fails"), "{}", found.said);
}

/// A run in the background that boots a disk.
fn booting(on: On, dir: &Path, disk: &Path) -> (std::process::Child, String) {
    let out = dir.join("report");
    let mut command = saiten(on, dir);
    command.args(["verify", "ssh/slow-login", "--disk", &format!("server={}", disk.display()), "--out"]).arg(&out);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut run = String::new();
    until("a machine that boots", || {
        let events = std::fs::read_to_string(out.join("events.jsonl")).unwrap_or_default();
        let first = events.lines().next().and_then(|line| serde_json::from_str::<Value>(line).ok());
        run = first.and_then(|event| Some(event["run"].as_str()?.to_owned())).unwrap_or_default();
        events.contains("booting")
    });
    (child, run)
}

/// Processes that emulate a machine.
fn emulators() -> Vec<PathBuf> {
    let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    all.filter(|path| std::fs::read(path.join("cmdline")).is_ok_and(|words| words.starts_with(b"qemu-system-x86_64")))
        .collect()
}

fn an_interrupted_boot_leaves_nothing(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Image::shared().qcow2(dir.path());
    for signal in ["-INT", "-KILL"] {
        let (mut child, run) = booting(on, dir.path(), &disk);
        // Nothing else runs beside this test.
        let emulators = emulators();
        assert!(!emulators.is_empty());
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap();
        until("the machines' end", || machines(on, &run).is_empty());
        until("the emulators' end", || emulators.iter().all(|process| !process.exists()));
        std::fs::remove_file(dir.path().join("report/events.jsonl")).unwrap();
    }
}

fn a_machine_boots_in_a_container_too(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let config = "set timeout=0\nmenuentry x {\n linux /vmlinuz root=LABEL=lab console=ttyS0 quiet\n}\n";
    let image = Image::shared().with(dir.path(), &[("/boot/grub/grub.cfg", config)]);
    let found = verify_as_root(on, dir.path(), &image.path, &[]);
    assert_eq!(found.status, Some(1), "{}", found.said);
    assert!(found.said.contains("its kernel panics"), "{}", found.said);
    found.left_as_it_was();
}
