//! What the kinds about DNS share: a stretch of the lab's time, and the queries that passed in it, as the wire saw them.

pub mod asker;
pub mod ladder;
pub mod outer;

use std::time::{Duration, Instant};

use super::wires::{records, seen};
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
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
