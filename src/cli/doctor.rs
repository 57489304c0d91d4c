//! `saiten doctor`.

use std::io::{self, Write};

use serde::Serialize;

use super::{CommandError, Context, NOT_RUN, block_on, run_id};
use crate::clean::one_line;
use crate::helper::message::Offers;
use crate::lab::choose::{self, Choice, Wanted};
use crate::lab::native::probe::{Outcome, Probe, probe};
use crate::lab::sources::ImageState;
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
#[derive(Default, Serialize)]
struct Findings {
    /// Whether every scenario can run.
    healthy: bool,
    /// What the native backend needs, as far as it was tried.
    native: Vec<Probe>,
    /// The backend that runs would use, and why that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<(String, Phrase)>,
    /// Versions and settings of the backend.
    facts: Vec<(String, String)>,
    /// Why no backend can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// What endpoints find.
    #[serde(skip_serializing_if = "Option::is_none")]
    offers: Option<Offers>,
    /// Images, and whether they are there.
    images: Vec<ImageState>,
    /// Features that some scenario needs.
    needed: Vec<String>,
    /// Scenarios, and what stops them.
    scenarios: Vec<(String, Vec<String>)>,
}

/// Facts of the native backend that its probes show too, with the way out.
const SAID_BY_PROBES: [&str; 4] = ["started by", "nics", "limits", "not limited"];

/// Looks at the machine; exit status 0 when everything can run, 3 when something cannot.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let scenarios: Vec<Scenario> = place.read(&[], context)?.into_iter().map(|(scenario, _)| scenario).collect();
    let wanted = context.wanted(&run_id()?, place.containers())?;
    let found = block_on(async { examine(&wanted, &scenarios).await })?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&found).unwrap_or_default())?;
    } else {
        out.write_all(Page { context }.render(&found).as_bytes())?;
    }
    Ok(if found.healthy { 0 } else { NOT_RUN })
}

async fn examine(wanted: &Wanted, scenarios: &[Scenario]) -> Findings {
    let mut found = Findings::default();
    if wanted.choice != Choice::Docker {
        found.native = probe(&wanted.run, wanted.sources.clone(), &wanted.store).await.probes;
    }
    let looked = look(wanted, &mut found).await;
    found.trouble = looked.err().map(|err| err.chain());
    found.needed =
        scenarios.iter().flat_map(|scenario| &scenario.requires).map(|wanted| wanted.name().to_owned()).collect();
    found.needed.sort();
    found.needed.dedup();
    let stops = |scenario: &Scenario| match (&found.offers, &found.trouble) {
        (Some(offers), _) => scenario.requires.iter().filter_map(|wanted| offers.missing(wanted.name())).collect(),
        (None, trouble) => trouble.iter().cloned().collect(),
    };
    let stopped: Vec<(String, Vec<String>)> =
        scenarios.iter().map(|scenario| (scenario.id.clone(), stops(scenario))).collect();
    found.scenarios = stopped;
    found.healthy = found.trouble.is_none() && found.scenarios.iter().all(|(_, stops)| stops.is_empty());
    found
}

async fn look(wanted: &Wanted, found: &mut Findings) -> Result<(), LabError> {
    let chosen = choose::connect(wanted).await?;
    let backend: &dyn Backend = &*chosen.backend;
    found.backend = Some((backend.name().to_owned(), chosen.why));
    found.facts = backend.describe().await?;
    found.images = backend.images().await?;
    found.offers = Some(backend.offers().await?);
    Ok(())
}

/// The page for people.
struct Page<'a> {
    context: &'a Context,
}

/// How a line begins.
#[derive(Clone, Copy)]
enum Mark {
    Good,
    /// Told without alarm.
    Less,
    Bad,
}

