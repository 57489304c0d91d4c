//! The files of an archive: in a directory, or in a tar that is read in place.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::libc::O_NONBLOCK;
use serde::de::DeserializeOwned;

use super::Fault;
use crate::image::stream::{Entries, Entry, Kind, StreamError, printable};

/// Most entries of the outer tar.
const ENTRIES_MOST: usize = 10_000;
/// Largest JSON file, in bytes.
const JSON_MOST: u64 = 4 << 20;
/// Longest name, in bytes.
const NAME_MOST: usize = 4096;
/// Most links from one name to the next: `docker save` stores equal layers as symbolic links.
const LINKS_MOST: usize = 8;
/// How compressed files begin, and what decompresses them.
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gunzip"), (b"\x28\xb5\x2f\xfd", "unzstd"), (b"\xfd7zXZ", "unxz"), (b"BZh", "bunzip2")];

/// Where an archive's files are.
#[derive(Debug)]
pub enum Source {
    /// In a directory.
    Directory(PathBuf),
    /// In a tar, at these places.
    Tar(Arc<File>, HashMap<String, Place>),
}

/// What a tar has under a name.
#[derive(Debug)]
pub enum Place {
    /// A file: where it begins, and its size.
    File(u64, u64),
    /// Another name for a file.
    Link(String),
}

/// A part of a file, read independently of all others.
#[derive(Debug)]
pub struct Section {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Source {
    /// Opens a directory, or a tar and finds its files.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        if fs::metadata(path)?.is_dir() {
            return Ok(Source::Directory(path.to_owned()));
        }
        let (file, length) = open_regular(path)?.ok_or(Fault::NeitherFileNorDirectory)?;
        let mut begin = Vec::new();
        Section { file: Arc::new(file.try_clone()?), at: 0, left: length.min(8) }.read_to_end(&mut begin)?;
        if let Some((_, program)) = COMPRESSED.iter().find(|(magic, _)| begin.starts_with(magic)) {
            return Err(Fault::Compressed { program });
        }
        let places = index(&file, length)?;
        Ok(Source::Tar(Arc::new(file), places))
    }

    /// Whether there is a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.open_file(name).is_ok()
    }

    /// The file of this name.
    pub fn open_file(&self, name: &str) -> Result<Section, Fault> {
        let missing = || Fault::Missing(printable(name.as_bytes()));
        let inside = resolve("", name).ok_or_else(|| Fault::Name(printable(name.as_bytes())))?;
        match self {
            Source::Directory(path) => {
                let opened = open_regular(&path.join(inside)).or_else(|err| match err.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                    _ => Err(err),
                });
                let (file, left) = opened?.ok_or_else(missing)?;
                Ok(Section { file: Arc::new(file), at: 0, left })
            }
            Source::Tar(file, places) => {
                let (at, left) = find(places, &inside).ok_or_else(missing)?;
                Ok(Section { file: Arc::clone(file), at, left })
            }
        }
    }

    /// The content of a small file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Fault> {
        let mut section = self.open_file(name)?;
        if section.left > JSON_MOST {
            return Err(Fault::Large(printable(name.as_bytes())));
        }
        let mut bytes = Vec::new();
        section.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Reads the JSON of a file that was read from `name`.
pub fn parse<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(json).map_err(|source| Fault::Json { name: printable(name.as_bytes()), source })
}

impl Section {
    /// The first bytes, at most as many as there is room for; they stay to be read.
    pub fn peek<'a>(&self, bytes: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.file.read_exact_at(&mut bytes[..most], self.at)?;
        Ok(&bytes[..most])
    }
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let read = self.file.read_at(&mut bytes[..most], self.at)?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive became shorter while it was read"));
        }
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Opens a regular file and tells its size; `None` for anything else, which opening must not wait for.
fn open_regular(path: &Path) -> io::Result<Option<(File, u64)>> {
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata.len())))
}

fn index(file: &File, length: u64) -> Result<HashMap<String, Place>, Fault> {
    let mut places = HashMap::new();
    let mut entries = Entries::new(file);
    let mut count = 0;
    while let Some(entry) = entries.next_entry()? {
        count += 1;
        if count > ENTRIES_MOST {
            return Err(Fault::TooManyEntries);
        }
        let begin = entries.position();
        if begin.checked_add(entry.size()).is_none_or(|end| end > length) {
            return Err(StreamError::Truncated { at: length }.into());
        }
        entries.seek_past_content()?;
        if let Some((name, place)) = place(&entry, begin).ok_or_else(|| Fault::Name(entry.name()))? {
            places.insert(name, place);
        }
    }
    Ok(places)
}

/// The name and place of a file or link, nothing for another kind of entry; `None` when its name is refused.
fn place(entry: &Entry, begin: u64) -> Option<Option<(String, Place)>> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let name = resolve("", &text(&entry.path)?)?;
    let place = match &entry.kind {
        Kind::File { size } => Place::File(begin, *size),
        Kind::HardLink(to) => Place::Link(resolve("", &text(to)?)?),
        Kind::Symlink(to) => Place::Link(resolve(name.rsplit_once('/').map_or("", |(parent, _)| parent), &text(to)?)?),
        _ => return Some(None),
    };
    Some(Some((name, place)))
}

fn find(places: &HashMap<String, Place>, name: &str) -> Option<(u64, u64)> {
    let mut name = name;
    for _ in 0..=LINKS_MOST {
        match places.get(name)? {
            Place::File(begin, size) => return Some((*begin, *size)),
            Place::Link(to) => name = to,
        }
    }
    None
}

/// The plain form of a path relative to `directory`; `None` when it leads out of the archive, or is too long.
fn resolve(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') || path.len() > NAME_MOST {
        return None;
    }
    let mut components: Vec<&str> = directory.split('/').filter(|component| !component.is_empty()).collect();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()?),
            name => components.push(name),
        }
    }
    Some(components.join("/"))
}
