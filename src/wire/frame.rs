//! One Ethernet frame to facts: who to whom, which protocol, which ports; any bytes are accepted, none panic.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{
    ArpOperation, ArpPacketSlice, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, LinkSlice, TransportSlice,
    icmpv6::TYPE_NEIGHBOR_SOLICITATION,
};

/// Ethernet header length in bytes: two addresses and the type (IEEE 802.3).
pub const HEADER: usize = 14;
/// Ethertype of ARP (RFC 826).
pub const ARP: u16 = 0x0806;
/// Ethertype of IPv4 (RFC 894).
pub const IPV4: u16 = 0x0800;
/// Ethertype of IPv6 (RFC 2464, section 3).
pub const IPV6: u16 = 0x86dd;
/// Protocol number of ICMP for IPv4 (RFC 792).
pub const ICMP: u8 = 1;
/// Protocol number of TCP (RFC 9293, section 3.1).
pub const TCP: u8 = 6;
/// Protocol number of UDP (RFC 768).
pub const UDP: u8 = 17;
/// Protocol number of ESP (RFC 4303, section 2).
pub const ESP: u8 = 50;
/// Protocol number of ICMP for IPv6 (RFC 4443, section 1).
pub const ICMPV6: u8 = 58;
/// Protocol number of the authentication header, behind which IPv4 has ports too (RFC 4302, section 2).
const AUTHENTICATION: u8 = 51;
/// Length of an IPv6 header in bytes (RFC 8200, section 3).
const IPV6_HEADER: usize = 40;

/// A MAC address; displays as `02:00:00:00:00:01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Whether the address names a group (multicast or broadcast): the lowest bit of the first octet (IEEE 802).
    pub fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What a frame says, as far as it is whole: a field that the bytes do not reach is absent, never guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Source address.
    pub source: Mac,
    /// Destination address.
    pub destination: Mac,
    /// Ethertype of the payload, behind any VLAN tags.
    pub ethertype: u16,
    /// Outermost VLAN identifier (IEEE 802.1Q), if tagged.
    pub vlan: Option<u16>,
    /// Frame length in bytes, header included, without FCS.
    pub length: usize,
    /// The IP header, if there is a whole one.
    pub ip: Option<Ip>,
    /// What IP carries, if it is one of the known kinds, whole and not a fragment.
    pub transport: Transport<'a>,
    /// The address that this frame asks the owner of, if it is an ARP request or a neighbour solicitation.
    pub question: Option<WhoHas>,
}

/// The facts of an IP header, of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Protocol number (IANA), behind any IPv6 extension headers.
    pub protocol: u8,
    /// Whether this is a fragment, so that ports cannot be read.
    pub fragment: bool,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport<'a> {
    /// Nothing of the kinds below, or not whole.
    Other,
    /// A UDP datagram.
    Udp {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// The payload, as far as it is there.
        payload: &'a [u8],
    },
    /// A TCP segment.
    Tcp {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
        /// Flags octet, FIN lowest (RFC 9293, section 3.1).
        flags: u8,
        /// Sequence number.
        seq: u32,
        /// The payload, as far as it is there, without Ethernet padding.
        payload: &'a [u8],
    },
    /// An ICMP message, of either version.
    Icmp {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
        /// What follows type, code and checksum, as far as it is there, without Ethernet padding.
        body: &'a [u8],
    },
    /// An ESP packet: of its contents only these can be read (RFC 4303, section 2).
    Esp {
        /// Security parameters index: which association, in this direction.
        spi: u32,
        /// Sequence number, its low half if it has 64 bits.
        seq: u32,
    },
}

/// "Who has this address?", by ARP (RFC 826) or by neighbour solicitation (RFC 4861, section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhoHas {
    /// The address asked for.
    pub target: IpAddr,
    /// The address that the asker gives as its own; unspecified while it checks for duplicates.
    pub asker: IpAddr,
}

impl<'a> Frame<'a> {
    /// Reads a frame; `None` only if it is too short for an Ethernet header.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let packet = LaxSlicedPacket::from_ethernet(bytes).ok()?;
        let Some(LinkSlice::Ethernet2(ethernet)) = &packet.link else {
            return None;
        };
        let vlan = packet.link_exts.iter().find_map(|tag| match tag {
            LaxLinkExtSlice::Vlan(tag) => Some(tag.vlan_identifier().value()),
            LaxLinkExtSlice::Macsec(_) => None,
        });
        let ip = packet.net.as_ref().and_then(ip);
        let transport = match (&packet.transport, &packet.net) {
            (Some(known), _) => transport(known),
            (None, Some(net)) => esp(net).unwrap_or(Transport::Other),
            (None, None) => Transport::Other,
        };
        let question = match (&packet.net, &packet.transport) {
            (Some(LaxNetSlice::Arp(arp)), _) => arp_question(arp),
            (_, Some(TransportSlice::Icmpv6(icmp))) => ip.and_then(|ip| solicitation(ip, icmp.slice())),
            _ => None,
        };
        Some(Self {
            source: Mac(ethernet.source()),
            destination: Mac(ethernet.destination()),
            ethertype: packet.ether_payload().map_or(ethernet.ether_type().0, |payload| payload.ether_type.0),
            vlan,
            length: bytes.len(),
            ip,
            transport,
            question,
        })
    }

    /// Source and destination port, of UDP or TCP.
    pub fn ports(&self) -> Option<(u16, u16)> {
        match self.transport {
            Transport::Udp { sport, dport, .. } | Transport::Tcp { sport, dport, .. } => Some((sport, dport)),
            Transport::Icmp { .. } | Transport::Esp { .. } | Transport::Other => None,
        }
    }

    /// Whether a kernel sends such frames by itself, whenever it likes: anything to a group, ARP, and
    /// neighbour and multicast listener discovery (ICMPv6 130 to 143: RFC 4861, 2710, 3810).
    ///
    /// Loss draws for them from a random stream of its own, so that they do not shift what is repeatable.
    pub fn is_chatter(&self) -> bool {
        let discovery = self.ip.is_some_and(|ip| ip.protocol == ICMPV6)
            && matches!(self.transport, Transport::Icmp { kind: 130..=143, .. });
        self.destination.is_group() || self.ethertype == ARP || discovery
    }
}

