//! The disk of an appliance: a stretch of the archive, or a file beside the descriptor.

use std::path::Path;
use std::sync::Arc;

use super::{Part, Refusal};
use crate::appliance::{self, Limits};

/// Whether a file is an appliance: a descriptor, or an archive.
pub fn is_appliance(path: &Path, part: &Part) -> Result<bool, Refusal> {
    let is_named = |ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    let mut start = vec![0; usize::try_from(part.length.min(512)).unwrap_or_default()];
    part.read_at(0, &mut start)?;
    // A tar archive says so behind the first header's fields (POSIX.1-1988: ustar).
    let is_archive = start.get(257..262).is_some_and(|magic| magic == b"ustar");
    Ok(is_named("ovf") || is_named("ova") || is_archive)
}

/// Takes the disk, if there is exactly one.
pub fn disk(path: &Path, part: &Part) -> Result<Part, Refusal> {
    let refuse = |refusal: appliance::Refusal| Refusal(refusal.0);
    let file = part.file.try_clone()?;
    let found = appliance::disks(path, file, &Limits::default()).map_err(refuse)?;
    match found.as_slice() {
        [] => Err(Refusal::new("disk-refused-appliance-none")),
        [appliance::Content { file, at, size, .. }] => {
            let file = file.try_clone()?;
            Ok(Part { file: Arc::new(file), start: *at, length: *size })
        }
        [_, ..] => Err(Refusal::new("disk-refused-appliance-several").with("count", found.len())),
    }
}
