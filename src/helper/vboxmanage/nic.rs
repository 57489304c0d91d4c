//! One NIC of a virtual machine: what it is attached to, and how VirtualBox's words and settings call that.

use super::machine::Machine;

/// NICs of a machine, as with VirtualBox's default chipset.
pub const MOST: u32 = 8;

/// What a NIC that is there may be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A card without a cable.
    Null,
    /// Address translation by the hypervisor.
    Nat,
    /// An adapter of the machine outside.
    Bridged,
    /// A network among virtual machines.
    Internal,
    /// A network among those and the machine outside.
    HostOnly,
    /// A driver by name.
    Generic,
    /// A network with address translation, shared by virtual machines.
    NatNetwork,
}

impl Kind {
    /// All, with the word that orders and answers have for it and the setting that holds what is attached to.
    const WORDS: [(Self, &str, &str); 7] = [
        (Self::Null, "null", ""),
        (Self::Nat, "nat", "natnet"),
        (Self::Bridged, "bridged", "bridgeadapter"),
        (Self::Internal, "intnet", "intnet"),
        (Self::HostOnly, "hostonly", "hostonlyadapter"),
        (Self::Generic, "generic", "generic"),
        (Self::NatNetwork, "natnetwork", "nat-network"),
    ];

    /// The kind of that word; `hostif` is an old one for `bridged`.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let word = if word == "hostif" { "bridged" } else { word };
        Self::WORDS.iter().find(|(_, own, _)| *own == word).map(|(kind, _, _)| *kind)
    }

    fn words(self) -> (&'static str, &'static str) {
        Self::WORDS.iter().find(|(kind, _, _)| *kind == self).map_or(("", ""), |(_, word, setting)| (word, setting))
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.words().0
    }

    /// The setting of NIC `number` that says what it is attached to, where there is one.
    #[must_use]
    pub fn setting(self, number: u32) -> Option<String> {
        Some(self.words().1).filter(|setting| !setting.is_empty()).map(|setting| format!("{setting}{number}"))
    }

    /// Whether an order has to name what to attach to.
    #[must_use]
    pub fn needs_name(self) -> bool {
        !matches!(self, Self::Null | Self::Nat)
    }
}

/// Who may see what is not for him, in VirtualBox's words.
pub const POLICIES: [&str; 3] = ["deny", "allow-vms", "allow-all"];

/// A NIC's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// From 1.
    pub number: u32,
    /// None if there is no such NIC (`none`).
    pub kind: Option<Kind>,
    /// What it is attached to: an adapter's or a network's name.
    pub name: String,
    /// Twelve hexadecimal digits.
    pub mac: String,
    /// Whether its cable is plugged in.
    pub cable: bool,
    /// One of [`POLICIES`].
    pub policy: String,
    /// The card.
    pub card: String,
}

impl Nic {
    /// As the registry has it. What is not understood is a NIC that is not there.
    #[must_use]
    pub fn of(machine: &Machine, number: u32) -> Self {
        let value = |name: &str| machine.get(&format!("{name}{number}"));
        let kind = value("nic").and_then(|word| Kind::of(&word.to_ascii_lowercase()));
        let setting = kind.and_then(|kind| kind.setting(number));
        let default = match kind {
            Some(Kind::Nat) => "nat",
            Some(Kind::Internal) => "intnet",
            Some(Kind::NatNetwork) => "NatNetwork",
            _ => "",
        };
        let policy = value("nicpromisc").filter(|policy| POLICIES.contains(policy));
        Self {
            number,
            kind,
            name: setting.and_then(|setting| machine.get(&setting)).unwrap_or(default).to_owned(),
            mac: value("macaddress").unwrap_or("").to_ascii_uppercase(),
            cable: value("cableconnected") != Some("off"),
            policy: policy.unwrap_or(POLICIES[0]).to_owned(),
            card: value("nictype").unwrap_or("virtio").to_owned(),
        }
    }

    /// The id of its device in QEMU.
    #[must_use]
    pub fn device(&self) -> String {
        format!("nic{}", self.number)
    }

    /// The id of what that device is connected to.
    #[must_use]
    pub fn netdev(&self) -> String {
        format!("n{}", self.number)
    }

    /// The host's end of its cable. NIC 2 is the one that labs bridge.
    #[must_use]
    pub fn tap(&self) -> String {
        if self.number == 2 { "tap0".to_owned() } else { format!("tap{}", self.number) }
    }

    /// `08:00:27:00:00:02`; empty if the setting is no address.
    #[must_use]
    pub fn mac_with_colons(&self) -> String {
        if self.mac.len() != 12 || !self.mac.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return String::new();
        }
        let pairs: Vec<&str> = (0..6).map(|at| &self.mac[2 * at..2 * at + 2]).collect();
        pairs.join(":").to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nic_is_read_leniently() {
        let machine = Machine::from_text(
            "cent7",
            "nic1=NAT\nnic2=bridged\nbridgeadapter2=Wi-Fi \"家\"\nmacaddress2=080027abcdef\ncableconnected2=off\n\
             nicpromisc2=allow-all\nnic3=frob\nnicpromisc3=yes\nmacaddress3=あいうえ\n",
        );
        let nic = Nic::of(&machine, 2);
        assert_eq!((nic.kind, nic.name.as_str(), nic.cable), (Some(Kind::Bridged), "Wi-Fi \"家\"", false));
        assert_eq!((nic.mac.as_str(), nic.mac_with_colons().as_str()), ("080027ABCDEF", "08:00:27:ab:cd:ef"));
        assert_eq!((nic.policy.as_str(), nic.card.as_str()), ("allow-all", "virtio"));
        assert_eq!((nic.device().as_str(), nic.netdev().as_str(), nic.tap().as_str()), ("nic2", "n2", "tap0"));
        let nic = Nic::of(&machine, 1);
        assert_eq!((nic.kind, nic.name.as_str(), nic.cable), (Some(Kind::Nat), "nat", true));
        let nic = Nic::of(&machine, 3);
        assert_eq!((nic.kind, nic.policy.as_str(), nic.mac_with_colons().as_str()), (None, "deny", ""));
    }

    #[test]
    fn words_and_kinds_belong_together() {
        for (kind, word, _) in Kind::WORDS {
            assert_eq!(Kind::of(word), Some(kind));
            assert_eq!(kind.word(), word);
        }
        assert_eq!(Kind::of("hostif"), Some(Kind::Bridged));
        assert_eq!(Kind::of("none"), None);
        assert_eq!(Kind::Null.setting(2), None);
        assert_eq!(Kind::Bridged.setting(2).as_deref(), Some("bridgeadapter2"));
    }
}
