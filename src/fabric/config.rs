//! What a switch is told at start: networks, ports, links, filters.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Largest frame of an untagged Ethernet with an MTU of 1500, in bytes without FCS (IEEE 802.3).
pub const DEFAULT_MAX_FRAME: usize = 1514;
/// Queue of a rate-limited link unless told otherwise, in bytes: 100 full frames.
pub const DEFAULT_QUEUE_BYTES: u64 = 100 * 1514;

/// Everything a switch is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchConfig {
    /// What loss and jitter are drawn from: the same seed gives the same fate to the same n-th frame.
    pub seed: u64,
    /// The networks, with names of their own.
    pub networks: Vec<NetworkConfig>,
    /// The ports, in the order in which the switch numbers them.
    pub ports: Vec<PortConfig>,
    /// Largest capture per network, in bytes of pcapng.
    pub capture_limit: u64,
}

/// One network: a broadcast domain that no frame leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Name, as in the scenario.
    pub name: String,
    /// Largest frame that passes, in bytes with header and tags, without FCS. A TAP takes any length, so that
    /// without this limit no MTU fault would exist.
    #[serde(default = "default_max_frame")]
    pub max_frame: usize,
    /// Addresses that answer ARP and neighbour solicitation and swallow everything else.
    #[serde(default)]
    pub silent: Vec<IpAddr>,
    /// Filters, asked in this order.
    #[serde(default)]
    pub filters: Vec<Filter>,
}

/// One port: where one NIC is plugged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortConfig {
    /// `endpoint:nic`, unique in the switch.
    pub name: String,
    /// Name of its network.
    pub network: String,
    /// What the NIC's owner proves itself with, once.
    pub token: String,
    /// The NIC's MAC address.
    pub mac: [u8; 6],
    /// What happens to frames from another MAC address.
    #[serde(default)]
    pub guard: MacGuard,
    /// The wire from the NIC to the switch.
    #[serde(default)]
    pub up: LinkConfig,
    /// The wire from the switch to the NIC.
    #[serde(default)]
    pub down: LinkConfig,
}

/// What happens to a frame whose source is not the port's own MAC address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MacGuard {
    /// It is counted, marked in the capture and passed on, as a plain switch would. Endpoints that bridge need this.
    #[default]
    Record,
    /// It is dropped.
    Drop,
}

/// One wire in one direction. The default is an ideal one: no delay, no limit, no loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkConfig {
    /// Propagation delay in nanoseconds.
    pub delay_ns: u64,
    /// Upper end of a uniform extra delay, in nanoseconds. Frames wait for the one before them: none is reordered.
    pub jitter_ns: u64,
    /// Bits per second on the wire, with preamble, FCS and gap; 0 is without limit.
    pub rate_bps: u64,
    /// Probability that a frame is lost, 0 to 1.
    pub loss: f64,
    /// Frames that do not fit into this many waiting bytes are dropped; only with a rate.
    pub queue_bytes: u64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self { delay_ns: 0, jitter_ns: 0, rate_bps: 0, loss: 0.0, queue_bytes: DEFAULT_QUEUE_BYTES }
    }
}

/// A rule of one network, asked of every frame as it comes in from a NIC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Name under which its hits are counted, unique in its network.
    pub name: String,
    /// Which frames it is about.
    #[serde(default)]
    pub matches: Match,
    /// What happens to them.
    pub action: Action,
}

/// What a filter does to a frame that it matches; it counts it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// The frame is dropped and no further filter is asked.
    Drop,
    /// The frame is only counted.
    Count,
    /// The frame waits before it enters its link; others overtake it. Delays of several filters add up.
    Delay {
        /// How long, in nanoseconds.
        ns: u64,
    },
}

/// Which frames a filter is about: all that is given must hold, and what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Ethertype, behind VLAN tags.
    pub ethertype: Option<u16>,
    /// IP protocol number.
    pub protocol: Option<u8>,
    /// Source address, or its prefix.
    pub src: Option<Prefix>,
    /// Destination address, or its prefix.
    pub dst: Option<Prefix>,
    /// UDP or TCP source port.
    pub sport: Option<u16>,
    /// UDP or TCP destination port.
    pub dport: Option<u16>,
    /// Frames of at least this many bytes, header included.
    pub min_length: Option<usize>,
    /// Name of the port that the frame comes in from.
    pub ingress: Option<String>,
    /// Source MAC address.
    pub source_mac: Option<[u8; 6]>,
    /// Type number of a question in a DNS message to or from port 53.
    pub dns_type: Option<u16>,
    /// A question's name is this or below it, whatever the case; with `dns_type`, of the same question.
    pub dns_suffix: Option<String>,
}

/// An IP address or a prefix; written `192.0.2.1` or `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    address: IpAddr,
    bits: u8,
}

impl Prefix {
    /// Whether `address` lies within.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits.into(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits.into(),
            _ => false,
        }
    }
}

/// Why a text is not an address or a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a prefix such as 192.0.2.0/24")]
pub struct PrefixError(String);

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let bad = || PrefixError(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(longest), |bits| bits.parse().map_err(|_| bad()))?;
        if bits > longest { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

impl TryFrom<String> for Prefix {
    type Error = PrefixError;

    fn try_from(text: String) -> Result<Self, PrefixError> {
        text.parse()
    }
}

impl From<IpAddr> for Prefix {
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.to_string()
    }
}

fn default_max_frame() -> usize {
    DEFAULT_MAX_FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_contain_by_family_and_bits() {
        let holds = |prefix: &str, address: &str| prefix.parse::<Prefix>().unwrap().contains(address.parse().unwrap());
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::1", "2001:db8::1"));
        assert!(!holds("2001:db8::1", "2001:db8::2"));
        for bad in ["", "192.0.2.0/33", "192.0.2.0/", "x/24", "::/129", "192.0.2.0/-1"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_short_configuration_reads_with_defaults_and_survives_the_round_trip() {
        let text = r#"{"seed":1,"capture_limit":1000,
            "networks":[{"name":"lan","filters":[
                {"name":"slow","matches":{"sport":53,"src":"192.0.2.0/24"},"action":{"delay":{"ns":400}}},
                {"name":"all","action":"count"}]}],
            "ports":[{"name":"a:eth1","network":"lan","token":"t","mac":[2,0,0,0,0,1],"up":{"loss":0.1}}]}"#;
        let config: SwitchConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.networks[0].max_frame, 1514);
        assert_eq!(config.networks[0].filters[0].action, Action::Delay { ns: 400 });
        assert_eq!((config.ports[0].guard, config.ports[0].down), (MacGuard::Record, LinkConfig::default()));
        assert_eq!((config.ports[0].up.loss, config.ports[0].up.queue_bytes), (0.1, DEFAULT_QUEUE_BYTES));
        let again = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SwitchConfig>(&again).unwrap(), config);
        assert!(serde_json::from_str::<SwitchConfig>(&text.replace("loss", "lost")).is_err());
    }
}
