//! Hosts that are there and never answer: each resolves to a MAC address and swallows whatever it is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::icmpv6::NeighborAdvertisementHeader;
use etherparse::{Icmpv6Type, PacketBuilder};

use super::counters::SilentCounters;
use crate::wire::frame::{ARP, Frame, IPV4, Mac, WhoHas};

/// All IPv6 nodes of the link, as address and as MAC (RFC 4291, section 2.7.1; RFC 2464, section 7).
const ALL_NODES: (Ipv6Addr, Mac) = (Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), Mac([0x33, 0x33, 0, 0, 0, 1]));

/// The silent hosts of one network.
#[derive(Debug)]
pub struct Silent {
    hosts: Vec<Host>,
}

#[derive(Debug)]
struct Host {
    address: IpAddr,
    mac: Mac,
    counters: SilentCounters,
}

/// What the silent hosts make of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It is not for them, or not for them alone.
    Ignore,
    /// It was for one of them: it ends here.
    Swallow,
    /// One of them answers this, to the port that the frame came from. `ends` tells whether the question was for it
    /// alone.
    Answer {
        /// The answer.
        frame: Vec<u8>,
        /// Whether the question goes no further.
        ends: bool,
    },
}

impl Silent {
    /// Silent hosts at these addresses.
    pub fn new(addresses: &[IpAddr]) -> Self {
        let host = |&address| Host { address, mac: mac_of(address), counters: SilentCounters::default() };
        Self { hosts: addresses.iter().map(host).collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Shows a frame to the hosts.
    pub fn see(&mut self, frame: &Frame) -> Reaction {
        // An answer would have to carry the tag, and no lab has a silent host behind one.
        let question = frame.question.filter(|_| frame.vlan.is_none());
        let addressed = self.hosts.iter().any(|host| host.mac == frame.destination);
        if let Some(question) = question
            && (addressed || frame.destination.is_group())
            && let Some(host) = self.hosts.iter_mut().find(|host| host.address == question.target)
            && let Some(answer) = answer(host.mac, frame.source, question)
        {
            host.counters.answered += 1;
            return Reaction::Answer { frame: answer, ends: addressed };
        }
        let Some(host) = self.hosts.iter_mut().find(|host| host.mac == frame.destination) else {
            return Reaction::Ignore;
        };
        host.counters.swallowed += 1;
        host.counters.swallowed_bytes += frame.length as u64;
        Reaction::Swallow
    }

    /// Address and counters of each host.
    pub fn counters(&self) -> impl Iterator<Item = (IpAddr, SilentCounters)> {
        self.hosts.iter().map(|host| (host.address, host.counters))
    }

    /// Sets all counters to zero.
    pub fn reset(&mut self) {
        self.hosts.iter_mut().for_each(|host| host.counters = SilentCounters::default());
    }
}

/// The MAC address of a silent host: locally administered and the same in each run, so that neighbours' caches and
/// captures can be compared.
pub fn mac_of(address: IpAddr) -> Mac {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            Mac([0x02, 0x53, a, b, c, d])
        }
        IpAddr::V6(v6) => {
            // FNV-1a: 40 bits tell the few silent hosts of a lab apart.
            let hash = v6.octets().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
                (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
            });
            let [a, b, c, d, e, ..] = hash.to_be_bytes();
            Mac([0x06, a, b, c, d, e])
        }
    }
}

fn answer(own: Mac, asker: Mac, question: WhoHas) -> Option<Vec<u8>> {
    match (question.target, question.asker) {
        (IpAddr::V4(target), IpAddr::V4(from)) => Some(arp_reply((own, target), (asker, from))),
        (IpAddr::V6(target), IpAddr::V6(from)) => advertisement((own, target), (asker, from)),
        _ => None,
    }
}

/// An ARP reply (RFC 826).
fn arp_reply((own, target): (Mac, Ipv4Addr), (asker, from): (Mac, Ipv4Addr)) -> Vec<u8> {
    let [hardware, reply] = [1_u16, 2].map(u16::to_be_bytes);
    let (arp, ipv4, lengths) = (ARP.to_be_bytes(), IPV4.to_be_bytes(), [6, 4]);
    let fields: [&[u8]; 11] = [
        &asker.0,
        &own.0,
        &arp,
        &hardware,
        &ipv4,
        &lengths,
        &reply,
        &own.0,
        &target.octets(),
        &asker.0,
        &from.octets(),
    ];
    fields.concat()
}

