//! Tests of packing, most of them round trips through unpacking.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::pack;
use crate::image::stream::{Entries, Entry, Kind};
use crate::image::testing::as_root;
use crate::image::unpack::{Limits, Target, unpack};

fn packed(root: &Path) -> Vec<u8> {
    let mut tar = Vec::new();
    assert_eq!(pack(root, &mut tar).unwrap(), tar.len() as u64);
    tar
}

fn unpacked(tar: &[u8]) -> TempDir {
    let root = TempDir::new().unwrap();
    unpack(tar, root.path(), Target::Layer, &Limits { bytes: 1 << 30, entries: 10_000 }).unwrap();
    root
}

fn entries(tar: &[u8]) -> Vec<Entry> {
    let mut entries = Entries::new(tar);
    std::iter::from_fn(|| entries.next_entry().unwrap()).collect()
}

fn names(tar: &[u8]) -> Vec<String> {
    entries(tar).iter().map(Entry::name).collect()
}

fn whiteout(path: &Path) {
    mknod(path, SFlag::S_IFCHR, Mode::empty(), makedev(0, 0)).unwrap();
}

fn set_time(path: &Path, seconds: u64) {
    // Fractions of a second are not kept.
    let time = UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 750);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// One thing put into a tree; what cannot be put there is left out.
type Step = (u8, String, u16, Vec<u8>);

fn grow(root: &Path, steps: &[Step]) {
    let mut made = Vec::new();
    for (kind, name, number, content) in steps {
        let path = root.join(name);
        if path.symlink_metadata().is_ok() || fs::create_dir_all(path.parent().unwrap()).is_err() {
            continue;
        }
        match (kind % 7, made.get(usize::from(*number) % made.len().max(1))) {
            (0, _) => drop(fs::create_dir(&path)),
            (1, _) => drop(symlink(format!("../{name}"), &path)),
            (2, Some(other)) => drop(fs::hard_link(other, &path)),
            (3, _) => whiteout(&path),
            (4, _) => {
                fs::create_dir(&path).unwrap();
                xattr::set(&path, "user.overlay.opaque", b"y").unwrap();
            }
            _ => fs::write(&path, content).unwrap(),
        }
        if matches!(kind % 7, 0 | 1 | 4..) {
            lchown(&path, Some((*number).into()), Some(u32::from(number / 2))).unwrap();
        }
        let plain = path.symlink_metadata().unwrap();
        if plain.is_dir() || plain.is_file() {
            fs::set_permissions(&path, Permissions::from_mode(u32::from(*number) & 0o7777)).unwrap();
            xattr::set(&path, format!("user.{}", name.len()), content).unwrap();
            set_time(&path, u64::from(*number) * 50_000);
        }
        if !plain.is_dir() {
            made.push(path);
        }
    }
}

#[test]
fn unpacking_and_packing_again_gives_the_same_bytes() {
    let part = "[a-c.-]{1,2}|[äé\n]|long{40}".prop_filter("no name", |name| ![".", ".."].contains(&name.as_str()));
    let name = vec(part, 1..5).prop_map(|parts| parts.join("/"));
    let steps = vec((any::<u8>(), name, any::<u16>(), vec(any::<u8>(), 0..700)), 0..40);
    as_root(|| {
        proptest!(ProptestConfig::with_cases(100), |(steps in steps)| {
            let root = TempDir::new().unwrap();
            grow(root.path(), &steps);
            let first = packed(root.path());
            prop_assert_eq!(&packed(root.path()), &first);
            let again = unpacked(&first);
            prop_assert!(packed(again.path()) == first, "{:?} {:?}", entries(&first), entries(&packed(again.path())));
        });
    });
}

#[test]
fn entries_come_in_order_with_their_hidden_names() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        for directory in ["b", "b/x", "b-c", "a"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        xattr::set(root.path().join("b"), "user.overlay.opaque", b"y").unwrap();
        whiteout(&root.path().join("b/gone"));
        fs::write(root.path().join("b/first"), "1").unwrap();
        fs::hard_link(root.path().join("b/first"), root.path().join("a/second")).unwrap();
        let tar = packed(root.path());
        let expected = ["./", "a/", "a/second", "b/", "b/.wh..wh..opq", "b/.wh.gone", "b/first", "b/x/", "b-c/"]
            .map(str::to_owned);
        assert_eq!(names(&tar), expected);
        // The first of the two names is the file.
        let entries = entries(&tar);
        assert_eq!((&entries[2].kind, &entries[6].kind), (&Kind::File { size: 1 }, &Kind::HardLink("a/second".into())));
    });
}

#[test]
fn whiteouts_that_share_an_inode_stay_whiteouts() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        whiteout(&root.path().join("a"));
        fs::hard_link(root.path().join("a"), root.path().join("b")).unwrap();
        let tar = packed(root.path());
        assert_eq!(names(&tar), ["./", ".wh.a", ".wh.b"]);
        assert!(entries(&tar)[1..].iter().all(|entry| entry.kind == Kind::File { size: 0 }));
    });
}

#[test]
fn what_belongs_to_a_process_is_left_out() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
        mknod(&root.path().join("pipe"), SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
        assert_eq!(names(&packed(root.path())), ["./"]);
    });
}

#[test]
fn only_attributes_that_belong_to_the_file_are_kept() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let path = root.path().join("a");
        fs::write(&path, "").unwrap();
        for name in ["user.b", "user.a", "user.overlay.origin", "user.overlay.impure"] {
            xattr::set(&path, name, b"1").unwrap();
        }
        let kept: Vec<_> = entries(&packed(root.path()))[1].attributes.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(kept, [b"user.a", b"user.b"]);
    });
}

#[test]
fn what_a_layer_cannot_hold_is_named() {
    as_root(|| {
        let says = |prepare: &dyn Fn(&Path)| {
            let root = TempDir::new().unwrap();
            fs::create_dir(root.path().join("d")).unwrap();
            prepare(&root.path().join("d/a"));
            pack(root.path(), Vec::new()).unwrap_err().to_string()
        };
        let said = says(&|path| fs::write(path.with_file_name(".wh.a"), "").unwrap());
        assert!(said.starts_with("cannot pack `d/.wh.a`: ") && said.contains("would hide"), "{said}");
        let said = says(&|path| {
            fs::create_dir(path).unwrap();
            xattr::set(path, "user.overlay.redirect", b"/b").unwrap();
        });
        assert!(said.starts_with("cannot pack `d/a`: ") && said.contains("another layer"), "{said}");
        let missing = pack(Path::new("/nowhere"), Vec::new()).unwrap_err().to_string();
        assert!(missing.contains("/nowhere"), "{missing}");
    });
}
