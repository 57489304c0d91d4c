//! OCI image layouts: `index.json` leads to manifests, and those to configurations and layers, all named by digest.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::config::ImageConfig;
use super::digest::Digest;
use super::source::{Source, parse};
use super::{Described, Fault, IMAGES_MOST, layer, reference};
use crate::image::stream::printable;

/// The file that the layout begins with.
pub const INDEX: &str = "index.json";

/// Most indexes in each other.
const DEPTH_MOST: usize = 4;
/// Most manifests and indexes that are looked at: an index may name the same one again and again.
const DESCRIPTORS_MOST: usize = 1024;

/// Annotation with the whole name, by containerd and Docker.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// Annotation with the name, or with the tag alone.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation of what BuildKit says about an image, stored like one.
const ATTESTATION: (&str, &str) = ("vnd.docker.reference.type", "attestation-manifest");

#[derive(Deserialize)]
struct Index {
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    digest: String,
    annotations: Option<BTreeMap<String, String>>,
}

/// The images that the layout's index leads to.
pub fn images(source: &Source) -> Result<Vec<Described>, Fault> {
    let index = parse(INDEX, &source.read(INDEX)?)?;
    let mut reading = Reading { source, looked_at: 0, images: Vec::new() };
    reading.index(index, &[], 0)?;
    Ok(reading.images.into_iter().map(|(_, image)| image).collect())
}

struct Reading<'a> {
    source: &'a Source,
    looked_at: usize,
    /// Images with the digests of their manifests.
    images: Vec<(Digest, Described)>,
}

impl Reading<'_> {
    /// Reads what an index leads to; `names` are those that were given to the index itself.
    fn index(&mut self, index: Index, names: &[String], depth: usize) -> Result<(), Fault> {
        if depth > DEPTH_MOST {
            return Err(Fault::Nested);
        }
        for descriptor in index.manifests.unwrap_or_default() {
            self.looked_at += 1;
            if self.looked_at > DESCRIPTORS_MOST {
                return Err(Fault::Nested);
            }
            if descriptor.annotation(ATTESTATION.0) == Some(ATTESTATION.1) {
                continue;
            }
            let digest = descriptor.digest()?;
            // An index names every architecture, and an archive may hold only some of them.
            if depth > 0 && !self.source.has(&blob(digest)) {
                continue;
            }
            let names = [names, &descriptor.names()].concat();
            match descriptor.media_type.as_str() {
                "application/vnd.oci.image.index.v1+json"
                | "application/vnd.docker.distribution.manifest.list.v2+json" => {
                    let index = self.json(digest)?;
                    self.index(index, &names, depth + 1)?;
                }
                "application/vnd.oci.image.manifest.v1+json"
                | "application/vnd.docker.distribution.manifest.v2+json" => self.manifest(digest, names)?,
                _ => return Err(descriptor.unsupported("name one image in `docker save -o FILE IMAGE`")),
            }
        }
        Ok(())
    }

    fn manifest(&mut self, digest: Digest, names: Vec<String>) -> Result<(), Fault> {
        if let Some((_, image)) = self.images.iter_mut().find(|(known, _)| *known == digest) {
            // The same image under another name.
            let new: Vec<String> = names.into_iter().filter(|name| !image.references.contains(name)).collect();
            image.references.extend(new);
            return Ok(());
        }
        let Manifest { config, layers } = self.json(digest)?;
        if !config.is_image_config() {
            // Signatures, charts and other things are stored like images.
            return Ok(());
        }
        if self.images.len() == IMAGES_MOST {
            return Err(Fault::TooManyImages);
        }
        let layers = layers.unwrap_or_default();
        let layer_files = layers.iter().map(Descriptor::layer_file).collect::<Result<_, _>>()?;
        let config_digest = config.digest()?;
        let config = ImageConfig::read(self.source, &blob(config_digest), Some(config_digest))?;
        self.images.push((digest, Described { references: names, config, layer_files }));
        Ok(())
    }

    fn json<T: DeserializeOwned>(&self, digest: Digest) -> Result<T, Fault> {
        let name = blob(digest);
        let json = self.source.read(&name)?;
        if Digest::of(&json) != digest {
            return Err(Fault::Damaged(name));
        }
        parse(&name, &json)
    }
}

impl Descriptor {
    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key).map(String::as_str)
    }

    fn names(&self) -> Vec<String> {
        // Docker writes the tag alone into the second one, which is no name.
        let names = [CONTAINERD_NAME, REF_NAME].into_iter().filter_map(|key| reference::tagged(self.annotation(key)?));
        let mut names: Vec<String> = names.collect();
        names.dedup();
        names
    }

    fn digest(&self) -> Result<Digest, Fault> {
        let why =
            || format!("digest `{}` is no SHA-256 digest; save the image with one", printable(self.digest.as_bytes()));
        Digest::parse(&self.digest).ok_or_else(|| Fault::Value { name: INDEX.to_owned(), why: why() })
    }

    fn is_image_config(&self) -> bool {
        let known = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
        known.contains(&self.media_type.as_str())
    }

    /// The file of a layer, whose format must be one that can be read.
    fn layer_file(&self) -> Result<String, Fault> {
        let media_type = self.media_type.as_str();
        if media_type.ends_with("+encrypted") {
            return Err(
                self.unsupported("save the image on a machine that can decrypt it, for example with `skopeo copy`")
            );
        }
        if media_type.ends_with("+zstd") || media_type.ends_with(".zstd") {
            return Err(layer::zstd(printable(media_type.as_bytes())));
        }
        match media_type {
            "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => self.digest().map(blob),
            _ => {
                Err(self
                    .unsupported("layers are tar, or tar with gzip: load the image into Docker and `docker save` it"))
            }
        }
    }

    fn unsupported(&self, way_out: &'static str) -> Fault {
        Fault::MediaType { media_type: printable(self.media_type.as_bytes()), way_out }
    }
}

fn blob(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
