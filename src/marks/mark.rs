//! From the evidence of a submission to its marks.

use super::{
    Change, CheckHead, CheckMark, EvidenceFile, Exercise, Figure, Marked, ReasonMark, ScriptRun, Standing, State,
};
use crate::arm::ArmName;
use crate::clean::{clean, cut};
use crate::evidence::{ArmEvidence, Outcome};
use crate::explain;
use crate::measure::MetricName;
use crate::scenario::{Check, Limit, Relation, Scenario};
use crate::stats::{self, Estimate};
use crate::verdict::{self, CheckResult, Verdict};
use crate::wording::{Lang, Phrase};

/// Longest message, in characters.
const MESSAGE_MOST: usize = 1000;
/// Longest diff of a file, in characters.
const DIFF_MOST: usize = 8000;

/// How marks are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Language of all messages.
    pub lang: Lang,
    /// Whether solutions are told.
    pub solutions: bool,
}

impl Exercise {
    /// What marks need to know of a scenario.
    pub fn of(scenario: &Scenario, lang: Lang) -> Self {
        let head = |check: &Check| CheckHead {
            name: check.name.clone(),
            title: title(check, lang),
            points_most: check.points,
            hidden: check.hidden,
        };
        Exercise {
            id: scenario.id.clone(),
            title: scenario.title.get(lang).to_owned(),
            material: scenario.material.clone(),
            points_most: scenario.checks.iter().map(|check| check.points).sum(),
            checks: scenario.checks.iter().map(head).collect(),
        }
    }
}

/// A submission of which there is nothing to judge.
pub fn unmarked(scenario: &Scenario, state: State, why: Option<String>, asked: Asked) -> Marked {
    let most = scenario.checks.iter().map(|check| check.points).sum();
    let open = matches!(state, State::Review | State::Waiting);
    Marked {
        scenario: scenario.id.clone(),
        title: scenario.title.get(asked.lang).to_owned(),
        state,
        why,
        digest: String::new(),
        attempts: 0,
        points: 0,
        points_open: if open { most } else { 0 },
        points_most: most,
        checks: Vec::new(),
        figures: Vec::new(),
        runs: Vec::new(),
        changes: Vec::new(),
        findings: Vec::new(),
        remarks: Vec::new(),
        evidence: Vec::new(),
        took: 0.0,
    }
}

/// The marks of one submission: `calibration` holds the batch's arms without and with the fix, `arm` the submission's lab.
pub fn mark(scenario: &Scenario, calibration: &[ArmEvidence], arm: &ArmEvidence, asked: Asked) -> Marked {
    let arms: Vec<ArmEvidence> = calibration.iter().chain([arm]).cloned().collect();
    let judged = verdict::judge(scenario, &arms);
    let mut checks: Vec<CheckMark> = Vec::new();
    for check in &scenario.checks {
        let of = |arm: &ArmName| judged.iter().find(|result| result.name == check.name && result.arm == *arm);
        let Some(result) = of(&arm.name) else { continue };
        let reference = of(&ArmName::Applied).and_then(|applied| applied.value);
        let mark = check_mark(scenario, check, &arms, arm, result, reference, asked);
        checks.push(skipped(check, mark, &checks, asked.lang));
    }
    let open = checks.iter().filter(|check| check.points.is_none());
    let state = if open.clone().next().is_some() || checks.is_empty() { State::Review } else { State::Graded };
    let why = open.clone().next().map(|check| check.message.clone());
    Marked {
        why,
        points: checks.iter().filter_map(|check| check.points).sum(),
        points_open: open.map(|check| check.points_most).sum(),
        checks,
        figures: figures(calibration, arm),
        runs: runs(arm),
        changes: changes(arm),
        findings: arm.findings.iter().map(|finding| clean(&finding.say(asked.lang))).collect(),
        remarks: remarks(arm, asked.lang),
        evidence: evidence(scenario, arm),
        took: arm.phases.values().sum(),
        attempts: 1,
        ..unmarked(scenario, state, None, asked)
    }
}

