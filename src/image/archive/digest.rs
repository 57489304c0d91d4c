//! SHA-256 digests as images state them.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest; shown as `sha256:` and 64 lowercase hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads the form `sha256:HEX`; `None` for any other, also for other algorithms.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_hex(text.strip_prefix("sha256:")?)
    }

    /// Reads 64 lowercase hexadecimal digits.
    pub fn parse_hex(hex: &str) -> Option<Self> {
        let valid = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !valid {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Digest(digest))
    }

    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// Without `sha256:`, as in the names of files.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

/// Passes a layer through and fails at its end when its digest is another one.
#[derive(Debug)]
pub struct Verified<R> {
    from: R,
    sum: Sha256,
    expected: Digest,
}

impl<R> Verified<R> {
    /// Expects a layer with this diff id.
    pub fn new(from: R, expected: Digest) -> Self {
        Verified { from, sum: Sha256::new(), expected }
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let read = self.from.read(bytes).map_err(|err| {
            if err.kind() == io::ErrorKind::Interrupted {
                return err;
            }
            io::Error::new(err.kind(), format!("layer {}: {err}", self.expected))
        })?;
        self.sum.update(&bytes[..read]);
        if read > 0 {
            return Ok(read);
        }
        let found = Digest(self.sum.clone().finalize().into());
        if found == self.expected {
            return Ok(0);
        }
        let why = format!("layer {} is damaged: its content is {found}; save the image again", self.expected);
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }
}
