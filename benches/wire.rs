//! What reading a capture costs: from pcapng bytes to DNS messages, and each part alone. Prints a table.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::error::Error;
use std::hint::black_box;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use etherparse::PacketBuilder;
use nix::sys::resource::{UsageWho, getrusage};
use saiten::fabric::capture::{CaptureChunk, CaptureWriter};
use saiten::fabric::capture_read::{self, Record, RecordRef};
use saiten::wire::dns::passed::passed;
use saiten::wire::{Seen, lookup};

/// Frames per capture: some ten megabytes of DNS.
const FRAMES: u16 = 40_000;
/// Bulk frames for each frame of DNS, in the capture that is mixed.
const BULK: usize = 4;
/// Times that each row is measured.
const ROUNDS: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<44} {:>9} {:>9} {:>12} {:>8}", "what", "frames", "messages", "CPU ns/frame", "MB/s");
    for (traffic, over_tcp, bulk) in
        [("DNS over UDP", false, 0), ("DNS over TCP", true, 0), ("DNS and bulk", false, BULK)]
    {
        let bytes = capture(over_tcp, bulk)?;
        let copied = capture_read::read(&bytes)?;
        let frames: Vec<Seen<'_>> = copied.iter().map(seen).collect();
        row(&format!("{traffic}: read, passed"), &frames, || {
            let records = capture_read::read(&bytes).unwrap_or_default();
            passed(&records.iter().map(seen).collect::<Vec<_>>()).messages.len()
        });
        row(&format!("{traffic}: records, passed"), &frames, || {
            let records: Vec<RecordRef<'_>> = capture_read::records(&bytes).into_iter().flatten().flatten().collect();
            passed(&records.iter().map(RecordRef::seen).collect::<Vec<_>>()).messages.len()
        });
        row(&format!("{traffic}: read alone"), &frames, || capture_read::read(&bytes).unwrap_or_default().len());
        row(&format!("{traffic}: records alone"), &frames, || {
            capture_read::records(&bytes).into_iter().flatten().flatten().count()
        });
        row(&format!("{traffic}: passed alone"), &frames, || passed(&frames).messages.len());
        row(&format!("{traffic}: queries"), &frames, || lookup::queries(&frames).len());
    }
    Ok(())
}

/// Runs something over all frames and prints what it took; only the frames' own bytes count.
fn row(what: &str, frames: &[Seen<'_>], mut run: impl FnMut() -> usize) {
    let length: usize = frames.iter().map(|seen| seen.bytes.len()).sum();
    let (start, cpu) = (Instant::now(), cpu_ns());
    let mut found = 0;
    (0..ROUNDS).for_each(|_| found = black_box(run()));
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_ns() - cpu);
    let each = cpu / (frames.len() as u64 * u64::from(ROUNDS));
    let rate = (length * ROUNDS as usize) as f64 / seconds / 1e6;
    println!("{what:<44} {:>9} {found:>9} {each:>12} {rate:>8.0}", frames.len());
}

/// CPU time of this thread so far, user and system, in nanoseconds.
fn cpu_ns() -> u64 {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| {
        let time = |time: nix::sys::time::TimeVal| time.tv_sec() as u64 * 1_000_000_000 + time.tv_usec() as u64 * 1000;
        time(usage.user_time()) + time(usage.system_time())
    })
}

fn seen(record: &Record) -> Seen<'_> {
    Seen { at_ns: record.at_ns, port: &record.port, bytes: &record.frame, dropped: record.dropped().is_some() }
}

/// A capture of queries and their answers, with bulk frames between them.
fn capture(over_tcp: bool, bulk: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let (chunks, received) = sync_channel::<CaptureChunk>(1 << 16);
    let mut writer = CaptureWriter::new("lan", &["client:eth1", "server:eth1"], u64::MAX, 0)?;
    let full = segment(true, 22, 1, &[0x35; 1460])?;
    let mut sent = [1_u32; 2];
    for id in 0..FRAMES / 2 {
        for (port, mut message) in [query(id), answer(id)].into_iter().enumerate() {
            let frame = if over_tcp {
                message.splice(0..0, u16::try_from(message.len())?.to_be_bytes());
                let seq = sent[port];
                sent[port] = seq.wrapping_add(u32::try_from(message.len())?);
                segment(port == 0, 40_000, seq, &message)?
            } else {
                datagram(port == 0, &message)?
            };
            for bytes in std::iter::repeat_n(&full, bulk).chain([&frame]) {
                writer.record(port, u64::from(id) * 1000, bytes, None);
                writer.flush_full(&chunks);
            }
        }
    }
    writer.flush(&chunks);
    drop(chunks);
    Ok(received.iter().flat_map(|chunk| chunk.bytes).collect())
}

/// A query as resolvers send it: one question and the EDNS record; 90 bytes as a frame.
fn query(id: u16) -> Vec<u8> {
    let mut message: Vec<u8> = [id, 0x0100, 1, 0, 0, 1].map(u16::to_be_bytes).concat();
    message.extend(format!("\x04host\x0ah{:09}\x06sample\x05local\0", id).bytes());
    message.extend([0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    message
}

/// An answer as BIND sends it: one to four addresses, two name servers with theirs, EDNS; 240 bytes as a frame on average.
fn answer(id: u16) -> Vec<u8> {
    let mut message = query(id);
    let records = 1 + id % 4;
    message[2..12].copy_from_slice(&[0x8580, 1, records, 2, 5].map(u16::to_be_bytes).concat());
    let edns = message.split_off(message.len() - 11);
    let mut add = |owner: u8, kind: u8, data: &[u8]| {
        message.extend([0xc0, owner, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        message.extend(data);
    };
    (0..records).for_each(|record| add(12, 1, &[192, 0, 2, record as u8]));
    // Behind `host` and the next label stands the zone's name.
    (b'1'..=b'2').for_each(|server| add(28, 2, &[3, b'n', b's', server, 0xc0, 28]));
    (1..=2).for_each(|server| add(28, 1, &[192, 0, 2, 50 + server]));
    (1..=2).for_each(|server| add(28, 28, &[0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, server]));
    message.extend(edns);
    message
}

const MACS: [[u8; 6]; 2] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

fn datagram(from_client: bool, payload: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2(MACS[usize::from(!from_client)], MACS[usize::from(from_client)]);
    if from_client {
        packet.ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(40_000, 53).write(&mut frame, payload)?;
    } else {
        packet.ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64).udp(53, 40_000).write(&mut frame, payload)?;
    }
    Ok(frame)
}

fn segment(from_client: bool, client: u16, seq: u32, payload: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2(MACS[usize::from(!from_client)], MACS[usize::from(from_client)]);
    // Bulk goes between other ports, those of SSH.
    let server = if client == 22 { 40_001 } else { 53 };
    if from_client {
        packet
            .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .tcp(client, server, seq, 1000)
            .ack(1)
            .write(&mut frame, payload)?;
    } else {
        packet
            .ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64)
            .tcp(server, client, seq, 1000)
            .ack(1)
            .write(&mut frame, payload)?;
    }
    Ok(frame)
}
