//! PAX extended headers: records of `LENGTH KEY=VALUE\n`.

use super::{Attribute, Modified};

/// Prefix of a record that carries an extended attribute.
const ATTRIBUTE: &[u8] = b"SCHILY.xattr.";
/// Prefix of the records that describe a sparse file.
const SPARSE: &[u8] = b"GNU.sparse.";

/// What a PAX header says about the next entry.
#[derive(Debug, Default)]
pub struct Pax {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    pub modified: Option<Modified>,
    pub attributes: Vec<Attribute>,
    pub sparse: bool,
}

impl Pax {
    /// Reads a PAX header's records; `None` when they are malformed.
    pub fn parse(mut records: &[u8]) -> Option<Pax> {
        let mut pax = Pax::default();
        while !records.is_empty() {
            let (key, value, rest) = record(records)?;
            pax.set(key, value)?;
            records = rest;
        }
        Some(pax)
    }

    /// Takes one record; a later one wins, and an empty value means that nothing is said.
    fn set(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if let Some(name) = key.strip_prefix(ATTRIBUTE) {
            self.attributes.retain(|(known, _)| known != name);
            self.attributes.push((name.to_vec(), value.to_vec()));
            return Some(());
        }
        let said = !value.is_empty();
        match key {
            b"path" => self.path = said.then(|| value.to_vec()),
            b"linkpath" => self.link = said.then(|| value.to_vec()),
            b"size" => self.size = optional(value, number)?,
            b"uid" => self.uid = optional(value, number)?,
            b"gid" => self.gid = optional(value, number)?,
            b"mtime" => self.modified = optional(value, time)?,
            _ => self.sparse |= key.starts_with(SPARSE),
        }
        Some(())
    }
}

/// The first record's key and value, and what follows. Its length decides where it ends: a value may hold any byte.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = records.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&records[..digits])?).ok()?;
    let (first, rest) = records.split_at_checked(length)?;
    let text = first.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = text.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then(|| (&text[..equals], &text[equals + 1..], rest))
}

fn optional<T>(value: &[u8], parse: impl Fn(&[u8]) -> Option<T>) -> Option<Option<T>> {
    if value.is_empty() { Some(None) } else { parse(value).map(Some) }
}

fn number(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| str::from_utf8(digits).ok()?.parse().ok())?
}

/// `[-]SECONDS[.FRACTION]`, rounded down to a nanosecond.
fn time(value: &[u8]) -> Option<Modified> {
    let (negative, value) = value.strip_prefix(b"-").map_or((false, value), |value| (true, value));
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let seconds = i64::try_from(number(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanoseconds = (0..9).fold(0, |sum, at| sum * 10 + u32::from(fraction.get(at).map_or(0, |digit| digit - b'0')));
    Some(match (negative, nanoseconds) {
        (false, nanoseconds) => Modified { seconds, nanoseconds },
        (true, 0) => Modified { seconds: -seconds, nanoseconds: 0 },
        (true, nanoseconds) => Modified { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

/// Adds a record. Its length counts its own digits.
pub fn append(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3; // the space, the equals sign and the newline
    let mut length = rest + 1;
    while rest + length.to_string().len() > length {
        length += 1;
    }
    records.extend_from_slice(format!("{length} ").as_bytes());
    records.extend_from_slice(key);
    records.push(b'=');
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// Adds the record of an extended attribute.
pub fn append_attribute(records: &mut Vec<u8>, (name, value): &Attribute) {
    append(records, &[ATTRIBUTE, name].concat(), value);
}
