//! What of a VPN passed: IKE, ESP as it is and in UDP, keepalives; and who stood behind a NAT, by IKE's own detection.

mod detected;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::frame::{ESP, Frame, Transport};
use super::ike::Message;
use super::{Seen, endpoint_of, in_order};

pub use detected::{Detected, nat_d};

/// IKE's own port (RFC 7296, section 2).
pub const IKE: u16 = 500;
/// The port of IKE and ESP through NATs (RFC 3948, section 2).
pub const NAT_T: u16 = 4500;
/// What stands before IKE on [`NAT_T`], where ESP has an index that is never 0 (RFC 3948, section 2.2).
const MARKER: [u8; 4] = [0; 4];
/// What a keepalive consists of (RFC 3948, section 2.3).
const KEEPALIVE: [u8; 1] = [0xff];

/// One end of the way; displays as `192.168.1.11:500`, `[fd00::11]:500` or, without a port, as the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct End {
    /// The address.
    pub address: IpAddr,
    /// The port; ESP that is not in UDP has none.
    pub port: Option<u16>,
}

impl End {
    /// Address and port, if there is one.
    pub fn socket(self) -> Option<SocketAddr> {
        self.port.map(|port| SocketAddr::new(self.address, port))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket() {
            Some(socket) => socket.fmt(f),
            None => self.address.fmt(f),
        }
    }
}

/// One frame on its way; displays as a line such as `IKE_AUTH request, message 1, 192.168.1.11:4500 → 198.51.100.10:4500`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// When it came in, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:interface`.
    pub port: &'a str,
    /// Who sent it.
    pub from: End,
    /// To whom.
    pub to: End,
    /// Whether it went no further.
    pub dropped: bool,
    /// What it is.
    pub what: What,
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// IKE: all from or to port 500, and what has the marker from or to port 4500.
    Ike {
        /// Whether the non-ESP marker is there, that is, whether the port is 4500.
        marker: bool,
        /// The message; `None` if it is malformed.
        message: Option<Message>,
        /// Whether this address sent the same bytes before, into the same port of the switch: what is sent again is
        /// the same bit by bit (RFC 7296, section 2.1).
        retransmission: bool,
    },
    /// ESP in UDP, from or to port 4500 (RFC 3948, section 2.1).
    EspInUdp {
        /// Security parameters index.
        spi: u32,
        /// Sequence number.
        seq: u32,
    },
    /// ESP as IP protocol 50 (RFC 4303).
    Esp {
        /// Security parameters index.
        spi: u32,
        /// Sequence number.
        seq: u32,
    },
    /// A fragment of ESP as IP protocol 50, or what is too short for its header: whose it is cannot be told.
    EspPiece,
    /// Nothing but "this mapping is still needed" (RFC 3948, section 2.3).
    Keepalive,
    /// A datagram from or to port 500 or 4500 that is none of these.
    Other,
}

/// Counts of frames of one ingress port, those that were dropped too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// IKE without marker, port 500; malformed messages too.
    pub ike_500: u64,
    /// IKE with marker, port 4500; malformed messages too.
    pub ike_4500: u64,
    /// IP protocol 50, fragments and pieces too: what a filter for the protocol counts.
    pub esp: u64,
    /// ESP in UDP.
    pub esp_in_udp: u64,
    /// Keepalives.
    pub keepalives: u64,
    /// Other datagrams from or to port 500 or 4500.
    pub other: u64,
}

/// Reads all of IKE, ESP and keepalives, in the order of time. A fragment of a datagram has no ports, here as in the
/// switch's filters, and is left out.
pub fn passed<'a>(frames: &[Seen<'a>]) -> Vec<Passage<'a>> {
    let mut sent = Sent::default();
    in_order(frames).iter().filter_map(|seen| passage(seen, &mut sent)).collect()
}

