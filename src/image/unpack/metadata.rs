//! Owner, mode and attributes of an entry: what is restored, and what is refused.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::{Mode, fchmod};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchown};
use xattr::FileExt;

use super::ID_MOST;
use super::refusal::{Refusal, Trouble, failed};
use crate::image::stream::{Attribute, Entry, Modified, printable};

/// Owner, mode, time and attributes, checked.
pub struct Metadata<'a> {
    /// Owner.
    pub uid: Uid,
    /// Group.
    pub gid: Gid,
    mode: Mode,
    attributes: Vec<&'a Attribute>,
    /// When the content was last changed.
    pub modified: Modified,
}

impl<'a> Metadata<'a> {
    /// Checks what an entry asks for.
    pub fn of(entry: &'a Entry) -> Result<Self, Refusal> {
        let id = |id: u64| u32::try_from(id).ok().filter(|id| *id <= ID_MOST);
        let refused = || Refusal::Owner { uid: entry.uid, gid: entry.gid };
        let (uid, gid) = id(entry.uid).zip(id(entry.gid)).ok_or_else(refused)?;
        let (uid, gid, mode) = (Uid::from_raw(uid), Gid::from_raw(gid), Mode::from_bits_truncate(entry.mode));
        let mut attributes = Vec::new();
        for attribute in &entry.attributes {
            let (name, _) = attribute;
            if name.starts_with(b"user.overlay.") || name.starts_with(b"trusted.overlay.") {
                return Err(Refusal::OverlayAttribute(printable(name)));
            }
            // Labels of SELinux and the like belong to the machine that the image was built on.
            if name == b"security.capability" || name.starts_with(b"user.") {
                attributes.push(attribute);
            }
        }
        Ok(Metadata { uid, gid, mode, attributes, modified: entry.modified })
    }

    /// Sets everything but the time, in this order: chown(2) takes the setuid bits and the capabilities away.
    pub fn apply(&self, to: &File) -> Result<(), Trouble> {
        fchown(to, Some(self.uid), Some(self.gid)).map_err(failed("set the owner"))?;
        fchmod(to, self.mode).map_err(failed("set the mode"))?;
        for (name, value) in &self.attributes {
            set_attribute(to, OsStr::from_bytes(name), value)?;
        }
        Ok(())
    }
}

/// Sets one extended attribute.
pub fn set_attribute(to: &File, name: &OsStr, value: &[u8]) -> Result<(), Trouble> {
    to.set_xattr(name, value).map_err(|err| Trouble::Failed("set an extended attribute", err))
}

/// A time as the system takes it.
pub fn time(modified: Modified) -> TimeSpec {
    TimeSpec::new(modified.seconds, modified.nanoseconds.into())
}
