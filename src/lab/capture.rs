//! The captures of a lab as they arrive: one pcapng file a network, and the frames of any stretch of time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::evidence::CaptureRecord;
use crate::evidence::bundle::hash_file;
use crate::fabric::capture_read::{self, CaptureReadError, Record};
use crate::fabric::counters::Counters;

/// More bytes than the beginning of a capture has: a block for the section and one for each port, at most 32 endpoints with a
/// handful of NICs each.
const HEADER_MOST: u64 = 64 << 10;

/// A moment of a lab: what its switch had seen by then.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moment {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub at_ns: u64,
    /// Bytes of each network's capture.
    pub captured: BTreeMap<String, u64>,
    /// The switch's counters, of the very same frames.
    pub counters: Counters,
}

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
        let mut records = self.in_lab_time(capture_read::read(&std::fs::read(self.path(network))?))?;
        records.retain(|record| (from_ns..=to_ns).contains(&record.at_ns));
        Ok(records)
    }

    /// Frames of a network that passed between two moments, in order; times as in [`Captures::between`]. However long the
    /// capture is, only this part of it is read.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn since(&self, network: &str, from: &Moment, to: &Moment) -> io::Result<Vec<Record>> {
        let at = |moment: &Moment| moment.captured.get(network).copied().unwrap_or(0);
        let (from, to) = (at(from), at(to));
        if to <= from || !self.files.contains_key(network) {
            return Ok(Vec::new());
        }
        let mut file = File::open(self.path(network))?;
        let mut begin = vec![0; usize::try_from(to.min(HEADER_MOST)).unwrap_or(0)];
        file.read_exact(&mut begin)?;
        begin.truncate(capture_read::header(&begin).map_err(io::Error::other)?);
        let from = from.max(begin.len() as u64);
        file.seek(SeekFrom::Start(from))?;
        file.take(to.saturating_sub(from)).read_to_end(&mut begin)?;
        self.in_lab_time(capture_read::read(&begin))
    }

    fn in_lab_time(&self, read: Result<Vec<Record>, CaptureReadError>) -> io::Result<Vec<Record>> {
        let mut records = read.map_err(io::Error::other)?;
        for record in &mut records {
            record.at_ns = record.at_ns.saturating_sub(self.epoch_offset_ns);
        }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::fabric::capture::CaptureWriter;

    #[test]
    fn frames_between_two_moments_are_read_from_their_place_in_lab_time() {
        let dir = tempfile::tempdir().unwrap();
        let mut captures = Captures::in_dir(dir.path()).unwrap();
        captures.set_epoch(1_000);
        let (chunks, received) = sync_channel(1);
        let mut writer = CaptureWriter::new("wan", &["server:eth2"], 1 << 20, 1_000).unwrap();
        let mut moments = vec![Moment::default()];
        for at in 0..4 {
            writer.record(0, at, &[at as u8; 60], None);
            let captured = [("wan".to_owned(), writer.position())].into();
            moments.push(Moment { at_ns: at, captured, ..Moment::default() });
            assert!(writer.flush(&chunks));
            captures.add("wan", &received.recv().unwrap().bytes);
        }
        let times = |from: usize, to: usize| -> Vec<u64> {
            let records = captures.since("wan", &moments[from], &moments[to]).unwrap();
            records.iter().map(|record| record.at_ns).collect()
        };
        assert_eq!(times(0, 4), [0, 1, 2, 3]);
        assert_eq!(times(1, 3), [1, 2]);
        assert_eq!(times(3, 4), [3]);
        assert!(times(2, 2).is_empty());
        assert!(times(3, 1).is_empty(), "backwards there is nothing");
        assert_eq!(captures.since("lan", &moments[0], &moments[4]).unwrap(), []);
    }
}
