//! How a NIC gets in: a connection, a token that is good once, and the TAP's descriptor (unix(7), SCM_RIGHTS).

use std::collections::HashMap;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use crate::fabric::config::{PortConfig, SwitchConfig};
use crate::fabric::switch::PortId;

/// The octet that tells an owner that its NIC is plugged in.
pub const ACCEPTED: u8 = b'+';
/// Longest token, in bytes.
const LONGEST_TOKEN: usize = 256;
/// Most connections that have not shown a token; the oldest makes room for the next.
const MAX_VISITORS: usize = 32;
/// How long a connection may keep its token to itself, in nanoseconds.
const PATIENCE: u64 = 5_000_000_000;
/// How long an owner waits to be let in.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Most descriptors in one message (`SCM_MAX_FD` of Linux): with room for them all, none can be left behind open.
const SCM_MAX_FD: usize = 253;

/// Plugs a NIC in: shows `token` to the switch at `socket` and hands it `nic`, a TAP's descriptor.
///
/// Returns once the NIC is plugged in. The connection has to be kept open: its end unplugs the NIC.
///
/// # Errors
/// `PermissionDenied` if the switch does not know the token or has seen it before; `WouldBlock` after ten seconds
/// without an answer; otherwise what connecting or sending met with.
pub fn hand_over(socket: &Path, token: &str, nic: BorrowedFd<'_>) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    let rights = [nic.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&rights)];
    sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(token.as_bytes())], &message, MsgFlags::MSG_NOSIGNAL, None)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let mut answer = [0];
    if stream.read(&mut answer)? != 1 || answer != [ACCEPTED] {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the switch refused the token"));
    }
    stream.set_read_timeout(None)?;
    Ok(stream)
}

/// What came of listening to a visitor.
pub enum Entry {
    /// Nothing, or nothing yet.
    None,
    /// It has shown the token of this port.
    Admit {
        /// The port.
        port: PortId,
        /// The descriptor that it handed over.
        nic: OwnedFd,
        /// The connection.
        control: UnixStream,
    },
}

/// The switch's side of the socket.
pub struct Door {
    listener: Option<UnixListener>,
    path: Option<PathBuf>,
    tokens: HashMap<Vec<u8>, PortId>,
    visitors: Vec<Option<Visitor>>,
}

struct Visitor {
    stream: UnixStream,
    since: u64,
}

impl Door {
    /// A door with a token for each port.
    pub fn new(config: &SwitchConfig, listener: UnixListener) -> Self {
        let path = listener.local_addr().ok().and_then(|address| address.as_pathname().map(Path::to_owned));
        let token = |(port, it): (PortId, &PortConfig)| (it.token.clone().into_bytes(), port);
        Self {
            listener: Some(listener),
            path,
            tokens: config.ports.iter().enumerate().map(token).collect(),
            visitors: Vec::new(),
        }
    }

    /// Lets in the next connection, if there is one: its slot, and what to watch. Whatever accept(2) fails with
    /// concerns that visitor, or passes.
    pub fn accept(&mut self, now: u64) -> Option<(usize, BorrowedFd<'_>)> {
        let (stream, _) = self.listener.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        let slot = self.free_slot();
        let visitor = self.visitors[slot].insert(Visitor { stream, since: now });
        Some((slot, visitor.stream.as_fd()))
    }

    /// Listens to a visitor. Whoever does not show a token and exactly one descriptor, in one message, is shown out.
    pub fn hear(&mut self, slot: usize) -> Entry {
        let Some(Some(visitor)) = self.visitors.get(slot) else {
            return Entry::None;
        };
        let (token, mut descriptors) = match receive(&visitor.stream) {
            Err(Errno::EAGAIN | Errno::EINTR) => return Entry::None,
            Err(_) => (Vec::new(), Vec::new()),
            Ok(received) => received,
        };
        let Some(visitor) = self.visitors[slot].take() else {
            return Entry::None;
        };
        if descriptors.len() != 1 {
            return Entry::None;
        }
        // Struck off for good: who has seen a token used cannot use it again, not even after its NIC is gone.
        match (self.tokens.remove(&token), descriptors.pop()) {
            (Some(port), Some(nic)) => Entry::Admit { port, nic, control: visitor.stream },
            _ => Entry::None,
        }
    }

    /// Shows out visitors that say nothing.
    pub fn expire(&mut self, now: u64) {
        for slot in &mut self.visitors {
            if slot.as_ref().is_some_and(|visitor| now.saturating_sub(visitor.since) > PATIENCE) {
                *slot = None;
            }
        }
    }

    /// Closes the door for good and takes its sign down: no visitor, no token, no path any more. Returns what was
    /// listened on.
    pub fn seal(&mut self) -> Option<UnixListener> {
        self.visitors.clear();
        self.tokens.clear();
        if let Some(path) = self.path.take() {
            // Somebody may have been quicker; the listener is closed in any case.
            let _ = std::fs::remove_file(path);
        }
        self.listener.take()
    }

    fn free_slot(&mut self) -> usize {
        if let Some(free) = self.visitors.iter().position(Option::is_none) {
            return free;
        }
        if self.visitors.len() < MAX_VISITORS {
            self.visitors.push(None);
            return self.visitors.len() - 1;
        }
        let since = |slot: &usize| self.visitors[*slot].as_ref().map(|visitor| visitor.since);
        (0..self.visitors.len()).min_by_key(since).unwrap_or(0)
    }
}

/// One message: its bytes, and all descriptors that came along, so that those not wanted are closed.
fn receive(stream: &UnixStream) -> nix::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut token = vec![0; LONGEST_TOKEN];
    let mut space = cmsg_space!([RawFd; SCM_MAX_FD]);
    let mut parts = [IoSliceMut::new(&mut token)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            // SAFETY: the kernel has just installed these descriptors for this process, and nothing else owns them.
            descriptors.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    let length = message.bytes;
    token.truncate(length);
    Ok((token, descriptors))
}
