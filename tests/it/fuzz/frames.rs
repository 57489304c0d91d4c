//! The frames of the corpus: what labs send, and what they should not.

use std::net::Ipv6Addr;

use etherparse::{IpFragOffset, IpHeaders, IpNumber, Ipv4Header, PacketBuilder, VlanId};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// A frame: the number of its port, and what the switch remarked.
pub type Framed = (usize, Vec<u8>, Option<&'static str>);

const CLIENT: [u8; 4] = [192, 168, 1, 20];
const SERVER: [u8; 4] = [192, 168, 1, 10];
const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

fn query(id: u16, name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn answer(to: &Message, rcode: ResponseCode, data: Vec<RData>) -> Message {
    let mut message = Message::new(to.metadata.id, MessageType::Response, to.metadata.op_code);
    message.metadata.response_code = rcode;
    message.metadata.authoritative = rcode == ResponseCode::NoError;
    message.metadata.recursion_available = true;
    message.add_query(to.queries[0].clone());
    for data in data {
        message.add_answer(Record::from_rdata(to.queries[0].name().clone(), 60, data));
    }
    message
}

fn udp(from_client: bool, payload: &[u8]) -> Framed {
    let (mut frame, (port, [from, to])) = (Vec::new(), way(from_client));
    let (sport, dport) = if from_client { (40_000, 53) } else { (53, 40_000) };
    let packet = PacketBuilder::ethernet2(MACS[port], MACS[1 - port]).ipv4(from, to, 64).udp(sport, dport);
    packet.write(&mut frame, payload).unwrap();
    (port, frame, None)
}

fn way(from_client: bool) -> (usize, [[u8; 4]; 2]) {
    if from_client { (0, [CLIENT, SERVER]) } else { (1, [SERVER, CLIENT]) }
}

fn udp6(from_client: bool, payload: &[u8]) -> Framed {
    let [client, server] = ["fd00:1::20", "fd00:1::10"].map(|text| text.parse::<Ipv6Addr>().unwrap().octets());
    let (mut frame, port) = (Vec::new(), usize::from(!from_client));
    let packet = PacketBuilder::ethernet2(MACS[port], MACS[1 - port]);
    let packet = if from_client {
        packet.ipv6(client, server, 64).udp(40_001, 53)
    } else {
        packet.ipv6(server, client, 64).udp(53, 40_001)
    };
    packet.write(&mut frame, payload).unwrap();
    (port, frame, None)
}

/// Lookups over UDP: answers of every sort, one that never comes, one that is dropped.
pub fn datagrams() -> Vec<Framed> {
    let mut frames = Vec::new();
    let mut pair = |id, name: &str, kind, rcode, data| {
        let asked = query(id, name, kind);
        let said = answer(&asked, rcode, data);
        frames.extend([udp(true, &asked.to_vec().unwrap()), udp(false, &said.to_vec().unwrap())]);
    };
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let (ok, no) = (ResponseCode::NoError, ResponseCode::NXDomain);
    pair(1, "www.sample.local.", RecordType::A, ok, vec![RData::A(A::new(192, 168, 1, 80))]);
    pair(2, "www.sample.local.", RecordType::AAAA, ok, vec![]);
    pair(3, "www.sample.local.sample.local.", RecordType::A, no, vec![]);
    pair(4, "www.example.com.", RecordType::A, ResponseCode::Refused, vec![]);
    pair(5, "gone.example.com.", RecordType::A, ResponseCode::ServFail, vec![]);
    pair(6, "alias.sample.local.", RecordType::A, ok, vec![RData::CNAME(CNAME(name("www.example.com.")))]);
    pair(7, "long.sample.local.", RecordType::TXT, ok, vec![RData::TXT(TXT::new(vec!["x\n\"".repeat(60)]))]);
    let soa = SOA::new(name("ns.sample.local."), name("admin.sample.local."), 1, 2, 3, 4, 5);
    pair(8, "sample.local.", RecordType::SOA, ok, vec![RData::SOA(soa)]);
    let many = (0..40).map(|n| RData::A(A::new(10, 0, 0, n))).collect();
    pair(9, "many.sample.local.", RecordType::A, ok, many);
    for (id, label) in (20..).zip((0..=255).collect::<Vec<u8>>().chunks(60)) {
        let mut asked = query(id, ".", RecordType::A);
        asked.queries = vec![Query::query(Name::from_labels([label]).unwrap(), RecordType::A)];
        frames.push(udp(true, &asked.to_vec().unwrap()));
    }
    let asked = query(30, "www.sample.local.", RecordType::AAAA);
    let said = answer(&asked, ok, vec![RData::AAAA(AAAA::new(0xfd00, 1, 0, 0, 0, 0, 0, 0x80))]);
    frames.extend([udp6(true, &asked.to_vec().unwrap()), udp6(false, &said.to_vec().unwrap())]);
    let mut notify = query(31, "sample.local.", RecordType::SOA);
    notify.metadata.op_code = OpCode::Notify;
    frames.push(udp(true, &notify.to_vec().unwrap()));
    let asked = query(32, "lost.sample.local.", RecordType::A);
    let (port, frame, _) = udp(false, &answer(&asked, no, vec![]).to_vec().unwrap());
    frames.extend([udp(true, &asked.to_vec().unwrap()), (port, frame, Some("drop=loss-up"))]);
    frames
}

/// A segment: flags as letters, sequence number, payload.
fn tcp(from_client: bool, client: u16, flags: &str, seq: u32, payload: &[u8]) -> Framed {
    let (mut frame, (port, [from, to])) = (Vec::new(), way(from_client));
    let (sport, dport) = if from_client { (client, 53) } else { (53, client) };
    let mut packet =
        PacketBuilder::ethernet2(MACS[port], MACS[1 - port]).ipv4(from, to, 64).tcp(sport, dport, seq, 1000);
    for flag in flags.chars() {
        packet = match flag {
            'S' => packet.syn(),
            'F' => packet.fin(),
            'R' => packet.rst(),
            _ => packet.ack(1),
        };
    }
    packet.write(&mut frame, payload).unwrap();
    (port, frame, None)
}

fn framed(message: &Message) -> Vec<u8> {
    let wire = message.to_vec().unwrap();
    [&u16::try_from(wire.len()).unwrap().to_be_bytes()[..], &wire].concat()
}

/// Lookups over TCP: split, pipelined, out of order, dropped and sent again, with a gap, reset, without a begin.
pub fn connections() -> Vec<Framed> {
    let asked: Vec<Message> = (1..=3).map(|id| query(id, "big.example.com.", RecordType::TXT)).collect();
    let data = || vec![RData::TXT(TXT::new(vec!["0123456789".repeat(20)]))];
    let said: Vec<u8> = asked.iter().flat_map(|asked| framed(&answer(asked, ResponseCode::NoError, data()))).collect();
    let queries: Vec<u8> = asked.iter().flat_map(framed).collect();
    // The client's numbers wrap around within its queries.
    let client = u32::MAX - 20;
    let at = |place: usize| client.wrapping_add(1).wrapping_add(place as u32);
    let (port, lost, _) = tcp(false, 50_000, "A", 1, &said[..300]);
    let mut frames = vec![
        tcp(true, 50_000, "S", client, b""),
        tcp(false, 50_000, "SA", 0, b""),
        tcp(true, 50_000, "A", at(0), b""),
        tcp(true, 50_000, "A", at(0), &queries[..1]),
        tcp(true, 50_000, "A", at(60), &queries[60..]),
        tcp(true, 50_000, "A", at(1), &queries[1..70]),
        (port, lost, Some("drop=queue-up")),
        tcp(false, 50_000, "A", 301, &said[300..]),
        tcp(false, 50_000, "A", 1, &said[..300]),
        tcp(true, 50_000, "FA", at(queries.len()), b""),
        tcp(false, 50_000, "FA", 1 + said.len() as u32, b""),
    ];
    frames.extend([
        tcp(true, 50_001, "S", 99, b""),
        tcp(true, 50_001, "A", 100, &queries[..40]),
        tcp(true, 50_001, "A", 150, &queries[50..]),
        tcp(true, 50_002, "A", 5, &queries),
        tcp(true, 50_003, "A", 5, b"\x00\x05in the middle of something"),
        tcp(true, 50_004, "S", 5, b""),
        tcp(true, 50_004, "A", 6, &queries[..9]),
        tcp(true, 50_004, "RA", 15, b""),
    ]);
    frames
}

/// Frames at the edges: fragments, VLANs, extension headers, cut and lying lengths, loops.
pub fn oddities() -> Vec<Framed> {
    let payload = query(1, "www.sample.local.", RecordType::A).to_vec().unwrap();
    let (_, plain, _) = udp(true, &payload);
    let fragment = |more_fragments, offset| {
        let mut ip = Ipv4Header::new(200, 64, IpNumber::UDP, CLIENT, SERVER).unwrap();
        (ip.more_fragments, ip.fragment_offset) = (more_fragments, IpFragOffset::try_new(offset).unwrap());
        let packet = PacketBuilder::ethernet2(MACS[0], MACS[1]).ip(IpHeaders::Ipv4(ip, Default::default()));
        let mut frame = Vec::new();
        packet.udp(40_000, 53).write(&mut frame, &payload).unwrap();
        (0, frame, None)
    };
    let mut tagged = Vec::new();
    let packet = PacketBuilder::ethernet2(MACS[0], MACS[1]).single_vlan(VlanId::try_new(7).unwrap());
    packet.ipv4(CLIENT, SERVER, 64).udp(40_000, 53).write(&mut tagged, &payload).unwrap();
    let mut lying = plain.clone();
    lying[39] = 200;
    let (_, rubbish, _) = udp(true, b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01");
    let (_, mut bulk, _) = tcp(true, 22, "A", 1, &[0x35; 200]);
    // To port 5001 instead of 53; its payload is full of fives and threes all the same.
    bulk[36..38].copy_from_slice(&5001_u16.to_be_bytes());
    let arp = [&MACS[1][..], &MACS[0], &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &[0; 20]].concat();
    let mut frames = vec![
        fragment(true, 0),
        fragment(false, 25),
        udp(true, b""),
        (0, tagged, None),
        (0, plain[..36].to_vec(), None),
        (0, plain[..50].to_vec(), None),
        (0, lying, None),
        (0, rubbish, None),
        (0, bulk, None),
        (0, arp, None),
        (1, vec![0; 14], Some("mac-moved")),
    ];
    // An extension header before the datagram: hop by hop, destination, routing, fragment, authentication.
    for (next, length, inside) in [
        (0, 8, [17, 0, 1, 4]),
        (60, 8, [17, 0, 1, 4]),
        (43, 8, [17, 0, 0, 0]),
        (44, 8, [17, 0, 0, 1]),
        (51, 12, [17, 1, 0, 0]),
    ] {
        let (port, mut frame, _) = udp6(true, &payload);
        let mut header = inside.to_vec();
        header.resize(length, 0);
        (frame[19], frame[20]) = (frame[19] + length as u8, next);
        frame.splice(54..54, header);
        frames.push((port, frame, None));
    }
    frames
}
