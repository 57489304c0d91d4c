//! Where frames go out: the NICs plugged in, and the captures.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::SockType;

use super::door::ACCEPTED;
use super::{CaptureChunk, clock};
use crate::fabric::capture::{CaptureWriter, SILENT};
use crate::fabric::config::SwitchConfig;
use crate::fabric::packet_socket;
use crate::fabric::switch::{PortId, Seen, Sink};

/// How often, and how many milliseconds apart, a slow consumer is asked before a switch ends without it.
const LAST_TRIES: (usize, u64) = (2000, 1);

/// A NIC that is plugged in.
pub struct Nic {
    /// The TAP, or anything that reads and writes one frame at a time.
    pub tap: OwnedFd,
    /// The connection that it came by; its end means that the NIC's owner is gone.
    pub control: UnixStream,
    /// Until when it is not read because it floods its link.
    pub paused_until: Option<u64>,
    /// Whether it is a packet socket, which tells the VLAN tag of a frame apart from it.
    is_socket: bool,
}

impl Nic {
    /// A NIC whose reads and writes do not wait; `None` if the descriptor does not allow that.
    pub fn new(tap: OwnedFd, control: UnixStream) -> Option<Self> {
        let flags = fcntl(&tap, FcntlArg::F_GETFL).ok()?;
        fcntl(&tap, FcntlArg::F_SETFL(OFlag::from_bits_retain(flags) | OFlag::O_NONBLOCK)).ok()?;
        let is_socket = getsockopt(&tap, SockType).is_ok();
        Some(Self { tap, control, paused_until: None, is_socket })
    }

    fn read(&self, buffer: &mut [u8]) -> nix::Result<usize> {
        if self.is_socket { packet_socket::receive(&self.tap, buffer) } else { nix::unistd::read(&self.tap, buffer) }
    }

    /// Tells the owner that the NIC is plugged in. Should that fail, the connection has ended and says so itself.
    pub fn accept(&self) {
        let _ = (&self.control).write(&[ACCEPTED]);
    }
}

/// All that a switch writes to.
pub struct Outlets {
    /// Names of the ports.
    pub ports: Vec<String>,
    /// The NIC of each port, if there is one.
    pub nics: Vec<Option<Nic>>,
    /// The capture of each network.
    pub captures: Vec<CaptureWriter>,
    /// What has to be added to a time to make it nanoseconds since 1970.
    pub epoch_offset: u64,
    /// Ports whose NIC went away and is still to be unplugged.
    pub gone: Vec<PortId>,
    /// Frames refused by interfaces that are down.
    pub eio: u64,
    /// NICs whose interface was deleted.
    pub nics_gone: u64,
    chunks: SyncSender<CaptureChunk>,
    /// Number of each port's interface in its network's capture.
    interfaces: Vec<usize>,
    /// Number of the silent hosts' interface in each network's capture.
    silent: Vec<usize>,
}

impl Outlets {
    /// Outlets without any NIC.
    ///
    /// # Errors
    /// A port's name that does not fit into a capture.
    pub fn new(config: &SwitchConfig, chunks: SyncSender<CaptureChunk>) -> io::Result<Self> {
        let epoch_offset = clock::epoch_offset();
        let mut interfaces = vec![0; config.ports.len()];
        let (mut captures, mut silent) = (Vec::new(), Vec::new());
        for network in &config.networks {
            let mut names = Vec::new();
            for (port, interface) in config.ports.iter().zip(&mut interfaces) {
                if port.network == network.name {
                    *interface = names.len();
                    names.push(port.name.as_str());
                }
            }
            silent.push(names.len());
            if !network.silent.is_empty() {
                names.push(SILENT);
            }
            let capture = CaptureWriter::new(&network.name, &names, config.capture_limit, epoch_offset);
            captures.push(capture.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?);
        }
        Ok(Self {
            ports: config.ports.iter().map(|port| port.name.clone()).collect(),
            nics: config.ports.iter().map(|_| None).collect(),
            captures,
            epoch_offset,
            gone: Vec::new(),
            eio: 0,
            nics_gone: 0,
            chunks,
            interfaces,
            silent,
        })
    }

    /// Reads one frame from a NIC; `None` if there is none now or no NIC any more.
    pub fn read(&mut self, port: PortId, buffer: &mut [u8]) -> Option<usize> {
        let nic = self.nics[port].as_ref()?;
        loop {
            return match nic.read(buffer) {
                Ok(length) if length > 0 => Some(length),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => None,
                // EBADFD: the interface was deleted. Whatever else it is, it will not get better.
                Ok(_) | Err(_) => {
                    self.lose(port);
                    None
                }
            };
        }
    }

    /// Whether the connection of a NIC's owner has ended. Whatever the owner says there is ignored.
    pub fn is_control_closed(&self, port: PortId) -> bool {
        let Some(nic) = &self.nics[port] else {
            return false;
        };
        match nix::unistd::read(nic.control.as_fd(), &mut [0; 64]) {
            Ok(length) => length == 0,
            Err(error) => error != Errno::EAGAIN && error != Errno::EINTR,
        }
    }

    /// Hands over what the captures have gathered, as far as there is room.
    pub fn flush(&mut self) {
        for capture in &mut self.captures {
            capture.flush(&self.chunks);
        }
    }

    /// Hands over what one capture has gathered; whether there was room.
    pub fn flush_one(&mut self, capture: usize) -> bool {
        self.captures[capture].flush(&self.chunks)
    }

    /// Hands over what the captures have gathered, waiting for a slow consumer for a limited time.
    pub fn flush_for_good(&mut self) {
        let (tries, pause) = LAST_TRIES;
        for capture in &mut self.captures {
            for _ in 0..tries {
                if capture.flush(&self.chunks) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(pause));
            }
        }
    }

    fn lose(&mut self, port: PortId) {
        if !self.gone.contains(&port) {
            self.gone.push(port);
            self.nics_gone += 1;
        }
    }
}

impl Sink for Outlets {
    fn deliver(&mut self, port: PortId, frame: &[u8]) -> bool {
        let Some(nic) = &self.nics[port] else {
            return false;
        };
        loop {
            match nix::unistd::write(&nic.tap, frame) {
                Ok(_) => return true,
                Err(Errno::EINTR) => continue,
                // The interface is down, and may come up again.
                // A TAP says the one, a packet socket the other.
                Err(Errno::EIO | Errno::ENOBUFS) => self.eio += 1,
                // The interface was deleted; or, with a socket in the place of a TAP, the other end was closed.
                Err(Errno::EBADFD | Errno::EPIPE | Errno::ECONNRESET) => self.lose(port),
                Err(_) => {}
            }
            return false;
        }
    }

    fn capture(&mut self, seen: Seen<'_>) {
        let interface = seen.port.map_or(self.silent[seen.network], |port| self.interfaces[port]);
        let capture = &mut self.captures[seen.network];
        capture.record(interface, seen.at, seen.frame, seen.note);
        capture.flush_full(&self.chunks);
    }
}
