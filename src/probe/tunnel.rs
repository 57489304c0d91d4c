//! Kind `tunnel`: clients behind one NAT bring their tunnels up, side by side; who gets through, how, and what the NAT made of it.

mod reading;
mod round;
mod sas;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Kind, Load, OwnWires, Probe, params, wires};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample};
use crate::scenario::catalog::KindInfo;
use crate::scenario::{Filter, FilterAction, Match, Scenario};
use crate::wire::frame::{ESP, UDP};
use crate::wire::natt::NAT_T;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "tunnel",
        metrics: METRICS,
        check_params: |table| params::<Params>(table)?.idle().map(drop),
        outer_params: &[],
        endpoint_params: &["also", "nat", "gateway", "inside"],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        let idle = params.idle()?;
        let clients = std::iter::once(&probe.from).chain(&params.also).cloned().collect();
        Ok(Box::new(Tunnel { clients, inner: probe.to.clone(), idle, params }))
    },
    watches: |probe, scenario| {
        let Ok(params) = params::<Params>(&probe.with) else { return Vec::new() };
        // A file whose endpoints do not meet has no lab; the sample would say why.
        let ways = Ways::of(scenario, &probe.from, &params.nat, &params.gateway, &probe.to);
        ways.map(|ways| ways.watches()).unwrap_or_default()
    },
    load: Load::Latency,
    own_wires: OwnWires::All,
};

const METRICS: &[MetricSpec] = &[
    MetricSpec::flag("ok", "whether all clients got through at once"),
    MetricSpec::seconds("time", "from the first client's start until all are up or have given up"),
    MetricSpec::count("working", "clients whose echoes came back through the tunnel, all clients sending at once"),
    MetricSpec::count("first_replies", "of five echoes of the client that sent first, those that came back"),
    MetricSpec::count("second_replies", "the same of the client that sent after it"),
    MetricSpec::count("reached", "clients that the inner server's echoes reached, and that answered"),
    MetricSpec::count("reached_after_idle", "the same after the pause"),
    MetricSpec::count(
        "clear",
        "frames before or behind the NAT in which an echo could be read, whatever was around it",
    ),
    MetricSpec::count("esp", "frames of ESP as IP protocol 50 (RFC 4303) on the public network"),
    MetricSpec::count("esp_in_udp", "frames of ESP in UDP port 4500 (RFC 3948) there"),
    MetricSpec::count("second_esp", "frames of protocol 50 that the client sent which was second"),
    MetricSpec::count("misdelivered", "frames of ESP for one client that the NAT gave to another"),
    MetricSpec::count("nat_ports", "different source ports of the NAT's own in what went to port 4500"),
    MetricSpec::count("insert_failed", "packets that the NAT could not enter into its table (conntrack(8))"),
    MetricSpec::flag("nat_explains_loss", "whether these are as many as the second client's frames of protocol 50"),
    MetricSpec::count("sas", "tunnels that the gateway believes to be up"),
    MetricSpec::count("second_bytes_in", "bytes that the gateway got through the second client's tunnel"),
    MetricSpec::count("encapsulated", "tunnels that the gateway knows to be in UDP"),
    MetricSpec::count("ike_500", "IKE messages on port 500 on the public network"),
    MetricSpec::count("ike_4500", "IKE messages on port 4500 there, behind a non-ESP marker (RFC 3948 §2.2)"),
    MetricSpec::count("sent_to_4500", "frames to port 4500 that the clients sent"),
    MetricSpec::count("passed_to_4500", "those that the NAT passed on"),
    MetricSpec::count("answered_from_4500", "frames from port 4500 that the gateway sent"),
    MetricSpec::count("retransmissions", "IKE messages that a client sent again"),
    MetricSpec::count(
        "keepalives",
        "NAT keepalives (RFC 3948 §2.3), from port 4500, of the client that sent the fewest",
    ),
    MetricSpec::flag(
        "source_hash_inside",
        "whether every NAT_DETECTION_SOURCE_IP of a client (RFC 7296 §2.23) fits its address",
    ),
    MetricSpec::flag("source_hash_outside", "whether any still does behind the NAT"),
    MetricSpec::flag("destination_hash_outside", "whether every NAT_DETECTION_DESTINATION_IP still does there"),
    MetricSpec::seconds("gave_up", "how long the first client that gave up had tried"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// More clients behind the same NAT; who is first changes from sample to sample.
    #[serde(default)]
    also: Vec<String>,
    /// The endpoint that translates.
    nat: String,
    /// The endpoint at the tunnels' other end.
    gateway: String,
    /// Shell line that brings a client's tunnel up, and returns when it is up or has given up.
    up: String,
    /// Shell line that takes it down; no failure where there is none.
    down: String,
    /// Shell line that makes the NAT forget its connections.
    flush: Option<String>,
    /// Shell line that prints the gateway's tunnels as `swanctl --list-sas --raw` does.
    #[serde(default = "default_list")]
    list: String,
    /// The clients' addresses inside the tunnels.
    #[serde(default)]
    inside: BTreeMap<String, IpAddr>,
    /// How long nobody sends before the inner server tries to reach the clients again.
    idle: Option<String>,
}

fn default_list() -> String {
    "swanctl --list-sas --raw".to_owned()
}

impl Params {
    fn idle(&self) -> Result<Option<Duration>, String> {
        let idle = self.idle.as_deref();
        idle.map(|text| super::duration("idle", text, Duration::from_millis(100), Duration::from_secs(600))).transpose()
    }
}

struct Tunnel {
    clients: Vec<String>,
    inner: String,
    idle: Option<Duration>,
    params: Params,
}

/// The networks on the way of a tunnel, and the inner server's address.
#[derive(Debug, Clone)]
struct Ways {
    lan: String,
    public: String,
    inside: String,
    target: IpAddr,
}

impl Ways {
    fn of(scenario: &Scenario, client: &str, nat: &str, gateway: &str, inner: &str) -> Result<Self, LabError> {
        let (lan, _) = wires::way(scenario, client, nat)?;
        let (public, _) = wires::way(scenario, nat, gateway)?;
        let (inside, target) = wires::way(scenario, gateway, inner)?;
        Ok(Ways { lan, public, inside, target })
    }

    /// Filters by which the switch counts what the capture must confirm.
    fn watches(&self) -> Vec<(String, Filter)> {
        let watch = |network: &String, name: &str, matches| {
            (network.clone(), Filter { name: name.to_owned(), action: FilterAction::Count, matches })
        };
        let esp = Match { protocol: Some(ESP), ..Match::default() };
        let to = Match { protocol: Some(UDP), dport: Some(NAT_T), ..Match::default() };
        vec![
            watch(&self.lan, WATCH_ESP, esp.clone()),
            watch(&self.public, WATCH_ESP, esp),
            watch(&self.public, WATCH_TO, to),
        ]
    }
}

/// Names of the filters.
const WATCH_ESP: &str = "vpn:esp";
const WATCH_TO: &str = "vpn:to-4500";

#[async_trait(?Send)]
impl Probe for Tunnel {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        let nat = (&self.params.nat, &self.params.gateway);
        let ways = Ways::of(lab.scenario(), &self.clients[0], nat.0, nat.1, &self.inner)?;
        let mut order: Vec<&str> = self.clients.iter().map(String::as_str).collect();
        let turn = lab.turn(&format!("tunnel {}", self.clients.join(" ")));
        let by = turn % order.len();
        order.rotate_left(by);
        round::Round { probe: self, ways: &ways, order: &order, limit }.take(lab).await
    }
}
