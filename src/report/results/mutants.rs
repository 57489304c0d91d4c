//! Mutants in `results.json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::scenario::mutant::MutantKind;

/// A mutant of the fixes: the fixes with one thing wrong. The first one is the arm `omitted`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MutantPart {
    /// Name; its arm is `mutant:<name>`, or `omitted`.
    pub name: String,
    /// What is wrong with it.
    pub kind: MutantKind,
    /// What is wrong with it, in words.
    pub title: String,
    /// Checks that fail, and so notice it.
    pub killed_by: Vec<String>,
    /// Checks that decide nothing.
    pub undecided: Vec<String>,
    /// What it means that no check noticed it.
    pub survives: Option<String>,
    /// Why its lab was not measured.
    pub error: Option<String>,
}
