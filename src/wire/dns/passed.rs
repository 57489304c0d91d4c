//! Every DNS message that passed, over UDP and TCP, and how many frames it took: what the switch's counters must agree with.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use super::{Message, PORT, framing, parse_udp};
use crate::wire::frame::{self, Frame, TCP, Transport, UDP};
use crate::wire::stream::{Assembly, LeftOut, Streams};
use crate::wire::{Seen, in_order};

/// What carried a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carrier {
    /// A datagram.
    Udp,
    /// A part of a connection.
    Tcp,
}

/// One DNS message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// When it came in, its last byte if it took several frames, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:interface`.
    pub port: &'a str,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// What carried it.
    pub carrier: Carrier,
    /// Whether it went no further: for TCP, whether some of it was dropped and not sent again.
    pub dropped: bool,
    /// What it says.
    pub message: Message,
}

/// Why something to or from port 53 is not a DNS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unreadable {
    /// A datagram without payload.
    Empty,
    /// Header or questions are not whole, or not DNS.
    Malformed,
    /// The connection was there before the capture, and its first bytes are not the begin of a message.
    Joined,
    /// The connection, or the capture, ended within a message.
    Unfinished,
    /// Bytes behind others that were never seen.
    Gap,
    /// More bytes behind a gap than are kept.
    Overflow,
    /// A connection past the most that are followed, a segment each.
    Refused,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::Joined => "joined in the middle",
            Self::Unfinished => "unfinished",
            Self::Gap => "behind a gap",
            Self::Overflow => "too much behind a gap",
            Self::Refused => "too many connections",
        })
    }
}

/// Counts of one ingress port. A frame is to a port if the switch's filters say so (`protocol` and `dport`), from it
/// likewise (`sport`); a frame may be both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames to port 53 over UDP.
    pub to_udp: u64,
    /// Frames to port 53 over TCP, those without payload too.
    pub to_tcp: u64,
    /// Frames from port 53 over UDP.
    pub from_udp: u64,
    /// Frames from port 53 over TCP, those without payload too.
    pub from_tcp: u64,
    /// Fragments of UDP and TCP packets, to and from any port: which one, neither a filter nor this can tell. They
    /// are in none of the counts above.
    pub fragments: u64,
    /// Datagrams and parts of streams that are not DNS.
    pub unreadable: BTreeMap<(Carrier, Unreadable), u64>,
    /// Bytes of TCP payload that are in no stream.
    pub left_out: LeftOut,
}

/// What passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed<'a> {
    /// All messages, in the order of time.
    pub messages: Vec<Passage<'a>>,
    /// Counts of each ingress port that had any.
    pub tallies: BTreeMap<&'a str, Tally>,
}

/// Reads all DNS messages to or from port 53.
pub fn passed<'a>(frames: &[Seen<'a>]) -> Passed<'a> {
    let mut reading = Reading::default();
    in_order(frames).iter().for_each(|seen| reading.see(seen));
    let Reading { mut passed, assembly } = reading;
    passed.read_streams(assembly.finish());
    passed.messages.sort_by_key(|passage| passage.at_ns);
    passed
}

#[derive(Default)]
struct Reading<'a> {
    passed: Passed<'a>,
    assembly: Assembly<'a>,
}

impl<'a> Reading<'a> {
    fn see(&mut self, seen: &Seen<'a>) {
        if !frame::may_concern(seen.bytes, PORT) {
            return;
        }
        let Some(frame) = Frame::parse(seen.bytes) else { return };
        let Some(ip) = frame.ip else { return };
        if ip.fragment && matches!(ip.protocol, UDP | TCP) {
            self.passed.tally(seen.port).fragments += 1;
        }
        let Some((sport, dport)) = frame.ports().filter(|(sport, dport)| *sport == PORT || *dport == PORT) else {
            return;
        };
        let (from, to) = (u64::from(sport == PORT), u64::from(dport == PORT));
        let tally = self.passed.tally(seen.port);
        match frame.transport {
            Transport::Udp { payload, .. } => {
                tally.from_udp += from;
                tally.to_udp += to;
                let (from, to) = (SocketAddr::new(ip.source, sport), SocketAddr::new(ip.destination, dport));
                self.passed.read_datagram(seen, from, to, payload);
            }
            Transport::Tcp { .. } => {
                tally.from_tcp += from;
                tally.to_tcp += to;
                self.assembly.add(seen, &frame);
            }
            Transport::Icmp { .. } | Transport::Esp { .. } | Transport::Other => {}
        }
    }
}

impl<'a> Passed<'a> {
    fn tally(&mut self, port: &'a str) -> &mut Tally {
        self.tallies.entry(port).or_default()
    }

    fn read_datagram(&mut self, seen: &Seen<'a>, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let Some(message) = parse_udp(payload) else {
            let why = if payload.is_empty() { Unreadable::Empty } else { Unreadable::Malformed };
            self.count(seen.port, Carrier::Udp, why);
            return;
        };
        let Seen { at_ns, port, dropped, .. } = *seen;
        self.messages.push(Passage { at_ns, port, from, to, carrier: Carrier::Udp, dropped, message });
    }

    fn read_streams(&mut self, streams: Streams<'a>) {
        for stream in streams.streams {
            for (at_ns, dropped, part) in framing::parts(&stream) {
                match part {
                    Ok(message) => {
                        let (port, from, to) = (stream.way.port, stream.way.from, stream.way.to);
                        self.messages.push(Passage { at_ns, port, from, to, carrier: Carrier::Tcp, dropped, message });
                    }
                    Err(why) => self.count(stream.way.port, Carrier::Tcp, why),
                }
            }
            self.tally(stream.way.port).left_out += stream.left_out;
        }
        for way in streams.refused {
            self.count(way.port, Carrier::Tcp, Unreadable::Refused);
        }
    }

    fn count(&mut self, port: &'a str, carrier: Carrier, why: Unreadable) {
        *self.tally(port).unreadable.entry((carrier, why)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests;
