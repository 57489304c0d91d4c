//! Labs of a scenario beside its own arms: one for each submission or mutant, as many at once as the machine bears.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::life::{InPlace, Planned};
use super::scenario::{Bound, run_labs};
use super::{Shared, Trial};
use crate::arm::ArmName;
use crate::clean::one_line;
use crate::event::{EventKind, LabName};
use crate::evidence::bundle::{BundleError, hex};
use crate::evidence::{ArmEvidence, Outcome, Phase};
use crate::scenario::Scenario;
use crate::scenario::mutant::Mutant;
use crate::scenario::submission::Submission;
use crate::wording::Phrase;

/// Labs at once for each processor: most of a lab's time is waiting.
pub const LABS_A_PROCESSOR: usize = 7;

/// Memory above which an endpoint is more than a few daemons: a virtual machine, which starves all others while it boots.
const HEAVY: u64 = 256 << 20;
/// As many labs as one with such an endpoint counts for: each has a processor.
const HEAVY_COUNTS: usize = LABS_A_PROCESSOR;
/// Most bytes of all layers of an image that is handed in.
const IMAGE_MOST: u64 = 8 << 30;
/// Longest message of an image that cannot be loaded, in characters.
const MESSAGE_MOST: usize = 1000;

/// What has a lab of its own.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) arm: ArmName,
    pub(super) in_place: InPlace,
    /// Archives of images that take endpoints' places.
    archives: BTreeMap<String, PathBuf>,
}

impl From<&Submission> for Entry {
    fn from(submission: &Submission) -> Self {
        Entry {
            arm: ArmName::Submission(submission.name.clone()),
            in_place: InPlace::of(submission),
            archives: submission.images.clone(),
        }
    }
}

impl From<&Mutant> for Entry {
    fn from(mutant: &Mutant) -> Self {
        Entry {
            arm: ArmName::Mutant(mutant.name.clone()),
            in_place: InPlace { steps: mutant.steps.clone(), ..InPlace::default() },
            archives: BTreeMap::new(),
        }
    }
}

/// Where entries come from and evidence goes to.
#[async_trait(?Send)]
pub trait Desk {
    /// The next entry; none when all are taken.
    async fn next(&self) -> Option<Entry>;

    /// What became of one. Its evidence is on disk.
    fn done(&self, evidence: ArmEvidence);
}

/// Room for labs that are up at once, of all scenarios together.
pub(super) struct Room {
    places: Semaphore,
    all: usize,
}

impl Room {
    /// Room for so many labs of a few daemons.
    pub fn of(all: usize) -> Self {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Room { places: Semaphore::new(all), all }
    }

    /// Places that a lab of this scenario takes.
    fn places(&self, scenario: &Scenario) -> usize {
        let heavy = scenario.endpoints.values().any(|endpoint| endpoint.memory > HEAVY);
        if heavy { HEAVY_COUNTS.min(self.all) } else { 1 }
    }

    /// Waits for that room. Who waits longest is next, whatever it takes.
    async fn take(&self, scenario: &Scenario) -> Option<SemaphorePermit<'_>> {
        // An error would say that the semaphore is closed, which nobody does.
        self.places.acquire_many(u32::try_from(self.places(scenario)).unwrap_or(u32::MAX)).await.ok()
    }
}

/// What all labs of a scenario have in common.
pub(super) struct Bench<'a> {
    /// What the labs of the run share.
    pub shared: &'a Shared<'a>,
    /// The scenario, as its labs are wired.
    pub scenario: &'a Scenario,
    /// Image reference of each endpoint.
    pub images: &'a BTreeMap<String, String>,
    /// Its probes.
    pub probes: &'a [Bound<'a>],
    /// The arms that the labs are compared with.
    pub calibration: &'a [ArmEvidence],
}

