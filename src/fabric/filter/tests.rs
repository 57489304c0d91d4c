//! Each field of a match, alone: a frame that it is about and one that it is not.

use etherparse::PacketBuilder;

use super::*;

const A: [u8; 6] = [2, 0, 0, 0, 0, 1];
const B: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// A query `name`/`kind` from 192.168.1.20:40000 to 192.168.1.10:53.
fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut message = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.bytes());
    }
    message.extend([0, 0, u8::try_from(kind).unwrap(), 0, 1]);
    message
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2(A, B).ipv4([192, 168, 1, 20], [192, 168, 1, 10], 64);
    packet.udp(40000, 53).write(&mut frame, payload).unwrap();
    frame
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2(A, B).ipv4([192, 168, 1, 20], [192, 168, 1, 10], 64);
    packet.tcp(40000, 53, 1, 1000).write(&mut frame, payload).unwrap();
    frame
}

fn filter(name: &str, matches: Match, action: Action) -> Filter {
    Filter { name: name.into(), matches, action }
}

fn filters(rules: &[Filter]) -> Filters {
    Filters::new(rules, |name| (name == "a:eth1").then_some(0)).unwrap()
}

/// Whether a filter with this match takes the frame, coming in from port 0.
fn takes(matches: Match, frame: &[u8]) -> bool {
    let ruling = filters(&[filter("x", matches, Action::Drop)]).rule(0, &Frame::parse(frame).unwrap());
    ruling == Ruling::Drop(0)
}

#[test]
fn a_match_of_nothing_takes_everything() {
    assert!(takes(Match::default(), &[0; 14]));
}

#[test]
fn each_header_field_decides() {
    let frame = udp(b"1234");
    let some = |text: &str| Some(text.parse().unwrap());
    let pairs = [
        (Match { ethertype: Some(0x0800), ..Match::default() }, Match { ethertype: Some(0x86dd), ..Match::default() }),
        (Match { protocol: Some(17), ..Match::default() }, Match { protocol: Some(6), ..Match::default() }),
        (
            Match { src: some("192.168.1.20"), ..Match::default() },
            Match { src: some("192.168.1.10"), ..Match::default() },
        ),
        (
            Match { dst: some("192.168.1.0/28"), ..Match::default() },
            Match { dst: some("10.0.0.0/8"), ..Match::default() },
        ),
        (Match { sport: Some(40000), ..Match::default() }, Match { sport: Some(53), ..Match::default() }),
        (Match { dport: Some(53), ..Match::default() }, Match { dport: Some(40000), ..Match::default() }),
        (Match { min_length: Some(46), ..Match::default() }, Match { min_length: Some(47), ..Match::default() }),
        (Match { source_mac: Some(A), ..Match::default() }, Match { source_mac: Some(B), ..Match::default() }),
    ];
    for (about, not) in pairs {
        assert!(takes(about.clone(), &frame), "{about:?}");
        assert!(!takes(not.clone(), &frame), "{not:?}");
    }
}

#[test]
fn all_fields_must_hold() {
    let both = Match { protocol: Some(17), dport: Some(54), ..Match::default() };
    assert!(!takes(both, &udp(b"")));
}

#[test]
fn ip_fields_do_not_match_what_has_no_ip() {
    let mut arp = [B, A].concat();
    arp.extend([8, 6]);
    assert!(!takes(Match { src: Some("0.0.0.0/0".parse().unwrap()), ..Match::default() }, &arp));
    assert!(!takes(Match { protocol: Some(0), ..Match::default() }, &arp));
    assert!(takes(Match { ethertype: Some(0x0806), ..Match::default() }, &arp));
}

#[test]
fn the_ingress_port_decides_and_must_exist() {
    let rules = [filter("x", Match { ingress: Some("a:eth1".into()), ..Match::default() }, Action::Drop)];
    let (frame, mut filters) = (udp(b""), filters(&rules));
    assert_eq!(filters.rule(0, &Frame::parse(&frame).unwrap()), Ruling::Drop(0));
    assert_eq!(filters.rule(1, &Frame::parse(&frame).unwrap()), Ruling::Pass(0));
    assert_eq!(Filters::new(&rules, |_| None).unwrap_err().name, "x");
}

#[test]
fn dns_fields_go_by_the_question() {
    let aaaa = udp(&query("www.Example.com.", 28));
    let kind = |kind| Match { dns_type: Some(kind), ..Match::default() };
    let below = |suffix: &str| Match { dns_suffix: Some(suffix.into()), ..Match::default() };
    assert!(takes(kind(28), &aaaa));
    assert!(!takes(kind(1), &aaaa));
    assert!(takes(below("EXAMPLE.com"), &aaaa));
    assert!(!takes(below("ample.com"), &aaaa));
    assert!(!takes(Match { dns_type: Some(1), ..below("example.com.") }, &aaaa));
    assert!(!takes(kind(28), &udp(b"not DNS")));
    let message = query("1.168.192.in-addr.arpa.", 12);
    let framed = [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat();
    assert!(takes(Match { dns_type: Some(12), ..below("in-addr.arpa.") }, &tcp(&framed)));
}

#[test]
fn filters_are_asked_in_order_until_one_drops() {
    let mut filters = filters(&[
        filter("seen", Match::default(), Action::Count),
        filter("slow", Match { dport: Some(53), ..Match::default() }, Action::Delay { ns: 400 }),
        filter("slower", Match::default(), Action::Delay { ns: 5 }),
        filter("gone", Match { min_length: Some(100), ..Match::default() }, Action::Drop),
        filter("rest", Match::default(), Action::Count),
    ]);
    let (short, long) = (udp(b""), udp(&[0; 100]));
    assert_eq!(filters.rule(0, &Frame::parse(&short).unwrap()), Ruling::Pass(405));
    assert_eq!(filters.rule(0, &Frame::parse(&long).unwrap()), Ruling::Drop(3));
    assert_eq!(filters.note(3), Some("drop=filter:gone"));
    let hits: Vec<_> = filters.counters().map(|(name, hits)| (name.to_owned(), hits.frames, hits.bytes)).collect();
    let expected = [("seen", 2, 184), ("slow", 2, 184), ("slower", 2, 184), ("gone", 1, 142), ("rest", 1, 42)];
    assert_eq!(hits, expected.map(|(name, frames, bytes)| (name.to_owned(), frames, bytes)));
    filters.reset();
    assert!(filters.counters().all(|(_, hits)| hits == FilterCounters::default()));
}
