//! The fabric with real TAPs in network namespaces: needs root and iproute2, but no container engine.
//!
//! Run with `cargo test --test fabric_root -- --ignored`. Nothing is left behind: a namespace lasts as long as the
//! thread that made it.
#![expect(clippy::unwrap_used, reason = "a test's helper functions may panic as the test itself does")]
#![expect(clippy::print_stderr, reason = "the figures measured are worth seeing")]

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command as Process;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use saiten::fabric::capture_read::{Record, read};
use saiten::fabric::config::{LinkConfig, MacGuard, NetworkConfig, PortConfig, SwitchConfig};
use saiten::fabric::{CaptureChunk, Remote, hand_over, run};
use saiten::wire::frame::{ARP, Frame};

mod ioctl {
    nix::ioctl_write_ptr_bad!(tunsetiff, libc::TUNSETIFF, libc::ifreq);
}

/// What an endpoint's thread keeps.
struct Inside {
    tap: Option<OwnedFd>,
    control: Option<UnixStream>,
}

type Task = Box<dyn FnOnce(&mut Inside) + Send>;

/// A thread in a network namespace of its own, with one NIC in the switch.
struct Endpoint {
    tasks: Sender<Task>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    fn up(lab: &Lab, token: &str, mac: &str, address: &str) -> Self {
        let (tasks, received) = channel::<Task>();
        let thread = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            let mut inside = Inside { tap: None, control: None };
            received.into_iter().for_each(|task| task(&mut inside));
        });
        let endpoint = Self { tasks, thread: Some(thread) };
        let (socket, token) = (lab.socket.clone(), token.to_owned());
        let (mac, address) = (mac.to_owned(), address.to_owned());
        endpoint.run(move |inside| {
            let tap = open_tap("eth1").unwrap();
            ip(&format!("link set eth1 address {mac} up"));
            ip("link set lo up");
            ip(&format!("address add {address}/24 dev eth1"));
            inside.control = Some(hand_over(&socket, &token, tap.as_fd()).unwrap());
            inside.tap = Some(tap);
        });
        endpoint
    }

    /// Runs something in the namespace and waits for it.
    fn run<T: Send + 'static>(&self, task: impl FnOnce(&mut Inside) -> T + Send + 'static) -> T {
        let (done, result) = channel();
        self.tasks.send(Box::new(move |inside| drop(done.send(task(inside))))).unwrap();
        result.recv().expect("the endpoint's task panicked")
    }

    fn down(mut self) {
        drop(std::mem::replace(&mut self.tasks, channel().0));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn open_tap(name: &str) -> io::Result<OwnedFd> {
    let tun = std::fs::File::options().read(true).write(true).open("/dev/net/tun")?;
    // SAFETY: an ifreq is plain data, for which all zeros is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the request is a whole ifreq that outlives the call, as TUNSETIFF reads and writes.
    unsafe { ioctl::tunsetiff(tun.as_raw_fd(), &raw const request) }?;
    Ok(tun.into())
}

fn ip(arguments: &str) {
    let output = Process::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

struct Lab {
    remote: Remote,
    thread: JoinHandle<io::Result<()>>,
    chunks: Receiver<CaptureChunk>,
    socket: PathBuf,
    _directory: tempfile::TempDir,
}

impl Lab {
    fn up(link: LinkConfig) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("switch");
        let listener = UnixListener::bind(&socket).unwrap();
        let (remote, commands, wake) = Remote::new().unwrap();
        let (captures, chunks) = sync_channel(4096);
        let thread = std::thread::spawn(move || run(config(link), listener, commands, wake, captures));
        Self { remote, thread, chunks, socket, _directory: directory }
    }

    fn pair(&self) -> (Endpoint, Endpoint) {
        let a = Endpoint::up(self, "a", "02:00:00:00:00:01", "192.168.1.10");
        let b = Endpoint::up(self, "b", "02:00:00:00:00:02", "192.168.1.20");
        (a, b)
    }

    fn records(&self) -> Vec<Record> {
        assert!(self.remote.sync().unwrap().complete);
        let bytes: Vec<u8> = self.chunks.try_iter().flat_map(|chunk| chunk.bytes).collect();
        read(&bytes).unwrap()
    }

    fn down(self) {
        self.remote.stop();
        self.thread.join().unwrap().unwrap();
    }
}

fn config(link: LinkConfig) -> SwitchConfig {
    let port = |name: &str, mac: u8| PortConfig {
        name: format!("{name}:eth1"),
        network: "lan".into(),
        token: name.into(),
        mac: [2, 0, 0, 0, 0, mac],
        guard: MacGuard::Drop,
        up: link,
        down: link,
    };
    let silent = vec!["192.168.1.99".parse().unwrap()];
    SwitchConfig {
        seed: 1,
        networks: vec![NetworkConfig { name: "lan".into(), max_frame: 1514, silent, filters: vec![] }],
        ports: vec![port("a", 1), port("b", 2)],
        capture_limit: 1 << 30,
    }
}

/// Sends a datagram to b and waits for it to come back; the time of each round.
fn echo(a: &Endpoint, b: &Endpoint, rounds: usize) -> Vec<Duration> {
    let server = b.run(|_| UdpSocket::bind("192.168.1.20:7").unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..rounds {
            let mut buffer = [0; 100];
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            server.send_to(&buffer[..length], from).unwrap();
        }
    });
    let times = a.run(move |_| {
        let client = UdpSocket::bind("192.168.1.10:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let round = |_| {
            let start = Instant::now();
            client.send_to(b"hello", "192.168.1.20:7").unwrap();
            client.recv(&mut [0; 100]).unwrap();
            start.elapsed()
        };
        (0..rounds).map(round).collect()
    });
    server.join().unwrap();
    times
}

