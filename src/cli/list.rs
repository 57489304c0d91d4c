//! `saiten list`.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{CommandError, Context};

/// Arguments of `saiten list`.
#[derive(clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Lists all scenarios.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let read = context.place()?.read(&[], context)?;
    let mut out = io::stdout().lock();
    if args.json {
        let all: Vec<_> = read
            .iter()
            .map(|(scenario, _)| {
                serde_json::json!({
                    "id": scenario.id,
                    "title": scenario.title,
                    "material": scenario.material,
                    "endpoints": scenario.endpoints.keys().collect::<Vec<_>>(),
                    "fixes": scenario.fixes.iter().map(|fix| &fix.action.name).collect::<Vec<_>>(),
                    "checks": scenario.checks.iter().map(|check| &check.name).collect::<Vec<_>>(),
                    "points": scenario.checks.iter().map(|check| check.points).sum::<u32>(),
                    "requires": scenario.requires.iter().map(|requirement| requirement.name()).collect::<Vec<_>>(),
                })
            })
            .collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&all).unwrap_or_default())?;
        return Ok(0);
    }
    let width = read.iter().map(|(scenario, _)| scenario.id.width()).max().unwrap_or(0);
    for (scenario, _) in &read {
        let gap = " ".repeat(width - scenario.id.width());
        writeln!(out, "{}{gap}  {}", scenario.id, scenario.title.get(context.lang))?;
    }
    Ok(0)
}
