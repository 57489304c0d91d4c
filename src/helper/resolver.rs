//! A resolver that asks one server over UDP and knows nothing else: no hosts file, no cache.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{Resolver, TokioResolver};

/// How it asks.
#[derive(Debug, Default)]
pub struct How {
    /// Search list.
    pub search: Vec<Name>,
    /// Dots from which on a name is tried as it is first; hickory's own number unless told.
    pub ndots: Option<usize>,
    /// Whether both IPv4 and IPv6 addresses are asked for; IPv6 only where there is none of IPv4, unless told.
    pub both_families: bool,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// How often to ask.
    pub attempts: usize,
}

/// Makes the resolver; it works within a runtime of tokio only.
///
/// # Errors
/// In words.
pub fn asking(server: IpAddr, how: How) -> Result<TokioResolver, String> {
    let server = NameServerConfig::new(server, true, vec![ConnectionConfig::udp()]);
    let config = ResolverConfig::from_parts(None, how.search, vec![server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::new());
    let options = builder.options_mut();
    if let Some(ndots) = how.ndots {
        options.ndots = ndots;
    }
    options.timeout = how.timeout;
    options.attempts = how.attempts;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    if how.both_families {
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    }
    builder.build().map_err(|err| err.to_string())
}
