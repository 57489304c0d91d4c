//! What a directory or an archive holds, as a list: names, kinds, and where the bytes are.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::bytes::Bytes;
use super::member::{Member, plain};
use super::{Limits, Trouble, refused, size, tarred, too_much, zipped};

/// Endings of archives that are opened.
const OPENED: [&str; 4] = [".zip", ".tar.gz", ".tgz", ".tar"];
/// Endings of archives that are not.
const UNOPENED: [&str; 8] = [".rar", ".7z", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".lzh"];

/// What a directory or an archive holds.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Its things.
    pub members: Vec<Member>,
    /// Names that lead elsewhere, as they are spelt.
    pub astray: Vec<String>,
}

/// How much of one archive is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Bytes of the archive.
    pub archive: u64,
    /// Bytes when it is decompressed.
    pub read: u64,
    /// Entries.
    pub members: usize,
}

impl Most {
    /// For a student's archive.
    pub(super) fn of_student(limits: &Limits, with_image: bool) -> Self {
        let (archive, read) = match with_image {
            true => (limits.archive_with_image, limits.read.saturating_add(limits.image)),
            false => (limits.archive, limits.read),
        };
        Most { archive, read, members: limits.members }
    }

    /// For the archive of a class.
    pub(super) fn of_class(limits: &Limits) -> Self {
        Most { archive: limits.class, read: limits.class, members: limits.class_members }
    }
}

impl Tree {
    /// Lists an archive, whatever its name says that it is.
    pub(super) fn of_archive(bytes: &Bytes, name: &str, most: Most, limits: &Limits) -> Result<Self, Trouble> {
        if bytes.len() > most.archive {
            return Err(too_much("intake-refused-archive", name, size(most.archive)));
        }
        let mut magic = Vec::new();
        let peeked = bytes.clone().take(4).read_to_end(&mut magic);
        peeked.map_err(|err| super::unreadable(&err, name))?;
        match magic.as_slice() {
            b"PK\x03\x04" | b"PK\x05\x06" => zipped::list(bytes, name, most.members),
            [0x1f, 0x8b, ..] => {
                let tar = Bytes::spool(&mut MultiGzDecoder::new(bytes.clone()), most.read, name, limits)?;
                tarred::list(&tar, name, most.members)
            }
            _ if ended(name, &[".zip", ".tar.gz", ".tgz"]) => Err(refused("intake-refused-no-archive", name)),
            _ => tarred::list(bytes, name, most.members),
        }
    }

    /// Takes a name in, or notes that it leads elsewhere.
    pub(super) fn add(&mut self, path: &str, member: impl FnOnce(String) -> Member) {
        match plain(path) {
            Some(path) => self.members.push(member(path)),
            // The root itself, as `tar c .` has it.
            None if path.split('/').all(|name| name == ".") || path == "./" => {}
            None => self.astray.push(path.to_owned()),
        }
    }
}

/// Whether a file is an archive that is opened, by its name.
pub(super) fn is_archive(name: &str) -> bool {
    ended(name, &OPENED)
}

/// Whether a file is an archive that is not opened, by its name.
pub(super) fn is_unopened(name: &str) -> bool {
    ended(name, &UNOPENED)
}

/// A name without the ending of an archive.
pub(super) fn stem(name: &str) -> &str {
    let ending = OPENED.iter().find(|ending| ended(name, &[ending]));
    ending.and_then(|ending| name.get(..name.len() - ending.len())).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

fn ended(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}
