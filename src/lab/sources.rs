//! The images' sources, `containers/<image>/`: found, hashed, and packed as a build context.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::LabError;
use crate::evidence::bundle::hex;

/// Most bytes of one image's sources: they are Dockerfiles and small files.
const MOST: u64 = 64 << 20;

/// An image's directory, read whole.
#[derive(Debug, Clone)]
pub struct Source {
    /// Image name.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    files: Vec<(PathBuf, u32, Vec<u8>)>,
}

/// Names of all images below `containers`, sorted.
pub fn names(containers: &Path) -> Vec<String> {
    let entries = fs::read_dir(containers).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("Dockerfile").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// Reads an image's directory.
///
/// # Errors
/// No such image, or a directory that cannot be read or is larger than 64 MiB.
pub fn read(containers: &Path, name: &str) -> Result<Source, LabError> {
    let dir = containers.join(name);
    if !dir.join("Dockerfile").is_file() {
        let known = names(containers).join(", ");
        return Err(LabError::backend(
            format!("there is no image `{name}`"),
            format!("{} has: {known}", containers.display()),
        ));
    }
    let mut files = Vec::new();
    let mut left = MOST;
    collect(&dir, Path::new(""), &mut files, &mut left)
        .map_err(|source| LabError::Own { what: format!("cannot read {}", dir.display()), source })?;
    files.sort();
    Ok(Source { name: name.to_owned(), dir, files })
}

fn collect(dir: &Path, below: &Path, files: &mut Vec<(PathBuf, u32, Vec<u8>)>, left: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(dir.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(dir, &path, files, left)?;
        } else if kind.is_file() {
            let data = entry.metadata()?;
            *left = left.checked_sub(data.len()).ok_or_else(|| io::Error::other("larger than 64 MiB"))?;
            // Only the executable bit counts: the rest differs from one checkout to the next.
            let mode = if data.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            files.push((path.clone(), mode, fs::read(dir.join(&path))?));
        }
    }
    Ok(())
}

impl Source {
    /// The image's reference: its tag is a hash of the directory and of the base's content id.
    pub fn reference(&self, base_id: &str) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        add(base_id.as_bytes());
        for (path, mode, content) in &self.files {
            add(path.as_os_str().as_encoded_bytes());
            add(&mode.to_be_bytes());
            add(content);
        }
        format!("saiten/{}:{}", self.name, &hex(&hash.finalize())[..12])
    }

    /// The directory as a tar archive.
    ///
    /// # Errors
    /// A path that tar cannot hold.
    pub fn tarball(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, mode, content) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(*mode);
            archive.append_data(&mut header, path, content.as_slice())?;
        }
        archive.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_follows_content_mode_and_base() {
        let dir = tempfile::tempdir().unwrap();
        let image = dir.path().join("x");
        fs::create_dir_all(image.join("etc")).unwrap();
        fs::write(image.join("Dockerfile"), "ARG BASE\nFROM $BASE\n").unwrap();
        fs::write(image.join("etc/run"), "one").unwrap();
        let reference = |base: &str| read(dir.path(), "x").unwrap().reference(base);
        let first = reference("base");
        assert!(first.starts_with("saiten/x:") && first == reference("base"));
        assert_ne!(first, reference("another base"));
        fs::write(image.join("etc/run"), "two").unwrap();
        let second = reference("base");
        assert_ne!(first, second);
        fs::set_permissions(image.join("etc/run"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_ne!(second, reference("base"));
        assert_eq!(names(dir.path()), ["x"]);
        assert!(read(dir.path(), "y").unwrap_err().to_string().contains("has: x"));
    }
}
