//! Which backend: the one that the user names, or the first that works here.

use std::path::PathBuf;

use super::base::Release;
use super::docker::Docker;
use super::native::probe::{Probed, probe};
use super::{Backend, LabError};
use crate::wording::Phrase;

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Native where its probes pass, else Docker.
    #[default]
    Auto,
    /// No daemon: own namespaces.
    Native,
    /// A Docker engine.
    Docker,
}

/// Where and for whom a backend is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub choice: Choice,
    /// Id of the run.
    pub run: String,
    /// Directory `containers/`.
    pub sources: PathBuf,
    /// Directory of the native backend's store.
    pub store: PathBuf,
    /// What the course's images stand on.
    pub release: Release,
}

/// A backend, and why it is this one.
pub struct Chosen {
    /// The backend.
    pub backend: Box<dyn Backend>,
    /// Why.
    pub why: Phrase,
}

/// Connects to the wanted backend.
///
/// # Errors
/// Why the named one does not work, or, with [`Choice::Auto`], why neither does.
pub async fn connect(wanted: &Wanted) -> Result<Chosen, LabError> {
    if wanted.choice == Choice::Docker {
        let docker = docker(wanted).await?;
        return Ok(Chosen { backend: Box::new(docker), why: Phrase::new("backend-asked") });
    }
    let probed = probe(&wanted.run, wanted.sources.clone(), &wanted.store).await;
    let reason = trouble(&probed);
    match (probed.backend, wanted.choice) {
        (Some(native), choice) => {
            let why = Phrase::new(if choice == Choice::Native { "backend-asked" } else { "backend-works" });
            Ok(Chosen { backend: Box::new(native.on_release(wanted.release.clone())), why })
        }
        (None, Choice::Native) => Err(LabError::backend("the native backend does not work here", reason)),
        (None, _) => match docker(wanted).await {
            Ok(docker) => {
                let why = Phrase::new("backend-instead").with("why", &reason);
                Ok(Chosen { backend: Box::new(docker), why })
            }
            Err(err) => {
                Err(LabError::backend("no backend works here", format!("native: {reason}\ndocker: {}", err.chain())))
            }
        },
    }
}

async fn docker(wanted: &Wanted) -> Result<Docker, LabError> {
    let docker = Docker::connect(&wanted.run, wanted.sources.clone()).await?;
    Ok(docker.on_release(wanted.release.clone()))
}

/// Every backend that works here, of those that the user wants: what is to be swept.
///
/// # Errors
/// As [`connect`], when none works.
pub async fn all(wanted: &Wanted) -> Result<Vec<Box<dyn Backend>>, LabError> {
    let first = connect(wanted).await?.backend;
    let is_native = first.name() == "native";
    let mut all = vec![first];
    if wanted.choice == Choice::Auto
        && is_native
        && let Ok(docker) = docker(wanted).await
    {
        all.push(Box::new(docker));
    }
    Ok(all)
}

/// Why the native backend does not work, with what cures it.
fn trouble(probed: &Probed) -> String {
    let Some(probe) = probed.missing() else { return String::new() };
    let found = probe.found.say(crate::wording::Lang::En);
    match &probe.cure {
        None => format!("{}: {found}", probe.name),
        Some(cure) => format!("{}: {found}; try: {cure}", probe.name),
    }
}
