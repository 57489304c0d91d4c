//! Port 2, where labs run: a backend starts machines, each with a helper as PID 1; everything above speaks to helpers only.

pub mod base;
pub mod capture;
pub mod choose;
pub mod docker;
pub mod guest;
pub mod host;
pub mod line;
pub mod live;
pub mod look;
pub mod native;
mod readiness;
pub mod relay;
pub mod remote;
pub mod scripted;
pub mod shell;
pub mod sources;
mod speak;
mod spec;
pub mod sweep;
pub mod topology;
pub mod virtualbox;
pub mod wiring;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use crate::helper::message::Offers;
use crate::image::archive::Start;
use crate::wording::{Lang, Phrase};
use sources::ImageState;
use sweep::Swept;

/// What can go wrong with a lab; never the measured service's fault.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The backend refused.
    #[error("{what}: {reason}")]
    Backend {
        /// What was asked of it.
        what: String,
        /// What it said, and the way out where one is known.
        reason: String,
    },
    /// The helper could not carry out a request.
    #[error("endpoint `{endpoint}`: {what}: {reason}")]
    Endpoint {
        /// Which endpoint.
        endpoint: String,
        /// What was asked.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The endpoint ended.
    #[error("endpoint `{endpoint}` ended{last_words}")]
    Ended {
        /// Which endpoint.
        endpoint: String,
        /// What it wrote last, if anything; begins with `: `.
        last_words: String,
    },
    /// What the switch counted is not what it captured.
    #[error("{what}: {counted} frames counted as they passed, {captured} in the capture")]
    Disagreement {
        /// Which frames.
        what: String,
        /// By the counter.
        counted: u64,
        /// In the capture.
        captured: u64,
    },
    /// A limit passed.
    #[error("{what} took longer than {} s{last}", limit.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The limit.
        limit: Duration,
        /// What was last seen of it, if anything; begins with a line break.
        last: String,
    },
    /// A shell line that must succeed did not.
    #[error("{action} on `{endpoint}` exited with {status}: {run}\n{output}")]
    Command {
        /// `fault:<name>` or `start`.
        action: String,
        /// Which endpoint.
        endpoint: String,
        /// The line.
        run: String,
        /// Exit status.
        status: i32,
        /// The last lines of its output.
        output: String,
    },
    /// Something on this side.
    #[error("{what}")]
    Own {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A machine on trial does not come up, and its disk is to blame.
    #[error("{}", .0.say(Lang::En))]
    Unfit(Phrase),
    /// A machine on trial cannot be used without something that the user can give.
    #[error("{}", .0.say(Lang::En))]
    Lacking(Phrase),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl LabError {
    /// An error of the backend.
    pub fn backend(what: impl Into<String>, reason: impl ToString) -> Self {
        LabError::Backend { what: what.into(), reason: reason.to_string() }
    }

    /// The whole chain on one line, for reports.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(err) = source {
            text = format!("{text}: {err}");
            source = err.source();
        }
        text
    }
}

/// What a machine is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineSpec {
    /// Name within the run, unique: `<lab number>-<endpoint>`.
    pub name: String,
    /// Image reference of the backend; `None` for the smallest one that runs the helper.
    pub image: Option<String>,
    /// Host name inside.
    pub hostname: String,
    /// What it is in the lab.
    pub role: Role,
    /// Kernel parameters of its namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Capabilities beyond the backend's defaults.
    pub capabilities: Vec<String>,
    /// Memory limit in bytes.
    pub memory: u64,
    /// Limit on processes and threads.
    pub processes: u32,
}

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// Digest of its configuration; of its layers, where it was built here.
    pub id: String,
    /// Architecture by its name in Go.
    pub architecture: String,
    /// When it was made, as it says itself; may be empty.
    pub created: String,
    /// Bytes of its layers.
    pub size: u64,
    /// Environment.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub workdir: String,
    /// What it starts by itself.
    pub start: Start,
}

