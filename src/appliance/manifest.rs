//! Manifests (DSP0243 §5.1): a line a file, `SHA256(disk.vmdk)= 0123…`.

use std::io::{self, Read};

use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};

use super::Refusal;

/// Most lines of a manifest.
const LINES: usize = 1024;

/// A digest that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-1: VirtualBox for OVF 0.9 and 1.0, ovftool up to version 4.
    Sha1,
    /// SHA-256: VirtualBox for OVF 2.0, ovftool.
    Sha256,
    /// SHA-512: ovftool, when asked.
    Sha512,
}

impl Algorithm {
    /// Its name in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let plain = name.replace('-', "");
        let all = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512];
        all.into_iter().find(|one| plain.eq_ignore_ascii_case(one.name()))
    }

    fn digits(self) -> usize {
        match self {
            Algorithm::Sha1 => 40,
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }

    /// The digest of all that comes, in lower-case hexadecimal digits, and how many bytes came.
    pub(super) fn of(self, from: impl Read) -> io::Result<(String, u64)> {
        match self {
            Algorithm::Sha1 => digest::<Sha1>(from),
            Algorithm::Sha256 => digest::<Sha256>(from),
            Algorithm::Sha512 => digest::<Sha512>(from),
        }
    }
}

fn digest<D: Digest>(mut from: impl Read) -> io::Result<(String, u64)> {
    let (mut hasher, mut buffer, mut count) = (D::new(), vec![0; 256 << 10], 0);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                count += read as u64;
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok((hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), count))
}

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A file's digest.
    Digest {
        /// How it was made, in lower-case digits.
        algorithm: Algorithm,
        /// The file.
        name: String,
        /// The digest.
        hex: String,
    },
    /// A digest of a kind that is not understood.
    Unknown {
        /// What the manifest calls it.
        algorithm: String,
        /// The file.
        name: String,
    },
    /// No digest at all.
    Broken {
        /// Its number, from 1.
        at: usize,
    },
}

/// Reads a manifest.
///
/// # Errors
/// [`Refusal`] when it has too many lines.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Line>, Refusal> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let lines: Vec<Line> = lines.map(|(line, at)| self::line(line).unwrap_or(Line::Broken { at })).collect();
    match lines.len() > LINES {
        true => Err(Refusal::new("appliance-refused-many").with("most", LINES)),
        false => Ok(lines),
    }
}

/// VMware writes no blanks around the parentheses, VirtualBox one on each side.
fn line(line: &str) -> Option<Line> {
    let (algorithm, rest) = line.split_once('(')?;
    let (name, hex) = rest.rsplit_once('=')?;
    let name = name.trim_end().strip_suffix(')')?.to_owned();
    let (algorithm, hex) = (algorithm.trim(), hex.trim().to_ascii_lowercase());
    let plain = !algorithm.is_empty() && algorithm.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !plain || name.is_empty() || hex.is_empty() || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    match Algorithm::named(algorithm) {
        None => Some(Line::Unknown { algorithm: algorithm.to_owned(), name }),
        Some(algorithm) => (hex.len() == algorithm.digits()).then_some(Line::Digest { algorithm, name, hex }),
    }
}
