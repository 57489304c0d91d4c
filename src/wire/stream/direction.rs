//! One direction of one connection: segments in any order to bytes in order.

use std::collections::BTreeMap;

use super::{FIN, HELD_MOST, LeftOut, Piece, RST, SYN, Segment, Stream, Way};

/// Places in the stream are counted from its first byte, in 64 bits, so that sequence numbers may wrap around.
#[derive(Debug, Default)]
pub struct Direction<'a> {
    /// Sequence number of the first byte, once it is known.
    origin: Option<u32>,
    from_start: bool,
    /// Place of the next byte in order.
    next: u64,
    /// Place behind the last byte, once the FIN has been seen.
    end: Option<u64>,
    reset: bool,
    /// What waits behind a gap, by its place.
    held: BTreeMap<u64, Piece<'a>>,
    /// What was dropped on its way. It is sent again as a rule; what never is counts at the end.
    dropped: Vec<Segment<'a>>,
    /// Bytes in both of them.
    waiting: usize,
    pieces: Vec<Piece<'a>>,
    left_out: LeftOut,
}

impl<'a> Direction<'a> {
    /// Whether the segment belongs to a later connection: after a reset, or with a SYN that does not begin this one.
    pub fn is_over_before(&self, segment: &Segment<'a>) -> bool {
        let begins_this = || self.origin.is_none_or(|origin| origin == segment.seq.wrapping_add(1));
        if segment.flags & SYN != 0 { self.reset || !begins_this() } else { self.reset && segment.flags & RST == 0 }
    }

    /// Takes a segment.
    pub fn add(&mut self, segment: &Segment<'a>) {
        let mut segment = *segment;
        if segment.flags & SYN != 0 {
            // The SYN takes a sequence number; data in the same segment begins behind it (RFC 9293, section 3.4).
            segment.seq = segment.seq.wrapping_add(1);
            self.origin = Some(segment.seq);
            self.from_start = true;
        }
        if segment.flags & RST != 0 {
            // What a reset carries is a diagnostic, not part of the stream (RFC 9293, section 3.5.3).
            self.reset |= !segment.piece.dropped;
            self.left_out.astray += segment.piece.bytes.len() as u64;
            return;
        }
        if segment.piece.dropped {
            self.put_aside(segment);
            return;
        }
        self.insert(&segment);
    }

    fn put_aside(&mut self, segment: Segment<'a>) {
        let says_something = segment.flags & FIN != 0 || !segment.piece.bytes.is_empty();
        if says_something && self.find_room(segment.piece.bytes.len()) {
            self.dropped.push(segment);
        }
    }

    /// Whether so many bytes may wait too; they count as left out if not.
    fn find_room(&mut self, length: usize) -> bool {
        let fits = self.waiting + length <= HELD_MOST;
        if fits {
            self.waiting += length;
        } else {
            self.left_out.overflow += length as u64;
        }
        fits
    }

    fn insert(&mut self, segment: &Segment<'a>) {
        let origin = *self.origin.get_or_insert(segment.seq);
        let expected = origin.wrapping_add(self.next as u32);
        // Serial number arithmetic (RFC 1982): the nearer way round, ahead of or behind what is expected.
        let ahead = i64::from(segment.seq.wrapping_sub(expected).cast_signed());
        let mut piece = segment.piece;
        let place = self.next.checked_add_signed(ahead).unwrap_or_else(|| {
            let before = ahead.unsigned_abs() - self.next;
            let before = before.min(piece.bytes.len() as u64);
            self.left_out.astray += before;
            piece.bytes = &piece.bytes[before as usize..];
            0
        });
        let behind = place + piece.bytes.len() as u64;
        if let Some(end) = self.end {
            let inside = end.saturating_sub(place).min(piece.bytes.len() as u64);
            self.left_out.astray += piece.bytes.len() as u64 - inside;
            piece.bytes = &piece.bytes[..inside as usize];
        } else if segment.flags & FIN != 0 && behind >= self.next {
            self.end = Some(behind);
        }
        if place <= self.next {
            self.append(place, piece);
            self.release();
        } else if !piece.bytes.is_empty() && self.find_room(piece.bytes.len()) {
            self.hold(place, piece);
        }
    }

    /// Adds what is new of a piece that begins at or before the next byte.
    fn append(&mut self, place: u64, mut piece: Piece<'a>) {
        let known = (self.next - place).min(piece.bytes.len() as u64);
        self.left_out.repeated += known;
        piece.bytes = &piece.bytes[known as usize..];
        if !piece.bytes.is_empty() {
            self.next += piece.bytes.len() as u64;
            self.pieces.push(piece);
        }
    }

    /// Keeps a piece behind a gap; of two at one place the longer.
    fn hold(&mut self, place: u64, piece: Piece<'a>) {
        let kept = self.held.entry(place).or_insert(Piece { bytes: &[], ..piece });
        let shorter = if kept.bytes.len() >= piece.bytes.len() { piece } else { std::mem::replace(kept, piece) };
        self.waiting -= shorter.bytes.len();
        self.left_out.repeated += shorter.bytes.len() as u64;
    }

    /// Adds what a filled gap has set free.
    fn release(&mut self) {
        while let Some(first) = self.held.first_entry()
            && *first.key() <= self.next
        {
            let (place, piece) = first.remove_entry();
            self.waiting -= piece.bytes.len();
            self.append(place, piece);
        }
    }

    /// Ends the stream. Dropped segments fill what gaps they can, in the order of time.
    pub fn finish(mut self, way: Way<'a>) -> Stream<'a> {
        for segment in std::mem::take(&mut self.dropped) {
            self.waiting -= segment.piece.bytes.len();
            self.insert(&segment);
        }
        self.left_out.behind_gap += self.held.values().map(|piece| piece.bytes.len() as u64).sum::<u64>();
        Stream { way, from_start: self.from_start, pieces: self.pieces, left_out: self.left_out }
    }
}
