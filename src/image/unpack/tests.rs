//! Tests of unpacking: what is restored, what is replaced, and how layers hide.

mod refused;

use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink as make_symlink};
use std::path::Path;

use tempfile::TempDir;

use super::{Limits, Target, UnpackError, Unpacked, unpack};
use crate::image::stream::{Entry, Kind, Modified};
use crate::image::testing::{Part, as_root, directory, file, hard_link, symlink, tar};

const AMPLE: Limits = Limits { bytes: 1 << 30, entries: 10_000 };

fn unpack_into(root: &Path, target: Target, parts: &[Part<'_>]) -> Result<Unpacked, UnpackError> {
    unpack(tar(parts).as_slice(), root, target, &AMPLE)
}

fn layer(parts: &[Part<'_>]) -> TempDir {
    let root = TempDir::new().unwrap();
    unpack_into(root.path(), Target::Layer, parts).unwrap();
    root
}

fn status(root: &TempDir, path: &str) -> Metadata {
    fs::symlink_metadata(root.path().join(path)).unwrap()
}

fn read(root: &TempDir, path: &str) -> String {
    fs::read_to_string(root.path().join(path)).unwrap()
}

fn is_opaque(root: &TempDir, path: &str) -> bool {
    xattr::get(root.path().join(path), "user.overlay.opaque").unwrap().as_deref() == Some(b"y")
}

fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

#[test]
fn owner_mode_time_and_attributes_are_restored() {
    as_root(|| {
        let make = |path: &str, kind| Entry {
            uid: 1234,
            gid: 65_535,
            modified: Modified { seconds: -5, nanoseconds: 0 },
            ..Entry::new(path, kind, 0o6751)
        };
        let mut program = make("d/program", Kind::File { size: 2 });
        let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        program.attributes = vec![
            (b"security.capability".to_vec(), capability.clone()),
            (b"user.note".to_vec(), b"\0n".to_vec()),
            (b"security.selinux".to_vec(), b"label".to_vec()),
            (b"trusted.note".to_vec(), b"t".to_vec()),
        ];
        let link = make("d/link", Kind::Symlink("/nowhere".into()));
        let root = layer(&[(make("d", Kind::Directory), b""), (program, b"hi"), (link, b"")]);
        for path in ["d", "d/program", "d/link"] {
            let status = status(&root, path);
            assert_eq!((status.uid(), status.gid(), status.mtime()), (1234, 65_535, -5), "{path}");
        }
        assert_eq!((status(&root, "d").mode() & 0o7777, status(&root, "d/program").mode() & 0o7777), (0o6751, 0o6751));
        assert_eq!(read(&root, "d/program"), "hi");
        let program = root.path().join("d/program");
        assert_eq!(xattr::get(&program, "security.capability").unwrap(), Some(capability));
        let mut names: Vec<_> = xattr::list(&program).unwrap().collect();
        names.sort();
        assert_eq!(names, ["security.capability", "user.note"]);
        assert_eq!(fs::read_link(root.path().join("d/link")).unwrap(), Path::new("/nowhere"));
    });
}

#[test]
fn hard_links_share_the_file_or_symbolic_link() {
    as_root(|| {
        let root = layer(&[file("a", b"1"), hard_link("b", "./a"), symlink("c", "a"), hard_link("d", "c")]);
        assert_eq!(status(&root, "a").ino(), status(&root, "b").ino());
        assert_eq!(status(&root, "a").nlink(), 2);
        assert_eq!(status(&root, "c").ino(), status(&root, "d").ino());
        // A link to itself keeps the file.
        assert_eq!(read(&layer(&[file("a", b"1"), hard_link("a", "a")]), "a"), "1");
    });
}

#[test]
fn counts_cover_everything_and_missing_parents_are_made_for_all_to_read() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        let device = (Entry::new("dev/null", Kind::Device, 0o666), &b""[..]);
        let fifo = (Entry::new("./dev/initctl", Kind::Fifo, 0o666), &b""[..]);
        let parts = [file("./a/b//c", b"12345"), directory("./"), device, fifo];
        let done = unpack_into(root.path(), Target::Layer, &parts).unwrap();
        assert_eq!(done, Unpacked { bytes: 5 * 512, entries: 6, devices_left_out: 2 });
        assert_eq!(status(&root, "a/b").mode() & 0o7777, 0o755);
        assert!(!root.path().join("dev").exists());
    });
}

