//! Writes tar entries so that the same entries always give the same bytes.

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::{BLOCK, Entry, Kind, Modified, pax};

/// Longest path or link target that fits into the header.
const NAME_MOST: usize = 100;
/// Largest size and time that fit into the header: eleven octal digits.
const NUMBER_MOST: u64 = 0o77_777_777_777;
/// Largest owner that fits into the header: seven octal digits.
const ID_MOST: u64 = 0o7_777_777;

/// Writes a tar: `ustar` headers, and PAX records only for what does not fit into them.
#[derive(Debug)]
pub struct StreamWriter<W> {
    to: W,
    written: u64,
}

impl<W: Write> StreamWriter<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        StreamWriter { to, written: 0 }
    }

    /// Adds an entry; of `content` exactly the entry's size is read.
    ///
    /// # Errors
    /// What either side says, and when the content is shorter than the entry's size.
    pub fn append(&mut self, entry: &Entry, content: impl Read) -> io::Result<()> {
        let records = records(entry);
        if !records.is_empty() {
            let size = records.len() as u64;
            let carrier = Entry::new("././@PaxHeader", Kind::File { size }, 0o644);
            self.write(header(&carrier, EntryType::XHeader).as_bytes())?;
            self.content(&mut records.as_slice(), size)?;
        }
        self.write(header(entry, entry_type(&entry.kind)).as_bytes())?;
        self.content(content, entry.size())
    }

    /// Writes the end mark and returns the destination with the number of bytes written.
    ///
    /// # Errors
    /// What the destination says.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.write(&[0; 2 * BLOCK as usize])?;
        self.to.flush()?;
        Ok((self.to, self.written))
    }

    fn content(&mut self, content: impl Read, size: u64) -> io::Result<()> {
        let copied = io::copy(&mut content.take(size), &mut self.to)?;
        self.written += copied;
        if copied != size {
            let why = format!("content ends after {copied} of {size} bytes");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        let padding = size.next_multiple_of(BLOCK) - size;
        self.write(&[0; BLOCK as usize][..padding as usize])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

fn header(entry: &Entry, entry_type: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type);
    header.set_mode(entry.mode);
    header.set_uid(entry.uid.min(ID_MOST));
    header.set_gid(entry.gid.min(ID_MOST));
    header.set_size(entry.size().min(NUMBER_MOST));
    header.set_mtime(u64::try_from(entry.modified.seconds).unwrap_or(0).min(NUMBER_MOST));
    let fields = header.as_old_mut();
    fill(&mut fields.name, &entry.path);
    fill(&mut fields.linkname, target(&entry.kind));
    header.set_cksum();
    header
}

/// What does not fit into the header, as PAX records.
fn records(entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let mut add = |needed: bool, key: &str, value: &[u8]| {
        if needed {
            pax::append(&mut records, key.as_bytes(), value);
        }
    };
    let target = target(&entry.kind);
    add(entry.path.len() > NAME_MOST, "path", &entry.path);
    add(target.len() > NAME_MOST, "linkpath", target);
    for (key, value, most) in
        [("size", entry.size(), NUMBER_MOST), ("uid", entry.uid, ID_MOST), ("gid", entry.gid, ID_MOST)]
    {
        add(value > most, key, value.to_string().as_bytes());
    }
    let Modified { seconds, nanoseconds: _ } = entry.modified;
    add(!(0..=NUMBER_MOST.cast_signed()).contains(&seconds), "mtime", seconds.to_string().as_bytes());
    for attribute in &entry.attributes {
        pax::append_attribute(&mut records, attribute);
    }
    records
}

fn entry_type(kind: &Kind) -> EntryType {
    match kind {
        Kind::File { .. } => EntryType::Regular,
        Kind::HardLink(_) => EntryType::Link,
        Kind::Symlink(_) => EntryType::Symlink,
        Kind::Directory => EntryType::Directory,
        Kind::Device => EntryType::Char,
        Kind::Fifo => EntryType::Fifo,
    }
}

fn target(kind: &Kind) -> &[u8] {
    match kind {
        Kind::HardLink(target) | Kind::Symlink(target) => target,
        _ => b"",
    }
}

fn fill(field: &mut [u8; NAME_MOST], bytes: &[u8]) {
    let length = bytes.len().min(NAME_MOST);
    field[..length].copy_from_slice(&bytes[..length]);
}
