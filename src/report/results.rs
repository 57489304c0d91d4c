//! `results.json`: the documented, versioned result of a run, from which every other report is made.

mod fitness;
mod ladder;
mod mutants;
mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::arm::{ArmName, ArmPlan};
use crate::clean::{clean, cut};
use crate::effect::{self, Effect, Interaction};
use crate::evidence::bundle::{RunRecord, ScenarioRecord};
use crate::evidence::{ArmEvidence, Outcome, ProbeEvidence, Trust};
use crate::explain;
use crate::measure::{Ladder, Unit};
use crate::scenario::Scenario;
use crate::stats::{self, Estimate};
use crate::verdict::{self, CheckResult, Verdict};
use crate::wording::Lang;
pub use fitness::{FitnessPart, SubjectPart};
pub use mutants::MutantPart;

/// Version of the format. It changes when a field changes its meaning or goes; new fields do not change it.
pub const VERSION: u32 = 1;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Results {
    /// Version of this format.
    pub version: u32,
    /// The run as a whole.
    pub run: RunPart,
    /// Scenarios in the order in which they were asked for.
    pub scenarios: Vec<ScenarioPart>,
}

/// The run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunPart {
    /// The run's id.
    pub id: String,
    /// Saiten's version.
    pub saiten: String,
    /// When it began (RFC 3339, UTC).
    pub started: String,
    /// Wall time in seconds.
    pub took: f64,
    /// Arms asked for.
    pub arms: ArmPlan,
    /// Whether resolvers kept the distribution's time-outs; otherwise they were compressed to `timeout:1 attempts:1`.
    pub realtime: bool,
    /// Language of all messages.
    pub lang: Lang,
    /// Whether `unsupported` counts against the run.
    pub strict: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// `native` or `docker`; `virtualbox` where no lab was run.
    pub backend: Option<String>,
    /// Why that one.
    pub why_backend: Option<String>,
    /// What ran the labs; `not limited` says what this machine cannot limit.
    pub machine: BTreeMap<String, String>,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScenarioPart {
    /// `<family>/<name>`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Section of the course.
    pub material: Option<String>,
    /// The worst verdict of its checks; `error` also where nothing was judged or a lab that no check reads has failed.
    pub verdict: Verdict,
    /// Points given.
    pub points: u32,
    /// Points it is worth.
    pub points_most: u32,
    /// Seconds from the first lab's start to the last one's end.
    pub took: f64,
    /// Arms in the order in which they ran.
    pub arms: Vec<ArmPart>,
    /// Checks, each first in the arm `omitted` (did the symptom appear?), then in `applied` (does it hold?).
    pub checks: Vec<CheckPart>,
    /// What each fix accounts for; empty for `--arms pair`.
    pub effects: Vec<EffectPart>,
    /// How two fixes act together beyond their sum; only for `--arms full`.
    pub interactions: Vec<Interaction>,
    /// Mutants of the fixes; only for `prove`, which then also judges each check in an arm `mutants`.
    pub mutants: Vec<MutantPart>,
    /// Whether the machines on trial are fit for the lesson; only for `verify`.
    pub fitness: Option<FitnessPart>,
}

impl ScenarioPart {
    /// Arms that failed and that no check reads, so that no check tells of the failure.
    pub fn failed_unread(&self) -> impl Iterator<Item = (&ArmPart, &str)> {
        let read = |arm: &ArmPart| self.checks.iter().any(|check| check.arm == arm.name);
        // A mutant whose lab fails is told among the mutants.
        let is_mutant = |arm: &ArmPart| arm.name.starts_with("mutant:");
        let unread = self.arms.iter().filter(move |arm| arm.outcome == "error" && !read(arm) && !is_mutant(arm));
        unread.map(|arm| (arm, arm.error.as_deref().unwrap_or_default()))
    }
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ArmPart {
    /// `omitted`, `applied`, `only:<fix>`, `without:<fix>`, `set:<fix>+<fix>`, `submission:<name>`, `mutant:<name>`.
    pub name: String,
    /// Fixes that were applied.
    pub fixes: Vec<String>,
    /// `measured`, `unsupported`, `error` or `interrupted`.
    pub outcome: String,
    /// Why it was not measured.
    pub error: Option<String>,
    /// All measurements.
    pub measurements: Vec<MeasurementPart>,
    /// Seconds spent in each phase.
    pub phases: BTreeMap<String, f64>,
    /// How far this lab's wires can be believed.
    pub trust: Trust,
    /// Things a teacher should know.
    pub findings: Vec<String>,
    /// Where the time went, as the wire saw it: of the probe's median sample.
    pub remarks: Vec<String>,
    /// Who asked whom what, where that is what a probe measures: of each probe's first sample.
    pub ladders: Vec<LadderPart>,
    /// Evidence of this arm, relative to the report directory.
    pub evidence: Vec<String>,
}

/// The messages that one action gave rise to.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LadderPart {
    /// Probe.
    pub probe: String,
    /// The messages in order.
    #[serde(flatten)]
    pub ladder: Ladder,
}

