//! `saiten schema`.

use std::io::{self, Write};

use super::CommandError;
use crate::report::{class, results};
use crate::scenario::file;

/// Arguments of `saiten schema`.
#[derive(clap::Args)]
pub struct Args {
    /// Of results.json instead of scenario.toml
    #[arg(long)]
    results: bool,
    /// Of the results.json of a batch
    #[arg(long, conflicts_with = "results")]
    class: bool,
}

/// Prints a JSON Schema.
pub fn main(args: &Args) -> Result<u8, CommandError> {
    let schema = match (args.results, args.class) {
        (true, _) => results::schema(),
        (_, true) => class::schema(),
        _ => file::schema(),
    };
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&schema).unwrap_or_default())?;
    Ok(0)
}
