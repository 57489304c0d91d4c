//! The life of one lab: up, ready, faults, fixes, samples, evidence, down. Whatever happens on the way, it ends in `down`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::gate::Work;
use super::put_back::Remembered;
use super::scenario::Bound;
use super::{Shared, Trial};
use crate::arm::ArmName;
use crate::clean::{clean, cut, one_line};
use crate::event::{EventKind, LabName, Phase};
use crate::evidence::{ArmEvidence, Outcome, ProbeEvidence};
use crate::helper::message::Entry;
use crate::lab::LabError;
use crate::lab::guest::Medium;
use crate::lab::live::Live;
use crate::lab::topology::{Lab, Plan};
use crate::measure::Sample;
use crate::scenario::Scenario;
use crate::scenario::subject::Subject;
use crate::scenario::submission::{Host, Step, Submission};
use crate::wording::Phrase;

/// Longest error message that is kept.
const MESSAGE_MOST: usize = 8000;
/// How long removing a lab may take before it is left to `saiten sweep`.
const DOWN: Duration = Duration::from_secs(40);

/// What the labs of one scenario share.
pub struct Planned<'a> {
    /// What the labs of the run share.
    pub shared: &'a Shared<'a>,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Image reference of each endpoint.
    pub images: &'a BTreeMap<String, String>,
    /// Its probes.
    pub probes: &'a [Bound<'a>],
    /// What is done in place of the fixes, by arm.
    pub in_place: &'a BTreeMap<ArmName, InPlace>,
}

/// What is in the place of the scenario's own in one arm.
#[derive(Debug, Clone, Default)]
pub struct InPlace {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Endpoints whose machine was handed in as an image: it is as it was handed in, and no fault is done to it.
    pub images: BTreeSet<String>,
    /// Live machines that take endpoints' places.
    pub hosts: BTreeMap<String, Host>,
    /// Virtual machines that take endpoints' places.
    pub media: BTreeMap<String, Rc<Medium>>,
    /// Endpoints whose machine is on trial: that it does not work is its own fault, and no error of the lab.
    pub on_trial: BTreeSet<String>,
    /// What images on trial start by themselves, by endpoint.
    pub entries: BTreeMap<String, Entry>,
    /// Things to know about it.
    pub remarks: Vec<Phrase>,
}

impl InPlace {
    /// The machines of a run's own arms that are on trial.
    pub fn on_trial(trials: &BTreeMap<String, Trial>) -> Self {
        let mut own = InPlace { on_trial: trials.keys().cloned().collect(), ..InPlace::default() };
        for (endpoint, trial) in trials {
            own.entries.extend(trial.entry.clone().map(|entry| (endpoint.clone(), entry)));
            match &trial.subject {
                Subject::Release(_) => {}
                Subject::Image(_) if trial.faults => {}
                Subject::Image(_) => drop(own.images.insert(endpoint.clone())),
                Subject::Disk(_) => {
                    own.images.insert(endpoint.clone());
                    own.media.extend(trial.medium.clone().map(|medium| (endpoint.clone(), medium)));
                }
                Subject::Host(host) => drop(own.hosts.insert(endpoint.clone(), host.clone())),
            }
        }
        own
    }

    /// What a submission is.
    pub fn of(submission: &Submission) -> Self {
        InPlace {
            steps: submission.steps.clone(),
            images: submission.images.keys().cloned().collect(),
            hosts: submission.hosts.clone(),
            media: BTreeMap::new(),
            on_trial: BTreeSet::new(),
            entries: BTreeMap::new(),
            remarks: submission.remarks.clone(),
        }
    }
}

/// One lab from its begin to its end.
pub struct Life<'a> {
    pub(super) planned: &'a Planned<'a>,
    pub(super) name: LabName,
    evidence: RefCell<ArmEvidence>,
    lab: RefCell<Option<Rc<Lab>>>,
    phase: Cell<(Phase, Instant)>,
    measured_since: Cell<Option<Instant>>,
    failed: Cell<bool>,
    pub(super) remembered: RefCell<Vec<Remembered>>,
}

impl<'a> Life<'a> {
    /// A lab that is not up yet.
    pub fn new(planned: &'a Planned<'a>, evidence: ArmEvidence) -> Self {
        let name = LabName { scenario: planned.scenario.id.clone(), arm: evidence.name.clone() };
        Life {
            planned,
            name,
            evidence: RefCell::new(evidence),
            lab: RefCell::default(),
            phase: Cell::new((Phase::Waiting, Instant::now())),
            measured_since: Cell::default(),
            failed: Cell::new(false),
            remembered: RefCell::default(),
        }
    }

    /// What is known so far, as if the lab had been measured to its end.
    pub fn evidence_so_far(&self) -> ArmEvidence {
        let mut evidence = self.evidence.borrow().clone();
        if !self.failed.get() {
            evidence.outcome = Outcome::Measured;
        }
        evidence
    }

