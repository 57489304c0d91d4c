//! Images: built from `containers/<image>/Dockerfile` on one base, tagged by a hash of both, so that a stale one is never used.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder};
use bollard::{body_full, body_try_stream};
use futures_util::{StreamExt, TryStreamExt};
use tokio::process::Command;
use tokio_util::io::ReaderStream;

use super::Docker;
use super::engine::KIND_LABEL;
use super::error::{explain, is_missing};
use crate::lab::sources::{self, Source};
use crate::lab::{LabError, Note};

/// The base that the Dockerfiles name themselves.
const PUBLISHED_BASE: (&str, &str) = ("debian", "bookworm-slim");
/// The base made from Debian's packages, where no registry can be reached.
const OWN_BASE: (&str, &str) = ("saiten/base", "bookworm");
/// How long a registry may take to begin with the base.
const PULL: Duration = Duration::from_secs(120);

/// The image that all others stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Reference.
    pub reference: String,
    /// Content id.
    pub id: String,
}

/// An image of `containers/` and whether the engine has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ImageState {
    /// Name.
    pub name: String,
    /// Reference with the tag of its present content; the base's is not known before there is a base.
    pub reference: Option<String>,
    /// Size in bytes, if it is there.
    pub size: Option<i64>,
}

/// The base image: the engine's own, a registry's, or one made here from Debian's packages.
pub async fn base(docker: &Docker, note: &Note<'_>) -> Result<Base, LabError> {
    let find = || async {
        if let Some(base) = known_base(docker).await? {
            return Ok(base);
        }
        let _turn = turn(docker).await?;
        // Another Saiten may have made it meanwhile.
        if let Some(base) = known_base(docker).await? {
            return Ok(base);
        }
        let (published, own) = (reference(PUBLISHED_BASE), reference(OWN_BASE));
        note(&format!("pulling {published}"));
        if pull(docker).await
            && let Some(base) = find_base(docker, &published).await?
        {
            return Ok(base);
        }
        note("bootstrapping a base image from Debian's package mirror (mmdebstrap)");
        bootstrap(docker, note).await?;
        find_base(docker, &own)
            .await?
            .ok_or_else(|| LabError::backend("cannot make a base image", "it was imported but is not there"))
    };
    docker.base.get_or_try_init(find).await.cloned()
}

fn reference((name, tag): (&str, &str)) -> String {
    format!("{name}:{tag}")
}

/// The base that the engine has, the published one first.
async fn known_base(docker: &Docker) -> Result<Option<Base>, LabError> {
    match find_base(docker, &reference(PUBLISHED_BASE)).await? {
        None => find_base(docker, &reference(OWN_BASE)).await,
        found => Ok(found),
    }
}

async fn find_base(docker: &Docker, reference: &str) -> Result<Option<Base>, LabError> {
    match docker.client.inspect_image(reference).await {
        Ok(image) => Ok(Some(Base { reference: reference.to_owned(), id: image.id.unwrap_or_default() })),
        Err(err) if is_missing(&err) => Ok(None),
        Err(err) => Err(explain(format!("cannot look for image {reference}"), &err)),
    }
}

/// Waits until no other Saiten builds images from the same sources: twice the work would give two bases.
async fn turn(docker: &Docker) -> Result<std::fs::File, LabError> {
    let own = |source| LabError::Own { what: format!("cannot lock {}", docker.sources.display()), source };
    let dir = std::fs::File::open(&docker.sources).map_err(own)?;
    loop {
        match dir.try_lock() {
            Ok(()) => return Ok(dir),
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(std::fs::TryLockError::Error(err)) => return Err(own(err)),
        }
    }
}

/// Whether the base could be pulled. Why not does not matter: there is another way.
async fn pull(docker: &Docker) -> bool {
    let (name, tag) = PUBLISHED_BASE;
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let pulled = docker.client.create_image(Some(options), None, None).try_for_each(|_| std::future::ready(Ok(())));
    matches!(tokio::time::timeout(PULL, pulled).await, Ok(Ok(())))
}

/// Makes a base from Debian's packages and imports it.
async fn bootstrap(docker: &Docker, note: &Note<'_>) -> Result<(), LabError> {
    let what = "cannot bootstrap a base image";
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", "--format=tar", "--quiet"]);
    command.args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"]);
    command.args(["--dpkgopt=path-exclude=/usr/share/locale/*", OWN_BASE.1, "-"]);
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command.kill_on_drop(true);
    let mut child = command.spawn().map_err(|err| {
        let way_out = "install it (Debian, Ubuntu: `apt-get install mmdebstrap`), run `ci/quickstart`, \
                       load images saved elsewhere (`saiten images load FILE`), or give the engine debian:bookworm-slim";
        LabError::backend(what, format!("mmdebstrap: {err}; {way_out}"))
    })?;
    let Some(tarball) = child.stdout.take() else { return Err(LabError::backend(what, "no output")) };
    let stderr = child.stderr.take();
    let errors = tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(stderr) = stderr {
            // Bounded: it is only shown.
            let _ =
                tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::AsyncReadExt::take(stderr, 64 << 10), &mut text)
                    .await;
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(OWN_BASE.0).tag(OWN_BASE.1).build();
    let body = body_try_stream(ReaderStream::new(tarball));
    let imported = docker.client.create_image(Some(options), Some(body), None).try_for_each(|info| {
        if let Some(status) = info.status {
            note(&status);
        }
        std::future::ready(Ok(()))
    });
    let imported = imported.await;
    let status = child.wait().await.map_err(|source| LabError::Own { what: what.to_owned(), source })?;
    let said = errors.await.unwrap_or_default();
    if !status.success() {
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        return Err(LabError::backend(what, format!("mmdebstrap: {status}: {}", last.join(" | "))));
    }
    imported.map_err(|err| explain(what, &err))
}

