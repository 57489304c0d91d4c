//! From a configuration to a switch: every reference is resolved here, and every contradiction found.

use std::collections::HashSet;

use super::{Network, Port, PortId, Switch};
use crate::fabric::config::{NetworkConfig, PortConfig, SwitchConfig};
use crate::fabric::counters::PortCounters;
use crate::fabric::filter::Filters;
use crate::fabric::link::Pipe;
use crate::fabric::silent::Silent;
use crate::fabric::stations::Stations;
use crate::wire::frame::Mac;

/// Why no switch can be made from a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Two networks, or two filters of one network, or two ports have the same name.
    #[error("{what} `{name}` is there twice")]
    Twice {
        /// `network`, `filter` or `port`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A port is on a network that does not exist.
    #[error("port `{port}` is on network `{network}`, which does not exist")]
    NoNetwork {
        /// The port.
        port: String,
        /// The network.
        network: String,
    },
    /// A filter is about a port that is not on its network.
    #[error("filter `{filter}` of network `{network}` is about port `{port}`, which is not on it")]
    NoPort {
        /// The filter.
        filter: String,
        /// Its network.
        network: String,
        /// The port.
        port: String,
    },
    /// A token is empty or belongs to two ports.
    #[error("port `{port}` has no token of its own")]
    Token {
        /// The port.
        port: String,
    },
    /// A loss is not a probability.
    #[error("loss {loss} of port `{port}` is not between 0 and 1")]
    Loss {
        /// The port.
        port: String,
        /// The value.
        loss: String,
    },
}

impl Switch {
    /// A switch with all ports off.
    ///
    /// # Errors
    /// The first contradiction in the configuration.
    pub fn new(config: &SwitchConfig) -> Result<Self, ConfigError> {
        unique("network", config.networks.iter().map(|network| &network.name))?;
        unique("port", config.ports.iter().map(|port| &port.name))?;
        let mut tokens = HashSet::new();
        let mut ports = Vec::new();
        for port in &config.ports {
            if port.token.is_empty() || !tokens.insert(&port.token) {
                return Err(ConfigError::Token { port: port.name.clone() });
            }
            ports.push(build_port(config, port)?);
        }
        let networks = config.networks.iter().enumerate().map(|(id, network)| build_network(id, network, &ports));
        Ok(Self { networks: networks.collect::<Result<_, _>>()?, ports, in_flight: 0, next: None })
    }
}

fn build_port(config: &SwitchConfig, port: &PortConfig) -> Result<Port, ConfigError> {
    let missing = || ConfigError::NoNetwork { port: port.name.clone(), network: port.network.clone() };
    let network = config.networks.iter().position(|network| network.name == port.network).ok_or_else(missing)?;
    for link in [&port.up, &port.down] {
        if !(0.0..=1.0).contains(&link.loss) {
            return Err(ConfigError::Loss { port: port.name.clone(), loss: link.loss.to_string() });
        }
    }
    let pipe = |link, way: &str| Pipe::new(link, config.seed, &format!("{}/{}/{way}", port.network, port.name));
    Ok(Port {
        name: port.name.clone(),
        network,
        mac: Mac(port.mac),
        guard: port.guard,
        up_link: pipe(port.up, "up"),
        down_link: pipe(port.down, "down"),
        counters: PortCounters::default(),
    })
}

fn build_network(id: usize, network: &NetworkConfig, ports: &[Port]) -> Result<Network, ConfigError> {
    unique("filter", network.filters.iter().map(|filter| &filter.name))?;
    let find = |name: &str| ports.iter().position(|port| port.network == id && port.name == name);
    let filters = Filters::new(&network.filters, find).map_err(|filter| ConfigError::NoPort {
        filter: filter.name.clone(),
        network: network.name.clone(),
        port: filter.matches.ingress.clone().unwrap_or_default(),
    })?;
    let members: Vec<PortId> = (0..ports.len()).filter(|port| ports[*port].network == id).collect();
    Ok(Network {
        name: network.name.clone(),
        max_frame: network.max_frame,
        members,
        filters,
        silent: Silent::new(&network.silent),
        stations: Stations::default(),
        waiting: super::Waiting::default(),
    })
}

fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ConfigError::Twice { what, name: name.clone() });
        }
    }
    Ok(())
}
