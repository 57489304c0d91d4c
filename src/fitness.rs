//! Whether a machine that somebody made is fit for the lesson: the symptom appears on it, the documented fix cures it, and the printed
//! commands meet what they are meant to edit. Pure; everything is read from the arms' evidence.

mod commands;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, Outcome};
use crate::explain;
use crate::scenario::subject::{ONLY_LOOKED_AT, SubjectRecord};
use crate::scenario::{Scenario, Text};
use crate::verdict::{self, CheckResult, Verdict};
use crate::wording::{Lang, Phrase};

/// How a finding's name begins that makes a machine unfit by itself.
const UNFIT: &str = "unfit-";
/// How one begins that says what could not be found out by looking.
const OPEN: &str = "cannot-tell-";
/// That the commands were tried on copies of a machine's files.
const COPIES: &str = "finding-tried-on-copies";

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
    /// Why, the most telling first.
    pub reasons: Vec<Reason>,
    /// What else there is to know of it: how it was looked at and, where it is fit, what was not looked at.
    pub remarks: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// In Saiten's words.
    Own {
        /// The words.
        phrase: Phrase,
        /// What it is about, in the scenario's words: its argument `about`.
        about: Option<Text>,
        /// What another phrase says of it: its argument `why`.
        why: Option<Phrase>,
    },
    /// In the scenario's words: what a configuration looks like.
    Told(Text),
}

impl Reason {
    /// In Saiten's words alone.
    fn own(phrase: Phrase) -> Self {
        Reason::Own { phrase, about: None, why: None }
    }

    /// The reason in words.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Reason::Own { phrase, about, why } => {
                let mut phrase = phrase.clone();
                if let Some(about) = about {
                    phrase = phrase.with("about", about.get(lang));
                }
                if let Some(why) = why {
                    phrase = phrase.with("why", why.say(lang));
                }
                phrase.say(lang)
            }
            Reason::Told(text) => text.get(lang).to_owned(),
        }
    }
}

/// Says whether what has these endpoints' places is fit.
pub fn assess(scenario: &Scenario, subjects: &BTreeMap<String, SubjectRecord>, arms: &[ArmEvidence]) -> Assessment {
    let judged = verdict::judge(scenario, arms);
    let mut unfit: Vec<Reason> = found(scenario, arms, |id| id.starts_with(UNFIT));
    let remarks = found(scenario, arms, |id| id == COPIES);
    let case = Case { scenario, subjects, arms };
    if unfit.is_empty() {
        // What the commands met comes before what came of it: it is the reason.
        let all_ran = case.commands(&mut unfit);
        let all_used = case.services(&judged, &mut unfit);
        judged.iter().filter(|_| all_ran && all_used).for_each(|result| case.check(result, &mut unfit));
    }
    if !unfit.is_empty() {
        return Assessment { fitness: Fitness::NotFit, reasons: unfit, remarks };
    }
    if !subjects.is_empty() && subjects.values().all(|subject| subject.is_only_looked_at) {
        let mut open = found(scenario, arms, |id| id.starts_with(OPEN));
        arms.iter().filter_map(not_looked_at).for_each(|reason| add(&mut open, reason));
        let fitness = if open.is_empty() { Fitness::Fit } else { Fitness::CannotTell };
        return Assessment { fitness, reasons: open, remarks };
    }
    let (fitness, mut remarks) = (told(&judged), remarks);
    let missing = missing(scenario, &judged, arms, fitness);
    if fitness == Fitness::Fit {
        // What is not known does not speak against it.
        remarks.extend(missing);
        return Assessment { fitness, reasons: Vec::new(), remarks };
    }
    Assessment { fitness, reasons: missing, remarks }
}

/// What could not be told of a machine against which nothing speaks.
fn missing(scenario: &Scenario, judged: &[CheckResult], arms: &[ArmEvidence], fitness: Fitness) -> Vec<Reason> {
    let mut missing: Vec<Reason> = arms.iter().filter_map(not_measured).collect();
    // Labs fail side by side for the same reason, and no check of theirs has more to tell.
    missing.dedup_by(|one, other| same_why(one, other));
    let all_measured = missing.is_empty();
    for result in judged.iter().filter(|_| all_measured) {
        if matches!(result.verdict, Verdict::Inconclusive | Verdict::Unsupported | Verdict::Error) {
            // Of a machine that is fit, in whichever lab: said once.
            let phrase = match fitness {
                Fitness::Fit => Phrase::new("fitness-not-looked-at"),
                Fitness::CannotTell | Fitness::NotFit => Phrase::new("cannot-tell-check").with("arm", &result.arm),
            };
            let about = Some(title(scenario, &result.name));
            add(&mut missing, Reason::Own { phrase, about, why: Some(result.reason.clone()) });
        }
    }
    if !arms.iter().any(|arm| arm.name == ArmName::Applied) {
        add(&mut missing, Reason::own(Phrase::new("cannot-tell-cure")));
    }
    missing
}

