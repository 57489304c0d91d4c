//! Kind `frame-path`: a ping followed hop by hop, from a guest through hypervisor, tap, bridge and uplink to the wire and back; where
//! it stops is told from the counts alone.

mod cases;
mod hop;
mod look;

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Kind, Load, OwnWires, Probe, params};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample};
use crate::scenario::catalog::KindInfo;
use crate::scenario::{self, Filter, FilterAction, Match};
use cases::Case;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "frame-path",
        metrics: METRICS,
        check_params: |table| params::<Params>(table)?.mac().map(drop),
        outer_params: &["network"],
        endpoint_params: &["bridge"],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        let mac = params.mac()?;
        Ok(Box::new(FramePath { params, mac, spec: probe.clone() }))
    },
    watches: |probe, _| {
        let Ok(params) = params::<Params>(&probe.with) else { return Vec::new() };
        let Ok(mac) = params.mac() else { return Vec::new() };
        let matches = Match { source_mac: Some(mac), from: Some(params.host(probe)), ..Match::default() };
        vec![(params.network, Filter { name: WATCH.to_owned(), action: FilterAction::Count, matches })]
    },
    load: Load::Latency,
    own_wires: OwnWires::All,
};

const METRICS: &[MetricSpec] = &[
    MetricSpec::flag("ok", "whether the guest's ping was answered: in its own words and on the wire"),
    MetricSpec::flag("carrier", "whether the guest's NIC has a cable, as the guest sees it"),
    MetricSpec::count("guest_sent", "frames that the guest's NIC sent, in the guest's words"),
    MetricSpec::count("edge_sent", "frames that the hypervisor took from the guest's NIC"),
    MetricSpec::count("tap_sent", "frames of the guest's address that came out of the hypervisor, at its tap"),
    MetricSpec::count("uplink_sent", "those that the bridge sent to the uplink"),
    MetricSpec::count("lan_sent", "those that reached the host's wire, at the switch"),
    MetricSpec::count("lan_back", "frames to the guest's address that others sent on the wire"),
    MetricSpec::count("uplink_back", "those that came in at the uplink"),
    MetricSpec::count("tap_back", "those that the bridge gave to the tap"),
    MetricSpec::count("guest_got", "frames that the guest's NIC got, in the guest's words"),
    MetricSpec::count("answered", "of the guest's echoes, those that were answered"),
    MetricSpec::count(
        "stops_at",
        "where the frames stop: 0 nowhere, 1 no cable, 2 guest, 3 hypervisor, 4 bridge, 5 wire, 6 peer, 7 the way back, 8 guest's ear",
    ),
    MetricSpec::count("cases", "faults that were tried"),
    MetricSpec::count("named", "of these, those whose place the counts told"),
    MetricSpec::count("cured", "those after which frames passed again by what the arm has for it"),
    MetricSpec::count("useless_helped", "remedies that should not help, and did"),
    MetricSpec::count("restored", "those after which the reference remedy made frames pass again"),
    MetricSpec::seconds(
        "recovery",
        "from the begin of the repair to the first echo that was answered; the median of all cases",
    ),
];

/// Name of the counting filter.
const WATCH: &str = "guest:sent";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The virtual machine in the measuring endpoint; none where the endpoint itself is the guest.
    vm: Option<String>,
    /// The endpoint that bridges, where it is not the measuring one.
    bridge: Option<String>,
    /// The network that the uplink leads to.
    network: String,
    /// The guest's MAC address.
    mac: String,
    /// The guest's interface.
    #[serde(default = "default_guest")]
    guest: String,
    /// The host's end of the guest's NIC.
    #[serde(default = "default_tap")]
    tap: String,
    /// The host's NIC.
    #[serde(default = "default_uplink")]
    uplink: String,
    /// Faults to be tried, one after the other, in a lab that is whole otherwise.
    #[serde(default)]
    cases: Vec<Case>,
    /// Shell lines that repair whatever is broken, run after each fault; where the arm has none, nothing is repaired.
    repair: Option<String>,
}

fn default_guest() -> String {
    "eth1".to_owned()
}

fn default_tap() -> String {
    "tap0".to_owned()
}

fn default_uplink() -> String {
    "eth1".to_owned()
}

impl Params {
    fn mac(&self) -> Result<[u8; 6], String> {
        let parts: Option<Vec<u8>> = self.mac.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
        let mac = parts.and_then(|parts| <[u8; 6]>::try_from(parts).ok()).filter(|_| self.mac.len() == 17);
        mac.ok_or_else(|| "`mac` is an address such as 08:00:27:00:00:02".to_owned())
    }

    fn host(&self, probe: &scenario::Probe) -> String {
        self.bridge.clone().unwrap_or_else(|| probe.from.clone())
    }
}

struct FramePath {
    params: Params,
    mac: [u8; 6],
    spec: scenario::Probe,
}

#[async_trait(?Send)]
impl Probe for FramePath {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        if self.params.cases.is_empty() {
            let path = self.look(lab).await?;
            return Ok(path.sample());
        }
        self.try_cases(lab, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let mac = |text: &str| {
            let table = format!("network = 'lan'\nmac = '{text}'").parse().unwrap();
            params::<Params>(&table).and_then(|params| params.mac())
        };
        assert_eq!(mac("08:00:27:00:00:02"), Ok([8, 0, 0x27, 0, 0, 2]));
        for bad in ["08:00:27:00:00", "080027000002", "08:00:27:00:00:0g", "+8:00:27:00:00:02:", ""] {
            assert!(mac(bad).unwrap_err().contains("`mac`"), "{bad}");
        }
    }
}
