//! Entries that attack: each is refused or left aside, within bounds, and nothing outside of it is touched.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::mkfifo;

use super::archives::{gz, raw, special, zeros};
use super::*;

const LINK: u32 = 0o120_777;

/// Most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn bombs_stop_by_what_was_decompressed_not_by_what_they_say() {
    const GIB: u64 = 1 << 30;
    let bomb =
        |size| archives::Raw { size: Some(size), deflated: Some((zeros(b"", 1024), 0)), ..file("server.sh", b"") };
    let (honest, lying) = (zip(&[bomb(GIB)]), zip(&[bomb(100)]));
    let header = tar(&[file("server.sh", SCRIPT), archives::Raw { content: vec![0; 1024], ..file("zeros", b"") }]);
    let tarred = [&gz(b"")[..10], &zeros(&header[..header.len() - 1024], 1024)].concat();
    let (before, began) = (peak(), Instant::now());
    assert_eq!(why(of("a.zip", &honest)), "large");
    assert_eq!(why(of("a.zip", &lying)), "damaged");
    let (_dir, intake) = one("a.tgz", &tarred);
    let small = Limits { read: 32 << 20, ..limits() };
    let entry = intake.handings[0].entry.as_ref().unwrap();
    assert_eq!(why(parts(entry, &script(), SCENARIO, false, &small)), "total");
    // The bomb within the bounds that nobody looks at costs nothing.
    let beside = zip(&[bomb(GIB), file("server.sh2", SCRIPT)]);
    assert_eq!(why(of("a.zip", &beside)), "large");
    let mut unasked = bomb(GIB);
    unasked.name = b"readme".to_vec();
    assert_eq!(bytes(&of("a.zip", &zip(&[unasked, file("server.sh", SCRIPT)])).unwrap()), Some(SCRIPT));
    assert!(peak() - before < 64 << 20, "{} MiB", (peak() - before) >> 20);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn names_that_lead_elsewhere_lead_nowhere() {
    let astray = ["../server.sh", "/server.sh", "x/../../server.sh", "C:/server.sh", "../../etc/cron.d/x"];
    for pack in [zip, tar] {
        let mut entries: Vec<_> = astray.iter().map(|name| file(name, b"evil")).collect();
        let handed = of("a.tar", &pack(&entries)).unwrap();
        assert!(handed.parts.is_empty());
        assert!(remarks(&handed).contains("../../etc/cron.d/x"), "{}", remarks(&handed));
        entries.push(file("server.sh", SCRIPT));
        assert_eq!(bytes(&of("a.tar", &pack(&entries)).unwrap()), Some(SCRIPT));
    }
    let odd = [raw(b"a\nb\x1b[2J\x07", b""), raw(b"server.sh\0.txt", b""), raw("\u{202e}hs.revres".as_bytes(), b"")];
    let handed = of("a.zip", &zip(&odd)).unwrap();
    assert!(handed.parts.is_empty() && !remarks(&handed).replace('\n', "").contains(|c: char| c.is_control()));
    assert!(!remarks(&handed).contains('\u{202e}'));
    // What an old packer on Windows writes is a directory; in a tar it is a letter.
    let windows = [file("work\\server.sh", SCRIPT), file("work\\..\\..\\x", b"")];
    assert_eq!(bytes(&of("a.zip", &zip(&windows)).unwrap()), Some(SCRIPT));
    assert!(of("a.tar", &tar(&windows)).unwrap().parts.is_empty());
    // 課題 and 表 in Shift-JIS, the latter with a backslash as its second byte.
    let japanese = [raw(b"\x89\xdb\x91\xe8/server.sh", SCRIPT), raw(b"\x89\xdb\x91\xe8/\x95\x5c.txt", b"")];
    for pack in [zip, tar] {
        assert_eq!(bytes(&of("a.tar", &pack(&japanese)).unwrap()), Some(SCRIPT));
    }
}

