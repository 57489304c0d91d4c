//! `saiten prove`: the grader's own test. Every known submission of a scenario must get what it deserves.

use std::path::PathBuf;

use super::run::{self, ReadScenario};
use super::{CommandError, Context, run_id};
use crate::arm::ArmPlan;
use crate::event::Announcer;
use crate::lab::host;
use crate::run::Options;
use crate::scenario::Scenario;
use crate::scenario::submission::Submission;

/// Arguments of `saiten prove`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenarios by id or path; all that have known submissions when none is named
    scenarios: Vec<String>,
    /// Only submissions whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Directory for junit.xml, results.json, events.jsonl and evidence/
    #[arg(long, value_name = "DIR", default_value = "saiten-report")]
    out: PathBuf,
    /// How many machines are made at once; the number of processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

/// Runs all known submissions beside the omitted and the applied fix, and compares what each gets with what it must get.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let read = place.read_with_submissions(&args.scenarios, context)?;
    let read = chosen(read, args)?;
    let options = Options {
        arms: ArmPlan::Pair,
        jobs: args.jobs.map_or_else(host::processors, usize::from),
        ..Options::of(run_id()?, args.out.clone(), context.lang, context.around.runtime_dir.clone())
    };
    let wanted = context.wanted(&options.id, place.containers())?;
    let announcer = Announcer::new(run::listeners(&args.out, context)?);
    let done = run::carry_out(read, options, &wanted, announcer, true)?;
    run::finish(&done, &args.out, context)
}

/// The scenarios and submissions that the user means.
fn chosen(read: Vec<ReadScenario>, args: &Args) -> Result<Vec<ReadScenario>, CommandError> {
    let wanted = |submission: &Submission| args.only.as_ref().is_none_or(|text| submission.name.contains(text));
    let filtered = read.into_iter().map(|(scenario, text, submissions)| {
        (scenario, text, submissions.into_iter().filter(wanted).collect::<Vec<_>>())
    });
    let chosen: Vec<ReadScenario> = filtered.filter(|(_, _, submissions)| !submissions.is_empty()).collect();
    if chosen.is_empty() {
        return Err(CommandError::Wrong(
            "no known submission fits; they are in <scenario>/submissions/good/ and bad/".to_owned(),
        ));
    }
    Ok(chosen)
}

/// The submission of this name, as an arm of a lab that only comes up.
pub(super) fn submission(scenario: &Scenario, name: &str, all: Vec<Submission>) -> Result<Submission, CommandError> {
    let names: Vec<String> = all.iter().map(|submission| submission.name.clone()).collect();
    all.into_iter().find(|submission| submission.name == name).ok_or_else(|| {
        let known = names.join(", ");
        CommandError::Wrong(format!("scenario {} has no known submission `{name}`; it has {known}", scenario.id))
    })
}
