//! `saiten images`.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Context, block_on, run_id};
use crate::lab::choose;
use crate::lab::sources::{self, ImageState};
use crate::wording::Phrase;

/// Arguments of `saiten images`.
#[derive(clap::Subcommand)]
pub enum Args {
    /// Builds the images that are missing
    Build {
        /// Names of images; all when none is named
        names: Vec<String>,
    },
    /// Lists images, and whether the backend has them
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes images into one file, for classrooms without network
    Save {
        /// Archive to write
        file: PathBuf,
        /// Names of images; all when none is named
        names: Vec<String>,
    },
    /// Loads images that `save`, `docker save` or an OCI layout holds
    Load {
        /// Archive to read
        file: PathBuf,
    },
}

/// Manages images.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let containers = context.place()?.containers();
    let wanted = context.wanted(&run_id()?, containers.clone())?;
    let work = async {
        let backend = choose::connect(&wanted).await?.backend;
        match args {
            Args::Build { names } => {
                let names = if names.is_empty() { sources::names(&containers) } else { names.clone() };
                for name in names {
                    let note = |step: &str| {
                        // Progress is a courtesy: a closed terminal stops no build.
                        let _ = writeln!(io::stderr(), "  {name}: {}", crate::clean::one_line(step, 120));
                    };
                    let reference = backend.image(&name, &note).await?;
                    writeln!(io::stdout(), "{reference}")?;
                }
            }
            Args::List { json } => list(&backend.images().await?, *json, context)?,
            Args::Save { file, names } => {
                let count = backend.save(file, names).await?;
                let phrase = Phrase::new("images-saved").with("count", count).with("file", file.display());
                writeln!(io::stdout(), "{}", phrase.say(context.lang))?;
            }
            Args::Load { file } => {
                for line in backend.load(file).await? {
                    writeln!(io::stdout(), "{}", crate::clean::one_line(&line, 200))?;
                }
            }
        }
        Ok(0)
    };
    block_on(work)?
}

fn list(states: &[ImageState], json: bool, context: &Context) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(states).unwrap_or_default())?;
        return Ok(());
    }
    for state in states {
        let reference = state.reference.as_deref().unwrap_or("-");
        let size = state.size.map_or_else(
            || crate::wording::say(context.lang, "images-missing"),
            |bytes| format!("{:.0} MB", bytes as f64 / 1e6),
        );
        writeln!(out, "{:<12} {reference:<36} {size}", state.name)?;
    }
    Ok(())
}
