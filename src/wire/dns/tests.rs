//! Messages that hickory builds, whole, damaged and hostile.

use std::str::FromStr;

use hickory_proto::op::{Message as Wire, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, rdata};
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
    assert_eq!((message.answers, &*message.questions[0].kind), (9, "PTR"));
}

#[test]
fn unknown_types_have_a_number() {
    let message = parse_udp(&query("x.example.", RecordType::Unknown(65534))).unwrap();
    assert_eq!((&*message.questions[0].kind, message.questions[0].number), ("TYPE65534", 65534));
}

#[test]
fn a_notify_is_told_from_a_query() {
    let opcode = |number: u8| {
        let mut wire = query("x.example.", RecordType::SOA);
        wire[2] = number << 3;
        parse_udp(&wire).unwrap().opcode
    };
    assert_eq!([0, 2, 4, 5].map(opcode), [Opcode::Query, Opcode::Status, Opcode::Notify, Opcode::Update]);
    assert_eq!([4, 1, 15].map(|number| opcode(number).to_string()), ["NOTIFY", "OPCODE1", "OPCODE15"]);
}

#[test]
fn each_response_code_has_a_name() {
    let name = |rcode: u8| {
        let mut wire = query("x.example.", RecordType::A);
        wire[3] = rcode;
        parse_udp(&wire).unwrap().rcode_name().into_owned()
    };
    let expected = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];
    assert_eq!([0, 1, 2, 3, 4, 5].map(name), expected);
    assert_eq!([10, 11, 15].map(name), ["NOTZONE", "RCODE11", "RCODE15"]);
}

#[test]
fn sixteen_questions_are_read_and_more_leave_the_answers_unread() {
    let message = |questions: u8| {
        let mut wire = vec![0, 1, 0x80, 0, 0, questions, 0, 1, 0, 0, 0, 0];
        (0..questions).for_each(|_| wire.extend([1, b'a', 0, 0, 1, 0, 1]));
        wire.extend([1, b'a', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
        let message = parse_udp(&wire).unwrap();
        (message.questions.len(), message.records.len())
    };
    assert_eq!([0, 1, 16, 17, 255].map(message), [(0, 1), (1, 1), (16, 1), (16, 0), (16, 0)]);
}

#[test]
fn a_message_of_64_kib_is_read() {
    // As full as it gets of what costs most: records whose names are chains of pointers.
    let mut wire = vec![0, 1, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0];
    while wire.len() < 65_533 {
        let back = u16::try_from(wire.len() - 2).unwrap_or(0).min(0x3ffe);
        wire.extend((0xc000 | back).to_be_bytes());
    }
    wire.extend([0, 0]);
    assert_eq!(wire.len(), 65_535);
    assert_eq!(parse_udp(&wire).unwrap().questions.len(), READ_MOST);
    wire[4..8].copy_from_slice(&[0, 0, 0xff, 0xff]);
    let framed = [&[0xff, 0xff][..], &wire].concat();
    let read = parse_tcp(&framed).unwrap();
    assert_eq!((read.answers, read.questions.len()), (65_535, 0));
    assert!(read.records.len() <= READ_MOST);
}

#[test]
fn below_goes_by_label() {
    let asked = |name: &str| Question { name: name.into(), kind: "PTR".into(), number: 12 };
    assert!(asked("1.0.ip6.arpa.").is_below(&canonical("IP6.arpa")));
    assert!(asked("ip6.arpa.").is_below("ip6.arpa."));
    assert!(!asked("notip6.arpa.").is_below("ip6.arpa."));
    assert!(asked("anything.").is_below("."));
    assert!(!asked(r"www\.sample.local.").is_below("sample.local."), "that dot is inside a label");
    assert!(asked(r"www\\.sample.local.").is_below("sample.local."), "a label that ends with a backslash");
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
        prop_assert!(read.is_none_or(|read| &*read.questions[0].name == "www.example.com."));
    }
}
