//! Tests of writing archives; most of them read what was written.

use std::io;

use tempfile::TempDir;

use super::{content, diff_id, layer_tar, save};
use crate::image::archive::{Archive, ImageToWrite, Writer, machine_architecture};

fn image(references: &[&str], layers: &[&[u8]]) -> ImageToWrite {
    ImageToWrite {
        references: references.iter().map(|&name| name.to_owned()).collect(),
        diff_ids: layers.iter().map(|layer| diff_id(layer)).collect(),
        env: vec![("PATH".into(), "/bin".into()), ("A".into(), "b=c".into())],
        workdir: "/srv".into(),
        architecture: machine_architecture().into(),
        created: None,
    }
}

fn written(layers: &[&[u8]], images: &[ImageToWrite]) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    for layer in layers {
        writer.layer(&diff_id(layer), layer.len() as u64, *layer)?;
    }
    writer.finish(images)
}

#[test]
fn what_is_written_is_read_and_always_the_same() {
    let (one, two) = (layer_tar("one"), layer_tar("two"));
    let images = [image(&["a:1", "localhost:5000/a:2"], &[&one, &two]), image(&[], &[&one, &two, &one])];
    let bytes = written(&[&one, &two], &images).unwrap();
    assert_eq!(bytes, written(&[&one, &two], &images).unwrap());
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&save(&under, &bytes)).unwrap();
    for (read, image) in archive.images().iter().zip(&images) {
        assert_eq!((&read.references, &read.diff_ids, &read.env), (&image.references, &image.diff_ids, &image.env));
        assert_eq!((&read.workdir, &read.architecture), (&image.workdir, &image.architecture));
    }
    assert_eq!((archive.images().len(), content(&archive, 1, 1), content(&archive, 1, 2)), (2, two, one));
}

#[test]
fn the_same_image_under_two_names_is_described_once() {
    let layer = layer_tar("a");
    let images = [image(&["a:1"], &[&layer]), image(&["b:1"], &[&layer])];
    let under = TempDir::new().unwrap();
    let archive = Archive::open(&save(&under, &written(&[&layer], &images).unwrap())).unwrap();
    let names: Vec<_> = archive.images().iter().map(|image| image.references.concat()).collect();
    assert_eq!(names, ["a:1", "b:1"]);
}

#[test]
fn what_cannot_be_loaded_is_not_written() {
    let layer = layer_tar("a");
    let says = |result: io::Result<Vec<u8>>, says: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    };
    says(written(&[&layer, &layer], &[]), "was added before");
    says(written(&[], &[image(&["a:1"], &[&layer])]), "was not added");
    says(written(&[&layer], &[image(&["a"], &[&layer])]), "`a` is no name of an image");
    let other = ImageToWrite { diff_ids: vec!["sha256:1".into()], ..image(&["a:1"], &[]) };
    says(written(&[], &[other]), "not of the form sha256:HEX");
}

#[test]
fn a_layer_of_another_size_or_digest_breaks_the_archive() {
    let layer = layer_tar("a");
    let size = layer.len() as u64;
    for (id, size) in [(diff_id(&layer), size - 1), (diff_id(&layer), size + 1), (diff_id(b"other"), size)] {
        let mut writer = Writer::new(Vec::new());
        assert!(writer.layer(&id, size, layer.as_slice()).is_err());
        let said = writer.finish(&[]).unwrap_err().to_string();
        assert!(said.contains("half a layer"), "{said}");
    }
}
