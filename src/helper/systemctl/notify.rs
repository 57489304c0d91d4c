//! Where a service says that it is ready (sd_notify(3)).

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt::PassCred};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The socket, and whether the service has said it.
#[derive(Debug)]
pub struct Notify {
    socket: UnixDatagram,
    address: String,
    /// `READY=1` has come.
    pub ready: bool,
}

impl Notify {
    /// Opens one. Its name has no file, so a service may have dropped root or changed its root before it speaks.
    pub fn new() -> io::Result<Self> {
        let name = format!("saiten/notify/{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        socket.set_nonblocking(true)?;
        // The kernel's word on who speaks.
        setsockopt(&socket, PassCred, &true)?;
        Ok(Self { socket, address: format!("@{name}"), ready: false })
    }

    /// What belongs into `NOTIFY_SOCKET`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Takes what has come from the main process, or with `anyone` from any; returns a new main process's id.
    pub fn take(&mut self, main: i32, anyone: bool) -> Option<i32> {
        let mut renamed = None;
        while let Some((sender, text)) = self.receive() {
            if sender != main && !anyone {
                continue;
            }
            for line in text.lines() {
                self.ready |= line == "READY=1";
                renamed = line.strip_prefix("MAINPID=").and_then(|pid| pid.parse().ok()).or(renamed);
            }
        }
        renamed
    }

    fn receive(&self) -> Option<(i32, String)> {
        let mut bytes = [0; 4096];
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let mut space = nix::cmsg_space!(nix::sys::socket::UnixCredentials);
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), flags).ok()?;
        let sender = message.cmsgs().ok()?.find_map(|part| match part {
            ControlMessageOwned::ScmCredentials(who) => Some(who.pid()),
            _ => None,
        });
        let length = message.bytes;
        // An unknown sender is nobody, whom only `anyone` covers.
        Some((sender.unwrap_or(-1), String::from_utf8_lossy(&bytes[..length]).into_owned()))
    }
}

impl AsFd for Notify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
