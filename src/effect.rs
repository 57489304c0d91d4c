//! What each fix accounts for: alone, on top of the others, and on average. Pure.

use schemars::JsonSchema;
use serde::Serialize;

use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, Outcome};
use crate::measure::{MetricName, Unit};
use crate::scenario::{Check, Limit, Relation, Scenario};
use crate::stats::{self, Estimate};
use crate::verdict::{self, Verdict};

/// A time difference below this share of the slowest arm is no effect.
const TIME_FLOOR: f64 = 0.10;

/// How a fix bears on a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bearing {
    /// It moves the metric the way the check wants.
    Helps,
    /// It moves the metric the other way.
    Hurts,
    /// It moves a metric that no check reads, or one of which neither more nor less is the better.
    Moves,
    /// No comparison shows a difference beyond the noise.
    None,
}

/// What one fix does to one metric.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Effect {
    /// Fix.
    pub fix: String,
    /// Metric.
    pub metric: MetricName,
    /// Unit of all figures.
    pub unit: Unit,
    /// How it bears on the metric.
    pub bearing: Bearing,
    /// The larger of `alone` and `last` among those beyond the noise, signed; absent where none is.
    pub amount: Option<f64>,
    /// `only:<fix>` minus `omitted`.
    pub alone: Option<Estimate>,
    /// `applied` minus `without:<fix>`.
    pub last: Option<Estimate>,
    /// Mean over all pairs of arms that differ in this fix only (`--arms full`).
    pub main: Option<f64>,
    /// Whether this fix alone makes the check hold; absent for metrics that no check reads, and where that is undecided.
    pub sufficient: Option<bool>,
    /// Whether the check fails without it; absent as above.
    pub necessary: Option<bool>,
}

/// How two fixes act together beyond the sum of both (`--arms full`).
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Interaction {
    /// The two fixes.
    pub fixes: [String; 2],
    /// Metric.
    pub metric: MetricName,
    /// Unit.
    pub unit: Unit,
    /// Half the difference between one fix's effect with and without the other.
    pub value: f64,
    /// Whether it is beyond the noise; where none is, the effects add up.
    pub notable: bool,
}

/// The effects of all fixes on the checks' metrics and on those that explain them. Empty unless `only:` arms were run.
pub fn effects(scenario: &Scenario, arms: &[ArmEvidence]) -> Vec<Effect> {
    let table = Table { scenario, arms };
    if !arms.iter().any(|arm| matches!(arm.name, ArmName::Only(_))) {
        return Vec::new();
    }
    let mut effects = Vec::new();
    for (metric, unit, check) in table.metrics() {
        for fix in &scenario.fixes {
            effects.extend(table.effect(&fix.action.name, &metric, unit, check));
        }
    }
    effects
}

/// Two-way interactions on the checks' metrics, when all combinations were run.
pub fn interactions(scenario: &Scenario, arms: &[ArmEvidence]) -> Vec<Interaction> {
    let table = Table { scenario, arms };
    let fixes: Vec<String> = scenario.fixes.iter().map(|fix| fix.action.name.clone()).collect();
    let mut found = Vec::new();
    for (metric, unit, check) in table.metrics() {
        if check.is_none() {
            continue;
        }
        for (i, a) in fixes.iter().enumerate() {
            for b in &fixes[i + 1..] {
                if let Some(value) = table.interaction(&fixes, a, b, &metric) {
                    let notable = value.abs() >= table.floor(&metric, unit);
                    found.push(Interaction {
                        fixes: [a.clone(), b.clone()],
                        metric: metric.clone(),
                        unit,
                        value,
                        notable,
                    });
                }
            }
        }
    }
    found
}

struct Table<'a> {
    scenario: &'a Scenario,
    arms: &'a [ArmEvidence],
}

