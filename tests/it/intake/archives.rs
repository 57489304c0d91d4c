//! Archives byte by byte, so that they can say what no packer writes.

use std::io::Write;

use flate2::{Compress, Compression, Crc, FlushCompress, write::DeflateEncoder, write::GzEncoder};
use saiten::image::stream::{Entry, Kind, StreamWriter};

/// An entry, and what the headers say of it.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    /// Unix mode with the kind.
    pub mode: u32,
    pub flags: u16,
    /// Compression method that is stated.
    pub method: Option<u16>,
    /// Size that is stated.
    pub size: Option<u64>,
    /// Bytes that are there already compressed, with their checksum.
    pub deflated: Option<(Vec<u8>, u32)>,
    /// Whether sizes are in a zip64 extra field.
    pub zip64: bool,
}

pub fn file(name: &str, content: &[u8]) -> Raw {
    raw(name.as_bytes(), content)
}

pub fn raw(name: &[u8], content: &[u8]) -> Raw {
    Raw { name: name.to_vec(), content: content.to_vec(), mode: 0o100_644, ..Raw::default() }
}

/// A thing that is no file: a link's target is its content.
pub fn special(name: &str, mode: u32, content: &[u8]) -> Raw {
    Raw { mode, ..file(name, content) }
}

pub fn zip(entries: &[Raw]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let (data, crc) = entry.deflated.clone().unwrap_or_else(|| {
            let mut crc = Crc::new();
            crc.update(&entry.content);
            let mut to = DeflateEncoder::new(Vec::new(), Compression::fast());
            to.write_all(&entry.content).unwrap();
            (to.finish().unwrap(), crc.sum())
        });
        let (size, packed) = (entry.size.unwrap_or(entry.content.len() as u64), data.len() as u64);
        let mut common = Vec::new();
        let word = |to: &mut Vec<u8>, value: u16| to.extend(value.to_le_bytes());
        word(&mut common, if entry.zip64 { 45 } else { 20 });
        word(&mut common, entry.flags);
        word(&mut common, entry.method.unwrap_or(8));
        common.extend([0, 0, 0x21, 0x5a]);
        common.extend(crc.to_le_bytes());
        let short = |value: u64| if entry.zip64 { u32::MAX } else { value as u32 };
        common.extend(short(packed).to_le_bytes());
        common.extend(short(size).to_le_bytes());
        word(&mut common, entry.name.len() as u16);
        let mut extra = Vec::new();
        if entry.zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(size.to_le_bytes());
            extra.extend(packed.to_le_bytes());
        }
        word(&mut common, extra.len() as u16);
        let at = out.len() as u32;
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(entry.name.iter().chain(&extra).chain(&data));
        central.extend(b"PK\x01\x02\x14\x03");
        central.extend(&common);
        central.extend([0; 6]);
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(at.to_le_bytes());
        central.extend(entry.name.iter().chain(&extra));
    }
    let (at, count) = (out.len() as u32, entries.len() as u16);
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

pub fn tar(entries: &[Raw]) -> Vec<u8> {
    let mut writer = StreamWriter::new(Vec::new());
    for entry in entries {
        let kind = match entry.mode & 0o170_000 {
            0o120_000 => Kind::Symlink(entry.content.clone()),
            // No kind of file: here a hard link.
            0o110_000 => Kind::HardLink(entry.content.clone()),
            0o010_000 => Kind::Fifo,
            0o020_000 => Kind::Device,
            0o040_000 => Kind::Directory,
            _ => Kind::File { size: entry.content.len() as u64 },
        };
        writer.append(&Entry::new(entry.name.clone(), kind, entry.mode & 0o777), entry.content.as_slice()).unwrap();
    }
    writer.finish().unwrap().0
}

pub fn tgz(entries: &[Raw]) -> Vec<u8> {
    gz(&tar(entries))
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

/// A deflate stream of that many MiB of zeros, after `start`: one compressed MiB again and again.
pub fn zeros(start: &[u8], mib: usize) -> Vec<u8> {
    let mut packer = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(1 << 20);
    packer.compress_vec(start, &mut out, FlushCompress::Full).unwrap();
    let mut block = Vec::with_capacity(1 << 20);
    packer.compress_vec(&vec![0; 1 << 20], &mut block, FlushCompress::Full).unwrap();
    (0..mib).for_each(|_| out.extend(&block));
    // An empty last block.
    out.extend([0x03, 0x00]);
    out
}
