//! qcow2 (QEMU: docs/interop/qcow2.txt): whether all of it is here, in this file, and readable.

use super::{Part, Refusal, TABLES_MOST, be32, be64, damaged};

/// How such a file begins.
pub const MAGIC: &[u8] = b"QFI\xfb";
/// The content is in another file.
const DATA_FILE: u64 = 1 << 2;
/// Bits of an entry that are an offset.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const COMPRESSED: u64 = 1 << 62;
/// Cluster sizes that QEMU takes, as powers of two.
const CLUSTERS: std::ops::RangeInclusive<u32> = 9..=21;
/// Longest name of another file.
const NAME_MOST: u32 = 1023;

/// The disk's capacity in bytes.
pub fn capacity(part: &Part) -> Result<u64, Refusal> {
    let header: [u8; 104] = part.bytes(0)?;
    let version = be32(&header, 4);
    if !(2..=3).contains(&version) {
        return Err(damaged("a qcow2 version that is none"));
    }
    let (name_at, name_length) = (be64(&header, 8), be32(&header, 16));
    let bits = be32(&header, 20);
    let capacity = be64(&header, 24);
    if be32(&header, 32) != 0 {
        return Err(Refusal::new("disk-refused-encrypted"));
    }
    if name_at != 0 {
        let name = part.table(name_at, name_length.min(NAME_MOST).into())?;
        return Err(Refusal::new("disk-refused-backing").with("backing", String::from_utf8_lossy(&name)));
    }
    if version == 3 && be64(&header, 72) & DATA_FILE != 0 {
        return Err(Refusal::new("disk-refused-extents"));
    }
    if !CLUSTERS.contains(&bits) {
        return Err(damaged("a cluster size that is none"));
    }
    let (first_at, first_length) = (be64(&header, 40), be32(&header, 36));
    // An entry of the first table stands for a table of entries, which is one cluster and has one for each cluster.
    let covered = u128::from(first_length) << (2 * bits - 3);
    if covered < u128::from(capacity) {
        return Err(damaged("a first table that is too short"));
    }
    let cluster = 1 << bits;
    part.holds(be64(&header, 48), u64::from(be32(&header, 56)) * cluster)?;
    whole(part, &part.table(first_at, u64::from(first_length) * 8)?, cluster)?;
    Ok(capacity)
}

/// Whether everything that the tables point to is there. Of very many tables, only so many are looked at.
fn whole(part: &Part, first: &[u8], cluster: u64) -> Result<(), Refusal> {
    let mut left = TABLES_MOST;
    for entry in first.chunks_exact(8).map(|entry| be64(entry, 0) & OFFSET).filter(|entry| *entry != 0) {
        if left < cluster {
            // The rest is at least not behind the end.
            part.holds(entry, cluster)?;
            continue;
        }
        left -= cluster;
        for entry in part.table(entry, cluster)?.chunks_exact(8).map(|entry| be64(entry, 0)) {
            // A compressed cluster says how many sectors it has, the last of which may be cut off.
            let found = if entry & COMPRESSED != 0 { 0 } else { entry & OFFSET };
            // The last cluster may end where the file does.
            if found != 0 {
                part.holds(found, 1)?;
            }
        }
    }
    Ok(())
}
