//! What a descriptor says: virtual machines, their adapters, disks and files.

use super::xml::{self, Element};
use super::{Adapter, Appliance, Attachment, Disk, Limits, Reference, Refusal, System};

/// Most virtual machines in one appliance.
const SYSTEMS: usize = 64;
/// Most adapters of one machine; VirtualBox knows 36.
const ADAPTERS: usize = 64;
/// CIM's number for Ethernet adapters (CIM_ResourceAllocationSettingData.ResourceType).
const ETHERNET: &str = "10";

/// Reads a descriptor.
///
/// # Errors
/// [`Refusal`] when it is none, or claims what cannot be.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Appliance, Refusal> {
    let envelope = xml::parse(bytes)?;
    if envelope.name != "Envelope" {
        return Err(Refusal::new("appliance-refused-root").with("root", &envelope.name));
    }
    let files: Vec<&Element> = envelope.all("References").flat_map(|section| section.all("File")).collect();
    let disks: Vec<&Element> = envelope.all("DiskSection").flat_map(|section| section.all("Disk")).collect();
    let mut systems = Vec::new();
    gather(&envelope, &mut systems);
    for (count, most) in [(files.len(), limits.members), (disks.len(), limits.members), (systems.len(), SYSTEMS)] {
        if count > most {
            return Err(Refusal::new("appliance-refused-many").with("most", most));
        }
    }
    if systems.is_empty() {
        return Err(Refusal::new("appliance-refused-no-system"));
    }
    let references = files.into_iter().map(reference).collect::<Result<Vec<_>, _>>()?;
    let claimed = references.iter().filter_map(|one| one.size).try_fold(0, u64::checked_add);
    if claimed.is_none_or(|bytes| bytes > limits.total) {
        return Err(Refusal::new("appliance-refused-claim").with("gib", limits.total >> 30));
    }
    Ok(Appliance {
        systems: systems.into_iter().map(system).collect::<Result<_, _>>()?,
        references,
        disks: disks.into_iter().map(disk).collect(),
    })
}

/// Virtual machines in any depth of collections.
fn gather<'a>(element: &'a Element, into: &mut Vec<&'a Element>) {
    for child in element.children() {
        match child.name.as_str() {
            "VirtualSystem" => into.push(child),
            "VirtualSystemCollection" => gather(child, into),
            _ => {}
        }
    }
}

fn reference(file: &Element) -> Result<Reference, Refusal> {
    let own = |name| file.attribute(name).unwrap_or_default().to_owned();
    let size = file.attribute("size").map(|size| {
        size.trim()
            .parse()
            .map_err(|_| Refusal::new("appliance-refused-size").with("size", size).with("file", own("href")))
    });
    Ok(Reference { id: own("id"), href: own("href"), size: size.transpose()? })
}

fn disk(disk: &Element) -> Disk {
    let number = disk.attribute("capacity").unwrap_or_default().trim();
    let unit = disk.attribute("capacityAllocationUnits").unwrap_or("byte").trim();
    let capacity = match number.starts_with("${") {
        true => Some(0),
        false => number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor(unit)?)),
    };
    Disk {
        id: disk.attribute("diskId").unwrap_or_default().to_owned(),
        file: disk.attribute("fileRef").filter(|file| !file.is_empty()).map(str::to_owned),
        stated: if unit == "byte" { number.to_owned() } else { format!("{number} × {unit}") },
        capacity,
    }
}

/// Bytes in a programmatic unit (DSP0004 annex C): `byte`, `byte * 2^30`; and in the words of OVF 0.9.
fn factor(unit: &str) -> Option<u64> {
    let words = [("kilobytes", 1 << 10), ("megabytes", 1 << 20), ("gigabytes", 1 << 30)];
    if let Some((_, bytes)) = words.iter().find(|(word, _)| unit.eq_ignore_ascii_case(word)) {
        return Some(*bytes);
    }
    let rest = unit.strip_prefix("byte").or_else(|| unit.strip_prefix("bytes"))?.trim();
    if rest.is_empty() {
        return Some(1);
    }
    let (base, power) = rest.strip_prefix('*')?.trim().split_once('^')?;
    base.trim().parse::<u64>().ok()?.checked_pow(power.trim().parse().ok()?)
}

