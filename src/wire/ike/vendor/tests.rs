//! Known identifiers are what they are said to be hashes of; the unknown are shortened.

use md5::{Digest, Md5};

use super::super::build::hex;
use super::*;

#[test]
fn identifiers_of_nat_traversal_are_hashes_of_names() {
    let of = |text: &str| VendorId::new(&Md5::digest(text)).to_string();
    assert_eq!(of("RFC 3947"), "NAT-T (RFC 3947)");
    for number in 0..=8 {
        assert_eq!(of(&format!("draft-ietf-ipsec-nat-t-ike-{number:02}")), format!("NAT-T (draft {number:02})"));
    }
    assert_eq!(of("draft-ietf-ipsec-nat-t-ike-02\n"), "NAT-T (draft 02, line feed)");
    assert!(VendorId::new(&Md5::digest("RFC 3947")).is_nat_t());
    assert!(!VendorId::new(&Md5::digest("RFC 3948")).is_nat_t());
}

#[test]
fn xauth_and_dpd_have_names() {
    assert_eq!(VendorId::new(&hex("09002689dfd6b712")), VendorId::Xauth);
    assert_eq!(VendorId::new(&hex("afcad71368a1f1c96b8696fc77570100")), VendorId::Dpd);
    assert_eq!(VendorId::Xauth.to_string() + " " + &VendorId::Dpd.to_string(), "XAUTH DPD");
}

#[test]
fn others_are_the_begin_of_their_bytes() {
    let of = |id: &[u8]| VendorId::new(id).to_string();
    assert_eq!(of(b""), "");
    assert_eq!(of(&hex("4048b7d56ebce885")), "4048b7d56ebce885");
    assert_eq!(of(&hex("4048b7d56ebce88525e7de7f00d6c2d3")), "4048b7d56ebce885…");
    assert_eq!(of(&hex("afcad71368a1f1c96b8696fc7757")), "afcad71368a1f1c9…", "no version behind it");
    assert_eq!(of(&[0xab; 60_000]), "abababababababab…");
}
