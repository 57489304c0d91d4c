//! One DNS message to facts: header, questions and answers (RFC 1035, section 4.1), from UDP or TCP payload.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hickory_proto::op::{Header, MessageType};
use hickory_proto::rr::RecordType;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

mod framing;
mod name;
pub mod passed;
mod record;

pub use record::{Data, Record};

/// UDP and TCP port of DNS (RFC 1035, section 4.2).
pub const PORT: u16 = 53;
/// Most questions and most answer records of a message that are read; servers refuse more than one question.
pub const READ_MOST: usize = 16;

/// Length of a header in bytes (RFC 1035, section 4.1.1).
const HEADER: usize = 12;

/// A type as text: a mnemonic, or `TYPE65534` if it has none (RFC 3597, section 5).
pub type Mnemonic = Cow<'static, str>;

/// The facts of one DNS message. A message with a damaged record still counts as what it is: reading ends there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Transaction identifier.
    pub id: u16,
    /// Whether this is a response.
    pub response: bool,
    /// What is asked of the server.
    pub opcode: Opcode,
    /// Response code, the four bits in the header (RFC 1035, section 4.1.1); without the extension of RFC 6891.
    pub rcode: u8,
    /// Authoritative answer.
    pub aa: bool,
    /// Recursion available.
    pub ra: bool,
    /// Recursion desired.
    pub rd: bool,
    /// Truncated.
    pub tc: bool,
    /// Number of answer records, as the header says.
    pub answers: u16,
    /// The questions, usually one; the first [`READ_MOST`] of them.
    pub questions: Vec<Question>,
    /// The answer records up to the first damaged one, at most [`READ_MOST`].
    pub records: Vec<Record>,
}

impl Message {
    /// The response code in words, such as `NXDOMAIN`.
    pub fn rcode_name(&self) -> Mnemonic {
        rcode_name(self.rcode)
    }
}

/// What is asked of the server (RFC 1035, section 4.1.1); displays as `QUERY`, or `OPCODE7` if it has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Opcode {
    /// An ordinary query, 0.
    Query,
    /// A server's state, 2.
    Status,
    /// A zone has changed, 4 (RFC 1996).
    Notify,
    /// A dynamic update, 5 (RFC 2136).
    Update,
    /// Any other, 0 to 15.
    Other(u8),
}

impl From<u8> for Opcode {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Query,
            2 => Self::Status,
            4 => Self::Notify,
            5 => Self::Update,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query => f.write_str("QUERY"),
            Self::Status => f.write_str("STATUS"),
            Self::Notify => f.write_str("NOTIFY"),
            Self::Update => f.write_str("UPDATE"),
            Self::Other(number) => write!(f, "OPCODE{number}"),
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Name in lower case with the final dot, octets outside printable ASCII as `\DDD`; shared with the
    /// records of the same owner.
    pub name: Arc<str>,
    /// Type as a mnemonic; `TYPE65534` if it has none (RFC 3597, section 5).
    pub kind: Mnemonic,
    /// Type as a number.
    pub number: u16,
}

impl Question {
    /// Whether the name is `suffix` or below it; `suffix` as [`canonical`] makes it.
    pub fn is_below(&self, suffix: &str) -> bool {
        let Some(front) = self.name.strip_suffix(suffix) else {
            return false;
        };
        front.is_empty() || ends_a_label(front) || suffix == "."
    }
}

/// Whether the last character is a dot between labels, not one inside a label: that has a backslash of its own.
fn ends_a_label(front: &str) -> bool {
    let Some(label) = front.strip_suffix('.') else {
        return false;
    };
    label.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
}

/// A name as questions carry it: lower case, with the final dot.
pub fn canonical(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    if !name.ends_with('.') {
        name.push('.');
    }
    name
}

/// A response code in words, such as `NXDOMAIN`; `RCODE11` if it has none (IANA, DNS parameters).
pub fn rcode_name(rcode: u8) -> Mnemonic {
    const NAMES: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ];
    NAMES.get(usize::from(rcode)).map_or_else(|| format!("RCODE{rcode}").into(), |name| Cow::Borrowed(*name))
}

/// Reads the payload of one UDP datagram; `None` if header or questions are not whole.
pub fn parse_udp(payload: &[u8]) -> Option<Message> {
    let header = Header::read(&mut BinDecoder::new(payload)).ok()?;
    let (about, counts) = (&header.metadata, &header.counts);
    let mut at = HEADER;
    let asked = usize::from(counts.queries).min(READ_MOST);
    let mut questions = Vec::with_capacity(asked);
    for _ in 0..asked {
        let question;
        (question, at) = read_question(payload, at)?;
        questions.push(question);
    }
    // Where the answers begin is known only behind the last question.
    let readable = if asked < usize::from(counts.queries) { 0 } else { usize::from(counts.answers).min(READ_MOST) };
    let mut records = Vec::with_capacity(readable);
    while records.len() < readable
        && let Some((record, behind)) = record::read(payload, at, questions.first())
    {
        records.push(record);
        at = behind;
    }
    Some(Message {
        id: about.id,
        response: about.message_type == MessageType::Response,
        opcode: u8::from(about.op_code).into(),
        rcode: about.response_code.low(),
        aa: about.authoritative,
        ra: about.recursion_available,
        rd: about.recursion_desired,
        tc: about.truncation,
        answers: counts.answers,
        questions,
        records,
    })
}

/// Reads the first message of a TCP segment that begins with one: two octets of length, then the message
/// (RFC 7766, section 8). `None` if the segment begins elsewhere, or if header or questions are not whole.
pub fn parse_tcp(payload: &[u8]) -> Option<Message> {
    let (length, rest) = payload.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    parse_udp(rest.get(..length).unwrap_or(rest))
}

/// Reads the question at `at`; gives it and the place behind it.
fn read_question(message: &[u8], at: usize) -> Option<(Question, usize)> {
    let (name, at) = name::read(message, at)?;
    let number = u16_at(message, at)?;
    // Type and class.
    (at + 4 <= message.len()).then(|| (Question { name: name.into(), kind: mnemonic(number), number }, at + 4))
}

fn mnemonic(number: u16) -> Mnemonic {
    match RecordType::from(number) {
        RecordType::Unknown(_) => format!("TYPE{number}").into(),
        known => Cow::Borrowed(known.into()),
    }
}

/// The number of two octets at `at`, if they are there.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|octets| u16::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests;