impl Page<'_> {
    fn mark(&self, mark: Mark) -> &'static str {
        match (mark, self.context.around.color) {
            (Mark::Good, true) => "\u{1b}[32m✓\u{1b}[0m",
            (Mark::Good, false) => "✓",
            (Mark::Less, _) => "–",
            (Mark::Bad, true) => "\u{1b}[31m✗\u{1b}[0m",
            (Mark::Bad, false) => "✗",
        }
    }

    fn entry(&self, mark: Mark, name: &str, text: &str) -> String {
        format!("  {} {name:<14} {}", self.mark(mark), one_line(text, 300))
    }

    fn render(&self, found: &Findings) -> String {
        let lang = self.context.lang;
        let mut lines = Vec::new();
        if !found.native.is_empty() {
            lines.push(say(lang, "doctor-native"));
            lines.extend(found.native.iter().flat_map(|probe| self.probe(probe)));
        }
        lines.push(say(lang, "doctor-backend"));
        if let Some((name, why)) = &found.backend {
            lines.push(self.entry(Mark::Good, name, &why.say(lang)));
        }
        // What the native backend's probes have said once is not said again.
        let probed = found.backend.as_ref().is_some_and(|(name, _)| name == "native") && !found.native.is_empty();
        let said = |name: &str| name == "backend" || (probed && SAID_BY_PROBES.contains(&name));
        lines.extend(
            found.facts.iter().filter(|(name, _)| !said(name)).map(|(name, value)| {
                self.entry(if name == "not limited" { Mark::Less } else { Mark::Good }, name, value)
            }),
        );
        lines.extend(
            found.trouble.iter().map(|trouble| format!("  {} {}", self.mark(Mark::Bad), crate::clean::clean(trouble))),
        );
        lines.extend(found.offers.iter().flat_map(|offers| self.offers(offers, &found.needed)));
        lines.push(say(lang, "doctor-images"));
        lines.extend(found.images.iter().map(|state| self.image(state)));
        lines.push(say(lang, "doctor-scenarios"));
        for (id, stops) in &found.scenarios {
            lines.push(format!("  {} {id}", self.mark(if stops.is_empty() { Mark::Good } else { Mark::Bad })));
            lines.extend(stops.iter().map(|why| format!("      {}", one_line(why, 300))));
        }
        let summary = if found.healthy { Phrase::new("doctor-healthy") } else { Phrase::new("doctor-trouble") };
        lines.push(summary.say(lang));
        lines.join("\n") + "\n"
    }

    fn probe(&self, probe: &Probe) -> Vec<String> {
        let mark = match probe.outcome {
            Outcome::Good => Mark::Good,
            Outcome::Less => Mark::Less,
            Outcome::Missing => Mark::Bad,
        };
        let lang = self.context.lang;
        let mut lines = vec![self.entry(mark, probe.name, &probe.found.say(lang))];
        // A command is to be copied: never cut.
        lines.extend(
            probe.cure.iter().map(|cure| format!("      {} {}", say(lang, "doctor-try"), crate::clean::clean(cure))),
        );
        lines
    }

    fn offers(&self, offers: &Offers, needed: &[String]) -> Vec<String> {
        let mut lines = vec![say(self.context.lang, "doctor-endpoints")];
        lines.extend(offers.features.iter().map(|offer| {
            let mark = match (offer.there, needed.contains(&offer.feature)) {
                (true, _) => Mark::Good,
                (false, true) => Mark::Bad,
                (false, false) => Mark::Less,
            };
            self.entry(mark, &offer.feature, &offer.detail)
        }));
        lines.push(format!("    {:<14} {}", "congestion", one_line(&offers.congestion_control, 40)));
        lines.push(format!("    {:<14} {}", "capabilities", offers.capabilities.join(" ")));
        lines
    }

    fn image(&self, state: &ImageState) -> String {
        let reference = state.reference.clone().filter(|_| state.size.is_some());
        let mark = if state.size.is_some() { Mark::Good } else { Mark::Less };
        let text = reference.unwrap_or_else(|| say(self.context.lang, "doctor-image-missing"));
        self.entry(mark, &state.name, &text)
    }
}
