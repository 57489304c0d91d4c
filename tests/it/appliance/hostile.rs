//! Archives and descriptors that somebody made on purpose: refused in milliseconds, or told harmlessly.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use saiten::appliance::{Limits, archive};
use saiten::fabric::random::Stream;
use saiten::report::appliance::{json, text};
use saiten::wording::Lang;
use tar::EntryType;

use super::export::{BRIDGE, Export, Files, Maker, NAT, ended, member, nic, tar};
use super::{changed, described, ids, read};

/// Damaged archives and descriptors.
const DAMAGED: usize = 2_000;

fn plain() -> Export {
    Export::new(Maker::VirtualBox7, &[nic(0, NAT), nic(1, BRIDGE)])
}

/// Why an archive is refused.
fn refused(ova: &[u8]) -> String {
    read(ova).map_or_else(|refusal| refusal.0.id, |report| format!("read: {}", ids(&report).join(" ")))
}

/// The plain archive with one more member in front.
fn with(kind: EntryType, name: &[u8], size: u64) -> Vec<u8> {
    let mut ova = member(kind, name, size, b"");
    ova.extend(plain().ova());
    ova
}

#[test]
fn members_that_no_export_has_are_refused() {
    for kind in
        [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::Directory]
    {
        assert_eq!(refused(&with(kind, b"x", 0)), "appliance-refused-kind", "{kind:?}");
    }
    assert_eq!(refused(&with(EntryType::GNUSparse, b"x", 0)), "appliance-refused-kind");
    for name in [&b"../x"[..], b"/etc/cron.d/x", b"a/../../x", b"..", b"a//b", b"C:\\x", b"a\\..\\b", b"\xff\xfe", b""]
    {
        assert_eq!(refused(&with(EntryType::Regular, name, 0)), "appliance-refused-name", "{name:?}");
    }
    assert_eq!(refused(&with(EntryType::Regular, b"cent7.ovf", 0)), "appliance-refused-twice");
    assert_eq!(refused(&with(EntryType::Regular, b"other.ovf", 0)), "appliance-refused-descriptors");
    assert_eq!(refused(&changed(&plain(), |files| drop(files.remove(0)))), "appliance-refused-no-descriptor");
    let many = (0..300).map(|at| member(EntryType::Regular, format!("{at}").as_bytes(), 0, b""));
    assert_eq!(refused(&ended(many)), "appliance-refused-many");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let descriptor = |size: u64| refused(&with(EntryType::Regular, b"big.ovf", size));
    assert_eq!(descriptor(5 << 20), "appliance-refused-large");
    assert_eq!(refused(&with(EntryType::Regular, b"big.mf", 65 << 10)), "appliance-refused-large");
    // 10 GB that are claimed and not there; and more than any disk has.
    assert_eq!(refused(&with(EntryType::Regular, b"big.vmdk", 10 << 30)), "appliance-refused-cut-off");
    assert_eq!(refused(&with(EntryType::Regular, b"big.vmdk", 65 << 30)), "appliance-refused-total");
    assert_eq!(refused(&with(EntryType::Regular, b"big.vmdk", u64::MAX)), "appliance-refused-no-tar");
    assert_eq!(refused(&with(EntryType::Regular, b"big.vmdk", u64::MAX - 4096)), "appliance-refused-total");
    let claim = |size: &str| {
        let descriptor = plain().descriptor().replace(r#"<File "#, &format!(r#"<File ovf:size="{size}" "#));
        refused(&described(&plain(), &descriptor))
    };
    assert_eq!(claim("99999999999999999999999"), "appliance-refused-size");
    assert_eq!(claim("-1"), "appliance-refused-size");
    assert_eq!(claim("18446744073709551615"), "appliance-refused-claim");
    assert!(claim("1801").contains("appliance-file-size"));
}

/// An archive of 10 GB, made up as it is read: all zeros behind the first blocks.
struct Sparse {
    start: Vec<u8>,
    length: u64,
    at: u64,
    given: u64,
}

impl Read for Sparse {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = bytes.len().min(usize::try_from(self.length - self.at).unwrap());
        for (place, byte) in bytes[..count].iter_mut().enumerate() {
            *byte = self.start.get(self.at as usize + place).copied().unwrap_or(0);
        }
        self.at += count as u64;
        self.given += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.length.checked_add_signed(back).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        // A file does not stop anybody who goes beyond its end.
        self.length = self.length.max(self.at);
        Ok(self.at)
    }
}

