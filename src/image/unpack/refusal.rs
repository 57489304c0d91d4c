//! Why an archive is not unpacked, in words that name the entry and the way out.

use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use thiserror::Error;

use super::ID_MOST;
use crate::image::stream::StreamError;

/// An archive that was not unpacked, or not to its end.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// The archive asks for something that is not done.
    #[error("entry `{entry}` is refused: {refusal}")]
    Refused {
        /// The entry's path.
        entry: String,
        /// Why.
        refusal: Refusal,
    },
    /// The system did not do something.
    #[error("entry `{entry}`: cannot {action}: {source}")]
    Failed {
        /// The entry's path.
        entry: String,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The stream is no tar, ends early, or its source fails.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// Something large follows the archive's end.
    #[error("more data after the archive's end mark than the archive may hold; make the archive again")]
    Trailer,
    /// The directory to unpack into cannot be opened.
    #[error("cannot unpack into {}: {source}", root.display())]
    Root {
        /// The directory.
        root: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A path that begins with a slash.
    #[error("its path is absolute; make the archive with relative paths")]
    Absolute,
    /// A path with a component `..`.
    #[error("its path contains `..`; make the archive with plain relative paths")]
    DotDot,
    /// A path with a NUL byte, which no file system can hold.
    #[error("its path contains a NUL byte")]
    Nul,
    /// A path longer than Linux takes.
    #[error("its path is longer than 4096 bytes")]
    Long,
    /// A link without a target.
    #[error("its link target is empty")]
    NoTarget,
    /// The target of a hard link is no path inside the archive.
    #[error("as a hard link it must name an entry of the archive, but for the target holds: {0}")]
    LinkTarget(Box<Refusal>),
    /// A hard link to what does not exist, or is neither a file nor a symbolic link.
    #[error("it is a hard link to `{0}`, which is no file that the archive brought before it")]
    LinkMissing(String),
    /// A parent is a symbolic link.
    #[error("a parent of its path is a symbolic link, and a layer's entries must name the real directory")]
    ThroughSymlink,
    /// A parent exists and is no directory.
    #[error("a parent of its path is no directory, or a symbolic link that leads nowhere")]
    ThroughFile,
    /// A directory with content is where something else is to be put.
    #[error("a directory that is not empty is in its place; remove one of the two from the archive")]
    InTheWay,
    /// The root as something other than a directory.
    #[error("it would replace the root directory itself")]
    RootReplaced,
    /// A name that cannot be a whiteout.
    #[error("whiteouts are files named `.wh.NAME`, and nothing lies below them")]
    Whiteout,
    /// A device node or named pipe that is not below `dev/`.
    #[error("device nodes and named pipes are left out below `dev/` and refused elsewhere; remove it from the image")]
    Device,
    /// An owner that the user namespace does not map.
    #[error("its owner is {uid}:{gid}, but ids end at {ID_MOST}; give it to a lower id (`chown`) and save it again")]
    Owner {
        /// User id.
        uid: u64,
        /// Group id.
        gid: u64,
    },
    /// An attribute by which overlayfs would show something else than the layer holds.
    #[error(
        "its attribute `{0}` is overlayfs's own; save the image with `docker save` instead of archiving its layers"
    )]
    OverlayAttribute(String),
    /// Directories whose names alone fill the memory.
    #[error("with it the names of the archive's directories take more than 64 MiB; use shorter paths")]
    DirectoryNames,
    /// Too many bytes.
    #[error("with it the archive holds more than {most} bytes; use a smaller image or raise the limit")]
    Bytes {
        /// The limit.
        most: u64,
    },
    /// Too many entries.
    #[error("with it the archive holds more than {most} files and directories; use a smaller image or raise the limit")]
    Entries {
        /// The limit.
        most: u64,
    },
}

/// What went wrong with an entry that is not named yet.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(Refusal),
    Failed(&'static str, io::Error),
}

impl Trouble {
    /// The error that names the entry.
    pub(super) fn of(self, entry: String) -> UnpackError {
        match self {
            Trouble::Refused(refusal) => UnpackError::Refused { entry, refusal },
            Trouble::Failed(action, source) => UnpackError::Failed { entry, action, source },
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Trouble::Refused(refusal)
    }
}

/// Turns what a system call says into [`Trouble`], for `map_err`.
pub(super) fn failed(action: &'static str) -> impl Fn(Errno) -> Trouble {
    move |errno| Trouble::Failed(action, errno.into())
}
