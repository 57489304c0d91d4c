//! Archives of images: what `docker save` writes and OCI layouts, read in place, and written for `docker load`.

mod config;
mod convert;
mod digest;
mod docker;
mod error;
mod layer;
mod oci;
mod reference;
mod source;
#[cfg(test)]
mod tests;
mod write;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use config::Start;
pub use error::{ArchiveError, Fault};
pub use layer::LayerReader;
pub use write::{ImageToWrite, Writer};

use config::ImageConfig;
use source::Source;

/// Most layers of one image: as many as Docker itself stacks.
const LAYERS_MOST: usize = 128;
/// Most images in one archive.
const IMAGES_MOST: usize = 64;

/// An archive of images: a file or a directory.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    source: Source,
    images: Vec<ArchivedImage>,
    /// The files that hold the layers, in the order of their [`LayerId`]s.
    layer_files: Vec<String>,
}

/// One image of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedImage {
    /// Its names as `REPOSITORY:TAG`, in Docker's short form; none when the archive gives it none.
    pub references: Vec<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerId>,
    /// `sha256:…` of each layer's uncompressed tar, the lowest first.
    pub diff_ids: Vec<String>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Working directory; `/` when the image sets none.
    pub workdir: String,
    /// Architecture by its name in Go, to compare with [`machine_architecture`].
    pub architecture: String,
    /// `sha256:…` of its configuration: what Docker calls the image's id.
    pub id: String,
    /// When it was made, as it says itself.
    pub created: String,
    /// What it starts.
    pub start: Start,
}

/// A layer's file in an archive; images that share the file share the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(usize);

/// An image as its format describes it.
#[derive(Debug)]
struct Described {
    references: Vec<String>,
    config: ImageConfig,
    layer_files: Vec<String>,
}

impl Archive {
    /// Opens an archive and reads what it says about its images; layers stay where they are.
    ///
    /// # Errors
    /// [`ArchiveError`]: it cannot be read, is damaged or incomplete, or is no archive of images.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let (source, described) = describe(path).map_err(|fault| fault.of(path))?;
        let mut archive = Archive { path: path.to_owned(), source, images: Vec::new(), layer_files: Vec::new() };
        for image in described {
            let image = archive.image(image);
            archive.images.push(image);
        }
        Ok(archive)
    }

    /// Its images, in the archive's order; always at least one.
    pub fn images(&self) -> &[ArchivedImage] {
        &self.images
    }

    /// The archive as if its only image were called `reference`: whatever name it claims, it takes nobody's place.
    ///
    /// # Errors
    /// Several images, or layers of more than `most` bytes in all, or one that cannot be read.
    pub fn renamed(mut self, reference: &str, most: u64) -> io::Result<Self> {
        let [image] = self.images.as_mut_slice() else {
            return Err(io::Error::other(format!("it holds {} images; one is asked for", self.images.len())));
        };
        image.references = vec![reference.to_owned()];
        let count = image.layers.len();
        let mut left = most;
        for layer in 0..count {
            let reader = self.layer(0, layer).map_err(io::Error::other)?;
            let read = io::copy(&mut reader.take(left + 1), &mut io::sink())?;
            let Some(rest) = left.checked_sub(read) else {
                return Err(io::Error::other(format!("its layers have more than {} MiB", most >> 20)));
            };
            left = rest;
        }
        Ok(self)
    }

    /// The uncompressed tar of an image's layer. Reading it to the end verifies its diff id.
    ///
    /// # Errors
    /// When there is no such layer, it cannot be opened, or it is compressed in a way that is not supported.
    pub fn layer(&self, image: usize, layer: usize) -> Result<LayerReader, ArchiveError> {
        self.open_layer(image, layer).map_err(|fault| fault.of(&self.path))
    }

    fn open_layer(&self, image: usize, layer: usize) -> Result<LayerReader, Fault> {
        let found =
            self.images.get(image).and_then(|image| Some((image.layers.get(layer)?, image.diff_ids.get(layer)?)));
        let (LayerId(at), diff_id) = found.ok_or(Fault::NoLayer { image, layer })?;
        let name = self.layer_files.get(*at).ok_or(Fault::NoLayer { image, layer })?;
        LayerReader::new(self.source.open_file(name)?, diff_id)
    }

    fn image(&mut self, described: Described) -> ArchivedImage {
        let Described { references, config, layer_files } = described;
        let layers = layer_files.into_iter().map(|file| self.layer_id(file)).collect();
        let ImageConfig { id, architecture, env, workdir, diff_ids, created, start } = config;
        let diff_ids = diff_ids.iter().map(ToString::to_string).collect();
        ArchivedImage { references, layers, diff_ids, env, workdir, architecture, id: id.to_string(), created, start }
    }

    fn layer_id(&mut self, file: String) -> LayerId {
        let at = self.layer_files.iter().position(|known| *known == file).unwrap_or_else(|| {
            self.layer_files.push(file);
            self.layer_files.len() - 1
        });
        LayerId(at)
    }
}

/// The architecture of this machine by its name in Go, as images state it.
pub fn machine_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        same => same,
    }
}

fn describe(path: &Path) -> Result<(Source, Vec<Described>), Fault> {
    let source = Source::open(path)?;
    // Archives of Docker 25 and later are both, and only the manifest has whole names.
    let described = if source.has(docker::MANIFEST) {
        docker::images(&source)?
    } else if source.has(oci::INDEX) {
        oci::images(&source)?
    } else {
        return Err(Fault::Unrecognised);
    };
    for image in &described {
        check_layers(&source, image)?;
    }
    match described.len() {
        0 => Err(Fault::NoImage),
        count if count > IMAGES_MOST => Err(Fault::TooManyImages),
        _ => Ok((source, described)),
    }
}

fn check_layers(source: &Source, image: &Described) -> Result<(), Fault> {
    let (files, diff_ids) = (image.layer_files.len(), image.config.diff_ids.len());
    if files.max(diff_ids) > LAYERS_MOST {
        return Err(Fault::TooManyLayers);
    }
    if files != diff_ids {
        return Err(Fault::LayerCount { files, diff_ids });
    }
    image.layer_files.iter().try_for_each(|name| source.open_file(name).map(drop))
}
