//! A capture back into records: pcapng bytes, whole or cut off anywhere.

use std::borrow::Cow;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgParseError, PcapNgParser};

use crate::wire::Seen;

/// One frame of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it came in, in nanoseconds since 1970.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:nic`; `silent` for the answer of a silent host.
    pub port: String,
    /// The frame.
    pub frame: Vec<u8>,
    /// What the switch remarked: `drop=REASON`, or another remark.
    pub comment: Option<String>,
}

impl Record {
    /// Why the frame went no further than its own link, such as `loss-up` or `filter:NAME`; `None` if it did.
    pub fn dropped(&self) -> Option<&str> {
        dropped(self.comment.as_deref())
    }

    /// The frame as `wire` takes it.
    pub fn seen(&self) -> Seen<'_> {
        Seen { at_ns: self.at_ns, port: &self.port, bytes: &self.frame, dropped: self.dropped().is_some() }
    }
}

/// One frame of a capture, where it lies in the capture: the same as a [`Record`], without a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// When it came in, in nanoseconds since 1970.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:nic`; `silent` for the answer of a silent host.
    pub port: Cow<'a, str>,
    /// The frame.
    pub frame: Cow<'a, [u8]>,
    /// What the switch remarked: `drop=REASON`, or another remark.
    pub comment: Option<Cow<'a, str>>,
}

impl RecordRef<'_> {
    /// The frame as `wire` takes it.
    pub fn seen(&self) -> Seen<'_> {
        let dropped = dropped(self.comment.as_deref()).is_some();
        Seen { at_ns: self.at_ns, port: &self.port, bytes: &self.frame, dropped }
    }

    fn into_record(self) -> Record {
        Record {
            at_ns: self.at_ns,
            port: self.port.into_owned(),
            frame: self.frame.into_owned(),
            comment: self.comment.map(Cow::into_owned),
        }
    }
}

fn dropped(comment: Option<&str>) -> Option<&str> {
    comment?.strip_prefix("drop=")
}

/// Why bytes are not a capture.
#[derive(Debug, thiserror::Error)]
#[error("no pcapng from byte {at} on")]
pub struct CaptureReadError {
    /// Where the first block begins that cannot be read.
    pub at: usize,
    /// What is wrong with it.
    #[source]
    pub source: PcapNgParseError,
}

/// Reads all records, in the order of the file. Where the bytes end within a block, what was whole is returned;
/// no bytes at all are a capture without records.
///
/// # Errors
/// A block that is there whole and is damaged.
pub fn read(bytes: &[u8]) -> Result<Vec<Record>, CaptureReadError> {
    records(bytes)?.map(|record| record.map(RecordRef::into_record)).collect()
}

/// The records one by one, where they lie; otherwise as [`read`], and nothing follows an error.
///
/// # Errors
/// A first block that is there whole and does not begin a capture.
pub fn records(bytes: &[u8]) -> Result<Records<'_>, CaptureReadError> {
    // The section header's type, so that what is not pcapng at all is not taken for a very short piece of it.
    let begins_well = bytes.iter().zip([0x0a, 0x0d, 0x0d, 0x0a]).all(|(byte, magic)| *byte == magic);
    let (rest, parser) = match PcapNgParser::new(bytes) {
        Ok((rest, parser)) => (rest, Some(parser)),
        Err(PcapNgParseError::IncompleteBuffer(..)) if begins_well => (&[][..], None),
        Err(source) => return Err(CaptureReadError { at: 0, source }),
    };
    Ok(Records { length: bytes.len(), rest, parser, names: Vec::new() })
}

/// Reads a capture record by record.
#[derive(Debug)]
pub struct Records<'a> {
    /// Length of the whole, in bytes.
    length: usize,
    rest: &'a [u8],
    /// None, if there is not even a whole section header.
    parser: Option<PcapNgParser>,
    /// Names of the interfaces of the section.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordRef<'a>, CaptureReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let parser = self.parser.as_mut()?;
        while !self.rest.is_empty() {
            let at = self.length - self.rest.len();
            let (after, block) = match parser.next_block(self.rest) {
                Ok(next) => next,
                Err(why) => {
                    self.rest = &[];
                    let cut = matches!(why, PcapNgParseError::IncompleteBuffer(..));
                    return (!cut).then_some(Err(CaptureReadError { at, source: why }));
                }
            };
            self.rest = after;
            match block {
                Block::EnhancedPacket(packet) => {
                    return Some(Ok(RecordRef {
                        at_ns: nanoseconds(packet.timestamp),
                        port: self.names.get(packet.interface_id as usize).cloned().unwrap_or_default(),
                        comment: packet.options.into_iter().find_map(comment),
                        frame: packet.data,
                    }));
                }
                Block::InterfaceDescription(interface) => self.names.push(name(interface)),
                Block::SectionHeader(_) => self.names.clear(),
                _ => {}
            }
        }
        None
    }
}