/// All readings of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MeasurementPart {
    /// `<probe>.<metric>`.
    pub metric: String,
    /// `s`, `count`, `flag` (0 or 1) or `bit/s`.
    pub unit: Unit,
    /// Readings in the order in which they were taken.
    pub samples: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// Lower end of the median's interval.
    pub low: f64,
    /// Upper end of the median's interval.
    pub high: f64,
}

/// A check in one arm.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckPart {
    /// Name.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Metric that was read.
    pub metric: String,
    /// Unit of the metric.
    pub unit: Unit,
    /// Arm.
    pub arm: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why.
    pub message: String,
    /// Points given; absent when the verdict is not the measured lab's doing.
    pub points: Option<u32>,
    /// Points it is worth.
    pub points_most: u32,
    /// The metric in this arm.
    pub value: Option<Estimate>,
    /// The metric in the arm `omitted`.
    pub control: Option<Estimate>,
    /// Value divided by control.
    pub ratio: Option<f64>,
    /// What to do about a failure.
    pub hint: Option<String>,
    /// Likely reasons of a failure, by what the configuration looks like.
    pub reasons: Vec<String>,
}

/// What one fix does to one metric.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EffectPart {
    /// The figures.
    #[serde(flatten)]
    pub effect: Effect,
    /// In words.
    pub message: String,
}

/// Makes the result of a run; judges on the way. Pure: the same evidence gives the same result.
pub fn results(record: &RunRecord, scenarios: &[(Scenario, Vec<ArmEvidence>)]) -> Results {
    let parts = scenarios.iter().zip(&record.scenarios);
    Results {
        version: VERSION,
        run: RunPart {
            id: record.run.clone(),
            saiten: record.saiten.clone(),
            started: record.started.clone(),
            took: round(record.took),
            arms: record.arms,
            realtime: record.realtime,
            lang: record.lang,
            strict: record.strict,
            interrupted: record.interrupted,
            backend: record.backend.as_ref().map(|backend| backend.name.clone()),
            why_backend: record.backend.as_ref().map(|backend| clean(&backend.why.say(record.lang))),
            machine: record.machine.iter().map(|(name, value)| (name.clone(), clean(value))).collect(),
        },
        scenarios: parts.map(|((scenario, arms), own)| scenario_part(scenario, arms, own, record.lang)).collect(),
    }
}

fn scenario_part(scenario: &Scenario, arms: &[ArmEvidence], own: &ScenarioRecord, lang: Lang) -> ScenarioPart {
    let mut judged = verdict::judge(scenario, arms);
    if !own.subjects.is_empty() {
        fitness::settle(&mut judged);
    }
    let checks: Vec<CheckPart> = judged.into_iter().map(|result| check_part(scenario, arms, result, lang)).collect();
    let effects = effect::effects(scenario, arms);
    // An arm that was asked for and failed is an error, even if it serves the effects only.
    let read = |arm: &&ArmEvidence| !matches!(arm.name, ArmName::Mutant(_));
    let failed = arms.iter().filter(read).any(|arm| matches!(arm.outcome, Outcome::Error { .. }));
    let scored = || checks.iter().filter(|check| check.arm == ArmName::Applied.to_string());
    let worst = checks.iter().map(|check| check.verdict).max();
    ScenarioPart {
        id: scenario.id.clone(),
        title: scenario.title.get(lang).to_owned(),
        material: scenario.material.clone(),
        verdict: worst.filter(|_| !failed).unwrap_or(Verdict::Error),
        points: scored().filter_map(|check| check.points).sum(),
        points_most: scored().map(|check| check.points_most).sum(),
        took: round(own.took),
        arms: arms.iter().map(|arm| arm_part(&scenario.id, arm, lang)).collect(),
        checks,
        effects: effects.into_iter().map(|effect| effect_part(effect, lang)).collect(),
        interactions: effect::interactions(scenario, arms).into_iter().map(rounded).collect(),
        mutants: Vec::new(),
        fitness: fitness::part(scenario, own, arms, lang),
    }
}

fn check_part(scenario: &Scenario, arms: &[ArmEvidence], result: CheckResult, lang: Lang) -> CheckPart {
    let check = scenario.checks.iter().find(|check| check.name == result.name);
    let ratio = result.value.zip(result.control).filter(|(_, control)| control.value != 0.0);
    let hint = check.and_then(|check| check.hint.as_ref()).filter(|_| result.verdict == Verdict::Fail);
    let arm = arms.iter().find(|arm| arm.name == result.arm && result.verdict == Verdict::Fail);
    let reasons = arm.into_iter().flat_map(|arm| explain::reasons(scenario, arm, &result.name));
    let title = check.and_then(|check| check.title.as_ref()).map_or(result.name.as_str(), |title| title.get(lang));
    CheckPart {
        title: title.to_owned(),
        metric: result.metric.to_string(),
        unit: result.unit,
        arm: result.arm.to_string(),
        verdict: result.verdict,
        message: cut(&clean(&result.reason.say(lang)), MESSAGE_MOST),
        points: result.points,
        points_most: result.points_most,
        ratio: ratio
            .map(|(value, control)| round(value.value / control.value))
            .filter(|_| result.arm != ArmName::Omitted),
        value: result.value.map(rounded_estimate),
        control: result.control.map(rounded_estimate),
        hint: hint.map(|hint| hint.get(lang).to_owned()),
        reasons: reasons.map(|reason| reason.text.get(lang).to_owned()).collect(),
        name: result.name,
    }
}

