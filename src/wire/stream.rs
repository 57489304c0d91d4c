//! TCP connections from captured segments: what each direction carried, in order, and what is missing (RFC 9293).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::AddAssign;

use super::Seen;
use super::frame::{Frame, Transport};

mod direction;

use direction::Direction;

/// Most bytes of one direction that wait behind a gap: four of the longest DNS messages, 256 KiB.
pub const HELD_MOST: usize = 1 << 18;
/// Most streams; segments of further ones are counted only.
pub const STREAMS_MOST: usize = 1 << 16;

/// FIN, SYN and RST of the flags octet (RFC 9293, section 3.1).
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;

/// One direction of a connection, as one port of the switch saw it come in. The port belongs to it, because a
/// router's two sides see the same connection, and because another endpoint may pretend to be part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way<'a> {
    /// The port that it came in from, `endpoint:interface`.
    pub port: &'a str,
    /// Who sends.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
}

/// Some bytes of a stream, as they passed in one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// When they came in, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// Whether they only came in frames that went no further.
    pub dropped: bool,
    /// The bytes, at least one.
    pub bytes: &'a [u8],
}

/// What one direction of one connection carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// Which direction.
    pub way: Way<'a>,
    /// Whether its SYN was seen; without, it begins with whatever was seen first.
    pub from_start: bool,
    /// All bytes up to the first gap, in order, each once.
    pub pieces: Vec<Piece<'a>>,
    /// All other bytes.
    pub left_out: LeftOut,
}

/// Bytes of payload that are in no stream. Together with those that are they make up all captured payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Sent again.
    pub repeated: u64,
    /// Behind a gap that nothing has filled: the capture has lost a segment, or the sender never sent it.
    pub behind_gap: u64,
    /// Behind a gap and beyond [`HELD_MOST`].
    pub overflow: u64,
    /// Before the first byte that was seen, or behind the FIN.
    pub astray: u64,
}

impl AddAssign for LeftOut {
    fn add_assign(&mut self, other: Self) {
        self.repeated += other.repeated;
        self.behind_gap += other.behind_gap;
        self.overflow += other.overflow;
        self.astray += other.astray;
    }
}

/// What the streams of a capture came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Streams<'a> {
    /// All streams, in the order in which they began.
    pub streams: Vec<Stream<'a>>,
    /// Segments that found no room, past [`STREAMS_MOST`], and whose they were.
    pub refused: Vec<Way<'a>>,
}

/// One segment.
#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    seq: u32,
    flags: u8,
    piece: Piece<'a>,
}

/// Puts streams together, segment by segment in the order of time. It borrows all payload, so what it keeps is a
/// fixed amount for each segment.
#[derive(Debug, Default)]
pub struct Assembly<'a> {
    directions: Vec<(Way<'a>, Direction<'a>)>,
    /// The latest direction of each way: ports are used again.
    latest: HashMap<Way<'a>, usize>,
    refused: Vec<Way<'a>>,
}

impl<'a> Assembly<'a> {
    /// Takes a frame; one that is no TCP segment, or a mere acknowledgement, says nothing about streams.
    pub fn add(&mut self, seen: &Seen<'a>, frame: &Frame<'a>) {
        let (Some(ip), Transport::Tcp { sport, dport, flags, seq, payload }) = (frame.ip, frame.transport) else {
            return;
        };
        if payload.is_empty() && flags & (FIN | SYN | RST) == 0 {
            return;
        }
        let from = SocketAddr::new(ip.source, sport);
        let way = Way { port: seen.port, from, to: SocketAddr::new(ip.destination, dport) };
        let piece = Piece { at_ns: seen.at_ns, dropped: seen.dropped, bytes: payload };
        self.take(way, &Segment { seq, flags, piece });
    }

    fn take(&mut self, way: Way<'a>, segment: &Segment<'a>) {
        let latest = self.latest.get(&way).and_then(|number| self.directions.get_mut(*number));
        if let Some((_, direction)) = latest
            && !direction.is_over_before(segment)
        {
            direction.add(segment);
            return;
        }
        if self.directions.len() >= STREAMS_MOST {
            self.refused.push(way);
            return;
        }
        let mut direction = Direction::default();
        direction.add(segment);
        self.latest.insert(way, self.directions.len());
        self.directions.push((way, direction));
    }

    /// Ends all streams: nothing more will fill a gap.
    pub fn finish(self) -> Streams<'a> {
        let streams = self.directions.into_iter().map(|(way, direction)| direction.finish(way)).collect();
        Streams { streams, refused: self.refused }
    }
}

#[cfg(test)]
mod tests;
