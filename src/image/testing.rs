//! What the tests of this module share: archives made on the spot, and root's rights where they are needed.

use std::any::type_name_of_val;
use std::env::current_exe;
use std::process::Command;

use nix::unistd::geteuid;

use crate::image::stream::{Entry, Kind, StreamWriter};

/// Runs the test's body as root: directly, or else by running this test again in a user namespace of its own, with
/// the user's range of subordinate ids.
pub fn as_root<F: FnOnce()>(body: F) {
    if geteuid().is_root() {
        return body();
    }
    let closure = type_name_of_val(&body);
    let (_, test) = closure.split_once("::").unwrap();
    let test = test.trim_end_matches("::{{closure}}");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--map-auto", "--"]).arg(current_exe().unwrap()).args(["--exact", test]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// A tar of these entries.
pub fn tar(entries: &[(Entry, &[u8])]) -> Vec<u8> {
    let mut writer = StreamWriter::new(Vec::new());
    for (entry, content) in entries {
        writer.append(entry, *content).unwrap();
    }
    writer.finish().unwrap().0
}

/// An entry with its content.
pub type Part<'a> = (Entry, &'a [u8]);

/// A file.
pub fn file<'a>(path: &str, content: &'a [u8]) -> Part<'a> {
    (Entry::new(path, Kind::File { size: content.len() as u64 }, 0o644), content)
}

/// A directory.
pub fn directory(path: &str) -> Part<'static> {
    (Entry::new(path, Kind::Directory, 0o755), b"")
}

/// A symbolic link.
pub fn symlink(path: &str, to: &str) -> Part<'static> {
    (Entry::new(path, Kind::Symlink(to.into()), 0o777), b"")
}

/// A hard link.
pub fn hard_link(path: &str, to: &str) -> Part<'static> {
    (Entry::new(path, Kind::HardLink(to.into()), 0o644), b"")
}
