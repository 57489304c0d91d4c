//! Frames of every kind told apart, what is sent again known as such, counts, lines; pieces and rubbish.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::{IpFragOffset, IpHeaders, IpNumber, Ipv4Header, PacketBuilder};
use proptest::prelude::*;

use super::*;
use crate::wire::ike::build::{Head, SA_INIT, SPI_R, message, notify};

pub const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 11);
pub const NAT: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

pub fn udp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0.octets(), to.0.octets(), 64);
    packet.udp(from.1, to.1).write(&mut frame, payload).unwrap();
    frame
}

fn esp(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(CLIENT.octets(), GATEWAY.octets(), 64);
    packet.write(&mut frame, IpNumber(50), payload).unwrap();
    frame
}

/// All frames, from one port of the switch, a nanosecond after each other.
pub fn seen(frames: &[Vec<u8>]) -> Vec<Seen<'_>> {
    frames.iter().zip(0..).map(|(bytes, at_ns)| Seen { at_ns, port: "a:eth1", bytes, dropped: false }).collect()
}

fn what(frame: Vec<u8>) -> Option<What> {
    let frames = [frame];
    let passed = passed(&seen(&frames));
    assert!(passed.len() <= 1);
    passed.into_iter().next().map(|passage| passage.what)
}

fn sa_init() -> Vec<u8> {
    message(SA_INIT, &[notify(16388, &[1; 20]), notify(16389, &[2; 20])])
}

fn marked(message: &[u8]) -> Vec<u8> {
    [&MARKER, message].concat()
}

const SPI: [u8; 12] = [0xc0, 0xff, 0xee, 1, 0, 0, 0, 7, 1, 2, 3, 4];

#[test]
fn port_500_is_ike_on_either_side() {
    let expected = What::Ike { marker: false, message: Message::parse(&sa_init()), retransmission: false };
    assert!(Message::parse(&sa_init()).is_some());
    for (from, to) in [(500, 500), (15, 500), (500, 15)] {
        assert_eq!(what(udp((CLIENT, from), (GATEWAY, to), &sa_init())), Some(expected.clone()));
    }
    assert_eq!(what(udp((CLIENT, 501), (GATEWAY, 499), &sa_init())), None);
    let malformed = Some(What::Ike { marker: false, message: None, retransmission: false });
    assert_eq!(what(udp((CLIENT, 500), (GATEWAY, 500), b"hello")), malformed);
    assert_eq!(what(udp((CLIENT, 500), (GATEWAY, 500), &marked(&sa_init()))), malformed, "no marker here");
    assert_eq!(what(udp((CLIENT, 500), (GATEWAY, 500), b"")), Some(What::Other));
}

#[test]
fn port_4500_is_ike_behind_a_marker_or_esp_or_a_keepalive() {
    let ike = |message| Some(What::Ike { marker: true, message, retransmission: false });
    for (from, to) in [(4500, 4500), (16683, 4500), (4500, 16683), (500, 4500), (4500, 500)] {
        let of = |payload: &[u8]| what(udp((CLIENT, from), (GATEWAY, to), payload));
        assert_eq!(of(&marked(&sa_init())), ike(Message::parse(&sa_init())));
        assert_eq!(of(&marked(b"hello")), ike(None));
        assert_eq!(of(&MARKER), ike(None));
        assert_eq!(of(&SPI), Some(What::EspInUdp { spi: 0xc0ff_ee01, seq: 7 }));
        assert_eq!(of(&SPI[..8]), Some(What::EspInUdp { spi: 0xc0ff_ee01, seq: 7 }));
        assert_eq!(of(&[0xff]), Some(What::Keepalive));
        for other in [&b""[..], &[0xfe], &[0xff, 0xff], &[0, 0, 0], &SPI[..7]] {
            assert_eq!(of(other), Some(What::Other), "{other:?}");
        }
    }
}

#[test]
fn protocol_50_has_no_ports() {
    let frames = [esp(&SPI)];
    let passed = passed(&seen(&frames));
    assert_eq!(passed[0].what, What::Esp { spi: 0xc0ff_ee01, seq: 7 });
    assert_eq!((passed[0].from, passed[0].to.socket()), (End { address: CLIENT.into(), port: None }, None));
    assert_eq!(what(esp(&SPI[..7])), Some(What::EspPiece));
    // Behind a short packet stands the padding of Ethernet, which is no index.
    let mut padded = esp(&SPI[..7]);
    padded.resize(60, 0xaa);
    assert_eq!(what(padded), Some(What::EspPiece));
}

#[test]
fn fragments_have_neither_ports_nor_index() {
    let fragment = |protocol: u8, more_fragments, offset| {
        let mut ip = Ipv4Header::new(12, 64, IpNumber(protocol), CLIENT.octets(), GATEWAY.octets()).unwrap();
        (ip.more_fragments, ip.fragment_offset) = (more_fragments, IpFragOffset::try_new(offset).unwrap());
        let mut frame = Vec::new();
        let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ip(IpHeaders::Ipv4(ip, Default::default()));
        packet.write(&mut frame, IpNumber(protocol), &[0x11, 0x94, 0x11, 0x94, 0, 12, 0, 0, 1, 2, 3, 4]).unwrap();
        frame
    };
    for (more, offset) in [(true, 0), (true, 3), (false, 3)] {
        assert_eq!(what(fragment(17, more, offset)), None);
        assert_eq!(what(fragment(50, more, offset)), Some(What::EspPiece));
    }
    assert_eq!(what(fragment(17, false, 0)), Some(What::Other), "whole");
}

