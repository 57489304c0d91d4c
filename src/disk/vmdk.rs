//! VMDK in one file (VMware: "Virtual Disk Format 5.0"): sparse, or as exports have it, compressed.

use super::{Part, Refusal, damaged, le32, le64};

/// How such a file begins.
pub const MAGIC: &[u8] = b"KDMV";
/// How a file begins that only names others.
pub const DESCRIPTOR: &[u8] = b"# Disk DescriptorFile";
const SECTOR: u64 = 512;
/// The directory is told by the footer, which compressed disks end with: footer, and an end of stream, each a sector.
const AT_END: u64 = u64::MAX;
/// Longest descriptor inside.
const DESCRIPTOR_MOST: u64 = 64 << 10;

/// The disk's capacity in bytes.
pub fn capacity(part: &Part) -> Result<u64, Refusal> {
    let mut header: [u8; 512] = part.bytes(0)?;
    if le64(&header, 56) == AT_END {
        let footer_at = part.length.checked_sub(2 * SECTOR).ok_or_else(|| Refusal::new("disk-refused-truncated"))?;
        let footer: [u8; 512] = part.bytes(footer_at)?;
        if !footer.starts_with(MAGIC) {
            return Err(Refusal::new("disk-refused-truncated"));
        }
        header[56..64].copy_from_slice(&footer[56..64]);
    }
    let (sectors, grain) = (le64(&header, 12), le64(&header, 20));
    descriptor(part, le64(&header, 28), le64(&header, 36))?;
    let entries = u64::from(le32(&header, 44));
    if grain == 0 || entries == 0 || grain > 1 << 20 || entries > 1 << 16 {
        return Err(damaged("a grain that is none"));
    }
    let capacity = sectors.checked_mul(SECTOR).ok_or_else(|| damaged("an impossible capacity"))?;
    let tables = sectors.div_ceil(grain * entries);
    let directory_at = le64(&header, 56).checked_mul(SECTOR).ok_or_else(|| damaged("an impossible offset"))?;
    for table in part.table(directory_at, tables.saturating_mul(4))?.chunks_exact(4).map(|entry| le32(entry, 0)) {
        if table != 0 {
            part.holds(u64::from(table) * SECTOR, entries * 4)?;
            for grain in part.table(u64::from(table) * SECTOR, entries * 4)?.chunks_exact(4) {
                // 1 is a grain of zeros, which is nowhere.
                if le32(grain, 0) > 1 {
                    part.holds(u64::from(le32(grain, 0)) * SECTOR, 1)?;
                }
            }
        }
    }
    Ok(capacity)
}

/// What the descriptor inside says of other files, and of keys.
fn descriptor(part: &Part, at: u64, sectors: u64) -> Result<(), Refusal> {
    let at = at.checked_mul(SECTOR).ok_or_else(|| damaged("an impossible offset"))?;
    let text = part.table(at, sectors.saturating_mul(SECTOR).min(DESCRIPTOR_MOST))?;
    let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
    let value = |name: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines
            .filter(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
            .next_back()
    };
    if text.contains("encryption.keysafe") {
        return Err(Refusal::new("disk-refused-encrypted"));
    }
    match value("parentcid").as_deref() {
        None | Some("ffffffff") => Ok(()),
        Some(_) => {
            let parent = value("parentfilenamehint").unwrap_or_default();
            Err(Refusal::new("disk-refused-backing").with("backing", parent))
        }
    }
}
