//! `saiten prove`: the grader's own test. Every known submission of a scenario must get what it deserves, and every check must
//! notice a mutant of the fixes.

use std::path::PathBuf;

use super::run::{self, ReadScenario};
use super::{CommandError, Context, run_id};
use crate::arm::ArmPlan;
use crate::event::Announcer;
use crate::lab::host;
use crate::mutant;
use crate::run::{Options, Wanted};
use crate::scenario::Scenario;
use crate::scenario::submission::Submission;

/// Arguments of `saiten prove`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenarios by id or path; all when none is named
    scenarios: Vec<String>,
    /// Only known submissions and mutants whose name contains this; of some mutants alone no check is said to check nothing
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Only known submissions whose name contains this, with all mutants
    #[arg(long, value_name = "TEXT")]
    submissions: Option<String>,
    /// Only known submissions
    #[arg(long)]
    no_mutants: bool,
    /// Directory for junit.xml, results.json, events.jsonl and evidence/
    #[arg(long, value_name = "DIR", default_value = "saiten-report")]
    out: PathBuf,
    /// How many machines are made at once; the number of processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

/// Runs all known submissions and mutants beside the omitted and the applied fix, and compares what each gets with what it must
/// get.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let read = place.read_with_submissions(&args.scenarios, context)?;
    let mutants = (!args.no_mutants).then(|| Wanted { only: args.only.clone() });
    let read = chosen(read, args)?;
    let options = Options {
        arms: ArmPlan::Pair,
        jobs: args.jobs.map_or_else(host::processors, usize::from),
        ..Options::of(run_id()?, args.out.clone(), context.lang, context.around.runtime_dir.clone())
    };
    let wanted = context.wanted(&options.id, place.containers())?;
    let announcer = Announcer::new(run::listeners(&args.out, context)?);
    let done = run::carry_out(read, mutants, options, &wanted, announcer, true)?;
    run::finish(&done, &args.out, context)
}

/// The scenarios and submissions that the user means.
fn chosen(read: Vec<ReadScenario>, args: &Args) -> Result<Vec<ReadScenario>, CommandError> {
    let fits = |name: &str, text: &Option<String>| text.as_ref().is_none_or(|text| name.contains(text));
    let wanted =
        |submission: &Submission| fits(&submission.name, &args.only) && fits(&submission.name, &args.submissions);
    let filtered = read.into_iter().map(|(scenario, text, submissions)| {
        (scenario, text, submissions.into_iter().filter(wanted).collect::<Vec<_>>())
    });
    // Those that put a file back are known only when the fixes have run; `--only reverted` is for a scenario that is named.
    let has_mutants = |scenario: &Scenario| {
        let mut all = mutant::mutants(scenario).into_iter();
        !args.no_mutants
            && (args.only.is_none() || !args.scenarios.is_empty() || all.any(|mutant| fits(&mutant.name, &args.only)))
    };
    let kept = |(scenario, _, submissions): &ReadScenario| !submissions.is_empty() || has_mutants(scenario);
    let chosen: Vec<ReadScenario> = filtered.filter(kept).collect();
    if chosen.is_empty() {
        return Err(CommandError::Wrong(
            "no known submission and no mutant fits; submissions are in <scenario>/submissions/good/ and bad/"
                .to_owned(),
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
