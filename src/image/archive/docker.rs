//! What `docker save` writes: `manifest.json` names each image's configuration, names and layers.

use serde::Deserialize;

use super::config::ImageConfig;
use super::digest::Digest;
use super::source::{Source, parse};
use super::{Described, Fault, IMAGES_MOST, reference};
use crate::image::stream::printable;

/// The file that lists the images.
pub const MANIFEST: &str = "manifest.json";

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags")]
    names: Option<Vec<String>>,
    #[serde(rename = "Layers")]
    layers: Option<Vec<String>>,
}

/// The images that the manifest lists.
pub fn images(source: &Source) -> Result<Vec<Described>, Fault> {
    let images: Vec<Image> = parse(MANIFEST, &source.read(MANIFEST)?)?;
    if images.len() > IMAGES_MOST {
        return Err(Fault::TooManyImages);
    }
    images.into_iter().map(|image| describe(source, image)).collect()
}

fn describe(source: &Source, image: Image) -> Result<Described, Fault> {
    let Image { config: name, names, layers } = image;
    let mut references = Vec::new();
    for name in names.unwrap_or_default() {
        let why = || format!("`{}` is no name of an image, REPOSITORY:TAG", printable(name.as_bytes()));
        let reference =
            reference::tagged(&name).ok_or_else(|| Fault::Value { name: MANIFEST.to_owned(), why: why() })?;
        references.push(reference);
    }
    let config = ImageConfig::read(source, &name, named_digest(&name))?;
    Ok(Described { references, config, layer_files: layers.unwrap_or_default() })
}

/// The digest in `HEX.json` and `blobs/sha256/HEX`; older and other writers have other names.
fn named_digest(name: &str) -> Option<Digest> {
    let file = name.rsplit('/').next()?;
    Digest::parse_hex(file.strip_suffix(".json").unwrap_or(file))
}
