//! Records of a DNS message as short text (RFC 1035, section 4.1.3).

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{Mnemonic, Question, mnemonic, name, u16_at};

/// Most characters of data that has no natural bound, such as TXT; what is longer ends with `…`.
const TEXT_MOST: usize = 120;

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Owner, as a question's name.
    pub name: Arc<str>,
    /// Type as a number.
    pub number: u16,
    /// Time to live in seconds.
    pub ttl: u32,
    /// The data; displays as a zone file has it.
    pub data: Data,
}

impl Record {
    /// Type as a mnemonic; `TYPE65534` if it has none (RFC 3597, section 5).
    pub fn kind(&self) -> Mnemonic {
        mnemonic(self.number)
    }
}

/// What a record says. Displays as a zone file has it, such as `192.0.2.80` or `www.example.com.`; of a type that is
/// not read `\# LENGTH HEX` (RFC 3597, section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Of an A record.
    Ipv4(Ipv4Addr),
    /// Of an AAAA record.
    Ipv6(Ipv6Addr),
    /// Of all others, ready to print.
    Text(Box<str>),
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(address) => address.fmt(f),
            Self::Ipv6(address) => address.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A pointer to the name of the first question, right behind the header: the owner of most records.
const FIRST_QUESTION: [u8; 2] = [0xc0, 12];

/// Reads the record at `at`; gives it and the place behind it. `None` if it is not whole or its data is not what its
/// type demands.
pub fn read(message: &[u8], at: usize, asked: Option<&Question>) -> Option<(Record, usize)> {
    let (name, at) = match asked {
        Some(asked) if message.get(at..)?.starts_with(&FIRST_QUESTION) => (Arc::clone(&asked.name), at + 2),
        _ => name::read(message, at).map(|(name, at)| (name.into(), at))?,
    };
    let number = u16_at(message, at)?;
    let ttl = u32::from_be_bytes(*message.get(at + 4..)?.first_chunk()?);
    let begin = at + 10;
    let end = begin + usize::from(u16_at(message, at + 8)?);
    // Up to its end, so that nothing can reach beyond; from the start, because names point back.
    let data = data(message.get(..end)?, begin, number)?;
    Some((Record { name, number, ttl, data }, end))
}

/// The data from `begin` to the end of `message`, by type (IANA, DNS parameters).
fn data(message: &[u8], begin: usize, number: u16) -> Option<Data> {
    let bytes = message.get(begin..)?;
    let name_last = |at: usize| name::read(message, at).filter(|(_, end)| *end == message.len()).map(|(name, _)| name);
    let text = match number {
        1 => return Some(Data::Ipv4(<[u8; 4]>::try_from(bytes).ok()?.into())),
        28 => return Some(Data::Ipv6(<[u8; 16]>::try_from(bytes).ok()?.into())),
        // NS, CNAME, PTR, DNAME.
        2 | 5 | 12 | 39 => name_last(begin)?,
        // SOA.
        6 => {
            let (server, at) = name::read(message, begin)?;
            let (mailbox, at) = name::read(message, at)?;
            let numbers: &[u8; 20] = message.get(at..)?.try_into().ok()?;
            let mut text = format!("{server} {mailbox}");
            for number in numbers.as_chunks::<4>().0 {
                write!(text, " {}", u32::from_be_bytes(*number)).ok()?;
            }
            text
        }
        // MX.
        15 => format!("{} {}", u16_at(bytes, 0)?, name_last(begin + 2)?),
        // TXT.
        16 => strings(bytes)?,
        // SRV.
        33 => {
            let [priority, weight, port] = [u16_at(bytes, 0)?, u16_at(bytes, 2)?, u16_at(bytes, 4)?];
            format!("{priority} {weight} {port} {}", name_last(begin + 6)?)
        }
        _ => unread(bytes),
    };
    Some(Data::Text(text.into()))
}

/// Character strings, each in quotation marks (RFC 1035, section 3.3.14).
fn strings(mut bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*length))?;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push('"');
        for byte in string {
            match byte {
                b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
                b' '..=b'~' => text.push(char::from(*byte)),
                _ => name::write_decimal(&mut text, *byte),
            }
        }
        text.push('"');
        if text.len() > TEXT_MOST {
            text.truncate(TEXT_MOST);
            text.push('…');
            // What follows must still be whole, or the record is damaged; its text is long enough already.
            return is_strings(rest).then_some(text);
        }
        bytes = rest;
    }
    Some(text)
}

fn is_strings(mut bytes: &[u8]) -> bool {
    while let Some((length, rest)) = bytes.split_first() {
        let Some(rest) = rest.get(usize::from(*length)..) else { return false };
        bytes = rest;
    }
    true
}

fn unread(bytes: &[u8]) -> String {
    let mut text = format!("\\# {}", bytes.len());
    let mut separator = " ";
    for byte in bytes {
        if text.len() >= TEXT_MOST {
            text.push('…');
            break;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{byte:02x}");
        separator = "";
    }
    text
}

#[cfg(test)]
mod tests;
