//! What is handed in, as students and platforms send it and as attackers do: found, matched, taken or refused with a reason.

mod archives;
mod class;
mod hostile;

use std::fs;
use std::path::Path;

use saiten::grade::intake::{Content, HandedIn, Handing, Intake, Limits, Trouble, open, parts};
use saiten::grade::roster::Roster;
use saiten::scenario::{Accept, Handed, ServicePort, Transport};
use saiten::wording::Lang;
use tempfile::TempDir;

use archives::{file, tar, tgz, zip};

const SCENARIO: &str = "ssh/slow";
const SCRIPT: &[u8] = b"echo UseDNS no >> /etc/ssh/sshd_config\n";

fn accept(name: &str, what: Handed) -> Accept {
    Accept { name: name.to_owned(), on: "server".to_owned(), what }
}

fn script() -> Vec<Accept> {
    vec![accept("server.sh", Handed::Script)]
}

fn image() -> Vec<Accept> {
    vec![accept("server.tar", Handed::Image)]
}

fn limits() -> Limits {
    Limits::new(std::env::temp_dir())
}

/// A class of one, whose entry is a file with these bytes.
fn one(name: &str, bytes: &[u8]) -> (TempDir, Intake) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let intake = open(dir.path(), None, &limits()).unwrap();
    (dir, intake)
}

fn take(handing: &Handing, accepts: &[Accept]) -> Result<HandedIn, Trouble> {
    parts(handing.entry.as_ref().expect("an entry"), accepts, SCENARIO, false, &limits())
}

/// What a student's archive gives.
fn of(name: &str, bytes: &[u8]) -> Result<HandedIn, Trouble> {
    let (_dir, intake) = one(name, bytes);
    take(&intake.handings[0], &script())
}

fn bytes(handed: &HandedIn) -> Option<&[u8]> {
    match handed.parts.as_slice() {
        [] => None,
        [part] => match &part.content {
            Content::Bytes(bytes) => Some(bytes),
            other => panic!("{other:?}"),
        },
        more => panic!("{more:?}"),
    }
}

/// The id of why something was refused.
#[track_caller]
fn why<T: std::fmt::Debug>(result: Result<T, Trouble>) -> String {
    match result.expect_err("is refused") {
        Trouble::Refused(phrase) => {
            // It can be worded, and the words hold nothing that a terminal obeys.
            for lang in [Lang::En, Lang::Ja] {
                assert!(phrase.say(lang) != phrase.id && !phrase.say(lang).contains(|c: char| c.is_control()));
            }
            phrase.id.trim_start_matches("intake-refused-").to_owned()
        }
        other => panic!("{other:?}"),
    }
}

fn remarks(handed: &HandedIn) -> String {
    handed.remarks.iter().map(|phrase| phrase.say(Lang::En)).collect::<Vec<_>>().join("\n")
}

fn write(dir: &Path, path: &str, bytes: &[u8]) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_same_files_are_the_same_whatever_they_are_wrapped_in() {
    let flat = [file("server.sh", SCRIPT)];
    let wrapped = [file("hw1/server.sh", SCRIPT), file("__MACOSX/hw1/._server.sh", b"x"), file(".DS_Store", b"x")];
    let named = [file("notes.txt", b"x"), file("ssh-slow/server.sh", SCRIPT), file("server.sh", b"another")];
    let family = [file("hw/ssh/slow/server.sh", SCRIPT), file("hw/dns/x/server.sh", b"another")];
    let mut digests = Vec::new();
    for entries in [&flat[..], &wrapped, &named, &family] {
        for (name, bytes) in
            [("a.zip", zip(entries)), ("a.tar", tar(entries)), ("a.tgz", tgz(entries)), ("a.tar.gz", tgz(entries))]
        {
            let handed = of(name, &bytes).unwrap();
            assert_eq!(bytes_of(&handed), SCRIPT, "{name} {entries:?}");
            digests.push(handed.digest);
        }
        let dir = tempfile::tempdir().unwrap();
        entries
            .iter()
            .for_each(|entry| write(&dir.path().join("a"), str::from_utf8(&entry.name).unwrap(), &entry.content));
        let intake = open(dir.path(), None, &limits()).unwrap();
        digests.push(take(&intake.handings[0], &script()).unwrap().digest);
    }
    assert_eq!(digests.len(), 20);
    digests.dedup();
    assert_eq!(digests.len(), 1);
    assert_ne!(of("a.zip", &zip(&[file("server.sh", b"other")])).unwrap().digest, digests[0]);
}

fn bytes_of(handed: &HandedIn) -> &[u8] {
    bytes(handed).expect("was handed in")
}

#[test]
fn entries_can_be_taken_side_by_side() {
    fn shared<T: Send + Sync>() {}
    shared::<Intake>();
}

#[test]
fn several_scenarios_want_directories_of_their_own() {
    let both = [file("slow/server.sh", SCRIPT), file("server.sh", b"whose?")];
    let (_dir, intake) = one("a.zip", &zip(&both));
    let entry = intake.handings[0].entry.as_ref().unwrap();
    let slow = parts(entry, &script(), SCENARIO, true, &limits()).unwrap();
    assert_eq!(bytes(&slow), Some(SCRIPT));
    let other = parts(entry, &script(), "nat/t", true, &limits()).unwrap();
    assert!(other.parts.is_empty());
    assert_eq!(other.digest, parts(entry, &image(), "nat/t", true, &limits()).unwrap().digest);
}

