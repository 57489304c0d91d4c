//! The digest of what was handed in: `--resume` marks again exactly what differs.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::scenario::Handed;

/// A SHA-256.
pub(super) type Sum = [u8; 32];

/// Passes bytes on and hashes them.
pub(super) struct Hashing<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(from: R) -> Self {
        Hashing { from, hash: Sha256::new() }
    }

    /// Of what was read.
    pub(super) fn sum(self) -> Sum {
        self.hash.finalize().into()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}

/// Of bytes.
pub(super) fn of(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// Of all parts, in the order of their names: name, kind and content, each with a length that nothing can blur.
pub(super) fn of_all(mut parts: Vec<(&str, &Handed, Sum)>) -> String {
    parts.sort_by_key(|(name, ..)| *name);
    let mut hash = Sha256::new();
    for (name, what, sum) in parts {
        let kind: u8 = match what {
            Handed::Script => b's',
            Handed::File { .. } => b'f',
            Handed::Image => b'i',
            Handed::Address { .. } => b'a',
        };
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update([kind]);
        hash.update(sum);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
