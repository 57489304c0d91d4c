//! Live machines: where one is found, whether it may be reached at all, and whether it answers. Its address comes from a student, and
//! what asks stands in the instructor's network: what is not allowed is refused before anything is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};

use crate::scenario::host::{self, Host};
use crate::scenario::{Prefix, ServicePort, Transport};
use crate::wording::Phrase;

/// How long a name may take to look up.
const LOOKUP: Duration = Duration::from_secs(10);
/// How long a connection may take to come about.
pub const CONNECT: Duration = Duration::from_secs(10);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(500);
/// Any port, to ask the kernel for a route.
const ANY_PORT: u16 = 9;

/// A private key; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity(Rc<str>);

impl Identity {
    /// The key of this file's text.
    pub fn new(text: &str) -> Self {
        Identity(text.into())
    }

    /// The text, for the one file that it is written to.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// How live machines are reached.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reach {
    /// Networks that are reached; none for the internet's public addresses.
    pub networks: Vec<Prefix>,
    /// The key that they are logged into with.
    pub identity: Option<Identity>,
    /// Whether fixes are applied to them, over SSH, and put back.
    pub apply: bool,
    /// File of the host keys that are known; `ssh`'s own by default.
    pub known_hosts: Option<PathBuf>,
}

/// A live machine that was found, and may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// As it was handed in.
    pub host: Host,
    /// The one address that is reached: a name that means another machine later means nothing.
    pub address: IpAddr,
    /// Ports of the lab's endpoint, and which of the machine's stands behind each.
    pub ports: Vec<(ServicePort, u16)>,
}

impl Live {
    /// Looks a machine up.
    ///
    /// # Errors
    /// Why it is not reached, for whoever grades: that decides what it says of the submission.
    pub async fn find(host: &Host, declared: &[ServicePort], reach: &Reach) -> Result<Self, Phrase> {
        let ports = host.targets(declared)?;
        let unknown = |reason: String| Phrase::new("live-unknown").with("host", &host.host).with("reason", reason);
        let found: Vec<IpAddr> = match host.host.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                let looked_up = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((host.host.as_str(), ANY_PORT)));
                let found = looked_up.await.map_err(|_| unknown(format!("no answer within {} s", LOOKUP.as_secs())))?;
                found.map_err(|err| unknown(err.to_string()))?.map(|address| address.ip()).collect()
            }
        };
        let mut why = None;
        for address in found.into_iter().map(|address| address.to_canonical()) {
            match may_reach(address, reach).await {
                Ok(()) => return Ok(Live { host: host.clone(), address, ports }),
                Err(id) => why = why.or(Some(Phrase::new(id).with("address", address))),
            }
        }
        Err(why.unwrap_or_else(|| unknown("no address".to_owned())))
    }

    /// Where the machine's side of a port is.
    pub fn target(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, port)
    }

    /// Waits until each port takes connections. Of a service that is offered over UDP, too, nothing is asked: only a question of its
    /// own would tell, and that is the probes'.
    ///
    /// # Errors
    /// What became of the last try.
    pub async fn answers(&self, limit: Duration) -> Result<(), String> {
        if self.ports.iter().any(|(declared, _)| declared.transport == Transport::Udp) {
            return Ok(());
        }
        for (_, port) in &self.ports {
            let target = self.target(*port);
            let mut last = format!("{target}: no answer within {} s", limit.as_secs());
            let tries = async {
                while let Err(err) = TcpStream::connect(target).await {
                    last = format!("{target}: {err}");
                    tokio::time::sleep(AGAIN).await;
                }
            };
            if tokio::time::timeout(limit, tries).await.is_err() {
                return Err(last);
            }
        }
        Ok(())
    }
}

/// # Errors
/// The phrase that says why not.
async fn may_reach(address: IpAddr, reach: &Reach) -> Result<(), &'static str> {
    if host::is_never(address) {
        return Err("live-never");
    }
    if !reach.networks.is_empty() {
        let named = reach.networks.iter().any(|network| network.contains(address));
        return if named { Ok(()) } else { Err("live-elsewhere") };
    }
    if !host::is_public(address) || is_own(address).await {
        return Err("live-private");
    }
    Ok(())
}

/// Whether an address is this machine's own: what listens there for itself alone may think that whoever comes from here belongs here.
async fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let Ok(socket) = UdpSocket::bind((any, 0)).await else { return false };
    // No packet: the kernel chooses a route and a source address, which is the destination where that is its own.
    let connected = socket.connect((address, ANY_PORT)).await.is_ok();
    connected && socket.local_addr().is_ok_and(|local| local.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, networks: &[(&str, u8)]) -> Result<String, String> {
        let networks =
            networks.iter().map(|(address, length)| Prefix { address: address.parse().unwrap(), length: *length });
        let reach = Reach { networks: networks.collect(), identity: None, apply: false, known_hosts: None };
        let ports = [ServicePort { transport: Transport::Tcp, port: 22 }];
        let host = Host::parse(text).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(Live::find(&host, &ports, &reach));
        found.map(|live| live.target(live.ports[0].1).to_string()).map_err(|why| why.id)
    }

    #[test]
    fn only_public_addresses_are_reached_unless_networks_are_named() {
        assert_eq!(found("8.8.8.8", &[]), Ok("8.8.8.8:22".to_owned()));
        for private in ["127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "192.168.1.10:2222"] {
            assert_eq!(found(private, &[]), Err("live-private".to_owned()), "{private}");
        }
        let campus = [("10.1.0.0", 16), ("127.0.0.0", 8)];
        assert_eq!(found("10.1.2.3:2222", &campus), Ok("10.1.2.3:2222".to_owned()));
        assert_eq!(found("::ffff:10.1.2.3", &campus), Ok("10.1.2.3:22".to_owned()));
        for elsewhere in ["10.2.0.1", "8.8.8.8", "192.168.1.10"] {
            assert_eq!(found(elsewhere, &campus), Err("live-elsewhere".to_owned()), "{elsewhere}");
        }
        // Whoever names the whole internet does not mean this.
        for never in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:169.254.169.254", "fe80::1"] {
            assert_eq!(found(never, &[("0.0.0.0", 0), ("::", 0)]), Err("live-never".to_owned()), "{never}");
        }
        assert_eq!(found("no-such-name.invalid", &[]), Err("live-unknown".to_owned()));
    }

    #[test]
    fn a_key_is_never_shown() {
        let reach = Reach { identity: Some(Identity::new("secret")), ..Reach::default() };
        assert!(!format!("{reach:?}").contains("secret"));
    }
}
