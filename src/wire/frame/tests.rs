//! Frames built by etherparse and read back; rubbish and cut frames.

use etherparse::{Icmpv6Type, PacketBuilder, VlanId, icmpv6::NeighborAdvertisementHeader};
use proptest::prelude::*;

use super::*;

const A: [u8; 6] = [2, 0, 0, 0, 0, 1];
const B: [u8; 6] = [2, 0, 0, 0, 0, 2];

fn udp(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(A, B)
        .ipv4([192, 168, 1, 20], [192, 168, 1, 10], 64)
        .udp(40000, 53)
        .write(&mut frame, payload)
        .unwrap();
    frame
}

fn tcp6(payload: &[u8]) -> Vec<u8> {
    let (from, to) = ("fd00:1::20".parse::<Ipv6Addr>().unwrap(), "fd00:1::10".parse::<Ipv6Addr>().unwrap());
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(A, B)
        .ipv6(from.octets(), to.octets(), 64)
        .tcp(40001, 22, 7, 1000)
        .psh()
        .ack(1)
        .write(&mut frame, payload)
        .unwrap();
    frame
}

#[test]
fn reads_udp_over_ipv4() {
    let bytes = udp(b"hello");
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!((frame.source, frame.destination, frame.ethertype, frame.vlan), (Mac(A), Mac(B), IPV4, None));
    assert_eq!(frame.length, 14 + 20 + 8 + 5);
    let ip = frame.ip.unwrap();
    assert_eq!((ip.source.to_string(), ip.destination.to_string()), ("192.168.1.20".into(), "192.168.1.10".into()));
    assert_eq!((ip.protocol, ip.fragment), (17, false));
    assert_eq!(frame.transport, Transport::Udp { sport: 40000, dport: 53, payload: b"hello" });
    assert_eq!(frame.ports(), Some((40000, 53)));
    assert!(!frame.is_chatter());
}

#[test]
fn reads_tcp_over_ipv6() {
    let bytes = tcp6(b"abc");
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(frame.transport, Transport::Tcp { sport: 40001, dport: 22, flags: 0x18, seq: 7, payload: b"abc" });
    assert_eq!((frame.ethertype, frame.ip.unwrap().protocol), (IPV6, 6));
}

#[test]
fn padding_is_not_payload() {
    let mut bytes = udp(b"x");
    bytes.resize(60, 0);
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(frame.length, 60);
    assert_eq!(frame.transport, Transport::Udp { sport: 40000, dport: 53, payload: b"x" });
}

#[test]
fn reads_behind_vlan_tags() {
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2(A, B)
        .double_vlan(VlanId::try_new(42).unwrap(), VlanId::try_new(7).unwrap())
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(1, 2)
        .write(&mut bytes, b"")
        .unwrap();
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!((frame.vlan, frame.ethertype, frame.ports()), (Some(42), IPV4, Some((1, 2))));
}

#[test]
fn a_fragment_has_addresses_and_no_ports() {
    let mut bytes = udp(b"first part");
    bytes[14 + 6] = 0x20; // more fragments (RFC 791, section 3.1)
    let frame = Frame::parse(&bytes).unwrap();
    assert!(frame.ip.unwrap().fragment);
    assert_eq!((frame.transport, frame.ports()), (Transport::Other, None));
}

#[test]
fn arp_request_is_a_question_and_chatter() {
    let mut bytes = [[0xff; 6], A].concat();
    bytes.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    bytes.extend([&A[..], &[192, 168, 1, 20], &[0; 6], &[192, 168, 1, 99]].concat());
    let frame = Frame::parse(&bytes).unwrap();
    let expected = WhoHas { target: "192.168.1.99".parse().unwrap(), asker: "192.168.1.20".parse().unwrap() };
    assert_eq!((frame.question, frame.is_chatter()), (Some(expected), true));
    bytes[21] = 2; // a reply asks nothing
    assert_eq!(Frame::parse(&bytes).unwrap().question, None);
}

