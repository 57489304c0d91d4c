//! Addresses in their networks: inside the prefix, usable, and there once.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use super::super::Prefix;
use super::super::error::{Problem, Span, printable, say};
use super::super::file::model;
use super::super::file::value::At;
use super::Resolver;

/// The MAC address of an endpoint's NIC when the file gives none: 02 (locally administered, unicast) and the last five
/// bytes of FNV-1a 64 over `<endpoint>/<network>`. The same in every run, so captures compare.
pub(super) fn derived_mac(endpoint: &str, network: &str) -> [u8; 6] {
    let name = format!("{endpoint}/{network}");
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let [_, _, _, a, b, c, d, e] = hash.to_be_bytes();
    [2, a, b, c, d, e]
}

/// The prefixes of a network that could be read.
pub(super) fn prefixes(network: &model::Network) -> impl Iterator<Item = Prefix> {
    [&network.subnet, &network.subnet6].into_iter().flatten().filter_map(|prefix| prefix.value.0)
}

impl<'a> Resolver<'a> {
    /// Reports when no host of `network` can have `address`.
    pub(super) fn check_in_network(&mut self, name: &str, network: &'a model::Network, address: &At<IpAddr>) {
        let (ip, name) = (address.value, printable(name));
        let (key, subnet) = if ip.is_ipv4() { ("subnet", &network.subnet) } else { ("subnet6", &network.subnet6) };
        let problem = Problem::at(
            &address.span,
            say!("`{ip}` is outside network `{name}`", "`{ip}` はネットワーク `{name}` の外です"),
        );
        let Some(subnet) = subnet else {
            let help = say!("network `{name}` has no `{key}`", "ネットワーク `{name}` に `{key}` がありません");
            return self.push(problem.help(help));
        };
        let Some(prefix) = subnet.value.0 else { return };
        if !prefix.contains(ip) {
            let label = say!("not in {prefix}", "{prefix} に含まれません");
            let here = say!("the network is defined here", "ネットワークの定義");
            return self.push(problem.label(label).second(&subnet.span, here));
        }
        if let Some((title, help)) = reserved(ip, prefix) {
            self.push(Problem::at(&address.span, title).help(help));
        }
    }

    /// Reports addresses and MAC addresses that two NICs, or a NIC and a silent host, of one network have.
    pub(super) fn check_addresses(&mut self) {
        let mut addresses: Vec<(&str, IpAddr, &Span)> = Vec::new();
        let mut macs: Vec<(&str, [u8; 6], &Span)> = Vec::new();
        for (network, table) in self.network_entries() {
            addresses.extend(self.items(&table.silent).iter().map(|ip| (network.value.as_str(), ip.value, &ip.span)));
        }
        for (endpoint, table) in self.endpoint_entries() {
            for (network, nic) in table.nic.get().map_or(&[][..], |nics| &nics.value.0) {
                let (network_name, nic) = (network.value.as_str(), &nic.value.0);
                addresses.extend(self.items(&nic.addresses).iter().map(|ip| (network_name, ip.value, &ip.span)));
                macs.push(match &nic.mac {
                    Some(mac) => (network_name, mac.value.0, &mac.span),
                    None => (network_name, derived_mac(endpoint, network), &network.span),
                });
            }
        }
        for (network, ip, again, first) in twice(addresses) {
            let network = printable(network);
            let title =
                say!("`{ip}` is there twice in network `{network}`", "`{ip}` がネットワーク `{network}` に2つあります");
            self.push(Problem::at(again, title).second(first, say!("first given here", "最初の使用")));
        }
        for (network, mac, again, first) in twice(macs) {
            let (network, mac) = (printable(network), mac.map(|byte| format!("{byte:02x}")).join(":"));
            let title = say!(
                "MAC address {mac} is there twice in network `{network}`",
                "MACアドレス {mac} がネットワーク `{network}` に2つあります"
            );
            self.push(Problem::at(again, title).second(first, say!("first given here", "最初の使用")));
        }
    }
}

/// What stands twice in one network, with the later and the earlier place.
fn twice<'s, T: Copy + Eq + Hash>(mut all: Vec<(&'s str, T, &'s Span)>) -> Vec<(&'s str, T, &'s Span, &'s Span)> {
    all.sort_by_key(|(_, _, span)| span.start);
    let mut first = HashMap::new();
    let again =
        |(network, value, span)| first.insert((network, value), span).map(|before| (network, value, span, before));
    all.into_iter().filter_map(again).collect()
}

/// Why no host can have `ip`, an address of `prefix`.
fn reserved(ip: IpAddr, prefix: Prefix) -> Option<(super::super::Text, super::super::Text)> {
    // RFC 3021 (/31), RFC 6164 (/127) and host prefixes have neither kind of reserved address.
    if prefix.bits() - prefix.length < 2 {
        return None;
    }
    let first = prefix.address == ip;
    match (ip, prefix.address) {
        (IpAddr::V4(_), _) if first => Some((
            say!("`{ip}` is the network's own address", "`{ip}` はネットワークアドレスです"),
            say!("take a host address of {prefix}", "{prefix} のホストアドレスを使います"),
        )),
        (IpAddr::V4(v4), IpAddr::V4(net)) if v4.to_bits() == net.to_bits() | (u32::MAX >> prefix.length) => Some((
            say!("`{ip}` is the network's broadcast address", "`{ip}` はブロードキャストアドレスです"),
            say!("take a host address of {prefix}", "{prefix} のホストアドレスを使います"),
        )),
        (IpAddr::V6(_), _) if first => Some((
            say!(
                "`{ip}` is the subnet-router anycast address",
                "`{ip}` はサブネットルータのエニーキャストアドレスです"
            ),
            say!(
                "RFC 4291 section 2.6.1 reserves it; take another of {prefix}",
                "RFC 4291 2.6.1節で予約済みです。{prefix} の他のアドレスを使います"
            ),
        )),
        _ => None,
    }
}
