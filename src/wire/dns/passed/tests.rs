//! What passed over UDP and TCP, in the order of time, and what could not be read.

use etherparse::{IpFragOffset, IpHeaders, IpNumber, Ipv4Header, PacketBuilder};

use super::*;

const A: ([u8; 4], u16) = ([192, 0, 2, 1], 40000);
const B: ([u8; 4], u16) = ([192, 0, 2, 2], 53);

fn message(id: u8) -> Vec<u8> {
    [&[0, id][..], &[0; 10]].concat()
}

fn framed(id: u8) -> Vec<u8> {
    [&[0, 12][..], &message(id)].concat()
}

fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64);
    packet.udp(from.1, to.1).write(&mut frame, payload).unwrap();
    frame
}

fn tcp(from: ([u8; 4], u16), to: ([u8; 4], u16), seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64).tcp(from.1, to.1, seq, 1000);
    let packet = if payload.is_empty() { packet.syn() } else { packet.ack(1) };
    packet.write(&mut frame, payload).unwrap();
    frame
}

fn seen<'a>(at_ns: u64, port: &'a str, bytes: &'a [u8]) -> Seen<'a> {
    Seen { at_ns, port, bytes, dropped: false }
}

#[test]
fn messages_come_in_the_order_of_time_whatever_carried_them() {
    let whole = framed(1);
    let (begin, end) = (tcp(A, B, 8, &whole[..5]), tcp(A, B, 13, &whole[5..]));
    let (syn, query, answer) = (tcp(A, B, 7, &[]), udp(A, B, &message(2)), udp(B, A, &message(3)));
    let frames = [
        seen(1, "a:eth1", &syn),
        seen(2, "a:eth1", &begin),
        seen(5, "b:eth1", &answer),
        seen(4, "a:eth1", &end),
        Seen { dropped: true, ..seen(3, "a:eth1", &query) },
    ];
    let passed = passed(&frames);
    let told: Vec<_> = passed
        .messages
        .iter()
        .map(|passage| (passage.at_ns, passage.port, passage.carrier, passage.dropped, passage.message.id))
        .collect();
    let expected = [
        (3, "a:eth1", Carrier::Udp, true, 2),
        (4, "a:eth1", Carrier::Tcp, false, 1),
        (5, "b:eth1", Carrier::Udp, false, 3),
    ];
    assert_eq!(told, expected);
    assert_eq!((passed.messages[1].from, passed.messages[1].to), (A.into(), B.into()));
    let a = Tally { to_udp: 1, to_tcp: 3, ..Tally::default() };
    let b = Tally { from_udp: 1, ..Tally::default() };
    assert_eq!(passed.tallies, BTreeMap::from([("a:eth1", a), ("b:eth1", b)]));
}

#[test]
fn other_ports_leave_no_trace() {
    let frame = udp(A, ([192, 0, 2, 2], 5353), &message(1));
    assert_eq!(passed(&[seen(1, "a:eth1", &frame), seen(2, "a:eth1", &[0; 5])]), Passed::default());
}

#[test]
fn what_is_not_dns_is_counted_with_its_reason() {
    let (empty, rubbish) = (udp(A, B, b""), udp(A, B, b"rubbish"));
    let (syn, part) = (tcp(A, B, 7, &[]), tcp(A, B, 8, &framed(1)[..9]));
    let late = tcp(A, ([192, 0, 2, 3], 53), 7, &[0, 1, 7]);
    let frames = [&empty, &rubbish, &syn, &part, &late].map(|bytes| seen(1, "a:eth1", bytes));
    let passed = passed(&frames);
    assert_eq!(passed.messages, []);
    let expected = [
        ((Carrier::Udp, Unreadable::Empty), 1),
        ((Carrier::Udp, Unreadable::Malformed), 1),
        ((Carrier::Tcp, Unreadable::Joined), 1),
        ((Carrier::Tcp, Unreadable::Unfinished), 1),
    ];
    assert_eq!(passed.tallies["a:eth1"].unreadable, BTreeMap::from(expected));
}

#[test]
fn a_fragment_is_a_fragment_even_if_its_first_bytes_say_port_53() {
    let fragment = |more_fragments: bool, offset: u16| {
        let mut ip = Ipv4Header::new(100, 64, IpNumber::UDP, A.0, B.0).unwrap();
        (ip.more_fragments, ip.fragment_offset) = (more_fragments, IpFragOffset::try_new(offset).unwrap());
        let headers = IpHeaders::Ipv4(ip, Default::default());
        let mut frame = Vec::new();
        let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(headers);
        packet.udp(A.1, B.1).write(&mut frame, &message(1)).unwrap();
        frame
    };
    let (first, last) = (fragment(true, 0), fragment(false, 100));
    let passed = passed(&[seen(1, "a:eth1", &first), seen(2, "a:eth1", &last)]);
    assert_eq!(passed.messages, []);
    assert_eq!(passed.tallies["a:eth1"], Tally { fragments: 2, ..Tally::default() });
}

#[test]
fn a_frame_between_two_ports_53_counts_both_ways() {
    let frame = udp((A.0, 53), B, &message(1));
    let passed = passed(&[seen(1, "a:eth1", &frame)]);
    assert_eq!((passed.messages.len(), passed.tallies["a:eth1"].to_udp, passed.tallies["a:eth1"].from_udp), (1, 1, 1));
}
