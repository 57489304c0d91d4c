//! Which mutants the checks notice, and which checks notice none. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, Outcome};
use crate::scenario::Scenario;
use crate::scenario::mutant::{Mutant, Mutation};
use crate::verdict::{self, Verdict};

/// What became of a scenario's mutants.
#[derive(Debug, Clone, PartialEq)]
pub struct Kills {
    /// The arm without any fix, which is a mutant, too; then the others.
    pub fates: Vec<Fate>,
    /// The checks, in the scenario's order.
    pub checks: Vec<Checked>,
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// The mutant; none is the arm without any fix.
    pub mutant: Option<Mutant>,
    /// Checks that fail, and so kill it.
    pub killed_by: Vec<String>,
    /// Checks that decide nothing.
    pub undecided: Vec<String>,
    /// Why its lab was not measured, if so.
    pub error: Option<String>,
}

impl Fate {
    /// Whether every check passes: nobody noticed.
    pub fn survives(&self) -> bool {
        self.killed_by.is_empty() && self.undecided.is_empty()
    }

    /// The mutant's name; `omitted` is the arm without any fix.
    pub fn name(&self) -> String {
        self.mutant.as_ref().map_or_else(|| ArmName::Omitted.to_string(), |mutant| mutant.name.clone())
    }
}

/// What a check noticed.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Check.
    pub name: String,
    /// Mutants that it kills.
    pub kills: Vec<String>,
    /// Mutants and known submissions that no other check notices.
    pub alone: Vec<String>,
    /// `Pass` where it kills a mutant; `Vacuous` where it could have and kills none. Of some mutants alone nobody can say.
    pub verdict: Option<Verdict>,
}

/// Judges all mutants. `submissions` are the known ones, with the checks that fail.
pub fn kills(
    scenario: &Scenario,
    arms: &[ArmEvidence],
    mutation: &Mutation,
    submissions: &BTreeMap<String, Vec<String>>,
) -> Kills {
    let omitted = std::iter::once(None);
    let all = omitted.chain(mutation.mutants.iter().cloned().map(Some));
    let fates: Vec<Fate> = all.map(|mutant| fate(scenario, arms, mutant)).collect();
    let failing = fates.iter().map(|fate| (fate.name(), &fate.killed_by, fate.undecided.is_empty()));
    let failing = failing.chain(submissions.iter().map(|(name, failed)| (name.clone(), failed, true)));
    let mut alone: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (name, failed, is_decided) in failing {
        if let ([only], true) = (failed.as_slice(), is_decided) {
            alone.entry(only).or_default().insert(name);
        }
    }
    let unsupported = |arm: &ArmEvidence| matches!(arm.outcome, Outcome::Unsupported { .. });
    let is_unsupported = arms.iter().any(unsupported);
    let checked = |name: &String| {
        let kills: Vec<String> = fates.iter().filter(|fate| fate.killed_by.contains(name)).map(Fate::name).collect();
        let verdict = match kills.is_empty() {
            false => Verdict::Pass,
            true if is_unsupported => Verdict::Unsupported,
            // It may well notice the one that was not measured.
            true if fates.iter().any(|fate| fate.undecided.contains(name)) => Verdict::Inconclusive,
            true => Verdict::Vacuous,
        };
        let alone = alone.get(name).into_iter().flatten().cloned().collect();
        Checked { name: name.clone(), kills, alone, verdict: mutation.is_whole.then_some(verdict) }
    };
    let checks = scenario.checks.iter().map(|check| checked(&check.name)).collect();
    Kills { fates, checks }
}

fn fate(scenario: &Scenario, arms: &[ArmEvidence], mutant: Option<Mutant>) -> Fate {
    let arm = mutant.as_ref().map_or(ArmName::Omitted, |mutant| ArmName::Mutant(mutant.name.clone()));
    let verdicts = verdict::expectations(scenario, arms, &arm);
    let those = |wanted: &dyn Fn(Verdict) -> bool| {
        verdicts.iter().filter(|(_, verdict)| wanted(*verdict)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let evidence = arms.iter().find(|evidence| evidence.name == arm);
    Fate {
        killed_by: those(&|verdict| verdict == Verdict::Fail),
        undecided: match verdicts.is_empty() {
            // It never ran.
            true => scenario.checks.iter().map(|check| check.name.clone()).collect(),
            false => those(&|verdict| !matches!(verdict, Verdict::Fail | Verdict::Pass)),
        },
        error: evidence.and_then(|evidence| match &evidence.outcome {
            Outcome::Error { message, .. } => Some(message.clone()),
            _ => None,
        }),
        mutant,
    }
}
