//! Which ends are where their peers believe them to be: IKE's NAT detection, against the addresses of the frame itself.

use std::net::SocketAddr;

use super::{Passage, What};
use crate::wire::endpoint_of;
use crate::wire::ike::{Exchange, Half};

/// What one IKE message says about NATs between its sender and the place where it was seen, and between there and the
/// receiver. On the sender's side of a NAT its own end is as it says; behind it, no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected<'a> {
    /// When it came in, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:interface`.
    pub port: &'a str,
    /// Who sent it, as seen here.
    pub from: SocketAddr,
    /// To whom, as seen here.
    pub to: SocketAddr,
    /// Whether it went no further.
    pub dropped: bool,
    /// What it is a part of.
    pub exchange: Exchange,
    /// Whether it answers a request; in version 1, which does not say, false.
    pub response: bool,
    /// Whether the source seen here is one that the sender gives; `None` if it gives none.
    pub source_matches: Option<bool>,
    /// Whether the destination seen here is the one that the sender gives; `None` if it gives none.
    pub destination_matches: Option<bool>,
}

impl<'a> Detected<'a> {
    /// The endpoint that it came from.
    pub fn endpoint(&self) -> &'a str {
        endpoint_of(self.port)
    }
}

/// The NAT detection of each message that has any, retransmissions too, in the passages' order.
pub fn nat_d<'a>(passages: &[Passage<'a>]) -> Vec<Detected<'a>> {
    passages.iter().filter_map(detected).collect()
}

fn detected<'a>(passage: &Passage<'a>) -> Option<Detected<'a>> {
    let What::Ike { message: Some(message), .. } = &passage.what else { return None };
    if message.nat_d.is_empty() {
        return None;
    }
    let header = message.header;
    // A sender with several addresses gives several sources, of which one must be right (RFC 7296, section 2.23).
    let matches = |half: Half, seen: SocketAddr| {
        let mut given = message.nat_d.iter().filter(|nat_d| nat_d.half == half).peekable();
        given.peek()?;
        Some(given.any(|nat_d| nat_d.matches(header.spi_i, header.spi_r, seen)))
    };
    let (from, to) = (passage.from.socket()?, passage.to.socket()?);
    Some(Detected {
        at_ns: passage.at_ns,
        port: passage.port,
        from,
        to,
        dropped: passage.dropped,
        exchange: header.exchange,
        response: header.response,
        source_matches: matches(Half::Source, from),
        destination_matches: matches(Half::Destination, to),
    })
}

#[cfg(test)]
mod tests;