/// What was found of such names, each once.
fn found(scenario: &Scenario, arms: &[ArmEvidence], is_it: impl Fn(&str) -> bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for finding in arms.iter().flat_map(|arm| &arm.findings).filter(|finding| is_it(&finding.id)) {
        let about = finding.args.get("fix").and_then(|name| commands::about(scenario, name));
        add(&mut reasons, Reason::Own { phrase: finding.clone(), about, why: None });
    }
    reasons
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
        (Reason::Own { phrase: one, why, .. }, Reason::Own { phrase: other, why: other_why, .. }) => {
            one.args.get("why") == other.args.get("why") && why == other_why
        }
        _ => false,
    }
}

fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// What is looked through for reasons.
struct Case<'a> {
    scenario: &'a Scenario,
    subjects: &'a BTreeMap<String, SubjectRecord>,
    arms: &'a [ArmEvidence],
}

impl Case<'_> {
    /// Whether all services can be used before any fix: else neither symptom nor cure can be seen.
    fn services(&self, judged: &[CheckResult], unfit: &mut Vec<Reason>) -> bool {
        let mut all_used = true;
        // A service that nobody can use may be just what the lesson shows; then its checks say so, or none reads it.
        let silent = |probe: &str| {
            let mut own = judged
                .iter()
                .filter(|result| result.arm == ArmName::Omitted && result.metric.split().0 == probe)
                .peekable();
            own.peek().is_some() && own.all(|result| result.verdict != Verdict::Pass)
        };
        for probe in self.scenario.probes.iter().filter(|probe| silent(&probe.name)) {
            if ![&probe.from, &probe.to].iter().any(|endpoint| self.subjects.contains_key(*endpoint)) {
                continue;
            }
            let omitted = self.arms.iter().find(|arm| arm.name == ArmName::Omitted);
            let Some((arm, failed)) = omitted.and_then(|arm| Some((arm, arm.mostly_failed(&probe.name)?))) else {
                continue;
            };
            all_used = false;
            let phrase = Phrase::new("unfit-service").with("probe", &probe.name).with("failed", failed.count);
            add(unfit, Reason::own(phrase.with("of", failed.of).with("reason", failed.reason)));
            for check in &self.scenario.checks {
                self.told(arm, &check.name, unfit);
            }
        }
        all_used
    }

    /// A symptom that does not appear, or a check that does not hold with the fix, with what the configuration looks like.
    fn check(&self, result: &CheckResult, unfit: &mut Vec<Reason>) {
        let about = Some(title(self.scenario, &result.name));
        match result.verdict {
            Verdict::Vacuous if result.arm == ArmName::Omitted => {
                let argument = |name: &str, or: String| result.reason.args.get(name).cloned().unwrap_or(or);
                let value = result.value.map_or_else(|| "-".to_owned(), |value| result.unit.show(value.value));
                let phrase =
                    Phrase::new("unfit-no-symptom").with("metric", argument("metric", result.metric.to_string()));
                add(unfit, Reason::Own { phrase: phrase.with("value", argument("value", value)), about, why: None });
            }
            Verdict::Fail => {
                let Some(arm) = self.arms.iter().find(|arm| arm.name == result.arm) else { return };
                self.no_effect(arm, unfit);
                // Who cannot use a service at all need not hear it of each check.
                let is_out = result.reason.id == "verdict-service-failed";
                let phrase = Phrase::new(if is_out { "unfit-service-after" } else { "unfit-no-cure" });
                let about = about.filter(|_| !is_out);
                add(unfit, Reason::Own { phrase, about, why: Some(result.reason.clone()) });
                self.told(arm, &result.name, unfit);
            }
            _ => {}
        }
    }

    /// The scenario's own reasons that fit what was found.
    fn told(&self, arm: &ArmEvidence, check: &str, unfit: &mut Vec<Reason>) {
        for reason in explain::reasons(self.scenario, arm, check) {
            add(unfit, Reason::Told(reason.text.clone()));
        }
    }
}

/// A check's title; its name where it has none.
fn title(scenario: &Scenario, name: &str) -> Text {
    let check = scenario.checks.iter().find(|check| check.name == name);
    check.and_then(|check| check.title.clone()).unwrap_or_else(|| Text { en: name.to_owned(), ja: None })
}

fn not_measured(arm: &ArmEvidence) -> Option<Reason> {
    open(arm, Phrase::new("cannot-tell-arm").with("arm", &arm.name))
}

/// Why a machine could not even be looked at.
fn not_looked_at(arm: &ArmEvidence) -> Option<Reason> {
    let as_meant = matches!(&arm.outcome, Outcome::Unsupported { reason } if reason.id == ONLY_LOOKED_AT);
    if as_meant { None } else { open(arm, Phrase::new("cannot-tell-look")) }
}

/// A phrase with the reason why an arm was not measured, if it was not.
fn open(arm: &ArmEvidence, phrase: Phrase) -> Option<Reason> {
    let why = match &arm.outcome {
        Outcome::Measured => return None,
        Outcome::Unsupported { reason } => reason.clone(),
        Outcome::Error { message, .. } => return Some(Reason::own(phrase.with("why", message))),
        Outcome::Interrupted => Phrase::new("fitness-interrupted"),
    };
    Some(Reason::Own { phrase, about: None, why: Some(why) })
}
