//! The disks of an appliance as stretches of files, for whoever boots them; nothing is unpacked.

use std::fs::File;
use std::path::Path;

use super::files::percent;
use super::{Appliance, Limits, Refusal, archive, astray, ended, folder};

/// Where a disk's content is.
#[derive(Debug)]
pub struct Content {
    /// Its name in the appliance.
    pub name: String,
    /// The file it is in.
    pub file: File,
    /// Where it begins there.
    pub at: u64,
    /// How long it is.
    pub size: u64,
}

/// The disks that have a content, in the order of the descriptor. `file` is what is at `path`.
///
/// # Errors
/// [`Refusal`] when the appliance cannot be read, or must not be.
pub fn disks(path: &Path, file: File, limits: &Limits) -> Result<Vec<Content>, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if ended(&name, "ovf") { folder::disks(path, file, limits) } else { archive::disks(file, limits) }
}

/// The names of the files that hold a disk's content, as the descriptor spells them and without percent-encoding.
///
/// # Errors
/// A name that leads out of the appliance.
pub(super) fn names(appliance: &Appliance) -> Result<Vec<[String; 2]>, Refusal> {
    let files = appliance.disks.iter().filter_map(|disk| disk.file.as_ref());
    let hrefs = files.filter_map(|file| appliance.references.iter().find(|reference| reference.id == *file));
    let names: Vec<[String; 2]> = hrefs.map(|reference| [reference.href.clone(), percent(&reference.href)]).collect();
    match names.iter().flatten().find_map(|name| astray(name)) {
        Some(refusal) => Err(refusal),
        None => Ok(names),
    }
}
