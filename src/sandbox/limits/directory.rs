//! Directories and files of control groups.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a group may stay busy after the exit of its last process.
const PATIENCE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(5);
/// How deep groups are nested at most: a run's, an endpoint's, and what the endpoint made.
const DEPTH: u32 = 8;

pub(super) fn make(path: &Path) -> io::Result<()> {
    fs::create_dir(path).map_err(|error| at("cannot make", path, &error))
}

/// Makes a directory unless it exists; tells whether it was made.
pub(super) fn make_once(path: &Path) -> io::Result<bool> {
    match make(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true),
    }
}

/// Writes a file of the kernel's; such files take their value in one piece and cannot be created.
pub(super) fn write(directory: &Path, file: &str, value: &str) -> io::Result<()> {
    let path = directory.join(file);
    let written = OpenOptions::new().write(true).open(&path).and_then(|mut open| open.write_all(value.as_bytes()));
    written.map_err(|error| at(format_args!("cannot write {value:?} to"), &path, &error))
}

pub(super) fn read(directory: &Path, file: &str) -> io::Result<String> {
    let path = directory.join(file);
    fs::read_to_string(&path).map_err(|error| at("cannot read", &path, &error))
}

/// Removes a group and those below it, waiting a little for processes that are about to be gone.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match remove_now(path) {
            Err(error) if error.kind() == ErrorKind::ResourceBusy && Instant::now() < end => thread::sleep(PAUSE),
            removed => return removed,
        }
    }
}

/// Removes a group and those below it; one that is gone already is no error.
pub(super) fn remove_now(path: &Path) -> io::Result<()> {
    remove_below(path, DEPTH)
}

fn remove_below(path: &Path, depth: u32) -> io::Result<()> {
    if depth > 0 {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove_below(&entry.path(), depth - 1)?;
            }
        }
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| at("cannot remove", path, &error)),
    }
}

/// Says what failed where; the kind of the error stays.
fn at(what: impl Display, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}
