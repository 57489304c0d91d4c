//! A login over SSH as the wire saw it: its phases, and who was silent for how long, and which queries fell into the silence.

use std::net::SocketAddr;

use super::Seen;
use super::frame::{Frame, Transport};
use super::lookup::Query;
use super::ssh::Direction;

/// A pause of at least this long is worth telling, in nanoseconds.
pub const WORTH_TELLING_NS: u64 = 200_000_000;

/// SYN and ACK of the flags octet (RFC 9293 §3.1).
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Who is to speak next on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The side that connects.
    Client,
    /// The side that accepts.
    Server,
}

/// A pause on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Who broke it or, when nobody did, who was to speak.
    pub whose: Side,
    /// When it began, in nanoseconds of the lab's clock.
    pub from_ns: u64,
    /// When it ended.
    pub to_ns: u64,
    /// Whether the connection was already encrypted.
    pub encrypted: bool,
    /// Whether it was still going on at the end of the window.
    pub open: bool,
}

/// What the wire tells of one login.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// From the client's SYN to the server's answer to it, nanoseconds.
    pub connect_ns: Option<u64>,
    /// From there to the server's identification line.
    pub banner_ns: Option<u64>,
    /// From there to the second NEWKEYS.
    pub kex_ns: Option<u64>,
    /// From the SYN to the last payload.
    pub total_ns: Option<u64>,
    /// When the SYN was seen.
    pub syn_ns: Option<u64>,
    /// All pauses, the shortest too; together they are the connection's whole time.
    pub silences: Vec<Silence>,
    /// Segments that were sent again.
    pub resent: u32,
}

impl Trace {
    /// How long the connection waited for one side, in nanoseconds.
    pub fn waited_for(&self, side: Side) -> u64 {
        let own = self.silences.iter().filter(|silence| silence.whose == side);
        own.map(|silence| silence.to_ns.saturating_sub(silence.from_ns)).sum()
    }

    /// Pauses that are worth telling.
    pub fn long_silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.iter().filter(|silence| silence.to_ns.saturating_sub(silence.from_ns) >= WORTH_TELLING_NS)
    }
}

impl Silence {
    /// Queries that were sent during the pause.
    pub fn queries<'a>(&self, all: &'a [Query]) -> Vec<&'a Query> {
        all.iter().filter(|query| (self.from_ns..self.to_ns).contains(&query.at_ns)).collect()
    }
}

/// The address at which a frame accepts a connection (RFC 9293 §3.5), if it does.
pub fn accepts(seen: &Seen<'_>) -> Option<SocketAddr> {
    let frame = Frame::parse(seen.bytes)?;
    match frame.transport {
        Transport::Tcp { sport, flags, .. } if flags & (SYN | ACK) == SYN | ACK => {
            Some(SocketAddr::new(frame.ip?.source, sport))
        }
        _ => None,
    }
}

/// Follows the first connection to `server` that begins in `frames`; `end_ns` is the end of the window.
pub fn trace(frames: &[Seen<'_>], server: SocketAddr, end_ns: u64) -> Trace {
    let mut follower = Follower::new(server);
    for seen in frames {
        // What was dropped never arrived; that it was sent again shows by itself.
        if let (Some(frame), false) = (Frame::parse(seen.bytes), seen.dropped) {
            follower.see(seen.at_ns, &frame);
        }
    }
    follower.finish(end_ns)
}

struct Follower {
    server: SocketAddr,
    client: Option<SocketAddr>,
    trace: Trace,
    last: Option<(u64, Side)>,
    phase_from_ns: u64,
    streams: [Stream; 2],
}

#[derive(Default)]
struct Stream {
    direction: Direction,
    next_seq: Option<u32>,
}

impl Follower {
    fn new(server: SocketAddr) -> Self {
        Follower {
            server,
            client: None,
            trace: Trace::default(),
            last: None,
            phase_from_ns: 0,
            streams: Default::default(),
        }
    }

    fn see(&mut self, at_ns: u64, frame: &Frame<'_>) {
        let (Some(ip), Transport::Tcp { sport, dport, flags, seq, payload }) = (frame.ip, frame.transport) else {
            return;
        };
        let (from, to) = (SocketAddr::new(ip.source, sport), SocketAddr::new(ip.destination, dport));
        if to == self.server && flags & (SYN | ACK) == SYN && self.client.is_none() {
            self.client = Some(from);
            self.trace.syn_ns = Some(at_ns);
            self.last = Some((at_ns, Side::Client));
            return;
        }
        let side = match self.client {
            Some(client) if from == client && to == self.server => Side::Client,
            Some(client) if from == self.server && to == client => Side::Server,
            _ => return,
        };
        if side == Side::Server && flags & (SYN | ACK) == SYN | ACK {
            let syn_ns = self.trace.syn_ns.unwrap_or(at_ns);
            self.trace.connect_ns.get_or_insert(at_ns - syn_ns);
            self.phase_from_ns = at_ns;
            self.spoke(at_ns, side);
        }
        if !payload.is_empty() {
            self.payload(at_ns, side, seq, payload);
        }
    }

    fn payload(&mut self, at_ns: u64, side: Side, seq: u32, payload: &[u8]) {
        let stream = &mut self.streams[side as usize];
        // Serial number arithmetic (RFC 1982): what lies behind the next expected byte has been here before.
        let again = stream.next_seq.is_some_and(|next| seq.wrapping_sub(next).cast_signed() < 0);
        if again {
            self.trace.resent += 1;
            return;
        }
        stream.next_seq = Some(seq.wrapping_add(u32::try_from(payload.len()).unwrap_or(u32::MAX)));
        self.spoke(at_ns, side);
        self.streams[side as usize].direction.add(payload);
        if side == Side::Server && self.trace.banner_ns.is_none() {
            self.trace.banner_ns = Some(at_ns.saturating_sub(self.phase_from_ns));
            self.phase_from_ns = at_ns;
        }
        if self.trace.kex_ns.is_none() && self.is_encrypted() {
            self.trace.kex_ns = Some(at_ns.saturating_sub(self.phase_from_ns));
        }
        self.trace.total_ns = self.trace.syn_ns.map(|syn_ns| at_ns - syn_ns);
    }

    fn is_encrypted(&self) -> bool {
        self.streams.iter().all(|stream| stream.direction.is_encrypted())
    }

    /// Somebody spoke: whoever did was the one waited for, also when it had spoken last.
    fn spoke(&mut self, at_ns: u64, side: Side) {
        let encrypted = self.is_encrypted();
        if let Some((from_ns, _)) = self.last.replace((at_ns, side)) {
            self.trace.silences.push(Silence { whose: side, from_ns, to_ns: at_ns, encrypted, open: false });
        }
    }

    fn finish(mut self, end_ns: u64) -> Trace {
        let encrypted = self.is_encrypted();
        if let Some((from_ns, last)) = self.last {
            // Nobody spoke any more: it was the other one's turn. Only a long wait is a finding; a login ends somewhere.
            if end_ns.saturating_sub(from_ns) >= WORTH_TELLING_NS {
                let whose = if last == Side::Client { Side::Server } else { Side::Client };
                self.trace.silences.push(Silence { whose, from_ns, to_ns: end_ns, encrypted, open: true });
            }
        }
        self.trace
    }
}

#[cfg(test)]
mod tests;
