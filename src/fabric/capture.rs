//! The capture of one network: pcapng in memory, cut into chunks for a consumer that may be slow.

use std::borrow::Cow;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{PcapNgWriteError, PcapNgWriter};
use serde::{Deserialize, Serialize};

/// A chunk is sent as soon as it has this many bytes.
pub const CHUNK: usize = 60_000;
/// Most bytes kept for a slow consumer. Beyond them records are left out, and counted.
pub const MAX_PENDING: usize = 8 << 20;
/// Name of the interface on which the answers of silent hosts appear.
pub const SILENT: &str = "silent";

/// A piece of one network's capture; all pieces of a network, in order, are one pcapng file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureChunk {
    /// Name of the network.
    pub network: String,
    /// The bytes, at least one.
    pub bytes: Vec<u8>,
}

/// How far a capture has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureState {
    /// Bytes that were handed to the consumer: what it has to have received.
    pub bytes_written: u64,
    /// Frames recorded.
    pub records: u64,
    /// Frames left out because the consumer was slow; the next record of the same port says so too, as its
    /// `epb_dropcount`.
    pub lost: u64,
    /// Frames left out because the capture has reached its limit.
    pub truncated: u64,
}

/// Writes the capture of one network: one interface per port, nanosecond timestamps.
pub struct CaptureWriter {
    network: String,
    writer: PcapNgWriter<Vec<u8>>,
    limit: u64,
    epoch_offset: u64,
    /// Frames left out since the last record, by interface.
    missing: Vec<u64>,
    /// Records that have gathered since the last chunk.
    gathered: u64,
    state: CaptureState,
    end: Option<End>,
}

/// Why a capture takes no more records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Limit,
    NoConsumer,
}

impl CaptureWriter {
    /// A capture with an interface of each of these names, in this order. It takes at most `limit` bytes of
    /// records; `epoch_offset` is what has to be added to a time to make it nanoseconds since 1970.
    ///
    /// # Errors
    /// A name too long for pcapng (65 535 bytes).
    pub fn new(network: &str, names: &[&str], limit: u64, epoch_offset: u64) -> Result<Self, PcapNgWriteError> {
        let mut writer = PcapNgWriter::new(Vec::new())?;
        for name in names {
            writer.write_pcapng_block(InterfaceDescriptionBlock {
                linktype: DataLink::ETHERNET,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                    InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
                ],
            })?;
        }
        Ok(Self {
            network: network.to_owned(),
            writer,
            limit,
            epoch_offset,
            missing: vec![0; names.len()],
            gathered: 0,
            state: CaptureState::default(),
            end: None,
        })
    }

    /// Records a frame seen on an interface, by its number, `at` a time in nanoseconds, with a remark if any.
    ///
    /// What finds no room is left out whole: the file stays readable.
    pub fn record(&mut self, interface: usize, at: u64, frame: &[u8], note: Option<&str>) {
        let Some(missing) = self.missing.get_mut(interface) else {
            return;
        };
        match self.end {
            Some(End::Limit) => return self.state.truncated += 1,
            Some(End::NoConsumer) => return self.state.lost += 1,
            None => {}
        }
        let before = self.writer.get_ref().len();
        if before + frame.len() > MAX_PENDING {
            self.state.lost += 1;
            *missing += 1;
            return;
        }
        let mut options = Vec::new();
        if let Some(note) = note {
            options.push(EnhancedPacketOption::Common(CommonOption::Comment(Cow::Borrowed(note))));
        }
        if *missing > 0 {
            options.push(EnhancedPacketOption::DropCount(*missing));
        }
        let written = self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: interface as u32,
            timestamp: Duration::from_nanos(at.saturating_add(self.epoch_offset)),
            original_len: frame.len() as u32,
            data: Cow::Borrowed(frame),
            options,
        });
        // A frame that pcapng cannot hold leaves nothing half-written behind, nor does one past the limit.
        let length = self.writer.get_ref().len() as u64;
        if written.is_err() || self.state.bytes_written + length > self.limit {
            self.writer.get_mut().truncate(before);
            self.end = Some(End::Limit);
            self.state.truncated += 1;
            return;
        }
        *missing = 0;
        self.gathered += 1;
        self.state.records += 1;
    }

    /// Hands over what has gathered if that is a whole chunk.
    pub fn flush_full(&mut self, to: &SyncSender<CaptureChunk>) {
        if self.writer.get_ref().len() >= CHUNK {
            self.flush(to);
        }
    }

    /// Hands over all that has gathered; false if the consumer has no room for it now. If it is gone, what has
    /// gathered is given up and all further records are lost.
    pub fn flush(&mut self, to: &SyncSender<CaptureChunk>) -> bool {
        if self.writer.get_ref().is_empty() {
            return true;
        }
        let bytes = std::mem::take(self.writer.get_mut());
        let (length, records) = (bytes.len() as u64, std::mem::take(&mut self.gathered));
        match to.try_send(CaptureChunk { network: self.network.clone(), bytes }) {
            Ok(()) => {
                self.state.bytes_written += length;
                true
            }
            Err(TrySendError::Full(chunk)) => {
                (*self.writer.get_mut(), self.gathered) = (chunk.bytes, records);
                false
            }
            Err(TrySendError::Disconnected(_)) => {
                self.end = Some(End::NoConsumer);
                self.state.records -= records;
                self.state.lost += records;
                true
            }
        }
    }

    /// Bytes of the capture so far, those included that nobody has been handed yet. A record begins or ends here.
    pub fn position(&self) -> u64 {
        self.state.bytes_written + self.writer.get_ref().len() as u64
    }

    /// Name of the network.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// How far the capture has got.
    pub fn state(&self) -> CaptureState {
        self.state
    }
}

#[cfg(test)]
mod tests;