#[test]
fn a_later_entry_replaces_an_earlier_one_and_never_writes_through_it() {
    as_root(|| {
        let outside = TempDir::new().unwrap();
        let victim = outside.path().join("victim");
        fs::write(&victim, "safe").unwrap();
        let to = victim.to_str().unwrap();
        let root = layer(&[symlink("a", to), file("a", b"file"), hard_link("b", "a"), file("b", b"other")]);
        assert_eq!((read(&root, "a").as_str(), read(&root, "b").as_str()), ("file", "other"));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "safe");
        // An empty directory makes way, and a directory keeps its content.
        let again = || (Entry::new("d", Kind::Directory, 0o700), &b""[..]);
        let root =
            layer(&[directory("d"), file("d/f", b"1"), again(), directory("e"), file("e", b"2"), directory("e")]);
        assert_eq!(read(&root, "d/f"), "1");
        assert_eq!(status(&root, "d").mode() & 0o7777, 0o700);
        assert!(status(&root, "e").is_dir());
        // A directory in a symbolic link's place is a real one.
        let root = layer(&[symlink("l", outside.path().to_str().unwrap()), directory("l"), file("l/x", b"")]);
        assert!(status(&root, "l").is_dir() && !outside.path().join("x").exists());
    });
}

#[test]
fn the_time_of_a_directory_that_was_replaced_is_nobodys() {
    as_root(|| {
        let root = layer(&[directory("d"), symlink("d", "/"), directory("e"), file("e", b"")]);
        assert!(status(&root, "d").is_symlink());
    });
}

#[test]
fn whiteouts_take_the_form_of_overlayfs() {
    as_root(|| {
        let opaque = file("o/.wh..wh..opq", b"");
        let root = layer(&[file("d/.wh.gone", b""), opaque, file("o/kept", b""), file(".wh..wh.plnk", b"")]);
        assert!(is_whiteout(&status(&root, "d/gone")));
        assert!(is_opaque(&root, "o") && !is_opaque(&root, "d"));
        assert!(root.path().join("o/kept").exists());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    });
}

#[test]
fn a_whiteout_hides_the_layers_below_and_not_its_own() {
    as_root(|| {
        for parts in [[directory("d"), file(".wh.d", b"")], [file(".wh.d", b""), directory("d")]] {
            let root = layer(&parts);
            assert!(status(&root, "d").is_dir() && is_opaque(&root, "d"));
        }
        for parts in [[file("f", b"1"), file(".wh.f", b"")], [file(".wh.f", b""), file("f", b"1")]] {
            assert_eq!(read(&layer(&parts), "f"), "1");
        }
        let root = layer(&[file(".wh.f", b""), file(".wh.f", b"")]);
        assert!(is_whiteout(&status(&root, "f")));
    });
}

#[test]
fn in_a_tree_whiteouts_are_plain_names() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        unpack_into(root.path(), Target::Tree, &[file(".wh.a", b"1")]).unwrap();
        assert_eq!(read(&root, ".wh.a"), "1");
    });
}

#[test]
fn a_tree_follows_symbolic_links_below_its_root_only() {
    as_root(|| {
        let root = TempDir::new().unwrap();
        fs::create_dir_all(root.path().join("usr/lib")).unwrap();
        for (to, link) in [("usr/lib", "lib"), ("/usr/lib", "absolute"), ("../../../../../usr", "usr/lib/up")] {
            make_symlink(to, root.path().join(link)).unwrap();
        }
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let top = (Entry::new("./", Kind::Directory, 0o700), &b""[..]);
        let parts = [top, directory("lib"), file("lib/a", b"1"), file("absolute/new/b", b"2"), file("lib/up/c", b"3")];
        unpack_into(root.path(), Target::Tree, &parts).unwrap();
        assert!(status(&root, "lib").is_symlink());
        assert_eq!((read(&root, "usr/lib/a").as_str(), read(&root, "usr/lib/new/b").as_str()), ("1", "2"));
        assert_eq!(read(&root, "usr/c"), "3");
        // The mode of the directory that was copied is not the machine's.
        assert_eq!(fs::metadata(root.path()).unwrap().mode() & 0o777, 0o755);
    });
}

#[test]
fn a_layers_root_has_the_metadata_that_the_archive_gives_it() {
    as_root(|| {
        let mut top = Entry::new("./", Kind::Directory, 0o711);
        top.modified.seconds = 77;
        let root = layer(&[(top, b""), file("a", b"")]);
        let status = fs::metadata(root.path()).unwrap();
        assert_eq!((status.mode() & 0o7777, status.mtime()), (0o711, 77));
    });
}
