//! What `saiten verify` writes beside each machine's own reports: one page to print, and of several machines what differs among them.

mod change;
mod page;
mod table;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::results::Results;
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::{BundleError, write_whole};
use crate::fitness::Fitness;
use crate::scenario::Scenario;
use crate::wording::Lang;
pub use change::{Change, Changes};
pub use table::table;

/// A set of machines that were on trial together, and what became of it.
pub struct Verified<'a> {
    /// Its results.
    pub results: Results,
    /// Its scenarios with the arms' evidence.
    pub scenarios: &'a [(Scenario, Vec<ArmEvidence>)],
    /// Directory of its own reports, as the page beside it finds it; empty where it is the same.
    pub dir: String,
}

/// What `verify.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Verification {
    /// Version of this format.
    pub version: u32,
    /// The machines, in the order in which they were on trial.
    pub machines: Vec<MachinePart>,
    /// What differs between each two that follow each other.
    pub changes: Vec<Changes>,
    /// Machines that could not be tried, although others were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untried: Vec<Untried>,
}

/// Machines that could not be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Untried {
    /// The directory that their reports would have.
    pub dir: String,
    /// Why not.
    pub why: String,
}

/// Machines that were on trial together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MachinePart {
    /// As the user named them.
    pub named: String,
    /// Directory of their own reports, below this one; empty where it is this one.
    pub dir: String,
    /// The answer for each scenario.
    pub scenarios: Vec<(String, Fitness)>,
}

impl Verified<'_> {
    /// What was on trial, in a word or two.
    pub fn named(&self) -> String {
        let parts = self.results.scenarios.iter().filter_map(|scenario| scenario.fitness.as_ref());
        let mut named: Vec<&str> =
            parts.flat_map(|part| &part.subjects).map(|subject| subject.named.as_str()).collect();
        named.sort_unstable();
        named.dedup();
        named.join(", ")
    }
}

/// All of it as data.
pub fn verification(all: &[Verified<'_>], untried: Vec<Untried>) -> Verification {
    let machine = |verified: &Verified<'_>| MachinePart {
        named: verified.named(),
        dir: verified.dir.clone(),
        scenarios: verified
            .results
            .scenarios
            .iter()
            .filter_map(|scenario| Some((scenario.id.clone(), scenario.fitness.as_ref()?.fitness)))
            .collect(),
    };
    Verification {
        version: super::results::VERSION,
        machines: all.iter().map(machine).collect(),
        changes: all.windows(2).map(|two| change::changes(&two[0], &two[1])).collect(),
        untried,
    }
}

/// Writes `verify.html` and `verify.json`, each whole or not at all.
pub fn write(
    out: &Path,
    all: &[Verified<'_>],
    verification: &Verification,
    lang: Lang,
) -> Vec<(PathBuf, Result<(), BundleError>)> {
    // Our own types have string keys and no failing serializers.
    let mut json = serde_json::to_vec_pretty(verification).unwrap_or_default();
    json.push(b'\n');
    let html = page::page(all, verification, lang).into_bytes();
    let files = [("verify.html", html), ("verify.json", json)];
    files
        .into_iter()
        .map(|(name, bytes)| {
            let path = out.join(name);
            let written = write_whole(&path, &bytes);
            (path, written)
        })
        .collect()
}
