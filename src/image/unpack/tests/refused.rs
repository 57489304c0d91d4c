//! Tests with archives that are to be refused, and with damaged ones.

use std::fs;
use std::io;

use proptest::collection::vec;
use proptest::prelude::*;
use tar::Header;
use tempfile::TempDir;

use super::{AMPLE, unpack_into};
use crate::image::stream::{Entry, Kind, StreamError};
use crate::image::testing::{Part, as_root, directory, file, hard_link, symlink, tar};
use crate::image::unpack::{Limits, Refusal, Target, UnpackError, unpack};

fn refusal(target: Target, parts: &[Part<'_>]) -> Refusal {
    let root = TempDir::new().unwrap();
    match unpack_into(root.path(), target, parts) {
        Err(UnpackError::Refused { entry, refusal }) => {
            let (last, _) = parts.last().unwrap();
            assert_eq!(entry, last.name());
            refusal
        }
        other => panic!("{parts:?}: {other:?}"),
    }
}

fn entry(path: &str, kind: Kind) -> Part<'static> {
    (Entry::new(path, kind, 0o644), b"")
}

#[test]
fn paths_that_leave_the_root_are_refused() {
    as_root(|| {
        let nul = format!("{}\0a", "d/".repeat(60));
        let long = "d/".repeat(2049);
        for target in [Target::Layer, Target::Tree] {
            for (path, why) in [
                ("/etc/passwd", Refusal::Absolute),
                ("../a", Refusal::DotDot),
                ("a/../../b", Refusal::DotDot),
                ("a/..", Refusal::DotDot),
                (nul.as_str(), Refusal::Nul),
                (long.as_str(), Refusal::Long),
                (".", Refusal::RootReplaced),
            ] {
                assert_eq!(refusal(target, &[file(path, b"")]), why);
            }
            assert_eq!(refusal(target, &[symlink("", "a")]), Refusal::RootReplaced);
            assert_eq!(refusal(target, &[symlink("a", "")]), Refusal::NoTarget);
        }
    });
}

#[test]
fn hard_links_name_a_file_that_is_there() {
    as_root(|| {
        let outside = TempDir::new().unwrap();
        let missing = |name: &str| Refusal::LinkMissing(name.to_owned());
        let target = |why| Refusal::LinkTarget(Box::new(why));
        for (to, why) in [
            ("/etc/passwd", target(Refusal::Absolute)),
            ("../a", target(Refusal::DotDot)),
            ("nowhere", missing("nowhere")),
            ("no/where", missing("no/where")),
            ("", Refusal::NoTarget),
            ("d", missing("d")),
        ] {
            assert_eq!(refusal(Target::Layer, &[directory("d"), hard_link("l", to)]), why);
        }
        fs::write(outside.path().join("secret"), "").unwrap();
        let way = || symlink("way", outside.path().to_str().unwrap());
        assert_eq!(refusal(Target::Layer, &[way(), hard_link("l", "way/secret")]), Refusal::ThroughSymlink);
        // Below a tree's root there is no such directory.
        assert_eq!(refusal(Target::Tree, &[way(), hard_link("l", "way/secret")]), missing("way/secret"));
        assert_eq!(refusal(Target::Layer, &[file(".wh.a", b""), hard_link("b", "a")]), missing("a"));
    });
}

