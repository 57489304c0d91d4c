//! `saiten check-appliance`.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Context, FAILED};
use crate::appliance::{self, Limits};
use crate::clean::one_line;
use crate::report::appliance::{json, text};
use crate::wording::say;

/// Arguments of `saiten check-appliance`.
#[derive(clap::Args)]
pub struct Args {
    /// An exported virtual machine: an .ova, or an .ovf with its files beside it
    file: PathBuf,
    /// Refuses an appliance whose files have more than so many GiB together
    #[arg(long, value_name = "GIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    most: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Looks at an appliance; exit status 0 when it is fit to be moved, 1 when not, 2 when it cannot be read.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let limits = Limits { total: args.most << 30, ..Limits::default() };
    let report = appliance::open(&context.around.current_dir.join(&args.file), &limits).map_err(|refusal| {
        let place = one_line(&args.file.to_string_lossy(), 200);
        let error = say(context.lang, "error-prefix");
        CommandError::Problems(format!("{error} {place}: {}\n", refusal.0.say(context.lang)))
    })?;
    let mut out = io::stdout().lock();
    if args.json {
        let report = json(&report, context.lang);
        writeln!(out, "{}", serde_json::to_string_pretty(&report).unwrap_or_default())?;
    } else {
        out.write_all(text(&report, context.lang, context.around.color).as_bytes())?;
    }
    Ok(if report.fit() { 0 } else { FAILED })
}
