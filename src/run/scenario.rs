//! One scenario: all of its labs come up side by side, samples of all arms are taken in the same stretch of time, then all go down.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::gate::Work;
use super::life::{Life, Planned};
use super::queue::Queue;
use super::stream::Bench;
use super::{Finished, Job, Shared, fit};
use crate::arm::ArmName;
use crate::event::{EventKind, LabName, Phase};
use crate::evidence::bundle::BundleError;
use crate::evidence::{ArmEvidence, Outcome};
use crate::lab::{LabError, guest, host};
use crate::mutant;
use crate::probe::{self, Load, Probe};
use crate::scenario::Scenario;
use crate::scenario::subject::Subject;
use crate::verdict::{self, crowd};
use crate::wording::Phrase;

/// Processor time of a login: by so much, on one processor, labs take their samples apart.
const APART: Duration = Duration::from_millis(60);

/// How often arms that leave something open are run again: what they are compared with must be worth it.
const AGAIN_MOST: usize = 2;

/// A probe of the scenario, bound.
pub struct Bound<'a> {
    /// As the scenario has it.
    pub spec: &'a crate::scenario::Probe,
    /// Its kind.
    pub kind: &'static probe::Kind,
    /// What takes it.
    pub probe: Box<dyn Probe>,
}

/// A scenario under way: its own arms first, beside nothing else of it, then what it is proven with.
pub struct Course<'a> {
    job: &'a Job,
    /// Images and probes, or why there are none.
    ready: Result<(BTreeMap<String, String>, Vec<Bound<'a>>), Outcome>,
    watched: Scenario,
    own: Vec<ArmEvidence>,
    /// What was found of the machines on trial before any lab.
    looked: fit::Looked,
    /// That was all: there is nothing to run.
    is_settled: bool,
    queue: Queue,
    clock: Instant,
    took: Cell<f64>,
}

impl<'a> Course<'a> {
    /// Gets ready what these arms need.
    pub async fn of(shared: &Shared<'_>, job: &'a Job, names: &[ArmName]) -> Self {
        let clock = Instant::now();
        let all: Vec<String> = job.scenario.fixes.iter().map(|fix| fix.action.name.clone()).collect();
        let own = names.iter().filter(|name| !matches!(name, ArmName::Submission(_)));
        let evidence = |name: &ArmName| ArmEvidence::new(name.clone(), name.fixes(&all).into_iter().cloned().collect());
        let ready = prepare_for(shared, job).await.map(|(mut images, probes)| {
            images.extend(on_trial(job));
            (images, probes)
        });
        let watched = match &ready {
            Ok((_, probes)) => watched(&job.scenario, probes),
            Err(_) => job.scenario.clone(),
        };
        let (mut own, queue): (Vec<ArmEvidence>, _) = (own.map(evidence).collect(), Queue::of(job));
        let looked = match &ready {
            Ok((images, probes)) => fit::look(shared, job, probes, images).await,
            Err(_) => fit::Looked::new(),
        };
        let is_settled = ready.is_ok() && fit::settle(job, &looked, &mut own);
        Course { job, ready, watched, own, looked, is_settled, queue, clock, took: Cell::default() }
    }

    /// Whether anything but its own arms runs.
    fn is_proven(&self) -> bool {
        !self.job.submissions.is_empty() || self.job.mutants.is_some()
    }

    fn bench<'b>(&'b self, shared: &'b Shared<'b>, calibration: &'b [ArmEvidence]) -> Option<Bench<'b>> {
        let (images, probes) = self.ready.as_ref().ok()?;
        Some(Bench { shared, scenario: &self.watched, images, probes, calibration })
    }

    /// Runs its own arms. Evidence of each is written as soon as all are complete.
    pub async fn run_own(&mut self, shared: &Shared<'_>) -> Result<(), BundleError> {
        let fresh = self.own.iter().map(|arm| ArmEvidence::new(arm.name.clone(), arm.fixes.clone())).collect();
        let Some(bench) = self.bench(shared, &[]).filter(|_| !self.own.is_empty()) else { return Ok(()) };
        if !self.is_settled {
            self.own = bench.own(fresh, &self.job.subjects).await;
        }
        self.took.set(self.clock.elapsed().as_secs_f64());
        self.own.iter().try_for_each(|arm| shared.bundle.write_arm(&self.job.scenario.id, arm))
    }