    /// The evidence at the end.
    pub fn into_evidence(self) -> ArmEvidence {
        self.evidence.into_inner()
    }

    /// The lab, while it is up and well.
    pub fn lab(&self) -> Option<Rc<Lab>> {
        if self.failed.get() { None } else { self.lab.borrow().clone() }
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut ArmEvidence)) {
        change(&mut self.evidence.borrow_mut());
    }

    pub(super) fn tell(&self, kind: EventKind) {
        self.planned.shared.announcer.tell(kind);
    }

    /// Enters a phase, and books the time spent in the last one.
    pub(super) fn enter(&self, phase: Phase, detail: Option<String>) {
        self.book(phase);
        self.tell(EventKind::Phase { lab: self.name.clone(), phase, detail });
    }

    /// Books the time since the last change of phase, and begins to count anew.
    fn book(&self, next: Phase) {
        let (last, since) = self.phase.replace((next, Instant::now()));
        self.note(|evidence| {
            *evidence.phases.entry(last.name().to_owned()).or_default() += since.elapsed().as_secs_f64()
        });
    }

    pub(super) fn fail(&self, err: &LabError) {
        self.failed.set(true);
        self.blame(err);
        let (phase, _) = self.phase.get();
        let outcome = match err {
            LabError::Interrupted => Outcome::Interrupted,
            LabError::Lacking(reason) => Outcome::Unsupported { reason: reason.clone() },
            err => Outcome::Error { phase, message: cut(&clean(&err.chain()), MESSAGE_MOST) },
        };
        self.note(|evidence| evidence.outcome = outcome);
    }

    /// Carries out one step unless the lab has failed already: the step's error ends the lab, and so does the user.
    pub(super) async fn step<T>(&self, step: impl Future<Output = Result<T, LabError>>) -> Option<T> {
        if self.failed.get() {
            return None;
        }
        let done = self.planned.shared.cancel.run_until_cancelled(step).await;
        match done.unwrap_or(Err(LabError::Interrupted)) {
            Ok(value) => Some(value),
            Err(err) => {
                self.fail(&err);
                None
            }
        }
    }

    /// From nothing to a lab whose faults and fixes are in place.
    pub async fn bring_up(&self) {
        let remarks = self.own().into_iter().flat_map(|own| own.remarks.clone());
        self.note(|evidence| evidence.findings.extend(remarks));
        let Some(live) = self.find_live().await else { return };
        // Never broken off: a machine that is half made can be known to nobody, and would stay. It has its own limit.
        if let Err(err) = self.up(live).await {
            self.fail(&err);
        }
        let Some(lab) = self.lab() else { return };
        self.enter(Phase::Ready, None);
        self.boot(&lab).await;
        self.step(self.prepare_copies(&lab)).await;
        self.step(self.get_ready(&lab)).await;
        self.await_live(&lab).await;
        for bound in self.planned.probes.iter().filter(|bound| self.can_tell(bound)) {
            self.step(bound.probe.prepare(&lab)).await;
        }
        self.enter(Phase::Faults, None);
        self.step(self.apply_faults(&lab)).await;
        self.enter(Phase::Fixes, None);
        self.step(self.apply_fixes(&lab)).await;
    }

    async fn up(&self, live: BTreeMap<String, Live>) -> Result<(), LabError> {
        let (identity, shells) = (self.identity(), self.shells(&live)?);
        let shared = self.planned.shared;
        let _pass = shared.gate.enter(Work::Create).await;
        if shared.cancel.is_cancelled() {
            return Err(LabError::Interrupted);
        }
        self.enter(Phase::Up, None);
        let plan = Plan {
            backend: shared.backend,
            scenario: self.planned.scenario,
            images: self.planned.images,
            live,
            identity,
            shells,
            media: self.own().map(|own| own.media.clone()).unwrap_or_default(),
            prefix: format!("{}-{}", self.name.scenario.replace('/', "-"), self.name.arm.dir()),
            realtime: shared.options.realtime,
            captures: &shared.bundle.arm_dir(&self.name.scenario, &self.name.arm),
            creating: &shared.creating,
        };
        let limit = self.planned.scenario.limits.up;
        let lab = within(limit, "bringing the lab up", Lab::up(&plan)).await?;
        *self.lab.borrow_mut() = Some(Rc::new(lab));
        Ok(())
    }

    /// What is done in place of the fixes, if this arm is about that, and what it is called.
    pub(super) fn in_place(&self) -> Option<(&str, &'a InPlace)> {
        let (ArmName::Submission(name) | ArmName::Mutant(name)) = &self.name.arm else { return None };
        Some((name, self.planned.in_place.get(&self.name.arm)?))
    }

    /// What is in place of the scenario's own in this arm: steps of a submission or a mutant, or machines.
    pub(super) fn own(&self) -> Option<&'a InPlace> {
        self.planned.in_place.get(&self.name.arm)
    }

    /// Ends the lab before it is up, since something is not there that it needs.
    pub(super) fn unsupported(&self, reason: Phrase) {
        self.failed.set(true);
        self.note(|evidence| evidence.outcome = Outcome::Unsupported { reason });
    }

    /// How much of the arm's time for samples is left.
    fn measuring_left(&self) -> Duration {
        let since = self.measured_since.get().unwrap_or_else(Instant::now);
        self.measured_since.set(Some(since));
        self.planned.scenario.limits.measure.saturating_sub(since.elapsed())
    }

    /// Takes one sample.
    pub async fn sample(&self, bound: &Bound<'_>) {
        let Some(lab) = self.lab() else { return };
        let spec = bound.spec;
        let count = self.evidence.borrow().probes.get(&spec.name).map_or(0, |probe| probe.samples.len());
        if self.phase.get().0 != Phase::Measure {
            self.enter(Phase::Measure, None);
        }
        self.tell(EventKind::Phase {
            lab: self.name.clone(),
            phase: Phase::Measure,
            detail: Some(format!(
                "{} {}/{}",
                spec.name,
                count + 1,
                spec.samples.max(u32::try_from(count).unwrap_or(u32::MAX) + 1)
            )),
        });
        let take = async {
            if !self.can_tell(bound) {
                return Ok(Sample::default());
            }
            if let Some(before) = &spec.before {
                self.act(&lab, &format!("before:{}", spec.name), before).await?;
            }
            // The probe keeps its own limit; this one is for a helper that does not.
            let limit = (spec.limit + Duration::from_secs(90)).min(self.measuring_left());
            let what = format!("probe `{}`", spec.name);
            let sample = within(limit, &what, bound.probe.take(&lab, spec.limit));
            // An endpoint that ends while another is asked would leave a probe to wait for nothing, and to read it.
            tokio::select! {
                biased;
                broken = lab.broken() => Err(broken),
                sample = sample => sample,
            }
        };
        let Some(mut sample) = self.step(take).await else { return };
        sample.failed = sample.failed.map(|reason| one_line(&reason, 400));
        self.leave_out(bound, &mut sample);
        self.tell(EventKind::Sampled { lab: self.name.clone(), probe: spec.name.clone(), sample: sample.clone() });
        self.note(|evidence| {
            let probe = evidence.probes.entry(spec.name.clone()).or_insert_with(|| empty(bound));
            probe.samples.push(sample);
        });
    }

    /// Collects the evidence and ends the lab.
    pub async fn finish(&self) {
        let Some(lab) = self.lab.borrow_mut().take() else {
            let error = self.error();
            self.tell(EventKind::Down { lab: self.name.clone(), error });
            return;
        };
        if !self.failed.get() {
            self.enter(Phase::Collect, None);
            self.step(self.collect(&lab)).await;
        }
        if !self.failed.get() {
            self.note(|evidence| evidence.outcome = Outcome::Measured);
        }
        self.enter(Phase::Down, None);
        self.put_back(&lab).await;
        if let Err(err) = within(DOWN, "removing the lab", lab.down()).await {
            // The verdicts stand; what is left is told, and `saiten sweep` removes it.
            let finding = Phrase::new("finding-left-behind").with("reason", cut(&clean(&err.chain()), 400));
            self.note(|evidence| evidence.findings.push(finding));
        }
        self.book(Phase::Down);
        let error = self.error();
        self.tell(EventKind::Down { lab: self.name.clone(), error });
    }

    fn error(&self) -> Option<String> {
        match &self.evidence.borrow().outcome {
            Outcome::Error { message, .. } => Some(message.clone()),
            _ => None,
        }
    }

    async fn collect(&self, lab: &Lab) -> Result<(), LabError> {
        lab.sync().await?;
        let trust = lab.trust().await?;
        let captures = lab.captures().borrow_mut().records();
        let captures =
            captures.map_err(|source| LabError::Own { what: "cannot keep the captures".to_owned(), source })?;
        self.note(|evidence| {
            evidence.trust = trust;
            evidence.captures = captures;
        });
        self.keep_consoles(lab)?;
        self.collect_logs(lab).await
    }
}

/// A probe without samples, with what is needed to read them later.
fn empty(bound: &Bound<'_>) -> ProbeEvidence {
    let metrics = bound.kind.info.metrics;
    let explained = metrics.iter().filter(|metric| !metric.explained_by.is_empty());
    ProbeEvidence {
        kind: bound.spec.kind.clone(),
        units: metrics.iter().map(|metric| (metric.name.to_owned(), metric.unit)).collect(),
        explained_by: explained
            .map(|metric| (metric.name.to_owned(), metric.explained_by.iter().map(|name| (*name).to_owned()).collect()))
            .collect(),
        samples: Vec::new(),
    }
}

/// Ends what takes too long.
pub(super) async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, LabError>>,
) -> Result<T, LabError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(LabError::TimedOut { what: what.to_owned(), limit, last: String::new() }),
    }
}
