//! Writes an archive that `docker load` takes: Docker 1.10 and later, Podman and containerd.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use serde::Serialize;

use super::digest::{Digest, Verified};
use super::{docker, reference};
use crate::image::stream::{Entry, Kind, StreamWriter};

/// An image for [`Writer::finish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageToWrite {
    /// Its names, `REPOSITORY:TAG`.
    pub references: Vec<String>,
    /// `sha256:…` of its layers, the lowest first.
    pub diff_ids: Vec<String>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Working directory.
    pub workdir: String,
    /// Architecture by its name in Go.
    pub architecture: String,
    /// When it was made, in RFC 3339; left out when the archive is to depend on nothing but the content.
    pub created: Option<String>,
}

/// Writes an archive: first every layer once, then the images that are made of them.
#[derive(Debug)]
pub struct Writer<W> {
    to: StreamWriter<W>,
    layers: HashSet<Digest>,
    /// A layer failed halfway, so that nothing sensible can follow it.
    broken: bool,
}

#[derive(Serialize)]
struct Config<'a> {
    architecture: &'a str,
    config: Runtime<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    os: &'static str,
    rootfs: RootFs<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Runtime<'a> {
    cmd: [&'static str; 1],
    env: Vec<String>,
    working_dir: &'a str,
}

#[derive(Serialize)]
struct RootFs<'a> {
    diff_ids: &'a [String],
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed<'a> {
    config: String,
    repo_tags: &'a [String],
    layers: Vec<String>,
}

impl<W: Write> Writer<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        Writer { to: StreamWriter::new(to), layers: HashSet::new(), broken: false }
    }

    /// Adds a layer: an uncompressed tar of `size` bytes. Every layer is added once, however many images have it.
    ///
    /// # Errors
    /// What either side says; a diff id that is none or was added before; content of another size or digest, after
    /// which the archive cannot be finished.
    pub fn layer(&mut self, diff_id: &str, size: u64, from: impl Read) -> io::Result<()> {
        let digest = parse(diff_id)?;
        if !self.layers.insert(digest) {
            return Err(invalid(format!("layer {digest} was added before; add every layer once")));
        }
        self.broken = true;
        let mut from = Verified::new(from, digest);
        self.to.append(&Entry::new(layer_file(digest), Kind::File { size }, 0o644), &mut from)?;
        // The end is what verifies the digest.
        if from.read(&mut [0])? > 0 {
            return Err(invalid(format!("layer {digest} is longer than the {size} bytes stated")));
        }
        self.broken = false;
        Ok(())
    }

    /// Adds the images and ends the archive.
    ///
    /// # Errors
    /// What the destination says; an image with a layer that was not added, or a name that is none.
    pub fn finish(mut self, images: &[ImageToWrite]) -> io::Result<W> {
        if self.broken {
            return Err(invalid("the archive holds half a layer; write it again".to_owned()));
        }
        let mut configs = Vec::new();
        let mut listed = Vec::new();
        for image in images {
            let config = config(image)?;
            let name = format!("{}.json", Digest::of(&config).hex());
            listed.push(self.listed(image, name.clone())?);
            configs.push((name, config));
        }
        configs.sort();
        configs.dedup();
        for (name, config) in configs {
            self.file(name, &config)?;
        }
        self.file(docker::MANIFEST.to_owned(), &serde_json::to_vec(&listed)?)?;
        self.to.finish().map(|(to, _)| to)
    }

    fn listed<'a>(&self, image: &'a ImageToWrite, config: String) -> io::Result<Listed<'a>> {
        if let Some(name) = image.references.iter().find(|name| reference::tagged(name).is_none()) {
            return Err(invalid(format!("`{name}` is no name of an image; write REPOSITORY:TAG")));
        }
        let file = |diff_id: &String| {
            let digest = parse(diff_id)?;
            let missing = || invalid(format!("layer {digest} of an image was not added to the archive; add it first"));
            self.layers.contains(&digest).then(|| layer_file(digest)).ok_or_else(missing)
        };
        let layers = image.diff_ids.iter().map(file).collect::<io::Result<_>>()?;
        Ok(Listed { config, repo_tags: &image.references, layers })
    }

    fn file(&mut self, name: String, content: &[u8]) -> io::Result<()> {
        self.to.append(&Entry::new(name, Kind::File { size: content.len() as u64 }, 0o644), content)
    }
}

fn config(image: &ImageToWrite) -> io::Result<Vec<u8>> {
    let env = image.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let config = Config {
        architecture: &image.architecture,
        config: Runtime { cmd: ["/bin/sh"], env, working_dir: &image.workdir },
        created: image.created.as_deref(),
        os: "linux",
        rootfs: RootFs { diff_ids: &image.diff_ids, r#type: "layers" },
    };
    Ok(serde_json::to_vec(&config)?)
}

fn layer_file(digest: Digest) -> String {
    format!("{}.tar", digest.hex())
}

fn parse(diff_id: &str) -> io::Result<Digest> {
    Digest::parse(diff_id).ok_or_else(|| invalid(format!("diff id `{diff_id}` is not of the form sha256:HEX")))
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
