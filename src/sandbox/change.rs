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
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
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
