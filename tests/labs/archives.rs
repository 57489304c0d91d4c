//! Archives come from anywhere: what no image may hold is refused by name, and nothing of it stays.

use std::fs;
use std::path::PathBuf;

use tar::EntryType;

use crate::project::Project;
use crate::small::{self, entry, image, layer};

/// An archive's name, the entries of its layer, and what the refusal says.
type Case<'a> = (&'a str, Vec<Vec<u8>>, &'a [&'a str]);

/// A project whose store holds the small base, and nothing else.
fn project() -> (Project, Vec<PathBuf>) {
    let project = Project::new();
    let archive = project.path().join("base.tar");
    small::base(&archive);
    project.images(crate::user::On::Native, &["load", archive.to_str().unwrap()]);
    let kept = project.kept();
    assert_eq!(kept.iter().filter(|path| path.to_string_lossy().contains("/layers/")).count(), 1, "{kept:?}");
    (project, kept)
}

/// Loads what is refused; the refusal has all these parts, and the store is what it was.
fn refused(project: &Project, before: &[PathBuf], archive: &str, parts: &[&str]) {
    let path = project.path().join(archive);
    let said = project.refused(&["load", path.to_str().unwrap()]);
    for part in parts.iter().chain(&[archive]) {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    assert_eq!(project.kept(), before, "{archive}: {said}");
}

#[test]
fn a_layer_that_reaches_out_is_refused_by_the_name_of_its_entry() {
    let (project, before) = project();
    let file = |name: &str| entry(EntryType::Regular, name, "", None, b"x");
    let link = |kind: EntryType, name: &str, to: &str| entry(kind, name, to, None, b"");
    let mut foreign = file("etc/foreign");
    foreign[108..116].copy_from_slice(b"0210560\0");
    let mut header = tar::Header::from_byte_slice(&foreign[..512]).clone();
    header.set_cksum();
    foreign[..512].copy_from_slice(header.as_bytes());
    let cases: [Case; 12] = [
        ("absolute", vec![file("/etc/passwd")], &["entry `/etc/passwd`", "absolute"]),
        ("parent", vec![file("usr/../../etc/passwd")], &["entry `usr/../../etc/passwd`", "`..`"]),
        (
            "link-out",
            vec![link(EntryType::Link, "shadow", "../../etc/shadow")],
            &["entry `shadow`", "hard link", "`..`"],
        ),
        ("link-absolute", vec![link(EntryType::Link, "shadow", "/etc/shadow")], &["entry `shadow`", "absolute"]),
        ("link-nowhere", vec![link(EntryType::Link, "here", "etc/none")], &["entry `here`", "`etc/none`"]),
        ("disk", vec![link(EntryType::Block, "sda", "")], &["entry `sda`", "device"]),
        ("memory", vec![link(EntryType::Char, "etc/mem", "")], &["entry `etc/mem`", "device"]),
        ("pipe", vec![link(EntryType::Fifo, "etc/pipe", "")], &["entry `etc/pipe`", "named pipe"]),
        (
            "through-a-link",
            vec![link(EntryType::Symlink, "etc", "/etc"), file("etc/cron.d")],
            &["entry `etc/cron.d`", "symbolic link"],
        ),
        ("foreign-owner", vec![foreign], &["entry `etc/foreign`", "70000"]),
        (
            "bomb",
            vec![entry(EntryType::Regular, "bomb", "", Some(1 << 40), b"")],
            &["entry `bomb`", "more than 17179869184 bytes"],
        ),
        ("cut-entry", vec![entry(EntryType::Regular, "cut", "", Some(1 << 20), b"little")], &["ends"]),
    ];
    for (name, entries, parts) in cases {
        // A good layer below goes with it.
        let good = layer([entry(EntryType::Regular, &format!("good-{name}"), "", None, b"good")]);
        image(&project.path().join(name), &[good, layer(entries)], &["hostile:1"]);
        refused(&project, &before, name, parts);
    }
}

#[test]
fn an_archive_that_is_damaged_or_none_is_refused_whole() {
    let (project, before) = project();
    let write = |name: &str, bytes: &[u8]| fs::write(project.path().join(name), bytes).unwrap();
    let good = layer([entry(EntryType::Regular, "good", "", None, &[b'x'; 4096])]);
    image(&project.path().join("good"), &[good], &["good:1"]);
    let bytes = fs::read(project.path().join("good")).unwrap();
    write("half", &bytes[..bytes.len() / 2]);
    let mut damaged = bytes.clone();
    damaged[2048] ^= 1;
    write("damaged", &damaged);
    // The same bytes on each run, and no pattern.
    let mut state = 1_u64;
    let noise = (0..65_536).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    write("noise", &noise.collect::<Vec<_>>());
    write("empty", b"");
    write("compressed", b"\x1f\x8b\x08\x00");
    image(&project.path().join("nameless"), &[layer([])], &[]);
    let manifest = r#"[{"Config":"c.json","RepoTags":["out:1"],"Layers":["../../../etc/passwd"]}]"#;
    let config = format!(
        r#"{{"architecture":"{}","os":"linux","rootfs":{{"diff_ids":["sha256:{}"]}}}}"#,
        saiten::image::archive::machine_architecture(),
        "0".repeat(64)
    );
    let outer = [("manifest.json", manifest.to_owned()), ("c.json", config.clone())];
    write("outwards", &layer(outer.map(|(name, text)| entry(EntryType::Regular, name, "", None, text.as_bytes()))));
    let manifest = r#"[{"Config":"c.json","RepoTags":["sparc:1"],"Layers":[]}]"#;
    let config = r#"{"architecture":"sparc","os":"linux","rootfs":{"diff_ids":[]}}"#;
    let outer = [("manifest.json", manifest), ("c.json", config)];
    write("foreign", &layer(outer.map(|(name, text)| entry(EntryType::Regular, name, "", None, text.as_bytes()))));

    refused(&project, &before, "half", &["ends"]);
    refused(&project, &before, "damaged", &["layer sha256:", "damaged"]);
    refused(&project, &before, "noise", &[]);
    refused(&project, &before, "empty", &["ends at byte 0"]);
    refused(&project, &before, "compressed", &["gunzip"]);
    refused(&project, &before, "nameless", &["none of its images has a name"]);
    refused(&project, &before, "outwards", &["etc/passwd", "no plain relative path"]);
    refused(&project, &before, "foreign", &["sparc"]);
    refused(&project, &before, "not-there", &["No such file"]);
    project.images(crate::user::On::Native, &["load", project.path().join("good").to_str().unwrap()]);
}
