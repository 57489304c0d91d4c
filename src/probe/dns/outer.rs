//! What leaves a server on its outer network, and comes back: counted frame by frame by the switch, and captured; both must agree.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::lab::wiring::port_name;
use crate::measure::{MetricSpec, Sample};
use crate::probe::wires;
use crate::scenario::{Filter, FilterAction, Match, Scenario};
use crate::wire::dns::passed::{Tally, passed};
use crate::wire::dns::{Opcode, PORT};
use crate::wire::frame::{TCP, UDP};
use crate::wire::lookup::{self, Query};

/// The outer side of a server: the network's name and the server's.
#[derive(Debug, Clone)]
pub struct Outer {
    /// Network that leads outside.
    pub network: String,
    /// Endpoint that is watched there.
    pub server: String,
}

/// What passed on the outer side.
pub struct Outside {
    /// Frames from the server to port 53, over UDP and over TCP.
    pub frames: (u64, u64),
    /// The server's queries, in order.
    pub queries: Vec<Query>,
}

/// What is counted: which frames, and of whom.
const WATCHES: [(&str, u8, Way); 4] =
    [("to-udp", UDP, Way::Out), ("to-tcp", TCP, Way::Out), ("from-udp", UDP, Way::Back), ("from-tcp", TCP, Way::Back)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the server to port 53 of anybody.
    Out,
    /// From port 53 of anybody: what comes back to the server is among it.
    Back,
}

/// The metrics of the outer side; every kind that has one reports them under these names.
pub const METRICS: [MetricSpec; 5] = [
    MetricSpec::count("upstream_packets", "frames to port 53 that left the server on its outer network, UDP and TCP"),
    MetricSpec::count("upstream_udp", "those over UDP"),
    MetricSpec::count("upstream_tcp", "those over TCP, connections' own segments included"),
    MetricSpec::count("upstream_queries", "DNS messages among them that ask something, NOTIFY (RFC 1996) included"),
    MetricSpec::count("upstream_names", "different questions, by name and type, in them"),
];

/// Their names.
pub const NAMES: [&str; METRICS.len()] =
    [METRICS[0].name, METRICS[1].name, METRICS[2].name, METRICS[3].name, METRICS[4].name];

impl Outer {
    /// The filters by which the switch counts what [`Outer::look`] finds in the capture.
    pub fn watches(&self) -> Vec<(String, Filter)> {
        let watch = |(name, protocol, way): &(&str, u8, Way)| {
            let matches = match way {
                Way::Out => Match { dport: Some(PORT), from: Some(self.server.clone()), ..Match::default() },
                Way::Back => Match { sport: Some(PORT), ..Match::default() },
            };
            let matches = Match { protocol: Some(*protocol), ..matches };
            (self.network.clone(), Filter { name: self.name(name), action: FilterAction::Count, matches })
        };
        WATCHES.iter().map(watch).collect()
    }

    fn name(&self, watch: &str) -> String {
        format!("dns:{}:{watch}", self.server)
    }

    /// Name of the switch's port that the server is plugged into.
    fn port(&self, scenario: &Scenario) -> Option<String> {
        let nics = &scenario.endpoints.get(&self.server)?.nics;
        let nic = nics.iter().find(|nic| nic.network == self.network)?;
        Some(port_name(&self.server, &nic.interface))
    }

    /// What passed between two moments.
    ///
    /// # Errors
    /// The switch's counters and its capture disagree, with both numbers.
    pub fn look(&self, lab: &Lab, from: &Moment, to: &Moment) -> Result<Outside, LabError> {
        let records = wires::records(lab, &self.network, from, to)?;
        let frames = wires::seen(&records);
        let port = self.port(lab.scenario()).unwrap_or_default();
        let tallies = passed(&frames).tallies;
        let none = Tally::default();
        let own = tallies.get(port.as_str()).unwrap_or(&none);
        let captured = [
            own.to_udp,
            own.to_tcp,
            tallies.values().map(|tally| tally.from_udp).sum(),
            tallies.values().map(|tally| tally.from_tcp).sum(),
        ];
        for ((watch, ..), captured) in WATCHES.iter().zip(captured) {
            let name = self.name(watch);
            let counted = |moment| wires::counted(&self.network, &name, moment);
            let what = || format!("{watch} port 53 at `{}` on `{}`", self.server, self.network);
            wires::agree(what, counted(to).saturating_sub(counted(from)), captured, to)?;
        }
        let mut queries = lookup::queries(&frames);
        queries.retain(|query| query.port == port);
        Ok(Outside { frames: (own.to_udp, own.to_tcp), queries })
    }
}

impl Outside {
    /// Adds the metrics to a sample that may have some already.
    pub fn add_to(&self, sample: &mut Sample) {
        let different: BTreeSet<(&str, &str)> =
            self.queries.iter().map(|query| (query.kind.as_str(), query.name.as_str())).collect();
        let (udp, tcp) = self.frames;
        let values = [udp + tcp, udp, tcp, self.queries.len() as u64, different.len() as u64];
        for (metric, value) in METRICS.iter().zip(values) {
            *sample.readings.entry(metric.name.to_owned()).or_default() += value as f64;
        }
    }

    /// Of the queries, those that tell others of a change (RFC 1996).
    pub fn notifies(&self) -> usize {
        self.queries.iter().filter(|query| query.opcode == Opcode::Notify).count()
    }
}

/// The endpoint that has this address, or the address itself.
pub fn name_of(scenario: &Scenario, address: IpAddr) -> String {
    let has = |endpoint: &crate::scenario::Endpoint| endpoint.nics.iter().any(|nic| nic.addresses.contains(&address));
    let found = scenario.endpoints.iter().find(|(_, endpoint)| has(endpoint));
    found.map_or_else(|| address.to_string(), |(name, _)| name.clone())
}
