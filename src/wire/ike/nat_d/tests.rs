//! Hashes that were computed elsewhere, by `openssl dgst` over the same bytes.

use super::super::build::{SPI_I, SPI_R, hex};
use super::*;

const MD5: &str = "3580ecaf80911b9e766c69d935312824";
const SHA1: &str = "7d86aaa5d24c50bbb60cdff0f598913164af4010";
const SHA384: &str = "d3fed3087fb0771a29e3acb53163f12fb4decae5a9227d691e853490fd22fd9619c19b021028bf608882f6eb97a93aca";
const SHA512: &str = "4f0d4d68b9360a5a36d473b12f133355e6ac355d5931bd1c745ce7527f5a3dcf\
                      82172136cbbbe334415c061c995654587167f2b6fa14b0f078026190ac5ab9cf";

fn matches(hash: &str, spi_r: u64, address: &str) -> bool {
    NatD::new(Half::Source, &hex(hash)).matches(SPI_I, spi_r, address.parse().unwrap())
}

#[test]
fn every_hash_is_known_by_its_length() {
    for hash in [MD5, SHA1, SHA384, SHA512] {
        assert!(matches(hash, SPI_R, "192.168.1.11:500"), "{hash}");
    }
    let sha256 = "0f3ff6f5c6c546d8d5839a952b8f54d935e4155b2f520ca8ae7d5c17dfb773e7";
    assert!(matches(sha256, SPI_R, "192.168.1.11:4500"));
    assert!(matches("86c5aeacc7c8a620895712ef98c57f5b062c7e28", 0, "192.168.1.11:500"), "no responder yet");
    assert!(matches("f3e4c3e051f24d87b6561c02ac8ba2e89f4964b3", SPI_R, "[fd00:1::11]:4500"));
}

#[test]
fn everything_that_is_hashed_counts() {
    assert!(!matches(SHA1, SPI_R, "192.168.1.12:500"), "another address");
    assert!(!matches(SHA1, SPI_R, "192.168.1.11:501"), "another port");
    assert!(!matches(SHA1, 0, "192.168.1.11:500"), "another responder");
    assert!(!NatD::new(Half::Source, &hex(SHA1)).matches(0, SPI_R, "192.168.1.11:500".parse().unwrap()));
}

#[test]
fn a_hash_of_no_known_length_matches_nothing() {
    for hash in ["", "7d", &SHA1[..38], &SHA512[..120]] {
        assert!(!matches(hash, SPI_R, "192.168.1.11:500"), "{hash}");
    }
}
