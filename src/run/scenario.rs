//! One scenario: all of its labs come up side by side, samples of all arms are taken in the same stretch of time, then all go down.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;

use super::gate::Work;
use super::life::{Life, Planned};
use super::{Finished, Job, Shared, queue};
use crate::arm::ArmName;
use crate::event::{EventKind, LabName, Phase};
use crate::evidence::bundle::BundleError;
use crate::evidence::{ArmEvidence, Outcome};
use crate::lab::LabError;
use crate::probe::{self, Load, Probe};
use crate::scenario::Scenario;
use crate::scenario::subject::Subject;
use crate::verdict;
use crate::wording::Phrase;

/// A probe of the scenario, bound.
pub struct Bound<'a> {
    /// As the scenario has it.
    pub spec: &'a crate::scenario::Probe,
    /// Its kind.
    pub kind: &'static probe::Kind,
    /// What takes it.
    pub probe: Box<dyn Probe>,
}

/// Runs all arms of a scenario. Evidence of each arm is written as soon as it is complete.
pub async fn run(shared: &Shared<'_>, job: &Job, names: &[ArmName]) -> Result<Finished, BundleError> {
    let scenario = &job.scenario;
    let clock = Instant::now();
    let all: Vec<String> = scenario.fixes.iter().map(|fix| fix.action.name.clone()).collect();
    let evidence = |name: &ArmName| ArmEvidence::new(name.clone(), name.fixes(&all).into_iter().cloned().collect());
    let mut arms: Vec<ArmEvidence> = names.iter().map(evidence).collect();
    let (mut images, mut mutation) = (BTreeMap::new(), None);
    match prepare(shared, scenario).await {
        Ok((found, probes)) => {
            images = found;
            images.extend(on_trial(job));
            let watched = watched(scenario, &probes);
            let bench = queue::Bench { shared, scenario: &watched, images: &images, probes: &probes };
            (arms, mutation) = queue::run(&bench, job, arms).await;
        }
        Err(outcome) => arms.iter_mut().for_each(|arm| arm.outcome = outcome.clone()),
    }
    for arm in &arms {
        let lab = LabName { scenario: scenario.id.clone(), arm: arm.name.clone() };
        for finding in &arm.findings {
            shared.announcer.tell(EventKind::Found { lab: lab.clone(), finding: finding.clone() });
        }
        shared.bundle.write_arm(&scenario.id, arm)?;
    }
    for result in verdict::judge(scenario, &arms) {
        let (check, arm, verdict) = (result.name, result.arm, result.verdict);
        shared.announcer.tell(EventKind::Judged { scenario: scenario.id.clone(), check, arm, verdict });
    }
    Ok(Finished { arms, mutation, images, took: clock.elapsed().as_secs_f64() })
}

/// References of the images on trial, by endpoint.
fn on_trial(job: &Job) -> impl Iterator<Item = (String, String)> {
    job.subjects.iter().filter_map(|(endpoint, trial)| match &trial.subject {
        Subject::Image(image) => Some((endpoint.clone(), image.reference.clone())),
        Subject::Host(_) | Subject::Release(_) => None,
    })
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
        let note = |step: &str| {
            shared.announcer.tell(EventKind::Image { image: endpoint.image.clone(), step: step.to_owned() });
        };
        // One after the other: builds load the machine, and the next scenario finds what this one built.
        let reference = shared.backend.image(&endpoint.image, &note).await.map_err(|err| failed(&err))?;
        images.insert(name.clone(), reference);
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
    let all_at_once = || join_all(lives.iter().map(|life| life.sample(bound)));
    match bound.kind.load {
        Load::None => drop(all_at_once().await),
        Load::Latency => {
            let _pass = shared.gate.enter(Work::Sample).await;
            all_at_once().await;
        }
        Load::Bulk => {
            for life in lives {
                let _pass = shared.gate.enter(Work::Bulk).await;
                life.sample(bound).await;
            }
        }
    }
}
