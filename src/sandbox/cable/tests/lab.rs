//! A zygote with endpoints in namespaces of their own, and a switch that is no more than a copy loop.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use rtnetlink::{Handle, LinkUnspec};

use crate::fabric::packet_socket;
use crate::helper::offload;
use crate::sandbox::cable;

/// Set in the process that the test's body runs in.
const INSIDE: &str = "SAITEN_TEST_INSIDE";
/// Room for the longest frame.
pub const LONGEST: usize = 65_600;

/// Runs a test as uid 0 of a user namespace that has a network namespace of its own: in a process of its own, as a
/// process with threads cannot enter a user namespace. `module` and `name` are those of the test.
pub fn zygote(module: &str, name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        cable::prepare().unwrap();
        return test();
    }
    let (_, path) = module.split_once("::").unwrap();
    let mut again = unshare();
    again.arg(std::env::current_exe().unwrap()).args(["--exact", &format!("{path}::{name}")]).env(INSIDE, "1");
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// unshare(1) into new namespaces. Root does without a user namespace where there is none to be had.
fn unshare() -> Command {
    let user: &[&str] = &["--user", "--map-root-user"];
    let can = Command::new("unshare").args(user).args(["--net", "true"]).stderr(Stdio::null()).status().unwrap();
    let mut command = Command::new("unshare");
    command.args(if can.success() || !nix::unistd::geteuid().is_root() { user } else { &[] }).args(["--net", "--"]);
    command
}

/// An endpoint: a process with namespaces of its own.
pub struct Endpoint {
    process: Child,
}

impl Endpoint {
    pub fn start() -> Self {
        let mut process = unshare().arg("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // When cat answers, its namespaces are there.
        process.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        process.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        Self { process }
    }

    pub fn pid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    /// An endpoint at the end of a cable that is up, with offload switched off.
    pub fn plugged(far_name: &str, mtu: u32, address: [u8; 4]) -> (Self, OwnedFd) {
        let endpoint = Self::start();
        let socket = cable::lay(endpoint.pid(), "eth1", far_name).unwrap();
        endpoint.inside(|| {
            offload::switch_off("eth1").unwrap();
            configure("eth1", mtu, Some(address));
        });
        (endpoint, socket)
    }

    /// Does something in the endpoint's network namespace. Sockets made there stay there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.pid())).unwrap();
        let enter = move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        };
        std::thread::scope(|scope| scope.spawn(enter).join().unwrap())
    }

    /// A packet socket on the endpoint's own interface.
    pub fn packet_socket(&self) -> OwnedFd {
        self.inside(|| {
            let socket = packet_socket::open().unwrap();
            packet_socket::bind(&socket, "eth1").unwrap();
            socket
        })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Does something with netlink in this thread's network namespace.
pub fn netlink<T>(work: impl AsyncFnOnce(&Handle) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().unwrap();
        tokio::spawn(connection);
        work(&handle).await
    })
}

/// Sets an interface up; without an address, its IPv6 stays off too, so that it does not speak by itself.
pub fn configure(interface: &str, mtu: u32, address: Option<[u8; 4]>) {
    if address.is_none() {
        cable::prepare().unwrap();
    }
    let index = nix::net::if_::if_nametoindex(interface).unwrap();
    netlink(async |handle| {
        handle.link().set(LinkUnspec::new_with_index(index).mtu(mtu).up().build()).execute().await.unwrap();
        if let Some(address) = address {
            let address = IpAddr::V4(Ipv4Addr::from(address));
            handle.address().add(index, address, 24).execute().await.unwrap();
        }
    });
}

/// A figure of an interface of this thread's network namespace.
pub fn figure(interface: &str, name: &str) -> u64 {
    // /sys shows the namespace that it was mounted in, /proc/net the reader's own.
    let text = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{interface}:"))).unwrap();
    let column =
        ["rx_bytes", "rx_packets", "rx_errs", "rx_dropped", "", "", "", "", "tx_bytes", "tx_packets", "", "tx_dropped"];
    let column = column.iter().position(|it| *it == name).unwrap();
    line.split_whitespace().nth(column).unwrap().parse().unwrap()
}

/// Waits for a frame.
pub fn next(socket: &OwnedFd) -> Vec<u8> {
    let mut ready = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut ready, PollTimeout::from(5000_u16)).unwrap(), 1, "no frame");
    let mut frame = vec![0; LONGEST];
    let length = packet_socket::receive(socket, &mut frame).unwrap();
    frame.truncate(length);
    frame
}

/// Whether no frame is there.
pub fn is_empty(socket: &OwnedFd) -> bool {
    packet_socket::receive(socket, &mut [0; 100]) == Err(nix::errno::Errno::EAGAIN)
}

/// Copies frames between two cables until it is dropped.
pub struct Relay {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// What passed.
    pub seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Relay {
    pub fn start(sockets: [OwnedFd; 2]) -> Self {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (its_stop, its_seen) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || copy(&sockets, &its_stop, &its_seen));
        Self { stop, thread: Some(thread), seen }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn copy(sockets: &[OwnedFd; 2], stop: &AtomicBool, seen: &Mutex<Vec<Vec<u8>>>) {
    let mut buffer = vec![0; LONGEST];
    while !stop.load(Ordering::Relaxed) {
        let mut ready = sockets.each_ref().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
        poll(&mut ready, PollTimeout::from(10_u16)).unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            for _ in 0..64 {
                let Ok(length) = packet_socket::receive(&sockets[from], &mut buffer) else { break };
                seen.lock().unwrap().push(buffer[..length].to_vec());
                // An interface that is not up yet refuses it.
                let _ = nix::unistd::write(&sockets[to], &buffer[..length]);
            }
        }
    }
}
