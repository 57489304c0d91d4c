//! Tests of reading and writing tar entries.

use std::io::Read;

use proptest::collection::vec;
use proptest::prelude::*;
use tar::{EntryType, Header};

use super::{Entries, Entry, Kind, Modified, StreamError, StreamWriter, printable};

fn file(path: &str, size: u64) -> Entry {
    Entry::new(path, Kind::File { size }, 0o644)
}

fn write(entries: &[(Entry, &[u8])]) -> Vec<u8> {
    let mut writer = StreamWriter::new(Vec::new());
    for (entry, content) in entries {
        writer.append(entry, *content).unwrap();
    }
    let (tar, size) = writer.finish().unwrap();
    assert_eq!(tar.len() as u64, size);
    tar
}

fn read(tar: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, StreamError> {
    let mut entries = Entries::new(tar);
    let mut read = Vec::new();
    while let Some(entry) = entries.next_entry()? {
        let mut content = Vec::new();
        entries.content().read_to_end(&mut content)?;
        read.push((entry, content));
    }
    Ok(read)
}

/// A header with its extension headers, as other programs write them.
fn raw(kind: u8, name: &[u8], size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn ended(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = parts.concat();
    tar.extend_from_slice(&[0; 1024]);
    tar
}

fn arbitrary_entry() -> impl Strategy<Value = (Entry, Vec<u8>)> {
    let path = || vec(1..=255u8, 1..300).prop_filter("a directory", |path| path.last() != Some(&b'/'));
    let kind = prop_oneof![
        vec(any::<u8>(), 0..1500).prop_map(|content| (Kind::File { size: content.len() as u64 }, content)),
        path().prop_map(|to| (Kind::Symlink(to), vec![])),
        path().prop_map(|to| (Kind::HardLink(to), vec![])),
        Just((Kind::Directory, vec![])),
    ];
    let attributes = proptest::collection::btree_map("user\\.[a-z]{1,40}", vec(any::<u8>(), 0..200), 0..4);
    let numbers = (0..0o10000u32, any::<u64>(), any::<u64>(), any::<i64>());
    (path(), kind, numbers, attributes).prop_map(|(path, (kind, content), (mode, uid, gid, seconds), attributes)| {
        let modified = Modified { seconds: seconds.max(-i64::MAX), nanoseconds: 0 };
        let attributes = attributes.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
        (Entry { path, kind, mode, uid, gid, modified, attributes }, content)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(written in vec(arbitrary_entry(), 0..6)) {
        let borrowed: Vec<_> = written.iter().map(|(entry, content)| (entry.clone(), content.as_slice())).collect();
        prop_assert_eq!(read(&write(&borrowed)).unwrap(), written);
    }

    #[test]
    fn random_bytes_are_an_error(bytes in vec(any::<u8>(), 512..4096)) {
        prop_assume!(bytes[..512].iter().any(|byte| *byte != 0));
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn random_records_never_panic(records in vec(any::<u8>(), 0..200)) {
        let tar = ended(&[raw(b'x', b"pax", records.len() as u64, &records), raw(b'0', b"a", 0, b"")]);
        let _ = read(&tar);
    }
}

#[test]
fn a_binary_capability_may_contain_a_newline() {
    let mut entry = file("ping", 0);
    entry.attributes = vec![(b"security.capability".to_vec(), b"\x01\0\0\x02\n\0\n=\n".to_vec())];
    assert_eq!(read(&write(&[(entry.clone(), b"")])).unwrap(), [(entry, vec![])]);
}

#[test]
fn every_cut_is_noticed() {
    let tar = write(&[(file(&"long/".repeat(40), 0), b""), (file("a", 700), &[7; 700]), (file("b", 0), b"")]);
    let end_mark = tar.len() - 1024;
    for length in 0..end_mark + 512 {
        assert!(read(&tar[..length]).is_err(), "cut at {length}");
    }
    assert!(read(&tar[..end_mark + 512]).is_ok());
}

#[test]
fn gnu_long_names_are_read() {
    let (name, target) = ("n".repeat(300), "t".repeat(300));
    let tar = ended(&[
        raw(b'L', b"././@LongLink", 301, format!("{name}\0").as_bytes()),
        raw(b'K', b"././@LongLink", 301, format!("{target}\0").as_bytes()),
        raw(b'2', b"n", 0, b""),
    ]);
    let entry = Entry::new(name, Kind::Symlink(target.into()), 0o644);
    assert_eq!(read(&tar).unwrap(), [(entry, vec![])]);
}

#[test]
fn times_before_1970_and_fractions_are_read() {
    for (text, seconds, nanoseconds) in
        [("1.5", 1, 500_000_000), ("-1.25", -2, 750_000_000), ("-3", -3, 0), ("7.0000000019", 7, 1), ("0", 0, 0)]
    {
        let record = format!("mtime={text}\n");
        let record = format!("{} {record}", record.len() + 3);
        let tar = ended(&[raw(b'x', b"pax", record.len() as u64, record.as_bytes()), raw(b'0', b"a", 0, b"")]);
        assert_eq!(read(&tar).unwrap()[0].0.modified, Modified { seconds, nanoseconds }, "{text}");
    }
}

#[test]
fn hostile_headers_are_refused_with_a_reason() {
    let one = |kind, size, content: &[u8]| raw(kind, b"a", size, content);
    let plain = || one(b'0', 0, b"");
    let long = |kind| raw(kind, b"x", 2, b"a\0");
    for (parts, says) in [
        (vec![one(b'x', 2 << 20, b"")], "larger than 1 MiB"),
        (vec![one(b'L', u64::MAX, b"")], "larger than 1 MiB"),
        (vec![one(b'0', u64::MAX, b"")], "size cannot be"),
        (vec![one(b'0', u64::MAX - 600, b"")], "size cannot be"),
        (vec![long(b'L'), long(b'L'), plain()], "second of its kind"),
        (vec![raw(b'g', b"g", 0, b""); 9], "too many extension headers"),
        (vec![long(b'L')], "no entry follows"),
        (vec![one(b'x', 5, b"9 a=b"), plain()], "malformed PAX"),
        (vec![one(b'x', 8, b"8 a=bcde"), plain()], "malformed PAX"),
        (vec![one(b'x', 9, b"99 ab=c\n\n"), plain()], "malformed PAX"),
        (vec![one(b'x', 10, b"10 size=x\n"), plain()], "malformed PAX"),
        (vec![one(b'x', 22, b"22 GNU.sparse.major=1\n"), plain()], "without `--sparse`"),
        (vec![one(b'S', 0, b"")], "without `--sparse`"),
        (vec![one(b'V', 0, b"")], "of type `V`"),
        (vec![one(b'5', 3, b"abc")], "with 3 bytes"),
        (vec![one(b'1', 512, &[0; 512])], "with 512 bytes"),
    ] {
        let said = read(&ended(&parts)).unwrap_err().to_string();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    }
}

#[test]
fn a_size_record_wins_over_the_header() {
    let tar = ended(&[raw(b'x', b"pax", 9, b"9 size=3\n"), raw(b'0', b"a", 0, b""), raw(b'0', b"b", 0, b"")]);
    // The three bytes are the beginning of the block that looked like the second header.
    let read = read(&tar).unwrap();
    assert_eq!(read, [(file("a", 3), b"b\0\0".to_vec())]);
}

#[test]
fn names_in_messages_are_short_and_on_one_line() {
    assert_eq!(printable(b"a\n\x1b[31m"), "a\\n\\u{1b}[31m");
    assert_eq!(printable(&[b'x'; 5000]).chars().count(), 201);
}

#[test]
fn content_of_another_length_is_an_error() {
    let mut writer = StreamWriter::new(Vec::new());
    assert!(writer.append(&file("a", 5), &b"1234"[..]).is_err());
}
