//! `saiten sweep`.

use std::io::{self, Write};

use super::{CommandError, Context, block_on, desk, run_id};
use crate::lab::sweep::Swept;
use crate::lab::{LabError, choose};
use crate::run::door;
use crate::wording::{Phrase, say};

/// Arguments of `saiten sweep`.
#[derive(clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Removes what killed runs left.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let wanted = context.wanted(&run_id()?, context.place()?.containers())?;
    let swept = block_on(async {
        // Doors that lead nowhere go as well.
        door::find(&context.around.runtime_dir).await;
        let mut all = Swept { removed: desk::sweep(), ..Swept::default() };
        for backend in choose::all(&wanted).await? {
            let swept = backend.sweep().await?;
            all.removed.extend(swept.removed);
            all.left.extend(swept.left);
        }
        Ok::<_, LabError>(all)
    })??;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&swept).unwrap_or_default())?;
        return Ok(0);
    }
    for name in &swept.removed {
        writeln!(out, "{}", Phrase::new("sweep-removed").with("name", name).say(context.lang))?;
    }
    for name in &swept.left {
        writeln!(out, "{}", Phrase::new("sweep-left").with("name", name).say(context.lang))?;
    }
    if swept.removed.is_empty() {
        writeln!(out, "{}", say(context.lang, "sweep-nothing"))?;
    }
    Ok(0)
}
