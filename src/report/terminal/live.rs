//! Live progress: a line a lab, with what it does or waits for, and for how long.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::plain::{line, phase_word};
use super::style::{pad, widest};
use crate::clean::one_line;
use crate::event::{Event, EventKind, LabName};
use crate::wording::Lang;

/// How often the seconds are drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// Draws progress.
pub struct Live {
    lang: Lang,
    bars: MultiProgress,
    labs: BTreeMap<LabName, ProgressBar>,
    image: Option<ProgressBar>,
    width: usize,
    style: ProgressStyle,
}

impl Live {
    /// Draws on standard error.
    pub fn new(color: bool, lang: Lang) -> Self {
        let template = if color {
            "{spinner:.cyan} {prefix} {elapsed:>4.dim}  {msg}"
        } else {
            "{spinner} {prefix} {elapsed:>4}  {msg}"
        };
        // A template of our own: were it wrong, the plain bar would show.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        Live { lang, bars: MultiProgress::new(), labs: BTreeMap::new(), image: None, width: 0, style }
    }

    /// Draws an event.
    pub fn hear(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::RunStarted { labs, .. } => {
                let names: Vec<String> = labs.iter().map(ToString::to_string).collect();
                self.width = widest(names.iter().map(String::as_str));
            }
            EventKind::Image { image, step } => self.show_image(image, step),
            EventKind::Phase { lab, phase, detail } => {
                self.end_image();
                let mut text = phase_word(*phase, self.lang);
                if let Some(detail) = detail {
                    text = format!("{text}: {detail}");
                }
                let (width, style) = (self.width, self.style.clone());
                let bar = self.labs.entry(lab.clone()).or_insert_with(|| {
                    let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
                    bar.set_prefix(pad(&lab.to_string(), width));
                    bar.enable_steady_tick(TICK);
                    bar
                });
                bar.reset_elapsed();
                bar.set_message(one_line(&text, 120));
            }
            EventKind::Down { lab, .. } => {
                if let Some(bar) = self.labs.remove(lab) {
                    bar.finish_and_clear();
                }
                self.say(event)?;
            }
            EventKind::RunFinished { .. } => {
                self.end_image();
                self.bars.clear()?;
            }
            _ => self.say(event)?,
        }
        Ok(())
    }

    fn say(&self, event: &Event) -> io::Result<()> {
        match line(event, self.lang) {
            Some(line) => self.bars.println(one_line(&line, 300)),
            None => Ok(()),
        }
    }

    fn show_image(&mut self, image: &str, step: &str) {
        let style = self.style.clone();
        let bar = self.image.get_or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
            bar.enable_steady_tick(TICK);
            bar
        });
        if bar.prefix() != image {
            bar.set_prefix(image.to_owned());
            bar.reset_elapsed();
        }
        bar.set_message(one_line(step, 120));
    }

    fn end_image(&mut self) {
        if let Some(bar) = self.image.take() {
            bar.finish_and_clear();
        }
    }
}
