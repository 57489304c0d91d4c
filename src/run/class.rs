//! Submissions of a class: a lab each, as many at once as the machine bears, beside the labs without and with the fix that ran before.

use super::gate::Gate;
use super::scenario::{prepare, watched};
use super::stream::{Bench, Desk, Room};
use super::{Options, RunError, Shared, Stop};
use crate::event::Announcer;
use crate::evidence::{ArmEvidence, Outcome};
use crate::lab::Backend;
use crate::scenario::Scenario;

/// How many labs are up at once, and whether they disturb each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Labs at once.
    pub at_once: usize,
    /// Whether samples are taken while other labs are made. Quicker; whatever that may have shown in has to be looked at again.
    pub crowded: bool,
}

/// Runs a lab for each submission of a scenario. `calibration` holds the arms without and with the fix. When the user stops, labs
/// under way end, and what they were about goes to nobody.
///
/// # Errors
/// A backend that does not answer, or evidence that cannot be written.
pub async fn submissions(
    backend: &dyn Backend,
    (scenario, calibration): (&Scenario, &[ArmEvidence]),
    options: &Options,
    (announcer, stop): (&Announcer, &Stop),
    crowd: Crowd,
    desk: &dyn Desk,
) -> Result<(), RunError> {
    let gate = if crowd.crowded { Gate::crowded() } else { Gate::default() };
    let shared = Shared::new(backend, options, announcer, stop, !scenario.requires.is_empty()).await?;
    let shared = shared.with(gate, Room::of(crowd.at_once));
    let prepared = prepare(&shared, scenario).await;
    let (images, probes) = match prepared {
        Ok((images, probes)) => (images, probes),
        Err(outcome) => return all_end(&shared, scenario, desk, &outcome).await,
    };
    let watched = watched(scenario, &probes);
    let bench = Bench { shared: &shared, scenario: &watched, images: &images, probes: &probes, calibration };
    Ok(bench.run(desk).await?)
}

/// Everybody gets the same outcome: there is nothing to run a lab with.
async fn all_end(shared: &Shared<'_>, scenario: &Scenario, desk: &dyn Desk, outcome: &Outcome) -> Result<(), RunError> {
    if *outcome == Outcome::Interrupted {
        return Ok(());
    }
    while let Some(entry) = desk.next().await {
        let mut evidence = ArmEvidence::new(entry.arm, Vec::new());
        evidence.outcome = outcome.clone();
        shared.bundle.write_arm(&scenario.id, &evidence)?;
        desk.done(evidence);
    }
    Ok(())
}
