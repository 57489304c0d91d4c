//! Echoes: who asked whom to answer, by ICMP of either version, and when the answer came.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::frame::{Frame, ICMP, ICMPV6, Transport};
use super::{Seen, in_order};

/// One echo request, answered or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo<'a> {
    /// The port that the request came in from, `endpoint:interface`.
    pub port: &'a str,
    /// Who asked.
    pub from: IpAddr,
    /// Who was asked.
    pub to: IpAddr,
    /// Identifier: one for each run of ping(8).
    pub id: u16,
    /// Sequence number.
    pub seq: u16,
    /// When the request came in, in nanoseconds of the lab's clock.
    pub asked_ns: u64,
    /// When the reply came in, if one did.
    pub answered_ns: Option<u64>,
    /// Whether the request itself went no further.
    pub dropped: bool,
    /// The first eight bytes of what is to be sent back, big endian, by which a sender can mark a request; `None` if
    /// there are fewer.
    pub token: Option<u64>,
}

/// What a reply must agree in with its request (RFC 792; RFC 4443, section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    asker: IpAddr,
    asked: IpAddr,
    id: u16,
    seq: u16,
}

/// One message of the two kinds.
struct Part {
    key: Key,
    reply: bool,
    token: Option<u64>,
}

/// All echo requests, in the order in which they were sent. A reply belongs to the earliest one like it that still
/// waits; a dropped reply is none, and a dropped request waits for none.
pub fn echoes<'a>(frames: &[Seen<'a>]) -> Vec<Echo<'a>> {
    let mut echoes: Vec<Echo<'a>> = Vec::new();
    let mut waiting: HashMap<Key, VecDeque<usize>> = HashMap::new();
    for seen in in_order(frames).iter() {
        let Some(Part { key, reply, token }) = part(seen.bytes) else { continue };
        let Seen { at_ns, port, dropped, .. } = *seen;
        if !reply {
            if !dropped {
                waiting.entry(key).or_default().push_back(echoes.len());
            }
            let Key { asker: from, asked: to, id, seq } = key;
            echoes.push(Echo { port, from, to, id, seq, asked_ns: at_ns, answered_ns: None, dropped, token });
        } else if !dropped {
            let earliest = waiting.get_mut(&key).and_then(VecDeque::pop_front);
            if let Some(echo) = earliest.and_then(|number| echoes.get_mut(number)) {
                echo.answered_ns = Some(at_ns);
            }
        }
    }
    echoes
}

fn part(bytes: &[u8]) -> Option<Part> {
    let frame = Frame::parse(bytes)?;
    let (ip, Transport::Icmp { kind, code: 0, body }) = (frame.ip?, frame.transport) else { return None };
    // Types: 8 and 0 (RFC 792), 128 and 129 (RFC 4443, section 4).
    let reply = match (ip.source, ip.protocol, kind) {
        (IpAddr::V4(_), ICMP, 8) | (IpAddr::V6(_), ICMPV6, 128) => false,
        (IpAddr::V4(_), ICMP, 0) | (IpAddr::V6(_), ICMPV6, 129) => true,
        _ => return None,
    };
    let ([i0, i1, s0, s1], data) = body.split_first_chunk()?;
    let (asker, asked) = if reply { (ip.destination, ip.source) } else { (ip.source, ip.destination) };
    let key = Key { asker, asked, id: u16::from_be_bytes([*i0, *i1]), seq: u16::from_be_bytes([*s0, *s1]) };
    Some(Part { key, reply, token: data.first_chunk().copied().map(u64::from_be_bytes) })
}

#[cfg(test)]
mod tests;
