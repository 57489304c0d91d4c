//! The digest of a disk's file. Up to 16 GiB it is the SHA-256 of the file's bytes, holes being zeros, as `sha256sum` says it. A larger file,
//! which is mostly holes, has the SHA-256 of these: for each MiB, from the first, that is not all zeros, its number and its bytes; at last the
//! file's length; numbers with 64 bits, big-endian. So it is the same wherever the file is, and holes cost nothing.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};
use sha2::{Digest as _, Sha256};

use crate::evidence::bundle::hex;

/// Longest file whose bytes are all hashed.
const PLAIN_MOST: u64 = 16 << 30;
const BLOCK: u64 = 1 << 20;

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How it is made.
    pub method: Method,
    /// In hexadecimal digits.
    pub hex: String,
}

/// How a digest is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// SHA-256 of the bytes.
    Plain,
    /// SHA-256 of what is not zero.
    Blocks,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Plain => "sha256",
            Method::Blocks => "sha256-blocks",
        };
        write!(f, "{method}:{}", self.hex)
    }
}

/// The digest of a file as it is now.
///
/// # Errors
/// What the file system says.
pub fn of(file: &File) -> io::Result<Digest> {
    of_sized(file, PLAIN_MOST)
}

fn of_sized(file: &File, plain_most: u64) -> io::Result<Digest> {
    let length = file.metadata()?.len();
    let method = if length <= plain_most { Method::Plain } else { Method::Blocks };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let zeros = vec![0; 1 << 20];
    let mut at = 0;
    while at < length {
        // A hole's blocks are zeros without being read; a block that only begins in one is read.
        let data = data_from(file, at)?.unwrap_or(length).min(length) / BLOCK * BLOCK;
        if method == Method::Blocks && data > at {
            at = data;
            continue;
        }
        let size = usize::try_from(BLOCK.min(length - at)).unwrap_or_default();
        let block = if data > at { &zeros[..size] } else { read(file, &mut buffer[..size], at)? };
        match method {
            Method::Plain => hash.update(block),
            Method::Blocks if *block == zeros[..size] => {}
            Method::Blocks => hash.update((at / BLOCK).to_be_bytes().iter().chain(block).copied().collect::<Vec<u8>>()),
        }
        at += BLOCK;
    }
    if method == Method::Blocks {
        hash.update(length.to_be_bytes());
    }
    Ok(Digest { method, hex: hex(&hash.finalize()) })
}

fn read<'a>(file: &File, buffer: &'a mut [u8], at: u64) -> io::Result<&'a [u8]> {
    file.read_exact_at(buffer, at)?;
    Ok(buffer)
}

/// Where the next bytes are that are no hole; `None` when there are no more. A file system that knows no holes has none.
fn data_from(file: &File, at: u64) -> io::Result<Option<u64>> {
    let signed = i64::try_from(at).map_err(io::Error::other)?;
    match lseek(file.as_fd(), signed, Whence::SeekData) {
        Ok(data) => Ok(u64::try_from(data).ok()),
        Err(Errno::ENXIO) => Ok(None),
        Err(Errno::EINVAL | Errno::EOPNOTSUPP) => Ok(Some(at)),
        Err(err) => Err(err.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_small_file_has_the_digest_that_everybody_knows() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        let digest = of(&file).unwrap();
        assert_eq!(digest.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn holes_are_zeros_wherever_they_are_holes() {
        let (sparse, mut written) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut bytes = vec![0; 5 << 20];
        bytes[(3 << 20) + 7] = 1;
        written.write_all(&bytes).unwrap();
        sparse.set_len(5 << 20).unwrap();
        sparse.write_all_at(&[1], (3 << 20) + 7).unwrap();
        for most in [0, PLAIN_MOST] {
            assert_eq!(of_sized(&sparse, most).unwrap(), of_sized(&written, most).unwrap());
        }
        // Where a byte is counts, and so does how long the file is.
        let before = of_sized(&sparse, 0).unwrap();
        sparse.set_len(6 << 20).unwrap();
        assert_ne!(of_sized(&sparse, 0).unwrap(), before);
        sparse.set_len(5 << 20).unwrap();
        sparse.write_all_at(&[0], (3 << 20) + 7).unwrap();
        sparse.write_all_at(&[1], (4 << 20) + 7).unwrap();
        assert_ne!(of_sized(&sparse, 0).unwrap(), before);
    }

    #[test]
    fn two_terabytes_of_nothing_cost_nothing() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(2 << 40).unwrap();
        file.write_all_at(b"boot", 0).unwrap();
        let digest = of(&file).unwrap();
        assert_eq!(digest.method, Method::Blocks);
        file.write_all_at(b"root", 1 << 40).unwrap();
        assert_ne!(of(&file).unwrap(), digest);
    }
}
