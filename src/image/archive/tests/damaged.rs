//! Tests with archives that are damaged, hostile, or something else.

use std::fs;
use std::io::{self, Read};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Files, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, OCI_TAR, annotated, config, diff_id, gzip, layer_tar, only, save,
};
use crate::image::archive::{Archive, Fault};
use crate::image::testing::{file, symlink, tar};

fn refused(files: &Files) -> String {
    refused_bytes(&files.tar())
}

fn refused_bytes(bytes: &[u8]) -> String {
    let under = TempDir::new().unwrap();
    let said = Archive::open(&save(&under, bytes)).unwrap_err().to_string();
    assert!(said.starts_with("image archive ") && said.contains("image.tar: "), "{said}");
    said
}

/// A whole archive with one layer.
fn whole() -> (Files, Vec<u8>) {
    let layer = layer_tar("a");
    let files = Files::new().with("l", layer.clone()).with_json("c", &config(&[diff_id(&layer)]));
    (files.with_json("manifest.json", &json!([{ "Config": "c", "RepoTags": ["a:1"], "Layers": ["l"] }])), layer)
}

fn listing(image: &Value) -> Files {
    let layer = layer_tar("a");
    let files = Files::new().with("l", layer.clone()).with_json("c", &config(&[diff_id(&layer)]));
    files.with_json("manifest.json", &json!([image]))
}

#[test]
fn what_is_no_archive_of_images_is_named_with_a_way_out() {
    let (files, _) = whole();
    for (bytes, says) in [
        (gzip(&files.tar()), "decompress it first with `gunzip`"),
        (b"\x28\xb5\x2f\xfd rest of it".to_vec(), "`unzstd`"),
        (layer_tar("etc/passwd"), "make one with `docker save"),
        (vec![], "cut off"),
        (b"{}".repeat(600), "no tar archive"),
    ] {
        let said = refused_bytes(&bytes);
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    }
    let under = TempDir::new().unwrap();
    let pipe = under.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(matches!(Archive::open(&pipe).unwrap_err().fault, Fault::NeitherFileNorDirectory));
    assert!(matches!(Archive::open(&under.path().join("none")).unwrap_err().fault, Fault::Io(_)));
    assert!(matches!(Archive::open(under.path()).unwrap_err().fault, Fault::Unrecognised));
}

#[test]
fn a_manifest_that_makes_no_sense_is_refused() {
    for (image, says) in [
        (json!({ "Config": "none", "Layers": ["l"] }), "mentions `none`, which it does not hold"),
        (json!({ "Config": "c", "Layers": ["none"] }), "mentions `none`"),
        (json!({ "Config": "c", "Layers": ["../l"] }), "no plain relative path"),
        (json!({ "Config": "/c", "Layers": ["l"] }), "no plain relative path"),
        (json!({ "Config": "c", "Layers": ["l", "l"] }), "2 layers with 1 diff ids"),
        (json!({ "Config": "c", "Layers": vec!["l"; 129] }), "more than 128 layers"),
        (json!({ "Config": "c", "RepoTags": ["a b:1"], "Layers": ["l"] }), "`a b:1` is no name of an image"),
        (json!({ "Config": 1, "Layers": ["l"] }), "`manifest.json`: "),
    ] {
        let said = refused(&listing(&image));
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    }
    let (files, _) = whole();
    let images = vec![json!({ "Config": "c", "Layers": ["l"] }); 65];
    assert!(refused(&files.clone().with_json("manifest.json", &json!(images))).contains("more than 64 images"));
    assert!(refused(&files.with_json("manifest.json", &json!([]))).contains("no image"));
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let (files, layer) = whole();
    let change = |pointer: &str, value: Value| {
        let mut config = config(&[diff_id(&layer)]);
        *config.pointer_mut(pointer).unwrap() = value;
        refused(&files.clone().with_json("c", &config))
    };
    assert!(change("/os", json!("windows")).contains("the image is for windows"));
    assert!(change("/rootfs/diff_ids", json!(["sha512:00"])).contains("`sha512:00` is no SHA-256 digest"));
    assert!(change("/config/Env", json!(["NOTHING"])).contains("`NOTHING` is not of the form NAME=VALUE"));
    assert!(change("/config/Env", json!(["=x"])).contains("NAME=VALUE"));
    assert!(change("/config/Env", json!(vec!["A=b"; 4097])).contains("more than 4096 environment variables"));
    assert!(change("/rootfs/diff_ids", json!(vec![diff_id(&layer); 129])).contains("more than 128 layers"));
    assert!(change("/config/WorkingDir", json!("srv")).contains("no absolute path"));
    assert!(change("/config", json!({ "Env": 7 })).contains("`c`: "));
    assert!(refused(&files.clone().with("c", vec![b' '; (4 << 20) + 1])).contains("larger than 4 MiB"));
    let named = format!("{}.json", "0".repeat(64));
    let list = json!([{ "Config": named, "Layers": ["l"] }]);
    let wrong = files.with_json("manifest.json", &list).with_json(&named, &config(&[diff_id(&layer)]));
    assert!(refused(&wrong).contains("does not have the digest that it is named by"));
}

