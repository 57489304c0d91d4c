//! What `verify` leaves of machines on trial, and `regrade` once more: each machine's reports, the answers, one page and table of all.

use std::io::{self, Write};
use std::path::{Component, Path};

use serde::Deserialize;

use super::run::{judged, publish as publish_run};
use super::{CommandError, Context, NOT_RUN};
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::{self, RunRecord};
use crate::report;
use crate::report::proof::Proof;
use crate::report::results::{self, Results};
use crate::report::verify::{Untried, Verified};
use crate::scenario::Scenario;
use crate::wording::say;

/// Machines that were on trial together, and what their labs left.
pub(super) struct Tried {
    pub(super) record: RunRecord,
    pub(super) scenarios: Vec<(Scenario, Vec<ArmEvidence>)>,
    /// Directory of their own reports, below that of all; empty where it is the same.
    pub(super) dir: String,
}

/// Whether a run had machines on trial.
pub(super) fn is_verified(record: &RunRecord) -> bool {
    record.scenarios.iter().any(|scenario| !scenario.subjects.is_empty())
}

/// Whether its machines were only looked at.
fn is_only_looked_at(record: &RunRecord) -> bool {
    let all = || record.scenarios.iter().flat_map(|scenario| scenario.subjects.values());
    all().next().is_some() && all().all(|subject| subject.is_only_looked_at)
}

/// What is read of `verify.json` where several machines have a directory each.
#[derive(Deserialize)]
pub(super) struct Several {
    machines: Vec<Machine>,
    /// Those that could not be tried.
    #[serde(default)]
    pub(super) untried: Vec<Untried>,
}

#[derive(Deserialize)]
struct Machine {
    dir: String,
}

impl Several {
    /// The several machines whose reports are below a directory, if that is what it holds.
    pub(super) fn below(dir: &Path) -> Result<Option<Self>, CommandError> {
        let path = dir.join("verify.json");
        if dir.join("evidence/run.json").is_file() || !path.is_file() {
            return Ok(None);
        }
        let several: Several = bundle::read(&path)?;
        // A file that was tampered with leads nowhere else.
        let is_below = |machine: &Machine| {
            let mut parts = Path::new(&machine.dir).components();
            matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        };
        let are_some = !several.machines.is_empty() || !several.untried.is_empty();
        Ok(Some(several).filter(|several| are_some && several.machines.iter().all(is_below)))
    }

    /// Their directories' names, in the order in which they were on trial.
    pub(super) fn dirs(&self) -> impl Iterator<Item = &str> {
        self.machines.iter().map(|machine| machine.dir.as_str())
    }
}

/// Writes each machine's reports and those of all, prints the answers, gives the exit status: the worst answer. `told` hears the
/// answers' status before anything is printed, and gives what went wrong on the way.
pub(super) fn publish(
    tried: &[Tried],
    untried: Vec<Untried>,
    to: &Path,
    context: &Context,
    told: impl FnOnce(u8) -> Vec<String>,
) -> Result<u8, CommandError> {
    let judged: Vec<(Results, Proof)> = tried.iter().map(|one| judged(&one.record, &one.scenarios)).collect();
    let mut status = judged.iter().map(|(results, _)| results::exit_status(results)).max().unwrap_or(0);
    if !untried.is_empty() {
        status = status.max(NOT_RUN);
    }
    let mut trouble: Vec<String> = untried.iter().map(|one| format!("{}: {}", one.dir, one.why)).collect();
    trouble.extend(told(status));
    let lang = judged.first().map_or(context.lang, |(results, _)| results.run.lang);
    let are_looks = tried.iter().all(|one| is_only_looked_at(&one.record));
    let mut all = Vec::new();
    for (one, (results, proof)) in tried.iter().zip(judged) {
        let own = to.join(&one.dir);
        if is_only_looked_at(&one.record) {
            // Nothing was run that a summary could tell of.
            let written = report::write_all(&own, &results).into_iter();
            trouble.extend(written.filter_map(|(_, written)| Some(super::chain(&written.err()?))));
        } else {
            status = status.max(publish_run(&results, &proof, &own, Vec::new(), context)?);
        }
        all.push(Verified { results, scenarios: &one.scenarios, dir: one.dir.clone() });
    }
    let mut out = io::stdout().lock();
    let results: Vec<&Results> = all.iter().map(|verified| &verified.results).collect();
    out.write_all(report::terminal::fitness(&results, are_looks, lang, context.around.color).as_bytes())?;
    let verification = report::verify::verification(&all, untried);
    out.write_all(report::verify::table(&all, &verification, lang).as_bytes())?;
    for (path, written) in report::verify::write(to, &all, &verification, lang) {
        match written {
            Ok(()) => writeln!(out, "  {}", path.display())?,
            Err(err) => trouble.push(super::chain(&err)),
        }
    }
    for text in trouble {
        writeln!(io::stderr(), "{} {text}", say(context.lang, "error-prefix"))?;
        status = status.max(NOT_RUN);
    }
    Ok(status)
}
