//! Disks of every kind, whole and broken: what is taken for what, and why the others are refused.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::*;

/// A directory with a file of these bytes.
fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk");
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

/// The identifier of the refusal.
fn refused(bytes: &[u8]) -> String {
    let (_dir, path) = file(bytes);
    Disk::open(&path).unwrap_err().0.id
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A boot sector with one partition of so many sectors from the second on.
fn boot_sector(sectors: u32) -> Vec<u8> {
    let mut sector = vec![0; 512];
    put(&mut sector, 446, &[0x80, 0, 0, 0, 0x83, 0, 0, 0]);
    put(&mut sector, 454, &1_u32.to_le_bytes());
    put(&mut sector, 458, &sectors.to_le_bytes());
    put(&mut sector, 510, &[0x55, 0xaa]);
    sector
}

/// A qcow2 of so many bytes with one cluster that is written.
fn qcow2(capacity: u64) -> Vec<u8> {
    const CLUSTER: usize = 64 << 10;
    let first = usize::try_from(capacity.div_ceil(512 << 20)).unwrap();
    let at = |number: usize| u64::try_from(number * CLUSTER).unwrap().to_be_bytes();
    let clusters = (first * 8).div_ceil(CLUSTER);
    let mut bytes = vec![0; (5 + clusters) * CLUSTER];
    put(&mut bytes, 0, b"QFI\xfb\0\0\0\x03");
    put(&mut bytes, 20, &16_u32.to_be_bytes());
    put(&mut bytes, 24, &capacity.to_be_bytes());
    put(&mut bytes, 36, &u32::try_from(first).unwrap().to_be_bytes());
    put(&mut bytes, 40, &at(4));
    put(&mut bytes, 48, &at(1));
    put(&mut bytes, 56, &1_u32.to_be_bytes());
    put(&mut bytes, 4 * CLUSTER, &at(2));
    put(&mut bytes, 2 * CLUSTER, &at(3));
    bytes
}

#[test]
fn a_raw_disk_is_known_by_its_boot_sector_and_holds_its_partitions() {
    let whole = [boot_sector(7), vec![0; 7 * 512]].concat();
    let (_dir, path) = file(&whole);
    let disk = Disk::open(&path).unwrap();
    assert_eq!((disk.format, disk.capacity, disk.foreign), (Format::Raw, 4096, false));
    let mut two = [0; 2];
    disk.read_at(510, &mut two).unwrap();
    assert_eq!(two, [0x55, 0xaa]);
    assert!(disk.read_at(4095, &mut two).is_err());
    assert_eq!(refused(&whole[..2048]), "disk-refused-truncated");
    assert_eq!(refused(&[7; 4096]), "disk-refused-no-disk");
    assert_eq!(refused(b"MZ"), "disk-refused-no-disk");
    assert_eq!(refused(b""), "disk-refused-no-disk");
}

#[test]
fn a_qcow2_is_whole_or_it_is_refused() {
    let whole = qcow2(1 << 30);
    let (_dir, path) = file(&whole);
    let disk = Disk::open(&path).unwrap();
    assert_eq!((disk.format, disk.capacity), (Format::Qcow2, 1 << 30));
    for (at, value, id) in [
        (32, &2_u32.to_be_bytes()[..], "disk-refused-encrypted"),
        (4, &9_u32.to_be_bytes(), "disk-refused-damaged"),
        (20, &40_u32.to_be_bytes(), "disk-refused-damaged"),
        (36, &0_u32.to_be_bytes(), "disk-refused-damaged"),
        (36, &u32::MAX.to_be_bytes(), "disk-refused-damaged"),
        (40, &u64::MAX.to_be_bytes(), "disk-refused-truncated"),
        (72, &4_u64.to_be_bytes(), "disk-refused-extents"),
    ] {
        let mut broken = whole.clone();
        put(&mut broken, at, value);
        assert_eq!(refused(&broken), id, "at {at}");
    }
    // What the tables point to is not there.
    for length in [1000, 70_000, 3 * 65_536 - 1] {
        assert_eq!(refused(&whole[..length]), "disk-refused-truncated", "{length}");
    }
}

#[test]
fn a_disk_that_leans_on_another_file_is_refused_and_the_file_named() {
    let mut leaning = qcow2(1 << 30);
    put(&mut leaning, 8, &1024_u64.to_be_bytes());
    put(&mut leaning, 16, &11_u32.to_be_bytes());
    put(&mut leaning, 1024, b"/etc/shadow");
    let (_dir, path) = file(&leaning);
    let refusal = Disk::open(&path).unwrap_err();
    assert_eq!(refusal.0.id, "disk-refused-backing");
    assert!(refusal.to_string().contains("/etc/shadow"), "{refusal}");
    assert!(refusal.to_string().contains("qemu-img convert"), "{refusal}");
}

#[test]
fn two_terabytes_of_holes_are_a_disk_like_any_other() {
    let (_dir, path) = file(&qcow2(2 << 40));
    assert_eq!(Disk::open(&path).unwrap().capacity, 2 << 40);
    let (_dir, path) = file(&boot_sector(100));
    File::options().write(true).open(&path).unwrap().set_len(2 << 40).unwrap();
    let disk = Disk::open(&path).unwrap();
    assert_eq!(disk.capacity, 2 << 40);
    assert!(disk.digest().unwrap().to_string().starts_with("sha256-blocks:"));
}

#[test]
fn a_vdi_is_whole_or_it_is_refused() {
    let mut whole = vec![0; 1024 + (1 << 20)];
    put(&mut whole, 0x40, &0xbeda_107f_u32.to_le_bytes());
    put(&mut whole, 0x44, &0x0001_0001_u32.to_le_bytes());
    put(&mut whole, 0x4c, &1_u32.to_le_bytes());
    put(&mut whole, 0x154, &512_u32.to_le_bytes());
    put(&mut whole, 0x158, &1024_u32.to_le_bytes());
    put(&mut whole, 0x170, &(4_u64 << 20).to_le_bytes());
    put(&mut whole, 0x178, &(1_u32 << 20).to_le_bytes());
    put(&mut whole, 0x180, &4_u32.to_le_bytes());
    put(&mut whole, 0x184, &1_u32.to_le_bytes());
    let (_dir, path) = file(&whole);
    let disk = Disk::open(&path).unwrap();
    assert_eq!((disk.format, disk.capacity, disk.foreign), (Format::Vdi, 4 << 20, true));
    assert_eq!(refused(&whole[..1 << 20]), "disk-refused-truncated");
    put(&mut whole, 0x4c, &4_u32.to_le_bytes());
    assert_eq!(refused(&whole), "disk-refused-backing");
}

/// A sparse VMDK with one grain that is written, and this descriptor.
fn vmdk(descriptor: &str) -> Vec<u8> {
    let mut bytes = vec![0; 40 * 512];
    put(&mut bytes, 0, b"KDMV");
    for (at, value) in [(12, 1024_u64), (20, 8), (28, 1), (36, 2), (56, 4)] {
        put(&mut bytes, at, &value.to_le_bytes());
    }
    put(&mut bytes, 44, &512_u32.to_le_bytes());
    put(&mut bytes, 512, descriptor.as_bytes());
    put(&mut bytes, 4 * 512, &5_u32.to_le_bytes());
    put(&mut bytes, 5 * 512, &32_u32.to_le_bytes());
    bytes
}

#[test]
fn a_vmdk_is_one_file_or_it_is_refused() {
    let whole = vmdk("# Disk DescriptorFile\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicSparse\"\n");
    let (_dir, path) = file(&whole);
    let disk = Disk::open(&path).unwrap();
    assert_eq!((disk.format, disk.capacity), (Format::Vmdk, 1024 * 512));
    assert_eq!(refused(&whole[..20 * 512]), "disk-refused-truncated");
    assert_eq!(refused(&vmdk("parentCID=12345678\nparentFileNameHint=\"/base.vmdk\"\n")), "disk-refused-backing");
    assert_eq!(refused(&vmdk("encryption.keySafe = \"vmware:key\"\n")), "disk-refused-encrypted");
    let mut at_end = whole.clone();
    put(&mut at_end, 56, &u64::MAX.to_le_bytes());
    assert_eq!(refused(&at_end), "disk-refused-truncated");
    let text = format!("# Disk DescriptorFile\nversion=1\n{}", " ".repeat(600));
    assert_eq!(refused(text.as_bytes()), "disk-refused-extents");
}

#[test]
fn what_is_no_disk_is_named() {
    let sector = |magic: &[u8]| [magic, &[0; 1024]].concat();
    assert_eq!(refused(&sector(b"LUKS\xba\xbe")), "disk-refused-encrypted");
    for (magic, name) in
        [(&b"\x1f\x8b"[..], "gzip"), (b"PK\x03\x04", "ZIP"), (b"vhdxfile", "VHDX"), (b"\x7fELF", "ELF")]
    {
        let (_dir, path) = file(&sector(magic));
        let refusal = Disk::open(&path).unwrap_err();
        assert_eq!(refusal.0.id, "disk-refused-format");
        assert!(refusal.to_string().contains(name), "{refusal}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Disk::open(dir.path()).unwrap_err().0.id, "disk-refused-no-file");
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(Disk::open(&pipe).unwrap_err().0.id, "disk-refused-no-file");
    assert_eq!(Disk::open(&dir.path().join("none")).unwrap_err().0.id, "disk-refused-unreadable");
}

/// A descriptor with these disks.
fn descriptor(disks: &[&str]) -> String {
    let files: String = disks.iter().map(|name| format!("<File ovf:href=\"{name}\" ovf:id=\"{name}\"/>")).collect();
    let all: String = disks
        .iter()
        .map(|name| format!("<Disk ovf:capacity=\"1\" ovf:diskId=\"d-{name}\" ovf:fileRef=\"{name}\"/>"))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" \
         xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\"><References>{files}</References>\
         <DiskSection><Info/>{all}</DiskSection><VirtualSystem ovf:id=\"lab\"><Info/></VirtualSystem></Envelope>"
    )
}

fn archive(path: &Path, members: &[(&str, &[u8])]) {
    let mut archive = tar::Builder::new(File::create(path).unwrap());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap().flush().unwrap();
}

#[test]
fn an_appliances_only_disk_is_read_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let disk = [boot_sector(7), vec![9; 7 * 512]].concat();
    let (text, ova) = (descriptor(&["lab.img"]), dir.path().join("lab.ova"));
    archive(&ova, &[("lab.ovf", text.as_bytes()), ("lab.img", &disk)]);
    std::fs::write(dir.path().join("lab.img"), &disk).unwrap();
    std::fs::write(dir.path().join("lab.ovf"), &text).unwrap();
    for name in ["lab.ova", "lab.ovf"] {
        let found = Disk::open(&dir.path().join(name)).unwrap();
        assert_eq!((found.format, found.capacity, found.foreign), (Format::Raw, 4096, true), "{name}");
        let mut bytes = vec![0; 4096];
        found.read_at(0, &mut bytes).unwrap();
        assert_eq!(bytes, disk);
    }
    // Nobody writes an archive's name into it: a byte more in the file is another digest.
    let opened = Disk::open(&ova).unwrap();
    let before = opened.digest().unwrap();
    File::options().write(true).open(&ova).unwrap().write_all_at(b"x", 5).unwrap();
    assert_ne!(opened.digest().unwrap(), before);

    let refused = |members: &[(&str, &[u8])]| {
        let path = dir.path().join("other.ova");
        archive(&path, members);
        Disk::open(&path).unwrap_err().0.id
    };
    let two = descriptor(&["a.img", "b.img"]);
    let members = [("lab.ovf", two.as_bytes()), ("a.img", &disk[..]), ("b.img", &disk[..])];
    assert_eq!(refused(&members), "disk-refused-appliance-several");
    assert_eq!(refused(&members[..2]), "disk-refused-missing");
    assert_eq!(refused(&[("lab.ovf", descriptor(&[]).as_bytes())]), "disk-refused-appliance-none");
    assert_eq!(refused(&[("lab.ovf", text.as_bytes()), ("lab.img", &disk[..1024])]), "disk-refused-truncated");
}