#[test]
fn what_is_no_file_in_an_archive_is_refused_with_what_it_is() {
    let kinds = [(LINK, "link"), (0o010_644, "pipe"), (0o020_644, "device"), (0o040_755, "directory")];
    for (mode, reason) in kinds {
        for pack in [zip, tar, tgz] {
            assert_eq!(why(of("a.tar", &pack(&[special("server.sh", mode, b"/etc/shadow")]))), reason);
        }
    }
    assert_eq!(why(of("a.zip", &zip(&[special("server.sh", 0o140_644, b"")]))), "socket");
    assert_eq!(why(of("a.zip", &zip(&[file("server.sh/x", b"")]))), "directory");
    for pack in [zip, tar] {
        assert_eq!(why(of("a.tar", &pack(&[file("server.sh", b"1"), file("./server.sh", b"2")]))), "twice");
        assert_eq!(why(of("a.tar", &pack(&[file("server.sh", b"1"), special("server.sh", LINK, b"x")]))), "twice");
    }
    // Another name of a file in the archive is that file; one of a file elsewhere is a link.
    let hard = |to: &[u8]| tar(&[file("solution", SCRIPT), special("server.sh", 0o110_644, to)]);
    assert_eq!(bytes(&of("a.tar", &hard(b"solution")).unwrap()), Some(SCRIPT));
    assert_eq!(why(of("a.tar", &hard(b"/etc/shadow"))), "link");
    // What is below a link is nowhere.
    let linked = tar(&[special("work", LINK, b"/etc"), file("work/server.sh", SCRIPT)]);
    assert!(of("a.tar", &linked).unwrap().parts.is_empty());
}

#[test]
fn damaged_encrypted_and_lying_zips_say_so() {
    let good = zip(&[file("server.sh", SCRIPT)]);
    assert_eq!(why(of("a.zip", &zip(&[archives::Raw { flags: 1, ..file("server.sh", SCRIPT) }]))), "encrypted");
    assert_eq!(why(of("a.zip", &zip(&[archives::Raw { method: Some(14), ..file("server.sh", SCRIPT) }]))), "method");
    for size in [0, 1, 1000] {
        assert_eq!(
            why(of("a.zip", &zip(&[archives::Raw { size: Some(size), ..file("server.sh", SCRIPT) }]))),
            "damaged"
        );
    }
    assert_eq!(
        bytes(&of("a.zip", &zip(&[archives::Raw { zip64: true, ..file("server.sh", SCRIPT) }])).unwrap()),
        Some(SCRIPT)
    );
    assert_eq!(
        why(of("a.zip", &zip(&[archives::Raw { zip64: true, size: Some(u64::MAX), ..file("server.sh", b"") }]))),
        "large"
    );
    // Cut at any place, or with any byte changed, it is refused or the same.
    for end in 0..good.len() {
        assert!(["damaged", "no-archive"].contains(&why(of("a.zip", &good[..end])).as_str()), "{end}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        if let Ok(handed) = of("a.zip", &bad) {
            assert!(bytes(&handed).is_none_or(|bytes| bytes == SCRIPT), "{at}");
        }
    }
    let (tarred, zipped) = (tar(&[file("server.sh", SCRIPT)]), tgz(&[file("server.sh", SCRIPT)]));
    for end in [1, 100, 511, 513, 700, 1024, 1500] {
        assert!(["cut-off", "no-archive"].contains(&why(of("a.tar", &tarred[..end])).as_str()), "{end}");
    }
    for end in 2..zipped.len() {
        assert!(of("a.tgz", &zipped[..end]).is_err(), "{end}");
    }
}

