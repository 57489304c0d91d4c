//! A directory on disk: no link is followed at any level, nothing that is no file is opened, nothing blocks.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use super::member::{Kind, Member, Place, decoded};
use super::tree::Tree;
use super::{Trouble, refused, too_much, unreadable};

/// How deep directories are looked into: a scenario's directory in a wrapping one, and some more for the remarks.
const DEPTH: usize = 6;

/// Everything below a directory, whose names are `path` from `root` on; paths begin with `under`.
pub(super) fn tree(root: &Arc<OwnedFd>, path: &[OsString], under: &str, most: usize) -> Result<Tree, Trouble> {
    let mut tree = Tree::default();
    let mut ahead = vec![(path.to_vec(), under.to_owned())];
    while let Some((path, prefix)) = ahead.pop() {
        let (directory, name) = enter(root, &path)?;
        for (name, kind, size) in children(&directory, &name, most.saturating_sub(tree.members.len()))? {
            let mut path = path.clone();
            let text = decoded(name.as_bytes());
            path.push(name);
            let text = if prefix.is_empty() { text } else { format!("{prefix}/{text}") };
            // A backslash is a character like others here, but means something elsewhere; no name that is accepted has one.
            if text.contains('\\') {
                tree.astray.push(text);
                continue;
            }
            if kind == Kind::Directory && path.len() < DEPTH {
                ahead.push((path.clone(), text.clone()));
            }
            tree.members.push(Member { path: text, kind, size, place: Place::Disk { root: Arc::clone(root), path } });
        }
    }
    Ok(tree)
}

/// What a directory holds, by name.
pub(super) fn children(directory: &OwnedFd, name: &str, most: usize) -> Result<Vec<(OsString, Kind, u64)>, Trouble> {
    let mut all = Vec::new();
    // Through the descriptor: the directory that was opened, whatever its name leads to by now.
    let open = fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    for child in open.map_err(|err| unreadable(&err, name))? {
        let child = child.map_err(|err| unreadable(&err, name))?.file_name();
        if all.len() >= most {
            return Err(too_much("intake-refused-many", name, most));
        }
        match fstatat(directory, child.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => all.push((child, kind(&stat), stat.st_size.cast_unsigned())),
            // Gone since.
            Err(Errno::ENOENT) => {}
            Err(err) => return Err(unreadable(&err.into(), &decoded(child.as_bytes()))),
        }
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    Ok(all)
}

/// Opens a regular file; its length too.
pub(super) fn open(root: &OwnedFd, path: &[OsString], shown: &str) -> Result<(File, u64), Trouble> {
    let Some((last, directories)) = path.split_last() else { return Err(refused("intake-refused-directory", shown)) };
    let (directory, _) = enter(root, directories)?;
    // Opening a device can do something, such as rewind a tape: what it is, is asked before and after.
    let before = fstatat(&directory, last.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
    expect(&before.map_err(|err| failed(err, shown))?, shown)?;
    // Without `O_NONBLOCK`, opening a pipe would wait for its other end.
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = openat(&directory, last.as_os_str(), flags, Mode::empty()).map_err(|err| failed(err, shown))?;
    let stat = fstat(&file).map_err(|err| failed(err, shown))?;
    expect(&stat, shown)?;
    Ok((File::from(file), stat.st_size.cast_unsigned()))
}

/// Goes down from directory to directory; the name of the last one.
fn enter(root: &OwnedFd, path: &[OsString]) -> Result<(OwnedFd, String), Trouble> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut at = root.try_clone().map_err(|err| unreadable(&err, "."))?;
    for name in path {
        at = openat(&at, name.as_os_str(), flags, Mode::empty()).map_err(|err| failed(err, &text(name)))?;
    }
    Ok((at, path.last().map_or_else(|| ".".to_owned(), |name| text(name))))
}

fn text(name: &OsStr) -> String {
    decoded(name.as_bytes())
}

fn expect(stat: &FileStat, shown: &str) -> Result<(), Trouble> {
    Member { path: shown.to_owned(), kind: kind(stat), size: 0, place: Place::Nowhere }.expect_file()
}

fn failed(err: Errno, name: &str) -> Trouble {
    match err {
        // A link, also where a directory should be, and a socket.
        Errno::ELOOP | Errno::ENOTDIR => refused("intake-refused-link", name),
        Errno::ENXIO => refused("intake-refused-socket", name),
        err => unreadable(&io::Error::from(err), name),
    }
}

fn kind(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Directory,
        SFlag::S_IFLNK => Kind::Link,
        SFlag::S_IFIFO => Kind::Pipe,
        SFlag::S_IFSOCK => Kind::Socket,
        _ => Kind::Device,
    }
}
