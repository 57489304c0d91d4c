//! The captures of a lab as they arrive: one pcapng file a network, and the frames of any stretch of time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::evidence::CaptureRecord;
use crate::evidence::bundle::hash_file;
use crate::fabric::capture_read::{self, Record};

/// Capture files of one lab.
pub struct Captures {
    dir: PathBuf,
    files: BTreeMap<String, Result<(File, u64), io::Error>>,
    epoch_offset_ns: u64,
}

impl Captures {
    /// Keeps captures in `dir`, which is made if need be.
    ///
    /// # Errors
    /// A directory that cannot be made.
    pub fn in_dir(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Captures { dir: dir.to_owned(), files: BTreeMap::new(), epoch_offset_ns: 0 })
    }

    /// Adds a piece of a network's capture.
    pub fn add(&mut self, network: &str, bytes: &[u8]) {
        let path = self.path(network);
        let entry = self.files.entry(network.to_owned()).or_insert_with(|| File::create(path).map(|file| (file, 0)));
        if let Ok((file, length)) = entry {
            match file.write_all(bytes) {
                Ok(()) => *length += bytes.len() as u64,
                // Shows as a capture that did not arrive.
                Err(err) => *entry = Err(err),
            }
        }
    }

    fn path(&self, network: &str) -> PathBuf {
        self.dir.join(format!("{network}.pcapng"))
    }

    /// Whether at least so many bytes of each network have arrived.
    pub fn has(&self, captured: &[(String, u64)]) -> bool {
        captured.iter().all(|(network, bytes)| match self.files.get(network) {
            Some(Ok((_, length))) => length >= bytes,
            Some(Err(_)) => false,
            None => *bytes == 0,
        })
    }

    /// Sets what lies between `CLOCK_MONOTONIC` and the captures' time stamps, nanoseconds.
    pub fn set_epoch(&mut self, offset_ns: u64) {
        self.epoch_offset_ns = offset_ns;
    }

    /// Frames of a network between two times of `CLOCK_MONOTONIC`, in order; their times are turned into the same clock.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn between(&self, network: &str, from_ns: u64, to_ns: u64) -> io::Result<Vec<Record>> {
        if !self.files.contains_key(network) {
            return Ok(Vec::new());
        }
        let mut records = capture_read::read(&std::fs::read(self.path(network))?).map_err(io::Error::other)?;
        for record in &mut records {
            record.at_ns = record.at_ns.saturating_sub(self.epoch_offset_ns);
        }
        records.retain(|record| (from_ns..=to_ns).contains(&record.at_ns));
        Ok(records)
    }

    /// What evidence says about the files.
    ///
    /// # Errors
    /// A file that could not be written or read.
    pub fn records(&mut self) -> io::Result<BTreeMap<String, CaptureRecord>> {
        let mut records = BTreeMap::new();
        for (network, entry) in &mut self.files {
            let (file, bytes) = match entry {
                Ok((file, bytes)) => (file, *bytes),
                Err(err) => return Err(io::Error::new(err.kind(), format!("capture of {network}: {err}"))),
            };
            file.flush()?;
            let name = format!("{network}.pcapng");
            let sha256 = hash_file(&self.dir.join(&name))?;
            records.insert(network.clone(), CaptureRecord { file: name, bytes, sha256 });
        }
        Ok(records)
    }
}
