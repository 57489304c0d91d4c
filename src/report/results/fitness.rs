//! Whether a machine on trial is fit for the lesson, in the words of `results.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::clean::{clean, cut};
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::ScenarioRecord;
use crate::fitness::{self, Fitness, Reason};
use crate::scenario::Scenario;
use crate::verdict::{CheckResult, Verdict};
use crate::wording::Lang;

/// Longest reason, in characters.
const REASON_MOST: usize = 2000;

/// The answer about the machines that were on trial in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FitnessPart {
    /// `fit`, `not_fit` or `cannot_tell`.
    pub fitness: Fitness,
    /// Why, the most telling first.
    pub reasons: Vec<String>,
    /// What else there is to know of it: how it was looked at and, where it is fit, what was not looked at.
    pub remarks: Vec<String>,
    /// The machines.
    pub subjects: Vec<SubjectPart>,
}

/// A machine on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubjectPart {
    /// Whose place it had.
    pub endpoint: String,
    /// `image`, `disk`, `host` or `release`.
    pub kind: String,
    /// As the user named it.
    pub named: String,
    /// What identifies it, such as its digest, by name.
    pub facts: BTreeMap<String, String>,
}

/// The answer, if machines were on trial.
pub fn part(scenario: &Scenario, own: &ScenarioRecord, arms: &[ArmEvidence], lang: Lang) -> Option<FitnessPart> {
    if own.subjects.is_empty() {
        return None;
    }
    let assessment = fitness::assess(scenario, &own.subjects, arms);
    let subjects = own.subjects.iter().map(|(endpoint, subject)| SubjectPart {
        endpoint: endpoint.clone(),
        kind: subject.kind.clone(),
        named: clean(&subject.named),
        facts: subject.facts.iter().map(|(name, value)| (name.clone(), clean(value))).collect(),
    });
    let said = |reasons: &[Reason]| reasons.iter().map(|reason| cut(&clean(&reason.say(lang)), REASON_MOST)).collect();
    Some(FitnessPart {
        fitness: assessment.fitness,
        reasons: said(&assessment.reasons),
        remarks: said(&assessment.remarks),
        subjects: subjects.collect(),
    })
}

/// Where a machine is on trial, a symptom that does not appear is its failure, and not the scenario's.
pub fn settle(judged: &mut [CheckResult]) {
    for result in judged.iter_mut().filter(|result| result.verdict == Verdict::Vacuous) {
        result.verdict = Verdict::Fail;
    }
}
