//! Limits, slow and absent consumers: what is left out is counted, and the file stays readable.

use std::sync::mpsc::sync_channel;

use pcap_file::pcapng::{Block, PcapNgParser};

use super::*;
use crate::fabric::capture_read::read;

fn writer(limit: u64) -> CaptureWriter {
    CaptureWriter::new("lan", &["a:eth1", "b:eth1"], limit, 0).unwrap()
}

fn drop_counts(bytes: &[u8]) -> Vec<(u32, u64)> {
    let (mut rest, mut parser) = PcapNgParser::new(bytes).unwrap();
    let mut counts = Vec::new();
    while !rest.is_empty() {
        let (after, block) = parser.next_block(rest).unwrap();
        if let Block::EnhancedPacket(packet) = block {
            for option in packet.options {
                if let EnhancedPacketOption::DropCount(count) = option {
                    counts.push((packet.interface_id, count));
                }
            }
        }
        rest = after;
    }
    counts
}

#[test]
fn chunks_are_sent_when_full_and_make_one_file() {
    let (chunks, received) = sync_channel(64);
    let mut writer = writer(u64::MAX);
    for n in 0..200 {
        writer.record(n % 2, n as u64, &[0; 1514], None);
        writer.flush_full(&chunks);
    }
    assert!(writer.flush(&chunks));
    drop(chunks);
    let chunks: Vec<CaptureChunk> = received.iter().collect();
    assert!(chunks.len() > 4 && chunks[0].bytes.len() >= CHUNK, "{}", chunks.len());
    let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
    assert_eq!(bytes.len() as u64, writer.state().bytes_written);
    assert_eq!(read(&bytes).unwrap().len(), 200);
    assert_eq!((writer.state().records, writer.state().lost, writer.state().truncated), (200, 0, 0));
}

#[test]
fn the_limit_holds_and_the_file_stays_readable() {
    let (chunks, received) = sync_channel(64);
    let mut writer = writer(10_000);
    (0..20).for_each(|n| writer.record(0, n, &[0; 1000], Some("drop=loss-up")));
    assert!(writer.flush(&chunks));
    let bytes = received.recv().unwrap().bytes;
    assert!((9_000..=10_000).contains(&bytes.len()), "{}", bytes.len());
    let state = writer.state();
    assert_eq!(read(&bytes).unwrap().len() as u64, state.records);
    assert_eq!(state.records + state.truncated, 20);
}

#[test]
fn a_slow_consumer_loses_records_which_are_counted_exactly() {
    let (chunks, received) = sync_channel(1);
    let mut writer = writer(u64::MAX);
    for n in 0..10_000 {
        writer.record(usize::from(n % 3 == 0), n, &[0; 1514], None);
        writer.flush_full(&chunks);
    }
    let lost = writer.state().lost;
    assert!(lost > 0 && writer.writer.get_ref().len() <= MAX_PENDING + 2000);
    assert!(!writer.flush(&chunks), "no room");
    let mut bytes = received.recv().unwrap().bytes;
    assert!(writer.flush(&chunks));
    bytes.extend(received.recv().unwrap().bytes);
    writer.record(0, 10_000, &[0; 60], None);
    writer.record(1, 10_001, &[0; 60], None);
    writer.record(1, 10_002, &[0; 60], None);
    assert!(writer.flush(&chunks));
    bytes.extend(received.recv().unwrap().bytes);
    let state = writer.state();
    assert_eq!((bytes.len() as u64, read(&bytes).unwrap().len() as u64), (state.bytes_written, state.records));
    assert_eq!((state.records + state.lost, state.lost), (10_003, lost));
    let counts = drop_counts(&bytes);
    assert_eq!(counts.iter().map(|(interface, _)| *interface).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), lost);
}

#[test]
fn an_absent_consumer_ends_the_capture() {
    let (chunks, received) = sync_channel(1);
    drop(received);
    let mut writer = writer(u64::MAX);
    writer.record(0, 0, &[0; 60], None);
    assert!(writer.flush(&chunks));
    writer.record(0, 0, &[0; 60], None);
    let state = writer.state();
    assert_eq!((state.bytes_written, state.records, state.lost), (0, 0, 2));
    assert!(writer.writer.get_ref().is_empty());
}
