//! The list of a zip, and the bytes of its members. What the central directory says counts; a local header only says where bytes begin.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, ZipFileEntry};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::bytes::Bytes;
use super::member::{Kind, Member, Place, decoded};
use super::tree::Tree;
use super::{Trouble, refused, too_much, unreadable};

/// Where a member's bytes are, and what they must be.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    archive: Bytes,
    header: u64,
    compressed: u64,
    size: u64,
    crc: u32,
    method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
    Encrypted,
    Other,
}

/// Lists a zip.
pub(super) fn list(bytes: &Bytes, name: &str, most: usize) -> Result<Tree, Trouble> {
    // Nobody prepends anything to what is handed in; looking for where it might begin costs memory by the hit.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipIterable::try_new(bytes.clone(), config).map_err(|err| damaged(err, name))?;
    if archive.len() > most {
        return Err(too_much("intake-refused-many", name, most));
    }
    let mut tree = Tree::default();
    for entry in archive.files().map_err(|err| damaged(err, name))? {
        let entry = entry.map_err(|err| damaged(err, name))?;
        let text = decoded(entry.name_raw());
        // Old packers for Windows write `\`; in Shift-JIS it is the second byte of some characters.
        let path = if str::from_utf8(entry.name_raw()).is_ok() { text.replace('\\', "/") } else { text };
        let (kind, size) = (kind(&entry), entry.size());
        tree.add(&path, |path| Member { path, kind, size, place: Place::Packed(packed(bytes, &entry)) });
    }
    Ok(tree)
}

fn packed(archive: &Bytes, entry: &ZipFileEntry<'_>) -> Packed {
    let method = match entry.compression() {
        _ if entry.encrypted() => Method::Encrypted,
        CompressionMethod::Stored => Method::Stored,
        CompressionMethod::Deflated => Method::Deflated,
        _ => Method::Other,
    };
    let (header, compressed) = (entry.header_start(), entry.compressed_size());
    Packed { archive: archive.clone(), header, compressed, size: entry.size(), crc: entry.crc32(), method }
}

fn kind(entry: &ZipFileEntry<'_>) -> Kind {
    const FORMAT: u32 = 0o170_000;
    match entry.unix_mode().unwrap_or_default() & FORMAT {
        0o120_000 => Kind::Link,
        0o020_000 | 0o060_000 => Kind::Device,
        0o010_000 => Kind::Pipe,
        0o140_000 => Kind::Socket,
        0o040_000 => Kind::Directory,
        _ if entry.is_dir() => Kind::Directory,
        _ => Kind::File,
    }
}

impl Packed {
    /// A reader of the bytes, which ends in an error if they are not what they must be.
    pub(super) fn open(&self, name: &str) -> Result<Box<dyn Read>, Trouble> {
        match self.method {
            Method::Encrypted => return Err(refused("intake-refused-encrypted", name)),
            Method::Other => return Err(refused("intake-refused-method", name)),
            Method::Stored | Method::Deflated => {}
        }
        let begin = self.begin().map_err(|err| unreadable(&err, name))?;
        let part = begin.and_then(|begin| self.archive.part(begin, self.compressed));
        let part = part.ok_or_else(|| refused("intake-refused-damaged", name))?;
        let from: Box<dyn Read> = match self.method {
            Method::Deflated => Box::new(DeflateDecoder::new(part)),
            _ => Box::new(part),
        };
        Ok(Box::new(Checked { from, crc: Crc::new(), stated: (self.size, self.crc), count: 0 }))
    }

    /// Where the bytes begin: behind the local header (APPNOTE 6.3.10 §4.3.7), its name and its extra fields.
    fn begin(&self) -> io::Result<Option<u64>> {
        const FIXED: u64 = 30;
        let mut header = [0; FIXED as usize];
        let mut at = self.archive.clone();
        at.seek(SeekFrom::Start(self.header))?;
        match at.read_exact(&mut header) {
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let length = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let behind = FIXED + length(26) + length(28);
        Ok(self.header.checked_add(behind).filter(|_| header.starts_with(b"PK\x03\x04")))
    }
}

/// Passes bytes on, and at their end compares number and checksum with what the archive states.
struct Checked {
    from: Box<dyn Read>,
    crc: Crc,
    stated: (u64, u32),
    count: u64,
}

impl Read for Checked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.crc.update(&into[..read]);
        self.count += read as u64;
        let (size, crc) = self.stated;
        let ended = read == 0 && !into.is_empty();
        match self.count > size || (ended && (self.count != size || self.crc.sum() != crc)) {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(read),
        }
    }
}

fn damaged(err: ZipError, name: &str) -> Trouble {
    match err {
        ZipError::Io(err) => unreadable(&err, name),
        _ => refused("intake-refused-damaged", name),
    }
}
