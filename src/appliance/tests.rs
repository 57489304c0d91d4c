//! Tests of the pieces; whole appliances are in `tests/it/appliance`.

use super::manifest::{Line, parse};
use super::{Algorithm, astray, ended, ovf};
use crate::appliance::{Limits, xml};

#[test]
fn both_ways_to_write_a_manifest_are_read() {
    let hex = "0123456789abcdef0123456789abcdef01234567";
    let text = format!("SHA1(a (1).vmdk)= {hex}\r\nSHA1 (b.ovf) = {}\n\nnonsense\nMD5(c)= 00\n", hex.to_uppercase());
    let digest = |name: &str| Line::Digest { algorithm: Algorithm::Sha1, name: name.into(), hex: hex.into() };
    let unknown = Line::Unknown { algorithm: "MD5".into(), name: "c".into() };
    let all = vec![digest("a (1).vmdk"), digest("b.ovf"), Line::Broken { at: 4 }, unknown];
    assert_eq!(parse(text.as_bytes()).unwrap(), all);
    assert_eq!(parse(b"SHA256(a)= 00").unwrap(), [Line::Broken { at: 1 }], "too short for its kind");
}

#[test]
fn names_stay_inside() {
    for name in ["/etc/passwd", "../x", "a/../b", "a//b", "", ".", "C:x", "c:\\x", "a\\b", "a\0b", &"x".repeat(256)] {
        assert!(astray(name).is_some(), "{name:?}");
    }
    for name in ["a.vmdk", "a/b.vmdk", "..a", "演習.vmdk", "lab: b"] {
        assert!(astray(name).is_none(), "{name:?}");
    }
    assert!(ended("A.OVF", "ovf") && !ended("ovf", "ovf"));
}

#[test]
fn units_of_capacities_are_understood() {
    let capacity = |attributes: &str| {
        let text = format!("<Envelope><DiskSection><Disk {attributes}/></DiskSection><VirtualSystem/></Envelope>");
        ovf::read(text.as_bytes(), &Limits::default()).unwrap().disks[0].capacity
    };
    assert_eq!(capacity(r#"capacity="20" capacityAllocationUnits="byte * 2^30""#), Some(20 << 30));
    assert_eq!(capacity(r#"capacity="20" capacityAllocationUnits="MegaBytes""#), Some(20 << 20));
    assert_eq!(capacity(r#"capacity="7""#), Some(7));
    assert_eq!(capacity(r#"capacity="${disk.size}""#), Some(0));
    assert_eq!(capacity(r#"capacity="20" capacityAllocationUnits="byte * 2^99""#), None);
    assert_eq!(capacity(r#"capacity="-1""#), None);
}

#[test]
fn text_is_put_together_and_entities_are_only_xmls_own() {
    let root = xml::parse("<a><b>x &amp; <![CDATA[<y>]]>&#x65e5;</b></a>".as_bytes()).unwrap();
    assert_eq!(root.find(&["b"]).unwrap().text(), "x & <y>日");
    assert!(xml::parse(b"<a>&lol;</a>").is_err());
    assert!(xml::parse(b"<a b='&lol;'/>").is_err());
    assert!(xml::parse(b"<a b='1' b='2'/>").is_err());
}
