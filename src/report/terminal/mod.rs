//! What people see: progress while labs are up, then a line a check, details for what is not a pass, a summary.

mod class;
mod fitness;
mod grading;
mod live;
mod mutants;
mod plain;
mod proof;
pub(super) mod style;
mod summary;

use crate::event::Listener;
use crate::wording::Lang;

pub use class::class;
pub use fitness::{fitness, word as fitness_word};
pub use grading::Grading;
pub use mutants::mutants;
pub use proof::proof;
pub(super) use style::{pad, widest};
pub use summary::summary;

/// Progress on standard error: live lines on a terminal, else plain ones.
pub fn live(terminal: bool, color: bool, lang: Lang) -> Progress {
    if terminal {
        Progress::Live(live::Live::new(color, lang))
    } else {
        Progress::Plain(plain::Plain::new(std::io::stderr(), lang))
    }
}

/// Either kind of progress.
pub enum Progress {
    /// For a terminal.
    Live(live::Live),
    /// For a file or a pipe.
    Plain(plain::Plain<std::io::Stderr>),
}

impl Listener for Progress {
    fn name(&self) -> String {
        "progress".to_owned()
    }

    fn hear(&mut self, event: &crate::event::Event) -> std::io::Result<()> {
        match self {
            Progress::Live(live) => live.hear(event),
            Progress::Plain(plain) => plain.hear(event),
        }
    }
}
