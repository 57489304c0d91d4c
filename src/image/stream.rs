//! Tar as a stream of entries: one type for what is read and what is written, every extension bounded.
//!
//! The crate `tar` keeps extension headers of any size in memory and ends a PAX record at the first newline, which
//! a binary `security.capability` may contain; so only its view of the 512-byte header is used here.

mod pax;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Entries, StreamError};
pub use write::StreamWriter;

/// Size of a tar block in bytes.
const BLOCK: u64 = 512;

/// One entry of a tar: everything but a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as the archive spells it, unchecked.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// When the content was last changed.
    pub modified: Modified,
    /// Extended attributes, in the archive's order.
    pub attributes: Vec<Attribute>,
}

/// An extended attribute: its name and its value.
pub type Attribute = (Vec<u8>, Vec<u8>);

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file with that many bytes of content.
    File {
        /// Bytes that follow.
        size: u64,
    },
    /// Another name of the entry with this path.
    HardLink(Vec<u8>),
    /// A symbolic link with this target.
    Symlink(Vec<u8>),
    /// A directory.
    Directory,
    /// A character or block device.
    Device,
    /// A named pipe.
    Fifo,
}

/// A time in seconds since 1970, which may be before it, and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modified {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// Nanoseconds after that, less than 10⁹.
    pub nanoseconds: u32,
}

impl Entry {
    /// An entry of root's with mtime 0 and no attributes.
    pub fn new(path: impl Into<Vec<u8>>, kind: Kind, mode: u32) -> Self {
        let (uid, gid, modified) = (0, 0, Modified::default());
        Entry { path: path.into(), kind, mode, uid, gid, modified, attributes: Vec::new() }
    }

    /// The path for a message: short, on one line, without control characters.
    pub fn name(&self) -> String {
        printable(&self.path)
    }

    /// Bytes of content that follow the entry.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size } => size,
            _ => 0,
        }
    }
}

/// Bytes of an archive for a message: short, on one line, without control characters.
pub fn printable(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
