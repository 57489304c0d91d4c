//! What the network adapters of an appliance will meet on another machine, and the course's advice.

use std::collections::BTreeMap;

use super::{Adapter, Appliance, Attachment, Finding, Severity, System, shown};
use crate::wording::Phrase;

/// Names that VirtualBox gives the host-only interface that it makes itself.
const OWN_HOST_ONLY: [&str; 3] = ["", "vboxnet0", "VirtualBox Host-Only Ethernet Adapter"];

/// Findings about all adapters.
pub(super) fn findings(appliance: &Appliance) -> Vec<Finding> {
    let mut findings: Vec<Finding> = appliance.systems.iter().flat_map(of_system).collect();
    let count = appliance.systems.len();
    if count > 1 {
        let what = Phrase::new("appliance-several-systems").with("count", count);
        findings
            .push(Finding::new(Severity::Warning, what).advise(Phrase::new("appliance-advice-several"), Vec::new()));
    }
    findings
}

fn of_system(system: &System) -> Vec<Finding> {
    let mut findings: Vec<Finding> = system.adapters.iter().filter_map(|adapter| of_adapter(system, adapter)).collect();
    let enabled = || system.adapters.iter().filter(|adapter| adapter.enabled);
    for adapter in enabled().filter(|adapter| !adapter.cable && adapter.attachment != Attachment::Null) {
        findings.push(Finding::new(Severity::Note, about("appliance-cable-out", system, adapter)));
    }
    if !enabled().any(|adapter| matches!(adapter.attachment, Attachment::Nat | Attachment::HostOnly(_))) {
        let what = Phrase::new("appliance-no-way-in").with("vm", shown(&system.name));
        findings.push(Finding::new(Severity::Note, what).advise(Phrase::new("appliance-advice-course"), Vec::new()));
    }
    findings.extend(addresses(system));
    findings
}

fn about(id: &str, system: &System, adapter: &Adapter) -> Phrase {
    Phrase::new(id).with("vm", shown(&system.name)).with("number", adapter.number())
}

fn of_adapter(system: &System, adapter: &Adapter) -> Option<Finding> {
    let name = shown(adapter.attachment.target().unwrap_or_default());
    let finding = |severity, id: &str| {
        let name = if name.is_empty() { "?" } else { &name };
        Finding::new(severity, about(id, system, adapter).with("name", name))
    };
    let simple = |severity, id: &str, advice: &str| Some(finding(severity, id).advise(Phrase::new(advice), Vec::new()));
    match &adapter.attachment {
        Attachment::Bridged(_) if !adapter.enabled => Some(finding(Severity::Note, "appliance-bridged-disabled")),
        _ if !adapter.enabled => None,
        Attachment::Bridged(_) if name.is_empty() => {
            Some(course(finding(Severity::Error, "appliance-bridged-nameless"), system, adapter))
        }
        Attachment::Bridged(_) => Some(course(finding(Severity::Error, "appliance-bridged"), system, adapter)),
        Attachment::Other(_) if name.is_empty() => {
            Some(course(finding(Severity::Error, "appliance-other-nameless"), system, adapter))
        }
        Attachment::Other(_) => Some(course(finding(Severity::Error, "appliance-other"), system, adapter)),
        Attachment::Generic(_) => simple(Severity::Warning, "appliance-generic", "appliance-advice-course"),
        Attachment::Null => simple(Severity::Warning, "appliance-null", "appliance-advice-null"),
        Attachment::NatNetwork(_) => simple(Severity::Warning, "appliance-natnetwork", "appliance-advice-natnetwork"),
        Attachment::HostOnly(_) if !OWN_HOST_ONLY.contains(&name.as_str()) => {
            simple(Severity::Note, "appliance-hostonly", "appliance-advice-hostonly")
        }
        Attachment::HostOnly(_) | Attachment::Internal(_) | Attachment::Nat => None,
    }
}

/// The course's rule, and its commands: how to prevent the trouble, and how to repair it where it is too late.
fn course(finding: Finding, system: &System, adapter: &Adapter) -> Finding {
    let (vm, number) = (quoted(&system.name), adapter.number());
    let anew = vec![
        format!("VBoxManage.exe controlvm {vm} nic{number} null"),
        format!("VBoxManage.exe controlvm {vm} nic{number} bridged \"<name>\""),
    ];
    let with = |finding: Finding, id: &str, commands| finding.advise(Phrase::new(id), commands);
    let mut finding = with(finding, "appliance-advice-course", Vec::new());
    if system.virtualbox {
        let before = vec![format!("VBoxManage.exe modifyvm {vm} --nic{number} none")];
        finding = with(finding, "appliance-advice-before", before);
    }
    finding = with(finding, "appliance-advice-anew", anew);
    with(finding, "appliance-advice-no-start", vec![format!("VBoxManage.exe modifyvm {vm} --nic{number} null")])
}

/// A machine's name for a command line of either shell; a stand-in where it would mean something to one of them.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let harmless =
        |c: char| plain(c) || c.is_alphanumeric() || matches!(c, ' ' | '+' | ',' | ':' | '@' | '(' | ')' | '[' | ']');
    match () {
        () if name.starts_with('-') || name.is_empty() || name.len() > 100 => "<vm>".to_owned(),
        () if name.chars().all(plain) => name.to_owned(),
        () if name.chars().all(harmless) => format!("\"{name}\""),
        () => "<vm>".to_owned(),
    }
}

/// MAC addresses that the appliance brings along: every copy of it would have the same.
fn addresses(system: &System) -> Vec<Finding> {
    let mut by_address: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for adapter in system.adapters.iter().filter(|adapter| adapter.enabled) {
        if let Some(mac) = &adapter.mac {
            let digits: String = mac.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
            by_address.entry(digits.to_ascii_uppercase()).or_default().push(adapter.number());
        }
    }
    let vm = shown(&system.name);
    let list = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let mut findings = Vec::new();
    for (mac, numbers) in by_address.iter().filter(|(_, numbers)| numbers.len() > 1) {
        let what = Phrase::new("appliance-mac-twice").with("vm", &vm).with("mac", mac).with("numbers", list(numbers));
        findings.push(Finding::new(Severity::Warning, what).advise(Phrase::new("appliance-advice-mac"), Vec::new()));
    }
    let mut all: Vec<u32> = by_address.into_values().flatten().collect();
    all.sort_unstable();
    if !all.is_empty() {
        let what =
            Phrase::new("appliance-mac-fixed").with("vm", &vm).with("numbers", list(&all)).with("count", all.len());
        findings.push(Finding::new(Severity::Note, what).advise(Phrase::new("appliance-advice-mac"), Vec::new()));
    }
    findings
}