impl<'a> Table<'a> {
    /// The checks' metrics, each followed by those that explain it.
    fn metrics(&self) -> Vec<(MetricName, Unit, Option<&'a Check>)> {
        let mut metrics: Vec<(MetricName, Unit, Option<&Check>)> = Vec::new();
        for check in &self.scenario.checks {
            if !metrics.iter().any(|(metric, ..)| *metric == check.metric) {
                metrics.push((check.metric.clone(), check.unit, Some(check)));
            }
        }
        let mut explaining = Vec::new();
        for (metric, ..) in &metrics {
            for (name, unit) in self.explanations(metric) {
                if !metrics.iter().chain(&explaining).any(|(known, ..)| *known == name) {
                    explaining.push((name, unit, None));
                }
            }
        }
        metrics.extend(explaining);
        metrics
    }

    fn explanations(&self, metric: &MetricName) -> Vec<(MetricName, Unit)> {
        let (probe, name) = metric.split();
        let Some(evidence) = self.arms.iter().find_map(|arm| arm.probes.get(probe)) else { return Vec::new() };
        let names = evidence.explained_by.get(name).map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(|name| Some((MetricName::new(probe, name), *evidence.units.get(name)?))).collect()
    }

    fn arm(&self, name: &ArmName) -> Option<&'a ArmEvidence> {
        self.arms
            .iter()
            .find(|arm| arm.name == *name && arm.outcome == Outcome::Measured && arm.trust.doubt().is_none())
    }

    fn arm_of(&self, all: &[String], set: &[&String]) -> Option<&'a ArmEvidence> {
        self.arm(&ArmName::of_set(all, set))
    }

    fn effect(&self, fix: &str, metric: &MetricName, unit: Unit, check: Option<&Check>) -> Option<Effect> {
        let all: Vec<String> = self.scenario.fixes.iter().map(|fix| fix.action.name.clone()).collect();
        let alone_set: Vec<&String> = all.iter().filter(|other| *other == fix).collect();
        let rest: Vec<&String> = all.iter().filter(|other| *other != fix).collect();
        let (only, without) = (self.arm_of(&all, &alone_set), self.arm_of(&all, &rest));
        let (omitted, applied) = (self.arm(&ArmName::Omitted), self.arm(&ArmName::Applied));
        let compare = |with: Option<&ArmEvidence>, control: Option<&ArmEvidence>| {
            stats::difference(&with?.readings(metric), &control?.readings(metric))
        };
        let (alone, last) = (compare(only, omitted), compare(applied, without));
        alone.or(last)?;
        let pairs = self.pairs(&all, fix);
        let amount = [(only, omitted), (applied, without)]
            .into_iter()
            .filter_map(|(with, control)| self.moved(metric, unit, with?, control?))
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let complete = pairs.len() == 1 << all.len().saturating_sub(1);
        let main = complete
            .then(|| mean(pairs.iter().map(|(with, control)| Some(with.median(metric)? - control.median(metric)?))));
        let holds = |arm: Option<&ArmEvidence>| self.holds(check?, arm?);
        Some(Effect {
            fix: fix.to_owned(),
            metric: metric.clone(),
            unit,
            bearing: bearing(amount, check),
            amount,
            alone,
            last,
            main: main.flatten(),
            sufficient: holds(only),
            necessary: holds(without).map(|holds| !holds),
        })
    }

    /// All pairs of arms that differ in `fix` only: with it, and without.
    fn pairs(&self, all: &[String], fix: &str) -> Vec<(&'a ArmEvidence, &'a ArmEvidence)> {
        let others: Vec<&String> = all.iter().filter(|other| *other != fix).collect();
        let subsets = (0..1_usize << others.len()).map(|bits| {
            let inside = |i: usize| bits >> i & 1 == 1;
            others.iter().enumerate().filter(|(i, _)| inside(*i)).map(|(_, other)| *other).collect::<Vec<_>>()
        });
        subsets
            .filter_map(|set| {
                let with: Vec<&String> = all.iter().filter(|other| *other == fix || set.contains(other)).collect();
                Some((self.arm_of(all, &with)?, self.arm_of(all, &set)?))
            })
            .collect()
    }

    /// The difference between two arms, if it is one: beyond the readings' intervals, large enough to matter and, where
    /// the metric names what explains it, accompanied by a change there.
    fn moved(&self, metric: &MetricName, unit: Unit, with: &ArmEvidence, control: &ArmEvidence) -> Option<f64> {
        let explanations = self.explanations(metric);
        let difference = self.differs(metric, unit, with, control)?;
        let explained = explanations.iter().any(|(name, unit)| {
            self.differs(name, *unit, with, control).is_some_and(|part| part.signum() == difference.signum())
        });
        (explanations.is_empty() || explained).then_some(difference)
    }

    fn differs(&self, metric: &MetricName, unit: Unit, with: &ArmEvidence, control: &ArmEvidence) -> Option<f64> {
        let difference = stats::difference(&with.readings(metric), &control.readings(metric))?;
        let beyond = difference.value.abs() >= self.floor(metric, unit);
        (!difference.straddles(0.0) && beyond).then_some(difference.value)
    }

    /// The least difference that matters. A part of a total matters only in the total's own terms.
    fn floor(&self, metric: &MetricName, unit: Unit) -> f64 {
        match unit {
            Unit::Count | Unit::Flag => 0.5,
            Unit::Seconds | Unit::BitsPerSecond => {
                let total = self.total_of(metric);
                let medians = self.arms.iter().filter_map(|arm| arm.median(&total));
                TIME_FLOOR * medians.fold(0.0, f64::max)
            }
        }
    }

    /// The metric that this one explains, or itself.
    fn total_of(&self, metric: &MetricName) -> MetricName {
        let (probe, name) = metric.split();
        let evidence = self.arms.iter().find_map(|arm| arm.probes.get(probe));
        let explained = evidence.into_iter().flat_map(|evidence| &evidence.explained_by);
        let total = explained.into_iter().find(|(_, parts)| parts.iter().any(|part| part == name));
        total.map_or_else(|| metric.clone(), |(total, _)| MetricName::new(probe, total))
    }

    /// Whether a check would hold in `arm`; what could not be decided is neither.
    fn holds(&self, check: &Check, arm: &ArmEvidence) -> Option<bool> {
        let mut stand_in = arm.clone();
        stand_in.name = ArmName::Applied;
        let mut arms: Vec<ArmEvidence> = self.arms.iter().filter(|arm| arm.name != ArmName::Applied).cloned().collect();
        arms.push(stand_in);
        let results = verdict::judge(self.scenario, &arms);
        let applied = results.iter().find(|result| result.name == check.name && result.arm == ArmName::Applied);
        match applied?.verdict {
            Verdict::Pass => Some(true),
            Verdict::Fail => Some(false),
            _ => None,
        }
    }

    fn interaction(&self, all: &[String], a: &str, b: &str, metric: &MetricName) -> Option<f64> {
        let (with_b, without_b): (Vec<_>, Vec<_>) =
            self.pairs(all, a).into_iter().partition(|(_, control)| control.fixes.iter().any(|fix| fix == b));
        if with_b.len() + without_b.len() != 1 << all.len().saturating_sub(1) {
            return None;
        }
        let effect = |pairs: Vec<(&ArmEvidence, &ArmEvidence)>| {
            mean(pairs.iter().map(|(with, control)| Some(with.median(metric)? - control.median(metric)?)))
        };
        Some((effect(with_b)? - effect(without_b)?) / 2.0)
    }
}

/// The mean of values of which none is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn bearing(amount: Option<f64>, check: Option<&Check>) -> Bearing {
    let Some(amount) = amount else { return Bearing::None };
    let wanted = check.and_then(|check| Some((check.unit, check.bounds.first()?)));
    let wanted = wanted.map(|(unit, bound)| match (bound.relation, &bound.limit) {
        (Relation::AtMost, _) => -1.0,
        (Relation::AtLeast, _) => 1.0,
        // No count or flag lies below zero, and no flag above one.
        (Relation::Equals, Limit::Absolute(limit)) if *limit == 0.0 => -1.0,
        (Relation::Equals, _) if unit == Unit::Flag => 1.0,
        (Relation::Equals, _) => 0.0,
    });
    match wanted {
        None | Some(0.0) => Bearing::Moves,
        Some(wanted) if wanted == amount.signum() => Bearing::Helps,
        Some(_) => Bearing::Hurts,
    }
}
