//! Tests of reading archives: what `docker save` of several versions and OCI tools write, made small.

mod damaged;
mod written;

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::digest::Digest;
use super::{Archive, ArchivedImage, machine_architecture};
use crate::image::stream::{Entry, Kind};
use crate::image::testing::{Part, file, symlink, tar};

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// Files of an archive to be, with their content.
#[derive(Clone)]
struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    fn new() -> Self {
        Files(vec![])
    }

    fn with(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.0.push((name.to_owned(), content.into()));
        self
    }

    fn with_json(self, name: &str, json: &Value) -> Self {
        self.with(name, json.to_string())
    }

    /// Adds a blob and tells its descriptor.
    fn blob(&mut self, media_type: &str, content: impl Into<Vec<u8>>) -> Value {
        let content = content.into();
        let digest = Digest::of(&content);
        let descriptor = json!({ "mediaType": media_type, "digest": digest.to_string(), "size": content.len() });
        self.0.push((format!("blobs/sha256/{}", digest.hex()), content));
        descriptor
    }

    /// Adds the manifest of an image with these layers and tells its descriptor.
    fn image(&mut self, layers: &[(&str, Vec<u8>)], diff_ids: &[String]) -> Value {
        let config = self.blob(OCI_CONFIG, config(diff_ids).to_string());
        let layers: Vec<Value> =
            layers.iter().map(|(media_type, content)| self.blob(media_type, content.clone())).collect();
        self.blob(OCI_MANIFEST, json!({ "config": config, "layers": layers }).to_string())
    }

    fn tar(&self) -> Vec<u8> {
        let parts: Vec<Part<'_>> = self.0.iter().map(|(name, content)| file(name, content)).collect();
        tar(&parts)
    }

    fn save(&self, under: &TempDir) -> PathBuf {
        save(under, &self.tar())
    }
}

fn save(under: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = under.path().join("image.tar");
    fs::write(&path, bytes).unwrap();
    path
}

fn layer_tar(name: &str) -> Vec<u8> {
    tar(&[file(name, name.as_bytes())])
}

