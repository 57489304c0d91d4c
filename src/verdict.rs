//! Deciding: `judge(scenario, evidence) -> verdicts`. Pure; the same evidence gives the same verdicts, byte for byte.

pub mod crowd;

use serde::{Deserialize, Serialize};

use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, Outcome};
use crate::measure::{MetricName, Unit};
use crate::scenario::{Bound, Check, Condition, Limit, Relation, Scenario};
use crate::stats::{self, Estimate};
use crate::wording::Phrase;

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The expectation holds with the fix and not without it.
    Pass,
    /// The machine lacks something that the scenario needs.
    Unsupported,
    /// The expectation does not hold.
    Fail,
    /// The comparison proves nothing: the symptom did not appear with the fixes omitted.
    Vacuous,
    /// The readings allow no decision.
    Inconclusive,
    /// The lab could not be run or measured.
    Error,
}

impl Verdict {
    /// The verdict as one word.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Vacuous => "vacuous",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Unsupported => "unsupported",
            Verdict::Error => "error",
        }
    }
}

/// A check's verdict in one arm, with the figures it was decided from.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// Check.
    pub name: String,
    /// Metric that was read.
    pub metric: MetricName,
    /// Unit of the metric.
    pub unit: Unit,
    /// `omitted` says whether the symptom appeared, every other arm whether the expectation holds.
    pub arm: ArmName,
    /// Verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Phrase,
    /// Points given; none when the verdict is not the measured lab's doing.
    pub points: Option<u32>,
    /// Points it is worth.
    pub points_most: u32,
    /// The metric in this arm.
    pub value: Option<Estimate>,
    /// The metric in the control arm.
    pub control: Option<Estimate>,
}

/// Why a metric has no reading where a live machine has an endpoint's place.
pub const LIVE: &str = "lacking-live-wires";

/// Judges every check: first whether its symptom appeared with the fixes omitted, then whether it holds with them applied and
/// in each submission.
pub fn judge(scenario: &Scenario, arms: &[ArmEvidence]) -> Vec<CheckResult> {
    let find = |name: &ArmName| arms.iter().find(|arm| arm.name == *name);
    let Some(control) = find(&ArmName::Omitted) else { return Vec::new() };
    let judged: Vec<&ArmEvidence> = arms.iter().filter(|arm| arm.name.is_judged()).collect();
    let mut results = Vec::new();
    for check in &scenario.checks {
        let case = Case { check, control, arms };
        let symptom = case.symptom();
        let proves = symptom.verdict;
        let why = symptom.reason.clone();
        results.push(symptom);
        for arm in &judged {
            results.push(case.result(arm, case.expectation(arm, proves, &why)));
        }
    }
    results
}

/// Whether each check's expectation holds in an arm, whatever the symptom: `Fail` where it does not. So the control arm, too, can
/// be asked what [`judge`] asks all others.
pub fn expectations(scenario: &Scenario, arms: &[ArmEvidence], name: &ArmName) -> Vec<(String, Verdict)> {
    let find = |name: &ArmName| arms.iter().find(|arm| arm.name == *name);
    let Some((control, arm)) = find(&ArmName::Omitted).zip(find(name)) else { return Vec::new() };
    let of = |check: &Check| {
        // What is compared with the control can be trusted no more than the control.
        let case = Case { check, control, arms };
        let doubt = case.not_measured(control).map(|(verdict, _)| verdict);
        doubt.unwrap_or_else(|| case.expectation(arm, Verdict::Pass, &Phrase::default()).0)
    };
    scenario.checks.iter().map(|check| (check.name.clone(), of(check))).collect()
}

/// What each check whose symptom appeared gives in one arm, a mutant too, which is nobody's work and so not among those of [`judge`].
fn results_of<'a>(scenario: &'a Scenario, arms: &[ArmEvidence], name: &ArmName) -> Vec<(&'a Check, CheckResult)> {
    let find = |name: &ArmName| arms.iter().find(|arm| arm.name == *name);
    let Some((control, arm)) = find(&ArmName::Omitted).zip(find(name)) else { return Vec::new() };
    let of = |check: &'a Check| {
        let case = Case { check, control, arms };
        let appeared = case.symptom().verdict == Verdict::Pass;
        appeared.then(|| (check, case.result(arm, case.expectation(arm, Verdict::Pass, &Phrase::default()))))
    };
    scenario.checks.iter().filter_map(of).collect()
}