#[test]
fn neighbour_discovery_is_chatter_even_to_one_station() {
    let (from, to) = ("fe80::1".parse::<Ipv6Addr>().unwrap(), "fe80::2".parse::<Ipv6Addr>().unwrap());
    let build = |kind, payload: &[u8]| {
        let mut bytes = Vec::new();
        let packet = PacketBuilder::ethernet2(A, B).ipv6(from.octets(), to.octets(), 255);
        packet.icmpv6(kind).write(&mut bytes, payload).unwrap();
        bytes
    };
    let asks = build(Icmpv6Type::NeighborSolicitation, &to.octets());
    let frame = Frame::parse(&asks).unwrap();
    assert_eq!(frame.question, Some(WhoHas { target: to.into(), asker: from.into() }));
    assert!(frame.is_chatter());
    let header = NeighborAdvertisementHeader { router: false, solicited: true, r#override: true };
    let answers = build(Icmpv6Type::NeighborAdvertisement(header), &to.octets());
    let frame = Frame::parse(&answers).unwrap();
    assert_eq!((frame.question, frame.is_chatter()), (None, true));
    let echo = build(Icmpv6Type::EchoRequest(etherparse::IcmpEchoHeader { id: 1, seq: 1 }), b"");
    assert!(!Frame::parse(&echo).unwrap().is_chatter());
}

#[test]
fn too_short_for_a_header_is_none() {
    assert_eq!(Frame::parse(&[0; 13]), None);
    assert_eq!(addresses(&[0; 13]), None);
    assert_eq!(addresses(&udp(b"")), Some((Mac(B), Mac(A))));
}

#[test]
fn mac_displays_as_usual() {
    assert_eq!(Mac([2, 0, 0xab, 0, 0, 1]).to_string(), "02:00:ab:00:00:01");
}

proptest! {
    #[test]
    fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let frame = Frame::parse(&bytes);
        prop_assert_eq!(frame.is_some(), bytes.len() >= HEADER);
    }

    #[test]
    fn cut_and_flipped_frames_never_panic(cut in 0usize..120, at in 0usize..120, to: u8, v6: bool) {
        let mut bytes = if v6 { tcp6(&[0; 40]) } else { udp(&[0; 40]) };
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to;
        }
        bytes.truncate(cut);
        if let Some(frame) = Frame::parse(&bytes) {
            let _ = (frame.is_chatter(), frame.ports());
        }
    }
}

proptest! {
    /// Over frames whose bytes are those that decide: types, versions, lengths, protocols, flags.
    #[test]
    fn the_first_look_misses_nothing(
        over6 in any::<bool>(),
        edits in prop::collection::vec(
            (12usize..60, prop_oneof![
                Just(0u8), Just(6), Just(17), Just(44), Just(51), Just(53), Just(0x45), Just(0x4f), Just(0x60),
                Just(8), Just(0x86), Just(0xdd), Just(0x81), Just(0x20), any::<u8>(),
            ]),
            0..4,
        ),
        cut in 14usize..110,
    ) {
        let mut bytes = if over6 { tcp6(&[0, 53, 0, 53]) } else { udp(&[0, 53, 0, 53]) };
        for (at, byte) in edits {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        bytes.truncate(cut);
        let frame = Frame::parse(&bytes).unwrap();
        for port in [53, 22, 40000, 40001, 0] {
            let has_port = frame.ports().is_some_and(|(sport, dport)| sport == port || dport == port);
            let is_fragment = frame.ip.is_some_and(|ip| ip.fragment && matches!(ip.protocol, UDP | TCP));
            prop_assert!(may_concern(&bytes, port) || !(has_port || is_fragment));
        }
    }
}

#[test]
fn the_first_look_sorts_out_what_is_common() {
    assert!(may_concern(&udp(b"x"), 53) && may_concern(&udp(b"x"), 40000));
    assert!(!may_concern(&udp(b"x"), 54) && !may_concern(&tcp6(b"x"), 53));
    assert!(may_concern(&tcp6(b"x"), 22));
    assert!(!may_concern(&udp(b"x")[..36], 53), "no ports left");
    assert!(!may_concern(&[0; 13], 53));
}

#[test]
fn reads_the_begin_of_esp_and_what_follows_an_icmp_header() {
    let build = |protocol: u8, payload: &[u8]| {
        let mut bytes = Vec::new();
        let packet = PacketBuilder::ethernet2(A, B).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        packet.write(&mut bytes, etherparse::IpNumber(protocol), payload).unwrap();
        bytes.resize(bytes.len().max(60), 0xaa);
        bytes
    };
    let esp = |payload: &[u8]| {
        Frame::parse(&build(ESP, payload)).map(|frame| (frame.ports(), frame.transport == Transport::Other))
    };
    let bytes = build(ESP, &[0xc0, 0xff, 0xee, 1, 0, 0, 0, 7, 99]);
    assert_eq!(Frame::parse(&bytes).unwrap().transport, Transport::Esp { spi: 0xc0ff_ee01, seq: 7 });
    assert_eq!(esp(&[0; 8]), Some((None, false)));
    assert_eq!(esp(&[0; 7]), Some((None, true)), "padding is not ESP");
    let bytes = build(ICMP, &[8, 0, 0xab, 0xcd, 0, 7, 0, 1, 42]);
    let expected = Transport::Icmp { kind: 8, code: 0, body: &[0, 7, 0, 1, 42] };
    assert_eq!(Frame::parse(&bytes).unwrap().transport, expected);
}
