//! Unpacks a layer's tar into a directory: everything that makes up the files is restored, everything doubtful refused.
//!
//! Runs as uid 0 of a user namespace, usually with the directory as its root. That nothing can be written outside is
//! the kernel's doing (every path is opened with openat2(2) below the root); the checks are there to say what is
//! wrong with an archive instead of unpacking something else than it holds.

mod metadata;
mod name;
mod refusal;
mod root;
#[cfg(test)]
mod tests;
mod times;

use std::io::{BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::image::stream::{Entries, Entry, Kind, printable};
use metadata::Metadata;
use name::{InsidePath, Name};
use refusal::Trouble;
pub use refusal::{Refusal, UnpackError};
use root::Root;
use times::DirectoryTimes;

/// Highest user and group id: what the user namespace of an endpoint maps.
pub const ID_MOST: u32 = 65_535;

/// Most that an archive may bring.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the tar.
    pub bytes: u64,
    /// Entries, and directories made because no entry brought them.
    pub entries: u64,
}

/// What the directory is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A layer: whiteouts become overlayfs's form, and no parent may be a symbolic link.
    Layer,
    /// A mounted root, for what a `COPY` brings: parents may be symbolic links, followed as if the directory were
    /// `/`. The root's own metadata stays as it is, and a directory merges into one that a symbolic link leads to.
    Tree,
}

/// What was unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unpacked {
    /// Bytes of the tar.
    pub bytes: u64,
    /// Entries, and directories made because no entry brought them.
    pub entries: u64,
    /// Device nodes and named pipes below `dev/`, which every endpoint gets anew.
    pub devices_left_out: u64,
}

/// Unpacks a tar below `root` and reads `from` to its end.
///
/// Of extended attributes `security.capability` and `user.*` are restored. Missing parents are made root's, 0755.
///
/// # Errors
/// [`UnpackError`], which names the entry; what was unpacked before it stays.
pub fn unpack(from: impl Read, root: &Path, target: Target, limits: &Limits) -> Result<Unpacked, UnpackError> {
    let mut entries = Entries::new(BufReader::with_capacity(1 << 16, from));
    let mut unpacking = Unpacking::new(root, target, *limits)?;
    while let Some(entry) = entries.next_entry()? {
        let end = entries.position().saturating_add(entry.size());
        let counted = unpacking.reach(end).and_then(|()| unpacking.count_entry());
        counted.and_then(|()| unpacking.take(&entry, entries.content())).map_err(|trouble| trouble.of(entry.name()))?;
    }
    unpacking.set_directory_times()?;
    let rest = limits.bytes.saturating_sub(unpacking.done.bytes);
    match entries.drain(rest.max(TRAILER_MOST)) {
        Ok(true) => Ok(unpacking.done),
        Ok(false) => Err(UnpackError::Trailer),
        Err(err) => Err(UnpackError::Stream(err.into())),
    }
}

/// What may follow an archive's end mark whatever the limits are: the zeros of GNU tar's largest usual record.
const TRAILER_MOST: u64 = 1 << 20;

struct Unpacking {
    root: Root,
    target: Target,
    limits: Limits,
    done: Unpacked,
    directory_times: DirectoryTimes,
}

impl Unpacking {
    fn new(root: &Path, target: Target, limits: Limits) -> Result<Self, UnpackError> {
        let opened = Root::open(root, target).map_err(|source| UnpackError::Root { root: root.to_owned(), source })?;
        Ok(Unpacking {
            root: opened,
            target,
            limits,
            done: Unpacked::default(),
            directory_times: DirectoryTimes::default(),
        })
    }

    /// Notes that the tar goes on to this byte: said before anything is written, and extended headers count as well.
    fn reach(&mut self, end: u64) -> Result<(), Trouble> {
        self.done.bytes = end;
        let most = self.limits.bytes;
        if end > most { Err(Refusal::Bytes { most }.into()) } else { Ok(()) }
    }

    fn count_entry(&mut self) -> Result<(), Trouble> {
        self.done.entries += 1;
        let most = self.limits.entries;
        if self.done.entries > most { Err(Refusal::Entries { most }.into()) } else { Ok(()) }
    }

    fn take(&mut self, entry: &Entry, content: impl Read) -> Result<(), Trouble> {
        match Name::of(&entry.path, self.target)? {
            Name::Plain(path) => self.place(&path, entry, content),
            Name::Whiteout(hidden) => {
                let (parent, name) = hidden.split().ok_or(Refusal::RootReplaced)?;
                let parent = self.directory(parent)?;
                self.root.hide(&parent, name)
            }
            Name::Opaque(directory) => {
                self.directory(directory.as_path())?;
                self.root.set_opaque(directory.as_path())
            }
            Name::Ignored => Ok(()),
        }
    }

    fn place(&mut self, path: &InsidePath, entry: &Entry, content: impl Read) -> Result<(), Trouble> {
        if matches!(entry.kind, Kind::Device | Kind::Fifo) {
            if !path.is_below_dev() {
                return Err(Refusal::Device.into());
            }
            self.done.devices_left_out += 1;
            return Ok(());
        }
        let metadata = Metadata::of(entry)?;
        let Some((parent, name)) = path.split() else { return self.place_root(entry, &metadata) };
        let parent = self.directory(parent)?;
        match &entry.kind {
            Kind::Directory => {
                self.root.place_directory(&parent, name, path.as_path(), &metadata)?;
                Ok(self.directory_times.note(path.as_path(), metadata.modified)?)
            }
            Kind::Symlink(to) => self.root.place_symlink(&parent, name, to, &metadata),
            Kind::HardLink(to) => {
                let to = InsidePath::parse(to).map_err(|why| Refusal::LinkTarget(Box::new(why)))?;
                self.root.place_hard_link(&parent, name, &to)
            }
            Kind::File { size } => self.root.place_file(&parent, name, content.take(*size), &metadata),
            Kind::Device | Kind::Fifo => Err(Refusal::Device.into()),
        }
    }

    /// The entry of the root itself, `./`.
    fn place_root(&mut self, entry: &Entry, metadata: &Metadata<'_>) -> Result<(), Trouble> {
        if entry.kind != Kind::Directory {
            return Err(Refusal::RootReplaced.into());
        }
        if self.target == Target::Layer {
            self.root.set_directory(Path::new(""), metadata)?;
            self.directory_times.note(Path::new(""), metadata.modified)?;
        }
        Ok(())
    }

    /// Opens a directory and makes what is missing on the way; that counts as entries.
    fn directory(&mut self, path: &Path) -> Result<OwnedFd, Trouble> {
        let (mut directory, missing) = self.root.nearest(path)?;
        for name in missing {
            self.count_entry()?;
            directory = self.root.make_directory(&directory, name)?;
        }
        Ok(directory)
    }

    fn set_directory_times(&self) -> Result<(), UnpackError> {
        for (path, modified) in self.directory_times.iter() {
            let name = || printable(path.as_os_str().as_bytes());
            self.root.set_directory_time(path, modified).map_err(|trouble| trouble.of(name()))?;
        }
        Ok(())
    }
}