/// Probes whose readings leave a check undecided, so that more samples could help.
pub fn undecided(scenario: &Scenario, arms: &[ArmEvidence]) -> Vec<String> {
    let mut probes = Vec::new();
    for result in judge(scenario, arms) {
        // What is undecided may be the symptom, and that another probe's.
        let metric = result.reason.args.get("metric").cloned().map_or(result.metric, MetricName);
        let probe = metric.split().0.to_owned();
        let straddles = result.reason.id == "verdict-straddles" || result.reason.id == "verdict-mixed";
        if result.verdict == Verdict::Inconclusive && straddles && !probes.contains(&probe) {
            probes.push(probe);
        }
    }
    probes
}

/// How bounds look at the readings of one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    Unclear,
}

type Decision = (Verdict, Phrase);

struct Case<'a> {
    check: &'a Check,
    control: &'a ArmEvidence,
    arms: &'a [ArmEvidence],
}

impl Case<'_> {
    fn result(&self, arm: &ArmEvidence, (verdict, reason): Decision) -> CheckResult {
        let check = self.check;
        let points_most = if arm.name == ArmName::Omitted { 0 } else { check.points };
        let points = match verdict {
            Verdict::Pass => Some(points_most),
            Verdict::Fail => Some(self.tier(arm).ok().flatten().unwrap_or(0)),
            _ => None,
        };
        CheckResult {
            name: check.name.clone(),
            metric: check.metric.clone(),
            unit: check.unit,
            arm: arm.name.clone(),
            verdict,
            reason,
            points,
            points_most,
            value: stats::estimate(&arm.readings(&check.metric)),
            control: stats::estimate(&self.control.readings(&check.metric)),
        }
    }

    /// Whether the symptom appeared in the control arm.
    fn symptom(&self) -> CheckResult {
        let decision = self.not_measured(self.control).unwrap_or_else(|| self.judge_symptom());
        self.result(self.control, decision)
    }

    fn judge_symptom(&self) -> Decision {
        let check = self.check;
        // A check without a symptom of its own shows it by not holding: one that holds already proves nothing.
        let (own, metric, unit, bounds) = match &check.symptom {
            Some(symptom) if !self.is_beyond_reach(symptom) => (true, &symptom.metric, symptom.unit, &symptom.bounds),
            _ => (false, &check.metric, check.unit, &check.bounds),
        };
        let readings = self.control.readings(metric);
        let Some(median) = stats::median(&readings) else { return self.no_reading(self.control, metric) };
        let phrase = |id: &str| Phrase::new(id).with("metric", metric).with("value", unit.show(median));
        match self.hold(bounds, &readings) {
            Holds::Unclear => (Verdict::Inconclusive, phrase(unclear(unit)).with("bounds", show_bounds(bounds, unit))),
            holds if (holds == Holds::Yes) == own => (Verdict::Pass, phrase("symptom-seen")),
            _ if own => (Verdict::Vacuous, phrase("symptom-absent").with("bounds", show_bounds(bounds, unit))),
            _ => (Verdict::Vacuous, phrase("symptom-holds-already")),
        }
    }

    /// Whether only a live machine's own wires would show the symptom; the comparison with what was changed there shows it as well.
    fn is_beyond_reach(&self, symptom: &Condition) -> bool {
        self.control.lacking(&symptom.metric) == Some(LIVE)
            && self.arms.iter().any(|arm| arm.name == ArmName::Applied && arm.outcome == Outcome::Measured)
    }

    fn expectation(&self, arm: &ArmEvidence, symptom: Verdict, why: &Phrase) -> Decision {
        if symptom != Verdict::Pass {
            return (symptom, why.clone());
        }
        if let Some(decision) = self.not_measured(arm) {
            return decision;
        }
        let check = self.check;
        let readings = arm.readings(&check.metric);
        if let Some(failed) = arm.mostly_failed(check.metric.split().0)
            && check.unit != Unit::Flag
        {
            let phrase = Phrase::new("verdict-service-failed").with("failed", failed.count).with("of", failed.of);
            return (Verdict::Fail, phrase.with("reason", failed.reason));
        }
        if check.unit != Unit::Flag && arm.ever_failed(check.metric.split().0) {
            // Now and then is not good enough to pass, and not enough to fail.
            return (Verdict::Inconclusive, Phrase::new("verdict-mixed").with("metric", &check.metric));
        }
        let Some(median) = stats::median(&readings) else { return self.no_reading(arm, &check.metric) };
        let figures = |id: &str| {
            Phrase::new(id)
                .with("metric", &check.metric)
                .with("value", check.unit.show(median))
                .with("bounds", self.show_bounds_with_control())
        };
        match self.hold(&check.bounds, &readings) {
            Holds::Yes => self.need(arm).unwrap_or_else(|| (Verdict::Pass, figures("verdict-holds"))),
            Holds::No if self.tier(arm).is_err() => (Verdict::Inconclusive, figures(unclear(check.unit))),
            Holds::No => (Verdict::Fail, figures("verdict-does-not-hold")),
            // What has to hold beside it may decide where the bounds cannot.
            Holds::Unclear => match self.need(arm) {
                Some(missing @ (Verdict::Fail, _)) => missing,
                _ => (Verdict::Inconclusive, figures(unclear(check.unit))),
            },
        }
    }

    /// The points for coming close, if the arm comes so close, and the control does not.
    ///
    /// # Errors
    /// The readings leave it open.
    fn tier(&self, arm: &ArmEvidence) -> Result<Option<u32>, ()> {
        let readings = |arm: &ArmEvidence| arm.readings(&self.check.metric);
        if arm.name == ArmName::Omitted || self.need(arm).is_some() || readings(arm).is_empty() {
            return Ok(None);
        }
        for tier in &self.check.partial {
            if self.hold(&tier.bounds, &readings(self.control)) == Holds::Yes {
                continue;
            }
            match self.hold(&tier.bounds, &readings(arm)) {
                Holds::Yes => return Ok(Some(tier.points)),
                Holds::Unclear => return Err(()),
                Holds::No => {}
            }
        }
        Ok(None)
    }

    /// The decision about an arm in which the bounds hold, but not all that has to hold beside them.
    fn need(&self, arm: &ArmEvidence) -> Option<Decision> {
        self.check.needs.iter().find_map(|need| {
            let readings = arm.readings(&need.metric);
            // What a live machine keeps to itself can be nobody's need there: what a client meets decides.
            if readings.is_empty() && arm.lacking(&need.metric) == Some(LIVE) {
                return None;
            }
            let Some(median) = stats::median(&readings) else { return Some(self.no_reading(arm, &need.metric)) };
            let phrase = |id: &str| {
                let phrase = Phrase::new(id).with("metric", &need.metric).with("value", need.unit.show(median));
                phrase.with("bounds", show_bounds(&need.bounds, need.unit))
            };
            match self.hold(&need.bounds, &readings) {
                Holds::Yes => None,
                Holds::No => Some((Verdict::Fail, phrase("verdict-need-missing"))),
                Holds::Unclear => Some((Verdict::Inconclusive, phrase(unclear(need.unit)))),
            }
        })
    }

    /// The decision about an arm whose readings cannot be trusted or do not exist.
    fn not_measured(&self, arm: &ArmEvidence) -> Option<Decision> {
        let what = |id: &str, text: &str| Phrase::new(id).with("arm", &arm.name).with("reason", text);
        match &arm.outcome {
            Outcome::Measured => {
                let mut read = self.check.reads();
                let doubt =
                    arm.trust.doubt().or_else(|| read.find_map(|metric| arm.doubt(metric.split().0).cloned()))?;
                Some((Verdict::Inconclusive, doubt.with("arm", &arm.name)))
            }
            Outcome::Unsupported { reason } => Some((Verdict::Unsupported, reason.clone())),
            Outcome::Error { phase, message } => {
                Some((Verdict::Error, what("verdict-lab-error", message).with("phase", phase.name())))
            }
            Outcome::Interrupted => Some((Verdict::Error, what("verdict-interrupted", ""))),
        }
    }

    /// The probe ran, but this metric has no reading: the machine's or the harness's doing as long as the service worked.
    fn no_reading(&self, arm: &ArmEvidence, metric: &MetricName) -> Decision {
        if let Some(lacking) = arm.lacking(metric) {
            // What the word list has is worded at the edge; anything else is in the machine's own words.
            if crate::wording::has(lacking) {
                return (Verdict::Unsupported, Phrase::new(lacking));
            }
            return (Verdict::Unsupported, Phrase::new("verdict-unsupported").with("missing", lacking));
        }
        let reason = arm.mostly_failed(metric.split().0).map(|failed| failed.reason).unwrap_or_default();
        let phrase = Phrase::new("verdict-no-reading").with("metric", metric).with("arm", &arm.name);
        (Verdict::Error, phrase.with("reason", reason))
    }

    fn hold(&self, bounds: &[Bound], readings: &[f64]) -> Holds {
        let mut all = Holds::Yes;
        for bound in bounds {
            match self.holds(bound, readings) {
                Holds::No => return Holds::No,
                Holds::Unclear => all = Holds::Unclear,
                Holds::Yes => {}
            }
        }
        all
    }

    fn holds(&self, bound: &Bound, readings: &[f64]) -> Holds {
        match &bound.limit {
            // Protocol facts and counts: every reading must hold, as one leaked query is a leak.
            Limit::Absolute(limit) => {
                let held = readings.iter().filter(|reading| compare(bound.relation, **reading, *limit)).count();
                match held {
                    held if held == readings.len() && held > 0 => Holds::Yes,
                    held if held * 2 < readings.len() => Holds::No,
                    _ => Holds::Unclear,
                }
            }
            Limit::Ratio { factor, of } => {
                let Some(other) = self.arms.iter().find(|arm| arm.name == *of) else { return Holds::Unclear };
                let other = other.readings(&self.check.metric);
                let Some(ratio) = stats::ratio(readings, &other) else { return Holds::Unclear };
                match bound.relation {
                    Relation::AtMost if ratio.high <= *factor => Holds::Yes,
                    Relation::AtMost if ratio.low > *factor => Holds::No,
                    Relation::AtLeast if ratio.low >= *factor => Holds::Yes,
                    Relation::AtLeast if ratio.high < *factor => Holds::No,
                    _ => Holds::Unclear,
                }
            }
        }
    }

    fn show_bounds_with_control(&self) -> String {
        expected(self.check, self.arms)
    }
}