fn soon(is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn packets_pass_and_are_counted_and_captured() {
    let lab = Lab::up(LinkConfig::default());
    let (a, b) = lab.pair();
    let mut times = echo(&a, &b, 200);
    times.sort();
    eprintln!("round trip: min {:?}, median {:?}, max {:?}", times[0], times[100], times[199]);
    let counters = lab.remote.counters().unwrap();
    eprintln!("{:?}", counters.trust);
    assert!(counters.ports["a:eth1"].rx_frames >= 200 && counters.ports["a:eth1"].tx_frames >= 200);
    let records = lab.records();
    let port_7 = |record: &&Record| {
        Frame::parse(&record.frame).and_then(|frame| frame.ports()).is_some_and(|(_, dport)| dport == 7)
    };
    assert_eq!(records.iter().filter(port_7).count(), 200);
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn delays_are_those_asked_for() {
    let lab = Lab::up(LinkConfig { delay_ns: 5_000_000, ..Default::default() });
    let (a, b) = lab.pair();
    let mut times = echo(&a, &b, 50);
    times.sort();
    eprintln!("four times 5 ms: min {:?}, median {:?}, max {:?}", times[0], times[25], times[49]);
    assert!(times[0] >= Duration::from_millis(20) && times[25] < Duration::from_millis(24), "{times:?}");
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn a_silent_host_resolves_and_says_nothing() {
    let lab = Lab::up(LinkConfig::default());
    let (a, b) = lab.pair();
    let error = a.run(|_| {
        let client = UdpSocket::bind("192.168.1.10:0").unwrap();
        client.connect("192.168.1.99:53").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        client.send(b"are you there?").unwrap();
        client.recv(&mut [0; 100]).unwrap_err()
    });
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "neither an answer nor an ICMP error");
    let neighbour = a.run(|_| Process::new("ip").args(["neigh", "show", "192.168.1.99"]).output().unwrap().stdout);
    assert!(String::from_utf8(neighbour).unwrap().contains("02:53:c0:a8:01:63"));
    let silent = lab.remote.counters().unwrap().networks["lan"].silent.values().copied().next().unwrap();
    assert!(silent.answered >= 1 && silent.swallowed == 1, "{silent:?}");
    assert!(
        lab.records()
            .iter()
            .any(|record| record.port == "silent" && Frame::parse(&record.frame).unwrap().ethertype == ARP)
    );
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn interfaces_and_endpoints_that_go_away_are_noticed() {
    let lab = Lab::up(LinkConfig::default());
    let (a, b) = lab.pair();
    echo(&a, &b, 1);
    let (socket, spare) = (lab.socket.clone(), a.run(|_| open_tap("eth2").unwrap()));
    let refused = hand_over(&socket, "a", spare.as_fd()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "a token is good once");
    lab.remote.seal().unwrap();
    assert_eq!(hand_over(&socket, "a", spare.as_fd()).unwrap_err().kind(), io::ErrorKind::NotFound);

    b.run(|_| ip("link set eth1 down"));
    a.run(|_| UdpSocket::bind("192.168.1.10:0").unwrap().send_to(b"x", "192.168.1.20:7").unwrap());
    assert!(soon(|| lab.remote.counters().unwrap().trust.eio > 0), "EIO while the interface is down");
    assert!(lab.remote.counters().unwrap().ports["b:eth1"].up);
    b.run(|_| ip("link set eth1 up"));
    echo(&a, &b, 1);

    b.run(|_| ip("link delete eth1"));
    assert!(soon(|| lab.remote.counters().unwrap().trust.nics_gone == 1), "EBADFD once it is deleted");
    assert!(!lab.remote.counters().unwrap().ports["b:eth1"].up);
    a.run(|inside| inside.control = None);
    assert!(soon(|| !lab.remote.counters().unwrap().ports["a:eth1"].up), "the connection's end is the port's");
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn tcp_passes_a_rate_limit_and_does_not_pause_it() {
    let rate = 20_000_000;
    let lab = Lab::up(LinkConfig { rate_bps: rate, ..Default::default() });
    let (a, b) = lab.pair();
    let bits = transfer(&a, &b, Duration::from_secs(3));
    let wire = bits * 1538.0 / 1448.0;
    let counters = lab.remote.counters().unwrap();
    eprintln!("{:.2} Mbit/s on the wire of {}; {:?}", wire / 1e6, rate / 1_000_000, counters.trust);
    assert!((0.9..1.05).contains(&(wire / rate as f64)), "{wire}");
    assert_eq!(counters.trust.pauses, 0);
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn tcp_runs_at_full_speed_with_a_capture() {
    let lab = Lab::up(LinkConfig::default());
    let (a, b) = lab.pair();
    let bits = transfer(&a, &b, Duration::from_secs(2));
    let counters = lab.remote.counters().unwrap();
    eprintln!("{:.0} Mbit/s; {:?}", bits / 1e6, counters.trust);
    assert!(bits > 50e6);
    a.down();
    b.down();
    lab.down();
}

#[test]
#[ignore = "needs root: network namespaces and TAPs"]
fn a_flood_into_a_slow_link_is_mostly_left_unread() {
    let lab = Lab::up(LinkConfig { rate_bps: 10_000_000, ..Default::default() });
    let (a, b) = lab.pair();
    echo(&a, &b, 1);
    lab.remote.reset_counters().unwrap();
    let sent = a.run(|_| {
        let socket = UdpSocket::bind("192.168.1.10:0").unwrap();
        let end = Instant::now() + Duration::from_secs(2);
        let mut sent = 0_u64;
        while Instant::now() < end {
            sent += u64::from(socket.send_to(&[0; 1472], "192.168.1.20:9").is_ok());
        }
        sent
    });
    let counters = lab.remote.counters().unwrap();
    eprintln!("{sent} sent, {} delivered; {:?}", counters.ports["b:eth1"].tx_frames, counters.trust);
    assert!(counters.trust.pauses > 0 && counters.trust.frames_read < sent / 2);
    // 813 full frames per second, and the queue.
    assert!((1500..1800).contains(&counters.ports["b:eth1"].tx_frames));
    a.down();
    b.down();
    lab.down();
}

/// Sends from a to b by TCP for some time: bits per second that arrived.
fn transfer(a: &Endpoint, b: &Endpoint, time: Duration) -> f64 {
    use std::io::{Read, Write};

    let listener = b.run(|_| TcpListener::bind("192.168.1.20:5001").unwrap());
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (start, mut total, mut buffer) = (Instant::now(), 0_u64, vec![0; 1 << 16]);
        while start.elapsed() < time {
            match stream.read(&mut buffer).unwrap() {
                0 => break,
                length => total += length as u64,
            }
        }
        total as f64 * 8.0 / start.elapsed().as_secs_f64()
    });
    a.run(move |_| {
        let mut stream = TcpStream::connect("192.168.1.20:5001").unwrap();
        let end = Instant::now() + time + Duration::from_millis(200);
        while Instant::now() < end && stream.write_all(&[0; 1 << 16]).is_ok() {}
    });
    receiver.join().unwrap()
}
