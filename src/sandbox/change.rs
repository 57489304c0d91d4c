//! Changes in the store that need rights over the endpoints' ids: whole, inside the store, and never through a symbolic link.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Component, Path};

use super::message::{Change, Ids};

/// Carries out a change. The current directory is the store.
///
/// # Errors
/// A path that leaves the store, or what the file system says.
pub fn carry_out(change: &Change, ids: Ids) -> io::Result<()> {
    match change {
        Change::Make(dir) => {
            fs::create_dir(inside(dir)?)?;
            chown(dir, Some(ids.first), Some(ids.first))
        }
        Change::Move(from, to) => {
            // Written out before it gets its name: a layer that has its name is whole, even after a power cut.
            nix::unistd::syncfs(fs::File::open(inside(from)?)?)?;
            fs::rename(from, inside(to)?)
        }
        Change::Remove(path) => match remove(inside(path)?) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        },
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { remove_tree(path) } else { fs::remove_file(path) }
}

/// Removes a tree, however deep a build has made it: what is further below is moved up first, and no depth is followed.
fn remove_tree(top: &Path) -> io::Result<()> {
    let free = |name: &u64| top.join(name.to_string()).symlink_metadata().is_err();
    let mut names = 0_u64..;
    let mut left = true;
    while left {
        left = false;
        for entry in fs::read_dir(top)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            left = true;
            for below in fs::read_dir(entry.path())? {
                let below = below?;
                if below.file_type()?.is_dir() {
                    let name = names.find(free).unwrap_or_default();
                    fs::rename(below.path(), top.join(name.to_string()))?;
                } else {
                    fs::remove_file(below.path())?;
                }
            }
            fs::remove_dir(entry.path())?;
        }
    }
    fs::remove_dir(top)
}

/// The path, if it stays below the current directory by itself.
///
/// # Errors
/// One that does not.
pub fn inside(path: &str) -> io::Result<&Path> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !path.is_empty() {
        return Ok(Path::new(path));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` is not a path inside the store")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_tree_goes_however_deep_it_is_and_nothing_that_it_points_to() {
        let dir = tempfile::tempdir().unwrap();
        let (top, other) = (dir.path().join("top"), dir.path().join("other"));
        fs::create_dir_all(other.join("kept")).unwrap();
        // Deeper than a path, or than the open files of a process, can be.
        let mut deepest = fs::File::open(dir.path()).unwrap();
        nix::sys::stat::mkdirat(&deepest, "top", nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in std::iter::once("top").chain(std::iter::repeat_n("0", 5000)) {
            let flags = nix::fcntl::OFlag::O_DIRECTORY;
            let inner = nix::fcntl::openat(&deepest, name, flags, nix::sys::stat::Mode::empty()).unwrap();
            deepest = inner.into();
            nix::sys::stat::mkdirat(&deepest, "0", nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        for name in ["1", "2", "file"] {
            fs::write(top.join(name), "").unwrap();
        }
        symlink(&other, top.join("0/link")).unwrap();
        symlink(&other, top.join("link")).unwrap();
        remove(&top).unwrap();
        assert!(top.symlink_metadata().is_err());
        assert!(other.join("kept").is_dir());
        assert_eq!(remove(&top).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_path_stays_in_the_store_by_itself() {
        for fine in ["a", "layers/0a", "making/1.2.x/u"] {
            assert!(inside(fine).is_ok(), "{fine}");
        }
        for outside in ["", "/etc", "..", "a/../b", "a/../../b"] {
            assert!(inside(outside).is_err(), "{outside}");
        }
    }
}
