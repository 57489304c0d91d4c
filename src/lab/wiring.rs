//! From a scenario to what switch and endpoints are told: ports, filters, addresses, `/etc/resolv.conf`, `/etc/hosts`. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::fabric::config::{
    Action, Filter, LinkConfig, MacGuard, Match, NetworkConfig, PortConfig, Prefix, SwitchConfig,
};
use crate::helper::message::{Content, FileSpec, NicSpec};
use crate::scenario::{self, Endpoint, FilterAction, Link, Network, Scenario};

/// Most bytes of capture kept of one network.
pub const CAPTURE_LIMIT: u64 = 64 << 20;
/// Queue of a limited link in frames, unless told otherwise.
const QUEUE: u32 = 100;
/// glibc's resolver: seconds for a first answer, and how many tries (resolv.conf(5), `RES_TIMEOUT`, `RES_DFLRETRY`).
const GLIBC_TIMEOUT: (Duration, u32) = (Duration::from_secs(5), 2);
/// The same in compressed time: the resolver knows no less than a second.
const COMPRESSED_TIMEOUT: (Duration, u32) = (Duration::from_secs(1), 1);

/// In labs with an emulated machine, whose logins take seconds of their own: still far more than these.
const EMULATED_TIMEOUT: (Duration, u32) = (Duration::from_secs(4), 1);

/// How patient a lab's resolvers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As the distribution has it.
    Real,
    /// No longer than it must be beside an emulated machine.
    Emulated,
    /// As short as a resolver knows.
    Compressed,
}

impl Patience {
    /// How long an endpoint's resolver waits for one answer, and how many times it asks.
    pub fn waits(self) -> (Duration, u32) {
        match self {
            Patience::Real => GLIBC_TIMEOUT,
            Patience::Emulated => EMULATED_TIMEOUT,
            Patience::Compressed => COMPRESSED_TIMEOUT,
        }
    }
}

/// Name of the switch's port for an endpoint's NIC.
pub fn port_name(endpoint: &str, interface: &str) -> String {
    format!("{endpoint}:{interface}")
}

/// What the switch of a lab is told. `token` draws a fresh token for each port.
pub fn switch_config(scenario: &Scenario, mut token: impl FnMut() -> String) -> SwitchConfig {
    let networks = scenario.networks.iter().map(|(name, network)| network_config(scenario, name, network)).collect();
    let mut ports = Vec::new();
    for (endpoint, spec) in &scenario.endpoints {
        for nic in &spec.nics {
            let link = &scenario.networks[&nic.network];
            let wire = link_config(&link.link, link.max_frame);
            ports.push(PortConfig {
                name: port_name(endpoint, &nic.interface),
                network: nic.network.clone(),
                token: token(),
                mac: nic.mac,
                guard: MacGuard::Record,
                up: wire,
                down: wire,
            });
        }
    }
    let seed = scenario.networks.values().find_map(|network| network.link.seed).unwrap_or_else(|| hash(&scenario.id));
    SwitchConfig { seed, networks, ports, capture_limit: CAPTURE_LIMIT }
}

/// The same text gives the same seed, on every machine.
fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    u64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}

fn network_config(scenario: &Scenario, name: &str, network: &Network) -> NetworkConfig {
    NetworkConfig {
        name: name.to_owned(),
        max_frame: network.max_frame as usize,
        silent: network.silent.clone(),
        filters: network.filters.iter().map(|filter| filter_config(scenario, name, filter)).collect(),
    }
}

fn filter_config(scenario: &Scenario, network: &str, filter: &scenario::Filter) -> Filter {
    let wanted = &filter.matches;
    let ingress = wanted.from.as_ref().and_then(|endpoint| {
        let nic = scenario.endpoints.get(endpoint)?.nics.iter().find(|nic| nic.network == network)?;
        Some(port_name(endpoint, &nic.interface))
    });
    // Both notations of a prefix are the same text.
    let prefix = |prefix: Option<scenario::Prefix>| prefix.and_then(|prefix| prefix.to_string().parse::<Prefix>().ok());
    Filter {
        name: filter.name.clone(),
        action: match filter.action {
            FilterAction::Drop => Action::Drop,
            FilterAction::Count => Action::Count,
            FilterAction::Delay(delay) => Action::Delay { ns: nanoseconds(delay) },
        },
        matches: Match {
            ethertype: wanted.ethertype,
            protocol: wanted.protocol,
            src: prefix(wanted.src),
            dst: prefix(wanted.dst),
            sport: wanted.sport,
            dport: wanted.dport,
            min_length: wanted.min_length.map(|length| length as usize),
            ingress,
            source_mac: wanted.source_mac,
            dns_type: wanted.dns_type,
            dns_suffix: wanted.dns_suffix.clone(),
        },
    }
}