#[test]
fn all_kinds_are_taken_and_what_is_not_asked_for_is_told() {
    let accepts = [
        accept("server.sh", Handed::Script),
        accept("sshd_config", Handed::File { to: "/etc/ssh/sshd_config".to_owned(), mode: 0o644, activate: None }),
        accept("address.txt", Handed::Address { ports: vec![ServicePort { transport: Transport::Tcp, port: 22 }] }),
        accept("server.tar", Handed::Image),
    ];
    let disk = vec![7; 9 << 20];
    let mut entries = vec![
        file("x/server.tar", &disk),
        file("x/address.txt", b"[2001:db8::1]:22\r\n"),
        file("x/sshd_config", b"UseDNS no\n"),
        file("x/old.7z", b""),
    ];
    entries.extend((0..12).map(|n| file(&format!("x/\u{1b}[31mextra{n:02}"), b"")));
    for (name, bytes) in [("a.zip", zip(&entries)), ("a.tgz", tgz(&entries)), ("a.tar", tar(&entries))] {
        let (_dir, intake) = one(name, &bytes);
        let handed = take(&intake.handings[0], &accepts).unwrap();
        let names: Vec<&str> = handed.parts.iter().map(|part| part.accept.name.as_str()).collect();
        assert_eq!(names, ["sshd_config", "address.txt", "server.tar"]);
        let Content::Address(address) = &handed.parts[1].content else { panic!() };
        assert_eq!(address.to_string(), "[2001:db8::1]:22");
        let Content::Image(path) = &handed.parts[2].content else { panic!() };
        assert!(fs::read(path).unwrap() == disk);
        let remarks = remarks(&handed);
        assert!(remarks.contains("x/extra09, … (+2)") && remarks.contains("x/old.7z"), "{remarks}");
        let kept = path.to_path_buf();
        drop(handed);
        assert!(!kept.exists(), "an image goes with what holds it");
    }
    let (_dir, intake) = one("a.zip", &zip(&[file("address.txt", b"$(reboot)")]));
    assert_eq!(take(&intake.handings[0], &accepts).unwrap_err().phrase().id, "address-form");
}

#[test]
fn sizes_are_bounded_for_each_kind() {
    let exact = vec![b'#'; 256 << 10];
    let large = vec![b'#'; (256 << 10) + 1];
    for pack in [zip, tar, tgz] {
        let name = if pack(&[])[0] == b'P' { "a.zip" } else { "a.tar" };
        assert!(of(name, &pack(&[file("server.sh", &exact)])).is_ok());
        assert_eq!(why(of(name, &pack(&[file("server.sh", &large)]))), "large");
    }
    let (_dir, intake) = one("a.tar", &tar(&[file("server.tar", &[1; 5000])]));
    let small = Limits { image: 4999, ..limits() };
    let entry = intake.handings[0].entry.as_ref().unwrap();
    assert_eq!(why(parts(entry, &image(), SCENARIO, false, &small)), "large");
    // No room is nobody's fault.
    let nowhere = Limits { temporary: "/nonexistent".into(), ..limits() };
    assert!(matches!(parts(entry, &image(), SCENARIO, false, &nowhere), Err(Trouble::Person(_))));
    let handed = take(&intake.handings[0], &image()).unwrap();
    let Content::Image(path) = &handed.parts[0].content else { panic!() };
    assert_eq!(fs::read(path).unwrap(), [1; 5000]);
}

#[test]
fn a_platforms_directory_may_hold_one_archive_but_archives_hold_no_archives() {
    let inner = zip(&[file("work/server.sh", SCRIPT)]);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "Ann Lee_12_assignsubmission_file_/my work.ZIP", &inner);
    write(dir.path(), "bob.zip", &zip(&[file("inner.zip", &inner)]));
    let intake = open(dir.path(), None, &limits()).unwrap();
    let by = |name: &str| intake.handings.iter().find(|handing| handing.student.name == name).unwrap();
    assert_eq!(bytes(&take(by("Ann Lee"), &script()).unwrap()), Some(SCRIPT));
    let bob = take(by("bob"), &script()).unwrap();
    assert!(bob.parts.is_empty() && remarks(&bob).contains("inner.zip"), "{}", remarks(&bob));
}

/// A roster that reads.
fn roster(text: &str) -> Roster {
    Roster::read(text.as_bytes()).unwrap()
}

#[test]
fn archives_of_one_student_are_named_by_their_bytes_not_by_their_ending() {
    let entries = [file("server.sh", SCRIPT)];
    assert_eq!(bytes(&of("a.tgz", &zip(&entries)).unwrap()), Some(SCRIPT));
    assert_eq!(bytes(&of("a.zip", &tgz(&entries)).unwrap()), Some(SCRIPT));
    for name in ["a.zip", "a.tgz", "a.tar"] {
        assert_eq!(why(of(name, b"Rar!\x1a\x07\x00 and so on")), "no-archive");
        assert_eq!(why(of(name, b"")), "no-archive");
    }
    assert!(of("a.zip", &zip(&[])).unwrap().parts.is_empty());
}
