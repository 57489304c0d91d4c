//! The pump with sockets in the place of TAPs: like those, they take and give one frame at a time.

mod door;

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::*;
use crate::fabric::capture_read::{Record, read};
use crate::fabric::config::{LinkConfig, MacGuard, NetworkConfig, PortConfig};
use crate::fabric::counters::DropReason;

/// A running switch.
struct Lab {
    remote: Remote,
    thread: Option<JoinHandle<io::Result<()>>>,
    chunks: Receiver<CaptureChunk>,
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

impl Lab {
    fn up(config: SwitchConfig, room: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("switch");
        let listener = UnixListener::bind(&socket).unwrap();
        let (remote, commands, wake) = Remote::new().unwrap();
        let (captures, chunks) = sync_channel(room);
        let thread = std::thread::spawn(move || run(config, listener, commands, wake, captures));
        Self { remote, thread: Some(thread), chunks, socket, _directory: directory }
    }

    /// Plugs a NIC in; the socket is the endpoint's end of it.
    fn plug(&self, token: &str) -> io::Result<(OwnedFd, UnixStream)> {
        let (near, far) = nic();
        let control = hand_over(&self.socket, token, far.as_fd())?;
        Ok((near, control))
    }

    /// All records of a network that have come so far.
    fn records(&self, network: &str) -> Vec<Record> {
        let bytes: Vec<u8> =
            self.chunks.try_iter().filter(|chunk| chunk.network == network).flat_map(|chunk| chunk.bytes).collect();
        read(&bytes).unwrap()
    }

    fn stop(&mut self) -> io::Result<()> {
        self.remote.stop();
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Two ends of a wire that keeps frames apart.
fn nic() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_NONBLOCK).unwrap()
}

fn config(up: LinkConfig) -> SwitchConfig {
    let port = |name: &str, mac: u8| PortConfig {
        name: format!("{name}:eth1"),
        network: "lan".into(),
        token: format!("token of {name}"),
        mac: [2, 0, 0, 0, 0, mac],
        guard: MacGuard::Record,
        up,
        down: LinkConfig::default(),
    };
    SwitchConfig {
        seed: 1,
        networks: vec![NetworkConfig { name: "lan".into(), max_frame: 1514, silent: vec![], filters: vec![] }],
        ports: vec![port("a", 1), port("b", 2)],
        capture_limit: 100 << 20,
    }
}

fn frame(to: u8, from: u8, number: u32) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 0x88, 0xb5];
    frame.extend(number.to_be_bytes());
    frame.resize(100, 0);
    frame
}

fn send(nic: &OwnedFd, frame: &[u8]) {
    assert_eq!(nix::unistd::write(nic, frame).unwrap(), frame.len());
}

/// Waits for a frame.
fn receive(nic: &OwnedFd) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 2000];
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        if let Ok(length) = nix::unistd::read(nic, &mut buffer) {
            buffer.truncate(length);
            return Some(buffer);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    None
}

