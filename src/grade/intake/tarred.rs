//! The list of a tar.

use std::collections::HashMap;
use std::io::BufReader;

use super::bytes::Bytes;
use super::member::{Kind, Member, Place, decoded};
use super::tree::Tree;
use super::{Trouble, refused, too_much, unreadable};
use crate::image::stream::{self, Entries, StreamError};

/// Lists a tar.
pub(super) fn list(bytes: &Bytes, name: &str, most: usize) -> Result<Tree, Trouble> {
    let mut entries = Entries::new(BufReader::new(bytes.clone()));
    let mut tree = Tree::default();
    // Names as they are spelt, for hard links.
    let mut files: HashMap<Vec<u8>, (u64, Place)> = HashMap::new();
    let mut count = 0;
    while let Some(entry) = entries.next_entry().map_err(|err| damaged(&err, name))? {
        count += 1;
        if count > most {
            return Err(too_much("intake-refused-many", name, most));
        }
        let mut whole = (0, Place::Nowhere);
        let kind = match &entry.kind {
            stream::Kind::File { size } => {
                let part = bytes.part(entries.position(), *size);
                whole = (*size, Place::Part(part.ok_or_else(|| refused("intake-refused-cut-off", name))?));
                files.insert(entry.path.clone(), whole.clone());
                Kind::File
            }
            // The same file once more, if it is one of this archive's.
            stream::Kind::HardLink(to) => match files.get(to) {
                Some(file) => {
                    whole = file.clone();
                    Kind::File
                }
                None => Kind::Link,
            },
            stream::Kind::Symlink(_) => Kind::Link,
            stream::Kind::Directory => Kind::Directory,
            stream::Kind::Device => Kind::Device,
            stream::Kind::Fifo => Kind::Pipe,
        };
        let path = decoded(&entry.path);
        match path.contains('\\') {
            true => tree.astray.push(path),
            false => tree.add(&path, |path| Member { path, kind, size: whole.0, place: whole.1 }),
        }
        entries.seek_past_content().map_err(|err| unreadable(&err, name))?;
    }
    Ok(tree)
}

/// Why a tar cannot be listed.
fn damaged(err: &StreamError, name: &str) -> Trouble {
    match err {
        StreamError::Read(err) => unreadable(err, name),
        StreamError::Truncated { at: 0 } | StreamError::Header { at: 0, .. } => {
            refused("intake-refused-no-archive", name)
        }
        StreamError::Truncated { .. } => refused("intake-refused-cut-off", name),
        StreamError::Sparse { entry } | StreamError::Kind { entry, .. } => refused("intake-refused-kind", entry),
        StreamError::Header { .. } | StreamError::Extension { .. } => refused("intake-refused-damaged", name),
    }
}
