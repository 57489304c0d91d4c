//! A disk byte for byte: it has a boot sector, and holds all of its partitions.

use super::{Part, Refusal, le32, le64};

const SECTOR: u64 = 512;
const SIGNATURE_AT: usize = 510;
const TABLE_AT: usize = 446;
const ENTRY: usize = 16;
/// The kind of the one entry that stands for a GUID partition table.
const PROTECTIVE: u8 = 0xee;

/// The disk's capacity in bytes.
pub fn capacity(part: &Part, start: &[u8; 512]) -> Result<u64, Refusal> {
    if start[SIGNATURE_AT..] != [0x55, 0xaa] {
        return Err(Refusal::new("disk-refused-no-disk"));
    }
    for entry in start[TABLE_AT..SIGNATURE_AT].chunks_exact(ENTRY) {
        let (kind, first, count) = (entry[4], u64::from(le32(entry, 8)), u64::from(le32(entry, 12)));
        // A boot sector of a file system has code here; whatever is no entry says nothing.
        let is_entry = matches!(entry[0], 0 | 0x80) && kind != 0 && kind != PROTECTIVE && first > 0;
        if is_entry {
            part.holds(0, (first + count) * SECTOR)?;
        }
    }
    let guid: [u8; 512] = if part.length >= 2 * SECTOR { part.bytes(SECTOR)? } else { [0; 512] };
    if guid.starts_with(b"EFI PART") {
        // The other copy of the table stands in the last sector.
        part.holds(le64(&guid, 32).saturating_mul(SECTOR), SECTOR)?;
    }
    Ok(part.length)
}
