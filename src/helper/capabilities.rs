//! Duty `capabilities`: what an endpoint finds on its machine, printed as JSON.

use std::fs;
use std::process::ExitCode;

use super::message::{Offer, Offers};

/// Features that show as kernel symbols: name, any of these symbols, how to get it.
const SYMBOLS: &[(&str, &[&str], &str)] = &[
    ("kernel-esp", &["esp4_init", "esp_input"], "the kernel has no ESP loaded; try `modprobe esp4` on the host"),
    ("conntrack", &["nf_conntrack_in"], "no connection tracking loaded; try `modprobe nf_conntrack` on the host"),
    ("nat", &["nf_nat_masquerade_ipv4"], "no NAT loaded; try `modprobe nf_nat nft_masq` on the host"),
    ("netem", &["netem_enqueue"], "not needed: the fabric emulates links itself"),
];

/// Prints [`Offers`].
pub fn main() -> ExitCode {
    let printed = serde_json::to_writer(std::io::stdout(), &offers());
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn offers() -> Offers {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut features = vec![tun(), ipv6()];
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    features.extend(SYMBOLS.iter().map(|(feature, names, way_out)| {
        let there = symbols.lines().filter_map(|line| line.split(' ').nth(2)).any(|symbol| {
            // Symbols of modules carry the module's name behind a tab.
            names.contains(&symbol.split('\t').next().unwrap_or(symbol))
        });
        let detail = if there { "in the kernel".to_owned() } else { (*way_out).to_owned() };
        Offer { feature: (*feature).to_owned(), there, detail }
    }));
    let held = caps::read(None, caps::CapSet::Bounding).unwrap_or_default();
    let mut capabilities: Vec<String> =
        held.iter().map(|cap| cap.to_string().trim_start_matches("CAP_").to_owned()).collect();
    capabilities.sort();
    Offers {
        kernel: read("/proc/sys/kernel/osrelease"),
        features,
        capabilities,
        congestion_control: read("/proc/sys/net/ipv4/tcp_congestion_control"),
    }
}

fn tun() -> Offer {
    let opened = fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    let detail = match &opened {
        Ok(_) => "/dev/net/tun opens".to_owned(),
        Err(err) => format!("/dev/net/tun: {err}; try `modprobe tun` on the host"),
    };
    Offer { feature: "tun".to_owned(), there: opened.is_ok(), detail }
}

fn ipv6() -> Offer {
    let there = fs::exists("/proc/sys/net/ipv6").unwrap_or(false);
    let detail = if there { "in the kernel" } else { "the kernel runs without IPv6 (ipv6.disable=1?)" };
    Offer { feature: "ipv6".to_owned(), there, detail: detail.to_owned() }
}
