//! The address of a live machine, as a student hands it in: `[user@]host[:port]` on one line. Pure; nothing is looked up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::ServicePort;
use crate::wording::Phrase;

/// Longest address, in bytes: a name of 253 (RFC 1035 §2.3.4) alone, or a shorter one with user and port.
const BYTES_MOST: usize = 256;
/// Longest user name, in bytes (useradd(8)).
const USER_MOST: usize = 32;

/// A live machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name or address; an IPv6 address without brackets.
    pub host: String,
    /// Port of its service, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// User to log in as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Host {
    /// Reads what was handed in.
    ///
    /// # Errors
    /// Why it cannot be taken, for its author.
    pub fn parse(text: &str) -> Result<Self, Phrase> {
        let refused = |why: &str| Err(Phrase::new(why));
        // Editors on Windows put a byte order mark in front, and every editor a line end behind.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return refused("address-empty");
        }
        if text.len() > BYTES_MOST {
            return refused("address-long");
        }
        let (user, rest) = match text.split_once('@') {
            Some((user, rest)) if is_user(user) => (Some(user.to_owned()), rest),
            Some(_) => return refused("address-user"),
            None => (None, text),
        };
        let Some((host, port)) = split_port(rest) else { return refused("address-form") };
        let port = match port.map(port_of) {
            Some(None) => return refused("address-port"),
            port => port.flatten(),
        };
        if !is_host(host) {
            return refused("address-form");
        }
        Ok(Host { host: host.to_owned(), port, user })
    }

    /// Which of the machine's ports stands behind each of these. A port of its own is one service's: that of all declared ones, which
    /// then have the same number, as DNS has over both protocols.
    ///
    /// # Errors
    /// A port of its own where several services are declared, for its author.
    pub fn targets(&self, declared: &[ServicePort]) -> Result<Vec<(ServicePort, u16)>, Phrase> {
        let same = declared.windows(2).all(|two| two[0].port == two[1].port);
        match self.port {
            Some(_) if !same => Err(Phrase::new("address-port-unclear")),
            port => Ok(declared.iter().map(|declared| (*declared, port.unwrap_or(declared.port))).collect()),
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match (self.host.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (_, Some(port)) => write!(f, "{}:{port}", self.host),
            (_, None) => f.write_str(&self.host),
        }
    }
}

/// Host and port. An IPv6 address has its port behind brackets (RFC 3986 §3.2.2), or none.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match rest {
            "" => Some((host, None)),
            rest => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text, None));
    }
    match text.split_once(':') {
        Some((_, more)) if more.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

fn port_of(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Names that useradd(8) makes; nothing that a shell or `ssh` could take for something else.
fn is_user(user: &str) -> bool {
    let first = user.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    first && user.len() <= USER_MOST && user.bytes().all(fits)
}

fn is_host(host: &str) -> bool {
    if host.parse::<IpAddr>().is_ok() {
        return true;
    }
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    // inet_aton(3) takes `127.1`, `2130706433` and `0x7f000001` for addresses: what ends in a number is one, or nothing.
    let number = |label: &&str| {
        let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
        label.bytes().all(|byte| byte.is_ascii_digit())
            || hex.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    host.len() <= 253 && labels.iter().all(|label| fits(label)) && !labels.last().is_some_and(number)
}

/// Whether an address is the whole internet's: none of a private network, none that means this machine, its link or a group.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            // RFC 6890's registry, and addresses behind which engines of clouds serve their guests' secrets.
            let special = matches!((a, b, c), (192, 0, 0 | 2) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113))
                || (a == 100 && (64..128).contains(&b))
                || v4 == Ipv4Addr::new(168, 63, 129, 16);
            !(special || v4.is_private() || v4.is_loopback() || is_never(address))
        }
        IpAddr::V6(v6) => {
            // Global unicast alone (RFC 4291 §2.4), without what carries an IPv4 address inside: 6to4, Teredo, NAT64.
            let [first, second, ..] = v6.segments();
            let carries = first == 0x2002 || (first == 0x2001 && (second < 0x200 || second == 0xdb8));
            first & 0xe000 == 0x2000 && !carries
        }
    }
}