/// Counts of each ingress port that had any.
pub fn tallies<'a>(passages: &[Passage<'a>]) -> BTreeMap<&'a str, Tally> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for passage in passages {
        let tally = tallies.entry(passage.port).or_default();
        *match passage.what {
            What::Ike { marker: false, .. } => &mut tally.ike_500,
            What::Ike { marker: true, .. } => &mut tally.ike_4500,
            What::Esp { .. } | What::EspPiece => &mut tally.esp,
            What::EspInUdp { .. } => &mut tally.esp_in_udp,
            What::Keepalive => &mut tally.keepalives,
            What::Other => &mut tally.other,
        } += 1;
    }
    tallies
}

/// Datagrams of IKE that were there before: port of the switch, sender, bytes.
type Sent<'a> = HashSet<(&'a str, IpAddr, &'a [u8])>;

fn passage<'a>(seen: &Seen<'a>, sent: &mut Sent<'a>) -> Option<Passage<'a>> {
    let frame = Frame::parse(seen.bytes)?;
    let ip = frame.ip?;
    let (what, ports) = match frame.transport {
        Transport::Udp { sport, dport, payload } => {
            // Behind a NAT the client's port may be anything, so that either end's may be the one that tells. A host
            // at 4500 never goes without the marker, whomever it talks to.
            let again = || !sent.insert((seen.port, ip.source, payload));
            let what = match [sport, dport] {
                ports if ports.contains(&NAT_T) => through_nat(payload, again),
                ports if ports.contains(&IKE) => direct(payload, again),
                _ => return None,
            };
            (what, Some((sport, dport)))
        }
        Transport::Esp { spi, seq } => (What::Esp { spi, seq }, None),
        _ if ip.protocol == ESP => (What::EspPiece, None),
        _ => return None,
    };
    let from = End { address: ip.source, port: ports.map(|(sport, _)| sport) };
    let to = End { address: ip.destination, port: ports.map(|(_, dport)| dport) };
    Some(Passage { at_ns: seen.at_ns, port: seen.port, from, to, dropped: seen.dropped, what })
}

/// A datagram from or to port 4500.
fn through_nat(payload: &[u8], again: impl FnOnce() -> bool) -> What {
    if *payload == KEEPALIVE {
        return What::Keepalive;
    }
    if let Some(message) = payload.strip_prefix(&MARKER) {
        return What::Ike { marker: true, message: Message::parse(message), retransmission: again() };
    }
    match *payload {
        [a, b, c, d, e, f, g, h, ..] => {
            What::EspInUdp { spi: u32::from_be_bytes([a, b, c, d]), seq: u32::from_be_bytes([e, f, g, h]) }
        }
        _ => What::Other,
    }
}

/// A datagram from or to port 500.
fn direct(payload: &[u8], again: impl FnOnce() -> bool) -> What {
    match payload {
        [] => What::Other,
        // The first drafts of RFC 3948 had everything on this port, keepalives too.
        _ if *payload == KEEPALIVE => What::Keepalive,
        _ => What::Ike { marker: false, message: Message::parse(payload), retransmission: again() },
    }
}

impl<'a> Passage<'a> {
    /// The endpoint that it came from.
    pub fn endpoint(&self) -> &'a str {
        endpoint_of(self.port)
    }
}

impl fmt::Display for Passage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Ike { message: Some(message), .. } => message.header.fmt(f)?,
            What::Ike { message: None, .. } => f.write_str("malformed IKE")?,
            What::EspInUdp { spi, seq } => write!(f, "ESP in UDP, SPI {spi:08x}, number {seq}")?,
            What::Esp { spi, seq } => write!(f, "ESP, SPI {spi:08x}, number {seq}")?,
            What::EspPiece => f.write_str("a piece of ESP")?,
            What::Keepalive => f.write_str("keepalive")?,
            What::Other => f.write_str("neither IKE nor ESP")?,
        }
        write!(f, ", {} → {}", self.from, self.to)?;
        if matches!(self.what, What::Ike { retransmission: true, .. }) {
            f.write_str(" (retransmission)")?;
        }
        f.write_str(if self.dropped { " (dropped)" } else { "" })
    }
}

#[cfg(test)]
mod tests;
