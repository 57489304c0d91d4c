//! Disks of virtual machines that others made: what a file is, whether it can be booted as it is, its bytes, and its digest. Only read, and
//! everything that is believed of a header is bounded.

mod digest;
mod qcow2;
mod raw;
mod taken;
#[cfg(test)]
mod tests;
mod vdi;
mod vmdk;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use crate::clean::one_line;
use crate::wording::{Lang, Phrase};

pub use digest::Digest;

/// Longest text of a file that is shown.
const SHOWN_MOST: usize = 200;
/// Most bytes of tables that are read to see whether a disk is whole.
const TABLES_MOST: u64 = 64 << 20;

/// How a disk is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Byte for byte.
    Raw,
    /// QEMU's own.
    Qcow2,
    /// VMware's, in one file.
    Vmdk,
    /// VirtualBox's.
    Vdi,
}

impl Format {
    /// QEMU's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
            Format::Vmdk => "vmdk",
            Format::Vdi => "vdi",
        }
    }
}

/// Why a file is not taken as a disk: what it is, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Phrase);

impl Refusal {
    fn new(id: &str) -> Self {
        Refusal(Phrase::new(id))
    }

    fn with(self, name: &str, value: impl ToString) -> Self {
        Refusal(self.0.with(name, one_line(&value.to_string(), SHOWN_MOST)))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.say(Lang::En))
    }
}

impl std::error::Error for Refusal {}

impl From<io::Error> for Refusal {
    fn from(err: io::Error) -> Self {
        match err.kind() {
            // Headers point to what is not there.
            io::ErrorKind::UnexpectedEof => Refusal::new("disk-refused-truncated"),
            _ => Refusal::new("disk-refused-unreadable").with("why", err),
        }
    }
}

/// A disk that can be booted from: a file, or a part of one, opened to be read.
#[derive(Debug, Clone)]
pub struct Disk {
    /// As the user names the file.
    pub named: String,
    /// How it is stored.
    pub format: Format,
    /// Bytes that the machine sees.
    pub capacity: u64,
    /// Whether it comes from another hypervisor: its machine had that one's buses and cards.
    pub foreign: bool,
    part: Part,
}

/// A stretch of a file.
#[derive(Debug, Clone)]
pub struct Part {
    file: Arc<File>,
    start: u64,
    length: u64,
}

impl Disk {
    /// Looks at a file: a disk, or an appliance whose only disk is taken.
    ///
    /// # Errors
    /// What it is instead, or why it cannot be booted as it is.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let named = path.display().to_string();
        let name = |refusal: Refusal| refusal.with("file", &named);
        let opened = open(path).map_err(name)?;
        let (part, appliance) = match taken::is_appliance(path, &opened).map_err(name)? {
            true => (taken::disk(path, &opened).map_err(name)?, true),
            false => (opened, false),
        };
        let (format, capacity) = recognize(&part).map_err(name)?;
        let foreign = appliance || matches!(format, Format::Vmdk | Format::Vdi);
        Ok(Disk { named, format, capacity, foreign, part })
    }

    /// Bytes of the file, or the part of it, that holds the disk.
    pub fn length(&self) -> u64 {
        self.part.length
    }

    /// Reads some of these bytes.
    ///
    /// # Errors
    /// Bytes that are not there any more, or what the file system says.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.part.read_at(offset, buffer)
    }

    /// The digest of the whole file as it is now.
    ///
    /// # Errors
    /// What the file system says.
    pub fn digest(&self) -> io::Result<Digest> {
        digest::of(&self.part.file)
    }
}

impl Part {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.read_exact_at(buffer, self.start + offset)
    }

    /// So many bytes from there.
    fn bytes<const N: usize>(&self, offset: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_at(offset, &mut bytes).map(|()| bytes)
    }

    /// So many bytes from there, no more than tables may have.
    fn table(&self, offset: u64, length: u64) -> Result<Vec<u8>, Refusal> {
        if length > TABLES_MOST {
            return Err(Refusal::new("disk-refused-damaged").with("what", "a table of impossible length"));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Whether all of a stretch is there.
    fn holds(&self, offset: u64, length: u64) -> Result<(), Refusal> {
        let end = offset.checked_add(length);
        if end.is_some_and(|end| end <= self.length) { Ok(()) } else { Err(Refusal::new("disk-refused-truncated")) }
    }
}

/// Opens a regular file to be read.
fn open(path: &Path) -> Result<Part, Refusal> {
    // Opening a pipe would wait for its other end.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(Refusal::new("disk-refused-no-file"));
    }
    Ok(Part { file: Arc::new(file), start: 0, length: known.len() })
}

/// What a file is by its content; its name says nothing.
fn recognize(part: &Part) -> Result<(Format, u64), Refusal> {
    const OTHERS: [(&[u8], &str); 10] = [
        (b"\x1f\x8b", "gzip"),
        (b"\xfd7zXZ", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"PK\x03\x04", "ZIP"),
        (b"7z\xbc\xaf", "7-Zip"),
        (b"vhdxfile", "VHDX"),
        (b"conectix", "VHD"),
        (b"COWD", "VMDK (ESX 3)"),
        (b"\x7fELF", "ELF"),
    ];
    if part.length < 512 {
        return Err(Refusal::new("disk-refused-no-disk"));
    }
    let start: [u8; 512] = part.bytes(0)?;
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(Refusal::new("disk-refused-format").with("format", name));
    }
    if start.starts_with(b"LUKS\xba\xbe") {
        return Err(Refusal::new("disk-refused-encrypted"));
    }
    Ok(match () {
        () if start.starts_with(qcow2::MAGIC) => (Format::Qcow2, qcow2::capacity(part)?),
        () if start.starts_with(vmdk::MAGIC) => (Format::Vmdk, vmdk::capacity(part)?),
        () if start.starts_with(vmdk::DESCRIPTOR) => return Err(Refusal::new("disk-refused-extents")),
        () if start[vdi::MAGIC_AT..].starts_with(vdi::MAGIC) => (Format::Vdi, vdi::capacity(part)?),
        () => (Format::Raw, raw::capacity(part, &start)?),
    })
}

/// Numbers of headers.
fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    be32(bytes, at).swap_bytes()
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    be64(bytes, at).swap_bytes()
}

fn damaged(what: &str) -> Refusal {
    Refusal::new("disk-refused-damaged").with("what", what)
}