#[test]
fn a_configuration_may_say_little() {
    let (files, layer) = whole();
    for little in [json!(null), json!({}), json!({ "Env": null, "WorkingDir": "" })] {
        let config = json!({ "config": little, "rootfs": { "diff_ids": [diff_id(&layer)] } });
        let under = TempDir::new().unwrap();
        let archive = Archive::open(&files.clone().with_json("c", &config).save(&under)).unwrap();
        assert_eq!((only(&archive).workdir.as_str(), only(&archive).env.len()), ("/", 0));
    }
}

#[test]
fn formats_that_are_not_read_are_named_with_a_way_out() {
    let layer = layer_tar("a");
    for (media_type, says) in [
        (format!("{OCI_TAR}+zstd"), "--dest-compress-format gzip"),
        (format!("{OCI_TAR}+gzip+encrypted"), "can decrypt it"),
        ("text/html".to_owned(), "`docker save` it"),
    ] {
        let mut files = Files::new();
        let manifest = files.image(&[(&media_type, layer.clone())], &[diff_id(&layer)]);
        let said = refused(&files.with_json("index.json", &json!({ "manifests": [manifest] })));
        assert!(said.contains(&format!("media type `{media_type}`")) && said.contains(says), "{said}");
    }
    let odd = json!({ "manifests": [{ "mediaType": "application/json", "digest": diff_id(b"") }] });
    assert!(refused(&Files::new().with_json("index.json", &odd)).contains("media type `application/json`"));

    // Docker's own manifest says nothing about compression.
    let (files, _) = whole();
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&files.with("l", b"\x28\xb5\x2f\xfd...".to_vec()).save(&under)).unwrap();
    assert!(archive.layer(0, 0).unwrap_err().to_string().contains("media type `zstd`"));
    assert!(matches!(archive.layer(0, 1).unwrap_err().fault, Fault::NoLayer { image: 0, layer: 1 }));
    assert!(matches!(archive.layer(1, 0).unwrap_err().fault, Fault::NoLayer { image: 1, layer: 0 }));
}

#[test]
fn an_oci_layout_that_makes_no_sense_is_refused() {
    let mut files = Files::new();
    let layer = layer_tar("a");
    let manifest = files.image(&[(OCI_TAR, layer.clone())], &[diff_id(&layer)]);
    let index = |manifests: Value| json!({ "manifests": manifests });
    let with = |files: &Files, manifests: Value| refused(&files.clone().with_json("index.json", &index(manifests)));
    let missing = json!({ "mediaType": OCI_MANIFEST, "digest": diff_id(b"missing") });
    assert!(with(&files, json!([missing])).contains("incomplete"));
    let climbing = json!({ "mediaType": OCI_MANIFEST, "digest": "sha256:../../../etc/passwd" });
    assert!(with(&files, json!([climbing])).contains("no SHA-256 digest"));
    assert!(with(&files, json!([])).contains("no image"));
    let (name, _) = files.0.last().unwrap().clone();
    let damaged = files.clone().with(&name, "{}");
    assert!(with(&damaged, json!([manifest])).contains("does not have the digest"));
}

#[test]
fn indexes_that_multiply_are_refused() {
    let mut files = Files::new();
    let config = files.blob(OCI_CONFIG, config(&[]).to_string());
    let mut inner = files.blob(OCI_MANIFEST, json!({ "config": config }).to_string());
    for _ in 0..3 {
        inner = files.blob(OCI_INDEX, json!({ "manifests": vec![inner; 100] }).to_string());
    }
    assert!(refused(&files.clone().with_json("index.json", &json!({ "manifests": [inner] }))).contains("nested"));
    for _ in 0..3 {
        inner = files.blob(OCI_INDEX, json!({ "manifests": [inner] }).to_string());
    }
    assert!(refused(&files.with_json("index.json", &json!({ "manifests": [inner] }))).contains("nested"));
}

