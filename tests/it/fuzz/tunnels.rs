//! More frames of the corpus: two clients behind a NAT set up tunnels, one each way that there is, and ping through.

use std::net::Ipv6Addr;

use etherparse::{IcmpEchoHeader, Icmpv4Type, Icmpv6Type, IpNumber, PacketBuilder};

use super::frames::Framed;

const CLIENT: [u8; 4] = [192, 168, 1, 11];
const GATEWAY: [u8; 4] = [198, 51, 100, 10];
const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];
/// SHA-1 of SPIs, address and port (RFC 7296, section 2.23): of both ends of the first message.
const CLIENT_HASH: [u8; 20] = *b"\x86\xc5\xae\xac\xc7\xc8\xa6\x20\x89\x57\x12\xef\x98\xc5\x7f\x5b\x06\x2c\x7e\x28";
const GATEWAY_HASH: [u8; 20] = *b"\xfa\x89\x0f\x37\x80\xb7\xd7\xca\x9e\x00\x6a\x0e\x3b\x2c\xe6\x46\x5c\x7e\x76\x09";

fn udp(from_client: bool, client: u16, gateway: u16, payload: &[u8]) -> Framed {
    let (mut frame, port) = (Vec::new(), usize::from(!from_client));
    let packet = PacketBuilder::ethernet2(MACS[port], MACS[1 - port]);
    let packet = if from_client {
        packet.ipv4(CLIENT, GATEWAY, 64).udp(client, gateway)
    } else {
        packet.ipv4(GATEWAY, CLIENT, 64).udp(gateway, client)
    };
    packet.write(&mut frame, payload).unwrap();
    (port, frame, None)
}

fn raw(protocol: u8, payload: &[u8]) -> Framed {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2(MACS[0], MACS[1]).ipv4(CLIENT, GATEWAY, 64);
    packet.write(&mut frame, IpNumber(protocol), payload).unwrap();
    (0, frame, None)
}

fn ping(kind: Icmpv4Type) -> Framed {
    let (mut frame, port) = (Vec::new(), usize::from(matches!(kind, Icmpv4Type::EchoReply(_))));
    let [from, to] = if port == 0 { [CLIENT, GATEWAY] } else { [GATEWAY, CLIENT] };
    let packet = PacketBuilder::ethernet2(MACS[port], MACS[1 - port]).ipv4(from, to, 64);
    packet.icmpv4(kind).write(&mut frame, b"token of the sender").unwrap();
    (port, frame, None)
}

/// An IKE message: version, exchange, flags, the responder's SPI, payloads.
fn ike(version: u8, exchange: u8, flags: u8, spi_r: u64, payloads: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = [0x0102_0304_0506_0708, spi_r].map(u64::to_be_bytes).concat();
    let kinds: Vec<u8> = payloads.iter().map(|(kind, _)| *kind).chain([0]).collect();
    // Keys come first, in version 2; in version 1 phase 1 has no numbers.
    let id = u8::from(!matches!(exchange, 4 | 34));
    bytes.extend([kinds[0], version << 4, exchange, flags, 0, 0, 0, id]);
    let length: usize = payloads.iter().map(|(_, body)| 4 + body.len()).sum();
    bytes.extend(u32::try_from(28 + length).unwrap().to_be_bytes());
    for ((_, body), next) in payloads.iter().zip(&kinds[1..]) {
        bytes.extend([*next, 0]);
        bytes.extend(u16::try_from(4 + body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
    }
    bytes
}

/// IKE of both versions, ESP of both sorts, keepalives, pings; sent again, malformed, dropped.
pub fn tunnels() -> Vec<Framed> {
    let notify = |kind: u16, data: &[u8]| (41, [&[0, 0], &kind.to_be_bytes()[..], data].concat());
    let marked = |message: Vec<u8>| [vec![0; 4], message].concat();
    let detections = [(33, vec![0; 40]), notify(16388, &CLIENT_HASH), notify(16389, &GATEWAY_HASH), (43, vec![7; 9])];
    let init = ike(2, 34, 0x08, 0, &detections);
    let auth = marked(ike(2, 35, 0x08, 9, &[(46, vec![0xaa; 60])]));
    let known = 0x4a13_1c81_0703_5845_5c57_28f2_0e95_452f_u128.to_be_bytes().to_vec();
    let old = [(13, known), (20, vec![1; 16]), (20, vec![2; 16]), (11, vec![0, 0, 0, 1, 1, 0, 0x60, 2])];
    let (asks, says) = (IcmpEchoHeader { id: 7, seq: 1 }, IcmpEchoHeader { id: 7, seq: 2 });
    let (port, lost, _) = udp(true, 4500, 4500, &auth);
    let [from, to] = ["fd00:1::11", "fd00:2::10"].map(|text| text.parse::<Ipv6Addr>().unwrap().octets());
    let v6 = || PacketBuilder::ethernet2(MACS[0], MACS[1]).ipv6(from, to, 64);
    let (mut ping6, mut esp6) = (Vec::new(), Vec::new());
    v6().icmpv6(Icmpv6Type::EchoRequest(asks)).write(&mut ping6, b"short").unwrap();
    v6().write(&mut esp6, IpNumber(50), b"\xc0\xff\xee\x02\0\0\0\x01sealed").unwrap();
    vec![
        udp(true, 500, 500, &init),
        udp(true, 500, 500, &init),
        udp(false, 500, 500, &ike(2, 34, 0x20, 9, &[notify(16388, &[3; 20]), notify(16390, b"cookie")])),
        (port, lost, Some("drop=filter:nat-t")),
        udp(true, 4500, 4500, &auth),
        udp(false, 16_683, 4500, &marked(ike(2, 37, 0x28, 9, &[]))),
        udp(true, 500, 500, &ike(1, 4, 0, 9, &old)),
        udp(true, 500, 500, &ike(1, 32, 1, 9, &[(8, vec![0xbb; 30])])),
        udp(true, 500, 500, &init[..70]),
        udp(true, 16_683, 4500, b"\xc0\xff\xee\x01\0\0\0\x01sealed"),
        udp(true, 4500, 4500, b"\xff"),
        udp(true, 4500, 4500, b"?"),
        raw(50, b"\xc0\xff\xee\x01\0\0\0\x02sealed"),
        raw(50, b"piece"),
        (0, esp6, None),
        ping(Icmpv4Type::EchoRequest(asks)),
        ping(Icmpv4Type::EchoReply(asks)),
        ping(Icmpv4Type::EchoRequest(says)),
        (0, ping6, None),
    ]
}
