//! Messages in streams that are cut anywhere, joined late, or full of rubbish.

use proptest::prelude::*;

use super::*;
use crate::wire::stream::{LeftOut, Way};

/// A message with this identifier and no question, with its length before it.
fn framed(id: u16) -> Vec<u8> {
    [&[0, 12][..], &id.to_be_bytes(), &[0; 10]].concat()
}

fn stream<'a>(from_start: bool, pieces: &[(u64, bool, &'a [u8])]) -> Stream<'a> {
    let way = Way { port: "a:eth1", from: ([192, 0, 2, 1], 40000).into(), to: ([192, 0, 2, 2], 53).into() };
    let pieces = pieces.iter().map(|(at_ns, dropped, bytes)| Piece { at_ns: *at_ns, dropped: *dropped, bytes });
    Stream { way, from_start, pieces: pieces.collect(), left_out: LeftOut::default() }
}

/// Time, whether dropped, and identifier or reason.
fn read(stream: &Stream<'_>) -> Vec<(u64, bool, Result<u16, Unreadable>)> {
    parts(stream).into_iter().map(|(at, dropped, part)| (at, dropped, part.map(|message| message.id))).collect()
}

#[test]
fn several_messages_share_a_segment_and_one_spans_several() {
    let bytes = [framed(1), framed(2), framed(3)].concat();
    let one = stream(true, &[(5, false, &bytes)]);
    assert_eq!(read(&one), [1, 2, 3].map(|id| (5, false, Ok(id))));
    let two = stream(true, &[(5, false, &bytes[..13]), (7, true, &bytes[13..15]), (6, false, &bytes[15..])]);
    assert_eq!(read(&two), [(7, true, Ok(1)), (7, true, Ok(2)), (6, false, Ok(3))]);
}

#[test]
fn rubbish_between_messages_is_counted_and_reading_goes_on() {
    let bytes = [framed(1), vec![0, 0], vec![0, 3, 9, 9, 9], framed(2), vec![0, 12, 1]].concat();
    let expected = [
        (5, false, Ok(1)),
        (5, false, Err(Unreadable::Malformed)),
        (5, false, Err(Unreadable::Malformed)),
        (5, false, Ok(2)),
        (5, false, Err(Unreadable::Unfinished)),
    ];
    assert_eq!(read(&stream(true, &[(5, false, &bytes)])), expected);
}

#[test]
fn a_stream_joined_late_is_read_only_if_it_begins_with_a_message() {
    let bytes = [framed(1), framed(2)].concat();
    assert_eq!(read(&stream(false, &[(5, false, &bytes)])).len(), 2);
    let middle = [&[0, 4, 1, 2, 3, 4][..], &bytes].concat();
    assert_eq!(read(&stream(false, &[(5, false, &middle)])), [(5, false, Err(Unreadable::Joined))]);
    assert_eq!(read(&stream(true, &[(5, false, &middle)])).len(), 3);
}

#[test]
fn what_a_gap_hides_is_told_once() {
    let bytes = framed(1);
    let mut stream = stream(true, &[(5, false, &bytes)]);
    stream.left_out = LeftOut { behind_gap: 700, overflow: 9, ..LeftOut::default() };
    let expected = [(5, false, Ok(1)), (5, false, Err(Unreadable::Gap)), (5, false, Err(Unreadable::Overflow))];
    assert_eq!(read(&stream), expected);
}

#[test]
fn a_message_of_64_kib_takes_many_segments() {
    let bytes = [&[0xff, 0xff, 0, 7][..], &[0; 10], &[0xee; 65_523]].concat();
    let pieces: Vec<(u64, bool, &[u8])> = (1..).zip(bytes.chunks(1448)).map(|(at, bytes)| (at, false, bytes)).collect();
    assert_eq!(read(&stream(true, &pieces)), [(pieces.len() as u64, false, Ok(7))]);
}

proptest! {
    #[test]
    fn cuts_change_nothing(sizes in prop::collection::vec(1usize..40, 1..40), rubbish in prop::collection::vec(any::<u8>(), 0..60)) {
        let bytes = [framed(1), framed(2), rubbish, framed(3)].concat();
        let mut rest = bytes.as_slice();
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            if piece.is_empty() {
                break;
            }
            pieces.push((5, false, piece));
            rest = behind;
        }
        for from_start in [true, false] {
            prop_assert_eq!(read(&stream(from_start, &pieces)), read(&stream(from_start, &[(5, false, &bytes)])));
        }
    }
}