    /// Runs its own arms again, if they leave something open that others are to be compared with, or that may be the doing of
    /// the scenarios that ran beside it.
    pub async fn settle(&mut self, shared: &Shared<'_>, had_company: bool) -> Result<(), BundleError> {
        let scenario = &self.job.scenario;
        let compared = self.is_proven() || self.job.is_compared_with;
        let is_open = if compared { crowd::is_open } else { crowd::is_scattered };
        // Labs that were kept are somebody's, who would have to end them a second time.
        let once = had_company && shared.options.measure && !shared.options.keep;
        let most = if compared { AGAIN_MOST } else { usize::from(once) };
        for _ in 0..most {
            let goes_on = self.ready.is_ok() && !shared.cancel.is_cancelled();
            if !goes_on || !is_open(scenario, &self.own) {
                break;
            }
            shared.announcer.tell(EventKind::Again { scenario: scenario.id.clone(), submissions: self.own.len() });
            self.run_own(shared).await?;
        }
        let applied = self.own.iter().find(|arm| arm.name == ArmName::Applied);
        if let (Some(wanted), Some(applied)) = (&self.job.mutants, applied) {
            // What the fixes change is known only now.
            self.queue.add(mutant::reverts(&self.job.scenario, applied), wanted);
        }
        Ok(())
    }