/// Waits until something is so.
fn soon(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn frames_pass_and_are_counted_and_captured() {
    let mut lab = Lab::up(config(LinkConfig::default()), 64);
    let ((a, _keep_a), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    for number in 0..10 {
        send(&a, &frame(2, 1, number));
        assert_eq!(receive(&b).unwrap(), frame(2, 1, number));
        send(&b, &frame(1, 2, number));
        assert_eq!(receive(&a).unwrap(), frame(1, 2, number));
    }
    let counters = lab.remote.counters().unwrap();
    let port = &counters.ports["a:eth1"];
    assert_eq!((port.up, port.rx_frames, port.tx_frames, port.rx_bytes, port.largest), (true, 10, 10, 1000, 100));
    assert_eq!((counters.trust.frames_read, counters.trust.capture_lost), (20, 0));

    let synced = lab.remote.sync().unwrap();
    assert!(synced.complete);
    let records = lab.records("lan");
    assert_eq!((records.len(), synced.counters.ports["b:eth1"].rx_frames), (20, 10));
    assert_eq!((records[0].port.as_str(), records[1].port.as_str()), ("a:eth1", "b:eth1"));
    assert_eq!(records[19].frame, frame(1, 2, 9));
    assert!(records.is_sorted_by_key(|record| record.at_ns));
    let age = synced.monotonic_ns + synced.epoch_offset_ns - records[0].at_ns;
    assert!(age < 10_000_000_000, "{age}");

    lab.remote.reset_counters().unwrap();
    assert_eq!(lab.remote.counters().unwrap().ports["a:eth1"].rx_frames, 0);
    lab.stop().unwrap();
}

#[test]
fn a_sync_has_all_that_was_sent_before() {
    let lab = Lab::up(config(LinkConfig::default()), 64);
    let ((a, _keep_a), (_b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    for number in 0..100 {
        send(&a, &frame(2, 1, number));
    }
    // The figures and the place in the capture are of the same frames.
    let synced = lab.remote.sync().unwrap();
    assert_eq!(synced.counters.ports["a:eth1"].rx_frames, 100);
    assert_eq!(lab.records("lan").len(), 100);
    send(&a, &frame(2, 1, 100));
    let later = lab.remote.sync().unwrap();
    assert_eq!(later.counters.ports["a:eth1"].rx_frames, 101);
    // A frame of 100 bytes is a record of 132 (pcapng, enhanced packet block without options).
    assert_eq!(later.captured["lan"] - synced.captured["lan"], 132);
}

#[test]
fn a_port_can_be_switched_off_and_on() {
    let lab = Lab::up(config(LinkConfig::default()), 64);
    lab.remote.set_port("b:eth1", false).unwrap();
    let ((a, _keep_a), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    send(&b, &frame(1, 2, 0));
    send(&a, &frame(2, 1, 0));
    let counters = lab.remote.counters().unwrap();
    assert_eq!(counters.ports["b:eth1"].drops, [(DropReason::PortDown, 1)].into());
    assert_eq!((counters.ports["b:eth1"].up, counters.ports["b:eth1"].tx_frames), (false, 0));
    lab.remote.set_port("b:eth1", true).unwrap();
    send(&a, &frame(2, 1, 1));
    assert_eq!(receive(&b).unwrap(), frame(2, 1, 1));
    assert_eq!(lab.remote.set_port("c:eth1", true).unwrap_err().kind(), io::ErrorKind::NotFound);
    lab.remote.sync().unwrap();
    assert!(lab.records("lan").iter().any(|record| record.dropped() == Some("port-down")));
}

#[test]
fn a_delay_is_kept_and_lateness_is_measured() {
    let lab = Lab::up(config(LinkConfig { delay_ns: 30_000_000, ..Default::default() }), 64);
    let ((a, _keep_a), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    let start = Instant::now();
    send(&a, &frame(2, 1, 0));
    assert!(receive(&b).is_some());
    assert!(start.elapsed() >= Duration::from_millis(30), "{:?}", start.elapsed());
    assert!(soon(|| lab.remote.counters().unwrap().trust.wakeups > 5), "the heartbeat runs");
    let trust = lab.remote.counters().unwrap().trust;
    assert!(trust.late_max_ns > 0 && trust.late_p99_ns <= trust.late_max_ns);
}

#[test]
fn a_flood_into_a_slow_link_is_left_unread_until_half_of_its_queue_is_out() {
    let slow = LinkConfig { rate_bps: 1_000_000, queue_bytes: 20_000, ..Default::default() };
    let lab = Lab::up(config(slow), 64);
    let ((a, _keep_a), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    let end = Instant::now() + Duration::from_secs(1);
    let mut sent = 0_u64;
    while Instant::now() < end {
        sent += u64::from(nix::unistd::write(&a, &frame(2, 1, 0)).is_ok());
        while nix::unistd::read(&b, &mut [0; 2000]).is_ok() {}
    }
    let counters = lab.remote.counters().unwrap();
    assert!(counters.trust.pauses > 0);
    assert!(counters.trust.frames_read <= sent);
    // 124 bytes on the wire: 1008 frames per second, and the queue.
    let passed = counters.ports["b:eth1"].tx_frames;
    assert!((900..1300).contains(&passed), "{passed}");
}

#[test]
fn a_slow_consumer_holds_nobody_up_and_is_told_what_it_missed() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let ((a, _keep_a), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    let big = [&frame(2, 1, 0)[..], &[0; 1400]].concat();
    let mut sent = 0;
    while lab.remote.counters().unwrap().trust.capture_lost == 0 {
        for _ in 0..100 {
            while nix::unistd::write(&a, &big).is_err() {
                std::thread::yield_now();
            }
            sent += 1;
            while nix::unistd::read(&b, &mut [0; 2000]).is_ok() {}
        }
    }
    // The consumer wakes up while the switch waits to hand the rest over.
    let (answer, answered) = std::sync::mpsc::channel();
    lab.remote.send(Command::Sync(Box::new(move |synced| answer.send(synced).unwrap()))).unwrap();
    let mut bytes = Vec::new();
    let synced: Synced = loop {
        bytes.extend(lab.chunks.try_iter().flat_map(|chunk| chunk.bytes));
        if let Ok(synced) = answered.try_recv() {
            break synced;
        }
    };
    bytes.extend(lab.chunks.try_iter().flat_map(|chunk| chunk.bytes));
    let lost = synced.counters.trust.capture_lost;
    assert!(synced.complete && lost > 0);
    assert_eq!(synced.captured["lan"], bytes.len() as u64);
    assert_eq!(read(&bytes).unwrap().len() as u64 + lost, sent);
}

#[test]
fn without_a_remote_the_switch_ends() {
    let mut lab = Lab::up(config(LinkConfig::default()), 1);
    let (remote, _, _) = Remote::new().unwrap();
    drop(std::mem::replace(&mut lab.remote, remote));
    assert!(soon(|| lab.thread.as_ref().unwrap().is_finished()));
    lab.thread.take().unwrap().join().unwrap().unwrap();
}

#[test]
fn after_the_end_commands_say_so() {
    let mut lab = Lab::up(config(LinkConfig::default()), 1);
    lab.stop().unwrap();
    assert_eq!(lab.remote.counters().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    lab.remote.stop();
}

#[test]
fn a_contradictory_configuration_is_refused() {
    let mut bad = config(LinkConfig::default());
    bad.ports[0].network = "wan".into();
    let mut lab = Lab::up(bad, 1);
    let error = lab.thread.take().unwrap().join().unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "port `a:eth1` is on network `wan`, which does not exist");
}
