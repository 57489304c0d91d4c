//! Archives made by hand: a base that holds little more than a shell, and layers that no engine writes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use saiten::image::archive::{ImageToWrite, Writer, machine_architecture};
use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::project::said;

/// The name under which Dockerfiles look for their base.
pub const BASE: &str = "debian:bookworm-slim";
/// Programs of the small base, by the path that this machine has them at.
const PROGRAMS: [&str; 4] = ["/bin/sh", "/bin/mkdir", "/bin/sleep", "/bin/rm"];

/// Writes an archive with the small base: this machine's own shell and what it is linked with.
pub fn base(archive: &Path) {
    image(archive, &[base_layer()], &[BASE]);
}

/// The small base's only layer.
pub fn base_layer() -> Vec<u8> {
    let mut files = BTreeSet::from(PROGRAMS.map(str::to_owned));
    for program in PROGRAMS {
        let linked = said(Command::new("ldd").arg(program));
        files.extend(linked.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
    }
    let entries = files.iter().map(|file| entry(EntryType::Regular, &file[1..], "", None, &fs::read(file).unwrap()));
    layer(entries)
}

/// One entry of a tar, whatever it says of itself; `size` is what it declares when that is not what it has.
pub fn entry(kind: EntryType, name: &str, link: &str, size: Option<u64>, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size.unwrap_or(content.len() as u64));
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    if matches!(kind, EntryType::Block | EntryType::Char) {
        header.set_device_major(8).unwrap();
        header.set_device_minor(0).unwrap();
    }
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A layer of these entries.
pub fn layer(entries: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.into_iter().flatten().collect();
    bytes.extend([0; 1024]);
    bytes
}

/// Writes an archive with one image of these layers.
pub fn image(archive: &Path, layers: &[Vec<u8>], names: &[&str]) {
    let mut writer = Writer::new(File::create(archive).unwrap());
    let mut diff_ids = Vec::new();
    for layer in layers {
        diff_ids.push(format!("sha256:{}", saiten::evidence::bundle::hex(&Sha256::digest(layer))));
        writer.layer(diff_ids.last().unwrap(), layer.len() as u64, layer.as_slice()).unwrap();
    }
    let image = ImageToWrite {
        references: names.iter().map(|name| (*name).to_owned()).collect(),
        diff_ids,
        env: vec![("PATH".to_owned(), "/bin".to_owned()), ("FROM_THE_BASE".to_owned(), "seen".to_owned())],
        workdir: "/".to_owned(),
        architecture: machine_architecture().to_owned(),
        created: None,
    };
    writer.finish(&[image]).unwrap();
}

/// Writes an OCI layout, a directory, with one image of these layers (OCI image format, 1.0.2).
pub fn layout(dir: &Path, layers: &[Vec<u8>], name: &str) {
    fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    let digest = |bytes: &[u8]| saiten::evidence::bundle::hex(&Sha256::digest(bytes));
    let blob = |kind: &str, bytes: &[u8]| {
        fs::write(dir.join("blobs/sha256").join(digest(bytes)), bytes).unwrap();
        let media = format!("application/vnd.oci.image.{kind}");
        json!({ "mediaType": media, "digest": format!("sha256:{}", digest(bytes)), "size": bytes.len() })
    };
    let diff_ids: Vec<_> = layers.iter().map(|layer| format!("sha256:{}", digest(layer))).collect();
    let config = json!({
        "architecture": machine_architecture(), "os": "linux", "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "config": { "Env": ["PATH=/bin"] },
    });
    let config = blob("config.v1+json", config.to_string().as_bytes());
    let compressed = layers.iter().map(|layer| {
        let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        to.write_all(layer).unwrap();
        blob("layer.v1.tar+gzip", &to.finish().unwrap())
    });
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": compressed.collect::<Vec<_>>() });
    let mut manifest = blob("manifest.v1+json", manifest.to_string().as_bytes());
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(dir.join("index.json"), index.to_string()).unwrap();
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