/// Length of a capture's beginning, in bytes: all before its first record. With it, any run of whole records can be read.
///
/// # Errors
/// Bytes that are no capture.
pub fn header(bytes: &[u8]) -> Result<usize, CaptureReadError> {
    let (mut rest, mut parser) = PcapNgParser::new(bytes).map_err(|source| CaptureReadError { at: 0, source })?;
    loop {
        match parser.next_block(rest) {
            Ok((after, Block::InterfaceDescription(_))) => rest = after,
            // A record, or the end of what is there.
            _ => return Ok(bytes.len() - rest.len()),
        }
    }
}

fn nanoseconds(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

fn name<'a>(interface: InterfaceDescriptionBlock<'a>) -> Cow<'a, str> {
    let name = interface.options.into_iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfName(name) => Some(name),
        _ => None,
    });
    name.unwrap_or_default()
}

fn comment<'a>(option: EnhancedPacketOption<'a>) -> Option<Cow<'a, str>> {
    match option {
        EnhancedPacketOption::Common(CommonOption::Comment(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use proptest::prelude::*;

    use super::*;
    use crate::fabric::capture::CaptureWriter;

    fn capture(frames: &[(usize, u64, Vec<u8>, Option<String>)]) -> Vec<u8> {
        let (chunks, received) = sync_channel(1);
        let mut writer = CaptureWriter::new("lan", &["a:eth1", "b:eth1"], 1 << 20, 1_000).unwrap();
        for (interface, at, frame, note) in frames {
            writer.record(*interface, *at, frame, note.as_deref());
        }
        assert!(writer.flush(&chunks));
        received.recv().unwrap().bytes
    }

    #[test]
    fn nothing_is_no_records_and_rubbish_is_an_error() {
        assert_eq!(read(&[]).unwrap(), []);
        assert_eq!(read(&[0x0a, 0x0d]).unwrap(), []);
        assert!(read(b"this is not a capture at all").is_err());
    }

    #[test]
    fn a_damaged_block_is_named_by_its_place() {
        let mut bytes = capture(&[(0, 1, vec![7; 60], None)]);
        let at = bytes.len() - 92 + 4;
        assert_eq!(bytes[at], 92, "the record's length");
        bytes[at] = 91;
        assert_eq!(read(&bytes).unwrap_err().at, at - 4);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_from_any_cut(
            frames in prop::collection::vec(
                (0usize..2, 0u64..1 << 60, prop::collection::vec(any::<u8>(), 0..80), prop::option::of("drop=[a-z]{1,9}")),
                0..20,
            ),
            cut in 0.0..1.0,
        ) {
            let bytes = capture(&frames);
            let expected: Vec<Record> = frames
                .into_iter()
                .map(|(interface, at, frame, comment)| Record {
                    at_ns: at + 1_000,
                    port: ["a:eth1", "b:eth1"][interface].into(),
                    frame,
                    comment,
                })
                .collect();
            let whole = read(&bytes).unwrap();
            prop_assert_eq!(&whole, &expected);
            prop_assert!(whole.iter().all(|record| record.dropped().is_some() == record.comment.is_some()));
            let cut = read(&bytes[..(bytes.len() as f64 * cut) as usize]).unwrap();
            prop_assert_eq!(&cut[..], &expected[..cut.len()]);
        }

        #[test]
        fn a_run_of_records_is_read_behind_the_header(lengths in prop::collection::vec(0usize..80, 1..20), from in 0usize..20) {
            let frames: Vec<_> = lengths.iter().enumerate().map(|(at, length)| (at % 2, at as u64, vec![7; *length], None)).collect();
            let from = from.min(frames.len());
            let (whole, part) = (capture(&frames), capture(&frames[..from]));
            let begin = header(&whole).unwrap();
            let position = if from == 0 { begin } else { part.len() };
            let read_on = read(&[&whole[..begin], &whole[position..]].concat()).unwrap();
            prop_assert_eq!(&read_on[..], &read(&whole).unwrap()[from..]);
        }

        #[test]
        fn damage_never_panics(at in 0usize..400, to: u8) {
            let mut bytes = capture(&[(0, 1, vec![1; 60], Some("drop=x".into())), (1, 2, vec![2; 60], None)]);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
            let _ = read(&bytes);
        }
    }
}
