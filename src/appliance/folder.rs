//! An `.ovf` with its files beside it: no link is followed on the way to any of them.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::disks::{self, Content};
use super::files::{Found, Package, Source};
use super::{Algorithm, Limits, Refusal, Report, files, ovf, report};

/// The directory of a descriptor.
#[derive(Debug)]
struct Folder(OwnedFd);

/// Reads an appliance whose descriptor is `file`, at `path`.
///
/// # Errors
/// [`Refusal`] when something cannot be read, or must not be.
pub fn descriptor(path: &Path, file: File, limits: &Limits) -> Result<Report, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = bounded(file, &name, limits.descriptor)?;
    let appliance = ovf::read(&bytes, limits)?;
    let mut folder = Folder::of(path)?;
    let own = Path::new(&name).with_extension("mf").to_string_lossy().into_owned();
    let manifest = match folder.open(&own)? {
        Ok(manifest) => Some((own.clone(), bounded(manifest, &own, limits.manifest)?)),
        Err(_) => None,
    };
    let package = Package { descriptor: name.clone(), manifest, first: true };
    let (parts, findings) = files::examine(&appliance, &package, &mut folder, limits)?;
    Ok(report(&name, appliance, parts, findings))
}

/// The disks of an appliance whose descriptor is `file`, at `path`: files beside it.
///
/// # Errors
/// As [`descriptor`], or a disk that is not there.
pub(super) fn disks(path: &Path, file: File, limits: &Limits) -> Result<Vec<Content>, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let appliance = ovf::read(&bounded(file, &name, limits.descriptor)?, limits)?;
    let folder = Folder::of(path)?;
    let mut found = Vec::new();
    for names in disks::names(&appliance)? {
        let mut file = None;
        for name in &names {
            file = file.or(folder.open(name)?.ok());
        }
        let file = file.ok_or_else(|| Refusal::new("disk-refused-missing").with("name", &names[0]))?;
        let size = file.metadata().map_err(|err| unreadable(&err))?.len();
        found.push(Content { name: names[0].clone(), file, at: 0, size });
    }
    Ok(found)
}

/// All of a file that has at most so many bytes.
fn bounded(file: File, name: &str, most: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|err| unreadable(&err))?;
    if bytes.len() as u64 > most {
        return Err(Refusal::new("appliance-refused-large").with("name", name).with("most", most >> 10));
    }
    Ok(bytes)
}

impl Folder {
    /// That of the file at `path`.
    fn of(path: &Path) -> Result<Self, Refusal> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Folder(OwnedFd::from(File::open(parent).map_err(|err| unreadable(&err))?)))
    }

    /// Opens a regular file; what stands in its place otherwise is the inner error.
    fn open(&self, name: &str) -> Result<Result<File, Found>, Refusal> {
        // Without `O_NONBLOCK`, opening a pipe would wait for its other end.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut parts = name.split('/').peekable();
        let mut at = self.0.try_clone().map_err(|err| unreadable(&err))?;
        while let Some(part) = parts.next() {
            let directory = if parts.peek().is_some() { OFlag::O_DIRECTORY } else { OFlag::empty() };
            at = match openat(&at, part, flags | directory, Mode::empty()) {
                Ok(fd) => fd,
                Err(Errno::ENOENT | Errno::ENAMETOOLONG) => return Ok(Err(Found::Missing)),
                // A link, a link where a directory should be, and a socket.
                Err(Errno::ELOOP | Errno::ENOTDIR | Errno::ENXIO) => return Ok(Err(Found::NoFile)),
                Err(err) => return Err(unreadable(&err.into())),
            };
        }
        let file = File::from(at);
        let is_file = file.metadata().map_err(|err| unreadable(&err))?.is_file();
        Ok(if is_file { Ok(file) } else { Err(Found::NoFile) })
    }
}

impl Source for Folder {
    fn find(&mut self, name: &str) -> Result<Found, Refusal> {
        match self.open(name)? {
            Ok(file) => Ok(Found::File(file.metadata().map_err(|err| unreadable(&err))?.len())),
            Err(found) => Ok(found),
        }
    }

    fn hash(&mut self, name: &str, algorithm: Algorithm) -> Result<String, Refusal> {
        match self.open(name)? {
            Ok(file) => {
                // One that grows while it is read has an end all the same.
                let size = file.metadata().map_err(|err| unreadable(&err))?.len();
                Ok(algorithm.of(file.take(size)).map_err(|err| unreadable(&err))?.0)
            }
            Err(_) => Err(unreadable(&io::ErrorKind::NotFound.into())),
        }
    }

    /// Others may have files here, too; they are no part of the appliance.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fn unreadable(err: &io::Error) -> Refusal {
    Refusal::new("appliance-refused-unreadable").with("why", err)
}