impl Bench<'_> {
    /// Runs a lab for each entry of the desk. When the user stops, labs under way end, and the desk hears nothing of them.
    ///
    /// # Errors
    /// Evidence that cannot be written.
    pub async fn run(&self, desk: &dyn Desk) -> Result<(), BundleError> {
        let Bench { shared, scenario, .. } = self;
        let most = (shared.room.all / shared.room.places(scenario)).max(1);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < most && !shared.cancel.is_cancelled() {
                let Some(entry) = desk.next().await else { break };
                under_way.push(self.one(entry));
            }
            let Some(evidence) = under_way.next().await else { return Ok(()) };
            if evidence.outcome == Outcome::Interrupted {
                continue;
            }
            shared.bundle.write_arm(&scenario.id, &evidence)?;
            desk.done(evidence);
        }
    }

    async fn one(&self, entry: Entry) -> ArmEvidence {
        let _room = self.shared.room.take(self.scenario).await;
        let mut images = self.images.clone();
        let mut loaded = Vec::new();
        let mut failed = None;
        // An address is the whole machine: an image beside it would only be loaded.
        for (endpoint, archive) in entry.archives.iter().filter(|(on, _)| !entry.in_place.hosts.contains_key(*on)) {
            let reference = self.reference(&entry.arm, endpoint);
            match self.shared.backend.load_as(archive, &reference, IMAGE_MOST).await {
                Ok(()) => {
                    images.insert(endpoint.clone(), reference.clone());
                    loaded.push(reference);
                }
                Err(err) => failed = Some(err.chain()),
            }
        }
        let lab = LabName { scenario: self.scenario.id.clone(), arm: entry.arm.clone() };
        let mut evidence = ArmEvidence::new(entry.arm.clone(), Vec::new());
        match failed {
            Some(message) => {
                evidence.outcome = Outcome::Error { phase: Phase::Waiting, message: one_line(&message, MESSAGE_MOST) };
            }
            None => evidence = self.lab(entry, &images, evidence).await,
        }
        for reference in loaded {
            if let Err(err) = self.shared.backend.forget(&reference).await {
                let finding = Phrase::new("finding-left-behind").with("reason", one_line(&err.chain(), MESSAGE_MOST));
                self.shared.announcer.tell(EventKind::Found { lab: lab.clone(), finding });
            }
        }
        evidence
    }

    /// A name that no other image has, whatever the archive claims.
    fn reference(&self, arm: &ArmName, endpoint: &str) -> String {
        let id = Sha256::digest(format!("{} {arm} {endpoint}", self.scenario.id).as_bytes());
        format!("saiten-handed-in:{}-{}", self.shared.options.id, &hex(&id)[..16])
    }

    async fn lab(&self, entry: Entry, images: &BTreeMap<String, String>, evidence: ArmEvidence) -> ArmEvidence {
        let Bench { shared, scenario, probes, .. } = *self;
        let in_place = BTreeMap::from([(entry.arm, entry.in_place)]);
        let planned = Planned { shared, scenario, images, probes, in_place: &in_place };
        let labs = run_labs(&planned, vec![evidence.clone()], self.calibration).await;
        labs.into_iter().next().unwrap_or(evidence)
    }

    /// Runs the scenario's own arms side by side, beside nothing else of it; with a live machine on trial, which is the same one in all
    /// of them, one after the other.
    pub async fn own(&self, arms: Vec<ArmEvidence>, trials: &BTreeMap<String, Trial>) -> Vec<ArmEvidence> {
        let Bench { shared, scenario, images, probes, .. } = *self;
        let machines = InPlace::on_trial(trials);
        let of = |arm: &ArmEvidence| (arm.name.clone(), machines.clone());
        let in_place = if trials.is_empty() { BTreeMap::new() } else { arms.iter().map(of).collect() };
        let planned = Planned { shared, scenario, images, probes, in_place: &in_place };
        if machines.hosts.is_empty() {
            return run_labs(&planned, arms, &[]).await;
        }
        let mut done = Vec::new();
        for arm in arms {
            let finished = run_labs(&planned, vec![arm], &done).await;
            done.extend(finished);
        }
        done
    }
}
