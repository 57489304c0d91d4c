//! Any byte in a label, and any pointer; hickory, which reads names in its own way, must agree.

use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use proptest::prelude::*;

use super::*;

/// A message whose first bytes are these, behind a header's length of zeros, which are root names.
fn read_behind_header(bytes: &[u8]) -> Option<(String, usize)> {
    read(&[&[0; 12][..], bytes].concat(), 12)
}

#[test]
fn every_byte_has_a_text_of_its_own() {
    let texts: Vec<String> = (0..=255).map(|byte| read_behind_header(&[1, byte, 0]).unwrap().0).collect();
    for (byte, text) in (0_u8..=255).zip(&texts) {
        let expected = match byte {
            b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => format!("\\{}.", char::from(byte)),
            0x21..=0x7e => format!("{}.", char::from(byte).to_ascii_lowercase()),
            _ => format!("\\{byte:03}."),
        };
        assert_eq!(*text, expected);
    }
    let mut different = texts;
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 256 - 26, "only letters share theirs, upper and lower case");
}

#[test]
fn all_bytes_fit_into_labels_of_several_lengths() {
    let all: Vec<u8> = (0..=255).collect();
    for label in all.chunks(63) {
        let length = u8::try_from(label.len()).unwrap();
        let (text, end) = read_behind_header(&[&[length], label, &[0]].concat()).unwrap();
        assert!(text.is_ascii() && !text.contains(char::is_whitespace) && text.ends_with('.'), "{text}");
        assert_eq!(end, 12 + label.len() + 2);
    }
}

#[test]
fn the_root_is_a_dot_and_pointers_lead_back() {
    assert_eq!(read_behind_header(&[0]), Some((".".into(), 13)));
    assert_eq!(read_behind_header(&[1, b'a', 0xc0, 0]), Some(("a.".into(), 16)));
    let message = b"\x03com\x00\x07example\xc0\x00\x03www\xc0\x05";
    assert_eq!(read(message, 15), Some(("www.example.com.".into(), 21)));
}

#[test]
fn loops_forward_pointers_and_cut_names_are_none() {
    for bytes in [
        &[0xc0, 12][..],      // to itself
        &[0xc0, 14, 0],       // forward
        &[0xff, 0xff],        // far beyond the end
        &[1, b'a', 0xc0, 12], // back into the same name: a.a.a....
        &[0xc0],              // half a pointer
        &[3, b'a', b'b'],     // half a label
        &[1, b'a'],           // no end
        &[],                  // nothing
        &[0x40, 0],           // label types that do not exist (RFC 6891, section 5)
        &[0x80, 0],
    ] {
        assert_eq!(read_behind_header(bytes), None, "{bytes:x?}");
    }
    // Two names that point to each other.
    assert_eq!(read(&[1, b'a', 0xc0, 4, 1, b'b', 0xc0, 0], 4), None);
    assert_eq!(read(&[0; 4], usize::MAX), None);
}

#[test]
fn a_name_has_at_most_255_octets() {
    let labels = |last: u8| {
        let mut name = [&[63][..], &[b'x'; 63]].concat().repeat(3);
        name.push(last);
        name.extend(vec![b'y'; last.into()]);
        name.push(0);
        name
    };
    assert_eq!(labels(61).len(), 255);
    assert!(read(&labels(61), 0).is_some());
    assert!(read(&labels(62), 0).is_none());
}

#[test]
fn a_chain_of_pointers_ends_after_a_while() {
    // Each points to the one before it, the first to a root name.
    let chain = |length: u16| {
        let mut message = vec![0, 0];
        (0..length).for_each(|number| message.extend((0xc000 | (number * 2)).to_be_bytes()));
        read(&message, message.len() - 2)
    };
    assert_eq!(chain(127), Some((".".into(), 256)));
    assert_eq!(chain(128), None);
}

proptest! {
    #[test]
    fn hickory_reads_the_same(
        bytes in prop::collection::vec(prop_oneof![0u8..6, Just(0xc0u8), any::<u8>()], 0..120),
        at in 0usize..120,
    ) {
        let mut decoder = BinDecoder::new(&bytes);
        let whole = decoder.read_slice(at).is_ok();
        let theirs = Name::read(&mut decoder).ok().filter(|_| whole);
        let ours = read(&bytes, at);
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let (Some((text, end)), Some(name)) = (ours, theirs) {
            prop_assert_eq!(end, decoder.index());
            let mut again = String::new();
            name.iter().for_each(|label| write_label(&mut again, label));
            prop_assert_eq!(text, if again.is_empty() { ".".to_owned() } else { again });
        }
    }
}