#[test]
fn an_outer_tar_that_makes_no_sense_is_refused() {
    for name in ["../a", "/a", "a/../../b"] {
        assert!(refused_bytes(&tar(&[file(name, b"")])).contains(&format!("name `{name}`")));
    }
    assert!(refused_bytes(&tar(&[file(&"a".repeat(4097), b"")])).contains("no plain relative path"));
    assert!(refused_bytes(&tar(&[symlink("a", "../b")])).contains("name `a`"));
    let (files, _) = whole();
    let (config, manifest) = (files.0[1].1.clone(), files.0[2].1.clone());
    let circle = tar(&[symlink("l", "m"), symlink("m", "l"), file("c", &config), file("manifest.json", &manifest)]);
    assert!(refused_bytes(&circle).contains("mentions `l`, which it does not hold as a file"));
    let many: Vec<_> = (0..=10_000).map(|_| file("a", b"")).collect();
    assert!(refused_bytes(&tar(&many)).contains("more than 10000 files"));
}

#[test]
fn a_damaged_layer_is_noticed_at_its_end_and_named() {
    let (files, layer) = whole();
    let under = TempDir::new().unwrap();
    let read = |content: Vec<u8>| {
        let archive = Archive::open(&files.clone().with("l", content).save(&under)).unwrap();
        io::copy(&mut archive.layer(0, 0).unwrap(), &mut io::sink()).unwrap_err()
    };
    let mut flipped = layer.clone();
    flipped[600] ^= 1;
    let longer = [layer.clone(), vec![0]].concat();
    for damaged in [flipped.clone(), layer[..1024].to_vec(), vec![], longer, gzip(&flipped)] {
        let err = read(damaged);
        assert_eq!(err.kind(), io::ErrorKind::InvalidData);
        assert!(err.to_string().contains(&diff_id(&layer)), "{err}");
    }
    let compressed = gzip(&layer);
    let said = read(compressed[..compressed.len() - 9].to_vec()).to_string();
    assert!(said.contains(&diff_id(&layer)), "{said}");
}

#[test]
fn a_file_that_is_cut_while_it_is_read_is_an_error() {
    let (files, layer) = whole();
    let under = TempDir::new().unwrap();
    let path = files.save(&under);
    let archive = Archive::open(&path).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(700).unwrap();
    let err = archive.layer(0, 0).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::UnexpectedEof);
    assert!(err.to_string().contains(&diff_id(&layer)), "{err}");
}

#[test]
fn every_cut_of_an_archive_is_an_error() {
    let (files, _) = whole();
    let tar = files.tar();
    let under = TempDir::new().unwrap();
    for length in (0..tar.len() - 1024).step_by(100) {
        assert!(Archive::open(&save(&under, &tar[..length])).is_err(), "cut at {length}");
    }
}

/// Reads everything there is; only a panic or an endless loop would be wrong.
fn read_all(bytes: &[u8]) {
    let under = TempDir::new().unwrap();
    let Ok(archive) = Archive::open(&save(&under, bytes)) else { return };
    for (image, described) in archive.images().iter().enumerate() {
        for layer in 0..described.layers.len() {
            let _ = archive.layer(image, layer).map(|mut layer| io::copy(&mut layer, &mut io::sink()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flipped_bytes_never_panic(flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), oci: bool) {
        let mut bytes = if oci {
            let mut files = Files::new();
            let layer = layer_tar("a");
            let media_type = format!("{OCI_TAR}+gzip");
            let image = files.image(&[(&media_type, gzip(&layer))], &[diff_id(&layer)]);
            let image = annotated(image, json!({ "io.containerd.image.name": "a:1" }));
            files.with_json("index.json", &json!({ "manifests": [image] })).tar()
        } else {
            whole().0.tar()
        };
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_all(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..2000), manifest: bool) {
        let name = if manifest { "manifest.json" } else { "index.json" };
        read_all(&bytes);
        read_all(&Files::new().with(name, bytes).tar());
    }
}
