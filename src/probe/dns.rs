//! What the kinds about DNS share: a stretch of the lab's time, and the queries that passed in it, as the wire saw them.

pub mod asker;
pub mod ladder;
pub mod outer;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::fabric::capture_read::Record;
use crate::fabric::counters::DropReason;
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::scenario::{Endpoint, Scenario};
use crate::wire::Seen;
use crate::wire::lookup::{self, Query};

/// How long a network has to be still before what was started is taken to be over.
const QUIET: Duration = Duration::from_millis(20);
/// How long that is waited for: a resolver whose servers do not answer is never still.
const SETTLE_MOST: Duration = Duration::from_millis(200);

/// Waits until nothing moves on these networks and no query is open, or for a short while; gives that moment.
///
/// # Errors
/// A lab that has ended.
pub async fn settle(lab: &Lab, networks: &[String], from: &Moment) -> Result<Moment, LabError> {
    let begin = Instant::now();
    let mut last = lab.sync().await?;
    loop {
        tokio::time::sleep(QUIET).await;
        let now = lab.sync().await?;
        let is_still = networks.iter().all(|network| now.captured.get(network) == last.captured.get(network));
        if begin.elapsed() >= SETTLE_MOST || (is_still && !any_open(lab, networks, from, &now)?) {
            return Ok(now);
        }
        last = now;
    }
}

fn any_open(lab: &Lab, networks: &[String], from: &Moment, to: &Moment) -> Result<bool, LabError> {
    for network in networks {
        let records = records(lab, network, from, to)?;
        if lookup::queries(&seen(&records)).iter().any(|query| query.answered_ns.is_none()) {
            return Ok(true);
        }
    }
    Ok(false)
}

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

/// The queries of one endpoint on a network, as the wire saw them.
///
/// # Errors
/// As [`records`].
pub fn queries(lab: &Lab, network: &str, endpoint: &str, from: &Moment, to: &Moment) -> Result<Vec<Query>, LabError> {
    let records = records(lab, network, from, to)?;
    let mut queries = lookup::queries(&seen(&records));
    queries.retain(|query| query.endpoint() == endpoint);
    Ok(queries)
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
