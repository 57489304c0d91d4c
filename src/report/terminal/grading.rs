//! Progress of a batch: how many submissions have their marks, how quickly, and how long the rest will take.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::plain;
use crate::clean::one_line;
use crate::event::{Event, EventKind, Listener};
use crate::marks::State;
use crate::wording::{Lang, Phrase, say};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);
/// Longest line, in characters.
const LINE_MOST: usize = 300;

/// Shows the progress of a batch on standard error.
pub struct Grading {
    lang: Lang,
    bar: Option<ProgressBar>,
    count: Count,
    written: Instant,
}

/// What has been counted so far.
struct Count {
    since: Instant,
    done: usize,
    of: usize,
    states: BTreeMap<State, usize>,
}

impl Count {
    /// As a line.
    fn line(&self, lang: Lang) -> String {
        let minutes = self.since.elapsed().as_secs_f64() / 60.0;
        let rate = if minutes > 0.0 { self.done as f64 / minutes } else { 0.0 };
        let left = self.of.saturating_sub(self.done) as f64;
        let left = if self.done > 0 && rate > 0.0 { format!("{:.1}", left / rate) } else { "?".to_owned() };
        let open = self.states.get(&State::Review).copied().unwrap_or_default();
        let refused = self.states.get(&State::Refused).copied().unwrap_or_default();
        Phrase::new("grading-progress")
            .with("done", self.done)
            .with("of", self.of)
            .with("rate", format!("{rate:.0}"))
            .with("left", left)
            .with("review", open)
            .with("refused", refused)
            .say(lang)
    }
}

impl Grading {
    /// On a terminal a bar that moves, else a line now and then.
    pub fn new(terminal: bool, lang: Lang) -> Self {
        let style = ProgressStyle::with_template("{spinner} {wide_bar} {msg}");
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let count = Count { since: Instant::now(), done: 0, of: 0, states: BTreeMap::new() };
        Grading { lang, bar, count, written: Instant::now() }
    }

    fn print(&self, line: &str) -> io::Result<()> {
        let line = one_line(line, LINE_MOST);
        match &self.bar {
            Some(bar) => {
                bar.println(line);
                Ok(())
            }
            None => writeln!(io::stderr(), "{line}"),
        }
    }

    fn show(&mut self) -> io::Result<()> {
        let line = self.count.line(self.lang);
        let is_last = self.count.done == self.count.of;
        match &self.bar {
            Some(bar) => {
                bar.set_length(self.count.of as u64);
                bar.set_position(self.count.done as u64);
                bar.set_message(line);
            }
            None if is_last || self.written.elapsed() >= EVERY => {
                self.written = Instant::now();
                self.print(&line)?;
            }
            None => {}
        }
        Ok(())
    }
}

impl Listener for Grading {
    fn name(&self) -> String {
        "progress".to_owned()
    }

    fn hear(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::BatchStarted { submissions } => {
                self.count = Count { since: Instant::now(), done: 0, of: *submissions, states: BTreeMap::new() };
                self.show()
            }
            EventKind::Graded { state, .. } => {
                self.count.done += 1;
                *self.count.states.entry(*state).or_default() += 1;
                self.show()
            }
            EventKind::RunStarted { .. } if self.count.of == 0 => self.print(&say(self.lang, "grading-calibrates")),
            EventKind::Image { .. } | EventKind::Again { .. } | EventKind::Interrupted => {
                plain::line(event, self.lang).map_or(Ok(()), |line| self.print(&line))
            }
            EventKind::RunFinished { .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                Ok(())
            }
            // A lab's own trouble is in its student's marks.
            _ => Ok(()),
        }
    }
}
