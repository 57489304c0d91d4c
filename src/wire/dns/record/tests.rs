//! Records that hickory builds, as text, and damaged ones.

use std::str::FromStr;

use hickory_proto::op::{Message as Wire, MessageType, OpCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NULL, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record as Built};

use crate::wire::dns::parse_udp;

fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

fn answer(data: impl IntoIterator<Item = RData>) -> Vec<u8> {
    let mut message = Wire::new(1, MessageType::Response, OpCode::Query);
    for data in data {
        message.add_answer(Built::from_rdata(name("WWW.Example.com."), 300, data));
    }
    message.to_vec().unwrap()
}

fn shown(wire: &[u8]) -> Vec<String> {
    let records = parse_udp(wire).unwrap().records;
    records.iter().map(|record| format!("{} {} {} {}", record.name, record.ttl, record.kind(), record.data)).collect()
}

#[test]
fn each_kind_has_its_text() {
    let wire = answer([
        RData::A(A::new(192, 0, 2, 80)),
        RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        RData::CNAME(CNAME(name("a.example.com."))),
        RData::PTR(PTR(name("B.example.org."))),
        RData::MX(MX::new(10, name("mail.example.com."))),
        RData::SRV(SRV::new(1, 2, 88, name("kdc.example.com."))),
        RData::SOA(SOA::new(name("ns.example.com."), name("admin.example.com."), 1, 2, 3, 4, 5)),
        RData::TXT(TXT::new(vec!["v=spf1 \"-all\"".into(), "ü".into()])),
        RData::Unknown { code: 65280.into(), rdata: NULL::with(vec![1, 2, 0xff]) },
    ]);
    let expected = [
        "A 192.0.2.80",
        "AAAA 2001:db8::1",
        "CNAME a.example.com.",
        "PTR b.example.org.",
        "MX 10 mail.example.com.",
        "SRV 1 2 88 kdc.example.com.",
        "SOA ns.example.com. admin.example.com. 1 2 3 4 5",
        r#"TXT "v=spf1 \"-all\"" "\195\188""#,
        r"TYPE65280 \# 3 0102ff",
    ];
    assert_eq!(
        shown(&wire),
        expected
            .map(|text| text.split_once(' ').unwrap())
            .map(|(kind, data)| { format!("www.example.com. 300 {kind} {data}") })
    );
}

#[test]
fn what_has_no_bound_of_its_own_is_cut() {
    let long = vec!["x".repeat(255); 200];
    let wire =
        answer([RData::TXT(TXT::new(long)), RData::Unknown { code: 65280.into(), rdata: NULL::with(vec![7; 9000]) }]);
    let records = parse_udp(&wire).unwrap().records;
    assert_eq!(records.len(), 2);
    for record in records {
        let text = record.data.to_string();
        assert!(text.ends_with('…') && text.chars().count() <= 130, "{text}");
    }
}

#[test]
fn sixteen_are_read_and_all_are_counted() {
    let message = parse_udp(&answer((0..40).map(|n| RData::A(A::new(192, 0, 2, n))))).unwrap();
    assert_eq!((message.answers, message.records.len()), (40, 16));
    assert_eq!(message.records[15].data.to_string(), "192.0.2.15");
}

#[test]
fn reading_ends_at_the_first_damaged_record() {
    let whole = answer((0..3).map(|n| RData::A(A::new(192, 0, 2, n))));
    // Behind the name's first occurrence: two octets of pointer, ten of header, four of data each.
    let second = whole.len() - 2 * 16;
    let damaged = |at: usize, byte: u8| {
        let mut wire = whole.clone();
        wire[at] = byte;
        shown(&wire).len()
    };
    assert_eq!(shown(&whole).len(), 3);
    assert_eq!(damaged(second + 11, 3), 1, "an address of three octets");
    assert_eq!(damaged(second + 10, 0xff), 1, "longer than the message");
    assert_eq!(damaged(second + 1, 0xff), 1, "a name from nowhere");
    for end in 12..whole.len() {
        let message = parse_udp(&whole[..end]).unwrap();
        assert!(message.answers == 3 && message.records.len() < 3);
    }
}

#[test]
fn names_in_data_end_where_the_data_does() {
    let mut wire = answer([RData::CNAME(CNAME(name("a.test."))), RData::A(A::new(1, 2, 3, 4))]);
    assert_eq!(shown(&wire).len(), 2);
    let length = wire.len() - 16 - 9;
    assert_eq!(wire[length], 8);
    wire[length] = 9;
    assert_eq!(shown(&wire), Vec::<String>::new());
}
