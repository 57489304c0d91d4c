//! Why an archive of images cannot be read, with the way out.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::image::stream::StreamError;

/// An archive that cannot be read.
#[derive(Debug, Error)]
#[error("image archive {}: {fault}", path.display())]
pub struct ArchiveError {
    /// The archive.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What is wrong with an archive.
#[derive(Debug, Error)]
pub enum Fault {
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The outer tar is damaged, or is none.
    #[error("{0}")]
    Tar(#[from] StreamError),
    /// It is neither a file nor a directory.
    #[error("is neither a file nor a directory; pipe it into a file first")]
    NeitherFileNorDirectory,
    /// The whole archive is compressed, so that nothing can be found in it without unpacking all.
    #[error("is compressed as a whole; decompress it first with `{program}`")]
    Compressed {
        /// What decompresses it.
        program: &'static str,
    },
    /// Too many files.
    #[error("holds more than 10000 files, which no archive of images does; was a container exported instead?")]
    TooManyEntries,
    /// A name that leads out of the archive, or is no text.
    #[error("holds or mentions the name `{0}`, which is no plain relative path")]
    Name(String),
    /// Neither `docker save` nor OCI wrote it.
    #[error(
        "holds neither `manifest.json` nor `index.json`, so it is no archive of images; \
         make one with `docker save -o FILE IMAGE`"
    )]
    Unrecognised,
    /// A file that it mentions is not in it.
    #[error("mentions `{0}`, which it does not hold as a file; it is incomplete: save the image again")]
    Missing(String),
    /// A description that is too large.
    #[error("`{0}` is larger than 4 MiB, which no description of an image is")]
    Large(String),
    /// A description that does not say what it should.
    #[error("`{name}`: {source}; the archive is damaged: save the image again")]
    Json {
        /// The file in the archive.
        name: String,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A description with a value that makes no sense.
    #[error("`{name}`: {why}")]
    Value {
        /// The file in the archive.
        name: String,
        /// What is wrong, and the way out.
        why: String,
    },
    /// A description's digest is another one than its name says.
    #[error("`{0}` is damaged: its content does not have the digest that it is named by; save the image again")]
    Damaged(String),
    /// A format that is not supported.
    #[error("media type `{media_type}` is not supported; {way_out}")]
    MediaType {
        /// The media type, or the compression found in place of one.
        media_type: String,
        /// What to do instead.
        way_out: &'static str,
    },
    /// No image.
    #[error("holds no image that runs on Linux; name one in `docker save -o FILE IMAGE`")]
    NoImage,
    /// Too many images.
    #[error("holds more than 64 images; save fewer of them at a time")]
    TooManyImages,
    /// Too many layers.
    #[error("holds an image of more than 128 layers; build it with fewer instructions")]
    TooManyLayers,
    /// Layers and their digests do not go together.
    #[error("holds an image of {files} layers with {diff_ids} diff ids; it is damaged: save the image again")]
    LayerCount {
        /// Files named.
        files: usize,
        /// Digests named.
        diff_ids: usize,
    },
    /// Indexes in indexes.
    #[error("has indexes that are nested too deep or list too much; save one image of it with `docker save`")]
    Nested,
    /// The caller asked for a layer that is not there.
    #[error("has no layer {layer} in an image {image}")]
    NoLayer {
        /// The image asked for.
        image: usize,
        /// The layer asked for.
        layer: usize,
    },
}

impl Fault {
    /// The error that names the archive.
    pub(super) fn of(self, path: &Path) -> ArchiveError {
        ArchiveError { path: path.to_owned(), fault: self }
    }
}
