//! Addresses as text: IP, prefix, MAC, and the numbers that protocols have names for.

use std::net::IpAddr;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::super::Prefix;
use super::super::error::{Problem, printable, say};
use super::super::suggest::{listed, nearest};
use super::super::text::Text;
use super::value::{Node, Value, Whole, Word, Wrong, wrong_type};

impl Word for IpAddr {
    const EXAMPLES: &[&str] = &["192.168.1.10", "fd00:1::10"];

    fn noun() -> Text {
        say!("an IP address", "IPアドレス")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| match text.split_once('/') {
            Some((address, _)) if address.parse::<IpAddr>().is_ok() => Wrong::FORM.help(say!(
                "write \"{address}\": the prefix length comes from the network",
                "\"{address}\" と書きます。プレフィックス長はネットワークで決まります"
            )),
            _ => Wrong::FORM,
        })
    }
}

impl Prefix {
    /// Number of bits in an address of this family.
    pub(in super::super) fn bits(self) -> u8 {
        if self.address.is_ipv4() { 32 } else { 128 }
    }

    /// The same prefix with the host bits zero.
    fn masked(self) -> Self {
        let zeros = u32::from(self.bits() - self.length);
        let address = match self.address {
            IpAddr::V4(v4) => IpAddr::V4((u32::MAX.checked_shl(zeros).unwrap_or(0) & v4.to_bits()).into()),
            IpAddr::V6(v6) => IpAddr::V6((u128::MAX.checked_shl(zeros).unwrap_or(0) & v6.to_bits()).into()),
        };
        Prefix { address, ..self }
    }
}

impl Word for Prefix {
    const EXAMPLES: &[&str] = &["192.168.1.0/24", "fd00:1::/64"];

    fn noun() -> Text {
        say!("a network prefix", "ネットワークのプレフィックス")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let (address, length) = text.split_once('/').ok_or(Wrong::FORM)?;
        let address: IpAddr = address.parse().map_err(|_| Wrong::FORM)?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Wrong::FORM);
        }
        let prefix = Prefix { address, length: length.parse().unwrap_or(u8::MAX) };
        let most = prefix.bits();
        if prefix.length > most {
            let shown = printable(length);
            return Err(Wrong::because(say!(
                "a prefix length of {shown} is impossible",
                "プレフィックス長 {shown} はありえません"
            ))
            .help(say!("write 0 to {most}", "0以上{most}以下を書きます")));
        }
        let masked = prefix.masked();
        if masked != prefix {
            return Err(Wrong::because(say!("`{prefix}` has host bits set", "`{prefix}` のホスト部が0ではありません"))
                .help(say!("the network is \"{masked}\"", "ネットワークは \"{masked}\" です")));
        }
        Ok(prefix)
    }
}

/// An address, or a prefix of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range(pub Prefix);

impl Word for Range {
    const EXAMPLES: &[&str] = &["10.0.0.0/8", "10.0.0.1"];

    fn noun() -> Text {
        say!("an address or prefix", "アドレスまたはプレフィックス")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        if let Ok(address) = text.parse::<IpAddr>() {
            let length = if address.is_ipv4() { 32 } else { 128 };
            return Ok(Range(Prefix { address, length }));
        }
        Prefix::parse(text).map(Range)
    }
}

/// A MAC address (IEEE 802 EUI-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

impl Word for Mac {
    const EXAMPLES: &[&str] = &["02:00:00:00:00:01"];

    fn noun() -> Text {
        say!("a MAC address", "MACアドレス")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let mut parts = text.split([':', '-']);
        let mut mac = [0; 6];
        for byte in &mut mac {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = part.and_then(|part| u8::from_str_radix(part, 16).ok()).ok_or(Wrong::FORM)?;
        }
        if parts.next().is_some() {
            return Err(Wrong::FORM);
        }
        Ok(Mac(mac))
    }
}

/// A registry of protocol numbers that have names.
pub trait Registry {
    /// Largest number.
    const MOST: u16;
    /// Names that may be written instead.
    const NAMES: &[(&str, u16)];
    /// What a number of it is called in messages.
    fn noun() -> Text;
}

/// A number of the registry `R`, by name or as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code<R>(pub u16, std::marker::PhantomData<R>);

impl<R: Registry> Value for Code<R> {
    fn noun() -> Text {
        R::noun()
    }

    fn schema() -> Json {
        let names: Vec<_> = R::NAMES.iter().map(|(name, _)| name).collect();
        json!({ "anyOf": [{ "enum": names }, { "type": "integer", "minimum": 0, "maximum": R::MOST }] })
    }

    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        let name = match node.get_ref() {
            DeValue::String(name) => name,
            DeValue::Integer(_) => {
                let Whole(number) = Whole::<0, { u16::MAX as u64 }>::read(node, problems)?;
                let number = number as u16;
                if number > R::MOST {
                    let most = R::MOST;
                    let title = say!("{number} is out of range", "{number} は範囲外です");
                    problems.push(
                        Problem::at(&node.span(), title).label(say!("must be 0 to {most}", "0 以上 {most} 以下")),
                    );
                    return None;
                }
                return Some(Code(number, std::marker::PhantomData));
            }
            _ => {
                problems.push(wrong_type::<Self>(node));
                return None;
            }
        };
        let known = R::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if known.is_none() {
            let (shown, Text { en, ja }) = (printable(name), R::noun());
            let ja = ja.unwrap_or_default();
            let problem = Problem::at(&node.span(), say!("`{shown}` is not {en}", "`{shown}` は{ja}ではありません"));
            let names = || R::NAMES.iter().map(|(name, _)| *name);
            problems.push(match nearest(name, names()) {
                Some(near) => problem.help(say!("did you mean `{near}`?", "`{near}` ではありませんか")),
                None => {
                    let all = listed(names());
                    problem.help(say!("write a number, or one of {all}", "数値か、次のどれかを書きます: {all}"))
                }
            });
        }
        known.map(|(_, number)| Code(*number, std::marker::PhantomData))
    }
}

/// Declares a registry of named numbers.
macro_rules! registry {
    ($(#[doc = $doc:literal])+ $name:ident, $most:expr, $en:literal, $ja:literal, $names:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Registry for $name {
            const MOST: u16 = $most;
            const NAMES: &[(&str, u16)] = &$names;
            fn noun() -> Text {
                say!($en, $ja)
            }
        }
    };
}

registry!(
    /// EtherTypes (IEEE 802 numbers at IANA).
    EtherType, u16::MAX, "an EtherType", "EtherType",
    [("ipv4", 0x0800), ("arp", 0x0806), ("ipv6", 0x86dd)]
);

registry!(
    /// IP protocol numbers (IANA).
    Protocol, 255, "an IP protocol", "IPプロトコル",
    [("icmp", 1), ("igmp", 2), ("tcp", 6), ("udp", 17), ("gre", 47), ("esp", 50), ("ah", 51), ("icmpv6", 58), ("sctp", 132)]
);

registry!(
    /// DNS question types (RFC 1035 §3.2.2 and the IANA registry).
    DnsType, u16::MAX, "a DNS type", "DNSのタイプ",
    [
        ("A", 1), ("NS", 2), ("CNAME", 5), ("SOA", 6), ("PTR", 12), ("MX", 15), ("TXT", 16), ("AAAA", 28), ("SRV", 33),
        ("NAPTR", 35), ("DS", 43), ("SSHFP", 44), ("RRSIG", 46), ("NSEC", 47), ("DNSKEY", 48), ("SVCB", 64), ("HTTPS", 65),
        ("IXFR", 251), ("AXFR", 252), ("ANY", 255), ("CAA", 257)
    ]
);
