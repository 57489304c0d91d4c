//! The native backend's images: the base they stand on, built when missing, saved and loaded as archives that engines read too.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use super::Native;
use super::build::{self, LAYER_MOST, keep};
use super::store::{Image, Layer};
use crate::image::archive::{Archive, ImageToWrite, Writer, machine_architecture};
use crate::lab::base::{self, Base};
use crate::lab::sources::{self, ImageState};
use crate::lab::{ImageFacts, LabError, Note};
use crate::sandbox::message::{Change, Root};

/// The base image: one that was loaded, or one made here from Debian's packages.
pub async fn base(native: &Native, note: &Note<'_>) -> Result<Base, LabError> {
    if let Some(base) = known_base(native) {
        return Ok(base);
    }
    find(native, &native.release.published(), note).await?;
    known_base(native).ok_or_else(|| LabError::backend("cannot make a base image", "it was made but is not there"))
}

/// The base that is there, the published one first.
pub fn known_base(native: &Native) -> Option<Base> {
    [native.release.published(), native.release.own()].into_iter().find_map(|reference| {
        let image = native.store.image(&reference)?;
        let id = base::identity(image.layers.iter().map(|layer| layer.diff_id.as_str()));
        Some(Base { reference, id })
    })
}

/// An image by its name; a release of Debian is made from its packages. The caller has the store's turn, or the image is there.
pub async fn find(native: &Native, reference: &str, note: &Note<'_>) -> Result<Image, LabError> {
    if let Some(image) = native.store.image(reference) {
        return Ok(image);
    }
    let Some(suite) = base::suite(reference) else {
        let way_out = "load it from an archive that `docker save` wrote (`saiten images load FILE`), then run again";
        return Err(LabError::backend(format!("there is no image {reference}"), way_out));
    };
    let own = base::own(suite);
    if let Some(image) = native.store.image(&own) {
        return Ok(image);
    }
    note(&format!("bootstrapping Debian {suite} from its package mirror (mmdebstrap)"));
    let archive = base::bootstrap(suite, native.store.root()).await?;
    let what = "cannot bootstrap a base image";
    let layer = unpack(native, &archive).await.map_err(|why| LabError::backend(what, why))?;
    let image = Image { layers: vec![layer], env: base::environment(), workdir: "/".to_owned(), ..Image::default() };
    let named = native.store.name_image(&own, &image);
    named.map_err(|source| LabError::Own { what: what.to_owned(), source })?;
    Ok(image)
}

/// Unpacks an archive into a layer of its own; what it brings is packed again for its digest.
async fn unpack(native: &Native, archive: &File) -> Result<Layer, String> {
    let zygote = native.builder().await.map_err(|err| err.chain())?;
    let dir = native.store.making().map_err(|err| err.chain())?;
    zygote.change(Change::Make(dir.clone())).await?;
    let unpacked = zygote.unpack(archive, Root::Plain(dir.clone()), false, LAYER_MOST).await;
    let kept = match unpacked {
        Ok(_) => keep(native, &zygote, &dir).await,
        Err(why) => Err(why),
    };
    zygote.change(Change::Remove(dir)).await?;
    kept
}

/// Makes sure that an image is there and gives its reference.
pub async fn ensure(native: &Native, name: &str, note: &Note<'_>) -> Result<String, LabError> {
    if name.contains([':', '/']) {
        if native.store.image(name).is_none() {
            let _turn = native.store.turn().await?;
            let image = find(native, name, note).await?;
            let named = native.store.name_image(name, &image);
            named.map_err(|source| LabError::Own { what: format!("cannot name image {name}"), source })?;
        }
        return Ok(name.to_owned());
    }
    let source = sources::read(&native.sources, name)?;
    if let Some(base) = known_base(native) {
        let reference = source.reference(&base.id, &native.release);
        if native.store.image(&reference).is_some() {
            return Ok(reference);
        }
    }
    let _turn = native.store.turn().await?;
    native.sweep_store().await?;
    let base = base(native, note).await?;
    let reference = source.reference(&base.id, &native.release);
    // Another Saiten may have built it meanwhile.
    if native.store.image(&reference).is_none() {
        build::build(native, &source, &base.reference, &reference, note).await?;
    }
    Ok(reference)
}

