//! Mutants: the reference with one thing wrong, run in place of the fixes. A check that passes them all checks nothing.

use serde::{Deserialize, Serialize};

use super::Text;
use super::submission::Step;

/// One mutant of a scenario's fixes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mutant {
    /// Name, unique in its scenario.
    pub name: String,
    /// What is wrong with it.
    pub kind: MutantKind,
    /// The fix, line, file or unit that it is about.
    pub what: String,
    /// Where.
    pub on: Vec<String>,
    /// What is done in place of the fixes, in order.
    pub steps: Vec<Step>,
}

/// What is wrong with a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MutantKind {
    /// A fix is left out.
    LeftOut,
    /// One line of a fix is left out.
    Undone,
    /// A word that a line writes is misspelt.
    Misspelt,
    /// After all fixes, what one of them changed in a file is put back.
    Reverted,
    /// The fixes are not made to take effect.
    NotActivated,
    /// After all fixes, a daemon is stopped.
    Stopped,
    /// There is no fix at all, and the endpoint's tools say that all is well.
    Liars,
}

impl MutantKind {
    /// All kinds, from what is forgotten to what is meant to deceive.
    pub const ALL: [Self; 7] = [
        MutantKind::LeftOut,
        MutantKind::Undone,
        MutantKind::Misspelt,
        MutantKind::Reverted,
        MutantKind::NotActivated,
        MutantKind::Stopped,
        MutantKind::Liars,
    ];

    /// The kind as scenario files and names spell it.
    pub fn name(self) -> &'static str {
        match self {
            MutantKind::LeftOut => "left-out",
            MutantKind::Undone => "undone",
            MutantKind::Misspelt => "misspelt",
            MutantKind::Reverted => "reverted",
            MutantKind::NotActivated => "not-activated",
            MutantKind::Stopped => "stopped",
            MutantKind::Liars => "liars",
        }
    }
}

/// The kinds that a scenario is proven with, where not all of them are worth their labs.
#[derive(Debug, Clone, PartialEq)]
pub struct Restricted {
    /// These only.
    pub only: Vec<MutantKind>,
    /// Why.
    pub because: Text,
}

/// A scenario's mutants as they ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mutation {
    /// Whether all of them ran; of some alone nobody can say that a check checks nothing.
    pub is_whole: bool,
    /// The mutants.
    pub mutants: Vec<Mutant>,
}
