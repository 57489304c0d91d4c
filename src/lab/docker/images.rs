//! Images: built from `containers/<image>/Dockerfile` on one base, tagged by a hash of both, so that a stale one is never used.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder, RemoveImageOptions};
use bollard::{body_full, body_try_stream};
use futures_util::{StreamExt, TryStreamExt};
use tokio_util::io::ReaderStream;

use super::Docker;
use super::engine::KIND_LABEL;
use super::error::{explain, is_missing};
use crate::image::archive::{Archive, Start};
use crate::lab::base::{self, Base};
use crate::lab::sources::{self, ImageState, Source};
use crate::lab::{ImageFacts, LabError, Note};

/// How long a registry may take to begin with the base.
const PULL: Duration = Duration::from_secs(120);

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
        note(&format!("pulling {}", docker.release.published()));
        if pull(docker).await
            && let Some(base) = find_base(docker, &docker.release.published()).await?
        {
            return Ok(base);
        }
        note("bootstrapping a base image from Debian's package mirror (mmdebstrap)");
        bootstrap(docker).await?;
        find_base(docker, &docker.release.own())
            .await?
            .ok_or_else(|| LabError::backend("cannot make a base image", "it was imported but is not there"))
    };
    docker.base.get_or_try_init(find).await.cloned()
}

/// The base that the engine has, the published one first.
async fn known_base(docker: &Docker) -> Result<Option<Base>, LabError> {
    match find_base(docker, &docker.release.published()).await? {
        None => find_base(docker, &docker.release.own()).await,
        found => Ok(found),
    }
}

async fn find_base(docker: &Docker, reference: &str) -> Result<Option<Base>, LabError> {
    match docker.client.inspect_image(reference).await {
        Ok(image) => {
            let layers = image.root_fs.and_then(|root| root.layers).unwrap_or_default();
            let id = base::identity(layers.iter().map(String::as_str));
            Ok(Some(Base { reference: reference.to_owned(), id }))
        }
        Err(err) if is_missing(&err) => Ok(None),
        Err(err) => Err(explain(format!("cannot look for image {reference}"), &err)),
    }
}

/// Waits until no other Saiten builds images from the same sources: twice the work would give two bases.
async fn turn(docker: &Docker) -> Result<File, LabError> {
    let own = |source| LabError::Own { what: format!("cannot lock {}", docker.sources.display()), source };
    let dir = File::open(&docker.sources).map_err(own)?;
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
    let options = CreateImageOptionsBuilder::new().from_image(&docker.release.published()).build();
    let pulled = docker.client.create_image(Some(options), None, None).try_for_each(|_| std::future::ready(Ok(())));
    matches!(tokio::time::timeout(PULL, pulled).await, Ok(Ok(())))
}

/// Makes a base from Debian's packages and imports it.
async fn bootstrap(docker: &Docker) -> Result<(), LabError> {
    let what = "cannot import a base image";
    let archive = base::bootstrap(docker.release.suite(), &std::env::temp_dir()).await?;
    let own = docker.release.own();
    let (name, tag) = own.split_once(':').unwrap_or((&own, "latest"));
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(name).tag(tag).build();
    let body = body_try_stream(ReaderStream::new(tokio::fs::File::from_std(archive)));
    let imported = docker.client.create_image(Some(options), Some(body), None);
    imported.try_for_each(|_| std::future::ready(Ok(()))).await.map_err(|err| explain(what, &err))
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
    let reference = source.reference(&base.id, &docker.release);
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
    let args: HashMap<&str, &str> = source.arguments(&base.reference, &docker.release).collect();
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
        let reference = base.as_ref().map(|base| source.reference(&base.id, &docker.release));
        let size = match &reference {
            Some(reference) => size(reference).await,
            None => None,
        };
        states.push(ImageState { name, reference, size });
    }
    Ok(states)
}

/// What is known of an image, if it is there.
pub async fn inspect(docker: &Docker, reference: &str) -> Result<Option<ImageFacts>, LabError> {
    let image = match docker.client.inspect_image(reference).await {
        Ok(image) => image,
        Err(err) if is_missing(&err) => return Ok(None),
        Err(err) => return Err(explain(format!("cannot look for image {reference}"), &err)),
    };
    let config = image.config.unwrap_or_default();
    let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Some(ImageFacts {
        id: image.id.unwrap_or_default(),
        architecture: image.architecture.unwrap_or_default(),
        created: image.created.map(|at| at.to_string()).unwrap_or_default(),
        size: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        env: config.env.unwrap_or_default().iter().filter_map(pair).collect(),
        workdir: config.working_dir.unwrap_or_default(),
        start: Start {
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            user: config.user.unwrap_or_default(),
        },
    }))
}

