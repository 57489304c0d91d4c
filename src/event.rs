//! What happens during a run, told to listeners; the engine itself prints nothing.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::arm::ArmName;
pub use crate::evidence::Phase;
use crate::marks::State;
use crate::measure::Sample;
use crate::verdict::Verdict;
use crate::wording::Phrase;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// One arm of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabName {
    /// Scenario id.
    pub scenario: String,
    /// Arm.
    pub arm: ArmName,
}

impl std::fmt::Display for LabName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.scenario, self.arm)
    }
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// The run begins.
    RunStarted {
        /// The run's id, on every object that it makes.
        run: String,
        /// Labs that will be brought up.
        labs: Vec<LabName>,
        /// Whether the resolvers keep the distribution's time-outs.
        realtime: bool,
    },
    /// An image is being built or loaded.
    Image {
        /// Image name.
        image: String,
        /// What is being done, as the engine words it.
        step: String,
    },
    /// A lab enters a phase.
    Phase {
        /// Which lab.
        lab: LabName,
        /// Phase.
        phase: Phase,
        /// What it waits for, if it waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// A fault, fix or activation was run.
    Acted {
        /// Which lab.
        lab: LabName,
        /// `fault:<name>`, `fix:<name>`, `activate`, `before:<probe>`.
        action: String,
        /// Where.
        endpoint: String,
        /// Exit status.
        status: i32,
    },
    /// A probe was taken.
    Sampled {
        /// Which lab.
        lab: LabName,
        /// Probe.
        probe: String,
        /// What it gave.
        sample: Sample,
    },
    /// Something a teacher should know.
    Found {
        /// Which lab.
        lab: LabName,
        /// In words.
        finding: Phrase,
    },
    /// A lab is down.
    Down {
        /// Which lab.
        lab: LabName,
        /// Why it ended early, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A check was decided.
    Judged {
        /// Scenario id.
        scenario: String,
        /// Check.
        check: String,
        /// Arm.
        arm: ArmName,
        /// Verdict.
        verdict: Verdict,
    },
    /// A batch of submissions begins.
    BatchStarted {
        /// Submissions, one for each student and scenario.
        submissions: usize,
    },
    /// A student's marks in a scenario stand.
    Graded {
        /// The student's key.
        student: String,
        /// Scenario id.
        scenario: String,
        /// How far it came.
        state: State,
        /// Points given.
        points: u32,
        /// Points it is worth.
        points_most: u32,
    },
    /// Some labs are measured again in quiet.
    Again {
        /// Scenario id.
        scenario: String,
        /// How many: submissions, mutants, or the scenario's own arms.
        submissions: usize,
    },
    /// A lab stays up for people to look around in.
    Kept {
        /// Which lab.
        lab: LabName,
        /// Its name for `saiten shell` and `saiten down`.
        door: String,
    },
    /// The user asked to stop.
    Interrupted,
    /// The run is over.
    RunFinished {
        /// Exit status.
        status: u8,
    },
}

/// Somebody who renders events.
pub trait Listener {
    /// What to call it in a message when it fails.
    fn name(&self) -> String;

    /// Hears one event.
    ///
    /// # Errors
    /// When it cannot render. It is not called again then, and nobody else is stopped.
    fn hear(&mut self, event: &Event) -> io::Result<()>;
}

/// Tells events to all listeners.
#[derive(Clone, Default)]
pub struct Announcer {
    listeners: Rc<RefCell<Vec<Box<dyn Listener>>>>,
    failed: Rc<RefCell<Vec<String>>>,
}

impl Announcer {
    /// Announces to these listeners.
    pub fn new(listeners: Vec<Box<dyn Listener>>) -> Self {
        Announcer { listeners: Rc::new(RefCell::new(listeners)), failed: Rc::default() }
    }

    /// Tells everybody, and drops who fails.
    pub fn tell(&self, kind: EventKind) {
        let event = Event { at: Timestamp::now(), kind };
        self.listeners.borrow_mut().retain_mut(|listener| match listener.hear(&event) {
            Ok(()) => true,
            Err(err) => {
                self.failed.borrow_mut().push(format!("{}: {err}", listener.name()));
                false
            }
        });
    }

    /// Listeners that failed, and why.
    pub fn failed(&self) -> Vec<String> {
        self.failed.borrow().clone()
    }
}
