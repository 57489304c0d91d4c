//! A scenario: what a lab is made of, what breaks it, what mends it, and what must hold. Pure data, references resolved.

mod accept;
pub mod catalog;
mod check;
pub mod error;
pub mod file;
pub mod host;
pub mod look;
pub mod mutant;
mod resolve;
pub mod subject;
pub mod submission;
mod suggest;
pub mod text;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use accept::{Accept, Handed, ServicePort, Transport};
pub use check::{Bound, Check, Condition, Limit, Look, Partial, Reason, Relation};
pub use text::{Lang, Text};

/// One lab exercise.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// `<family>/<name>`, from the directory's path.
    pub id: String,
    /// The directory that holds `scenario.toml`.
    pub dir: PathBuf,
    /// Title for people.
    pub title: Text,
    /// One paragraph: what is shown, and to whom.
    pub about: Option<Text>,
    /// The section of the course this belongs to.
    pub material: Option<String>,
    /// Capabilities the machine must have, else the scenario is `unsupported`.
    pub requires: Vec<Requirement>,
    /// Networks by name.
    pub networks: BTreeMap<String, Network>,
    /// Endpoints by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Actions that make the symptom appear, in order; part of every arm.
    pub faults: Vec<Action>,
    /// Documented remedies, in the order in which the course prints them.
    pub fixes: Vec<Fix>,
    /// Ways to measure.
    pub probes: Vec<Probe>,
    /// What must hold.
    pub checks: Vec<Check>,
    /// Why a check may fail.
    pub reasons: Vec<Reason>,
    /// What students hand in.
    pub accepts: Vec<Accept>,
    /// With which mutants it is proven, if not with all kinds.
    pub mutants: Option<mutant::Restricted>,
    /// Time limits of the phases.
    pub limits: Limits,
}

/// Something the machine must offer for a scenario to run there.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// TAP devices (`/dev/net/tun`): every lab needs them.
    Tun,
    /// IPv6 inside a network namespace.
    Ipv6,
    /// IPsec ESP in the kernel (`esp4`).
    KernelEsp,
    /// Connection tracking in a network namespace.
    Conntrack,
    /// Network address translation (`MASQUERADE`).
    Nat,
}

impl Requirement {
    /// The requirement as scenario files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Requirement::Tun => "tun",
            Requirement::Ipv6 => "ipv6",
            Requirement::KernelEsp => "kernel-esp",
            Requirement::Conntrack => "conntrack",
            Requirement::Nat => "nat",
        }
    }
}

/// One Ethernet network, carried by the lab's switch.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// IPv4 network and prefix length.
    pub subnet: Option<Prefix>,
    /// IPv6 network and prefix length.
    pub subnet6: Option<Prefix>,
    /// Addresses that answer ARP or neighbour solicitation and swallow everything else.
    pub silent: Vec<IpAddr>,
    /// The largest frame the network carries, in bytes without FCS; 1514 unless told.
    pub max_frame: u32,
    /// Impairment of every NIC's wire on this network, in each direction.
    pub link: Link,
    /// Rules of the switch for this network, in order.
    pub filters: Vec<Filter>,
}

/// An IP prefix such as `192.168.1.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// Any address of the network; host bits are zero.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub length: u8,
}

impl Prefix {
    /// Whether `ip` is of this family and inside the prefix.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.length.min(32));
                (u64::from(net.to_bits()) >> shift) == (u64::from(ip.to_bits()) >> shift)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.length.min(128));
                shift == 128 || (net.to_bits() >> shift) == (ip.to_bits() >> shift)
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Impairment of one NIC's wire; the default is a perfect wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Link {
    /// One-way delay.
    pub delay: Duration,
    /// Uniform extra delay, from zero to this; frames stay in order.
    pub jitter: Duration,
    /// Bits per second on the wire, zero for unlimited.
    pub rate: u64,
    /// Share of frames lost, 0 to 1.
    pub loss: f64,
    /// Queue before a limited link, in frames of the largest size; zero for the default of 100.
    pub queue: u32,
    /// Seed of the losses; the lab's own when absent.
    pub seed: Option<u64>,
}

/// A rule of the switch.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Name in counters and evidence.
    pub name: String,
    /// What is done with a frame that matches.
    pub action: FilterAction,
    /// All given fields must match.
    pub matches: Match,
}

/// What a filter does.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterAction {
    /// The frame vanishes (counted and captured all the same).
    Drop,
    /// The frame is only counted.
    Count,
    /// The frame goes on after this time.
    Delay(Duration),
}

