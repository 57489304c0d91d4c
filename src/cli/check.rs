//! `saiten check`.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Context, WRONG};
use crate::scenario::{file, submission};
use crate::wording::Phrase;

/// Arguments of `saiten check`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenario files, their directories, or ids
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Validates scenario files; says every problem of every file.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let catalog = place.catalog();
    let mut status = 0;
    for path in &args.files {
        // An id is the shorter way to one of the shipped files; everything else is a path, and its trouble is told as such.
        let known = path.to_str().filter(|id| !path.exists() && place.ids().iter().any(|known| known == id));
        let path = known.map_or_else(|| Ok(path.clone()), |id| place.file_of(id))?;
        match file::read(&path, &catalog) {
            Ok(scenario) => {
                if let Err(problems) = submission::read_all(&scenario) {
                    status = WRONG;
                    io::stderr().write_all(problems.render(context.lang, context.around.error_color).as_bytes())?;
                    continue;
                }
                let phrase = Phrase::new("check-fine").with("file", path.display()).with("scenario", scenario.id);
                writeln!(io::stdout(), "{}", phrase.say(context.lang))?;
            }
            Err(problems) => {
                status = WRONG;
                io::stderr().write_all(problems.render(context.lang, context.around.error_color).as_bytes())?;
            }
        }
    }
    Ok(status)
}
