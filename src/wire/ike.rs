//! One IKE message to facts: its header, and what its payloads say in the clear; any bytes are accepted, none panic.

mod exchange;
mod nat_d;
mod vendor;

use std::fmt;

pub use exchange::Exchange;
pub use nat_d::{Half, NatD};
pub use vendor::VendorId;

/// Length of the header in bytes, in both versions (RFC 2408, section 3.1; RFC 7296, section 3.1).
const HEADER: usize = 28;
/// Length of a payload's own header in bytes (RFC 2408, section 3.2; RFC 7296, section 3.2).
const PAYLOAD_HEADER: usize = 4;
/// Most payloads of a message that are read; more are not IKE. Real messages have about ten.
pub const PAYLOADS_MOST: usize = 64;
/// No next payload (RFC 7296, section 3.2).
const NONE: u8 = 0;

/// Payload types and flags of version 1 (RFC 2408, section 3.1).
mod v1 {
    pub const NOTIFICATION: u8 = 11;
    pub const VENDOR_ID: u8 = 13;
    /// NAT-D (RFC 3947, section 3.2).
    pub const NAT_D: u8 = 20;
    /// NAT-D before it had a number of its own (draft-ietf-ipsec-nat-t-ike-03, section 3.2).
    pub const NAT_D_DRAFT: u8 = 130;
    pub const ENCRYPTED: u8 = 0x01;
}

/// Payload types, flags and notify types of version 2 (RFC 7296, sections 3.1, 3.2, 3.10.1).
mod v2 {
    pub const NOTIFY: u8 = 41;
    pub const VENDOR_ID: u8 = 43;
    /// Encrypted and authenticated payloads: all that follows is inside.
    pub const ENCRYPTED: u8 = 46;
    /// A fragment of such (RFC 7383, section 2.5).
    pub const ENCRYPTED_FRAGMENT: u8 = 53;
    pub const INITIATOR: u8 = 0x08;
    pub const RESPONSE: u8 = 0x20;
    pub const NAT_DETECTION_SOURCE_IP: u16 = 16388;
    pub const NAT_DETECTION_DESTINATION_IP: u16 = 16389;
    /// Length of the hash of a NAT detection in bytes: SHA-1 (RFC 7296, section 2.23).
    pub const NAT_DETECTION: usize = 20;
}

/// One message, as far as it is in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its header.
    pub header: Header,
    /// Where the sender believes itself and its peer to be, in the message's order.
    pub nat_d: Vec<NatD>,
    /// What the sender speaks besides the standard, in the message's order.
    pub vendors: Vec<VendorId>,
    /// Types of all notifications, NAT detection among them, in the message's order (RFC 7296, section 3.10.1).
    pub notifies: Vec<u16>,
}

/// The header (RFC 2408, section 3.1; RFC 7296, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The initiator's SPI; in version 1 its cookie.
    pub spi_i: u64,
    /// The responder's SPI, or cookie; 0 as long as the initiator does not know it.
    pub spi_r: u64,
    /// Major version, 1 or 2.
    pub version: u8,
    /// What the message is a part of.
    pub exchange: Exchange,
    /// Whether this answers a request; in version 1, which does not say, false.
    pub response: bool,
    /// Whether the sender is who began the association; in version 1, which does not say, false.
    pub initiator: bool,
    /// Message ID: counts requests in version 2, is 0 or random in version 1.
    pub message_id: u32,
    /// Length of the whole message in bytes.
    pub length: u32,
}