/// Makes sure that an image is there and gives its reference.
pub async fn ensure(docker: &Docker, name: &str, note: &Note<'_>) -> Result<String, LabError> {
    if name.contains([':', '/']) {
        return match docker.client.inspect_image(name).await {
            Ok(_) => Ok(name.to_owned()),
            Err(err) if is_missing(&err) => {
                let way_out = "pull it (`docker pull`) or load it (`docker load`), then run again";
                Err(LabError::backend(format!("the engine has no image {name}"), way_out))
            }
            Err(err) => Err(explain(format!("cannot look for image {name}"), &err)),
        };
    }
    let source = sources::read(&docker.sources, name)?;
    let base = base(docker, note).await?;
    let reference = source.reference(&base.id);
    match docker.client.inspect_image(&reference).await {
        Ok(_) => Ok(reference),
        Err(err) if is_missing(&err) => {
            let _turn = turn(docker).await?;
            // Another Saiten may have built it meanwhile.
            if docker.client.inspect_image(&reference).await.is_err() {
                build(docker, &source, &base, &reference, note).await?;
            }
            Ok(reference)
        }
        Err(err) => Err(explain(format!("cannot look for image {reference}"), &err)),
    }
}

async fn build(
    docker: &Docker,
    source: &Source,
    base: &Base,
    reference: &str,
    note: &Note<'_>,
) -> Result<(), LabError> {
    let what = || format!("cannot build image `{}` from {}", source.name, source.dir.display());
    let args = HashMap::from([("BASE", base.reference.as_str())]);
    let labels = HashMap::from([(KIND_LABEL, "image")]);
    let options =
        BuildImageOptionsBuilder::new().t(reference).buildargs(&args).labels(&labels).rm(true).forcerm(true).build();
    let context = source.tarball().map_err(|source| LabError::Own { what: what(), source })?;
    let mut building = docker.client.build_image(options, None, Some(body_full(context.into())));
    let mut last = std::collections::VecDeque::new();
    while let Some(step) = building.next().await {
        let step = step.map_err(|err| {
            let said: Vec<String> = last.iter().cloned().collect();
            LabError::backend(what(), format!("{}\n{}", super::error::chain(&err), said.join("\n")))
        })?;
        let line = step.stream.unwrap_or_default();
        let line = line.trim();
        if let Some(detail) = step.error_detail {
            let said: Vec<String> = last.into();
            return Err(LabError::backend(
                what(),
                format!("{}\n{}", detail.message.unwrap_or_default(), said.join("\n")),
            ));
        }
        if line.starts_with("Step ") {
            note(line);
        }
        if !line.is_empty() {
            last.push_back(line.to_owned());
            if last.len() > 15 {
                last.pop_front();
            }
        }
    }
    Ok(())
}

/// All images of `containers/`, base first.
pub async fn list(docker: &Docker) -> Result<Vec<ImageState>, LabError> {
    let base = known_base(docker).await?;
    let size = async |reference: &str| docker.client.inspect_image(reference).await.ok().and_then(|image| image.size);
    let mut states = Vec::new();
    let found = base.as_ref().map(|base| base.reference.clone());
    let base_size = match &found {
        Some(reference) => size(reference).await,
        None => None,
    };
    states.push(ImageState { name: "(base)".to_owned(), reference: found, size: base_size });
    for name in sources::names(&docker.sources) {
        let source = sources::read(&docker.sources, &name)?;
        let reference = base.as_ref().map(|base| source.reference(&base.id));
        let size = match &reference {
            Some(reference) => size(reference).await,
            None => None,
        };
        states.push(ImageState { name, reference, size });
    }
    Ok(states)
}

/// Writes all images, the base too, into one archive as `docker save` does.
pub async fn save(docker: &Docker, file: &Path) -> Result<usize, LabError> {
    let what = || format!("cannot save images to {}", file.display());
    let own = |source| LabError::Own { what: what(), source };
    let mut references = Vec::new();
    for state in list(docker).await? {
        match (state.reference, state.size) {
            (Some(reference), Some(_)) => references.push(reference),
            _ => {
                return Err(LabError::backend(
                    what(),
                    format!("image `{}` is not built; run `saiten images build`", state.name),
                ));
            }
        }
    }
    let names: Vec<&str> = references.iter().map(String::as_str).collect();
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = tempfile::Builder::new().prefix(".saiten-").tempfile_in(dir).map_err(own)?;
    let mut archive = Box::pin(docker.client.export_images(&names));
    while let Some(bytes) = archive.next().await {
        let bytes = bytes.map_err(|err| explain(what(), &err))?;
        std::io::Write::write_all(&mut part, &bytes).map_err(own)?;
    }
    part.persist(file).map_err(|err| own(err.error))?;
    Ok(references.len())
}

/// Loads an archive that [`save`] or `docker save` wrote; gives what the engine said of each image.
pub async fn load(docker: &Docker, file: &Path) -> Result<Vec<String>, LabError> {
    let what = || format!("cannot load images from {}", file.display());
    let opened = tokio::fs::File::open(file).await.map_err(|source| LabError::Own { what: what(), source })?;
    let options = bollard::query_parameters::ImportImageOptionsBuilder::new().quiet(true).build();
    let mut loading = Box::pin(docker.client.import_image(options, body_try_stream(ReaderStream::new(opened)), None));
    let mut said = Vec::new();
    while let Some(step) = loading.next().await {
        let step = step.map_err(|err| explain(what(), &err))?;
        if let Some(detail) = step.error_detail {
            return Err(LabError::backend(what(), detail.message.unwrap_or_default()));
        }
        said.extend(step.stream.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    }
    Ok(said)
}