#[test]
fn disks_are_passed_over_unless_a_manifest_asks_for_them() {
    let mut start =
        member(EntryType::Regular, b"cent7.ovf", plain().descriptor().len() as u64, plain().descriptor().as_bytes());
    start.extend(member(EntryType::Regular, b"cent7-disk001.vmdk", 10 << 30, b""));
    let length = start.len() as u64 + (10 << 30) + 1024;
    let mut sparse = Sparse { start, length, at: 0, given: 0 };
    let report = archive("big.ova", &mut sparse, &Limits::default()).unwrap();
    assert_eq!(report.parts[0].size, 10 << 30);
    assert!(sparse.given < 1 << 20, "{} bytes were read", sparse.given);
}

#[test]
fn an_archive_that_is_cut_off_never_passes() {
    let export = Export::new(Maker::VirtualBox7, &[nic(0, NAT)]);
    let ova = export.ova();
    assert_eq!(refused(&ova), "read: appliance-mac-fixed");
    // One block of zeros ends an archive; some programs write no second one.
    let whole = ova.len() - 512;
    for end in (0..whole).step_by(512) {
        let why = refused(&ova[..end]);
        assert!(matches!(why.as_str(), "appliance-refused-cut-off" | "appliance-refused-unreadable"), "{end}: {why}");
    }
    for end in (0..whole).step_by(97) {
        assert!(read(&ova[..end]).is_err(), "{end}");
    }
}

#[test]
fn formats_that_are_no_appliance_are_told() {
    let of = |bytes: &[u8]| refused(bytes);
    assert_eq!(of(b"\x1f\x8b\x08\x00 and so on"), "appliance-refused-format");
    assert_eq!(of(b"PK\x03\x04"), "appliance-refused-format");
    assert_eq!(of(b"KDMV\x01"), "appliance-refused-format");
    assert_eq!(of(&[b'x'; 2048]), "appliance-refused-no-tar");
    assert_eq!(of(&[0; 1024]), "appliance-refused-no-descriptor");
    assert_eq!(of(b""), "appliance-refused-cut-off");
}

#[test]
fn xml_that_no_export_writes_is_refused() {
    let of = |text: &[u8]| refused(&tar(&[("x.ovf".into(), text.to_vec())]));
    let bomb =
        r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Envelope>&b;</Envelope>"#;
    assert_eq!(of(bomb.as_bytes()), "appliance-refused-doctype");
    let external = r#"<!DOCTYPE x SYSTEM "file:///etc/passwd"><Envelope/>"#;
    assert_eq!(of(external.as_bytes()), "appliance-refused-doctype");
    assert_eq!(of(b"<Envelope>&a;</Envelope>"), "appliance-refused-xml");
    assert_eq!(of("<a>".repeat(100).as_bytes()), "appliance-refused-bomb");
    assert_eq!(of(format!("<Envelope>{}", "<a/>".repeat(200_000)).as_bytes()), "appliance-refused-bomb");
    let attributes: String = (0..200_000).map(|at| format!(" a{at}=''")).collect();
    let started = Instant::now();
    assert_eq!(of(format!("<Envelope{attributes}/>").as_bytes()), "appliance-refused-bomb");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(of(b"<Envelope>"), "appliance-refused-xml");
    assert_eq!(of(b"<Envelope></Other>"), "appliance-refused-xml");
    assert_eq!(of(b"<Envelope/><Envelope/>"), "appliance-refused-xml");
    assert_eq!(of(b"<VirtualBox/>"), "appliance-refused-root");
    assert_eq!(of(b"<Envelope/>"), "appliance-refused-no-system");
    assert_eq!(of(b"   "), "appliance-refused-empty");
    assert_eq!(of(b"<?xml version='1.0' encoding='windows-1252'?><Envelope/>"), "appliance-refused-encoding");
    assert_eq!(of(b"<Envelope name='\xe9'/>"), "appliance-refused-encoding");
    assert_eq!(of(b"<\0E\0/\0>\0"), "appliance-refused-encoding");
    assert_eq!(of(b"\xff\xfe<\0E"), "appliance-refused-encoding");
    let many = |element: &str, around: [&str; 2]| {
        of(format!("<Envelope>{}{}{}</Envelope>", around[0], element.repeat(300), around[1]).as_bytes())
    };
    assert_eq!(many("<VirtualSystem/>", ["", ""]), "appliance-refused-many");
    assert_eq!(many("<File/>", ["<References>", "</References>"]), "appliance-refused-many");
    assert_eq!(
        many(
            "<Adapter/>",
            ["<VirtualSystem><Machine><Hardware><Network>", "</Network></Hardware></Machine></VirtualSystem>"]
        ),
        "appliance-refused-many"
    );
}

#[test]
fn a_manifest_cannot_make_a_disk_be_read_a_thousand_times() {
    let export = Export { disk: vec![7; 4 << 20], ..plain() };
    let again = |files: &mut Files| files[2].1 = files[2].1.repeat(300);
    let started = Instant::now();
    assert!(refused(&changed(&export, again)).starts_with("read: appliance-bridged"));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(refused(&changed(&plain(), |files| files[2].1 = b"x\n".repeat(2000))), "appliance-refused-many");
}

