//! `saiten schema`.

use std::io::{self, Write};

use super::CommandError;
use crate::report::results;
use crate::scenario::file;

/// Arguments of `saiten schema`.
#[derive(clap::Args)]
pub struct Args {
    /// Of results.json instead of scenario.toml
    #[arg(long)]
    results: bool,
}

/// Prints a JSON Schema.
pub fn main(args: &Args) -> Result<u8, CommandError> {
    let schema = if args.results { results::schema() } else { file::schema() };
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&schema).unwrap_or_default())?;
    Ok(0)
}
