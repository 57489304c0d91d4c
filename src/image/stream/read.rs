//! Reads a tar entry by entry; whatever it holds, memory stays bounded.

use std::io::{self, Read, Seek, SeekFrom};

use tar::Header;
use thiserror::Error;

use super::pax::Pax;
use super::{BLOCK, Entry, Kind, Modified, printable};

/// Largest extension header (long name, PAX records), in bytes: as in Go's `archive/tar`, which Docker uses.
const EXTENSION_MOST: u64 = 1 << 20;
/// Most extension headers before one entry.
const EXTENSIONS_MOST: usize = 8;

/// Why a stream is no tar that can be read.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The source failed; an end in the middle of an entry is an `UnexpectedEof`.
    #[error("cannot read the archive: {0}")]
    Read(#[from] io::Error),
    /// The stream ends without the two blocks of zeros, or in the middle of a header.
    #[error("the archive ends at byte {at} without its end mark; it was cut off: copy or save it again")]
    Truncated {
        /// Where it ends.
        at: u64,
    },
    /// A block that is no header.
    #[error("no tar header at byte {at}: {why}; the file is damaged or no tar archive")]
    Header {
        /// Where the block begins.
        at: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A malformed, oversized or repeated extension header.
    #[error("extension header at byte {at}: {why}")]
    Extension {
        /// Where the header begins.
        at: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A sparse file.
    #[error("entry `{entry}` is a sparse file; make the archive without `--sparse`")]
    Sparse {
        /// Its path.
        entry: String,
    },
    /// A kind of entry that is not known, or one that must not have content but has.
    #[error("entry `{entry}` is of type `{kind}` with {size} bytes, which is no part of an image")]
    Kind {
        /// Its path.
        entry: String,
        /// The header's type flag.
        kind: String,
        /// Bytes of content that the header announces.
        size: u64,
    },
}

/// The entries of a tar.
#[derive(Debug)]
pub struct Entries<R> {
    from: R,
    /// Bytes of the stream behind us.
    position: u64,
    /// Bytes of the current entry's content ahead of us.
    content: u64,
    /// Zeros after the content, up to the next block.
    padding: u64,
}

/// Extension headers of one entry.
#[derive(Debug, Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Pax>,
}

impl<R: Read> Entries<R> {
    /// Reads a tar from its first byte.
    pub fn new(from: R) -> Self {
        Entries { from, position: 0, content: 0, padding: 0 }
    }

    /// Bytes of the stream that were read or passed: after [`Entries::next_entry`], where the entry's content begins.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next entry, or `None` after the end mark. What was not read of the last one's content is passed over.
    ///
    /// # Errors
    /// [`StreamError`]; there is no use in going on after one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, StreamError> {
        io::copy(&mut self.content(), &mut io::sink())?;
        self.skip_padding()?;
        let mut extensions = Extensions::default();
        for before in 0..=EXTENSIONS_MOST {
            let at = self.position;
            let header = match self.header()? {
                Some(header) => header,
                None if before == 0 => return Ok(None),
                None => return Err(StreamError::Extension { at, why: "no entry follows the last one" }),
            };
            let size = header.entry_size().map_err(|err| malformed(at, &err))?;
            match header.entry_type().as_byte() {
                b'L' => set_once(&mut extensions.path, self.name(at, size)?, at)?,
                b'K' => set_once(&mut extensions.link, self.name(at, size)?, at)?,
                b'x' => {
                    let records = self.extension(at, size)?;
                    let pax =
                        Pax::parse(&records).ok_or(StreamError::Extension { at, why: "malformed PAX records" })?;
                    set_once(&mut extensions.pax, pax, at)?;
                }
                // Global records: comments of `git archive` and the like, which Docker ignores as well.
                b'g' => drop(self.extension(at, size)?),
                _ => return self.entry(at, &header, extensions).map(Some),
            }
        }
        Err(StreamError::Extension { at: self.position, why: "too many extension headers before one entry" })
    }

    /// The current entry's content.
    pub fn content(&mut self) -> Body<'_, R> {
        Body(self)
    }

    /// Reads the stream to its end, at most `most` bytes: what follows the end mark means nothing, but a source that
    /// checks what it gives does so at its end. False when there was more.
    ///
    /// # Errors
    /// What the source says.
    pub fn drain(mut self, most: u64) -> io::Result<bool> {
        let passed = io::copy(&mut (&mut self.from).take(most), &mut io::sink())?;
        Ok(passed < most || self.from.read(&mut [0])? == 0)
    }

    fn header(&mut self) -> Result<Option<Header>, StreamError> {
        let at = self.position;
        let mut header = Header::new_old();
        self.read_exact(header.as_mut_bytes())?;
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let stated = header.cksum().map_err(|err| malformed(at, &err))?;
        let (before, after) = (&bytes[..148], &bytes[156..]);
        // The sum is taken as if the checksum's own eight bytes were spaces.
        let sum = before.iter().chain(after).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
        if sum != stated {
            return Err(StreamError::Header { at, why: "its checksum does not fit".to_owned() });
        }
        Ok(Some(header))
    }

    fn entry(&mut self, at: u64, header: &Header, extensions: Extensions) -> Result<Entry, StreamError> {
        let number = |value: io::Result<u64>| value.map_err(|err| malformed(at, &err));
        let pax = extensions.pax.unwrap_or_default();
        let path = pax.path.or(extensions.path).unwrap_or_else(|| header.path_bytes().into_owned());
        let header_link = || header.link_name_bytes().unwrap_or_default().into_owned();
        let link = pax.link.or(extensions.link).unwrap_or_else(header_link);
        let size = match pax.size {
            Some(size) => size,
            None => number(header.entry_size())?,
        };
        let byte = header.entry_type().as_byte();
        if pax.sparse || byte == b'S' {
            return Err(StreamError::Sparse { entry: printable(&path) });
        }
        let kind = kind(byte, &path, link, size).ok_or_else(|| StreamError::Kind {
            entry: printable(&path),
            kind: printable(&[byte]),
            size,
        })?;
        self.expect(at, size)?;
        let modified = match pax.modified {
            Some(modified) => modified,
            // Times before 1970 are negative numbers in base 256.
            None => Modified { seconds: number(header.mtime())?.cast_signed(), nanoseconds: 0 },
        };
        Ok(Entry {
            path,
            kind,
            mode: header.mode().map_err(|err| malformed(at, &err))? & 0o7777,
            uid: pax.uid.map_or_else(|| number(header.uid()), Ok)?,
            gid: pax.gid.map_or_else(|| number(header.gid()), Ok)?,
            modified,
            attributes: pax.attributes,
        })
    }

    /// Notes that content of that size comes next.
    fn expect(&mut self, at: u64, size: u64) -> Result<(), StreamError> {
        let why = || "its size cannot be".to_owned();
        let blocks = size.checked_next_multiple_of(BLOCK).filter(|blocks| self.position.checked_add(*blocks).is_some());
        let blocks = blocks.ok_or_else(|| StreamError::Header { at, why: why() })?;
        (self.content, self.padding) = (size, blocks - size);
        Ok(())
    }

    /// The whole content of an extension header.
    fn extension(&mut self, at: u64, size: u64) -> Result<Vec<u8>, StreamError> {
        if size > EXTENSION_MOST {
            return Err(StreamError::Extension { at, why: "larger than 1 MiB" });
        }
        self.expect(at, size)?;
        let mut bytes = Vec::new();
        self.content().read_to_end(&mut bytes)?;
        self.skip_padding()?;
        Ok(bytes)
    }

    /// A GNU long name: it may end with a NUL.
    fn name(&mut self, at: u64, size: u64) -> Result<Vec<u8>, StreamError> {
        let mut name = self.extension(at, size)?;
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    fn skip_padding(&mut self) -> Result<(), StreamError> {
        let mut block = [0; BLOCK as usize];
        let padding = std::mem::take(&mut self.padding);
        self.read_exact(&mut block[..padding as usize])
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), StreamError> {
        self.from.read_exact(bytes).map_err(|err| match err.kind() {
            io::ErrorKind::UnexpectedEof => StreamError::Truncated { at: self.position },
            _ => StreamError::Read(err),
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

impl<R: Read + Seek> Entries<R> {
    /// Passes over the current entry's content without reading it. That it is there at all is the caller's to check.
    ///
    /// # Errors
    /// What the source says.
    pub fn seek_past_content(&mut self) -> io::Result<()> {
        self.position += std::mem::take(&mut self.content) + std::mem::take(&mut self.padding);
        self.from.seek(SeekFrom::Start(self.position)).map(drop)
    }
}

/// The content of the current entry: ends where the entry says, and an earlier end is an error.
#[derive(Debug)]
pub struct Body<'a, R>(&'a mut Entries<R>);

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Body(entries) = self;
        let most = usize::try_from(entries.content).unwrap_or(usize::MAX).min(bytes.len());
        if most == 0 {
            return Ok(0);
        }
        let read = entries.from.read(&mut bytes[..most])?;
        if read == 0 {
            let why = format!("the archive ends at byte {} within an entry; copy or save it again", entries.position);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        entries.content -= read as u64;
        entries.position += read as u64;
        Ok(read)
    }
}

fn kind(byte: u8, path: &[u8], link: Vec<u8>, size: u64) -> Option<Kind> {
    let kind = match byte {
        // Before POSIX a directory was a file whose name ends with a slash.
        b'\0' | b'0' if path.ends_with(b"/") => Kind::Directory,
        b'\0' | b'0' | b'7' => return Some(Kind::File { size }),
        b'1' => Kind::HardLink(link),
        b'2' => Kind::Symlink(link),
        b'3' | b'4' => Kind::Device,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        _ => return None,
    };
    // Readers disagree on whether content follows such an entry, so none may.
    (size == 0).then_some(kind)
}

fn set_once<T>(place: &mut Option<T>, value: T, at: u64) -> Result<(), StreamError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(StreamError::Extension { at, why: "the second of its kind for one entry" }),
    }
}

fn malformed(at: u64, err: &io::Error) -> StreamError {
    StreamError::Header { at, why: printable(err.to_string().as_bytes()) }
}