#[test]
fn nothing_goes_through_what_is_no_directory() {
    as_root(|| {
        let outside = TempDir::new().unwrap();
        let way = || symlink("way", outside.path().to_str().unwrap());
        for last in [file("way/a", b""), directory("way/a"), file("way/.wh.a", b""), file("way/.wh..wh..opq", b"")] {
            assert_eq!(refusal(Target::Layer, &[way(), last]), Refusal::ThroughSymlink);
        }
        assert_eq!(refusal(Target::Layer, &[symlink("l", "l"), file("l/a", b"")]), Refusal::ThroughSymlink);
        assert_eq!(refusal(Target::Tree, &[symlink("l", "l"), file("l/a", b"")]), Refusal::ThroughFile);
        assert_eq!(refusal(Target::Tree, &[way(), file("way/a", b"")]), Refusal::ThroughFile);
        for target in [Target::Layer, Target::Tree] {
            assert_eq!(refusal(target, &[file("f", b""), file("f/a", b"")]), Refusal::ThroughFile);
            assert_eq!(refusal(target, &[file("d/a", b""), file("d", b"")]), Refusal::InTheWay);
            assert_eq!(refusal(target, &[file("d/a", b""), symlink("d", "x")]), Refusal::InTheWay);
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    });
}

#[test]
fn devices_owners_attributes_and_odd_whiteouts_are_refused() {
    as_root(|| {
        for target in [Target::Layer, Target::Tree] {
            for path in ["null", "dev", "etc/dev/null", "devices/a"] {
                assert_eq!(refusal(target, &[entry(path, Kind::Device)]), Refusal::Device, "{path}");
            }
            assert_eq!(refusal(target, &[entry("run/pipe", Kind::Fifo)]), Refusal::Device);
            for (uid, gid) in [(65_536, 0), (0, 65_536), (u64::MAX, 0), (1 << 32, 0)] {
                let (mut entry, content) = file("a", b"");
                (entry.uid, entry.gid) = (uid, gid);
                assert_eq!(refusal(target, &[(entry, content)]), Refusal::Owner { uid, gid });
            }
            for name in ["user.overlay.opaque", "user.overlay.redirect", "trusted.overlay.opaque"] {
                let (mut entry, content) = directory("a");
                entry.attributes.push((name.into(), b"y".to_vec()));
                assert_eq!(refusal(target, &[(entry, content)]), Refusal::OverlayAttribute(name.to_owned()));
            }
        }
        for path in [".wh.", ".wh..", ".wh...", "a/.wh.", ".wh.a/b", ".wh..wh..opq/b"] {
            assert_eq!(refusal(Target::Layer, &[file(path, b"")]), Refusal::Whiteout, "{path}");
        }
    });
}

#[test]
fn limits_count_what_headers_declare() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let few = |bytes, entries| Limits { bytes, entries };
        // A terabyte is announced, and nothing of it is there.
        let mut header = Header::new_gnu();
        header.set_path("bomb").unwrap();
        header.set_size(1 << 40);
        for set in [Header::set_uid, Header::set_gid, Header::set_mtime] {
            set(&mut header, 0);
        }
        header.set_mode(0o644);
        header.set_cksum();
        let announced = unpack(&header.as_bytes()[..], root.path(), Target::Layer, &AMPLE).unwrap_err();
        assert!(
            announced.to_string().contains("entry `bomb` is refused: with it the archive holds more than 1073741824")
        );
        assert!(!root.path().join("bomb").exists());

        let refused =
            |parts: &[Part<'_>], limits| match unpack(tar(parts).as_slice(), root.path(), Target::Layer, &limits) {
                Err(UnpackError::Refused { refusal, .. }) => Some(refusal),
                _ => None,
            };
        let three = [file("a", b"1"), file("b", b"1"), file("c", b"1")];
        assert_eq!(refused(&three, few(1 << 20, 2)), Some(Refusal::Entries { most: 2 }));
        assert_eq!(refused(&three, few(1 << 20, 3)), None);
        assert_eq!(refused(&[file("1/2/3/4/5/6", b"")], few(1 << 20, 5)), Some(Refusal::Entries { most: 5 }));
        let (mut large, content) = file("d", b"");
        large.attributes.push((b"user.large".to_vec(), vec![b'x'; 100_000]));
        assert_eq!(refused(&[(large, content)], few(50_000, 10)), Some(Refusal::Bytes { most: 50_000 }));
    });
}

#[test]
fn what_follows_the_end_is_read_but_not_for_ever() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let padded = [tar(&[file("a", b"1")]), vec![0; 10_240]].concat();
        unpack(padded.as_slice(), root.path(), Target::Layer, &AMPLE).unwrap();
        let endless = io::Read::chain(io::Cursor::new(padded), io::repeat(0));
        let limits = Limits { bytes: 1 << 21, entries: 10 };
        let refused = unpack(endless, root.path(), Target::Layer, &limits);
        assert!(matches!(refused, Err(UnpackError::Trailer)), "{refused:?}");
    });
}

#[test]
fn an_error_of_the_source_at_its_very_end_is_an_error() {
    struct Fails;
    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("digest differs"))
        }
    }
    as_root(|| {
        let root = TempDir::new().unwrap();
        let source = io::Read::chain(io::Cursor::new(tar(&[file("a", b"1")])), Fails);
        let refused = unpack(source, root.path(), Target::Layer, &AMPLE).unwrap_err();
        assert!(refused.to_string().contains("digest differs"));
    });
}

#[test]
fn an_archive_that_was_cut_off_is_never_whole() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let tar = tar(&[directory("d"), file("d/a", &[1; 600]), file("d/b", b"2")]);
        for length in (0..tar.len() - 1024).step_by(64) {
            let cut = unpack(&tar[..length], root.path(), Target::Layer, &AMPLE);
            let noticed = match &cut {
                Err(UnpackError::Stream(StreamError::Truncated { .. } | StreamError::Read(_))) => true,
                Err(UnpackError::Failed { entry, source, .. }) => {
                    entry.starts_with("d/") && source.kind() == io::ErrorKind::UnexpectedEof
                }
                _ => false,
            };
            assert!(noticed, "cut at {length}: {cut:?}");
        }
    });
}

/// Whatever a header says, with a checksum that fits: no panic, and nothing is made beside the root.
#[test]
fn damaged_headers_do_no_harm() {
    let config = ProptestConfig::with_cases(300);
    let changes = || vec((0..4usize, 0..512usize, any::<u8>()), 1..6);
    as_root(|| proptest!(config, |(changes in changes(), tree: bool)| unpack_damaged(&changes, tree)));
}

fn unpack_damaged(changes: &[(usize, usize, u8)], tree: bool) {
    let around = TempDir::new().unwrap();
    let root = around.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut bytes = tar(&[directory("d"), file("d/a", &[b'x'; 512]), symlink("l", ".."), hard_link("h", "d/a")]);
    for (header, at, byte) in changes {
        let start = [0, 512, 1536, 2048][*header];
        bytes[start + at] = *byte;
        let mut header = Header::from_byte_slice(&bytes[start..start + 512]).clone();
        header.set_cksum();
        bytes[start..start + 512].copy_from_slice(header.as_bytes());
    }
    let _ = unpack(bytes.as_slice(), &root, if tree { Target::Tree } else { Target::Layer }, &AMPLE);
    assert_eq!(fs::read_dir(around.path()).unwrap().count(), 1);
}
