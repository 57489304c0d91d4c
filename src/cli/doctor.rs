//! `saiten doctor`.

use std::io::{self, Write};

use serde::Serialize;

use super::{CommandError, Context, NOT_RUN, block_on, run_id};
use crate::helper::message::Offers;
use crate::lab::docker::{Docker, images};
use crate::lab::{Backend, LabError};
use crate::scenario::Scenario;
use crate::wording::{Phrase, say};

/// Arguments of `saiten doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What doctor found.
#[derive(Serialize)]
struct Findings {
    /// Whether every scenario can run.
    healthy: bool,
    /// Versions and settings of the engine.
    engine: Vec<(String, String)>,
    /// Why the engine cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// What endpoints find.
    #[serde(skip_serializing_if = "Option::is_none")]
    offers: Option<Offers>,
    /// Images, and whether they are there.
    images: Vec<images::ImageState>,
    /// Features that some scenario needs.
    needed: Vec<String>,
    /// Scenarios, and what stops them.
    scenarios: Vec<(String, Vec<String>)>,
}

/// Looks at the machine; exit status 0 when everything can run, 3 when something cannot.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let scenarios: Vec<Scenario> = place.read(&[], context)?.into_iter().map(|(scenario, _)| scenario).collect();
    let id = run_id()?;
    let found = block_on(async { examine(&id, place.containers(), &scenarios).await })?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&found).unwrap_or_default())?;
    } else {
        out.write_all(render(&found, context).as_bytes())?;
    }
    Ok(if found.healthy { 0 } else { NOT_RUN })
}

async fn examine(id: &str, containers: std::path::PathBuf, scenarios: &[Scenario]) -> Findings {
    let mut found = Findings {
        healthy: false,
        engine: Vec::new(),
        trouble: None,
        offers: None,
        images: Vec::new(),
        needed: Vec::new(),
        scenarios: Vec::new(),
    };
    let looked: Result<(), LabError> = async {
        let docker = Docker::connect(id, containers).await?;
        found.engine = docker.describe().await?;
        found.images = images::list(&docker).await?;
        found.offers = Some(docker.offers().await?);
        Ok(())
    }
    .await;
    found.needed =
        scenarios.iter().flat_map(|scenario| &scenario.requires).map(|wanted| wanted.name().to_owned()).collect();
    found.needed.sort();
    found.needed.dedup();
    found.trouble = looked.err().map(|err| err.chain());
    found.scenarios = scenarios
        .iter()
        .map(|scenario| {
            let missing =
                |offers: &Offers| scenario.requires.iter().filter_map(|wanted| offers.missing(wanted.name())).collect();
            let stops = match (&found.offers, &found.trouble) {
                (Some(offers), _) => missing(offers),
                (None, trouble) => trouble.iter().cloned().collect(),
            };
            (scenario.id.clone(), stops)
        })
        .collect();
    found.healthy = found.trouble.is_none() && found.scenarios.iter().all(|(_, stops)| stops.is_empty());
    found
}

fn render(found: &Findings, context: &Context) -> String {
    let (lang, color) = (context.lang, context.around.color);
    let mark = |good: bool| match (good, color) {
        (true, true) => "\u{1b}[32m✓\u{1b}[0m",
        (true, false) => "✓",
        (false, true) => "\u{1b}[31m✗\u{1b}[0m",
        (false, false) => "✗",
    };
    let mut lines = vec![say(lang, "doctor-engine")];
    lines.extend(found.engine.iter().map(|(name, value)| format!("  {} {name:<14} {value}", mark(true))));
    lines.extend(found.trouble.iter().map(|trouble| format!("  {} {}", mark(false), crate::clean::clean(trouble))));
    if let Some(offers) = &found.offers {
        lines.push(say(lang, "doctor-endpoints"));
        for offer in &offers.features {
            // What no scenario here needs is told without alarm.
            let good = offer.there || !found.needed.contains(&offer.feature);
            let sign = if offer.there {
                mark(good)
            } else if good {
                "–"
            } else {
                mark(false)
            };
            lines.push(format!("  {sign} {:<14} {}", offer.feature, crate::clean::one_line(&offer.detail, 200)));
        }
        lines.push(format!("    {:<14} {}", "congestion", crate::clean::one_line(&offers.congestion_control, 40)));
        lines.push(format!("    {:<14} {}", "capabilities", offers.capabilities.join(" ")));
    }
    lines.push(say(lang, "doctor-images"));
    for state in &found.images {
        let text = state.reference.clone().filter(|_| state.size.is_some());
        let text = text.unwrap_or_else(|| say(lang, "doctor-image-missing"));
        lines.push(format!("  {} {:<14} {text}", if state.size.is_some() { mark(true) } else { "–" }, state.name));
    }
    lines.push(say(lang, "doctor-scenarios"));
    for (id, stops) in &found.scenarios {
        lines.push(format!("  {} {id}", mark(stops.is_empty())));
        lines.extend(stops.iter().map(|why| format!("      {}", crate::clean::one_line(why, 300))));
    }
    let summary = if found.healthy { Phrase::new("doctor-healthy") } else { Phrase::new("doctor-trouble") };
    lines.push(summary.say(lang));
    lines.join("\n") + "\n"
}