/// A check's bounds in words, with what other arms measured where they refer to them.
pub fn expected(check: &Check, arms: &[ArmEvidence]) -> String {
    let show = |bound: &Bound| match &bound.limit {
        Limit::Absolute(_) => show_bounds(std::slice::from_ref(bound), check.unit),
        Limit::Ratio { factor, of } => {
            let other = arms.iter().find(|arm| arm.name == *of).map(|arm| arm.readings(&check.metric));
            let other =
                other.and_then(|readings| stats::median(&readings)).map_or("?".to_owned(), |m| check.unit.show(m));
            format!("{} {factor} × {other} ({of})", bound.relation.sign())
        }
    };
    check.bounds.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Why readings allow no decision: an interval lies across the bound, or some readings hold and some do not.
fn unclear(unit: Unit) -> &'static str {
    if unit.depends_on_machine() { "verdict-straddles" } else { "verdict-mixed" }
}

/// Whether a reading keeps a bound that is a plain number; a ratio compares arms, which one reading cannot.
pub fn keeps(bound: &Bound, reading: f64) -> bool {
    matches!(bound.limit, Limit::Absolute(limit) if compare(bound.relation, reading, limit))
}

fn compare(relation: Relation, reading: f64, limit: f64) -> bool {
    match relation {
        Relation::AtMost => reading <= limit,
        Relation::AtLeast => reading >= limit,
        Relation::Equals => (reading - limit).abs() < f64::EPSILON,
    }
}

fn show_bounds(bounds: &[Bound], unit: Unit) -> String {
    let show = |bound: &Bound| match &bound.limit {
        Limit::Absolute(limit) => format!("{} {}", bound.relation.sign(), unit.show(*limit)),
        Limit::Ratio { factor, of } => format!("{} {factor} × {of}", bound.relation.sign()),
    };
    bounds.iter().map(show).collect::<Vec<_>>().join(", ")
}
