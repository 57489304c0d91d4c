//! What became of mutants, in words: a case for each check, which must notice one of them, and a table for people.

use std::collections::BTreeMap;

use super::proof::Row;
use super::results::{CheckPart, MutantPart, ScenarioPart};
use crate::clean::one_line;
use crate::evidence::ArmEvidence;
use crate::mutant::kill::{self, Checked, Fate, Kills};
use crate::scenario::mutant::{MutantKind, Mutation};
use crate::scenario::{Check, Scenario};
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase};

/// What stands for the arm where a check is judged by all mutants together.
pub const ARM: &str = "mutants";
/// Longest error of a mutant's lab, in characters; the evidence has all of it.
const ERROR_MOST: usize = 300;

/// A scenario's mutants, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Scenario.
    pub scenario: String,
    /// Checks in the scenario's order.
    pub checks: Vec<Checked>,
    /// All mutants; the first is the arm `omitted`.
    pub mutants: Vec<MutantPart>,
    /// Why not all kinds of mutants were made.
    pub restricted: Option<String>,
}

/// Judges a scenario's mutants, and writes what came of it into its part of the results.
pub fn settle(
    part: &mut ScenarioPart,
    scenario: &Scenario,
    arms: &[ArmEvidence],
    mutation: &Mutation,
    rows: &[Row],
    lang: Lang,
) -> Table {
    let own = rows.iter().filter(|row| row.scenario == scenario.id && row.undecided.is_empty());
    let submissions: BTreeMap<String, Vec<String>> =
        own.map(|row| (row.submission.clone(), row.failed.clone())).collect();
    let Kills { fates, checks } = kill::kills(scenario, arms, mutation, &submissions);
    part.mutants = fates.iter().map(|fate| mutant_part(fate, lang)).collect();
    for (check, spec) in checks.iter().zip(&scenario.checks) {
        if let Some(verdict) = check.verdict {
            part.checks.push(check_part(check, spec, verdict, fates.len(), lang));
        }
    }
    let restricted = scenario.mutants.as_ref().map(|restricted| {
        let kinds: Vec<&str> = restricted.only.iter().map(|kind| kind.name()).collect();
        let phrase = Phrase::new("mutants-restricted").with("kinds", kinds.join(", "));
        phrase.with("because", restricted.because.get(lang)).say(lang)
    });
    Table { scenario: scenario.id.clone(), checks, mutants: part.mutants.clone(), restricted }
}

fn mutant_part(fate: &Fate, lang: Lang) -> MutantPart {
    let kind = fate.mutant.as_ref().map_or(MutantKind::LeftOut, |mutant| mutant.kind);
    let worded = |id: &str| {
        let phrase = Phrase::new(id);
        let phrase = match &fate.mutant {
            Some(mutant) => phrase.with("what", one_line(&mutant.what, 120)).with("on", mutant.on.join(", ")),
            None => phrase,
        };
        phrase.say(lang)
    };
    let (title, survives) = match &fate.mutant {
        Some(mutant) => phrases(mutant.kind),
        None => ("mutant-omitted", "survives-omitted"),
    };
    MutantPart {
        name: fate.name(),
        kind,
        title: worded(title),
        killed_by: fate.killed_by.clone(),
        undecided: fate.undecided.clone(),
        survives: fate.survives().then(|| worded(survives)),
        error: fate.error.as_ref().map(|error| one_line(error, ERROR_MOST)),
    }
}

/// What is wrong with a mutant, and what it means that nobody notices.
fn phrases(kind: MutantKind) -> (&'static str, &'static str) {
    match kind {
        MutantKind::LeftOut => ("mutant-left-out", "survives-left-out"),
        MutantKind::Undone => ("mutant-undone", "survives-undone"),
        MutantKind::Misspelt => ("mutant-misspelt", "survives-misspelt"),
        MutantKind::Reverted => ("mutant-reverted", "survives-reverted"),
        MutantKind::NotActivated => ("mutant-not-activated", "survives-not-activated"),
        MutantKind::Stopped => ("mutant-stopped", "survives-stopped"),
        MutantKind::Liars => ("mutant-liars", "survives-liars"),
    }
}

/// The case of a check: it must notice a mutant.
fn check_part(check: &Checked, spec: &Check, verdict: Verdict, of: usize, lang: Lang) -> CheckPart {
    let id = match verdict {
        Verdict::Pass if check.alone.is_empty() => "mutants-killed-never-alone",
        Verdict::Pass => "mutants-killed",
        Verdict::Vacuous => "mutants-none-killed",
        _ => "mutants-not-decided",
    };
    let phrase = Phrase::new(id).with("count", check.kills.len()).with("of", of);
    let phrase = phrase.with("mutants", check.kills.join(", ")).with("alone", check.alone.join(", "));
    CheckPart {
        name: check.name.clone(),
        title: spec.title.as_ref().map_or(check.name.as_str(), |title| title.get(lang)).to_owned(),
        metric: spec.metric.to_string(),
        unit: spec.unit,
        arm: ARM.to_owned(),
        verdict,
        message: phrase.say(lang),
        points: None,
        points_most: 0,
        value: None,
        control: None,
        ratio: None,
        hint: None,
        reasons: Vec::new(),
    }
}