impl Message {
    /// Reads a message, which begins behind the non-ESP marker where there is one (RFC 3948, section 2.2); `None` if
    /// it, or what of it is in the clear, is not whole, or neither of version 1 nor of version 2.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let Opening { header, first, sealed } = Opening::parse(bytes.first_chunk()?)?;
        let payloads = bytes.get(HEADER..usize::try_from(header.length).ok()?)?;
        let mut message = Self { header, nat_d: Vec::new(), vendors: Vec::new(), notifies: Vec::new() };
        if !sealed {
            message.walk(first, payloads)?;
        }
        Some(message)
    }

    /// Follows the chain of payloads to its end, or to where it is encrypted.
    fn walk(&mut self, first: u8, payloads: &[u8]) -> Option<()> {
        let (mut kind, mut rest) = (first, payloads);
        for _ in 0..PAYLOADS_MOST {
            if kind == NONE {
                return Some(());
            }
            let [next, _, high, low] = *rest.first_chunk::<PAYLOAD_HEADER>()?;
            let length = usize::from(u16::from_be_bytes([high, low]));
            let body = rest.get(PAYLOAD_HEADER..length)?;
            if self.header.version == 2 && matches!(kind, v2::ENCRYPTED | v2::ENCRYPTED_FRAGMENT) {
                return Some(());
            }
            self.read(kind, body)?;
            rest = rest.get(length..)?;
            kind = next;
        }
        (kind == NONE).then_some(())
    }

    /// Reads one payload; `None` if it is of a kind that is read, and not whole.
    fn read(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        match (self.header.version, kind) {
            (1, v1::VENDOR_ID) | (2, v2::VENDOR_ID) => self.vendors.push(VendorId::new(body)),
            (1, v1::NAT_D | v1::NAT_D_DRAFT) => {
                // The remote end comes first, then as many of the own ends as the sender may have (RFC 3947, section 3.2).
                let half = if self.nat_d.is_empty() { Half::Destination } else { Half::Source };
                self.nat_d.push(NatD::new(half, body));
            }
            // A domain of interpretation comes first (RFC 2408, section 3.14).
            (1, v1::NOTIFICATION) => self.notify(body.get(4..)?).map(drop)?,
            (2, v2::NOTIFY) => {
                let (kind, data) = self.notify(body)?;
                let half = match kind {
                    v2::NAT_DETECTION_SOURCE_IP => Half::Source,
                    v2::NAT_DETECTION_DESTINATION_IP => Half::Destination,
                    _ => return Some(()),
                };
                let hash: &[u8; v2::NAT_DETECTION] = data.try_into().ok()?;
                self.nat_d.push(NatD::new(half, hash));
            }
            _ => {}
        }
        Some(())
    }

    /// Type and data of a notification: protocol, length of an SPI, type, SPI, data (RFC 7296, section 3.10).
    fn notify<'b>(&mut self, body: &'b [u8]) -> Option<(u16, &'b [u8])> {
        let ([_, spi, high, low], rest) = body.split_first_chunk()?;
        let (kind, data) = (u16::from_be_bytes([*high, *low]), rest.get(usize::from(*spi)..)?);
        self.notifies.push(kind);
        Some((kind, data))
    }
}

/// Displays as `IKE_AUTH request, message 1`; version 1 does not say which is a request, and has random numbers.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange, message_id, .. } = self;
        match (self.version, self.response) {
            (1, _) => write!(f, "{exchange}, message {message_id:x}"),
            (_, false) => write!(f, "{exchange} request, message {message_id}"),
            (_, true) => write!(f, "{exchange} response, message {message_id}"),
        }
    }
}

/// A header, and what of it only leads to the payloads.
struct Opening {
    header: Header,
    /// Type of the first payload.
    first: u8,
    /// Whether everything behind the header is encrypted: only version 1 says so here.
    sealed: bool,
}

impl Opening {
    fn parse(bytes: &[u8; HEADER]) -> Option<Self> {
        let (spi_i, rest) = bytes.split_first_chunk()?;
        let (spi_r, rest) = rest.split_first_chunk()?;
        let ([first, version, exchange, flags], rest) = rest.split_first_chunk()?;
        let (message_id, length) = rest.split_first_chunk()?;
        let version = version >> 4;
        if !matches!(version, 1 | 2) {
            return None;
        }
        let header = Header {
            spi_i: u64::from_be_bytes(*spi_i),
            spi_r: u64::from_be_bytes(*spi_r),
            version,
            exchange: Exchange::from(*exchange),
            response: version == 2 && flags & v2::RESPONSE != 0,
            initiator: version == 2 && flags & v2::INITIATOR != 0,
            message_id: u32::from_be_bytes(*message_id),
            length: u32::from_be_bytes(*length.first_chunk()?),
        };
        Some(Self { header, first: *first, sealed: version == 1 && flags & v1::ENCRYPTED != 0 })
    }
}

#[cfg(test)]
pub(super) mod build;
#[cfg(test)]
mod tests;
