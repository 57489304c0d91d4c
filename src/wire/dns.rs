//! One DNS message to facts: header and question section (RFC 1035, section 4.1), from UDP or TCP payload.

use hickory_proto::op::{Header, Message as Wire, MessageType};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

/// UDP and TCP port of DNS (RFC 1035, section 4.2).
pub const PORT: u16 = 53;

/// The facts of one DNS message. The records behind the questions are counted, not read, so that a message with
/// a damaged or an unknown record still counts as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Transaction identifier.
    pub id: u16,
    /// Whether this is a response.
    pub response: bool,
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
    /// The questions, usually one.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Name in lower case with the final dot, octets outside printable ASCII as `\DDD`.
    pub name: String,
    /// Type as a mnemonic; `TYPE65534` if it has none (RFC 3597, section 5).
    pub kind: String,
    /// Type as a number.
    pub number: u16,
}

impl Question {
    /// Whether the name is `suffix` or below it; `suffix` as [`canonical`] makes it.
    pub fn is_below(&self, suffix: &str) -> bool {
        let Some(front) = self.name.strip_suffix(suffix) else {
            return false;
        };
        front.is_empty() || front.ends_with('.') || suffix == "."
    }
}

/// A name as questions carry it: lower case, with the final dot.
pub fn canonical(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    if !name.ends_with('.') {
        name.push('.');
    }
    name
}

/// Reads the payload of one UDP datagram; `None` if header or questions are not whole.
pub fn parse_udp(payload: &[u8]) -> Option<Message> {
    let mut decoder = BinDecoder::new(payload);
    let header = Header::read(&mut decoder).ok()?;
    let queries = Wire::read_queries(&mut decoder, header.counts.queries.into()).ok()?;
    let about = &header.metadata;
    Some(Message {
        id: about.id,
        response: about.message_type == MessageType::Response,
        rcode: about.response_code.low(),
        aa: about.authoritative,
        ra: about.recursion_available,
        rd: about.recursion_desired,
        tc: about.truncation,
        answers: header.counts.answers,
        questions: queries.iter().map(|query| question(query.name(), query.query_type())).collect(),
    })
}

/// Reads the first message of a TCP segment that begins with one: two octets of length, then the message
/// (RFC 7766, section 8). `None` if the segment begins elsewhere, or if header or questions are not whole.
pub fn parse_tcp(payload: &[u8]) -> Option<Message> {
    let (length, rest) = payload.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    parse_udp(rest.get(..length).unwrap_or(rest))
}

fn question(name: &Name, kind: RecordType) -> Question {
    let number = u16::from(kind);
    let kind = match kind {
        RecordType::Unknown(_) => format!("TYPE{number}"),
        known => known.to_string(),
    };
    Question { name: canonical(&name.to_ascii()), kind, number }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use hickory_proto::op::{OpCode, Query, ResponseCode};
    use hickory_proto::rr::{RData, Record, rdata};
    use proptest::prelude::*;

    use super::*;

    fn query(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Wire::new(0x1234, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(Name::from_str(name).unwrap(), kind));
        message.to_vec().unwrap()
    }

    #[test]
    fn reads_a_query() {
        let message = parse_udp(&query("WWW.Example.COM.", RecordType::AAAA)).unwrap();
        assert_eq!((message.id, message.response, message.rd, message.aa), (0x1234, false, true, false));
        let asked = Question { name: "www.example.com.".into(), kind: "AAAA".into(), number: 28 };
        assert_eq!(message.questions, [asked]);
    }

    #[test]
    fn reads_a_response_from_tcp() {
        let mut message = Wire::new(7, MessageType::Response, OpCode::Query);
        message.metadata.authoritative = true;
        message.metadata.recursion_available = true;
        message.metadata.response_code = ResponseCode::NXDomain;
        let name = Name::from_str("a.example.").unwrap();
        message.add_query(Query::query(name.clone(), RecordType::A));
        message.add_answer(Record::from_rdata(name, 60, RData::A(rdata::A::new(192, 0, 2, 1))));
        let wire = message.to_vec().unwrap();
        let framed = [&u16::try_from(wire.len()).unwrap().to_be_bytes()[..], &wire, b"next"].concat();
        let read = parse_tcp(&framed).unwrap();
        assert_eq!((read.id, read.response, read.rcode, read.answers), (7, true, 3, 1));
        assert_eq!((read.aa, read.ra, read.rd, read.tc), (true, true, false, false));
    }

    #[test]
    fn damaged_answers_still_count() {
        let mut wire = query("x.example.", RecordType::PTR);
        wire[7] = 9; // nine answers announced, none there
        let message = parse_udp(&wire).unwrap();
        assert_eq!((message.answers, message.questions[0].kind.as_str()), (9, "PTR"));
    }

    #[test]
    fn unknown_types_have_a_number() {
        let message = parse_udp(&query("x.example.", RecordType::Unknown(65534))).unwrap();
        assert_eq!((message.questions[0].kind.as_str(), message.questions[0].number), ("TYPE65534", 65534));
    }

    #[test]
    fn below_goes_by_label() {
        let asked = |name: &str| Question { name: name.into(), kind: "PTR".into(), number: 12 };
        assert!(asked("1.0.ip6.arpa.").is_below(&canonical("IP6.arpa")));
        assert!(asked("ip6.arpa.").is_below("ip6.arpa."));
        assert!(!asked("notip6.arpa.").is_below("ip6.arpa."));
        assert!(asked("anything.").is_below("."));
    }

    proptest! {
        #[test]
        fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (parse_udp(&bytes), parse_tcp(&bytes));
        }

        #[test]
        fn a_cut_query_is_none_or_right(cut in 0usize..40) {
            let whole = query("www.example.com.", RecordType::A);
            let read = parse_udp(&whole[..cut.min(whole.len())]);
            prop_assert!(read.is_none_or(|read| read.questions[0].name == "www.example.com."));
        }
    }
}
