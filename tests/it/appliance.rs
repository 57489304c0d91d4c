//! Appliances as VirtualBox and ovftool export them: what the report says of each, in both languages.

mod export;
mod folder;
mod hostile;

use std::io::Cursor;

use saiten::appliance::{Limits, Refusal, Report, archive};
use saiten::report::appliance::{json, text};
use saiten::wording::Lang;

use export::{BRIDGE, Export, Files, HOST_ONLY, Maker, NAT, nic};

fn read(ova: &[u8]) -> Result<Report, Refusal> {
    archive("cent7.ova", Cursor::new(ova), &Limits::default())
}

fn both(report: &Report) -> String {
    format!("{}\n----\n\n{}", text(report, Lang::En, false), text(report, Lang::Ja, false))
}

/// What was found, without the words.
fn ids(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.what.id.as_str()).collect()
}

/// The archive of an export whose files are changed first.
fn changed(export: &Export, change: impl FnOnce(&mut Files)) -> Vec<u8> {
    let mut files = export.files();
    change(&mut files);
    export::tar(&files)
}

/// The same with another descriptor, and a manifest that knows it.
fn described(export: &Export, descriptor: &str) -> Vec<u8> {
    let mut files = export.files();
    files[0].1 = descriptor.as_bytes().to_vec();
    files.retain(|(name, _)| !name.ends_with(".mf"));
    let manifest = export.manifest(&files);
    files.push((format!("{}.mf", export.name), manifest.into_bytes()));
    export::tar(&files)
}

#[test]
fn what_the_course_advises_is_fit() {
    for maker in [Maker::VirtualBox6, Maker::VirtualBox7] {
        let report = read(&Export::new(maker, &[nic(0, NAT), nic(1, HOST_ONLY)]).ova()).unwrap();
        assert!(report.fit());
        assert_eq!(ids(&report), ["appliance-mac-fixed"], "{maker:?}");
        assert!(report.parts.iter().filter(|part| part.checked.is_some_and(|(_, fits)| fits)).count() == 2);
    }
    let report = read(&Export::new(Maker::VirtualBox7, &[nic(0, NAT), nic(1, HOST_ONLY)]).ova()).unwrap();
    insta::assert_snapshot!("appliance_fit", both(&report));
}

#[test]
fn a_bridge_fails_with_the_advice_of_the_course() {
    for maker in [Maker::VirtualBox6, Maker::VirtualBox7] {
        let report = read(&Export::new(maker, &[nic(0, NAT), nic(1, BRIDGE)]).ova()).unwrap();
        assert!(!report.fit());
        assert_eq!(ids(&report), ["appliance-bridged", "appliance-mac-fixed"], "{maker:?}");
    }
    let report = read(&Export::new(Maker::VirtualBox6, &[nic(0, NAT), nic(1, BRIDGE)]).ova()).unwrap();
    insta::assert_snapshot!("appliance_bridged", both(&report));
    insta::assert_snapshot!("appliance_json", serde_json::to_string_pretty(&json(&report, Lang::En)).unwrap());
}

#[test]
fn ovftool_names_networks_that_virtualbox_bridges() {
    let networks = ["nat", "bridged", "VM Network", "hostonly"];
    let nics: Vec<_> = (0..).zip(networks).map(|(slot, network)| nic(slot, network)).collect();
    let report = read(&Export::new(Maker::Ovftool, &nics).ova()).unwrap();
    assert_eq!(ids(&report), ["appliance-bridged-nameless", "appliance-other"]);
    insta::assert_snapshot!("appliance_ovftool", both(&report));
    let report = read(&Export::new(Maker::Ovftool, &nics[..1]).ova()).unwrap();
    assert!(report.fit() && report.findings.is_empty());
}