/// What a machine is in its lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Carries the lab's wires: no capability, more than its share of processor time.
    Switch,
    /// Has an endpoint's rights and devices, and no wire: to see what the machine offers.
    Alone,
    /// Is wired to the switch with this machine id.
    Endpoint {
        /// [`Machine::id`] of the switch.
        switch: String,
        /// Names of its NICs.
        interfaces: Vec<String>,
    },
}

/// The two streams of a helper.
pub struct Streams {
    /// To its standard input.
    pub input: Box<dyn AsyncWrite + Unpin>,
    /// From its standard output.
    pub output: Box<dyn AsyncRead + Unpin>,
}

/// A running machine. It lives as long as its helper hears the harness, whatever else happens.
#[async_trait(?Send)]
pub trait Machine {
    /// The backend's own name for it.
    fn id(&self) -> &str;

    /// The helper's streams; they can be taken once.
    fn streams(&self) -> Option<Streams>;

    /// What it wrote to its standard error: the helper's last words.
    fn last_words(&self) -> String;

    /// Waits until it may end, for backends that cannot stand many ends at once. Who holds the turn says goodbye to the helper and
    /// then calls [`Machine::stop`].
    async fn turn_to_end(&self) -> Option<OwnedSemaphorePermit> {
        None
    }

    /// Ends it; when this returns, nothing of it is left.
    ///
    /// # Errors
    /// When the backend cannot remove it.
    async fn stop(&self) -> Result<(), LabError>;
}

/// Hears what is being done, in the backend's words.
pub type Note<'a> = dyn Fn(&str) + 'a;

/// Something that runs machines.
#[async_trait(?Send)]
pub trait Backend {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// Starts a machine: this root file system, the helper as PID 1, these limits, no network.
    ///
    /// # Errors
    /// What the backend says, with the way out where one is known.
    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, LabError>;

    /// Makes sure that an image is there and gives its reference; `note` hears what is being done.
    ///
    /// # Errors
    /// An image that cannot be built, or does not exist.
    async fn image(&self, name: &str, note: &Note<'_>) -> Result<String, LabError>;

    /// Versions and settings that belong into a report, as name and value.
    ///
    /// # Errors
    /// When the backend does not answer.
    async fn describe(&self) -> Result<Vec<(String, String)>, LabError>;

    /// What endpoints would find on this machine.
    ///
    /// # Errors
    /// When the probing itself fails.
    async fn offers(&self) -> Result<Offers, LabError>;

    /// The images of `containers/`, the base first, and whether they are there.
    ///
    /// # Errors
    /// Sources that cannot be read, or a backend that does not answer.
    async fn images(&self) -> Result<Vec<ImageState>, LabError>;

    /// What is known of an image by its reference, if it is there.
    ///
    /// # Errors
    /// When the backend does not answer.
    async fn inspect(&self, reference: &str) -> Result<Option<ImageFacts>, LabError>;

    /// Writes the named images, the course's by their names and others by their references, or all of the course's into one
    /// archive, as `docker save` does; gives how many.
    ///
    /// # Errors
    /// An image that is not built, or a file that cannot be written.
    async fn save(&self, file: &Path, names: &[String]) -> Result<usize, LabError>;

    /// Loads an archive that any backend or `docker save` wrote; gives what was loaded.
    ///
    /// # Errors
    /// An archive that is none, or holds what no image may.
    async fn load(&self, file: &Path) -> Result<Vec<String>, LabError>;

    /// Loads the only image of an archive under this name, whatever name it claims: an image that somebody handed in.
    ///
    /// # Errors
    /// An archive that is none, holds several images, or more than `most` bytes.
    async fn load_as(&self, file: &Path, reference: &str, most: u64) -> Result<(), LabError>;

    /// Forgets an image that [`Backend::load_as`] loaded.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    async fn forget(&self, reference: &str) -> Result<(), LabError>;

    /// Removes what dead runs left, and what nothing uses any more.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    async fn sweep(&self) -> Result<Swept, LabError>;

    /// Removes only what the labs of dead runs left: what every run begins with.
    ///
    /// # Errors
    /// As [`Backend::sweep`].
    async fn sweep_dead(&self) -> Result<Swept, LabError>;
}
