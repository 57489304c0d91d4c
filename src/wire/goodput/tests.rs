use proptest::prelude::*;

use super::*;

const SERVER: ([u8; 4], u16) = ([10, 99, 0, 20], 5201);

fn segment(client: u16, seq: u32, length: usize) -> Vec<u8> {
    let builder = etherparse::PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([10, 200, 0, 11], SERVER.0, 64)
        .tcp(client, SERVER.1, seq, 65_000);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &vec![7; length]).unwrap();
    bytes
}

fn look(segments: &[(u16, u32, usize)]) -> Delivered {
    let frames: Vec<Vec<u8>> = segments.iter().map(|(client, seq, length)| segment(*client, *seq, *length)).collect();
    let seen: Vec<Seen<'_>> = frames
        .iter()
        .enumerate()
        .map(|(at, bytes)| Seen { at_ns: at as u64, port: "gateway:eth2", bytes, dropped: false })
        .collect();
    delivered(&seen, SERVER.into())
}

#[test]
fn what_lies_behind_a_gap_counts_when_the_gap_is_filled() {
    let delivered = look(&[(1, 100, 10), (1, 120, 10), (1, 130, 5), (1, 110, 10)]);
    assert_eq!(delivered.steps, [(0, 10), (3, 25)]);
    assert_eq!((delivered.bytes(0, 3), delivered.bytes(0, 4), delivered.again), (10, 35, 0));
}

#[test]
fn what_comes_again_counts_once() {
    let delivered = look(&[(1, 100, 10), (1, 100, 10), (1, 105, 10), (1, 130, 5), (1, 130, 5)]);
    assert_eq!(delivered.steps, [(0, 10), (2, 5)]);
    assert_eq!(delivered.again, 10 + 5 + 5);
}

#[test]
fn connections_are_counted_apart_and_numbers_wrap() {
    let delivered = look(&[(1, u32::MAX - 4, 10), (2, 500, 10), (1, 5, 10)]);
    assert_eq!((delivered.flows, delivered.bytes(0, 9)), (2, 30));
}

#[test]
fn other_traffic_is_none_of_it() {
    let mut other = segment(1, 100, 10);
    // Another destination port.
    other[37] ^= 1;
    let frame = Seen { at_ns: 0, port: "x", bytes: &other, dropped: false };
    let lost = segment(1, 100, 10);
    let lost = Seen { at_ns: 0, port: "x", bytes: &lost, dropped: true };
    assert_eq!(delivered(&[frame, lost], SERVER.into()), Delivered::default());
}

proptest! {
    #[test]
    fn no_byte_is_counted_twice(pieces in proptest::collection::vec((0..400_u32, 1..60_usize), 1..200)) {
        let segments: Vec<(u16, u32, usize)> = pieces.iter().map(|(seq, length)| (1, *seq, *length)).collect();
        let delivered = look(&segments);
        prop_assert!(delivered.bytes(0, u64::MAX) <= 460);
    }
}
