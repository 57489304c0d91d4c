//! An archive of any format, written again as `docker save` does: old engines take no OCI layouts.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use super::write::{ImageToWrite, Writer};
use super::{Archive, docker};

/// Most bytes of a layer, as for the store's own.
const LAYER_MOST: u64 = 16 << 30;

impl Archive {
    /// Whether `docker load` takes it as it is, whatever the engine's age.
    pub fn is_dockers(&self) -> bool {
        self.source.has(docker::MANIFEST)
    }

    /// Writes its images as `docker save` does.
    ///
    /// # Errors
    /// What either side says; a damaged layer, or one of more than 16 GiB.
    pub fn write_as_dockers<W: Write>(&self, to: W) -> io::Result<W> {
        let mut writer = Writer::new(to);
        let mut written = BTreeSet::new();
        for (at, image) in self.images.iter().enumerate() {
            for (layer, diff_id) in image.diff_ids.iter().enumerate() {
                if written.insert(diff_id) {
                    let (size, content) = self.uncompressed(at, layer)?;
                    writer.layer(diff_id, size, content)?;
                }
            }
        }
        let images = self.images.iter().map(|image| ImageToWrite {
            references: image.references.clone(),
            diff_ids: image.diff_ids.clone(),
            env: image.env.clone(),
            workdir: image.workdir.clone(),
            architecture: image.architecture.clone(),
            created: None,
        });
        writer.finish(&images.collect::<Vec<_>>())
    }

    /// A layer's tar and its length, which a tar says before its content.
    fn uncompressed(&self, image: usize, layer: usize) -> io::Result<(u64, File)> {
        let reader = self.layer(image, layer).map_err(io::Error::other)?;
        let mut file = tempfile::tempfile()?;
        let size = io::copy(&mut reader.take(LAYER_MOST + 1), &mut file)?;
        if size > LAYER_MOST {
            return Err(io::Error::other(format!("a layer has more than {LAYER_MOST} bytes")));
        }
        file.rewind()?;
        Ok((size, file))
    }
}
