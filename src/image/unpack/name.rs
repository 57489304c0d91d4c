//! What an entry's path means: a place below the root, or a whiteout.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Refusal, Target};
use crate::image::whiteout;

/// Longest path, in bytes.
const PATH_MOST: usize = 4096;

/// A path below the root: relative, without `.`, `..`, empty components and NUL; empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsidePath(PathBuf);

impl InsidePath {
    /// Checks a path of an archive.
    pub fn parse(bytes: &[u8]) -> Result<InsidePath, Refusal> {
        if bytes.len() > PATH_MOST {
            return Err(Refusal::Long);
        }
        if bytes.contains(&0) {
            return Err(Refusal::Nul);
        }
        if bytes.starts_with(b"/") {
            return Err(Refusal::Absolute);
        }
        let mut path = PathBuf::new();
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => return Err(Refusal::DotDot),
                name => path.push(OsStr::from_bytes(name)),
            }
        }
        Ok(InsidePath(path))
    }

    /// The path, relative to the root.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// The directory and the name in it; `None` for the root.
    pub fn split(&self) -> Option<(&Path, &OsStr)> {
        Some((self.0.parent()?, self.0.file_name()?))
    }

    /// Whether it lies below `dev`.
    pub fn is_below_dev(&self) -> bool {
        self.0.starts_with("dev") && self.0 != Path::new("dev")
    }

    fn has_whiteout_parent(&self) -> bool {
        self.0.parent().into_iter().flatten().any(|name| name.as_bytes().starts_with(whiteout::PREFIX.as_bytes()))
    }
}

/// What an entry's path means.
#[derive(Debug, PartialEq, Eq)]
pub enum Name {
    /// Something that is put there.
    Plain(InsidePath),
    /// Hides this path in the layers below.
    Whiteout(InsidePath),
    /// Hides this directory's content in the layers below.
    Opaque(InsidePath),
    /// Nothing.
    Ignored,
}

impl Name {
    /// Reads an entry's path; only in layers do whiteouts have a meaning.
    pub fn of(path: &[u8], target: Target) -> Result<Name, Refusal> {
        let path = InsidePath::parse(path)?;
        let Some((parent, name)) = path.split() else { return Ok(Name::Plain(path)) };
        if target == Target::Tree {
            return Ok(Name::Plain(path));
        }
        if path.has_whiteout_parent() {
            return Err(Refusal::Whiteout);
        }
        let name = name.as_bytes();
        if name == whiteout::OPAQUE_MARK.as_bytes() {
            return Ok(Name::Opaque(InsidePath(parent.to_owned())));
        }
        if name.starts_with(whiteout::BOOKKEEPING_PREFIX.as_bytes()) {
            return Ok(Name::Ignored);
        }
        match name.strip_prefix(whiteout::PREFIX.as_bytes()) {
            None => Ok(Name::Plain(path)),
            Some(b"" | b"." | b"..") => Err(Refusal::Whiteout),
            Some(hidden) => Ok(Name::Whiteout(InsidePath(parent.join(OsStr::from_bytes(hidden))))),
        }
    }
}
