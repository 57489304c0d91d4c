//! Where the sender of an IKE message believes one end to be, as a hash; and whether it is there.

use std::net::{IpAddr, SocketAddr};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Which half of the way a NAT detection is about, as the message's sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Half {
    /// The sender's own end.
    Source,
    /// The end that it sends to.
    Destination,
}

/// A NAT detection: the hash of both SPIs and one end's address and port (RFC 3947, section 3.2; RFC 7296,
/// section 2.23). A NAT changes the end and not the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatD {
    /// Which end.
    pub half: Half,
    /// The hash: of 20 bytes in version 2; in version 1 what its association's hash yields.
    pub hash: Vec<u8>,
}

impl NatD {
    pub(super) fn new(half: Half, hash: &[u8]) -> Self {
        Self { half, hash: hash.to_vec() }
    }

    /// Whether the end is at this address, in a message with these SPIs. The length of the hash tells which it is
    /// (MD5, SHA-1, SHA-2 of 256, 384, 512 bits); one of another length matches nothing.
    pub fn matches(&self, spi_i: u64, spi_r: u64, address: SocketAddr) -> bool {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let parts = [&spi_i.to_be_bytes()[..], &spi_r.to_be_bytes(), &ip, &address.port().to_be_bytes()].concat();
        match self.hash.len() {
            16 => self.hash == *Md5::digest(&parts),
            20 => self.hash == *Sha1::digest(&parts),
            32 => self.hash == *Sha256::digest(&parts),
            48 => self.hash == *Sha384::digest(&parts),
            64 => self.hash == *Sha512::digest(&parts),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
