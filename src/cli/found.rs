//! An image that the command line names: an archive, one of the course's own, or a reference that a backend or engine knows.

use std::collections::BTreeMap;
use std::path::Path;

use super::CommandError;
use crate::clean::one_line;
use crate::helper::message::Entry;
use crate::image::archive::{Archive, machine_architecture};
use crate::lab::choose::{self, Choice, Wanted};
use crate::lab::{Backend, ImageFacts, LabError, sources};
use crate::run::ENTRY_WAIT;
use crate::wording::Phrase;

/// Most bytes of all layers of an image that is loaded.
const IMAGE_MOST: u64 = 8 << 30;
/// Longest name that an error repeats, in characters.
const NAME_MOST: usize = 120;

/// An image that was found.
pub struct Found {
    /// The backend's reference of it.
    pub reference: String,
    /// Whether it was loaded for this run alone.
    pub is_loaded: bool,
    facts: ImageFacts,
}

impl Found {
    /// What identifies it, by name.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let ImageFacts { id, architecture, created, size, start, .. } = &self.facts;
        let size = format!("{} MB", size / 1_000_000);
        let words: Vec<&str> = start.entrypoint.iter().chain(&start.cmd).map(String::as_str).collect();
        let all = [
            ("digest", id.clone()),
            ("architecture", architecture.clone()),
            ("created", created.clone()),
            ("size", if self.facts.size == 0 { String::new() } else { size }),
            ("starts", one_line(&words.join(" "), NAME_MOST)),
            ("user", start.user.clone()),
        ];
        let known = all.into_iter().filter(|(_, value)| !value.is_empty());
        known.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Why it cannot be run, if that is known already.
    pub fn unfit(&self, endpoint: &str) -> Option<Phrase> {
        let (own, here) = (&self.facts.architecture, machine_architecture());
        let phrase = Phrase::new("unfit-architecture").with("endpoint", endpoint).with("here", here);
        (!own.is_empty() && own != here).then(|| phrase.with("architecture", own))
    }

    /// What it starts by itself.
    pub fn entry(&self) -> Entry {
        let ImageFacts { env, workdir, start, .. } = &self.facts;
        Entry {
            entrypoint: start.entrypoint.clone(),
            cmd: start.cmd.clone(),
            env: env.clone(),
            workdir: workdir.clone(),
            user: start.user.clone(),
            wait_ms: u64::try_from(ENTRY_WAIT.as_millis()).unwrap_or(u64::MAX),
            hands_over: false,
        }
    }
}

/// Finds an image; what is none is the user's affair.
pub async fn found_image(
    backend: &dyn Backend,
    wanted: &Wanted,
    endpoint: &str,
    named: &str,
) -> Result<Found, CommandError> {
    let own = format!("saiten-handed-in:{}-{endpoint}", wanted.run);
    if Path::new(named).exists() {
        return from_archive(backend, Path::new(named), &own).await;
    }
    if is_path(named) {
        let text = format!(
            "there is no file {}; name an archive that `docker save` wrote, or an image",
            one_line(named, NAME_MOST)
        );
        return Err(CommandError::Wrong(text));
    }
    let mut reference = named.to_owned();
    if sources::names(&wanted.sources).iter().any(|name| name == named) {
        reference = backend.image(named, &|_| {}).await?;
    }
    if let Some(facts) = backend.inspect(&reference).await? {
        return Ok(Found { reference, is_loaded: false, facts });
    }
    from_engine(backend, wanted, named, &own).await
}

/// Whether somebody means a file, and no image of that name.
fn is_path(named: &str) -> bool {
    let is_archive = [".tar", ".tgz", ".tar.gz", ".oci"].iter().any(|end| named.ends_with(end));
    is_archive || named.starts_with(['/', '.', '~'])
}

async fn from_archive(backend: &dyn Backend, file: &Path, own: &str) -> Result<Found, CommandError> {
    let path = file.to_owned();
    let opened = tokio::task::spawn_blocking(move || Archive::open(&path)).await;
    let opened = opened.map_err(|err| CommandError::Wrong(err.to_string()))?;
    let archive = opened.map_err(|err| CommandError::Wrong(one_line(&err.to_string(), 600)))?;
    let [image] = archive.images() else {
        let count = archive.images().len();
        let text =
            format!("{} holds {count} images; save the one that is meant: `docker save -o FILE IMAGE`", file.display());
        return Err(CommandError::Wrong(text));
    };
    let facts = ImageFacts {
        id: image.id.clone(),
        architecture: image.architecture.clone(),
        created: image.created.clone(),
        size: 0,
        env: image.env.clone(),
        workdir: image.workdir.clone(),
        start: image.start.clone(),
    };
    let mut found = Found { reference: own.to_owned(), is_loaded: false, facts };
    // Loading one for another machine would be refused, and it is no error of anybody's: it is not fit.
    if found.unfit("").is_some() {
        return Ok(found);
    }
    // What the archive holds is its maker's affair: damaged, too large, or with names that lead elsewhere.
    let loaded = backend.load_as(file, own, IMAGE_MOST).await;
    loaded.map_err(|err| CommandError::Wrong(one_line(&err.chain(), 600)))?;
    found.is_loaded = true;
    found.facts.size = backend.inspect(own).await?.map_or(0, |facts| facts.size);
    Ok(found)
}

/// An image that the backend does not have, but a Docker engine may.
async fn from_engine(backend: &dyn Backend, wanted: &Wanted, named: &str, own: &str) -> Result<Found, CommandError> {
    let name = one_line(named, NAME_MOST);
    let unknown = |why: &str| {
        let way_out =
            format!("pull it (`docker pull {name}`), or name an archive of it (`docker save -o FILE {name}`)");
        CommandError::Wrong(format!("there is no image {name}: {why}; {way_out}"))
    };
    if backend.name() != "native" {
        return Err(unknown("the engine does not have it"));
    }
    let wanted = Wanted { choice: Choice::Docker, ..wanted.clone() };
    let engine = match choose::connect(&wanted).await {
        Ok(chosen) => chosen.backend,
        Err(_) => return Err(unknown("the native backend does not have it, and no Docker engine answers")),
    };
    if engine.inspect(named).await?.is_none() {
        return Err(unknown("neither the native backend nor the Docker engine has it"));
    }
    let dir = tempfile::tempdir().map_err(|source| {
        CommandError::Lab(LabError::Own { what: "cannot make a directory for the image".to_owned(), source })
    })?;
    let file = dir.path().join("image.tar");
    engine.save(&file, &[named.to_owned()]).await?;
    from_archive(backend, &file, own).await
}
