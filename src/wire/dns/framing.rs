//! DNS messages in a TCP stream: two octets of length before each (RFC 1035, section 4.2.2; RFC 7766, section 8).

use super::passed::Unreadable;
use super::{Message, parse_udp};
use crate::wire::stream::{Piece, Stream};

/// A message, or a part of the stream that is none, with the time of its last byte and whether any of it was dropped.
pub type Part = (u64, bool, Result<Message, Unreadable>);

/// Reads a stream from its start.
pub fn parts(stream: &Stream<'_>) -> Vec<Part> {
    let mut framing = Framing { whole: true, ..Framing::default() };
    for piece in &stream.pieces {
        let mut rest = piece.bytes;
        while !rest.is_empty() && framing.whole {
            rest = framing.step(piece, rest, stream.from_start);
        }
    }
    framing.finish(stream)
}

/// A message as far as it has been seen.
#[derive(Default)]
struct Framing {
    /// Its length and its bytes, at most 2 + 65 535; empty while a message lies within one piece.
    pending: Vec<u8>,
    at_ns: u64,
    dropped: bool,
    /// Whether the stream can be read: not, once it turned out to have been joined in the middle of a message.
    whole: bool,
    parts: Vec<Part>,
}

impl Framing {
    /// Reads on until a message ends, or the bytes do; gives what is behind.
    fn step<'a>(&mut self, piece: &Piece<'_>, bytes: &'a [u8], from_start: bool) -> &'a [u8] {
        if self.pending.is_empty() {
            (self.at_ns, self.dropped) = (0, false);
        }
        self.at_ns = self.at_ns.max(piece.at_ns);
        self.dropped |= piece.dropped;
        if self.pending.is_empty()
            && let Some((message, rest)) = split(bytes)
        {
            self.end(message, from_start);
            return rest;
        }
        let missing = match self.pending.first_chunk::<2>() {
            None => 2 - self.pending.len(),
            Some(length) => 2 + usize::from(u16::from_be_bytes(*length)) - self.pending.len(),
        };
        let (now, rest) = bytes.split_at(missing.min(bytes.len()));
        self.pending.extend_from_slice(now);
        if let Some((_, [])) = split(&self.pending) {
            let pending = std::mem::take(&mut self.pending);
            self.end(&pending[2..], from_start);
        }
        rest
    }

    fn end(&mut self, message: &[u8], from_start: bool) {
        let read = parse_udp(message).ok_or(Unreadable::Malformed);
        // Joined in the middle: what looks like a length is none, and what follows would be read wrongly too.
        if read.is_err() && !from_start && self.parts.is_empty() {
            self.whole = false;
            self.parts.push((self.at_ns, self.dropped, Err(Unreadable::Joined)));
            return;
        }
        self.parts.push((self.at_ns, self.dropped, read));
    }

    /// What the stream leaves behind: each kind once.
    fn finish(mut self, stream: &Stream<'_>) -> Vec<Part> {
        let left = [
            (!self.pending.is_empty(), Unreadable::Unfinished),
            (stream.left_out.behind_gap > 0, Unreadable::Gap),
            (stream.left_out.overflow > 0, Unreadable::Overflow),
        ];
        let left = left.into_iter().filter(|(is_left, _)| *is_left);
        self.parts.extend(left.map(|(_, why)| (self.at_ns, self.dropped, Err(why))));
        self.parts
    }
}

/// The first message and what is behind it, if it is there whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

#[cfg(test)]
mod tests;
