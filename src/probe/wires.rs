//! What the kinds that look at the wire share: the frames of a stretch of the lab's time, and what the switch counted meanwhile.

use std::net::IpAddr;

use crate::fabric::capture_read::Record;
use crate::fabric::counters::DropReason;
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::scenario::{Endpoint, Scenario};
use crate::wire::Seen;

/// The frames of a network between two moments.
///
/// # Errors
/// A capture that cannot be read.
pub fn records(lab: &Lab, network: &str, from: &Moment, to: &Moment) -> Result<Vec<Record>, LabError> {
    let read = lab.captures().borrow().since(network, from, to);
    read.map_err(|source| LabError::Own { what: format!("cannot read the capture of {network}"), source })
}

/// The frames that the switch's filters saw: all but those that it drops before it asks them.
pub fn seen(records: &[Record]) -> Vec<Seen<'_>> {
    const BEFORE: [DropReason; 4] =
        [DropReason::TooShort, DropReason::TooLong, DropReason::SpoofedMac, DropReason::PortDown];
    let asked =
        records.iter().filter(|record| !BEFORE.iter().any(|reason| record.comment.as_deref() == Some(reason.note())));
    asked.map(Record::seen).collect()
}

/// How many frames a filter of a network has counted by a moment.
pub fn counted(network: &str, filter: &str, moment: &Moment) -> u64 {
    let network = moment.counters.networks.get(network);
    network.and_then(|network| network.filters.get(filter)).map_or(0, |filter| filter.frames)
}

/// What the switch counted between two moments and what its capture holds must be the same.
///
/// # Errors
/// They differ, with both numbers; not where the capture is known to have lost frames, which the lab's trust tells.
pub fn agree(what: impl FnOnce() -> String, counted: u64, captured: u64, to: &Moment) -> Result<(), LabError> {
    let trust = &to.counters.trust;
    if counted == captured || trust.capture_lost + trust.capture_truncated > 0 {
        return Ok(());
    }
    Err(LabError::Disagreement { what: what(), counted, captured })
}

/// An endpoint of the scenario.
///
/// # Errors
/// There is none of this name; the reader of the file has seen to it that there is.
pub fn endpoint<'a>(scenario: &'a Scenario, name: &str) -> Result<&'a Endpoint, LabError> {
    scenario.endpoints.get(name).ok_or_else(|| LabError::backend(format!("no endpoint `{name}`"), "see the scenario"))
}

/// Where `to` is reached from `from`: the network that both are on, and an address of `to` there.
///
/// # Errors
/// They share none.
pub fn way(scenario: &Scenario, from: &str, to: &str) -> Result<(String, IpAddr), LabError> {
    let (ours, theirs) = (endpoint(scenario, from)?, endpoint(scenario, to)?);
    let shared = theirs.nics.iter().find(|nic| ours.nics.iter().any(|own| own.network == nic.network));
    let found = shared.and_then(|nic| Some((nic.network.clone(), *nic.addresses.first()?)));
    found.ok_or_else(|| LabError::backend(format!("`{from}` cannot ask `{to}`"), "they have no network in common"))
}
