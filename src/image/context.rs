//! The build context: which of its files a COPY takes, and where they go.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Files beside the Dockerfile by which Docker leaves others out.
const IGNORE_FILES: [&str; 2] = [".dockerignore", "Dockerfile.dockerignore"];

/// A file of the build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Path relative to the context.
    pub path: PathBuf,
    /// Permission bits: 0o644 or 0o755.
    pub mode: u32,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The tar archive that a COPY unpacks into the image's root.
///
/// It has one entry for each file, sorted by path, of owner 0:0 and time 0, and none for directories: the unpacker
/// makes those that are missing. The same files, sources and destination give the same bytes, and a change of a path,
/// a mode or a content gives others: they are what to hash for a cache.
///
/// `destination` is absolute. It is a directory if it ends in `/` or there are several sources, and for the contents
/// of a source that is a directory; otherwise it is the path of the one file. What the image has there is not known
/// here: where that is a directory, Docker puts the file into it, and the caller has to add the `/`.
///
/// # Errors
/// A source that is not in the context or leaves it, a destination that is not absolute, two files of which one would
/// have to be the other's directory, a `.dockerignore` in the context.
pub fn copied(files: &[ContextFile], sources: &[String], destination: &str) -> Result<Vec<u8>, String> {
    if let Some(file) = files.iter().find(|file| IGNORE_FILES.iter().any(|name| file.path == Path::new(name))) {
        let name = file.path.display();
        return Err(format!(
            "`{name}` in the build context is not supported; remove it and let COPY name what is needed"
        ));
    }
    let to = destination
        .strip_prefix('/')
        .and_then(clean)
        .ok_or_else(|| format!("COPY to `{destination}`: not an absolute path within the image"))?;
    let into = destination.ends_with('/') || sources.len() > 1;
    let mut placed = BTreeMap::new();
    for source in sources {
        placed.extend(taken(files, source, &to, into)?);
    }
    if let Some((file, below)) = placed.keys().zip(placed.keys().skip(1)).find(|(file, next)| next.starts_with(file)) {
        let (file, below) = (file.display(), below.display());
        return Err(format!("COPY to `{destination}`: `/{file}` would be a file and the directory of `/{below}`"));
    }
    archive(&placed).map_err(|err| format!("COPY to `{destination}`: {err}"))
}

/// What one source gives: places below the image's root and the files to put there. `into` says that `to` is a
/// directory even for a single file.
fn taken<'a>(
    files: &'a [ContextFile],
    source: &str,
    to: &Path,
    into: bool,
) -> Result<Vec<(PathBuf, &'a ContextFile)>, String> {
    let wanted = clean(source).ok_or_else(|| {
        format!("COPY `{source}` leaves the build context; it takes only what is beside the Dockerfile")
    })?;
    let taken: Vec<_> = if let Some(file) = files.iter().find(|file| file.path == wanted) {
        let name = wanted.file_name().filter(|_| into);
        vec![(name.map_or_else(|| to.to_owned(), |name| to.join(name)), file)]
    } else {
        let below = |file: &'a ContextFile| Some((to.join(file.path.strip_prefix(&wanted).ok()?), file));
        files.iter().filter_map(below).collect()
    };
    if taken.is_empty() {
        return Err(format!("COPY `{source}`: there is no such file beside the Dockerfile"));
    }
    Ok(taken)
}

/// A path relative to a root, without `.` and `..`; `None` if it leaves the root. A leading `/` is the root.
fn clean(path: &str) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir => clean.pop().then_some(())?,
            Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

fn archive(placed: &BTreeMap<PathBuf, &ContextFile>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, file) in placed {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        archive.append_data(&mut header, path, file.content.as_slice())?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests;