fn link_config(link: &Link, max_frame: u32) -> LinkConfig {
    let queue = if link.queue == 0 { QUEUE } else { link.queue };
    LinkConfig {
        delay_ns: nanoseconds(link.delay),
        jitter_ns: nanoseconds(link.jitter),
        rate_bps: link.rate,
        loss: link.loss,
        queue_bytes: u64::from(queue) * u64::from(max_frame),
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The NICs that an endpoint's helper makes, with the tokens that the switch knows.
pub fn nics(scenario: &Scenario, name: &str, config: &SwitchConfig) -> Vec<NicSpec> {
    let endpoint = &scenario.endpoints[name];
    let specs = endpoint.nics.iter().filter_map(|nic| {
        let network = &scenario.networks[&nic.network];
        let port = config.ports.iter().find(|port| port.name == port_name(name, &nic.interface))?;
        let prefix = |address: IpAddr| {
            let subnet = if address.is_ipv4() { network.subnet } else { network.subnet6 };
            subnet.map_or(if address.is_ipv4() { 32 } else { 128 }, |subnet| subnet.length)
        };
        Some(NicSpec {
            interface: nic.interface.clone(),
            mac: nic.mac,
            addresses: nic.addresses.iter().map(|address| (*address, prefix(*address))).collect(),
            mtu: network.max_frame - crate::wire::frame::HEADER as u32,
            token: port.token.clone(),
        })
    });
    specs.collect()
}

/// Makes an endpoint's NIC one that a virtual machine stands behind, which has its address and its MAC address: a bridge takes what is for
/// its own NICs' MAC addresses.
pub fn behind(nic: &mut NicSpec) {
    nic.addresses.clear();
    nic.mac[0] ^= 0x02;
    nic.mac[5] ^= 0x80;
}

/// Kernel parameters of an endpoint: closed by default, and what the scenario says.
pub fn sysctls(endpoint: &Endpoint) -> BTreeMap<String, String> {
    // An engine hands the host's own forwarding down into every container.
    let mut sysctls = BTreeMap::from([("net.ipv4.ip_forward".to_owned(), "0".to_owned())]);
    let ipv6 = endpoint.nics.iter().flat_map(|nic| &nic.addresses).any(IpAddr::is_ipv6);
    if ipv6 {
        for (key, value) in [
            ("all.disable_ipv6", "0"),
            ("default.disable_ipv6", "0"),
            ("default.accept_dad", "0"),
            ("default.accept_ra", "0"),
        ] {
            sysctls.insert(format!("net.ipv6.conf.{key}"), value.to_owned());
        }
    }
    sysctls.extend(endpoint.sysctls.clone());
    sysctls
}

/// The files that every endpoint gets before anything starts there.
pub fn files(name: &str, endpoint: &Endpoint, patience: Patience) -> Vec<FileSpec> {
    let file =
        |path: &str, content: String| FileSpec { path: path.to_owned(), content: Content::Text(content), mode: 0o644 };
    let mut files =
        vec![file("/etc/resolv.conf", resolv_conf(endpoint, patience)), file("/etc/hosts", hosts(name, endpoint))];
    files.extend(endpoint.files.iter().map(|(path, content)| file(path, content.clone())));
    files
}

fn resolv_conf(endpoint: &Endpoint, patience: Patience) -> String {
    let mut text = String::new();
    for server in &endpoint.resolver {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "nameserver {server}");
    }
    if !endpoint.search.is_empty() {
        let _ = writeln!(text, "search {}", endpoint.search.join(" "));
    }
    if patience != Patience::Real && !endpoint.resolver.is_empty() {
        let (timeout, attempts) = patience.waits();
        let _ = writeln!(text, "options timeout:{} attempts:{attempts}", timeout.as_secs());
    }
    text
}

fn hosts(name: &str, endpoint: &Endpoint) -> String {
    // The endpoint's own name, as Debian's installer writes it; without it sshd and others would ask the network for it.
    let mut text = format!("127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost\n");
    for (host, addresses) in &endpoint.hosts {
        for address in addresses {
            let _ = writeln!(text, "{address} {host}");
        }
    }
    text
}