#[test]
fn ipv6_is_the_same() {
    let [from, to] = ["fd00:1::11", "fd00:2::10"].map(|text| text.parse::<Ipv6Addr>().unwrap());
    let ip = || PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6(from.octets(), to.octets(), 64);
    let (mut ike, mut esp) = (Vec::new(), Vec::new());
    ip().udp(4500, 4500).write(&mut ike, &marked(&sa_init())).unwrap();
    ip().write(&mut esp, IpNumber(50), &SPI).unwrap();
    let frames = [ike, esp];
    let lines: Vec<String> = passed(&seen(&frames)).iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "IKE_SA_INIT request, message 0, [fd00:1::11]:4500 → [fd00:2::10]:4500");
    assert_eq!(lines[1], "ESP, SPI c0ffee01, number 7, fd00:1::11 → fd00:2::10");
}

#[test]
fn what_an_address_sends_again_is_a_retransmission() {
    let other = message(Head(2, 34, 0x08, 0, 1), &[]);
    let frames = [
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
        udp((CLIENT, 500), (GATEWAY, 500), &other),
        udp((NAT, 500), (GATEWAY, 500), &sa_init()),
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
        // A NAT may have forgotten the port in between.
        udp((CLIENT, 72), (GATEWAY, 500), &sa_init()),
        udp((CLIENT, 4500), (GATEWAY, 4500), &marked(&sa_init())),
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
    ];
    let mut seen = seen(&frames);
    seen[6].port = "nat:eth2";
    let again: Vec<bool> =
        passed(&seen).iter().map(|passage| matches!(passage.what, What::Ike { retransmission: true, .. })).collect();
    assert_eq!(again, [false, false, false, true, true, false, false]);
    // The order of time decides, not that of the list.
    seen.swap(0, 3);
    let passed = passed(&seen);
    assert!(passed.is_sorted_by_key(|passage| passage.at_ns));
    assert!(matches!(passed[0].what, What::Ike { retransmission: false, .. }));
}

#[test]
fn each_port_of_the_switch_has_its_counts() {
    let frames = [
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
        udp((CLIENT, 500), (GATEWAY, 500), b"malformed"),
        udp((CLIENT, 4500), (GATEWAY, 4500), &marked(&sa_init())),
        udp((CLIENT, 4500), (GATEWAY, 4500), &SPI),
        udp((CLIENT, 4500), (GATEWAY, 4500), &[0xff]),
        udp((CLIENT, 4500), (GATEWAY, 4500), b""),
        esp(&SPI),
        esp(b"cut"),
        udp((CLIENT, 53), (GATEWAY, 53), b"not counted"),
        esp(&SPI),
    ];
    let mut seen = seen(&frames);
    (seen[9].port, seen[9].dropped) = ("b:eth1", true);
    let passed = passed(&seen);
    let a = Tally { ike_500: 2, ike_4500: 1, esp: 2, esp_in_udp: 1, keepalives: 1, other: 1 };
    let b = Tally { esp: 1, ..Tally::default() };
    assert_eq!(tallies(&passed), BTreeMap::from([("a:eth1", a), ("b:eth1", b)]));
    assert_eq!((passed.len(), passed[0].dropped, passed[8].dropped), (9, false, true));
}

#[test]
fn a_passage_tells_itself_in_a_line() {
    let auth = marked(&message(Head(2, 35, 0x20, SPI_R, 1), &[(46, vec![0; 60])]));
    let frames = [
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
        udp((CLIENT, 500), (GATEWAY, 500), &sa_init()),
        udp((GATEWAY, 4500), (NAT, 16683), &auth),
        udp((CLIENT, 500), (GATEWAY, 500), b"?"),
        udp((CLIENT, 4500), (GATEWAY, 4500), &[0xff]),
    ];
    let mut seen = seen(&frames);
    seen[1].dropped = true;
    let lines: Vec<String> = passed(&seen).iter().map(ToString::to_string).collect();
    let first = "IKE_SA_INIT request, message 0, 192.168.1.11:500 → 198.51.100.10:500";
    assert_eq!(lines[0], first);
    assert_eq!(lines[1], format!("{first} (retransmission) (dropped)"));
    assert_eq!(lines[2], "IKE_AUTH response, message 1, 198.51.100.10:4500 → 198.51.100.1:16683");
    assert_eq!(lines[3], "malformed IKE, 192.168.1.11:500 → 198.51.100.10:500");
    assert_eq!(lines[4], "keepalive, 192.168.1.11:4500 → 198.51.100.10:4500");
}

proptest! {
    #[test]
    fn any_datagrams_are_survived_and_counted(
        payloads in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)), 0..20),
        cut in 0usize..130,
    ) {
        let mut frames: Vec<Vec<u8>> = payloads
            .iter()
            .map(|(old, payload)| udp((CLIENT, if *old { 500 } else { 4500 }), (GATEWAY, 9), payload))
            .collect();
        let whole = passed(&seen(&frames));
        prop_assert_eq!(whole.len(), frames.len());
        let sum: u64 = tallies(&whole).values().map(|tally| {
            tally.ike_500 + tally.ike_4500 + tally.esp + tally.esp_in_udp + tally.keepalives + tally.other
        }).sum();
        prop_assert_eq!(sum, frames.len() as u64);
        frames.iter_mut().for_each(|frame| frame.truncate(cut));
        let _ = nat_d(&passed(&seen(&frames)));
    }
}
