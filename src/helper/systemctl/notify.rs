//! Where a service says that it is ready (sd_notify(3)).

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt::PassCred};
use std::fs;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where systemd has its own.
const DIR: &str = "/run/systemd";

/// The socket, and whether the service has said it.
#[derive(Debug)]
pub struct Notify {
    socket: UnixDatagram,
    /// Its file, or a name without one behind an `@`.
    address: String,
    /// `READY=1` has come.
    pub ready: bool,
}

impl Notify {
    /// Opens one: a file, as systemd has it. OpenSSH since 9.8 cannot connect to a name without a file, since it sends its address with
    /// all the zeros behind it. Such a name is for endpoints where no file can be made.
    pub fn new() -> io::Result<Self> {
        let id = std::process::id();
        let path = format!("{DIR}/notify-{id}");
        let bound = fs::create_dir_all(DIR).and_then(|()| {
            // What a supervisor of the same process id left.
            let _ = fs::remove_file(&path);
            let socket = UnixDatagram::bind(&path)?;
            // A service may have dropped root before it speaks.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777))?;
            Ok(socket)
        });
        let (socket, address) = match bound {
            Ok(socket) => (socket, path),
            Err(_) => {
                let name = format!("saiten/notify/{id}");
                (UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?, format!("@{name}"))
            }
        };
        socket.set_nonblocking(true)?;
        // The kernel's word on who speaks.
        setsockopt(&socket, PassCred, &true)?;
        Ok(Self { socket, address, ready: false })
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

impl Drop for Notify {
    fn drop(&mut self) {
        if !self.address.starts_with('@') {
            let _ = fs::remove_file(&self.address);
        }
    }
}

impl AsFd for Notify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
