//! A thing in a directory or an archive: its name, what it is, and how to read it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::bytes::Bytes;
use super::zipped::Packed;
use super::{Limits, Trouble, folder, refused, unreadable};

/// Longest path that is looked at, in bytes.
const PATH: usize = 4096;

/// A thing in a directory or an archive.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Where it is: names joined by `/`, none of them empty, `.` or `..`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes that it says it has.
    pub size: u64,
    /// How to read it.
    pub place: Place,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    Device,
    Pipe,
    Socket,
}

/// Where a thing's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// It has none.
    Nowhere,
    /// In a file, by the names of the directories from `root` on.
    Disk { root: Arc<OwnedFd>, path: Vec<OsString> },
    /// As they are, in a tar.
    Part(Bytes),
    /// In a zip.
    Packed(Packed),
}

impl Member {
    /// A reader of its bytes, whose number need not be what the member says.
    pub(super) fn open(&self) -> Result<Box<dyn Read>, Trouble> {
        Ok(match &self.place {
            Place::Nowhere => Box::new(io::empty()),
            Place::Disk { root, path } => Box::new(folder::open(root, path, &self.path)?.0),
            Place::Part(bytes) => Box::new(bytes.clone()),
            Place::Packed(packed) => packed.open(&self.path)?,
        })
    }

    /// Its bytes as an archive: without a copy unless they are compressed.
    pub(super) fn bytes(&self, most: u64, limits: &Limits) -> Result<Bytes, Trouble> {
        match &self.place {
            Place::Disk { root, path } => {
                let (file, length) = folder::open(root, path, &self.path)?;
                Ok(Bytes::of_file(file, length))
            }
            Place::Part(bytes) => Ok(bytes.clone()),
            Place::Nowhere | Place::Packed(_) => Bytes::spool(&mut *self.open()?, most, &self.path, limits),
        }
    }

    /// All of its bytes, at most `most`; `None` when there are more.
    pub(super) fn read(&self, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let mut bytes = Vec::new();
        let took = self.open()?.take(most + 1).read_to_end(&mut bytes);
        took.map_err(|err| unreadable(&err, &self.path))?;
        Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= most))
    }

    /// Its name without the directories.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// That it is a file.
    pub(super) fn expect_file(&self) -> Result<(), Trouble> {
        match self.kind {
            Kind::File => Ok(()),
            Kind::Directory => Err(refused("intake-refused-directory", &self.path)),
            Kind::Link => Err(refused("intake-refused-link", &self.path)),
            Kind::Device => Err(refused("intake-refused-device", &self.path)),
            Kind::Pipe => Err(refused("intake-refused-pipe", &self.path)),
            Kind::Socket => Err(refused("intake-refused-socket", &self.path)),
        }
    }
}

/// The path in plain form; `None` when it leads elsewhere or cannot be one.
pub(super) fn plain(path: &str) -> Option<String> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with('/') || drive || path.contains('\0') || path.len() > PATH {
        return None;
    }
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => return None,
            name => names.push(name),
        }
    }
    Some(names.join("/")).filter(|path| !path.is_empty())
}

/// Text of a name, which stays different from all others: bytes that are no UTF-8, such as Shift-JIS has, are spelt out.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        for byte in chunk.invalid() {
            text += &format!("\u{fffd}{byte:02x}");
        }
    }
    text
}

/// What systems put beside the files: no student means it.
pub(super) fn is_junk(name: &str) -> bool {
    name.starts_with('.') || ["__MACOSX", "Thumbs.db", "desktop.ini"].contains(&name)
}
