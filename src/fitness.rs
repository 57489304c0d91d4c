//! Whether a machine that somebody made is fit for the lesson: the symptom appears on it, the documented fix cures it, and the printed
//! commands meet what they are meant to edit. Pure; everything is read from the arms' evidence.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, Outcome};
use crate::explain;
use crate::scenario::subject::SubjectRecord;
use crate::scenario::{Scenario, Text};
use crate::verdict::{self, CheckResult, Verdict};
use crate::wording::{Lang, Phrase};

/// How a finding's name begins that makes a machine unfit by itself.
const UNFIT: &str = "unfit-";

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fitness {
    /// The lesson works on it.
    Fit,
    /// It could not be found out.
    CannotTell,
    /// The lesson does not work on it.
    NotFit,
}

impl Fitness {
    /// Exit status of `saiten verify`: 0 fit, 1 not fit, 3 cannot tell.
    pub fn status(self) -> u8 {
        match self {
            Fitness::Fit => 0,
            Fitness::NotFit => 1,
            Fitness::CannotTell => 3,
        }
    }
}

/// The answer with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The answer.
    pub fitness: Fitness,
    /// Why, the most telling first; where it is fit, what could not be told.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// In Saiten's words.
    Own(Phrase),
    /// In Saiten's words, with what another phrase says as its argument `why`.
    Because(Phrase, Phrase),
    /// In the scenario's words: what a configuration looks like.
    Told(Text),
}

impl Reason {
    /// The reason in words.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Reason::Own(phrase) => phrase.say(lang),
            Reason::Because(phrase, why) => phrase.clone().with("why", why.say(lang)).say(lang),
            Reason::Told(text) => text.get(lang).to_owned(),
        }
    }
}

/// Says whether what has these endpoints' places is fit.
pub fn assess(scenario: &Scenario, subjects: &BTreeMap<String, SubjectRecord>, arms: &[ArmEvidence]) -> Assessment {
    let judged = verdict::judge(scenario, arms);
    let mut unfit: Vec<Reason> = Vec::new();
    for finding in arms.iter().flat_map(|arm| &arm.findings).filter(|finding| finding.id.starts_with(UNFIT)) {
        add(&mut unfit, Reason::Own(finding.clone()));
    }
    let is_broken = !unfit.is_empty();
    // What the commands met comes before what came of it: it is the reason.
    printed_commands(scenario, subjects, arms, &mut unfit);
    for result in judged.iter().filter(|_| !is_broken) {
        match result.verdict {
            Verdict::Vacuous if result.arm == ArmName::Omitted => add(&mut unfit, Reason::Own(no_symptom(result))),
            Verdict::Fail => no_cure(scenario, arms, result, &mut unfit),
            _ => {}
        }
    }
    if !unfit.is_empty() {
        return Assessment { fitness: Fitness::NotFit, reasons: unfit };
    }
    let mut missing: Vec<Reason> = arms.iter().filter_map(not_measured).collect();
    // Labs fail side by side for the same reason, and no check of theirs has more to tell.
    missing.dedup_by(|one, other| same_why(one, other));
    let all_measured = missing.is_empty();
    for result in judged.iter().filter(|_| all_measured) {
        if matches!(result.verdict, Verdict::Inconclusive | Verdict::Unsupported | Verdict::Error) {
            let phrase = Phrase::new("cannot-tell-check").with("check", &result.name);
            add(&mut missing, Reason::Because(phrase.with("arm", &result.arm), result.reason.clone()));
        }
    }
    if !arms.iter().any(|arm| arm.name == ArmName::Applied) {
        add(&mut missing, Reason::Own(Phrase::new("cannot-tell-cure")));
    }
    Assessment { fitness: told(&judged), reasons: missing }
}

/// The answer where nothing speaks against the machine: what only its own wires would tell may stay open, if the rest is not.
fn told(judged: &[CheckResult]) -> Fitness {
    let open = |result: &&CheckResult| matches!(result.verdict, Verdict::Inconclusive | Verdict::Error);
    let cured = |result: &CheckResult| result.arm == ArmName::Applied && result.verdict == Verdict::Pass;
    match judged.iter().any(cured) && judged.iter().find(open).is_none() {
        true => Fitness::Fit,
        false => Fitness::CannotTell,
    }
}

fn same_why(one: &Reason, other: &Reason) -> bool {
    match (one, other) {
        (Reason::Own(one), Reason::Own(other)) => one.args.get("why") == other.args.get("why"),
        (Reason::Because(_, one), Reason::Because(_, other)) => one == other,
        _ => false,
    }
}

fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// Commands of the fixes that found nothing to edit, or failed.
fn printed_commands(
    scenario: &Scenario,
    subjects: &BTreeMap<String, SubjectRecord>,
    arms: &[ArmEvidence],
    unfit: &mut Vec<Reason>,
) {
    let Some(applied) = arms.iter().find(|arm| arm.name == ArmName::Applied) else { return };
    let on_trial: BTreeSet<&str> = subjects.keys().map(String::as_str).collect();
    for edit in applied.edits.iter().filter(|edit| edit.diff.is_empty() && on_trial.contains(edit.endpoint.as_str())) {
        let number = scenario.fixes.iter().position(|fix| fix.action.name == edit.fix).map_or(0, |at| at + 1);
        let phrase = Phrase::new("unfit-nothing-to-edit").with("number", number).with("fix", &edit.fix);
        add(unfit, Reason::Own(phrase.with("path", &edit.path)));
    }
    for finding in applied.findings.iter().filter(|finding| finding.id == "finding-fix-failed") {
        if finding.args.get("endpoint").is_some_and(|endpoint| on_trial.contains(endpoint.as_str())) {
            add(unfit, Reason::Own(Phrase { id: "unfit-fix-failed".to_owned(), args: finding.args.clone() }));
        }
    }
}

fn no_symptom(result: &CheckResult) -> Phrase {
    let phrase = Phrase::new("unfit-no-symptom").with("check", &result.name).with("metric", &result.metric);
    phrase.with("value", result.value.map_or_else(|| "-".to_owned(), |value| result.unit.show(value.value)))
}

/// A check that does not hold with the fix, with what the configuration looks like.
fn no_cure(scenario: &Scenario, arms: &[ArmEvidence], result: &CheckResult, unfit: &mut Vec<Reason>) {
    let phrase = Phrase::new("unfit-no-cure").with("check", &result.name);
    add(unfit, Reason::Because(phrase, result.reason.clone()));
    let arm = arms.iter().find(|arm| arm.name == result.arm);
    for reason in arm.into_iter().flat_map(|arm| explain::reasons(scenario, arm, &result.name)) {
        add(unfit, Reason::Told(reason.text.clone()));
    }
}

fn not_measured(arm: &ArmEvidence) -> Option<Reason> {
    let phrase = Phrase::new("cannot-tell-arm").with("arm", &arm.name);
    match &arm.outcome {
        Outcome::Measured => None,
        Outcome::Unsupported { reason } => Some(Reason::Because(phrase, reason.clone())),
        Outcome::Error { message, .. } => Some(Reason::Own(phrase.with("why", message))),
        Outcome::Interrupted => Some(Reason::Because(phrase, Phrase::new("fitness-interrupted"))),
    }
}
