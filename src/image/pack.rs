//! Packs a layer's directory as a canonical tar: the same directory always gives the same bytes.

#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::O_NOFOLLOW;

use crate::image::stream::{Attribute, Entry, Kind, Modified, StreamWriter, printable};
use crate::image::unpack::ID_MOST;
use walk::{Item, Walk};

/// Attributes of overlayfs that mean that part of a layer's content lies elsewhere.
const ELSEWHERE: [&str; 2] = ["user.overlay.redirect", "user.overlay.metacopy"];

/// Writes the tree as a canonical tar and returns its size in bytes.
///
/// Parents come before their content and siblings in the order of their names, the root itself first as `./`. Times
/// are whole seconds, users have no names. Of several names of a file the first is the file and the others are hard
/// links. Whiteouts and opaque directories take their `.wh.` form. Of extended attributes `security.capability` and
/// `user.*` are kept. Sockets and named pipes, which mean nothing without their process, and devices below `dev/` are
/// left out.
///
/// # Errors
/// What the system says, with the path; a name that a layer cannot hold because it begins with `.wh.`; a device; an
/// owner above 65535; a file that changes meanwhile.
pub fn pack(root: &Path, to: impl Write) -> io::Result<u64> {
    let mut packing = Packing { root, to: StreamWriter::new(to), first_names: HashMap::new() };
    let mut walk = Walk::new(root)?;
    while let Some(item) = walk.next()? {
        packing.add(&item).map_err(|err| at(item.path(), &err))?;
    }
    packing.to.finish().map(|(_, bytes)| bytes)
}

struct Packing<'a, W> {
    root: &'a Path,
    to: StreamWriter<W>,
    /// Device and inode of files with several names, and the name that stands for the file.
    first_names: HashMap<(u64, u64), Vec<u8>>,
}

impl<W: Write> Packing<'_, W> {
    fn add(&mut self, item: &Item) -> io::Result<()> {
        match item {
            Item::Mark(path) => {
                let kind = Kind::File { size: 0 };
                self.to.append(&Entry::new(path.as_os_str().as_bytes(), kind, 0o600), io::empty())
            }
            Item::Inode(path, metadata) => self.add_inode(path, metadata),
        }
    }

    fn add_inode(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let file_type = metadata.file_type();
        let source = self.root.join(path);
        let name = path.as_os_str().as_bytes();
        if file_type.is_socket() || file_type.is_fifo() {
            return Ok(());
        }
        if file_type.is_dir() {
            let name = if name.is_empty() { b"./".to_vec() } else { [name, b"/"].concat() };
            let entry = entry(name, Kind::Directory, metadata, attributes(&source)?)?;
            return self.to.append(&entry, io::empty());
        }
        if file_type.is_char_device() || file_type.is_block_device() {
            return if path.starts_with("dev") {
                Ok(())
            } else {
                Err(refused("a device node, which no layer holds; remove it"))
            };
        }
        if let Some(first) = self.first_name(name, metadata) {
            // Docker gives the owner again to each name, by which the file loses its capabilities.
            let entry = entry(name.to_vec(), Kind::HardLink(first), metadata, attributes(&source)?)?;
            return self.to.append(&entry, io::empty());
        }
        if file_type.is_symlink() {
            let target = fs::read_link(&source)?.into_os_string().into_vec();
            let entry = entry(name.to_vec(), Kind::Symlink(target), metadata, Vec::new())?;
            return self.to.append(&entry, io::empty());
        }
        self.add_file(name, &source, metadata)
    }

    fn add_file(&mut self, name: &[u8], source: &Path, metadata: &Metadata) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW).open(source)?;
        let entry = entry(name.to_vec(), Kind::File { size: metadata.len() }, metadata, attributes(source)?)?;
        self.to.append(&entry, &mut file)?;
        grown(&mut file)
    }

    /// The name that stands for this file already; otherwise this one does from now on.
    fn first_name(&mut self, name: &[u8], metadata: &Metadata) -> Option<Vec<u8>> {
        if metadata.nlink() < 2 {
            return None;
        }
        let inode = (metadata.dev(), metadata.ino());
        let first = self.first_names.get(&inode).cloned();
        if first.is_none() {
            self.first_names.insert(inode, name.to_vec());
        }
        first
    }
}

fn entry(path: Vec<u8>, kind: Kind, metadata: &Metadata, attributes: Vec<Attribute>) -> io::Result<Entry> {
    let (uid, gid) = (metadata.uid(), metadata.gid());
    if uid.max(gid) > ID_MOST {
        let why = format!("its owner is {uid}:{gid}, but ids end at {ID_MOST}; give it to a lower id (`chown`)");
        return Err(refused(&why));
    }
    let modified = Modified { seconds: metadata.mtime(), nanoseconds: 0 };
    let mode = metadata.mode() & 0o7777;
    Ok(Entry { path, kind, mode, uid: uid.into(), gid: gid.into(), modified, attributes })
}

/// The attributes that a layer keeps, by name.
fn attributes(source: &Path) -> io::Result<Vec<Attribute>> {
    let mut kept = Vec::new();
    for name in xattr::list(source)? {
        if ELSEWHERE.iter().any(|elsewhere| name == *elsewhere) {
            return Err(refused("its content lies in another layer; mount layers without redirect_dir and metacopy"));
        }
        let bytes = name.as_bytes();
        let ours = bytes.starts_with(b"user.") && !bytes.starts_with(b"user.overlay.");
        if !ours && bytes != b"security.capability" {
            continue;
        }
        if let Some(value) = xattr::get(source, &name)? {
            kept.push((name.into_vec(), value));
        }
    }
    kept.sort();
    Ok(kept)
}

fn grown(file: &mut File) -> io::Result<()> {
    match file.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it grows while it is packed; stop what writes to it")),
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The error with the path that it is about.
fn at(path: &Path, err: &io::Error) -> io::Error {
    let path = path.as_os_str().as_bytes();
    io::Error::new(
        err.kind(),
        format!("cannot pack `{}`: {err}", if path.is_empty() { "/".into() } else { printable(path) }),
    )
}
