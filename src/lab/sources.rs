//! The images' sources, `containers/<image>/`: found, hashed, and packed as a build context.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::LabError;
use super::base::Release;
use crate::evidence::bundle::hex;
use crate::image::context::ContextFile;

/// Most bytes of one image's sources: they are Dockerfiles and small files.
const MOST: u64 = 64 << 20;
/// The build argument of images that take something from a newer release than their base: the release that was asked for.
const RELEASE: &str = "RELEASE";

/// An image's directory, read whole.
#[derive(Debug, Clone)]
pub struct Source {
    /// Image name.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<ContextFile>,
}

/// An image of `containers/` and whether the backend has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ImageState {
    /// Name.
    pub name: String,
    /// Reference with the tag of its present content; the base's is not known before there is a base.
    pub reference: Option<String>,
    /// Size in bytes, if it is there.
    pub size: Option<i64>,
}

/// References of the named images, if they are built: of all, where none is named. What is none of the course's is a reference.
///
/// # Errors
/// The first that is not, and how to build it.
pub fn built(states: &[ImageState], names: &[String]) -> Result<Vec<String>, String> {
    let others = names.iter().filter(|name| states.iter().all(|state| state.name != **name));
    let others: Vec<Result<String, String>> = others.map(|name| Ok(name.clone())).collect();
    let wanted = states.iter().filter(|state| names.is_empty() || names.contains(&state.name));
    let built = wanted.map(|state| {
        let reference = state.reference.clone().filter(|_| state.size.is_some());
        reference.ok_or_else(|| format!("image `{}` is not built; run `saiten images build`", state.name))
    });
    built.chain(others).collect()
}

/// A file that gets its name when it is whole, in the directory of that name. Who may read it is the umask's to decide: it is
/// made to be handed on.
///
/// # Errors
/// A directory that cannot be written.
pub fn part_of(file: &Path) -> io::Result<tempfile::NamedTempFile> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".saiten-").permissions(fs::Permissions::from_mode(0o666)).tempfile_in(dir)
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
    files.sort_by(|a: &ContextFile, b| a.path.cmp(&b.path));
    Ok(Source { name: name.to_owned(), dir, files })
}

fn collect(dir: &Path, below: &Path, files: &mut Vec<ContextFile>, left: &mut u64) -> io::Result<()> {
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
            files.push(ContextFile { content: fs::read(dir.join(&path))?, path, mode });
        }
    }
    Ok(())
}

impl Source {
    /// The image's reference: its tag is a hash of the directory, of the base's [identity](super::base::identity), and of the release
    /// that was asked for, where that makes a difference.
    pub fn reference(&self, base_id: &str, release: &Release) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        add(base_id.as_bytes());
        for ContextFile { path, mode, content } in &self.files {
            add(path.as_os_str().as_encoded_bytes());
            add(&mode.to_be_bytes());
            add(content);
        }
        if let Some(suite) = self.release(release) {
            add(suite.as_bytes());
        }
        format!("saiten/{}:{}", self.name, &hex(&hash.finalize())[..12])
    }

    /// The build arguments.
    pub fn arguments<'a>(&self, base: &'a str, release: &'a Release) -> impl Iterator<Item = (&'static str, &'a str)> {
        [("BASE", base)].into_iter().chain(self.release(release).map(|suite| (RELEASE, suite)))
    }

    /// The release that was asked for, if its Dockerfile wants to know.
    fn release<'a>(&self, release: &'a Release) -> Option<&'a str> {
        let declares = |line: &str| line.strip_prefix("ARG ").is_some_and(|name| name.trim() == RELEASE);
        release.asked_for().filter(|_| self.dockerfile().is_ok_and(|text| text.lines().any(declares)))
    }

    /// The text of its Dockerfile.
    ///
    /// # Errors
    /// One that is not UTF-8.
    pub fn dockerfile(&self) -> io::Result<String> {
        let found = self.files.iter().find(|file| file.path == Path::new("Dockerfile"));
        let content = found.map(|file| file.content.clone()).unwrap_or_default();
        String::from_utf8(content).map_err(|err| io::Error::new(io::ErrorKind::InvalidData, err))
    }

    /// The directory as a tar archive.
    ///
    /// # Errors
    /// A path that tar cannot hold.
    pub fn tarball(&self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for ContextFile { path, mode, content } in &self.files {
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
        let reference = |base: &str| read(dir.path(), "x").unwrap().reference(base, &Release::default());
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

    #[test]
    fn a_release_is_told_to_the_image_that_wants_to_know_which_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, asked) = (Release::default(), Release::named("bookworm").unwrap());
        let source = |dockerfile: &str| {
            fs::create_dir_all(dir.path().join("x")).unwrap();
            fs::write(dir.path().join("x/Dockerfile"), dockerfile).unwrap();
            read(dir.path(), "x").unwrap()
        };
        let same = source("ARG BASE\nFROM $BASE\n# ARG RELEASE\n");
        assert_eq!(same.reference("base", &plain), same.reference("base", &asked));
        assert_eq!(same.arguments("base", &asked).collect::<Vec<_>>(), [("BASE", "base")]);
        let wants = source("ARG BASE\nFROM $BASE\nARG RELEASE\n");
        assert_ne!(wants.reference("base", &plain), wants.reference("base", &asked));
        assert_eq!(wants.arguments("base", &plain).collect::<Vec<_>>(), [("BASE", "base")]);
        assert_eq!(wants.arguments("base", &asked).collect::<Vec<_>>(), [("BASE", "base"), ("RELEASE", "bookworm")]);
    }
}
