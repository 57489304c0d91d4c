//! The host's own interfaces: which there are, and what passes one of them.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use super::{Counts, Interface, Taken, Trouble, Watch, Wire, quoted};
use crate::fabric::capture::{CHUNK, CaptureWriter};
use crate::fabric::{CaptureChunk, packet_socket};
use crate::wire::frame::{Frame, ICMP, ICMPV6, Mac, Transport, addresses};
use crate::wording::Phrase;

/// Most bytes of the guest's frames that are kept.
const CAPTURE_MOST: u64 = 8 << 20;
/// Longer than any frame that an interface hands over, offloads included.
const FRAME_MOST: usize = 65_600;
/// Frames read without a look at the clock.
const AT_ONCE: usize = 64;
/// How often that many are read after the end of a stretch.
const LATE_MOST: usize = 64;

/// This machine.
#[derive(Debug, Clone)]
pub struct Host {
    /// This program's file, for the command that gives it the right to look.
    pub program: PathBuf,
}

impl Wire for Host {
    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        Ok(getifaddrs()?.filter_map(interface).collect())
    }

    fn watch(&self, interface: &str, guest: Mac) -> Result<Box<dyn Watch>, Trouble> {
        let failed = |err: io::Error| {
            let id = match err.kind() {
                io::ErrorKind::PermissionDenied => "virtualbox-no-right",
                _ => "virtualbox-no-capture",
            };
            let program = super::command::word(&self.program.to_string_lossy());
            let phrase = Phrase::new(id).with("interface", quoted(interface)).with("program", program);
            Trouble::machine(phrase.with("reason", err))
        };
        let socket = packet_socket::watch(interface).map_err(failed)?;
        let (to, from) = sync_channel((CAPTURE_MOST as usize / CHUNK) * 2);
        let writer = CaptureWriter::new("wire", &[interface], CAPTURE_MOST, 0);
        let writer = writer.map_err(|err| failed(io::Error::other(err.to_string())))?;
        Ok(Box::new(PacketWatch {
            interface: interface.to_owned(),
            guest,
            socket,
            writer,
            to,
            from,
            counts: Counts::default(),
        }))
    }
}

/// An interface, from the entry that has its hardware address; it has others for its IP addresses.
fn interface(entry: InterfaceAddress) -> Option<Interface> {
    let octets = entry.address?.as_link_addr()?.addr();
    // Below /sys are the interfaces of whoever mounted it: in a namespace of its own, an alias may be missing, and no more.
    let alias = Path::new("/sys/class/net").join(&entry.interface_name).join("ifalias");
    Some(Interface {
        mac: octets.filter(|octets| *octets != [0; 6]).map(Mac),
        alias: fs::read_to_string(alias).map(|text| text.trim().to_owned()).unwrap_or_default(),
        // RUNNING (netdevice(7)): it has a link, or cannot tell.
        up: entry.flags.contains(InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING),
        name: entry.interface_name,
    })
}

struct PacketWatch {
    interface: String,
    guest: Mac,
    socket: AsyncFd<OwnedFd>,
    writer: CaptureWriter,
    to: SyncSender<CaptureChunk>,
    from: Receiver<CaptureChunk>,
    counts: Counts,
}

impl PacketWatch {
    /// Reads what is there, some of it; false if that was all.
    fn read(&mut self, buffer: &mut [u8]) -> Result<bool, Trouble> {
        for _ in 0..AT_ONCE {
            let (length, outgoing) = match packet_socket::receive_marked(self.socket.get_ref(), buffer) {
                Ok(received) => received,
                Err(nix::errno::Errno::EAGAIN) => return Ok(false),
                Err(nix::errno::Errno::EINTR) => continue,
                Err(err) => {
                    let phrase = Phrase::new("virtualbox-no-capture").with("interface", quoted(&self.interface));
                    return Err(Trouble::machine(phrase.with("program", "").with("reason", err.desc())));
                }
            };
            let frame = buffer.get(..length).unwrap_or_default();
            if add(&mut self.counts, frame, outgoing, self.guest) {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                self.writer.record(0, u64::try_from(now.as_nanos()).unwrap_or(u64::MAX), frame, None);
                self.writer.flush_full(&self.to);
            }
        }
        Ok(true)
    }
}

#[async_trait(?Send)]
impl Watch for PacketWatch {
    async fn count(&mut self, time: Duration) -> Result<Counts, Trouble> {
        let mut buffer = vec![0; FRAME_MOST];
        let end = Instant::now() + time;
        // What is there at the end belongs to this stretch, but no flood holds it up.
        let mut late = 0;
        while late < LATE_MOST {
            let more = self.read(&mut buffer)?;
            match (more, Instant::now() < end) {
                (true, true) => tokio::task::yield_now().await,
                (true, false) => late += 1,
                (false, true) => {
                    if let Ok(Ok(mut guard)) = tokio::time::timeout_at(end, self.socket.readable()).await {
                        // It is read again before it is waited for again: nothing that comes in between is missed.
                        guard.clear_ready();
                    }
                }
                (false, false) => break,
            }
        }
        Ok(std::mem::take(&mut self.counts))
    }

    fn end(mut self: Box<Self>) -> Taken {
        self.writer.flush(&self.to);
        let capture = self.from.try_iter().flat_map(|chunk| chunk.bytes).collect();
        Taken { lost: packet_socket::lost(self.socket.get_ref()).unwrap_or_default(), capture }
    }
}

/// Adds a frame to the counts; true if it is the guest's.
///
/// Only what goes out at the interface has come from the guest: a frame with its address that comes in is another machine's with
/// a copy of the VM, or this one's own for its own.
pub fn add(counts: &mut Counts, bytes: &[u8], outgoing: bool, guest: Mac) -> bool {
    counts.frames += 1;
    let Some((destination, source)) = addresses(bytes) else { return false };
    let (from, to) = (source == guest && outgoing, destination == guest);
    counts.from_guest += u64::from(from);
    counts.to_guest += u64::from(to);
    counts.pings += u64::from(from && is_ping(bytes));
    from || to
}

/// Whether a frame is part of a ping: a request, or the question for the neighbour's address that comes first. What a guest says
/// by itself when its cable goes in, with its own address or none as the asker, is not.
fn is_ping(bytes: &[u8]) -> bool {
    let Some(frame) = Frame::parse(bytes) else { return false };
    if let Some(question) = frame.question {
        return question.asker != question.target && !question.asker.is_unspecified();
    }
    let protocol = frame.ip.map(|ip| ip.protocol);
    match frame.transport {
        // RFC 792 and RFC 4443, section 4.1: echo requests.
        Transport::Icmp { kind, .. } => matches!((protocol, kind), (Some(ICMP), 8) | (Some(ICMPV6), 128)),
        _ => false,
    }
}
