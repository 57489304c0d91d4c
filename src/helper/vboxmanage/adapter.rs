//! The adapters that a virtual machine may be bridged to: VirtualBox's names for this machine's interfaces.

use super::machine::{Places, read_text};
use nix::ifaddrs::getifaddrs;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// The kernel's name.
    pub interface: String,
    /// VirtualBox's name.
    pub name: String,
}

/// All adapters; the second of one name is not seen.
#[must_use]
pub fn all(places: &Places) -> Vec<Adapter> {
    let text = read_text(&places.adapters).unwrap_or_default();
    let mut found: Vec<Adapter> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((interface, name)) = line.split_once('=') else { continue };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        let fine =
            (1..16).contains(&interface.len()) && interface.chars().all(plain) && !interface.starts_with(['.', '-']);
        if fine && !found.iter().any(|adapter| adapter.name == name) {
            found.push(Adapter { interface: interface.to_owned(), name: name.to_owned() });
        }
    }
    found
}

impl Adapter {
    /// The adapter of that name.
    #[must_use]
    pub fn named(places: &Places, name: &str) -> Option<Self> {
        all(places).into_iter().find(|adapter| adapter.name == name)
    }

    /// Whether the kernel has it.
    #[must_use]
    pub fn exists(&self, places: &Places) -> bool {
        places.net.join(&self.interface).exists()
    }

    /// The bridge that it is in.
    #[must_use]
    pub fn bridge(&self, places: &Places) -> Option<String> {
        let master = fs::read_link(places.net.join(&self.interface).join("master")).ok()?;
        Some(master.file_name()?.to_str()?.to_owned())
    }

    /// `08:00:27:00:00:01`, or zeros.
    #[must_use]
    pub fn mac(&self, places: &Places) -> String {
        let text = fs::read_to_string(places.net.join(&self.interface).join("address")).unwrap_or_default();
        let mac = text.trim();
        if octets(mac).is_some() { mac.to_owned() } else { "00:00:00:00:00:00".to_owned() }
    }

    /// Whether somebody set it up.
    #[must_use]
    pub fn up(&self, places: &Places) -> bool {
        let text = fs::read_to_string(places.net.join(&self.interface).join("flags")).unwrap_or_default();
        let flags = text.trim().strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        flags.is_some_and(|flags| flags & 1 == 1)
    }

    /// Whether it has no cable; of one that does not exist, the name tells.
    #[must_use]
    pub fn wireless(&self, places: &Places) -> bool {
        self.interface.starts_with("wl") || places.net.join(&self.interface).join("wireless").exists()
    }

    /// VirtualBox's identity of an interface under Linux: its name's bytes and its address.
    #[must_use]
    pub fn guid(&self, mac: &str) -> String {
        let mut bytes = [0; 8];
        for (place, byte) in bytes.iter_mut().zip(self.interface.bytes()) {
            *place = byte;
        }
        let [a, b, c, d, e, f, g, h] = bytes;
        let low = u32::from_le_bytes([a, b, c, d]);
        let (middle, high) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]) & 0x0fff | 0x4000);
        let node: String = octets(mac).unwrap_or_default().iter().map(|octet| format!("{octet:02x}")).collect();
        format!("{low:08x}-{middle:04x}-{high:04x}-8000-{node}")
    }

    /// What this machine is called on it: the address of its bridge, if it is in one.
    #[must_use]
    pub fn addresses(&self, places: &Places) -> Addresses {
        let owner = self.bridge(places).unwrap_or_else(|| self.interface.clone());
        let mut found = Addresses::default();
        for one in getifaddrs().into_iter().flatten().filter(|one| one.interface_name == owner) {
            let mask = one.netmask.as_ref();
            if let Some(own) = one.address.as_ref().and_then(|address| address.as_sockaddr_in()) {
                let mask = mask.and_then(|mask| mask.as_sockaddr_in()).map_or(Ipv4Addr::UNSPECIFIED, |mask| mask.ip());
                found.v4.get_or_insert((own.ip(), mask));
            } else if let Some(own) = one.address.as_ref().and_then(|address| address.as_sockaddr_in6()) {
                let mask =
                    mask.and_then(|mask| mask.as_sockaddr_in6()).map_or(0, |mask| u128::from(mask.ip()).leading_ones());
                found.v6.get_or_insert((own.ip(), mask));
            }
        }
        found
    }
}

/// An interface's first addresses, with mask and prefix length.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// IPv4.
    pub v4: Option<(Ipv4Addr, Ipv4Addr)>,
    /// IPv6.
    pub v6: Option<(Ipv6Addr, u32)>,
}

fn octets(mac: &str) -> Option<[u8; 6]> {
    let mut parts = mac.split(':').map(|part| u8::from_str_radix(part, 16).ok());
    let mut own = [0; 6];
    for place in &mut own {
        *place = parts.next()??;
    }
    parts.next().is_none().then_some(own)
}