#[test]
fn every_attachment_has_its_finding() {
    let off = export::Nic { enabled: false, ..nic(6, BRIDGE) };
    let nics = [
        nic(0, r#"<GenericInterface driver="UDPTunnel"/>"#),
        nic(1, ""),
        nic(2, r#"<NATNetwork name="classroom"/>"#),
        nic(3, r#"<InternalNetwork name="intnet"/>"#),
        nic(4, r#"<HostOnlyInterface name="vboxnet5"/>"#),
        nic(5, "<BridgedInterface/>"),
        off,
    ];
    let mut export = Export::new(Maker::VirtualBox7, &nics);
    "演習 サーバ".clone_into(&mut export.name);
    export.nics[3].mac = export.nics[2].mac.clone();
    let descriptor = export.descriptor().replace(r#"<Adapter slot="3""#, r#"<Adapter slot="3" cable="false""#);
    insta::assert_snapshot!("appliance_attachments", both(&read(&described(&export, &descriptor)).unwrap()));
}

#[test]
fn nat_alone_needs_no_host_only_and_none_is_noted() {
    let of = |nics: &[export::Nic]| {
        let report = read(&Export::new(Maker::VirtualBox6, nics).ova()).unwrap();
        (report.fit(), report.findings.iter().any(|finding| finding.what.id == "appliance-no-way-in"))
    };
    assert_eq!(of(&[nic(0, NAT)]), (true, false));
    assert_eq!(of(&[nic(0, HOST_ONLY)]), (true, false));
    assert_eq!(of(&[]), (true, true));
    assert_eq!(of(&[export::Nic { enabled: false, ..nic(0, NAT) }]), (true, true));
}

#[test]
fn damage_on_the_way_is_found() {
    let export = Export::new(Maker::Ovftool, &[nic(0, "nat")]);
    let found = |change: &dyn Fn(&mut Files)| {
        let report = read(&changed(&export, change)).unwrap();
        (report.fit(), ids(&report).join(" "))
    };
    let disk = 2;
    assert_eq!(found(&|_| {}), (true, String::new()));
    assert_eq!(found(&|files| files[disk].1[700] ^= 1), (false, "appliance-digest-differs".into()));
    assert_eq!(found(&|files| drop(files.remove(disk))), (false, "appliance-file-missing".into()));
    let shorter = found(&|files| files[disk].1.truncate(1000));
    assert_eq!(shorter, (false, "appliance-file-size appliance-digest-differs".into()));
    assert_eq!(found(&|files| drop(files.remove(1))), (true, "appliance-no-manifest".into()));
    let extra = |files: &mut Files| files.push(("notes.txt".into(), b"x".to_vec()));
    assert_eq!(found(&extra), (true, "appliance-digest-none".into()));
    let cert = |files: &mut Files| files.push(("cent7.cert".into(), b"x".to_vec()));
    assert_eq!(found(&cert), (true, String::new()));
    let last = found(&|files| files.rotate_left(1));
    assert_eq!(last, (true, "appliance-descriptor-late".into()));
    let say = |line: &'static str| move |files: &mut Files| files[1].1.extend(line.as_bytes());
    assert_eq!(found(&say("MD5(cent7.ovf)= 00\n")), (true, "appliance-digest-unknown".into()));
    assert_eq!(found(&say("nonsense\n")), (false, "appliance-manifest-broken".into()));
    let gone = format!("SHA1(gone.vmdk)= {}\n", "0".repeat(40)).leak();
    assert_eq!(found(&say(gone)), (false, "appliance-file-missing".into()));
    // A second, wrong digest of the same file does not hide behind the right one, nor the other way round.
    let lie: &str = format!("SHA1(cent7.ovf)= {}\n", "0".repeat(40)).leak();
    assert_eq!(found(&say(lie)), (false, "appliance-digest-differs".into()));
    let first = |files: &mut Files| files[1].1.splice(0..0, lie.bytes()).for_each(drop);
    assert_eq!(found(&first), (false, "appliance-digest-differs".into()));
}

#[test]
fn a_damaged_appliance_is_told_in_both_languages() {
    let export = Export::new(Maker::Ovftool, &[nic(0, "nat")]);
    let descriptor = export
        .descriptor()
        .replace("</References>", r#"<File ovf:id="f2" ovf:href="http://example.com/data.vmdk"/><File ovf:id="f3" ovf:href="data disk.vmdk"/></References>"#)
        .replace("</DiskSection>", r#"<Disk ovf:diskId="vmdisk2" ovf:fileRef="f9" ovf:capacity="900" ovf:capacityAllocationUnits="byte * 2^50"/></DiskSection>"#)
        .replace("</Envelope>", r#"<VirtualSystem ovf:id="second"/></Envelope>"#);
    let ova = changed(&export, |files| {
        files[0].1 = descriptor.into_bytes();
        files[2].1.truncate(1000);
        files[1].1.extend(b"MD5(cent7.ovf)= 00\nnonsense\n");
        files.push(("notes.txt".into(), b"x".to_vec()));
    });
    insta::assert_snapshot!("appliance_damaged", both(&read(&ova).unwrap()));
}

#[test]
fn descriptors_may_be_utf_16_and_hrefs_percent_encoded() {
    let mut export = Export::new(Maker::Ovftool, &[nic(0, "nat")]);
    "cent 7".clone_into(&mut export.name);
    assert!(read(&export.ova()).unwrap().fit(), "%20 is a blank");
    let text = export.descriptor().replace("UTF-8", "UTF-16");
    for (mark, bytes) in [(0xfeff_u16, u16::to_le_bytes as fn(u16) -> [u8; 2]), (0xfeff, u16::to_be_bytes)] {
        let wide: Vec<u8> = [mark].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect();
        let report = read(&changed(&export, |files| {
            files[0].1 = wide;
            files.remove(1);
        }));
        assert_eq!(ids(&report.unwrap()), ["appliance-no-manifest"]);
    }
}