/// Names with escape sequences, line feeds, marks that turn the writing direction, and command lines.
#[test]
fn hostile_names_are_told_harmlessly() {
    let mut export = plain();
    "演習\u{1b}]0;owned\u{7}\nFit $(reboot)".clone_into(&mut export.name);
    export.nics[1].mode =
        "<BridgedInterface name=\"eth0\u{202e}&#10;ERROR&#x9b;31m\u{1b}[2J &lt;b&gt; 日本\"/>".to_owned();
    export.nics[1].mac = "08\u{1b}[1m00".to_owned();
    let report = read(&export.ova()).unwrap();
    for lang in [Lang::En, Lang::Ja] {
        let said = text(&report, lang, false);
        assert!(said.chars().all(|c| c == '\n' || !c.is_control()) && !said.contains('\u{202e}'), "{said:?}");
        assert!(!said.contains("\nFit $") && said.contains("演習 Fit $(reboot)") && said.contains("日本"), "{said}");
        assert!(!said.contains("controlvm 演習") && said.contains("controlvm <vm> nic2 null"), "{said}");
        let json = json(&report, lang).to_string();
        assert!(
            !json.contains("\\u001b") && !json.contains("\\u009b") && !json.chars().any(char::is_control),
            "{json}"
        );
    }
}

#[test]
fn names_of_machines_are_quoted_only_where_that_is_safe() {
    let command = |name: &str| {
        let descriptor = Export::new(Maker::Ovftool, &[nic(0, "bridged")]).descriptor();
        let descriptor = descriptor.replace(">cent7<", &format!(">{name}<"));
        let ova = tar(&[("x.ovf".into(), descriptor.into_bytes())]);
        let report = read(&ova).unwrap();
        let bridged = report.findings.iter().find(|finding| finding.what.id == "appliance-bridged-nameless");
        bridged.unwrap().advice[1].commands[0].clone()
    };
    assert_eq!(command("cent7"), "VBoxManage.exe controlvm cent7 nic1 null");
    assert_eq!(command("演習 サーバ"), r#"VBoxManage.exe controlvm "演習 サーバ" nic1 null"#);
    for name in ["-h", "a$b", "%PATH%", "a`b", "a'b", "a\\b", "a&amp;b", "a|b", "a!b", "a;b", "a^b"] {
        assert_eq!(command(name), "VBoxManage.exe controlvm <vm> nic1 null", "{name}");
    }
}

#[test]
fn damage_of_any_kind_is_survived() {
    let exports = [plain(), Export::new(Maker::Ovftool, &[nic(0, "nat"), nic(1, "VM Network")])].map(|one| one.files());
    let mut random = Stream::new(7, "appliances");
    let (mut whole, mut refusals) = (0, 0);
    for round in 0..DAMAGED {
        let mut files = exports[round % 2].clone();
        let ending = [".ovf", ".mf", ""][round % 3];
        if let Some((_, bytes)) = files.iter_mut().find(|(name, _)| !ending.is_empty() && name.ends_with(ending)) {
            damage(&mut random, bytes);
        }
        let mut ova = tar(&files);
        if ending.is_empty() {
            damage(&mut random, &mut ova);
        }
        match archive("damaged.ova", Cursor::new(&ova), &Limits::default()) {
            Ok(report) => {
                whole += 1;
                // Words take longer than reading.
                if whole % 8 > 0 {
                    continue;
                }
                let said = format!("{}{}", text(&report, Lang::En, false), text(&report, Lang::Ja, false));
                assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
            }
            Err(refusal) => {
                refusals += 1;
                let said = format!("{refusal}{}", refusal.0.say(Lang::Ja));
                assert!(!said.contains("appliance-refused") && !said.chars().any(char::is_control), "{said:?}");
            }
        }
    }
    assert!(whole > DAMAGED / 5 && refusals > DAMAGED / 5, "{whole} were read, {refusals} refused");
}

fn damage(random: &mut Stream, bytes: &mut Vec<u8>) {
    for _ in 0..=random.up_to(3) {
        if bytes.is_empty() {
            return;
        }
        let at = random.up_to(bytes.len() as u64 - 1) as usize;
        let length = (random.up_to(60) as usize).min(bytes.len() - at);
        match random.up_to(5) {
            0 => bytes[at] ^= 1 << random.up_to(7),
            1 => bytes[at] = random.up_to(255) as u8,
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let again = bytes[at..at + length].to_vec();
                bytes.splice(at..at, again);
            }
            4 => bytes[at] = b"<>&\"'/=0(\n"[random.up_to(9) as usize],
            _ => bytes[at..at + length].fill(random.up_to(1) as u8 * b'0'),
        }
    }
}
