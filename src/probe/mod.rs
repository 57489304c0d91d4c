//! Port 1, how to look: probe kinds. A new kind is one file and one line in [`KINDS`].

mod command;
mod conntrack;
mod dns;
mod dns_lookup;
mod echo;
mod frame_path;
mod rtt;
mod ssh_login;
mod throughput;
mod tunnel;
mod upstream_queries;
mod wires;

use std::time::Duration;

use async_trait::async_trait;

use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::Sample;
use crate::scenario::catalog::{Catalog, KindInfo};
use crate::scenario::{self, Filter, Scenario};

/// A probe bound to a scenario's endpoints and parameters.
#[async_trait(?Send)]
pub trait Probe {
    /// Puts in place what the probe needs (keys), once a lab, before any fault.
    ///
    /// # Errors
    /// What stopped it: the harness's trouble, not the lab's.
    async fn prepare(&self, lab: &Lab) -> Result<(), LabError>;

    /// Users that have to be able to log in at an endpoint.
    fn users(&self, _endpoint: &str) -> Vec<String> {
        Vec::new()
    }

    /// Measures once. A service that refuses is a sample that says so, never an error.
    ///
    /// # Errors
    /// What kept the harness from measuring.
    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError>;
}

/// A kind of probe.
pub struct Kind {
    /// Name, metrics and parameters, as the validator sees them.
    pub info: KindInfo,
    /// Binds it to a scenario's probe.
    pub bind: fn(&scenario::Probe) -> Result<Box<dyn Probe>, String>,
    /// Filters that only count, by network: what a switch is to count of the frames that the probe captures, so that the two can
    /// be compared.
    pub watches: fn(&scenario::Probe, &Scenario) -> Vec<(String, Filter)>,
    /// What else may go on while it takes a sample.
    pub load: Load,
    /// What it tells only of an endpoint whose wires are the lab's, so not of a live machine that the lab reaches through a relay.
    pub own_wires: OwnWires,
}

impl Kind {
    /// The endpoints that a probe's readings are about, or that it acts on.
    pub fn about(&self, probe: &scenario::Probe) -> Vec<String> {
        let named = self.info.endpoint_params.iter().filter_map(|param| probe.with.get(*param));
        let names = named.flat_map(|value| match value {
            toml::Value::String(name) => vec![name.clone()],
            toml::Value::Array(names) => names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
            toml::Value::Table(names) => names.keys().cloned().collect(),
            _ => Vec::new(),
        });
        [probe.from.clone(), probe.to.clone()].into_iter().chain(names).collect()
    }
}

/// What needs the measured endpoint's own wires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnWires {
    /// These metrics; all others are what a user of the service meets, which a relay only delays.
    Some(&'static [&'static str]),
    /// All of them.
    All,
}

/// What a kind's samples do to others, and others to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Nothing: it reads what is there.
    None,
    /// Its samples are times, which the making of labs and bulk transfers would disturb.
    Latency,
    /// It moves as much as a link carries: one lab after the other, and nobody measures beside it.
    Bulk,
}

/// All kinds.
pub static KINDS: &[&Kind] = &[
    &ssh_login::KIND,
    &dns_lookup::KIND,
    &upstream_queries::KIND,
    &tunnel::KIND,
    &frame_path::KIND,
    &rtt::KIND,
    &throughput::KIND,
    &conntrack::KIND,
    &command::KIND,
];

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.info.name == name)
}

/// What scenario files may refer to, with these images.
pub fn catalog(images: impl IntoIterator<Item = String>) -> Catalog {
    Catalog { kinds: KINDS.iter().map(|kind| kind.info).collect(), images: images.into_iter().collect() }
}

/// A parameter that is a time within bounds; the error is a fragment that names it.
fn duration(name: &str, text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let read = scenario::file::duration(text).filter(|time| (least..=most).contains(time));
    read.ok_or_else(|| format!("`{name}` is a time such as 3s, from {least:?} to {most:?}"))
}

/// Reads a kind's parameters; the error is a fragment that names the key.
fn params<T: for<'de> serde::Deserialize<'de>>(table: &toml::Table) -> Result<T, String> {
    table.clone().try_into().map_err(|err: toml::de::Error| err.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_the_endpoints_own_wires_are_metrics_of_the_kind() {
        for kind in KINDS {
            let OwnWires::Some(names) = kind.own_wires else { continue };
            for name in names {
                assert!(kind.info.metrics.iter().any(|metric| metric.name == *name), "{} {name}", kind.info.name);
            }
        }
    }
}
