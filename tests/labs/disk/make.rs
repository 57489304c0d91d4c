//! Disks for the tests: one Debian, made once from packages, and copies of it that differ in a file.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// The password of root, and of `lab`, who has sudo.
pub const PASSWORD: &str = "correct horse";
/// Where the disk's file system begins.
const FILE_SYSTEM: u64 = 1 << 20;
const CLUSTER: usize = 64 << 10;

/// A raw disk.
pub struct Image {
    pub path: PathBuf,
}

impl Image {
    /// The disk that all tests start from. Whoever comes first makes it; its name says what it is made by.
    pub fn shared() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/labs/disk");
        let parts = ["make-disk", "system"].map(|name| std::fs::read(source.join(name)).unwrap());
        let name = hex(&Sha256::digest(parts.concat()))[..16].to_owned();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disks");
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join(format!("{name}.raw"));
        let lock = File::create(dir.join("lock")).unwrap();
        lock.lock().unwrap();
        if !path.is_file() {
            let part = dir.join("part");
            let made = Command::new(source.join("make-disk")).arg(&part).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            std::fs::rename(part, &path).unwrap();
        }
        Image { path }
    }

    /// A copy with these files in place of its own.
    pub fn with(&self, dir: &Path, files: &[(&str, &str)]) -> Self {
        let path = dir.join("disk.raw");
        let copied = Command::new("cp").arg("--sparse=always").args([&self.path, &path]).status().unwrap();
        assert!(copied.success());
        let mut orders = String::new();
        for (number, (name, content)) in files.iter().enumerate() {
            let content_at = dir.join(format!("content-{number}"));
            std::fs::write(&content_at, content).unwrap();
            orders += &format!("rm {name}\nwrite {} {name}\n", content_at.display());
        }
        let list = dir.join("orders");
        std::fs::write(&list, orders).unwrap();
        let target = format!("{}?offset={FILE_SYSTEM}", path.display());
        let edited = Command::new("debugfs").args(["-w", "-f"]).arg(&list).arg(&target).output().unwrap();
        assert!(edited.status.success(), "{}", String::from_utf8_lossy(&edited.stderr));
        Image { path }
    }

    /// The same as qcow2 (QEMU: docs/interop/qcow2.txt): header, tables of clusters, counts of their uses, and what is not zero.
    pub fn qcow2(&self, dir: &Path) -> PathBuf {
        let disk = File::open(&self.path).unwrap();
        let capacity = disk.metadata().unwrap().len();
        let path = dir.join("disk.qcow2");
        let out = File::create(&path).unwrap();
        let per_table = CLUSTER as u64 / 8;
        let tables = capacity.div_ceil(CLUSTER as u64 * per_table);
        let at = |number: u64| number * CLUSTER as u64;
        // Header, first table, second tables, the table of the counts, the counts, then data.
        let counts = 2 + tables;
        let mut next = counts + 2;
        let first: Vec<u8> = (0..tables).flat_map(|table| (at(2 + table) | 1 << 63).to_be_bytes()).collect();
        let mut buffer = vec![0; CLUSTER];
        for number in 0..capacity.div_ceil(CLUSTER as u64) {
            let length = usize::try_from((capacity - at(number)).min(CLUSTER as u64)).unwrap();
            disk.read_exact_at(&mut buffer[..length], at(number)).unwrap();
            if buffer[..length].iter().all(|byte| *byte == 0) {
                continue;
            }
            out.write_all_at(&buffer[..length], at(next)).unwrap();
            let entry = at(2 + number / per_table) + number % per_table * 8;
            out.write_all_at(&(at(next) | 1 << 63).to_be_bytes(), entry).unwrap();
            next += 1;
        }
        let mut header = b"QFI\xfb\0\0\0\x02".to_vec();
        header.extend([0; 12]);
        header.extend(16_u32.to_be_bytes());
        header.extend(capacity.to_be_bytes());
        header.extend([0; 4]);
        header.extend(u32::try_from(tables).unwrap().to_be_bytes());
        header.extend(at(1).to_be_bytes());
        header.extend(at(counts).to_be_bytes());
        header.extend(1_u32.to_be_bytes());
        header.extend([0; 12]);
        out.write_all_at(&header, 0).unwrap();
        out.write_all_at(&at(counts + 1).to_be_bytes(), at(counts)).unwrap();
        // Each is used once; one cluster of counts is enough for 2 GiB.
        assert!(next <= CLUSTER as u64 / 2);
        let uses: Vec<u8> = (0..next).flat_map(|_| 1_u16.to_be_bytes()).collect();
        out.write_all_at(&uses, at(counts + 1)).unwrap();
        out.write_all_at(&first, at(1)).unwrap();
        out.set_len(at(next)).unwrap();
        path
    }

    /// The same in an appliance, as VMDK.
    pub fn ova(&self, dir: &Path) -> PathBuf {
        let disk = self.vmdk(dir);
        let size = std::fs::metadata(&disk).unwrap().len();
        let descriptor = format!(
            "<?xml version=\"1.0\"?>\n<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" \
             xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\"><References>\
             <File ovf:href=\"lab.vmdk\" ovf:id=\"file1\" ovf:size=\"{size}\"/></References><DiskSection><Info/>\
             <Disk ovf:capacity=\"1\" ovf:capacityAllocationUnits=\"byte * 2^30\" ovf:diskId=\"disk1\" ovf:fileRef=\"file1\"/>\
             </DiskSection><VirtualSystem ovf:id=\"lab\"><Info/></VirtualSystem></Envelope>\n"
        );
        let path = dir.join("lab.ova");
        let mut archive = tar::Builder::new(File::create(&path).unwrap());
        // No export has holes.
        archive.sparse(false);
        let mut header = tar::Header::new_ustar();
        header.set_size(descriptor.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, "lab.ovf", descriptor.as_bytes()).unwrap();
        archive.append_path_with_name(&disk, "lab.vmdk").unwrap();
        archive.into_inner().unwrap().flush().unwrap();
        path
    }

    /// The same as a sparse VMDK (VMware: "Virtual Disk Format 5.0"), in sectors.
    fn vmdk(&self, dir: &Path) -> PathBuf {
        const SECTOR: u64 = 512;
        const GRAIN: u64 = 128;
        const ENTRIES: u64 = 512;
        let disk = File::open(&self.path).unwrap();
        let sectors = disk.metadata().unwrap().len() / SECTOR;
        let path = dir.join("lab.vmdk");
        let out = File::create(&path).unwrap();
        let tables = sectors.div_ceil(GRAIN * ENTRIES);
        // Header, descriptor, directory, tables of four sectors each, then grains.
        let (directory, first) = (21, 22);
        let mut next = (first + tables * 4).next_multiple_of(GRAIN);
        let overhead = next;
        for table in 0..tables {
            let entry = u32::try_from(first + table * 4).unwrap().to_le_bytes();
            out.write_all_at(&entry, directory * SECTOR + table * 4).unwrap();
        }
        let mut buffer = vec![0; usize::try_from(GRAIN * SECTOR).unwrap()];
        for number in 0..sectors.div_ceil(GRAIN) {
            let length = usize::try_from((sectors - number * GRAIN).min(GRAIN) * SECTOR).unwrap();
            buffer.fill(0);
            disk.read_exact_at(&mut buffer[..length], number * GRAIN * SECTOR).unwrap();
            if buffer.iter().all(|byte| *byte == 0) {
                continue;
            }
            out.write_all_at(&buffer, next * SECTOR).unwrap();
            out.write_all_at(&u32::try_from(next).unwrap().to_le_bytes(), first * SECTOR + number * 4).unwrap();
            next += GRAIN;
        }
        let text = format!(
            "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicSparse\"\n\
             RW {sectors} SPARSE \"lab.vmdk\"\nddb.adapterType = \"ide\"\n"
        );
        out.write_all_at(text.as_bytes(), SECTOR).unwrap();
        let mut header = b"KDMV\x01\0\0\0\x03\0\0\0".to_vec();
        for value in [sectors, GRAIN, 1, 20] {
            header.extend(value.to_le_bytes());
        }
        header.extend(u32::try_from(ENTRIES).unwrap().to_le_bytes());
        for value in [0, directory, overhead] {
            header.extend(value.to_le_bytes());
        }
        header.extend(b"\0\n \r\n");
        out.write_all_at(&header, 0).unwrap();
        path
    }
}

/// The SHA-256 of a file.
pub fn sum(path: &Path) -> String {
    let mut hash = Sha256::new();
    std::io::copy(&mut File::open(path).unwrap(), &mut hash).unwrap();
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
