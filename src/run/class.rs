//! Submissions of a class: a lab each, as many at once as the machine bears, beside the labs without and with the fix that ran before.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::gate::Gate;
use super::life::{InPlace, Planned};
use super::scenario::{Bound, prepare, run_labs, watched};
use super::{Options, RunError, Shared, Stop};
use sha2::{Digest, Sha256};

use crate::arm::ArmName;
use crate::clean::one_line;
use crate::event::{Announcer, EventKind, LabName};
use crate::evidence::bundle::hex;
use crate::evidence::{ArmEvidence, Outcome, Phase};
use crate::lab::Backend;
use crate::scenario::Scenario;
use crate::scenario::submission::Submission;
use crate::wording::Phrase;

/// Most bytes of all layers of an image that is handed in.
const IMAGE_MOST: u64 = 8 << 30;
/// Longest message of an image that cannot be loaded, in characters.
const MESSAGE_MOST: usize = 1000;

/// How many labs are up at once, and whether they disturb each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Labs at once.
    pub at_once: usize,
    /// Whether samples are taken while other labs are made. Quicker; whatever that may have shown in has to be looked at again.
    pub crowded: bool,
}

/// Where submissions come from and go to.
#[async_trait(?Send)]
pub trait Desk {
    /// The next submission; none when all are taken.
    async fn next(&self) -> Option<Submission>;

    /// What became of one. Its evidence is on disk.
    fn done(&self, submission: &Submission, evidence: ArmEvidence);
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
    let shared = Shared::new(backend, options, announcer, stop, gate, !scenario.requires.is_empty()).await?;
    let prepared = prepare(&shared, scenario).await;
    let (images, probes) = match prepared {
        Ok((images, probes)) => (images, probes),
        Err(outcome) => return all_end(&shared, scenario, desk, &outcome).await,
    };
    let watched = watched(scenario, &probes);
    let class = Class { shared: &shared, scenario: &watched, images: &images, probes: &probes, calibration };
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < crowd.at_once.max(1) && !stop.interrupted.is_cancelled() {
            let Some(submission) = desk.next().await else { break };
            under_way.push(class.one(submission));
        }
        let Some(finished) = under_way.next().await else { return Ok(()) };
        let (submission, evidence) = finished;
        if evidence.outcome == Outcome::Interrupted {
            continue;
        }
        shared.bundle.write_arm(&scenario.id, &evidence)?;
        desk.done(&submission, evidence);
    }
}

/// Everybody gets the same outcome: there is nothing to run a lab with.
async fn all_end(shared: &Shared<'_>, scenario: &Scenario, desk: &dyn Desk, outcome: &Outcome) -> Result<(), RunError> {
    if *outcome == Outcome::Interrupted {
        return Ok(());
    }
    while let Some(submission) = desk.next().await {
        let mut evidence = ArmEvidence::new(ArmName::Submission(submission.name.clone()), Vec::new());
        evidence.outcome = outcome.clone();
        shared.bundle.write_arm(&scenario.id, &evidence)?;
        desk.done(&submission, evidence);
    }
    Ok(())
}

/// What the labs of one scenario's submissions share.
struct Class<'a> {
    shared: &'a Shared<'a>,
    scenario: &'a Scenario,
    images: &'a BTreeMap<String, String>,
    probes: &'a [Bound<'a>],
    calibration: &'a [ArmEvidence],
}

impl Class<'_> {
    async fn one(&self, submission: Submission) -> (Submission, ArmEvidence) {
        let mut images = self.images.clone();
        let mut loaded = Vec::new();
        let mut failed = None;
        // An address is the whole machine: an image beside it would only be loaded.
        for (endpoint, archive) in submission.images.iter().filter(|(on, _)| !submission.hosts.contains_key(*on)) {
            let reference = self.reference(&submission, endpoint);
            match self.shared.backend.load_as(archive, &reference, IMAGE_MOST).await {
                Ok(()) => {
                    images.insert(endpoint.clone(), reference.clone());
                    loaded.push(reference);
                }
                Err(err) => failed = Some(err.chain()),
            }
        }
        let evidence = match failed {
            Some(message) => {
                let mut evidence = ArmEvidence::new(ArmName::Submission(submission.name.clone()), Vec::new());
                evidence.outcome = Outcome::Error { phase: Phase::Waiting, message: one_line(&message, MESSAGE_MOST) };
                evidence
            }
            None => self.lab(&submission, &images).await,
        };
        for reference in loaded {
            if let Err(err) = self.shared.backend.forget(&reference).await {
                let lab = LabName { scenario: self.scenario.id.clone(), arm: evidence.name.clone() };
                let finding = Phrase::new("finding-left-behind").with("reason", one_line(&err.chain(), MESSAGE_MOST));
                self.shared.announcer.tell(EventKind::Found { lab, finding });
            }
        }
        (submission, evidence)
    }

    /// A name that no other image has, whatever the archive claims.
    fn reference(&self, submission: &Submission, endpoint: &str) -> String {
        let id = Sha256::digest(format!("{} {} {endpoint}", self.scenario.id, submission.name).as_bytes());
        format!("saiten-handed-in:{}-{}", self.shared.options.id, &hex(&id)[..16])
    }

    async fn lab(&self, submission: &Submission, images: &BTreeMap<String, String>) -> ArmEvidence {
        let name = ArmName::Submission(submission.name.clone());
        let planned = Planned {
            shared: self.shared,
            scenario: self.scenario,
            images,
            probes: self.probes,
            in_place: &BTreeMap::from([(name.clone(), InPlace::of(submission))]),
        };
        let labs = run_labs(&planned, vec![ArmEvidence::new(name.clone(), Vec::new())], self.calibration).await;
        labs.into_iter().next().unwrap_or_else(|| ArmEvidence::new(name, Vec::new()))
    }
}