#[test]
fn counts_are_bounded() {
    let many: Vec<_> = (0..10_001).map(|n| file(&format!("{n}"), b"")).collect();
    for (name, bytes) in [("a.zip", zip(&many)), ("a.tar", tar(&many))] {
        assert_eq!(why(of(name, &bytes)), "many");
    }
    // A count that there is no room for.
    let mut lie = zip(&[file("server.sh", SCRIPT)]);
    let end = lie.len() - 22;
    lie[end + 8..end + 12].copy_from_slice(&[0xff, 0x20, 0xff, 0x20]);
    assert_eq!(why(of("a.zip", &lie)), "damaged");
    let dir = tempfile::tempdir().unwrap();
    (0..30).for_each(|n| write(dir.path(), &format!("ann/{n}"), b""));
    let intake = open(dir.path(), None, &limits()).unwrap();
    let few = Limits { members: 29, ..limits() };
    assert_eq!(why(parts(intake.handings[0].entry.as_ref().unwrap(), &script(), SCENARIO, false, &few)), "many");
    let huge = Limits { archive: 100, ..limits() };
    let (_dir, intake) = one("a.zip", &zip(&[file("server.sh", SCRIPT)]));
    assert_eq!(why(parts(intake.handings[0].entry.as_ref().unwrap(), &script(), SCENARIO, false, &huge)), "archive");
}

#[test]
fn what_is_no_file_on_disk_is_refused_without_waiting_or_opening() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        fs::create_dir_all(dir.path().join(name)).unwrap();
        dir.path().join(name).join("server.sh")
    };
    symlink("/etc/shadow", place("link")).unwrap();
    mkfifo(&place("pipe"), Mode::S_IRUSR).unwrap();
    let _socket = UnixListener::bind(place("socket")).unwrap();
    fs::create_dir_all(place("directory")).unwrap();
    write(dir.path(), "directory/server.sh/x", b"");
    fs::write(dir.path().join("solution"), SCRIPT).unwrap();
    fs::hard_link(dir.path().join("solution"), place("hard")).unwrap();
    symlink(dir.path().join("hard"), dir.path().join("stranger")).unwrap();
    symlink(dir.path().join("hard"), dir.path().join("Ann_1_assignsubmission_file_")).unwrap();
    fs::create_dir_all(dir.path().join("inside")).unwrap();
    symlink(dir.path().join("hard"), dir.path().join("inside/slow")).unwrap();
    // The null device: only root can make one.
    let device = mknod(&place("device"), SFlag::S_IFCHR, Mode::S_IRUSR, makedev(1, 3)).is_ok();
    let began = Instant::now();
    let intake = open(dir.path(), None, &limits()).unwrap();
    let of = |name: &str| {
        let handing = intake.handings.iter().find(|handing| handing.student.name == name).expect(name);
        take(handing, &script())
    };
    for reason in ["link", "pipe", "socket", "directory"] {
        assert_eq!(why(of(reason)), reason);
    }
    match device {
        true => assert_eq!(why(of("device")), "device"),
        false => assert!(of("device").unwrap().parts.is_empty(), "there is none, as only root can make one"),
    }
    assert_eq!(why(of("stranger")), "link");
    assert_eq!(why(of("Ann")), "link");
    assert_eq!(bytes(&of("hard").unwrap()), Some(SCRIPT));
    assert!(of("inside").unwrap().parts.is_empty());
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_link_that_takes_a_files_place_later_is_refused_as_well() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "ann/server.sh", SCRIPT);
    write(dir.path(), "other/server.sh", b"secret");
    write(dir.path(), "bob.zip", &zip(&[file("server.sh", SCRIPT)]));
    let intake = open(dir.path(), None, &limits()).unwrap();
    fs::rename(dir.path().join("ann"), dir.path().join("was")).unwrap();
    symlink(dir.path().join("other"), dir.path().join("ann")).unwrap();
    fs::remove_file(dir.path().join("bob.zip")).unwrap();
    symlink("/etc/shadow", dir.path().join("bob.zip")).unwrap();
    assert_eq!(why(take(&intake.handings[0], &script())), "link");
    assert_eq!(why(take(&intake.handings[1], &script())), "link");
}
