//! VDI (VirtualBox: src/VBox/Storage/VDICore.h, version 1.1).

use super::{Part, Refusal, damaged, le32, le64};

/// Where the signature is.
pub const MAGIC_AT: usize = 0x40;
/// The signature.
pub const MAGIC: &[u8] = &0xbeda_107f_u32.to_le_bytes();
/// The kinds that are whole: growing, and of fixed size. The others are made of what changed on another disk.
const WHOLE: [u32; 2] = [1, 2];

/// The disk's capacity in bytes.
pub fn capacity(part: &Part) -> Result<u64, Refusal> {
    let header: [u8; 512] = part.bytes(0)?;
    if le32(&header, 0x44) >> 16 != 1 {
        return Err(damaged("a VDI version that is none"));
    }
    if !WHOLE.contains(&le32(&header, 0x4c)) {
        return Err(Refusal::new("disk-refused-backing").with("backing", "?"));
    }
    let (map_at, data_at) = (le32(&header, 0x154), le32(&header, 0x158));
    let capacity = le64(&header, 0x170);
    let (block, blocks, allocated) = (le32(&header, 0x178), le32(&header, 0x180), le32(&header, 0x184));
    if !block.is_power_of_two() || u64::from(block) * u64::from(blocks) < capacity {
        return Err(damaged("a block size that is none"));
    }
    part.holds(map_at.into(), u64::from(blocks) * 4)?;
    part.holds(data_at.into(), u64::from(block).saturating_mul(allocated.into()))?;
    Ok(capacity)
}
