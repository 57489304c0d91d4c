//! Images are the same on both backends, however they came there: built, saved, loaded.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::project::{Project, said};
use crate::user::{On, on_docker, on_each_backend};
use crate::{small, tree};

on_each_backend!(an_oci_layout_is_loaded_and_runs);
on_docker!(an_image_is_the_same_wherever_it_was_built_saved_and_loaded);

/// The image of `trees/` by its reference, on the engine; removed with the test.
struct OnEngine(Vec<String>);

impl Drop for OnEngine {
    fn drop(&mut self) {
        for reference in &self.0 {
            // One that is not there has been removed already.
            let _ = Command::new("docker").args(["rmi", reference]).output();
        }
    }
}

fn an_oci_layout_is_loaded_and_runs(on: On) {
    let project = Project::new();
    let name = format!("saiten.invalid/layout:test-{}", std::process::id());
    let _removed = OnEngine(if on == On::Docker { vec![name.clone()] } else { Vec::new() });
    let layout = project.path().join("layout");
    let file = |content: &[u8]| small::layer([small::entry(tar::EntryType::Regular, "made", "", None, content)]);
    small::layout(&layout, &[small::base_layer(), file(b"below\n"), file(b"above\n")], &name);
    project.images(on, &["load", layout.to_str().unwrap()]);
    assert_eq!(tree::inside(on, &project.store(), &name, "read x < /made && echo $x"), "above\n");
    // One that is damaged says so, on either.
    let blobs = std::fs::read_dir(layout.join("blobs/sha256")).unwrap().flatten();
    let largest = blobs.max_by_key(|blob| blob.metadata().unwrap().len()).unwrap().path();
    let mut bytes = std::fs::read(&largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&largest, bytes).unwrap();
    let again = project.saiten(on).args(["images", "load"]).arg(&layout).output().unwrap();
    assert_eq!(again.status.code(), Some(3), "{}", crate::user::text(&again));
}

/// What `find` does not tell: whether two names are one file, and that file's capabilities (getxattr(2)).
const CAPABLE: &str = r#"
[ /opt/capable -ef /opt/capable-too ] && echo one file
perl -e 'my $call = `uname -m` =~ /x86_64/ ? 191 : 8; my ($file, $name, $value) = ("/opt/capable", "security.capability", "\0" x 64);
  my $length = syscall($call, $file, $name, $value, 64); print unpack("H*", substr($value, 0, $length)), "\n"'
"#;

fn an_image_is_the_same_wherever_it_was_built_saved_and_loaded(_: On) {
    let [engine, native, bare] = std::array::from_fn(|_| Project::new());
    engine.borrow(Path::new("tests/labs/trees"), &["containers"]);
    native.borrow(Path::new("tests/labs/trees"), &["containers"]);
    let file = |name: &str| bare.path().join(name).to_str().unwrap().to_owned();
    let reference = engine.images(On::Docker, &["build"]).trim().to_owned();
    let moved = format!("saiten/tree:natively-built-{}", std::process::id());
    let _removed = OnEngine(vec![reference.clone(), moved.clone()]);

    // From the engine to the store.
    engine.images(On::Docker, &["save", &file("engine")]);
    engine.images(On::Native, &["load", &file("engine")]);
    assert_eq!(states(&engine, On::Native), states(&engine, On::Docker));
    let built = tree::of(On::Docker, bare.path(), &reference);
    let loaded = tree::of(On::Native, &engine.store(), &reference);
    assert_eq!(tree::differences(&built, &loaded), Vec::<String>::new());

    // And back, layer by layer the same.
    engine.images(On::Native, &["save", &file("returned")]);
    let layers = || said(Command::new("docker").args(["inspect", "-f", "{{json .RootFS.Layers}}", &reference]));
    let before = layers();
    said(Command::new("docker").args(["rmi", &reference]));
    rename(&file("returned"), &file("returned-alone"), &reference, &reference);
    engine.images(On::Docker, &["load", &file("returned-alone")]);
    assert_eq!(layers(), before);
    assert_eq!(states(&engine, On::Native), states(&engine, On::Docker));

    // Built on the same base without the engine, and handed to it.
    bare.images(On::Docker, &["save", &file("base")]);
    native.images(On::Native, &["load", &file("base")]);
    assert_eq!(native.images(On::Native, &["build"]).trim(), reference);
    let own = tree::of(On::Native, &native.store(), &reference);
    assert_eq!(tree::differences(&built, &own), Vec::<String>::new());
    native.images(On::Native, &["save", &file("native")]);
    rename(&file("native"), &file("native-alone"), &reference, &moved);
    native.images(On::Docker, &["load", &file("native-alone")]);
    let handed = tree::of(On::Docker, bare.path(), &moved);
    assert_eq!(tree::differences(&built, &handed), Vec::<String>::new());
    for (on, store, image) in [
        (On::Docker, bare.path(), &moved),
        (On::Native, &native.store(), &reference),
        (On::Native, &engine.store(), &reference),
    ] {
        let found = tree::inside(on, store, image, CAPABLE);
        assert_eq!(found, "one file\n0100000200200000000000000000000000000000\n", "{on:?} {image}");
    }
}

/// Names and references of the images, each of which must be there.
fn states(project: &Project, on: On) -> Vec<(String, String)> {
    let list: Vec<Value> = serde_json::from_str(&project.images(on, &["list", "--json"])).unwrap();
    assert!(list.iter().all(|image| image["size"].is_u64()), "{list:?}");
    list.iter().map(|image| (image["name"].to_string(), image["reference"].to_string())).collect()
}

/// Leaves one image in an archive, under another name: the engine's own base is not to be given another id.
fn rename(from: &str, to: &str, reference: &str, name: &str) {
    let mut kept = tar::Builder::new(File::create(to).unwrap());
    for entry in tar::Archive::new(File::open(from).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut header = entry.header().clone();
        let path = entry.path().unwrap().into_owned();
        if path != Path::new("manifest.json") {
            kept.append_data(&mut header, path, entry).unwrap();
            continue;
        }
        let mut images: Vec<Value> = serde_json::from_reader(&mut entry).unwrap();
        images.retain(|image| image["RepoTags"][0] == reference);
        images[0]["RepoTags"][0] = name.into();
        let manifest = serde_json::to_vec(&images).unwrap();
        header.set_size(manifest.len() as u64);
        kept.append_data(&mut header, path, manifest.as_slice()).unwrap();
    }
    kept.finish().unwrap();
}