/// All images of `containers/`, base first.
pub fn list(native: &Native) -> Result<Vec<ImageState>, LabError> {
    let base = known_base(native);
    let size = |reference: &Option<String>| {
        let image = native.store.image(reference.as_deref()?)?;
        i64::try_from(image.size()).ok()
    };
    let found = base.as_ref().map(|base| base.reference.clone());
    let mut states = vec![ImageState { name: "(base)".to_owned(), size: size(&found), reference: found }];
    for name in sources::names(&native.sources) {
        let source = sources::read(&native.sources, &name)?;
        let reference = base.as_ref().map(|base| source.reference(&base.id, &native.release));
        states.push(ImageState { name, size: size(&reference), reference });
    }
    Ok(states)
}

/// What is known of an image, if it is there.
pub fn inspect(native: &Native, reference: &str) -> Option<ImageFacts> {
    let image = native.store.image(reference)?;
    let layers = || base::identity(image.layers.iter().map(|layer| layer.diff_id.as_str()));
    Some(ImageFacts {
        id: if image.id.is_empty() { layers() } else { image.id.clone() },
        architecture: machine_architecture().to_owned(),
        created: image.created.clone(),
        size: image.size(),
        env: image.env.clone(),
        workdir: image.workdir.clone(),
        start: image.start,
    })
}

/// Writes images, or all and the base too, into one archive as `docker save` does.
pub async fn save(native: &Native, file: &Path, names: &[String]) -> Result<usize, LabError> {
    let what = || format!("cannot save images to {}", file.display());
    let own = |source| LabError::Own { what: what(), source };
    let references = sources::built(&list(native)?, names).map_err(|why| LabError::backend(what(), why))?;
    let _turn = native.store.turn().await?;
    let mut part = sources::part_of(file).map_err(own)?;
    let mut writer = Writer::new(part.as_file_mut());
    let mut images = Vec::new();
    let mut written = HashSet::new();
    for reference in &references {
        let gone = || {
            LabError::backend(
                what(),
                format!("there is no image {reference}; `saiten images list` shows what there is"),
            )
        };
        let image = native.store.image(reference).ok_or_else(gone)?;
        for layer in image.layers.iter().filter(|layer| written.insert(layer.diff_id.clone())) {
            let archive = archive_of(native, layer).await.map_err(|why| LabError::backend(what(), why))?;
            let size = archive.metadata().map_err(own)?.len();
            writer.layer(&layer.diff_id, size, archive).map_err(own)?;
        }
        images.push(ImageToWrite {
            references: vec![reference.clone()],
            diff_ids: image.layers.into_iter().map(|layer| layer.diff_id).collect(),
            env: image.env,
            workdir: image.workdir,
            architecture: machine_architecture().to_owned(),
            created: None,
        });
    }
    writer.finish(&images).map_err(own)?;
    part.persist(file).map_err(|err| own(err.error))?;
    Ok(references.len())
}

/// The archive of a layer: as it came, or packed again.
async fn archive_of(native: &Native, layer: &Layer) -> Result<File, String> {
    let own = |err: io::Error| err.to_string();
    if let Ok(file) = File::open(native.store.archive(layer)) {
        return Ok(file);
    }
    let mut file = tempfile::tempfile_in(native.store.root()).map_err(own)?;
    let zygote = native.builder().await.map_err(|err| err.chain())?;
    zygote.pack(&layer.dir(), OwnedFd::from(file.try_clone().map_err(own)?)).await?;
    file.rewind().map_err(own)?;
    Ok(file)
}

/// Loads an archive or OCI layout, whole or not at all; gives the names of its images.
pub async fn load(native: &Native, file: &Path) -> Result<Vec<String>, LabError> {
    let what = || format!("cannot load images from {}", file.display());
    let failed = |why: String| LabError::backend(what(), why);
    let archive = Archive::open(file).map_err(|err| failed(err.to_string()))?;
    bring(native, &archive, &what()).await
}

/// Loads the only image of an archive under this name.
pub async fn load_as(native: &Native, file: &Path, reference: &str, most: u64) -> Result<(), LabError> {
    let what = format!("cannot load the image from {}", file.display());
    let (path, name) = (file.to_owned(), reference.to_owned());
    let opened =
        tokio::task::spawn_blocking(move || Archive::open(&path).map_err(io::Error::other)?.renamed(&name, most));
    let opened = opened.await.map_err(io::Error::other).flatten();
    let archive = opened.map_err(|source| LabError::Own { what: what.clone(), source })?;
    bring(native, &archive, &what).await.map(drop)
}

/// Forgets an image, and the layers that it alone had.
pub async fn forget_image(native: &Native, reference: &str) -> Result<(), LabError> {
    let what = || format!("cannot forget image {reference}");
    let _turn = native.store.turn().await?;
    let layers = native.store.image(reference).map(|image| image.layers).unwrap_or_default();
    native.store.unname_image(reference).map_err(|source| LabError::Own { what: what(), source })?;
    let used = native.store.layers_in_use();
    for layer in layers.iter().filter(|layer| !used.contains(&layer.diff_id)) {
        forget(native, layer).await.map_err(|why| LabError::backend(what(), why))?;
    }
    Ok(())
}

