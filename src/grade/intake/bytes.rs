//! Bytes that several can read at once: a file, a part of one, or memory; each reader has a place of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use nix::sys::statvfs::fstatvfs;

use super::{Limits, Trouble, shown, size, too_much, unreadable};
use crate::wording::Phrase;

/// Up to here decompressed bytes stay in memory.
const MEMORY: usize = 4 << 20;
/// What is left free on the disk.
const SPARE: u64 = 512 << 20;

/// Bytes, and a place to read on.
#[derive(Debug, Clone)]
pub(super) struct Bytes {
    source: Source,
    begin: u64,
    length: u64,
    at: u64,
}

#[derive(Debug, Clone)]
enum Source {
    File(Arc<File>),
    Memory(Arc<[u8]>),
}

impl Bytes {
    /// Of a file with that many.
    pub(super) fn of_file(file: File, length: u64) -> Self {
        Bytes { source: Source::File(Arc::new(file)), begin: 0, length, at: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// A part; `None` where it does not lie within.
    pub(super) fn part(&self, begin: u64, length: u64) -> Option<Self> {
        begin.checked_add(length).filter(|end| *end <= self.length)?;
        Some(Bytes { source: self.source.clone(), begin: self.begin + begin, length, at: 0 })
    }

    /// All that a reader gives, at most `most`: small things in memory, large ones in a file without a name.
    pub(super) fn spool(from: &mut dyn Read, most: u64, name: &str, limits: &Limits) -> Result<Self, Trouble> {
        let mut start = Vec::new();
        let first = (MEMORY as u64).min(most.saturating_add(1));
        from.take(first).read_to_end(&mut start).map_err(|err| unreadable(&err, name))?;
        if start.len() as u64 > most {
            return Err(too_much("intake-refused-total", name, size(most)));
        }
        if start.len() < MEMORY {
            let length = start.len() as u64;
            return Ok(Bytes { source: Source::Memory(start.into()), begin: 0, length, at: 0 });
        }
        let mut file = tempfile::tempfile_in(&limits.temporary).map_err(|err| no_room(&err.to_string()))?;
        let length = copy(&mut start.as_slice().chain(from), &mut file, most, name)?;
        Ok(Bytes::of_file(file, length))
    }
}

/// Copies at most `most` bytes, and looks now and then whether the disk that they go to has room.
pub(super) fn copy(from: &mut dyn Read, to: &mut File, most: u64, name: &str) -> Result<u64, Trouble> {
    const BETWEEN: u64 = 64 << 20;
    let (mut buffer, mut total, mut looked) = (vec![0; 256 << 10], 0, None);
    loop {
        if looked.is_none_or(|at| total - at >= BETWEEN) {
            room(to, BETWEEN)?;
            looked = Some(total);
        }
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(unreadable(&err, name)),
        };
        total += read as u64;
        if total > most {
            return Err(too_much("intake-refused-total", name, size(most)));
        }
        to.write_all(&buffer[..read]).map_err(|err| no_room(&err.to_string()))?;
    }
}

/// Whether the disk of a file has room for that many bytes, and some to spare.
pub(super) fn room(file: &File, bytes: u64) -> Result<(), Trouble> {
    let disk = fstatvfs(file).map_err(|err| no_room(err.desc()))?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    match free < bytes.saturating_add(SPARE) {
        true => Err(no_room(&size(free))),
        false => Ok(()),
    }
}

pub(super) fn no_room(why: &str) -> Trouble {
    Trouble::Person(Phrase::new("intake-no-room").with("why", shown(why)))
}

impl Read for Bytes {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        if most == 0 {
            return Ok(0);
        }
        let from = self.begin + self.at;
        let read = match &self.source {
            Source::File(file) => file.read_at(&mut into[..most], from)?,
            Source::Memory(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                into[..most].copy_from_slice(&bytes[from..from + most]);
                most
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