/// A neighbour advertisement with the target's link-layer address (RFC 4861, sections 4.4, 4.6.1, 7.2.4): to the
/// asker, or to all nodes if the asker has no address yet.
fn advertisement((own, target): (Mac, Ipv6Addr), (asker, from): (Mac, Ipv6Addr)) -> Option<Vec<u8>> {
    let solicited = !from.is_unspecified();
    let (to, mac) = if solicited { (from, asker) } else { ALL_NODES };
    let header = NeighborAdvertisementHeader { router: false, solicited, r#override: true };
    let option = [&[2, 1][..], &own.0].concat();
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(own.0, mac.0)
        .ipv6(target.octets(), to.octets(), 255)
        .icmpv6(Icmpv6Type::NeighborAdvertisement(header))
        .write(&mut frame, &[&target.octets()[..], &option].concat())
        .ok()?;
    Some(frame)
}

#[cfg(test)]
mod tests {
    use etherparse::{SlicedPacket, TransportSlice};

    use super::*;

    const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn arp(to: Mac, from: &str, target: &str) -> Vec<u8> {
        let octets = |text: &str| text.parse::<Ipv4Addr>().unwrap().octets();
        let head: &[u8] = &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
        [&to.0, &CLIENT.0, head, &CLIENT.0, &octets(from), &[0; 6], &octets(target)].concat()
    }

    fn solicit(to: Mac, from: &str, target: &str) -> Vec<u8> {
        let octets = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
        let mut frame = Vec::new();
        PacketBuilder::ethernet2(CLIENT.0, to.0)
            .ipv6(octets(from), octets("ff02::1:ff00:99"), 255)
            .icmpv6(Icmpv6Type::NeighborSolicitation)
            .write(&mut frame, &octets(target))
            .unwrap();
        frame
    }

    fn see(silent: &mut Silent, frame: &[u8]) -> Reaction {
        silent.see(&Frame::parse(frame).unwrap())
    }

    #[test]
    fn answers_arp_and_swallows_the_rest() {
        let address = "192.168.1.99".parse().unwrap();
        let mut silent = Silent::new(&[address]);
        let asked = arp(Mac([0xff; 6]), "192.168.1.20", "192.168.1.99");
        let Reaction::Answer { frame, ends: false } = see(&mut silent, &asked) else { panic!("no answer") };
        let own = mac_of(address);
        assert_eq!(frame.len(), 42);
        assert_eq!((&frame[..6], &frame[6..12], &frame[20..22]), (&CLIENT.0[..], &own.0[..], &[0, 2][..]));
        assert_eq!((&frame[22..28], &frame[28..32]), (&own.0[..], &[192, 168, 1, 99][..]));
        assert_eq!((&frame[32..38], &frame[38..]), (&CLIENT.0[..], &[192, 168, 1, 20][..]));

        let again = arp(own, "192.168.1.20", "192.168.1.99");
        assert!(matches!(see(&mut silent, &again), Reaction::Answer { ends: true, .. }));
        let other = arp(Mac([0xff; 6]), "192.168.1.20", "192.168.1.98");
        assert_eq!(see(&mut silent, &other), Reaction::Ignore);
        let query = [&own.0[..], &CLIENT.0, &[8, 0], &[0; 86]].concat();
        assert_eq!(see(&mut silent, &query), Reaction::Swallow);
        let counted = SilentCounters { answered: 2, swallowed: 1, swallowed_bytes: 100 };
        assert_eq!(silent.counters().collect::<Vec<_>>(), [(address, counted)]);
        silent.reset();
        assert_eq!(silent.counters().next().unwrap().1, SilentCounters::default());
    }

    #[test]
    fn answers_neighbour_solicitation_with_a_right_checksum() {
        let target: Ipv6Addr = "fd00:1::99".parse().unwrap();
        let mut silent = Silent::new(&[target.into()]);
        let group = Mac([0x33, 0x33, 0xff, 0, 0, 0x99]);
        for (from, to, mac) in [("fd00:1::20", "fd00:1::20", CLIENT), ("::", "ff02::1", ALL_NODES.1)] {
            let asked = solicit(group, from, "fd00:1::99");
            let Reaction::Answer { frame, ends: false } = see(&mut silent, &asked) else { panic!("no answer") };
            assert_eq!(Frame::parse(&frame).unwrap().destination, mac);
            let packet = SlicedPacket::from_ethernet(&frame).unwrap();
            let header = packet.net.unwrap().ipv6_ref().unwrap().header();
            let destination: Ipv6Addr = to.parse().unwrap();
            assert_eq!((header.hop_limit(), header.destination_addr()), (255, destination));
            let Some(TransportSlice::Icmpv6(icmp)) = packet.transport else { panic!("no ICMPv6") };
            assert!(icmp.is_checksum_valid(target.octets(), destination.octets()));
            let flags = if from == "::" { 0x20 } else { 0x60 };
            assert_eq!((icmp.type_u8(), icmp.bytes5to8()[0]), (136, flags));
            assert_eq!(icmp.payload(), [&target.octets()[..], &[2, 1], &mac_of(target.into()).0].concat());
        }
    }

    #[test]
    fn addresses_are_local_stable_and_different() {
        let macs = ["192.168.1.99", "192.168.1.98", "fd00::1", "fd00::2"].map(|text| mac_of(text.parse().unwrap()));
        assert_eq!(macs[0].to_string(), "02:53:c0:a8:01:63");
        for (n, mac) in macs.iter().enumerate() {
            assert!(mac.0[0] & 3 == 2 && !macs[..n].contains(mac));
        }
    }
}
