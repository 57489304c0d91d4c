//! Networks and their links.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::error::{Problem, say};
use super::super::file::model;
use super::super::file::table::Maybe;
use super::super::file::value::{At, Tried};
use super::super::{Link, Network, Prefix};
use super::Resolver;
use super::names::Noun;

/// Largest frame of a network unless told: Ethernet with an MTU of 1500 (RFC 894), without FCS.
const MAX_FRAME: u32 = 1514;
/// Least frame that carries IPv6: its least MTU of 1280 (RFC 8200 section 5) and the Ethernet header.
const LEAST_IPV6_FRAME: u64 = 1280 + 14;

impl<'a> Resolver<'a> {
    /// All networks.
    pub(super) fn networks(&mut self) -> BTreeMap<String, Network> {
        self.check_names(Noun::Network, self.network_entries().iter().map(|(name, _)| name));
        self.network_entries()
            .iter()
            .map(|(name, table)| (name.value.clone(), self.resolve_network(name, table)))
            .collect()
    }

    fn resolve_network(&mut self, name: &str, table: &'a model::Network) -> Network {
        let silent = self.items(&table.silent);
        for address in silent {
            self.check_in_network(name, table, address);
        }
        let max_frame = table.max_frame.as_ref();
        if let (Some(max), Some(_)) = (max_frame, &table.subnet6)
            && max.value.0 < LEAST_IPV6_FRAME
        {
            let title = say!("frames are too small for IPv6", "フレームがIPv6には小さすぎます");
            let label =
                say!("at least {LEAST_IPV6_FRAME} with a `subnet6`", "`subnet6` があれば {LEAST_IPV6_FRAME} 以上");
            self.push(Problem::at(&max.span, title).label(label));
        }
        Network {
            subnet: self.subnet(&table.subnet, true),
            subnet6: self.subnet(&table.subnet6, false),
            silent: silent.iter().map(|address| address.value).collect(),
            max_frame: max_frame.map_or(MAX_FRAME, |max| max.value.0 as u32),
            link: table.link.as_ref().map_or_else(Link::default, |link| resolve_link(link)),
            filters: self.filters(name, table),
        }
    }

    /// A network's prefix: of the right family, and one that hosts can have addresses of.
    fn subnet(&mut self, given: &'a Maybe<Tried<Prefix>>, v4: bool) -> Option<Prefix> {
        let At { value: Tried(Some(prefix)), span } = given.as_ref()? else { return None };
        let other = if v4 { "subnet6" } else { "subnet" };
        if prefix.address.is_ipv4() != v4 {
            let title =
                say!("`{prefix}` is of the other address family", "`{prefix}` はもう一方のアドレスファミリーです");
            self.push(Problem::at(span, title).help(say!("call the key `{other}`", "キーを `{other}` にします")));
        } else if let Some((what, ja)) = unusable(prefix.address) {
            let title = say!("`{prefix}` is no network for hosts", "`{prefix}` はホスト用のネットワークではありません");
            self.push(Problem::at(span, title).label(say!("{what} addresses", "{ja}アドレス")));
        }
        Some(*prefix)
    }
}

fn resolve_link(link: &model::Link) -> Link {
    Link {
        delay: link.delay.as_ref().map_or_else(Default::default, |delay| delay.value),
        jitter: link.jitter.as_ref().map_or_else(Default::default, |jitter| jitter.value),
        rate: link.rate.as_ref().map_or(0, |rate| rate.value.0),
        loss: link.loss.as_ref().map_or(0.0, |loss| loss.value.0),
        queue: link.queue.as_ref().map_or(0, |queue| queue.value.0 as u32),
        seed: link.seed.as_ref().map(|seed| seed.value.0),
    }
}

/// What kind of addresses cannot be given to hosts' NICs, in English and Japanese.
fn unusable(ip: IpAddr) -> Option<(&'static str, &'static str)> {
    match ip {
        _ if ip.is_unspecified() => Some(("unspecified", "未指定")),
        _ if ip.is_loopback() => Some(("loopback", "ループバック")),
        _ if ip.is_multicast() => Some(("multicast", "マルチキャスト")),
        IpAddr::V4(v4) if v4.octets()[0] == 127 => Some(("loopback", "ループバック")),
        IpAddr::V4(v4) if v4.octets()[0] >= 240 => Some(("reserved", "予約済み")),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(("link-local", "リンクローカル")),
        _ => None,
    }
}
