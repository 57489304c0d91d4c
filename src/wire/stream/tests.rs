//! Segments out of order, repeated, overlapping, missing, dropped; sequence numbers that wrap around.

use proptest::prelude::*;

use super::*;

const DATA: &[u8] = b"The quick brown fox jumps over the lazy dog";

fn way(port: &'static str) -> Way<'static> {
    Way { port, from: ([192, 0, 2, 1], 40000).into(), to: ([192, 0, 2, 2], 53).into() }
}

/// A segment of the stream whose SYN has sequence number `isn`: these bytes of the data.
fn segment(isn: u32, flags: u8, from: usize, to: usize) -> Segment<'static> {
    let piece = Piece { at_ns: from as u64, dropped: false, bytes: &DATA[from..to] };
    let syn = u32::from(flags & SYN == 0);
    Segment { seq: isn.wrapping_add(syn).wrapping_add(from as u32), flags, piece }
}

fn dropped(mut segment: Segment<'static>) -> Segment<'static> {
    segment.piece.dropped = true;
    segment
}

fn assemble(segments: &[Segment<'static>]) -> Vec<Stream<'static>> {
    let mut assembly = Assembly::default();
    segments.iter().for_each(|segment| assembly.take(way("a:eth1"), segment));
    assembly.finish().streams
}

fn text(stream: &Stream<'_>) -> String {
    String::from_utf8(stream.pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect()).unwrap()
}

/// The text of the only stream, and what is left out.
fn only(segments: &[Segment<'static>]) -> (String, LeftOut) {
    let streams = assemble(segments);
    assert_eq!(streams.len(), 1);
    (text(&streams[0]), streams[0].left_out)
}

#[test]
fn in_order() {
    let streams = assemble(&[segment(7, SYN, 0, 0), segment(7, 0, 0, 9), segment(7, FIN, 9, 19)]);
    assert_eq!((text(&streams[0]).as_str(), streams[0].from_start), ("The quick brown fox", true));
    assert_eq!(streams[0].left_out, LeftOut::default());
    assert_eq!(streams[0].pieces.iter().map(|piece| piece.at_ns).collect::<Vec<_>>(), [0, 9]);
}

#[test]
fn out_of_order_repeated_and_overlapping() {
    let (text, left_out) = only(&[
        segment(7, SYN, 0, 0),
        segment(7, 0, 9, 19),
        segment(7, 0, 4, 12),
        segment(7, 0, 4, 12),
        segment(7, 0, 0, 6),
        segment(7, 0, 0, 6),
    ]);
    assert_eq!((text.as_str(), left_out), ("The quick brown fox", LeftOut { repeated: 19, ..LeftOut::default() }));
}

#[test]
fn the_syn_may_carry_data_and_come_again() {
    let (text, left_out) = only(&[segment(7, SYN, 0, 4), segment(7, SYN, 0, 4), segment(7, 0, 4, 9)]);
    assert_eq!((text.as_str(), left_out.repeated), ("The quick", 4));
}

#[test]
fn a_gap_ends_what_can_be_read_and_is_counted() {
    let (text, left_out) = only(&[segment(7, SYN, 0, 0), segment(7, 0, 0, 4), segment(7, 0, 10, 19)]);
    assert_eq!((text.as_str(), left_out), ("The ", LeftOut { behind_gap: 9, ..LeftOut::default() }));
}

#[test]
fn without_a_syn_it_begins_with_what_came_first() {
    let streams = assemble(&[segment(7, 0, 10, 16), segment(7, 0, 4, 12), segment(7, 0, 16, 19)]);
    assert_eq!((text(&streams[0]).as_str(), streams[0].from_start), ("brown fox", false));
    assert_eq!(streams[0].left_out, LeftOut { repeated: 2, astray: 6, ..LeftOut::default() });
}

#[test]
fn behind_the_fin_there_is_nothing() {
    let (text, left_out) = only(&[segment(7, SYN, 0, 0), segment(7, FIN, 0, 9), segment(7, 0, 4, 19)]);
    assert_eq!((text.as_str(), left_out), ("The quick", LeftOut { repeated: 5, astray: 10, ..LeftOut::default() }));
}

#[test]
fn a_reset_or_another_syn_begins_a_new_stream() {
    let streams = assemble(&[
        segment(7, SYN, 0, 0),
        segment(7, 0, 0, 9),
        segment(900, SYN, 0, 0),
        segment(900, 0, 0, 4),
        segment(900, RST, 4, 9),
        segment(900, 0, 10, 19),
    ]);
    assert_eq!(streams.iter().map(text).collect::<Vec<_>>(), ["The quick", "The ", "brown fox"]);
    assert_eq!(streams.iter().map(|stream| stream.left_out.astray).collect::<Vec<_>>(), [0, 5, 0]);
    assert_eq!(streams.iter().map(|stream| stream.from_start).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn what_was_dropped_counts_only_if_it_was_never_sent_again() {
    let [a, b, c] = [(0, 4), (4, 10), (10, 19)].map(|(from, to)| segment(7, 0, from, to));
    let mut again = b;
    again.piece.at_ns = 99;
    let streams = assemble(&[segment(7, SYN, 0, 0), a, dropped(b), c, again]);
    let times =
        |stream: &Stream<'_>| stream.pieces.iter().map(|piece| (piece.at_ns, piece.dropped)).collect::<Vec<_>>();
    assert_eq!(times(&streams[0]), [(0, false), (99, false), (10, false)]);
    let streams = assemble(&[segment(7, SYN, 0, 0), a, dropped(b), c]);
    assert_eq!(times(&streams[0]), [(0, false), (4, true), (10, false)]);
    assert_eq!(text(&streams[0]), "The quick brown fox");
}

#[test]
fn each_port_has_its_own() {
    let mut assembly = Assembly::default();
    for port in ["router:eth1", "router:eth2", "router:eth1"] {
        assembly.take(way(port), &segment(7, 0, 0, 9));
    }
    let streams = assembly.finish().streams;
    assert_eq!(streams.iter().map(|stream| stream.left_out.repeated).collect::<Vec<_>>(), [9, 0]);
}

#[test]
fn what_waits_behind_a_gap_is_bounded() {
    let bytes = vec![b'x'; 1000];
    let mut assembly = Assembly::default();
    for number in 1..=400 {
        let piece = Piece { at_ns: 0, dropped: number % 3 == 0, bytes: &bytes };
        assembly.take(way("a:eth1"), &Segment { seq: 7 + number * 2000, flags: 0, piece });
        let piece = Piece { bytes: &bytes[..0], ..piece };
        assembly.take(way("a:eth1"), &Segment { seq: 6, flags: SYN, piece });
    }
    let streams = assembly.finish().streams;
    let sum: u64 = streams.iter().map(|stream| stream.left_out.behind_gap + stream.left_out.overflow).sum();
    let read: usize = streams.iter().flat_map(|stream| &stream.pieces).map(|piece| piece.bytes.len()).sum();
    assert_eq!(sum + read as u64, 400_000);
    assert!(streams.iter().all(|stream| stream.left_out.behind_gap <= HELD_MOST as u64));
    assert!(streams.iter().any(|stream| stream.left_out.overflow > 0));
}

#[test]
fn connections_past_the_most_are_counted() {
    let mut assembly = Assembly::default();
    for number in 0..STREAMS_MOST + 5 {
        let ip = std::net::Ipv4Addr::from(number as u32);
        assembly.take(Way { from: (ip, 1).into(), ..way("a:eth1") }, &segment(7, 0, 0, 9));
    }
    let streams = assembly.finish();
    assert_eq!((streams.streams.len(), streams.refused.len()), (STREAMS_MOST, 5));
}

proptest! {
    #[test]
    fn any_order_and_any_start_give_the_same(
        isn: u32,
        near in any::<bool>(),
        pieces in prop::collection::vec((0usize..DATA.len(), 1usize..20, any::<bool>()), 0..40),
    ) {
        // Half of them wrap around within the data.
        let isn = if near { u32::MAX - isn % 60 } else { isn };
        let segments = pieces.iter().map(|(from, length, lost)| {
            let segment = segment(isn, 0, *from, (from + length).min(DATA.len()));
            if *lost { dropped(segment) } else { segment }
        });
        let segments: Vec<_> = [segment(isn, SYN, 0, 0)].into_iter().chain(segments).collect();
        let (text, left_out) = only(&segments);
        // As far as the pieces reach from the start without a gap.
        let mut reach = 0;
        while let Some((from, length, _)) = pieces.iter().find(|(from, length, _)| *from <= reach && from + length > reach && reach < DATA.len()) {
            reach = (from + length).min(DATA.len());
        }
        prop_assert_eq!(text.as_bytes(), &DATA[..reach]);
        let all: usize = segments.iter().map(|segment| segment.piece.bytes.len()).sum();
        prop_assert_eq!(all as u64, text.len() as u64 + left_out.repeated + left_out.behind_gap);
    }

    #[test]
    fn any_segments_are_accounted_for(
        segments in prop::collection::vec((any::<u32>(), 0u32..3, 0usize..20, any::<bool>(), 0u8..8), 0..60),
    ) {
        // Sequence numbers near a few places, so that they meet.
        let segments: Vec<_> = segments.iter().map(|(seq, group, length, dropped, flags)| {
            let piece = Piece { at_ns: 0, dropped: *dropped, bytes: &DATA[..*length] };
            Segment { seq: (group * (u32::MAX / 2)).wrapping_add(seq % 64), flags: *flags, piece }
        }).collect();
        let streams = assemble(&segments);
        let kept: u64 = streams.iter().flat_map(|stream| &stream.pieces).map(|piece| piece.bytes.len() as u64).sum();
        let left: u64 = streams.iter().map(|stream| stream.left_out).map(|left| left.repeated + left.behind_gap + left.overflow + left.astray).sum();
        let all: u64 = segments.iter().map(|segment| segment.piece.bytes.len() as u64).sum();
        prop_assert_eq!(kept + left, all);
    }
}
