//! The directory that is unpacked into: every path is resolved by the kernel below it, one parent at a time.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags};
use nix::sys::stat::{fchmodat, fstatat, futimens, makedev, mkdirat, mknodat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};

use super::Target;
use super::metadata::{Metadata, set_attribute, time};
use super::name::InsidePath;
use super::refusal::{Refusal, Trouble, failed};
use crate::image::stream::{Modified, printable};
use crate::image::whiteout::OPAQUE_ATTRIBUTE;

/// How often a path is looked up again when something was renamed elsewhere on the machine at that moment.
const LOOK_UPS: usize = 100;

/// A directory and how paths are resolved below it.
pub struct Root {
    directory: OwnedFd,
    target: Target,
}

impl Root {
    /// Opens the directory.
    pub fn open(path: &Path, target: Target) -> io::Result<Self> {
        Ok(Root { directory: File::open(path)?.into(), target })
    }

    /// The deepest directory on the way to `path` that is there, and the names that are missing below it.
    pub fn nearest<'a>(&self, path: &'a Path) -> Result<(OwnedFd, Vec<&'a OsStr>), Trouble> {
        let mut missing = Vec::new();
        let mut there = path;
        loop {
            match (self.resolve(there, OFlag::O_PATH | OFlag::O_DIRECTORY), there.parent(), there.file_name()) {
                (Err(Errno::ENOENT), Some(parent), Some(name)) => {
                    missing.push(name);
                    there = parent;
                }
                (Err(Errno::ELOOP), ..) if self.target == Target::Layer => return Err(Refusal::ThroughSymlink.into()),
                (Err(Errno::ENOTDIR | Errno::ELOOP), ..) => return Err(Refusal::ThroughFile.into()),
                (Err(errno), ..) => return Err(failed("open its directory")(errno)),
                (Ok(directory), ..) => {
                    missing.reverse();
                    return Ok((directory, missing));
                }
            }
        }
    }

    /// Makes a directory of root's with mode 0755 and opens it.
    pub fn make_directory(&self, parent: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Trouble> {
        match mkdirat(parent, name, Mode::S_IRWXU) {
            // It is there, but not as a directory.
            Err(Errno::EEXIST) => return Err(Refusal::ThroughFile.into()),
            made => made.map_err(failed("make its directory"))?,
        }
        let (root, mode) = (Some(Uid::from_raw(0)), Mode::from_bits_truncate(0o755));
        fchownat(parent, name, root, Some(Gid::from_raw(0)), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(failed("set its directory's owner"))?;
        fchmodat(parent, name, mode, FchmodatFlags::FollowSymlink).map_err(failed("set its directory's mode"))?;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        openat(parent, name, flags, Mode::empty()).map_err(failed("open its directory"))
    }

    /// Puts a directory there, or keeps the content of the one that is there.
    pub fn place_directory(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        path: &Path,
        metadata: &Metadata<'_>,
    ) -> Result<(), Trouble> {
        let there = status(parent, name)?;
        let kept = match self.target {
            Target::Layer => there.as_ref().is_some_and(is_directory),
            Target::Tree => self.resolve(path, OFlag::O_PATH | OFlag::O_DIRECTORY).is_ok(),
        };
        if !kept {
            clear(parent, name)?;
            mkdirat(parent, name, Mode::S_IRWXU).map_err(failed("make the directory"))?;
        }
        self.set_directory(path, metadata)?;
        match there {
            // The layers below are still to be hidden.
            Some(there) if is_whiteout(&there) => self.set_opaque(path),
            _ => Ok(()),
        }
    }

    /// Sets a directory's metadata, except for its time.
    pub fn set_directory(&self, path: &Path, metadata: &Metadata<'_>) -> Result<(), Trouble> {
        metadata.apply(&self.open_directory(path)?)
    }

    /// Sets a directory's time, unless a later entry has put something else in its place.
    pub fn set_directory_time(&self, path: &Path, modified: Modified) -> Result<(), Trouble> {
        let directory = match self.resolve(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(()),
            opened => opened.map_err(failed("open the directory"))?,
        };
        futimens(&directory, &TimeSpec::UTIME_OMIT, &time(modified)).map_err(failed("set the time"))
    }

    /// Hides what the layers below have in a directory.
    pub fn set_opaque(&self, path: &Path) -> Result<(), Trouble> {
        set_attribute(&self.open_directory(path)?, OsStr::new(OPAQUE_ATTRIBUTE), b"y")
    }

    /// Hides a name in the layers below. What this layer itself has there stays, for it lies above them.
    pub fn hide(&self, parent: &OwnedFd, name: &OsStr) -> Result<(), Trouble> {
        match status(parent, name)? {
            Some(there) if is_directory(&there) => {
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                let directory = openat(parent, name, flags, Mode::empty()).map_err(failed("open the directory"))?;
                set_attribute(&File::from(directory), OsStr::new(OPAQUE_ATTRIBUTE), b"y")
            }
            Some(_) => Ok(()),
            None => {
                mknodat(parent, name, SFlag::S_IFCHR, Mode::empty(), makedev(0, 0)).map_err(failed("make a whiteout"))
            }
        }
    }

    /// Puts a file there.
    pub fn place_file(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        mut content: impl Read,
        metadata: &Metadata<'_>,
    ) -> Result<(), Trouble> {
        clear(parent, name)?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(parent, name, flags, Mode::S_IRUSR | Mode::S_IWUSR).map_err(failed("make the file"))?;
        let mut file = File::from(file);
        io::copy(&mut content, &mut file).map_err(|err| Trouble::Failed("unpack its content", err))?;
        metadata.apply(&file)?;
        futimens(&file, &TimeSpec::UTIME_OMIT, &time(metadata.modified)).map_err(failed("set the time"))
    }

    /// Puts a symbolic link there.
    pub fn place_symlink(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        to: &[u8],
        metadata: &Metadata<'_>,
    ) -> Result<(), Trouble> {
        if to.is_empty() {
            return Err(Refusal::NoTarget.into());
        }
        clear(parent, name)?;
        symlinkat(to, parent, name).map_err(failed("make the symbolic link"))?;
        fchownat(parent, name, Some(metadata.uid), Some(metadata.gid), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(failed("set the owner"))?;
        let modified = time(metadata.modified);
        utimensat(parent, name, &TimeSpec::UTIME_OMIT, &modified, UtimensatFlags::NoFollowSymlink)
            .map_err(failed("set the time"))
    }

    /// Makes another name of a file or symbolic link that is there.
    pub fn place_hard_link(&self, parent: &OwnedFd, name: &OsStr, to: &InsidePath) -> Result<(), Trouble> {
        let missing = || Refusal::LinkMissing(printable(to.as_path().as_os_str().as_bytes()));
        let (from, from_name) = to.split().ok_or(Refusal::NoTarget)?;
        let (from, absent) = self.nearest(from)?;
        let target = if absent.is_empty() { status(&from, from_name)? } else { None };
        let target =
            target.filter(|target| matches!(kind(target), SFlag::S_IFREG | SFlag::S_IFLNK)).ok_or_else(missing)?;
        match status(parent, name)? {
            // Already the same file; clearing the name might remove the only one.
            Some(there) if (there.st_dev, there.st_ino) == (target.st_dev, target.st_ino) => Ok(()),
            _ => {
                clear(parent, name)?;
                linkat(&from, from_name, parent, name, LinkatFlags::empty()).map_err(failed("make the hard link"))
            }
        }
    }

    fn open_directory(&self, path: &Path) -> Result<File, Trouble> {
        self.resolve(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY).map(File::from).map_err(failed("open the directory"))
    }

    fn resolve(&self, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let within = match self.target {
            Target::Layer => ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS,
            Target::Tree => ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        };
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(within);
        let look_up = || openat2(&self.directory, path, how);
        // EAGAIN: a rename anywhere on the machine raced with a `..` in a symbolic link.
        (1..LOOK_UPS).map(|_| look_up()).find(|found| !matches!(found, Err(Errno::EAGAIN))).unwrap_or_else(look_up)
    }
}

/// Removes what is in the way of something that is no directory; a directory only when it is empty.
fn clear(parent: &OwnedFd, name: &OsStr) -> Result<(), Trouble> {
    let flag = match status(parent, name)? {
        None => return Ok(()),
        Some(there) if is_directory(&there) => UnlinkatFlags::RemoveDir,
        Some(_) => UnlinkatFlags::NoRemoveDir,
    };
    match unlinkat(parent, name, flag) {
        Err(Errno::ENOTEMPTY | Errno::EEXIST | Errno::EBUSY) => Err(Refusal::InTheWay.into()),
        removed => removed.map_err(failed("remove what is in its place")),
    }
}

fn status(parent: impl AsFd, name: &OsStr) -> Result<Option<FileStat>, Trouble> {
    match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(status) => Ok(Some(status)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(failed("look at its place")(errno)),
    }
}

fn kind(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT
}

fn is_directory(status: &FileStat) -> bool {
    kind(status) == SFlag::S_IFDIR
}

fn is_whiteout(status: &FileStat) -> bool {
    kind(status) == SFlag::S_IFCHR && status.st_rdev == makedev(0, 0)
}
