//! `saiten regrade`.

use std::path::{Path, PathBuf};

use super::verified::{self, Several, Tried};
use super::{CommandError, Context, regrade_batch};
use crate::evidence::bundle::Bundle;
use crate::scenario::file;

/// Arguments of `saiten regrade`.
#[derive(clap::Args)]
pub struct Args {
    /// Report directory of an earlier run, batch or verification; where several machines were verified, that of one or of all
    pub(super) dir: PathBuf,
    /// Judges by the scenario files as they are now, not by those that were run
    #[arg(long)]
    pub(super) current: bool,
    /// Where to write the reports; into DIR by default
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

/// Judges stored evidence again. The reports keep the language of the run: the same evidence gives the same bytes wherever it is
/// judged.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    if regrade_batch::is_batch(&args.dir) {
        return regrade_batch::main(args, context);
    }
    let to = args.out.as_ref().unwrap_or(&args.dir);
    if let Some(several) = Several::below(&args.dir)? {
        let one = |dir: &str| read(&args.dir.join(dir), dir, args, context);
        let tried = several.dirs().map(one).collect::<Result<Vec<Tried>, CommandError>>()?;
        return verified::publish(&tried, several.untried, to, context, |_| Vec::new());
    }
    let stored = read(&args.dir, "", args, context)?;
    if verified::is_verified(&stored.record) {
        return verified::publish(&[stored], Vec::new(), to, context, |_| Vec::new());
    }
    let (results, proof) = super::run::judged(&stored.record, &stored.scenarios);
    super::run::publish(&results, &proof, to, Vec::new(), context)
}

/// What a run left in a directory, which has this name below that of all.
fn read(from: &Path, dir: &str, args: &Args, context: &Context) -> Result<Tried, CommandError> {
    let place = context.place()?;
    let catalog = crate::run::virtualbox::known(place.catalog());
    let bundle = Bundle::of(from);
    let record = bundle.read_run()?;
    let mut scenarios = Vec::new();
    for scenario in &record.scenarios {
        let path = if args.current { place.file_of(&scenario.id)? } else { bundle.scenario_path(&scenario.id) };
        let read = file::read(&path, &catalog);
        let read =
            read.map_err(|problems| CommandError::Problems(problems.render(context.lang, context.around.error_color)))?;
        scenarios.push((read, bundle.read_arms(scenario)?));
    }
    Ok(Tried { record, scenarios, dir: dir.to_owned() })
}
