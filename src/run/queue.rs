//! Which labs of a scenario are up at once: its own arms first, then what was handed in and mutants, some at a time.

use std::collections::{BTreeMap, VecDeque};

use super::life::{InPlace, Planned};
use super::scenario::{Bound, run_labs};
use super::{Job, Shared, Wanted};
use crate::arm::ArmName;
use crate::evidence::ArmEvidence;
use crate::mutant;
use crate::scenario::Scenario;
use crate::scenario::mutant::{Mutant, Mutation};

/// Most submissions and mutants of a scenario whose labs are up at once: a lab has a handful of daemons.
const AT_ONCE: usize = 6;

/// Room that there is for labs of all scenarios together, for each machine that may be made at once.
pub const ROOM: usize = 12;
/// Memory above which an endpoint is more than a few daemons: a virtual machine, which starves all others while it boots.
const HEAVY: u64 = 256 << 20;
/// As many labs as one with such an endpoint counts for.
const HEAVY_COUNTS: usize = 4;

/// What all labs of a scenario have in common.
pub struct Bench<'a> {
    /// What the labs of the run share.
    pub shared: &'a Shared<'a>,
    /// The scenario, as its labs are wired.
    pub scenario: &'a Scenario,
    /// Image reference of each endpoint.
    pub images: &'a BTreeMap<String, String>,
    /// Its probes.
    pub probes: &'a [Bound<'a>],
}

/// Runs all labs, mutants too if they are wanted. What is handed in, and mutants, are compared with the arms of the first wave.
pub async fn run(bench: &Bench<'_>, job: &Job, arms: Vec<ArmEvidence>) -> (Vec<ArmEvidence>, Option<Mutation>) {
    let (own, handed_in): (Vec<_>, Vec<_>) =
        arms.into_iter().partition(|arm| !matches!(arm.name, ArmName::Submission(_)));
    let mut queue = Queue { waiting: handed_in.into(), in_place: BTreeMap::new(), mutation: None };
    if !job.subjects.is_empty() {
        let machines = InPlace::on_trial(&job.subjects);
        queue.in_place.extend(own.iter().map(|arm| (arm.name.clone(), machines.clone())));
    }
    for submission in &job.submissions {
        queue.in_place.insert(ArmName::Submission(submission.name.clone()), InPlace::of(submission));
    }
    if let Some(wanted) = &job.mutants {
        queue.add(mutant::mutants(&job.scenario), wanted);
    }
    // Arms of the scenario's own alone are as many as somebody asked for.
    let is_plain = job.submissions.is_empty() && job.mutants.is_none();
    let heavy = job.scenario.endpoints.values().any(|endpoint| endpoint.memory > HEAVY);
    let counts = if heavy { HEAVY_COUNTS } else { 1 };
    let mut done: Vec<ArmEvidence> = Vec::new();
    let mut wave = own;
    loop {
        let more = queue.waiting.len().min(AT_ONCE / counts);
        wave.extend(queue.waiting.drain(..more));
        let Bench { shared, scenario, images, probes } = *bench;
        let planned = Planned { shared, scenario, images, probes, in_place: &queue.in_place };
        let is_first = done.is_empty();
        // An error would say that the semaphore is closed, which nobody does.
        let room = shared.benches.acquire_many(if is_plain { 0 } else { shared.room(wave.len() * counts) }).await;
        let finished = run_labs(&planned, wave, &done).await;
        drop(room);
        done.extend(finished);
        let applied = done.iter().find(|arm| arm.name == ArmName::Applied).filter(|_| is_first);
        if let (Some(wanted), Some(applied)) = (&job.mutants, applied) {
            // What the fixes change is known only now.
            queue.add(mutant::reverts(&job.scenario, applied), wanted);
        }
        if queue.waiting.is_empty() {
            return (done, queue.mutation);
        }
        wave = Vec::new();
    }
}

/// Labs that wait for their turn.
struct Queue {
    waiting: VecDeque<ArmEvidence>,
    in_place: BTreeMap<ArmName, InPlace>,
    mutation: Option<Mutation>,
}

impl Queue {
    fn add(&mut self, mutants: Vec<Mutant>, wanted: &Wanted) {
        let mutation = self.mutation.get_or_insert_with(|| Mutation { is_whole: true, mutants: Vec::new() });
        for mutant in mutants {
            if wanted.only.as_ref().is_some_and(|text| !mutant.name.contains(text)) {
                mutation.is_whole = false;
                continue;
            }
            let arm = ArmName::Mutant(mutant.name.clone());
            self.in_place.insert(arm.clone(), InPlace { steps: mutant.steps.clone(), ..InPlace::default() });
            self.waiting.push_back(ArmEvidence::new(arm, Vec::new()));
            mutation.mutants.push(mutant);
        }
    }
}
