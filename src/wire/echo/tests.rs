//! Which reply belongs to which request, in both versions; what is no echo; rubbish.

use std::net::Ipv6Addr;

use etherparse::{IcmpEchoHeader, Icmpv4Type, Icmpv6Type, PacketBuilder};
use proptest::prelude::*;

use super::*;

const A: [u8; 4] = [192, 168, 1, 11];
const B: [u8; 4] = [10, 99, 0, 20];
const C: [u8; 4] = [10, 99, 0, 66];
const TOKEN: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

fn icmp(from: [u8; 4], to: [u8; 4], kind: Icmpv4Type, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from, to, 64).icmpv4(kind).write(&mut frame, payload).unwrap();
    frame
}

fn ask(from: [u8; 4], to: [u8; 4], id: u16, seq: u16) -> Vec<u8> {
    icmp(from, to, Icmpv4Type::EchoRequest(IcmpEchoHeader { id, seq }), &TOKEN)
}

fn reply(from: [u8; 4], to: [u8; 4], id: u16, seq: u16) -> Vec<u8> {
    icmp(from, to, Icmpv4Type::EchoReply(IcmpEchoHeader { id, seq }), &TOKEN)
}

fn seen(frames: &[Vec<u8>]) -> Vec<Seen<'_>> {
    frames.iter().zip(0..).map(|(bytes, at_ns)| Seen { at_ns, port: "a:eth1", bytes, dropped: false }).collect()
}

/// When each request among these frames was answered: frame numbers.
fn answered(frames: &[Vec<u8>]) -> Vec<Option<u64>> {
    echoes(&seen(frames)).iter().map(|echo| echo.answered_ns).collect()
}

#[test]
fn an_echo_tells_who_and_when() {
    let frames = [ask(A, B, 7, 1), reply(B, A, 7, 1)];
    let expected = Echo {
        port: "a:eth1",
        from: A.into(),
        to: B.into(),
        id: 7,
        seq: 1,
        asked_ns: 0,
        answered_ns: Some(1),
        dropped: false,
        token: Some(0x0102_0304_0506_0708),
    };
    assert_eq!(echoes(&seen(&frames)), [expected]);
}

#[test]
fn ipv6_is_the_same() {
    let [a, b] = ["fd00:1::11", "fd00:2::20"].map(|text| text.parse::<Ipv6Addr>().unwrap());
    let build = |from: Ipv6Addr, to: Ipv6Addr, kind| {
        let mut frame = Vec::new();
        let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6(from.octets(), to.octets(), 64);
        packet.icmpv6(kind).write(&mut frame, &TOKEN[..7]).unwrap();
        frame
    };
    let header = IcmpEchoHeader { id: 9, seq: 2 };
    let frames = [build(a, b, Icmpv6Type::EchoRequest(header)), build(b, a, Icmpv6Type::EchoReply(header))];
    let echoes = echoes(&seen(&frames));
    assert_eq!((echoes[0].from, echoes[0].to, echoes[0].answered_ns), (a.into(), b.into(), Some(1)));
    assert_eq!((echoes[0].id, echoes[0].seq, echoes[0].token), (9, 2, None), "seven bytes are no token");
}

#[test]
fn only_the_one_who_was_asked_can_answer_and_only_what_was_asked() {
    let after = |frame| answered(&[ask(A, B, 7, 1), frame]);
    assert_eq!(after(reply(B, A, 7, 1)), [Some(1)]);
    assert_eq!(after(reply(C, A, 7, 1)), [None], "another address");
    assert_eq!(after(reply(B, C, 7, 1)), [None], "to another address");
    assert_eq!(after(reply(A, B, 7, 1)), [None], "the wrong way");
    assert_eq!(after(reply(B, A, 8, 1)), [None], "another identifier");
    assert_eq!(after(reply(B, A, 7, 2)), [None], "another number");
    assert_eq!(answered(&[reply(B, A, 7, 1), ask(A, B, 7, 1)]), [None], "too early");
    let mut coded = reply(B, A, 7, 1);
    coded[35] = 1;
    assert_eq!(after(coded), [None], "a code that echoes do not have");
    assert_eq!(after(reply(B, A, 7, 1)[..40].to_vec()), [None], "a piece");
}

#[test]
fn of_requests_that_are_alike_the_earliest_is_answered_first() {
    let (ask, reply) = (|| ask(A, B, 7, 1), || reply(B, A, 7, 1));
    assert_eq!(answered(&[ask(), ask(), reply()]), [Some(2), None]);
    assert_eq!(answered(&[ask(), ask(), reply(), reply(), reply()]), [Some(2), Some(3)]);
    assert_eq!(answered(&[ask(), reply(), ask(), reply()]), [Some(1), Some(3)]);
}

#[test]
fn what_was_dropped_neither_answers_nor_is_answered() {
    let frames = [ask(A, B, 7, 1), ask(A, B, 7, 1), reply(B, A, 7, 1), reply(B, A, 7, 1)];
    let mut seen = seen(&frames);
    (seen[0].dropped, seen[2].dropped) = (true, true);
    let echoes = echoes(&seen);
    assert_eq!((echoes[0].dropped, echoes[0].answered_ns), (true, None));
    assert_eq!((echoes[1].dropped, echoes[1].answered_ns), (false, Some(3)));
}

#[test]
fn the_order_of_time_decides() {
    let frames = [reply(B, A, 7, 1), ask(A, B, 7, 1)];
    let mut seen = seen(&frames);
    (seen[0].at_ns, seen[1].at_ns) = (9, 4);
    assert_eq!(echoes(&seen)[0].answered_ns, Some(9));
}

#[test]
fn icmp_of_the_other_version_is_no_echo() {
    // Type 8 under IPv6's protocol number, and the other way round.
    let mut frame = ask(A, B, 7, 1);
    frame[23] = ICMPV6;
    assert_eq!(answered(&[frame.clone()]), []);
    frame[34] = 128;
    assert_eq!(answered(&[frame]), []);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        frames in prop::collection::vec((0usize..60, any::<u8>(), 0usize..60, any::<bool>()), 0..40),
    ) {
        let frames: Vec<Vec<u8>> = frames
            .into_iter()
            .map(|(at, to, cut, asks)| {
                let mut frame = if asks { ask(A, B, 7, 1) } else { reply(B, A, 7, 1) };
                if let Some(byte) = frame.get_mut(at) {
                    *byte = to;
                }
                frame.truncate(cut);
                frame
            })
            .collect();
        let echoes = echoes(&seen(&frames));
        prop_assert!(echoes.len() <= frames.len());
        prop_assert!(echoes.iter().all(|echo| echo.answered_ns.is_none_or(|at| at > echo.asked_ns)));
    }
}
