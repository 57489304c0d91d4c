//! The phases of a lab's life.

use serde::{Deserialize, Serialize};

/// Phases of a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Waits for its turn.
    Waiting,
    /// Containers and NICs.
    Up,
    /// Daemons get ready.
    Ready,
    /// Faults are applied.
    Faults,
    /// Fixes are applied.
    Fixes,
    /// Probes are taken.
    Measure,
    /// Evidence is collected.
    Collect,
    /// Everything is removed.
    Down,
}

impl Phase {
    /// The phase's name, as in events.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::Up => "up",
            Phase::Ready => "ready",
            Phase::Faults => "faults",
            Phase::Fixes => "fixes",
            Phase::Measure => "measure",
            Phase::Collect => "collect",
            Phase::Down => "down",
        }
    }
}