/// Whether nobody's machine can have an address, or only one that speaks to a machine about itself: metadata services are link-local.
pub fn is_never(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_multicast() || v4.octets()[0] == 0 || v4.octets()[0] >= 240,
        IpAddr::V6(v6) => {
            // Amazon's metadata service has an address of a private network.
            let metadata = v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            v6.is_unspecified() || v6.is_multicast() || v6.is_unicast_link_local() || metadata
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Transport;

    fn read(text: &str) -> Result<(String, Option<u16>, Option<String>), String> {
        Host::parse(text).map(|host| (host.host, host.port, host.user)).map_err(|why| why.id)
    }

    #[test]
    fn an_address_has_a_host_and_may_have_user_and_port() {
        let good = [
            ("203.0.113.7\n", "203.0.113.7", None, None),
            ("\u{feff}vm7.example.ac.jp:2222\r\n", "vm7.example.ac.jp", Some(2222), None),
            ("alice@203.0.113.7:22", "203.0.113.7", Some(22), Some("alice")),
            ("2001:db8::7", "2001:db8::7", None, None),
            ("[2001:db8::7]:65535", "2001:db8::7", Some(65535), None),
            ("a_b.c-d.e@vm7", "vm7", None, Some("a_b.c-d.e")),
        ];
        for (text, host, port, user) in good {
            assert_eq!(read(text), Ok((host.to_owned(), port, user.map(str::to_owned))), "{text}");
            let parsed = Host::parse(text).unwrap();
            assert_eq!(Host::parse(&parsed.to_string()), Ok(parsed));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let cases = [
            ("address-empty", &["", " \n", "\u{feff}"][..]),
            ("address-user", &["@h", "-oProxyCommand=x@h", "a b@h", "a;b@h", "$(id)@h", "ア@h"]),
            ("address-port", &["h:0", "h:65536", "h:", "h:+22", "h:2 2", "[::1]:x"]),
            (
                "address-form",
                &[
                    "a b",
                    "a@b@h",
                    "a;b",
                    "a`b",
                    "a/b",
                    "-h",
                    "a..b",
                    ".",
                    "[::1",
                    "[::1]22",
                    "[h]:22",
                    "fe80::1%eth0",
                    "h:22:22",
                ],
            ),
            (
                "address-form",
                &["127.1", "2130706433", "0x7f000001", "0x7f.1", "1.2.3.4.5", "010.0.0.1", "a\nb", "a\0b"],
            ),
        ];
        for (why, texts) in cases {
            for text in texts {
                assert_eq!(read(text), Err(why.to_owned()), "{text:?}");
            }
        }
        assert_eq!(read(&"a".repeat(257)), Err("address-long".to_owned()));
    }

    #[test]
    fn a_port_of_its_own_is_one_services() {
        let port = |transport, port| ServicePort { transport, port };
        let (tcp, udp, ssh) = (port(Transport::Tcp, 53), port(Transport::Udp, 53), port(Transport::Tcp, 22));
        let host = Host::parse("h:5353").unwrap();
        assert_eq!(host.targets(&[tcp, udp]), Ok(vec![(tcp, 5353), (udp, 5353)]));
        assert_eq!(host.targets(&[ssh, tcp]).unwrap_err().id, "address-port-unclear");
        assert_eq!(Host::parse("h").unwrap().targets(&[ssh, tcp]), Ok(vec![(ssh, 22), (tcp, 53)]));
    }

    #[test]
    fn only_the_internets_addresses_are_public() {
        let is = |text: &str| (is_public(text.parse().unwrap()), is_never(text.parse().unwrap()));
        for public in ["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "2001:4860::1", "2400::1"] {
            assert_eq!(is(public), (true, false), "{public}");
        }
        let private =
            ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "::1", "fc00::1", "::ffff:10.0.0.1"];
        for private in
            private.into_iter().chain(["2002:7f00:1::", "64:ff9b::7f00:1", "2001::1", "198.18.0.1", "168.63.129.16"])
        {
            assert_eq!(is(private), (false, false), "{private}");
        }
        let never = ["0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1"];
        for never in never.into_iter().chain(["fd00:ec2::254", "::ffff:169.254.169.254"]) {
            assert_eq!(is(never), (false, true), "{never}");
        }
    }
}