/// Longest message, in characters.
const MESSAGE_MOST: usize = 6000;

fn arm_part(scenario: &str, arm: &ArmEvidence, lang: Lang) -> ArmPart {
    let (outcome, error) = match &arm.outcome {
        Outcome::Measured => ("measured", None),
        Outcome::Unsupported { reason } => ("unsupported", Some(reason.say(lang))),
        Outcome::Error { message, .. } => ("error", Some(message.clone())),
        Outcome::Interrupted => ("interrupted", None),
    };
    let dir = format!("evidence/{scenario}/{}", arm.name.dir());
    let files = std::iter::once("arm.json").chain(arm.captures.values().map(|capture| capture.file.as_str()));
    let files = files.map(str::to_owned).chain(arm.series().map(|(file, _)| file));
    ArmPart {
        name: arm.name.to_string(),
        fixes: arm.fixes.clone(),
        outcome: outcome.to_owned(),
        error: error.map(|error| cut(&clean(&error), MESSAGE_MOST)),
        measurements: arm.measurements().into_iter().filter_map(measurement_part).collect(),
        phases: arm.phases.iter().map(|(name, took)| (name.clone(), round(*took))).collect(),
        trust: arm.trust.clone(),
        findings: arm.findings.iter().map(|finding| clean(&finding.say(lang))).collect(),
        remarks: words::remarks(arm, lang),
        ladders: ladders(arm),
        evidence: files.map(|file| format!("{dir}/{file}")).collect(),
    }
}

/// Names and addresses in ladders are what a lab sent, cleaned here like all of its text.
fn ladders(arm: &ArmEvidence) -> Vec<LadderPart> {
    let of = |(probe, evidence): (&String, &ProbeEvidence)| {
        let first = evidence.samples.first().into_iter().flat_map(|sample| sample.ladders.clone());
        first.map(|ladder| LadderPart { probe: probe.clone(), ladder: ladder.cleaned() }).collect::<Vec<_>>()
    };
    arm.probes.iter().flat_map(of).collect()
}

fn measurement_part(measurement: crate::measure::Measurement) -> Option<MeasurementPart> {
    let estimate = stats::estimate(&measurement.samples)?;
    Some(MeasurementPart {
        metric: measurement.metric.to_string(),
        unit: measurement.unit,
        samples: measurement.samples.into_iter().map(round).collect(),
        median: round(estimate.value),
        low: round(estimate.low),
        high: round(estimate.high),
    })
}

fn effect_part(effect: Effect, lang: Lang) -> EffectPart {
    let message = words::effect(&effect, lang);
    let effect = Effect {
        amount: effect.amount.map(round),
        alone: effect.alone.map(rounded_estimate),
        last: effect.last.map(rounded_estimate),
        main: effect.main.map(round),
        ..effect
    };
    EffectPart { effect, message }
}

fn rounded(interaction: Interaction) -> Interaction {
    Interaction { value: round(interaction.value), ..interaction }
}

fn rounded_estimate(estimate: Estimate) -> Estimate {
    Estimate { value: round(estimate.value), low: round(estimate.low), high: round(estimate.high) }
}

/// To microseconds: more is noise, and would make files differ for nothing. Minus zero becomes zero.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}

/// The exit status of a run: the worst wins.
pub fn exit_status(results: &Results) -> u8 {
    let of = |verdict: Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Unsupported if results.run.strict => 3,
        Verdict::Unsupported => 0,
        Verdict::Fail => 1,
        Verdict::Vacuous => 2,
        Verdict::Inconclusive | Verdict::Error => 3,
    };
    // Both: the worst verdict of a scenario is not always that of the worst status.
    let verdicts = results.scenarios.iter().flat_map(|scenario| {
        std::iter::once(scenario.verdict).chain(scenario.checks.iter().map(|check| check.verdict))
    });
    let verified = results.scenarios.iter().filter_map(|scenario| scenario.fitness.as_ref());
    let worst = match verified.map(|part| part.fitness.status()).max() {
        None => verdicts.map(of).max(),
        worst => worst,
    };
    if results.run.interrupted { 130 } else { worst.unwrap_or(0) }
}

/// The JSON Schema of this format.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Results).to_value()
}

/// As JSON text.
pub fn render(results: &Results) -> Vec<u8> {
    // Our own types have string keys and no failing serializers.
    let mut bytes = serde_json::to_vec_pretty(results).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