/// Fields of a frame that a filter looks at; an absent field matches every frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Match {
    /// EtherType, such as 0x86dd.
    pub ethertype: Option<u16>,
    /// IP protocol number (IANA), such as 17 for UDP.
    pub protocol: Option<u8>,
    /// Source address or prefix.
    pub src: Option<Prefix>,
    /// Destination address or prefix.
    pub dst: Option<Prefix>,
    /// Source port.
    pub sport: Option<u16>,
    /// Destination port.
    pub dport: Option<u16>,
    /// Least frame length in bytes, without FCS.
    pub min_length: Option<u32>,
    /// The endpoint whose NIC the frame came from.
    pub from: Option<String>,
    /// Source MAC address.
    pub source_mac: Option<[u8; 6]>,
    /// DNS question type number (RFC 1035 §3.2.2), such as 28 for AAAA.
    pub dns_type: Option<u16>,
    /// The DNS question's name ends with these labels, such as `ip6.arpa.`.
    pub dns_suffix: Option<String>,
}

/// One node of the topology.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Directory under `containers/`, or an image reference of the engine when it contains `:` or `/`.
    pub image: String,
    /// NICs by network name, in the order of the file; they are called `eth1`, `eth2`, …
    pub nics: Vec<Nic>,
    /// Default routes' gateways (at most one of each family).
    pub gateways: Vec<IpAddr>,
    /// Name servers, written to `/etc/resolv.conf`.
    pub resolver: Vec<IpAddr>,
    /// Domains that are tried behind short names (resolv.conf(5), `search`).
    pub search: Vec<String>,
    /// Lines for `/etc/hosts`: name to addresses, in order.
    pub hosts: Vec<(String, Vec<IpAddr>)>,
    /// Kernel parameters of the endpoint's namespaces (sysctl(8) keys).
    pub sysctls: BTreeMap<String, String>,
    /// Capabilities (capabilities(7), without `CAP_`) beyond the engine's defaults.
    pub capabilities: Vec<String>,
    /// Memory limit in bytes.
    pub memory: u64,
    /// Limit on processes and threads.
    pub processes: u32,
    /// Files written before anything starts: path in the endpoint, content.
    pub files: Vec<(String, String)>,
    /// Shell line that starts the endpoint's daemons.
    pub start: Option<String>,
    /// How to tell that it is ready.
    pub ready: Option<Ready>,
    /// Log files kept as evidence, and shown when the endpoint does not get ready.
    pub logs: Vec<String>,
    /// Shell line whose output is the daemon's effective configuration; read only to explain a verdict.
    pub effective: Option<String>,
}

/// A NIC of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Nic {
    /// Network it is wired to.
    pub network: String,
    /// Interface name inside the endpoint.
    pub interface: String,
    /// Addresses, each inside one of the network's subnets; none for a bridge port.
    pub addresses: Vec<IpAddr>,
    /// Fixed MAC address; derived from endpoint and network when the file gives none.
    pub mac: [u8; 6],
}

/// A readiness probe, repeated until it succeeds or the limit passes.
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    /// A TCP connection to this port of the endpoint's own loopback or first address is accepted.
    Tcp(u16),
    /// The name server at the endpoint's first address answers a query for this name.
    Dns(String),
    /// This shell line exits with 0.
    Run(String),
}

/// A shell line run as root in an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Name, unique among its kind.
    pub name: String,
    /// Endpoints it runs in, in order.
    pub on: Vec<String>,
    /// The shell lines, run by `sh -c`.
    pub run: String,
}

/// A documented remedy.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// The lines of the course.
    pub action: Action,
    /// What the remedy is, for people.
    pub title: Option<Text>,
    /// Shell line that makes the edit take effect; run once an endpoint, after all fixes of the arm.
    pub activate: Option<String>,
    /// Files the lines are meant to change. One that stays the same is a finding.
    pub edits: Vec<String>,
}

/// A way to measure, bound to endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Name, the first half of its metrics' names.
    pub name: String,
    /// Probe kind, one of the registry's.
    pub kind: String,
    /// Endpoint that measures.
    pub from: String,
    /// Endpoint that is measured.
    pub to: String,
    /// How many times, before any extra samples.
    pub samples: u32,
    /// Most samples that may be taken when the interval straddles the bound.
    pub samples_most: u32,
    /// Longest one sample may take.
    pub limit: Duration,
    /// Shell line run on endpoints before each sample, so that samples are independent.
    pub before: Option<Action>,
    /// Parameters of the kind.
    pub with: toml::Table,
}

/// Time limits of a lab's phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first container to all NICs up.
    pub up: Duration,
    /// Until every endpoint is ready.
    pub ready: Duration,
    /// For each fault, fix or activation.
    pub action: Duration,
    /// For all samples of one arm.
    pub measure: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            up: Duration::from_secs(60),
            ready: Duration::from_secs(30),
            action: Duration::from_secs(30),
            measure: Duration::from_secs(600),
        }
    }
}