fn system(system: &Element) -> Result<System, Refusal> {
    let machine = system.all("Machine").next();
    let names = [
        machine.and_then(|machine| machine.attribute("name")),
        system.find(&["VirtualHardwareSection", "System", "VirtualSystemIdentifier"]).map(Element::text),
        system.text_of("Name"),
        system.attribute("id"),
    ];
    let name = names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or("?").to_owned();
    // VirtualBox believes its own section alone where there is one.
    let own = machine.and_then(|machine| machine.find(&["Hardware", "Network"]));
    let adapters: Vec<Adapter> = match (machine, own) {
        (Some(_), Some(network)) => (0..).zip(network.all("Adapter")).map(|(at, one)| of_virtualbox(at, one)).collect(),
        (Some(_), None) => Vec::new(),
        (None, _) => (0..).zip(ethernet(system)).map(|(at, item)| of_item(at, item)).collect(),
    };
    if adapters.len() > ADAPTERS {
        return Err(Refusal::new("appliance-refused-many").with("most", ADAPTERS));
    }
    Ok(System { name, virtualbox: machine.is_some(), adapters })
}

/// `<Adapter>` of VirtualBox's own section. What is left out has the default of its settings files.
fn of_virtualbox(at: u32, adapter: &Element) -> Adapter {
    let yes = |name, default| adapter.attribute(name).map_or(default, |value| matches!(value, "true" | "1" | "yes"));
    let attached = |mode: &Element| {
        let name = || mode.attribute("name").unwrap_or_default().to_owned();
        Some(match mode.name.as_str() {
            "NAT" => Attachment::Nat,
            "NATNetwork" => Attachment::NatNetwork(name()),
            "BridgedInterface" => Attachment::Bridged(name()),
            "HostOnlyInterface" | "HostOnlyNetwork" => Attachment::HostOnly(name()),
            "InternalNetwork" => Attachment::Internal(name()),
            "GenericInterface" => Attachment::Generic(mode.attribute("driver").unwrap_or_default().to_owned()),
            "CloudNetwork" => Attachment::Generic(name()),
            _ => return None,
        })
    };
    Adapter {
        slot: adapter.attribute("slot").and_then(|slot| slot.parse().ok()).filter(|slot| *slot < 1000).unwrap_or(at),
        enabled: yes("enabled", false),
        // The modes below `<DisabledModes>` are what the settings window remembers of the others.
        attachment: adapter.children().iter().find_map(attached).unwrap_or(Attachment::Null),
        mac: adapter.attribute("MACAddress").filter(|mac| !mac.is_empty()).map(str::to_owned),
        model: adapter.attribute("type").unwrap_or("Am79C973").to_owned(),
        cable: yes("cable", true),
    }
}

/// Ethernet adapters of the standard's own section: `Item`, in OVF 2 `EthernetPortItem`.
fn ethernet(system: &Element) -> impl Iterator<Item = &Element> {
    let sections = system.all("VirtualHardwareSection");
    let items = sections.flat_map(|section| section.children());
    items.filter(|item| {
        item.name == "EthernetPortItem" || item.name == "Item" && item.text_of("ResourceType") == Some(ETHERNET)
    })
}

fn of_item(at: u32, item: &Element) -> Adapter {
    let connection = item.text_of("Connection").unwrap_or_default();
    // What VirtualBox looks for when it imports; every other name becomes bridged.
    let attachment = match connection.to_ascii_lowercase().as_str() {
        "nat" => Attachment::Nat,
        "bridged" => Attachment::Bridged(String::new()),
        "hostonly" => Attachment::HostOnly(String::new()),
        "internal" => Attachment::Internal(String::new()),
        "generic" => Attachment::Generic(String::new()),
        "null" => Attachment::Null,
        _ => Attachment::Other(connection.to_owned()),
    };
    Adapter {
        slot: at,
        enabled: true,
        attachment,
        mac: item.text_of("Address").map(str::to_owned),
        model: item.text_of("ResourceSubType").unwrap_or_default().to_owned(),
        cable: item.text_of("AutomaticAllocation") != Some("false"),
    }
}
