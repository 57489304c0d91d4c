//! How much of some TCP streams had arrived by when: bytes that a program could read, not what was sent again.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Seen;
use super::frame::{Frame, Transport};

/// Connections that are followed; a hostile endpoint may open any number.
const FLOWS_MOST: usize = 256;
/// Pieces behind a gap that are kept of a connection.
const PIECES_MOST: usize = 4096;

/// What reached a server, over all connections to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// When how many more bytes could be read, in nanoseconds of the lab's clock, in order.
    pub steps: Vec<(u64, u64)>,
    /// Bytes that came again.
    pub again: u64,
    /// Connections that carried data.
    pub flows: usize,
}

impl Delivered {
    /// When the first byte arrived.
    pub fn begin_ns(&self) -> Option<u64> {
        self.steps.first().map(|(at, _)| *at)
    }

    /// Bytes that could be read in `from_ns..until_ns`.
    pub fn bytes(&self, from_ns: u64, until_ns: u64) -> u64 {
        self.steps.iter().filter(|(at, _)| (from_ns..until_ns).contains(at)).map(|(_, bytes)| bytes).sum()
    }
}

/// What TCP brought to `server`; the frames are those behind whatever loses some.
pub fn delivered(frames: &[Seen<'_>], server: SocketAddr) -> Delivered {
    let mut flows: BTreeMap<SocketAddr, Flow> = BTreeMap::new();
    let mut delivered = Delivered::default();
    for seen in frames.iter().filter(|seen| !seen.dropped) {
        let Some(frame) = Frame::parse(seen.bytes) else { continue };
        let (Some(ip), Transport::Tcp { sport, dport, seq, payload, .. }) = (frame.ip, frame.transport) else {
            continue;
        };
        if SocketAddr::new(ip.destination, dport) != server || payload.is_empty() {
            continue;
        }
        let known = flows.len();
        let client = SocketAddr::new(ip.source, sport);
        let flow = match flows.entry(client) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) if known < FLOWS_MOST => entry.insert(Flow::new(seq)),
            std::collections::btree_map::Entry::Vacant(_) => continue,
        };
        let (new, again) = flow.take(seq, payload.len() as u64);
        delivered.again += again;
        if new > 0 {
            delivered.steps.push((seen.at_ns, new));
        }
    }
    delivered.flows = flows.len();
    delivered
}

/// One direction of a connection, in bytes from its first segment on.
struct Flow {
    first: u32,
    // Everything below has been read.
    next: u64,
    // Begin and end of what came behind a gap.
    behind: BTreeMap<u64, u64>,
}

impl Flow {
    fn new(first: u32) -> Self {
        Flow { first, next: 0, behind: BTreeMap::new() }
    }

    /// Bytes that can be read now and could not before, and bytes that had come already.
    fn take(&mut self, seq: u32, length: u64) -> (u64, u64) {
        let Some(begin) = self.offset(seq) else { return (0, length) };
        let end = begin + length;
        if end <= self.next {
            return (0, length);
        }
        if begin > self.next {
            let again = self.behind.get(&begin).is_some_and(|known| *known >= end);
            if self.behind.len() < PIECES_MOST {
                let known = self.behind.entry(begin).or_insert(end);
                *known = (*known).max(end);
            }
            return (0, if again { length } else { 0 });
        }
        let (before, again) = (self.next, self.next - begin);
        self.next = end;
        while let Some(piece) = self.behind.first_entry().filter(|piece| *piece.key() <= self.next) {
            self.next = self.next.max(piece.remove());
        }
        (self.next - before, again)
    }

    /// Where a sequence number lies: the place nearest to what is read next (RFC 9293 §3.4 counts modulo 2^32).
    fn offset(&self, seq: u32) -> Option<u64> {
        let next = self.first.wrapping_add(self.next as u32);
        let distance = i64::from(seq.wrapping_sub(next) as i32);
        u64::try_from(i64::try_from(self.next).ok()? + distance).ok()
    }
}

#[cfg(test)]
mod tests;