    /// Runs what waits in its queue.
    pub async fn prove(&self, shared: &Shared<'_>) -> Result<(), BundleError> {
        let Some(bench) = self.bench(shared, &self.own).filter(|_| self.is_proven()) else { return Ok(()) };
        bench.run(&self.queue).await?;
        self.took.set(self.clock.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs those once more that do not stand by this rule.
    pub async fn prove_again(&self, shared: &Shared<'_>, rule: crowd::Rule) -> Result<(), BundleError> {
        let again = self.queue.again(rule, &self.job.scenario, &self.own);
        if again == 0 || shared.cancel.is_cancelled() {
            return Ok(());
        }
        shared.announcer.tell(EventKind::Again { scenario: self.job.scenario.id.clone(), submissions: again });
        self.prove(shared).await
    }

    /// Everything that it left, judged for whoever listens. What never ran is written now.
    pub fn finish(self, shared: &Shared<'_>) -> Result<Finished, BundleError> {
        let scenario = &self.job.scenario;
        let (mut arms, took) = (self.own, self.took.get());
        let (others, mut mutation) = self.queue.finish();
        let images = match self.ready {
            Ok((images, _)) => {
                arms.extend(others);
                images
            }
            Err(outcome) => {
                // Of mutants that nobody could run nothing is told.
                mutation = None;
                arms.extend(others.into_iter().filter(|arm| !matches!(arm.name, ArmName::Mutant(_))));
                arms.iter_mut().for_each(|arm| arm.outcome = outcome.clone());
                BTreeMap::new()
            }
        };
        for arm in &arms {
            let lab = LabName { scenario: scenario.id.clone(), arm: arm.name.clone() };
            for finding in &arm.findings {
                shared.announcer.tell(EventKind::Found { lab: lab.clone(), finding: finding.clone() });
            }
            if arm.phases.is_empty() {
                shared.bundle.write_arm(&scenario.id, arm)?;
            }
        }
        for result in verdict::judge(scenario, &arms) {
            let (check, arm, verdict) = (result.name, result.arm, result.verdict);
            shared.announcer.tell(EventKind::Judged { scenario: scenario.id.clone(), check, arm, verdict });
        }
        Ok(Finished { arms, mutation, images, looked: self.looked, took })
    }
}

/// References of the images on trial, by endpoint.
fn on_trial(job: &Job) -> impl Iterator<Item = (String, String)> {
    job.subjects.iter().filter_map(|(endpoint, trial)| match &trial.subject {
        Subject::Image(image) => Some((endpoint.clone(), image.reference.clone())),
        Subject::Disk(_) | Subject::Host(_) | Subject::Release(_) => None,
    })
}

/// As [`prepare`], with what the machines on trial need.
async fn prepare_for<'a>(
    shared: &Shared<'_>,
    job: &'a Job,
) -> Result<(BTreeMap<String, String>, Vec<Bound<'a>>), Outcome> {
    let (mut images, probes) = prepare(shared, &job.scenario).await?;
    for (endpoint, _) in job.subjects.iter().filter(|(_, trial)| trial.medium.is_some()) {
        images.insert(endpoint.clone(), image(shared, guest::IMAGE).await?);
    }
    Ok((images, probes))
}

/// Users of this endpoint whom the probes log in as.
pub(super) fn users(probes: &[Bound<'_>], endpoint: &str) -> Vec<String> {
    let mut users: Vec<String> = probes.iter().flat_map(|bound| bound.probe.users(endpoint)).collect();
    users.dedup();
    users
}

/// Builds an image unless it is there.
async fn image(shared: &Shared<'_>, name: &str) -> Result<String, Outcome> {
    let note = |step: &str| shared.announcer.tell(EventKind::Image { image: name.to_owned(), step: step.to_owned() });
    let built = shared.backend.image(name, &note).await;
    built.map_err(|err| Outcome::Error { phase: Phase::Waiting, message: err.chain() })
}

/// What has to be there before any lab: the machine's capabilities, the images, the probes.
pub(super) async fn prepare<'a>(
    shared: &Shared<'_>,
    scenario: &'a Scenario,
) -> Result<(BTreeMap<String, String>, Vec<Bound<'a>>), Outcome> {
    let lacking =
        scenario.requires.iter().filter_map(|requirement| shared.offers.as_ref()?.missing(requirement.name()));
    let lacking: Vec<String> = lacking.collect();
    if !lacking.is_empty() {
        let reason = Phrase::new("verdict-unsupported").with("missing", lacking.join("; "));
        return Err(Outcome::Unsupported { reason });
    }
    let failed = |err: &LabError| Outcome::Error { phase: Phase::Waiting, message: err.chain() };
    let mut probes = Vec::new();
    for spec in &scenario.probes {
        let bound = probe::kind(&spec.kind).ok_or_else(|| format!("no probe kind `{}`", spec.kind));
        let bound = bound.and_then(|kind| Ok(Bound { spec, kind, probe: (kind.bind)(spec)? }));
        probes.push(bound.map_err(|reason| failed(&LabError::backend(format!("probe `{}`", spec.name), reason)))?);
    }
    let mut images = BTreeMap::new();
    // Building takes processor time, as making containers does.
    let _pass = shared.gate.enter(Work::Create).await;
    for (name, endpoint) in &scenario.endpoints {
        // One after the other: builds load the machine, and the next scenario finds what this one built.
        images.insert(name.clone(), image(shared, &endpoint.image).await?);
        if shared.cancel.is_cancelled() {
            return Err(Outcome::Interrupted);
        }
    }
    Ok((images, probes))
}

/// The scenario as its labs are wired: with the counting filters that the probes compare their captures with.
pub(super) fn watched(scenario: &Scenario, probes: &[Bound<'_>]) -> Scenario {
    let mut watched = scenario.clone();
    for bound in probes {
        for (network, filter) in (bound.kind.watches)(bound.spec, scenario) {
            let Some(network) = watched.networks.get_mut(&network) else { continue };
            if !network.filters.iter().any(|known| known.name == filter.name) {
                // In front of all filters that drop: what is dropped was sent all the same.
                network.filters.insert(0, filter);
            }
        }
    }
    watched
}

/// Brings labs up, measures them side by side, and ends them; `known` are arms that they are compared with.
pub(super) async fn run_labs(planned: &Planned<'_>, arms: Vec<ArmEvidence>, known: &[ArmEvidence]) -> Vec<ArmEvidence> {
    let shared = planned.shared;
    let lives: Vec<Life<'_>> = arms.into_iter().map(|arm| Life::new(planned, arm)).collect();
    join_all(lives.iter().map(Life::bring_up)).await;
    if shared.options.measure {
        measure(planned, &lives, known).await;
    }
    let doors = match shared.options.keep && !shared.cancel.is_cancelled() {
        true => super::keep::until_told(shared, &lives).await,
        false => Vec::new(),
    };
    join_all(lives.iter().map(Life::finish)).await;
    drop(doors);
    lives.into_iter().map(Life::into_evidence).collect()
}

/// Takes all samples, each round in all arms at once, so that drift hits all of them; then more where a check is undecided.
async fn measure(planned: &Planned<'_>, lives: &[Life<'_>], known: &[ArmEvidence]) {
    let Planned { shared, scenario, probes, .. } = *planned;
    for bound in probes {
        for _ in 0..bound.spec.samples {
            round(shared, bound, lives).await;
        }
    }
    let mut taken: BTreeMap<&str, u32> =
        probes.iter().map(|bound| (bound.spec.name.as_str(), bound.spec.samples)).collect();
    while !shared.cancel.is_cancelled() {
        let arms: Vec<ArmEvidence> = known.iter().cloned().chain(lives.iter().map(Life::evidence_so_far)).collect();
        let undecided = verdict::undecided(scenario, &arms);
        let more = |bound: &&Bound<'_>| {
            undecided.contains(&bound.spec.name)
                && taken.get(bound.spec.name.as_str()).is_some_and(|n| *n < bound.spec.samples_most)
        };
        let more: Vec<&Bound<'_>> = probes.iter().filter(more).collect();
        if more.is_empty() {
            return;
        }
        for bound in more {
            round(shared, bound, lives).await;
            *taken.entry(bound.spec.name.as_str()).or_default() += 1;
        }
    }
}

async fn round(shared: &Shared<'_>, bound: &Bound<'_>, lives: &[Life<'_>]) {
    let side_by_side = |apart: Duration| {
        join_all((0_u32..).zip(lives).map(move |(place, life)| async move {
            tokio::time::sleep(apart * place).await;
            life.sample(bound).await;
        }))
    };
    match bound.kind.load {
        Load::None => drop(side_by_side(Duration::ZERO).await),
        Load::Latency => {
            let _pass = shared.gate.enter(Work::Sample).await;
            // What costs processor time comes first, and time-outs later: labs that begin one by one disturb each other less.
            side_by_side(APART / u32::try_from(host::processors()).unwrap_or(u32::MAX)).await;
        }
        Load::Bulk => {
            for life in lives {
                let _pass = shared.gate.enter(Work::Bulk).await;
                life.sample(bound).await;
            }
        }
    }
}
