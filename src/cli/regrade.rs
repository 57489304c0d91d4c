//! `saiten regrade`.

use std::path::PathBuf;

use super::{CommandError, Context, regrade_batch};
use crate::evidence::bundle::Bundle;
use crate::scenario::file;

/// Arguments of `saiten regrade`.
#[derive(clap::Args)]
pub struct Args {
    /// Report directory of an earlier run
    pub(super) dir: PathBuf,
    /// Judges by the scenario files as they are now, not by those that were run
    #[arg(long)]
    pub(super) current: bool,
    /// Where to write the reports; into DIR by default
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

/// Judges stored evidence again.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    if regrade_batch::is_batch(&args.dir) {
        return regrade_batch::main(args, context);
    }
    let place = context.place()?;
    let catalog = crate::run::virtualbox::known(place.catalog());
    let bundle = Bundle::of(&args.dir);
    let record = bundle.read_run()?;
    let mut scenarios = Vec::new();
    for scenario in &record.scenarios {
        let path = if args.current { place.file_of(&scenario.id)? } else { bundle.scenario_path(&scenario.id) };
        let read = file::read(&path, &catalog);
        let read =
            read.map_err(|problems| CommandError::Problems(problems.render(context.lang, context.around.error_color)))?;
        scenarios.push((read, bundle.read_arms(scenario)?));
    }
    // The reports keep the language of the run: the same evidence gives the same bytes wherever it is judged.
    let (results, proof) = super::run::judged(&record, &scenarios);
    super::run::publish(&results, &proof, args.out.as_ref().unwrap_or(&args.dir), Vec::new(), context)
}
