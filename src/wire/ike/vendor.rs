//! What the sender of an IKE message says that it speaks besides the standard.

use std::fmt;

/// NAT traversal, by what defines it: the MD5 of its name (RFC 3947, section 3.1; the drafts before it alike, the second
/// one also with the line feed that implementations hashed).
const NAT_T: [(u128, &str); 11] = [
    (0x4a131c81070358455c5728f20e95452f, "RFC 3947"),
    (0x8f8d83826d246b6fc7a8a6a428c11de8, "draft 08"),
    (0x439b59f8ba676c4c7737ae22eab8f582, "draft 07"),
    (0x4d1e0e136deafa34c4f3ea9f02ec7285, "draft 06"),
    (0x80d0bb3def54565ee84645d4c85ce3ee, "draft 05"),
    (0x9909b64eed937c6573de52ace952fa6b, "draft 04"),
    (0x7d9419a65310ca6f2c179d9215529d56, "draft 03"),
    (0x90cb80913ebb696e086381b5ec427b1f, "draft 02, line feed"),
    (0xcd60464335df21f87cfdb2fc68b6a448, "draft 02"),
    (0x16f6ca16e4a4066d83821a0f0aeaa862, "draft 01"),
    (0x4485152d18b6bbcd0be8a8469579ddcc, "draft 00"),
];
/// User names and passwords behind phase 1 (draft-ietf-ipsec-isakmp-xauth-06, section 3).
const XAUTH: u64 = 0x0900_2689_dfd6_b712;
/// Dead peer detection: two bytes of version follow (RFC 3706, section 5.1).
const DPD: [u8; 14] = [0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57];
/// Bytes of an unknown identifier that are kept.
const PREFIX: usize = 8;

/// A vendor identifier (RFC 2408, section 3.16; RFC 7296, section 3.12).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VendorId {
    /// NAT traversal: `RFC 3947`, or which of the drafts before it, such as `draft 02`.
    NatT(&'static str),
    /// User names and passwords behind phase 1 (draft-ietf-ipsec-isakmp-xauth-06).
    Xauth,
    /// Dead peer detection (RFC 3706).
    Dpd,
    /// Another: its first eight bytes in hexadecimal, with `…` behind them if there are more.
    Other(String),
}

impl VendorId {
    pub(super) fn new(id: &[u8]) -> Self {
        let nat_t = <[u8; 16]>::try_from(id).ok().map(u128::from_be_bytes);
        if let Some((_, name)) = NAT_T.iter().find(|(known, _)| Some(*known) == nat_t) {
            return Self::NatT(name);
        }
        if *id == XAUTH.to_be_bytes() {
            return Self::Xauth;
        }
        if id.len() == DPD.len() + 2 && id.starts_with(&DPD) {
            return Self::Dpd;
        }
        let mut text: String = id.iter().take(PREFIX).map(|byte| format!("{byte:02x}")).collect();
        if id.len() > PREFIX {
            text.push('…');
        }
        Self::Other(text)
    }

    /// Whether the sender can do NAT traversal, of whatever make.
    pub fn is_nat_t(&self) -> bool {
        matches!(self, Self::NatT(_))
    }
}

impl fmt::Display for VendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NatT(made) => write!(f, "NAT-T ({made})"),
            Self::Xauth => f.write_str("XAUTH"),
            Self::Dpd => f.write_str("DPD"),
            Self::Other(hex) => f.write_str(hex),
        }
    }
}

#[cfg(test)]
mod tests;