async fn bring(native: &Native, archive: &Archive, what: &str) -> Result<Vec<String>, LabError> {
    let failed = |why: String| LabError::backend(what, why);
    if archive.images().iter().all(|image| image.references.is_empty()) {
        return Err(failed("none of its images has a name; save it by name (`docker save NAME:TAG`)".to_owned()));
    }
    let _turn = native.store.turn().await?;
    native.sweep_store().await?;
    let mut brought = Vec::new();
    let loaded = match load_images(native, archive, &mut brought).await {
        Ok(loaded) => loaded,
        Err(why) => {
            for layer in &brought {
                forget(native, layer).await.map_err(|err| failed(format!("{why}; and {err}")))?;
            }
            return Err(failed(why));
        }
    };
    for (reference, image) in &loaded {
        let named = native.store.name_image(reference, image);
        named.map_err(|source| LabError::Own { what: what.to_owned(), source })?;
    }
    Ok(loaded.into_iter().map(|(reference, _)| reference).collect())
}

/// Brings the layers of all images that have a name. `brought` are those that the store did not have, also on an error.
async fn load_images(
    native: &Native,
    archive: &Archive,
    brought: &mut Vec<Layer>,
) -> Result<Vec<(String, Image)>, String> {
    let mut loaded = Vec::new();
    for (index, archived) in archive.images().iter().enumerate().filter(|(_, image)| !image.references.is_empty()) {
        if archived.architecture != machine_architecture() {
            let (theirs, ours) = (&archived.architecture, machine_architecture());
            return Err(format!("{} is for {theirs}, this machine is {ours}", archived.references.join(", ")));
        }
        let mut layers = Vec::new();
        for (number, diff_id) in archived.diff_ids.iter().enumerate() {
            let from = archive.layer(index, number).map_err(|err| err.to_string())?;
            layers.push(load_layer(native, diff_id, from, brought).await?);
        }
        let image = Image {
            layers,
            env: archived.env.clone(),
            workdir: archived.workdir.clone(),
            start: archived.start.clone(),
            id: archived.id.clone(),
            created: archived.created.clone(),
        };
        loaded.extend(archived.references.iter().map(|reference| (reference.clone(), image.clone())));
    }
    Ok(loaded)
}

async fn load_layer(
    native: &Native,
    diff_id: &str,
    mut from: impl io::Read,
    brought: &mut Vec<Layer>,
) -> Result<Layer, String> {
    let own = |err: io::Error| err.to_string();
    let mut layer = Layer { diff_id: diff_id.to_owned(), size: 0 };
    let is_there = native.store.has(&layer);
    let mut kept = native.store.part().map_err(own)?;
    // Read to its end, which is where its digest is verified; written only if it is not there.
    let mut bounded = io::Read::take(&mut from, LAYER_MOST.0);
    layer.size = match is_there {
        true => io::copy(&mut bounded, &mut io::sink()),
        false => io::copy(&mut bounded, &mut kept),
    }
    .map_err(own)?;
    kept.flush().and_then(|()| kept.rewind()).map_err(own)?;
    if io::Read::read(&mut from, &mut [0]).map_err(own)? > 0 {
        return Err(format!("layer {diff_id} is larger than {} GiB", LAYER_MOST.0 >> 30));
    }
    if is_there {
        return Ok(layer);
    }
    let zygote = native.builder().await.map_err(|err| err.chain())?;
    let dir = native.store.making().map_err(|err| err.chain())?;
    zygote.change(Change::Make(dir.clone())).await?;
    let unpacked = zygote.unpack(kept.as_file(), Root::Plain(dir.clone()), true, LAYER_MOST).await;
    let moved = match unpacked {
        Ok(_) => zygote.change(Change::Move(dir.clone(), layer.dir())).await,
        Err(why) => Err(why),
    };
    zygote.change(Change::Remove(dir)).await?;
    moved?;
    brought.push(layer.clone());
    kept.persist(native.store.archive(&layer)).map_err(|err| err.to_string())?;
    Ok(layer)
}

/// Removes a layer that no image names yet.
async fn forget(native: &Native, layer: &Layer) -> Result<(), String> {
    native.builder().await.map_err(|err| err.chain())?.change(Change::Remove(layer.dir())).await?;
    match std::fs::remove_file(native.store.archive(layer)) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err.to_string()),
        _ => Ok(()),
    }
}