/// Destination and source address of a frame, without reading further; `None` if it is shorter than a header.
pub fn addresses(bytes: &[u8]) -> Option<(Mac, Mac)> {
    let header = bytes.first_chunk::<HEADER>()?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, ..] = *header;
    Some((Mac([d0, d1, d2, d3, d4, d5]), Mac([s0, s1, s2, s3, s4, s5])))
}

/// A first look at a frame, far cheaper than [`Frame::parse`]: false only if that would find neither this UDP or TCP
/// port in it nor a fragment.
pub fn may_concern(bytes: &[u8], port: u16) -> bool {
    let Some((header, packet)) = bytes.split_first_chunk::<HEADER>() else { return false };
    let at = match (u16::from_be_bytes([header[12], header[13]]), packet) {
        // As in `Frame::parse` the version in the header decides: the type may say otherwise.
        (IPV4 | IPV6, [lengths @ 0x40..=0x4f, _, _, _, _, _, part, offset, _, protocol, ..]) => {
            // Whether it is a fragment, by flag and offset (RFC 791, section 3.1).
            if u16::from_be_bytes([*part, *offset]) & 0x3fff != 0 {
                return true;
            }
            match *protocol {
                TCP | UDP => usize::from(lengths & 0x0f) * 4,
                other => return other == AUTHENTICATION,
            }
        }
        (IPV4 | IPV6, [0x60..=0x6f, _, _, _, _, _, TCP | UDP, ..]) => IPV6_HEADER,
        (IPV4 | IPV6, [0x60..=0x6f, _, _, _, _, _, next, ..]) => return *next != ICMPV6,
        (ARP, _) => return false,
        _ => return true,
    };
    // Ports that are not there cannot be the one either.
    let Some([s0, s1, d0, d1]) = packet.get(at..).and_then(<[u8]>::first_chunk) else { return false };
    u16::from_be_bytes([*s0, *s1]) == port || u16::from_be_bytes([*d0, *d1]) == port
}

fn ip(net: &LaxNetSlice) -> Option<Ip> {
    let (source, destination, payload) = match net {
        LaxNetSlice::Ipv4(v4) => {
            let header = v4.header();
            (header.source_addr().into(), header.destination_addr().into(), v4.payload())
        }
        LaxNetSlice::Ipv6(v6) => {
            let header = v6.header();
            (header.source_addr().into(), header.destination_addr().into(), v6.payload())
        }
        LaxNetSlice::Arp(_) => return None,
    };
    Some(Ip { source, destination, protocol: payload.ip_number.0, fragment: payload.fragmented })
}

fn transport<'a>(slice: &TransportSlice<'a>) -> Transport<'a> {
    match slice {
        TransportSlice::Udp(udp) => {
            Transport::Udp { sport: udp.source_port(), dport: udp.destination_port(), payload: udp.payload() }
        }
        TransportSlice::Tcp(tcp) => Transport::Tcp {
            sport: tcp.source_port(),
            dport: tcp.destination_port(),
            flags: tcp.header_slice().get(13).copied().unwrap_or_default(),
            seq: tcp.sequence_number(),
            payload: tcp.payload(),
        },
        TransportSlice::Icmpv4(icmp) => self::icmp(icmp.slice()),
        TransportSlice::Icmpv6(icmp) => self::icmp(icmp.slice()),
        TransportSlice::Igmp(_) => Transport::Other,
    }
}

/// Type, code and checksum are alike in both versions (RFC 792; RFC 4443, section 2.1).
fn icmp(message: &[u8]) -> Transport<'_> {
    match message {
        [kind, code, _, _, body @ ..] => Transport::Icmp { kind: *kind, code: *code, body },
        _ => Transport::Other,
    }
}

fn esp<'a>(net: &LaxNetSlice) -> Option<Transport<'a>> {
    let packet = net.ip_payload_ref().filter(|payload| payload.ip_number.0 == ESP && !payload.fragmented)?;
    let [a, b, c, d, e, f, g, h] = *packet.payload.first_chunk()?;
    Some(Transport::Esp { spi: u32::from_be_bytes([a, b, c, d]), seq: u32::from_be_bytes([e, f, g, h]) })
}

fn arp_question(arp: &ArpPacketSlice) -> Option<WhoHas> {
    let v4 = |octets: &[u8]| <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into());
    if arp.operation() != ArpOperation::REQUEST || arp.proto_addr_type().0 != IPV4 || arp.hw_addr_size() != 6 {
        return None;
    }
    Some(WhoHas { target: v4(arp.target_protocol_addr())?, asker: v4(arp.sender_protocol_addr())? })
}

/// The target follows type, code, checksum and four reserved octets (RFC 4861, section 4.3).
fn solicitation(ip: Ip, icmp: &[u8]) -> Option<WhoHas> {
    if icmp.first() != Some(&TYPE_NEIGHBOR_SOLICITATION) {
        return None;
    }
    let target = Ipv6Addr::from(*icmp.get(8..)?.first_chunk::<16>()?);
    Some(WhoHas { target: target.into(), asker: ip.source })
}

#[cfg(test)]
mod tests;
