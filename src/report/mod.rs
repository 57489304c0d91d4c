//! Listeners and reports: each a function of events or of the finished result, each in a file of its own.

pub mod appliance;
pub mod class;
pub mod events;
mod junit;
mod ladders;
pub mod mutants;
pub mod proof;
pub mod results;
pub mod terminal;
pub mod verify;

use std::path::{Path, PathBuf};

use crate::evidence::bundle::{BundleError, write_whole};
use results::Results;

/// Writes all report files into `out`, each whole or not at all; one that fails stops no other.
pub fn write_all(out: &Path, results: &Results) -> Vec<(PathBuf, Result<(), BundleError>)> {
    let files = [("junit.xml", junit::junit(results)), ("results.json", results::render(results))];
    let ladders = ladders::ladders(results).map(|text| ("ladders.txt", text));
    files
        .into_iter()
        .chain(ladders)
        .map(|(name, bytes)| {
            let path = out.join(name);
            let written = write_whole(&path, &bytes);
            (path, written)
        })
        .collect()
}
