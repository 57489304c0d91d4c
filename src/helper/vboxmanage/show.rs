//! VBoxManage's answers, in VirtualBox's words and order.

use super::adapter::{self, Adapter};
use super::machine::{Machine, Places};
use super::nic::{self, Kind, Nic};

/// `"cent7" {8ffdf553-21bf-437e-bdea-13907ed80b66}`
#[must_use]
pub fn short(machine: &Machine) -> String {
    format!("\"{}\" {{{}}}\n", machine.name(), machine.uuid())
}

/// All adapters, a block each.
#[must_use]
pub fn bridged(places: &Places) -> String {
    adapter::all(places).iter().map(|adapter| one_bridged(places, adapter)).collect()
}

fn one_bridged(places: &Places, adapter: &Adapter) -> String {
    let mac = adapter.mac(places);
    let addresses = adapter.addresses(places);
    let text = |value: Option<String>| value.unwrap_or_default();
    let v4 = addresses.v4.map(|(address, mask)| (address.to_string(), mask.to_string()));
    let (address, mask) = v4.unwrap_or_else(|| ("0.0.0.0".to_owned(), "0.0.0.0".to_owned()));
    let fields = [
        ("Name", adapter.name.clone()),
        ("GUID", adapter.guid(&mac)),
        ("DHCP", "Disabled".to_owned()),
        ("IPAddress", address),
        ("NetworkMask", mask),
        ("IPV6Address", text(addresses.v6.map(|(address, _)| address.to_string()))),
        ("IPV6NetworkMaskPrefixLength", addresses.v6.map_or(0, |(_, length)| length).to_string()),
        ("HardwareAddress", mac),
        ("MediumType", "Ethernet".to_owned()),
        ("Wireless", if adapter.wireless(places) { "Yes" } else { "No" }.to_owned()),
        ("Status", if adapter.up(places) { "Up" } else { "Down" }.to_owned()),
        ("VBoxNetworkName", format!("HostInterfaceNetworking-{}", adapter.name)),
    ];
    let lines = fields.iter().map(|(name, value)| format!("{:<16} {value}\n", format!("{name}:")));
    lines.collect::<String>() + "\n"
}

/// All that is known of a machine.
#[must_use]
pub fn machine(places: &Places, machine: &Machine, running: bool, readable: bool) -> String {
    let nics = (1..=nic::MOST).map(|number| Nic::of(machine, number));
    let file = Machine::path(places, &machine.stem).display().to_string();
    let memory = machine.get("memory").unwrap_or("0");
    if readable {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let head = format!(
            "name=\"{}\"\ngroups=\"/\"\nUUID=\"{}\"\nCfgFile=\"{}\"\nmemory={memory}\nVMState=\"{}\"\n",
            quoted(machine.name()),
            machine.uuid(),
            quoted(&file),
            if running { "running" } else { "poweroff" },
        );
        return head + &nics.map(|nic| readable_nic(&nic)).collect::<String>();
    }
    let fields = [
        ("Name:", machine.name().to_owned()),
        ("Groups:", "/".to_owned()),
        ("UUID:", machine.uuid()),
        ("Config file:", file),
        ("Memory size:", format!("{memory}MB")),
        ("State:", if running { "running" } else { "powered off" }.to_owned()),
    ];
    let head = fields.iter().map(|(name, value)| line(name, value)).collect::<String>();
    head + &nics.map(|nic| nic_for_people(&nic)).collect::<String>() + "\n"
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<28} {value}\n")
}

/// The settings of a NAT that nobody changed: buffers of 64 KiB.
const NAT: &str = "mtu=\"0\"\nsockSnd=\"64\"\nsockRcv=\"64\"\ntcpWndSnd=\"64\"\ntcpWndRcv=\"64\"\n";

/// VirtualBox leaves out the policy here, and does not escape names.
fn readable_nic(nic: &Nic) -> String {
    let number = nic.number;
    let Some(kind) = nic.kind else { return format!("nic{number}=\"none\"\n") };
    let name = kind.setting(number).map_or(String::new(), |setting| format!("{setting}=\"{}\"\n", nic.name));
    let word = if kind == Kind::Generic { "Generic" } else { kind.word() };
    format!(
        "{name}macaddress{number}=\"{}\"\ncableconnected{number}=\"{}\"\nnic{number}=\"{word}\"\nnictype{number}=\"{}\"\n\
         nicspeed{number}=\"0\"\n{}",
        nic.mac,
        if nic.cable { "on" } else { "off" },
        nic.card,
        if kind == Kind::Nat { NAT } else { "" },
    )
}

fn nic_for_people(nic: &Nic) -> String {
    let label = format!("NIC {}:", nic.number);
    let name = &nic.name;
    let attachment = match nic.kind {
        None => return line(&label, "disabled"),
        Some(Kind::Null) => "none".to_owned(),
        Some(Kind::Nat) => "NAT".to_owned(),
        Some(Kind::Bridged) => format!("Bridged Interface '{name}'"),
        Some(Kind::Internal) => format!("Internal Network '{name}'"),
        Some(Kind::HostOnly) => format!("Host-only Interface '{name}'"),
        Some(Kind::Generic) => format!("Generic '{name}' {{  }}"),
        Some(Kind::NatNetwork) => format!("NAT Network '{name}'"),
    };
    let value = format!(
        "MAC: {}, Attachment: {attachment}, Cable connected: {}, Trace: off (file: none), Type: {}, \
         Reported speed: 0 Mbps, Boot priority: 0, Promisc Policy: {}, Bandwidth group: none",
        nic.mac,
        if nic.cable { "on" } else { "off" },
        nic.card,
        nic.policy,
    );
    let nat = match nic.kind {
        Some(Kind::Nat) => format!(
            "NIC {} Settings:  MTU: 0, Socket (send: 64, receive: 64), TCP Window (send:64, receive: 64)\n",
            nic.number
        ),
        _ => String::new(),
    };
    line(&label, &value) + &nat
}
