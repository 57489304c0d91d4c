//! `events.jsonl`: what happened, one JSON object a line, as it happens.

use std::io::{self, Write};

use crate::event::{Event, Listener};

/// Writes events as lines.
pub struct Events<W>(W);

impl<W: Write> Events<W> {
    /// Writes to `out`, a line at a time.
    pub fn new(out: W) -> Self {
        Events(out)
    }
}

impl<W: Write> Listener for Events<W> {
    fn name(&self) -> String {
        "events.jsonl".to_owned()
    }

    fn hear(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        self.0.flush()
    }
}