/// Writes images, or all and the base too, into one archive as `docker save` does.
pub async fn save(docker: &Docker, file: &Path, names: &[String]) -> Result<usize, LabError> {
    let what = || format!("cannot save images to {}", file.display());
    let own = |source| LabError::Own { what: what(), source };
    let references = sources::built(&list(docker).await?, names).map_err(|why| LabError::backend(what(), why))?;
    let names: Vec<&str> = references.iter().map(String::as_str).collect();
    let mut part = sources::part_of(file).map_err(own)?;
    let mut archive = Box::pin(docker.client.export_images(&names));
    while let Some(bytes) = archive.next().await {
        let bytes = bytes.map_err(|err| explain(what(), &err))?;
        io::Write::write_all(&mut part, &bytes).map_err(own)?;
    }
    part.persist(file).map_err(|err| own(err.error))?;
    Ok(references.len())
}

/// Loads an archive that [`save`] or `docker save` wrote, or an OCI layout; gives what the engine said of each image.
pub async fn load(docker: &Docker, file: &Path) -> Result<Vec<String>, LabError> {
    let what = || format!("cannot load images from {}", file.display());
    let path = file.to_owned();
    // A layout is copied whole: not on this thread, which also waits for Ctrl-C.
    let opened = tokio::task::spawn_blocking(move || loadable(&path)).await.map_err(io::Error::other).flatten();
    import(docker, opened.map_err(|source| LabError::Own { what: what(), source })?, &what()).await
}

/// Loads the only image of an archive under this name.
pub async fn load_as(docker: &Docker, file: &Path, reference: &str, most: u64) -> Result<(), LabError> {
    let what = format!("cannot load the image from {}", file.display());
    let (path, name) = (file.to_owned(), reference.to_owned());
    let rewritten = tokio::task::spawn_blocking(move || {
        let archive = Archive::open(&path).map_err(io::Error::other)?.renamed(&name, most)?;
        let mut written = archive.write_as_dockers(tempfile::tempfile()?)?;
        written.rewind()?;
        Ok(written)
    });
    let rewritten = rewritten.await.map_err(io::Error::other).flatten();
    let rewritten = rewritten.map_err(|source| LabError::Own { what: what.clone(), source })?;
    import(docker, rewritten, &what).await.map(drop)
}

/// Forgets an image that was loaded for one lab.
pub async fn forget(docker: &Docker, reference: &str) -> Result<(), LabError> {
    let removed = docker.client.remove_image(reference, None::<RemoveImageOptions>, None).await;
    match removed {
        Err(err) if !is_missing(&err) => Err(explain(format!("cannot remove image {reference}"), &err)),
        _ => Ok(()),
    }
}

async fn import(docker: &Docker, opened: File, what: &str) -> Result<Vec<String>, LabError> {
    let opened = tokio::fs::File::from_std(opened);
    let options = bollard::query_parameters::ImportImageOptionsBuilder::new().quiet(true).build();
    let mut loading = Box::pin(docker.client.import_image(options, body_try_stream(ReaderStream::new(opened)), None));
    let mut said = Vec::new();
    while let Some(step) = loading.next().await {
        let step = step.map_err(|err| explain(what, &err))?;
        if let Some(detail) = step.error_detail {
            return Err(LabError::backend(what, detail.message.unwrap_or_default()));
        }
        said.extend(step.stream.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    }
    Ok(said)
}

/// The archive as every engine takes it.
fn loadable(file: &Path) -> io::Result<File> {
    match Archive::open(file) {
        Ok(archive) if !archive.is_dockers() => {
            let mut written = archive.write_as_dockers(tempfile::tempfile()?)?;
            written.rewind()?;
            Ok(written)
        }
        Err(err) if file.is_dir() => Err(io::Error::other(err)),
        // What Saiten cannot read, the engine may, or it says why not.
        _ => File::open(file),
    }
}
