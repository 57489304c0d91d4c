//! What one frame costs: the pure switch, the capture, and reading a capture back. Prints a table.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::hint::black_box;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use saiten::fabric::capture::{CaptureChunk, CaptureWriter};
use saiten::fabric::capture_read;
use saiten::fabric::config::{Action, Filter, LinkConfig, MacGuard, Match, NetworkConfig, PortConfig, SwitchConfig};
use saiten::fabric::switch::{PortId, Seen, Sink, Switch};
use saiten::wire::frame::Frame;

/// Frames per row.
const FRAMES: u64 = 1_000_000;
/// Frames per capture that is read back; more would measure the memory.
const RECORDS: u64 = 50_000;
/// Lengths of the rows, in bytes: a DNS question without padding, and a full frame.
const LENGTHS: [usize; 2] = [75, 1514];

/// Takes frames and drops them.
#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn deliver(&mut self, _: PortId, frame: &[u8]) -> bool {
        self.0 += black_box(frame).len() as u64;
        true
    }

    fn capture(&mut self, seen: Seen<'_>) {
        black_box(seen);
    }
}

/// Writes what is seen into a capture.
struct Capture {
    writer: CaptureWriter,
    chunks: std::sync::mpsc::SyncSender<CaptureChunk>,
}

impl Sink for Capture {
    fn deliver(&mut self, _: PortId, frame: &[u8]) -> bool {
        black_box(frame);
        true
    }

    fn capture(&mut self, seen: Seen<'_>) {
        self.writer.record(seen.port.unwrap_or_default(), seen.at, seen.frame, seen.note);
        self.writer.flush_full(&self.chunks);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<34} {:>6} {:>12} {:>12} {:>8}", "what", "bytes", "frames/s", "CPU ns/frame", "MB/s");
    for length in LENGTHS {
        let frame = udp(length);
        row("parse", length, FRAMES, |_| {
            black_box(Frame::parse(black_box(&frame)));
        });
        for (name, config) in configurations() {
            let mut switch = switch(&config)?;
            let mut sink = Count::default();
            row(name, length, FRAMES, |n| switch.ingress(n * 20_000, 0, black_box(&frame), &mut sink));
        }
        let (chunks, received) = sync_channel::<CaptureChunk>(64);
        let reader = std::thread::spawn(move || received.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>());
        let writer = CaptureWriter::new("lan", &["a:eth1", "b:eth1"], u64::MAX, 0)?;
        let (mut switch, mut sink) = (switch(&configurations()[0].1)?, Capture { writer, chunks });
        row("switch, capture", length, FRAMES, |n| switch.ingress(n * 20_000, 0, black_box(&frame), &mut sink));
        let lost = sink.writer.state().lost;
        drop(sink);
        let received = reader.join().map_err(|_| "the reader panicked")?;
        println!("  of which lost: {lost}; received: {} MB", received / 1_000_000);

        let bytes = capture(&frame)?;
        let rounds = FRAMES / RECORDS;
        row("read capture", length, FRAMES, |n| {
            if n % (FRAMES / rounds) == 0 {
                drop(black_box(capture_read::read(black_box(&bytes))));
            }
        });
    }
    Ok(())
}

/// Runs something so many times and prints what it took.
fn row(what: &str, length: usize, times: u64, mut run: impl FnMut(u64)) {
    let (start, cpu) = (Instant::now(), cpu_ns());
    (0..times).for_each(&mut run);
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_ns() - cpu);
    let rate = times as f64 / seconds;
    println!("{what:<34} {length:>6} {rate:>12.0} {:>12} {:>8.0}", cpu / times, rate * length as f64 / 1e6);
}

/// CPU time of this thread so far, user and system, in nanoseconds.
fn cpu_ns() -> u64 {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| {
        let time = |time: nix::sys::time::TimeVal| time.tv_sec() as u64 * 1_000_000_000 + time.tv_usec() as u64 * 1000;
        time(usage.user_time()) + time(usage.system_time())
    })
}

fn switch(config: &SwitchConfig) -> Result<Switch, saiten::fabric::switch::ConfigError> {
    let mut switch = Switch::new(config)?;
    (0..config.ports.len()).for_each(|port| switch.set_port(port, true));
    // Both stations are known, so that nothing is flooded.
    let mut hello = udp(75);
    hello[..12].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    switch.ingress(0, 1, &hello, &mut Count::default());
    Ok(switch)
}

fn configurations() -> [(&'static str, SwitchConfig); 4] {
    let port = |name: &str, mac: u8| PortConfig {
        name: format!("{name}:eth1"),
        network: "lan".into(),
        token: name.into(),
        mac: [2, 0, 0, 0, 0, mac],
        guard: MacGuard::Record,
        up: LinkConfig::default(),
        down: LinkConfig::default(),
    };
    let plain = SwitchConfig {
        seed: 1,
        networks: vec![NetworkConfig { name: "lan".into(), max_frame: 1514, silent: vec![], filters: vec![] }],
        ports: vec![port("a", 1), port("b", 2), port("c", 3), port("d", 4)],
        capture_limit: u64::MAX,
    };
    let mut silent = plain.clone();
    silent.networks[0].silent = vec![[192, 0, 2, 99].into()];
    let mut filters = plain.clone();
    let rule = |name: &str, matches| Filter { name: name.into(), matches, action: Action::Count };
    filters.networks[0].filters = vec![
        rule("prefix", Match { src: "192.0.2.0/24".parse().ok(), ..Match::default() }),
        rule("port", Match { dport: Some(4500), ..Match::default() }),
        rule("dns", Match { dns_type: Some(28), dns_suffix: Some("example.com".into()), ..Match::default() }),
    ];
    let mut links = plain.clone();
    let link = LinkConfig {
        delay_ns: 1_000_000,
        jitter_ns: 100_000,
        rate_bps: 1_000_000_000,
        loss: 0.01,
        ..Default::default()
    };
    (links.ports[0].up, links.ports[1].down) = (link, link);
    [
        ("switch", plain),
        ("switch, a silent host", silent),
        ("switch, three filters", filters),
        ("switch, delay jitter rate loss x 2", links),
    ]
}

/// A question for `www.example.com`, AAAA, from station 1 to station 2, padded to this length.
fn udp(length: usize) -> Vec<u8> {
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x1c\0\x01";
    let mut payload = question.to_vec();
    payload.resize(length.saturating_sub(42).max(question.len()), 0);
    let mut frame = Vec::new();
    let packet = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let packet = packet.ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(40_000, 53);
    // Writing to a vector cannot fail.
    let _ = packet.write(&mut frame, &payload);
    frame
}

fn capture(frame: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (chunks, received) = sync_channel::<CaptureChunk>(4096);
    let mut writer = CaptureWriter::new("lan", &["a:eth1", "b:eth1"], u64::MAX, 0)?;
    for n in 0..RECORDS {
        writer.record(0, n, frame, None);
        writer.flush_full(&chunks);
    }
    writer.flush(&chunks);
    drop(chunks);
    Ok(received.iter().flat_map(|chunk| chunk.bytes).collect())
}
