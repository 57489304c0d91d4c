//! The connection to the engine, and what holds for every object of one run on it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use testcontainers::core::client::docker_client_instance;
use tokio::sync::{OnceCell, Semaphore};

use super::error::explain;
use super::{container, disk, doctor, images, sweep, volume};
use crate::helper::message::Offers;
use crate::lab::base::{Base, Release};
use crate::lab::host::Owner;
use crate::lab::sources::ImageState;
use crate::lab::sweep::Swept;
use crate::lab::{Backend, ImageFacts, LabError, Machine, MachineSpec, Note, look};

/// Label with the run's id.
pub const RUN_LABEL: &str = "saiten.run";
/// Label with the harness process that owns the object, see [`Owner::label`].
pub const OWNER_LABEL: &str = "saiten.owner";
/// Label of what belongs to no run and stays: images and the helper volume.
pub const KIND_LABEL: &str = "saiten.kind";
/// How long the engine may take to say that it is there.
const HELLO: Duration = Duration::from_secs(5);
/// How long it may take to say something about itself. One that hangs still answers a ping.
const ABOUT: Duration = Duration::from_secs(20);
/// Containers of a run that end at once. Engines of version 20.10 can lock themselves up for good when dozens do: leaving a network takes
/// two locks in one order, the watcher of networks takes them in the other.
const ENDINGS_AT_ONCE: usize = 2;

/// The Docker engine, for one run.
pub struct Docker {
    pub(super) client: bollard::Docker,
    pub(super) run: String,
    pub(super) owner: Owner,
    /// Directory `containers/` with the images' sources.
    pub(super) sources: PathBuf,
    /// What the images stand on.
    pub(super) release: Release,
    /// The program that becomes PID 1 of every endpoint.
    pub(super) program: PathBuf,
    /// Base image and helper volume, each found or made once a run.
    pub(super) base: OnceCell<Base>,
    pub(super) helper: OnceCell<String>,
    /// Containers that took too much of the disk.
    pub(super) greedy: disk::Ended,
    guard: Option<tokio::task::JoinHandle<()>>,
    /// Turns of containers to end.
    pub(super) ending: Arc<Semaphore>,
}

impl Docker {
    /// Connects as `docker` itself would: `DOCKER_HOST`, the current context, or the default socket.
    ///
    /// # Errors
    /// No engine there, not running, or no permission to speak to it.
    pub async fn connect(run: &str, sources: PathBuf) -> Result<Self, LabError> {
        let what = "cannot reach the Docker engine";
        let client = docker_client_instance().await.map_err(|err| {
            let text = super::error::chain(&err);
            LabError::backend(what, format!("{text}; is Docker installed? set DOCKER_HOST if it listens elsewhere"))
        })?;
        match tokio::time::timeout(HELLO, client.ping()).await {
            Ok(Ok(_)) => {}
            Ok(Err(err)) => return Err(explain(what, &err)),
            Err(_) => return Err(LabError::backend(what, format!("no answer within {} s", HELLO.as_secs()))),
        }
        let info = match tokio::time::timeout(ABOUT, client.info()).await {
            Ok(Ok(info)) => info,
            Ok(Err(err)) => return Err(explain(what, &err)),
            Err(_) => {
                let hangs = "it answers a ping and nothing else, so it hangs; restart it (`systemctl restart docker`)";
                return Err(LabError::backend(
                    what,
                    format!("no answer about itself within {} s: {hangs}", ABOUT.as_secs()),
                ));
            }
        };
        let greedy = disk::Ended::default();
        let root = info.docker_root_dir.map(PathBuf::from);
        let guard = root.and_then(|root| disk::watch(client.clone(), run.to_owned(), root, greedy.clone()));
        Ok(Docker {
            greedy,
            guard,
            client,
            run: run.to_owned(),
            owner: Owner::this(),
            sources,
            release: Release::default(),
            // Not `current_exe`: that file may have been replaced by a newer build since this process started.
            program: PathBuf::from("/proc/self/exe"),
            base: OnceCell::new(),
            helper: OnceCell::new(),
            ending: Arc::new(Semaphore::new(ENDINGS_AT_ONCE)),
        })
    }

    /// Has the images stand on another release.
    #[must_use]
    pub fn on_release(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// Uses another program as helper than this one: for programs that are not Saiten's own.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// The labels of everything that this run makes.
    pub(super) fn labels(&self) -> HashMap<String, String> {
        HashMap::from([(RUN_LABEL.to_owned(), self.run.clone()), (OWNER_LABEL.to_owned(), self.owner.label())])
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        if let Some(guard) = &self.guard {
            guard.abort();
        }
    }
}

#[async_trait(?Send)]
impl Backend for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, LabError> {
        match container::start(self, spec).await {
            // A volume that a killed run left half-filled: fill it again, once.
            Err(err) if volume::is_broken(&err) => {
                volume::fill(self).await?;
                container::start(self, spec).await
            }
            other => other,
        }
    }

    async fn image(&self, name: &str, note: &Note<'_>) -> Result<String, LabError> {
        images::ensure(self, name, note).await
    }

    async fn describe(&self) -> Result<Vec<(String, String)>, LabError> {
        doctor::describe(self).await
    }

    async fn offers(&self) -> Result<Offers, LabError> {
        look::offers(self).await
    }

    async fn images(&self) -> Result<Vec<ImageState>, LabError> {
        images::list(self).await
    }

    async fn inspect(&self, reference: &str) -> Result<Option<ImageFacts>, LabError> {
        images::inspect(self, reference).await
    }

    async fn save(&self, file: &Path, names: &[String]) -> Result<usize, LabError> {
        images::save(self, file, names).await
    }

    async fn load_as(&self, file: &Path, reference: &str, most: u64) -> Result<(), LabError> {
        images::load_as(self, file, reference, most).await
    }

    async fn forget(&self, reference: &str) -> Result<(), LabError> {
        images::forget(self, reference).await
    }

    async fn load(&self, file: &Path) -> Result<Vec<String>, LabError> {
        images::load(self, file).await
    }

    async fn sweep(&self) -> Result<Swept, LabError> {
        sweep::sweep(self).await
    }

    async fn sweep_dead(&self) -> Result<Swept, LabError> {
        sweep::sweep_dead(self).await
    }
}