fn check_mark(
    scenario: &Scenario,
    check: &Check,
    arms: &[ArmEvidence],
    arm: &ArmEvidence,
    result: &CheckResult,
    reference: Option<Estimate>,
    asked: Asked,
) -> CheckMark {
    let lang = asked.lang;
    let failed = result.verdict == Verdict::Fail;
    let reasons = explain::reasons(scenario, arm, &check.name).into_iter().filter(|_| failed);
    CheckMark {
        name: check.name.clone(),
        title: title(check, lang),
        standing: Standing::of(result.verdict, result.points),
        points: result.points,
        points_most: check.points,
        hidden: check.hidden,
        message: cut(&clean(&result.reason.say(lang)), MESSAGE_MOST),
        observed: result.value.map(|value| check.unit.show(value.value)),
        expected: verdict::expected(check, arms),
        at_most: limit(check, arms, Relation::AtMost),
        at_least: limit(check, arms, Relation::AtLeast),
        metric: check.metric.to_string(),
        unit: check.unit,
        value: result.value,
        control: result.control,
        reference,
        reasons: reasons
            .map(|reason| ReasonMark { name: reason.name.clone(), text: reason.text.get(lang).to_owned() })
            .collect(),
        hint: check.hint.as_ref().filter(|_| failed).map(|hint| hint.get(lang).to_owned()),
        solution: check.solution.as_ref().filter(|_| failed && asked.solutions).map(|text| text.get(lang).to_owned()),
    }
}

/// Where a bound lies that refers to another lab's figure.
fn limit(check: &Check, arms: &[ArmEvidence], relation: Relation) -> Option<f64> {
    check.bounds.iter().filter(|bound| bound.relation == relation).find_map(|bound| {
        let Limit::Ratio { factor, of } = &bound.limit else { return None };
        let other = arms.iter().find(|arm| arm.name == *of)?;
        Some(factor * stats::median(&other.readings(&check.metric))?)
    })
}

/// A check whose prerequisite failed does not count; nothing is said of what it would have got.
fn skipped(check: &Check, mark: CheckMark, above: &[CheckMark], lang: Lang) -> CheckMark {
    let failed = |name: &String| {
        let standing = |mark: &&CheckMark| {
            mark.name == *name && !matches!(mark.standing, Standing::Pass) && !mark.standing.is_open()
        };
        above.iter().find(standing)
    };
    let Some(first) = check.requires.iter().find_map(failed) else { return mark };
    CheckMark {
        standing: Standing::Skipped,
        points: Some(0),
        message: Phrase::new("mark-skipped").with("check", &first.title).say(lang),
        reasons: Vec::new(),
        hint: None,
        solution: None,
        ..mark
    }
}

fn title(check: &Check, lang: Lang) -> String {
    check.title.as_ref().map_or(check.name.as_str(), |title| title.get(lang)).to_owned()
}

fn figures(calibration: &[ArmEvidence], arm: &ArmEvidence) -> Vec<Figure> {
    let of = |name: &ArmName, metric: &MetricName| {
        let arm = calibration.iter().find(|arm| arm.name == *name)?;
        stats::estimate(&arm.readings(metric))
    };
    let figure = |measurement: crate::measure::Measurement| Figure {
        metric: measurement.metric.to_string(),
        unit: measurement.unit,
        value: stats::estimate(&measurement.samples),
        control: of(&ArmName::Omitted, &measurement.metric),
        reference: of(&ArmName::Applied, &measurement.metric),
        samples: measurement.samples,
    };
    arm.measurements().into_iter().map(figure).collect()
}

fn runs(arm: &ArmEvidence) -> Vec<ScriptRun> {
    let own = arm.actions.iter().filter(|action| action.action.starts_with("submission:"));
    let run = |action: &crate::evidence::ActionRecord| ScriptRun {
        endpoint: action.endpoint.clone(),
        status: action.status,
        output: action.output.clone(),
        took: action.took,
    };
    own.map(run).collect()
}

fn changes(arm: &ArmEvidence) -> Vec<Change> {
    let change = |edit: &crate::evidence::EditRecord| Change {
        endpoint: edit.endpoint.clone(),
        path: edit.path.clone(),
        diff: cut(&edit.diff, DIFF_MOST),
    };
    arm.edits.iter().map(change).collect()
}

/// The remarks of the first sample of each probe.
fn remarks(arm: &ArmEvidence, lang: Lang) -> Vec<String> {
    let first = arm.probes.values().filter_map(|probe| probe.samples.first());
    first.flat_map(|sample| &sample.remarks).map(|remark| clean(&remark.say(lang))).collect()
}

fn evidence(scenario: &Scenario, arm: &ArmEvidence) -> Vec<EvidenceFile> {
    if !matches!(arm.outcome, Outcome::Measured | Outcome::Error { .. }) {
        return Vec::new();
    }
    let dir = format!("evidence/{}/{}", scenario.id, arm.name.dir());
    let captures = arm
        .captures
        .values()
        .map(|capture| EvidenceFile { path: format!("{dir}/{}", capture.file), sha256: Some(capture.sha256.clone()) });
    std::iter::once(EvidenceFile { path: format!("{dir}/arm.json"), sha256: None }).chain(captures).collect()
}