fn diff_id(layer: &[u8]) -> String {
    Digest::of(layer).to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn config(diff_ids: &[String]) -> Value {
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Env": ["PATH=/bin", "EMPTY=", "EQUALS=a=b"], "WorkingDir": "/srv" },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    })
}

fn annotated(mut descriptor: Value, annotations: Value) -> Value {
    descriptor["annotations"] = annotations;
    descriptor
}

fn content(archive: &Archive, image: usize, layer: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.layer(image, layer).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn only(archive: &Archive) -> &ArchivedImage {
    let [image] = archive.images() else { panic!("{:?}", archive.images()) };
    image
}

#[test]
fn an_archive_of_docker_save_is_read() {
    let (lower, upper) = (layer_tar("lower"), layer_tar("upper"));
    let ids = [diff_id(&lower), diff_id(&upper), diff_id(&lower)];
    let manifest = json!([
        { "Config": "c.json", "RepoTags": ["debian:12", "docker.io/library/debian:bookworm"],
          "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"] },
        { "Config": "c.json", "RepoTags": null, "Layers": ["1/layer.tar", "2/layer.tar", "1/layer.tar"] },
    ]);
    let (config, manifest) = (config(&ids).to_string(), manifest.to_string());
    let parts = [
        file("c.json", config.as_bytes()),
        file("1/layer.tar", &lower),
        file("2/layer.tar", &upper),
        // Docker stores an equal layer as a link to the first.
        symlink("3/layer.tar", "../1/layer.tar"),
        file("manifest.json", manifest.as_bytes()),
    ];
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&save(&under, &tar(&parts))).unwrap();
    let [named, nameless] = archive.images() else { panic!() };
    assert_eq!(named.references, ["debian:12", "debian:bookworm"]);
    assert!(nameless.references.is_empty());
    assert_eq!(named.diff_ids, ids);
    let env = [("PATH", "/bin"), ("EMPTY", ""), ("EQUALS", "a=b")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(
        (named.env.as_slice(), named.workdir.as_str(), named.architecture.as_str()),
        (&env[..], "/srv", "amd64")
    );
    assert_eq!((named.layers[0], named.layers[1]), (nameless.layers[0], nameless.layers[1]));
    assert_ne!(named.layers[0], named.layers[1]);
    assert_eq!((content(&archive, 0, 0), content(&archive, 0, 1)), (lower.clone(), upper));
    assert_eq!(content(&archive, 0, 2), lower);
}

#[test]
fn compressed_layers_are_read_as_the_plain_tar() {
    let layer = layer_tar("a");
    let manifest = json!([{ "Config": "c.json", "Layers": ["l"] }]);
    let files = Files::new().with_json("c.json", &config(&[diff_id(&layer)])).with_json("manifest.json", &manifest);
    let under = TempDir::new().unwrap();
    // Several gzip members are one stream.
    let (one, two) = layer.split_at(700);
    for compressed in [gzip(&layer), [gzip(one), gzip(two)].concat()] {
        let archive = Archive::open(&files.clone().with("l", compressed).save(&under)).unwrap();
        assert_eq!(content(&archive, 0, 0), layer);
    }
}

#[test]
fn an_oci_layout_is_read_from_a_directory_and_from_a_tar() {
    let layer = layer_tar("a");
    let mut files = Files::new().with("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    let gzipped = format!("{OCI_TAR}+gzip");
    let layers = [(OCI_TAR, layer.clone()), (gzipped.as_str(), gzip(&layer))];
    let manifest = files.image(&layers, &[diff_id(&layer), diff_id(&layer)]);
    let names =
        json!({ "org.opencontainers.image.ref.name": "latest", "io.containerd.image.name": "docker.io/lab/a:1" });
    let again = annotated(manifest.clone(), json!({ "org.opencontainers.image.ref.name": "localhost:5000/lab/a:2" }));
    let index = json!({ "manifests": [annotated(manifest, names), again] });
    let files = files.with_json("index.json", &index);

    let under = TempDir::new().unwrap();
    let directory = under.path().join("layout");
    fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
    for (name, content) in &files.0 {
        fs::write(directory.join(name), content).unwrap();
    }
    for path in [directory, files.save(&under)] {
        let archive = Archive::open(&path).unwrap();
        assert_eq!(only(&archive).references, ["lab/a:1", "localhost:5000/lab/a:2"]);
        assert_eq!(only(&archive).diff_ids, [diff_id(&layer), diff_id(&layer)]);
        assert_eq!((content(&archive, 0, 0), content(&archive, 0, 1)), (layer.clone(), layer.clone()));
    }
}

#[test]
fn an_index_in_the_index_names_the_images_in_it() {
    let layer = layer_tar("a");
    let mut files = Files::new();
    let here = files.image(&[(OCI_TAR, layer.clone())], &[diff_id(&layer)]);
    let attestation = annotated(here.clone(), json!({ "vnd.docker.reference.type": "attestation-manifest" }));
    let elsewhere = json!({ "mediaType": OCI_MANIFEST, "digest": diff_id(b"not in the archive") });
    let chart = files.blob("application/vnd.cncf.helm.config.v1+json", "{}");
    let chart = files.blob(OCI_MANIFEST, json!({ "config": chart, "layers": [] }).to_string());
    let inner = files.blob(OCI_INDEX, json!({ "manifests": [elsewhere, chart, here, attestation] }).to_string());
    let inner = annotated(inner, json!({ "io.containerd.image.name": "docker.io/library/a:1" }));
    let files = files.with_json("index.json", &json!({ "manifests": [inner] }));
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&files.save(&under)).unwrap();
    assert_eq!(only(&archive).references, ["a:1"]);
}

#[test]
fn of_an_archive_that_is_both_the_manifest_counts() {
    let layer = layer_tar("a");
    let mut files = Files::new();
    let manifest = files.image(&[(OCI_TAR, layer.clone())], &[diff_id(&layer)]);
    let [config, blob] = [&files.0[0].0, &files.0[1].0];
    let list = json!([{ "Config": config, "RepoTags": ["a:1"], "Layers": [blob] }]);
    let tag_only = annotated(manifest, json!({ "org.opencontainers.image.ref.name": "1" }));
    let files = files.with_json("manifest.json", &list).with_json("index.json", &json!({ "manifests": [tag_only] }));
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&files.save(&under)).unwrap();
    assert_eq!(only(&archive).references, ["a:1"]);
    assert_eq!(content(&archive, 0, 0), layer);
}

#[test]
fn layers_can_be_read_side_by_side() {
    let (one, two) = (layer_tar("one"), layer_tar("two"));
    let manifest = json!([{ "Config": "c", "Layers": ["1", "2"] }]);
    let files = Files::new().with_json("c", &config(&[diff_id(&one), diff_id(&two)])).with("1", one.clone());
    let under = TempDir::new().unwrap();
    let archive =
        Archive::open(&files.with("2", two.clone()).with_json("manifest.json", &manifest).save(&under)).unwrap();
    let (mut first, mut second) = (archive.layer(0, 0).unwrap(), archive.layer(0, 1).unwrap());
    let (mut from_first, mut from_second) = (vec![0; one.len()], vec![0; two.len()]);
    for at in 0..one.len() {
        first.read_exact(&mut from_first[at..=at]).unwrap();
        second.read_exact(&mut from_second[at..=at]).unwrap();
    }
    assert_eq!((from_first, from_second), (one, two));
}

#[test]
fn directories_and_other_entries_of_the_outer_tar_do_not_matter() {
    let layer = layer_tar("a");
    let (config, manifest) =
        (config(&[diff_id(&layer)]).to_string(), json!([{ "Config": "./c", "Layers": ["d/../l"] }]).to_string());
    let parts = [
        (Entry::new("./", Kind::Directory, 0o755), &b""[..]),
        (Entry::new("d/", Kind::Directory, 0o755), &b""[..]),
        file("./c", config.as_bytes()),
        file("l", &layer),
        file("./manifest.json", manifest.as_bytes()),
    ];
    let under = TempDir::new().unwrap();
    assert_eq!(content(&Archive::open(&save(&under, &tar(&parts))).unwrap(), 0, 0), layer);
}

#[test]
fn this_machine_has_a_name_in_go() {
    let expected = if cfg!(target_arch = "x86_64") { "amd64" } else { machine_architecture() };
    assert_eq!(machine_architecture(), expected);
    assert!(!["x86_64", "aarch64"].contains(&machine_architecture()));
}
