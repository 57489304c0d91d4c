//! Progress where there is no terminal: a line for what is worth one.

use std::io::{self, Write};

use crate::clean::one_line;
use crate::event::{Event, EventKind, Phase};
use crate::wording::{Lang, Phrase};

/// Longest line, in characters.
const LINE_MOST: usize = 300;

/// Writes plain lines.
pub struct Plain<W> {
    out: W,
    lang: Lang,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`.
    pub fn new(out: W, lang: Lang) -> Self {
        Plain { out, lang }
    }

    /// Writes the line for an event, if it has one.
    pub fn hear(&mut self, event: &Event) -> io::Result<()> {
        match line(event, self.lang) {
            Some(line) => writeln!(self.out, "{}", one_line(&line, LINE_MOST)),
            None => Ok(()),
        }
    }
}

/// An event as a line, for those that people follow a run by.
pub fn line(event: &Event, lang: Lang) -> Option<String> {
    let phrase = match &event.kind {
        EventKind::RunStarted { labs, .. } if !labs.is_empty() => {
            Phrase::new("progress-started").with("count", labs.len())
        }
        EventKind::Image { image, step } => Phrase::new("progress-image").with("image", image).with("step", step),
        EventKind::Phase { lab, phase: phase @ (Phase::Up | Phase::Measure), detail: None } => {
            Phrase::new("progress-phase").with("lab", lab).with("phase", phase_word(*phase, lang))
        }
        EventKind::Found { lab, finding } => {
            Phrase::new("progress-found").with("lab", lab).with("finding", finding.say(lang))
        }
        EventKind::Down { lab, error: Some(error) } => {
            Phrase::new("progress-error").with("lab", lab).with("error", error)
        }
        EventKind::Again { scenario, submissions } => {
            Phrase::new("measuring-again").with("scenario", scenario).with("count", submissions)
        }
        EventKind::Kept { lab, door } => Phrase::new("progress-kept").with("lab", lab).with("name", door),
        EventKind::Interrupted => Phrase::new("progress-interrupted"),
        _ => return None,
    };
    Some(phrase.say(lang))
}

/// A phase in words.
pub fn phase_word(phase: Phase, lang: Lang) -> String {
    let id = match phase {
        Phase::Waiting => "phase-waiting",
        Phase::Up => "phase-up",
        Phase::Ready => "phase-ready",
        Phase::Faults => "phase-faults",
        Phase::Fixes => "phase-fixes",
        Phase::Measure => "phase-measure",
        Phase::Collect => "phase-collect",
        Phase::Down => "phase-down",
    };
    crate::wording::say(lang, id)
}
