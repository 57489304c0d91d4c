//! A walk through a layer's directory in the order of its archive.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::at;
use crate::image::whiteout;

/// One entry of the archive to be.
#[derive(Debug)]
pub enum Item {
    /// What the directory holds there; the path is relative, and empty for the root.
    Inode(PathBuf, Metadata),
    /// An empty file that says what the layers below are not to show.
    Mark(PathBuf),
}

impl Item {
    /// Where it goes in the archive.
    pub fn path(&self) -> &Path {
        match self {
            Item::Inode(path, _) | Item::Mark(path) => path,
        }
    }
}

/// Goes through a directory: parents first, siblings in the order of the names that they have in the archive.
#[derive(Debug)]
pub struct Walk<'a> {
    root: &'a Path,
    /// What is still to come, the next one last.
    ahead: Vec<Item>,
}

impl<'a> Walk<'a> {
    /// Begins with the root itself.
    pub fn new(root: &'a Path) -> io::Result<Self> {
        let metadata = fs::metadata(root).map_err(|err| at(root, &err))?;
        Ok(Walk { root, ahead: vec![Item::Inode(PathBuf::new(), metadata)] })
    }

    /// The next item.
    pub fn next(&mut self) -> io::Result<Option<Item>> {
        let Some(item) = self.ahead.pop() else { return Ok(None) };
        if let Item::Inode(path, metadata) = &item
            && metadata.is_dir()
        {
            let mut children = self.children(path)?;
            children.sort_by(|one, other| other.path().cmp(one.path()));
            self.ahead.append(&mut children);
        }
        Ok(Some(item))
    }

    fn children(&self, directory: &Path) -> io::Result<Vec<Item>> {
        let source = self.root.join(directory);
        let named = |err| at(directory, &err);
        let mut children = Vec::new();
        if xattr::get(&source, whiteout::OPAQUE_ATTRIBUTE).map_err(named)?.as_deref() == Some(b"y") {
            children.push(Item::Mark(directory.join(whiteout::OPAQUE_MARK)));
        }
        for child in fs::read_dir(&source).map_err(named)? {
            let child = child.map_err(named)?;
            let name = child.file_name();
            let metadata = child.metadata().map_err(|err| at(&directory.join(&name), &err))?;
            children.push(item(directory, &name, metadata)?);
        }
        Ok(children)
    }
}

fn item(directory: &Path, name: &OsStr, metadata: Metadata) -> io::Result<Item> {
    if name.as_bytes().starts_with(whiteout::PREFIX.as_bytes()) {
        let why = "in a layer this name would hide another file; rename it";
        return Err(at(&directory.join(name), &io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    if metadata.file_type().is_char_device() && metadata.rdev() == 0 {
        let mut mark = OsString::from(whiteout::PREFIX);
        mark.push(name);
        return Ok(Item::Mark(directory.join(mark)));
    }
    Ok(Item::Inode(directory.join(name), metadata))
}
