//! A shell on a pseudo terminal, for people who look around in a lab.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{Winsize, openpty};
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

use super::child::{Reaper, set_environment};

nix::ioctl_write_ptr_bad!(tiocswinsz, libc::TIOCSWINSZ, Winsize);
nix::ioctl_write_int_bad!(tiocsctty, libc::TIOCSCTTY);

/// The master side of a shell's terminal.
pub struct Shell {
    master: AsyncFd<std::fs::File>,
}

impl Shell {
    /// Starts a shell; the receiver gives its exit status.
    ///
    /// # Errors
    /// No pseudo terminals in this endpoint, or a program that cannot be started.
    pub fn start(reaper: &Reaper, argv: &[String], size: (u16, u16)) -> io::Result<(Self, oneshot::Receiver<i32>)> {
        let [program, arguments @ ..] = argv else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "shell without a program"));
        };
        let pair = openpty(&winsize(size), None)?;
        // The shell gets its side as its standard streams; the terminal's owner is nobody but us.
        for side in [&pair.master, &pair.slave] {
            fcntl(side, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let mut command = Command::new(program);
        let side = |fd: &OwnedFd| fd.try_clone();
        command.args(arguments).stdin(side(&pair.slave)?).stdout(side(&pair.slave)?).stderr(pair.slave);
        set_environment(&mut command);
        command.env("TERM", "xterm-256color").current_dir("/root");
        let take_terminal = || {
            nix::unistd::setsid()?;
            // SAFETY: descriptor 0 is the slave of the terminal, and the argument is a plain integer.
            unsafe { tiocsctty(0, 0) }?;
            Ok(())
        };
        // SAFETY: setsid and ioctl are async-signal-safe, and the closure allocates nothing.
        unsafe { command.pre_exec(take_terminal) };
        let (_child, ended) = reaper.spawn_session(&mut command)?;
        fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // SAFETY: the file owns its descriptor for as long as the `AsyncFd` owns the file.
        let master = unsafe { AsyncFd::register(pair.master.into()) }?;
        Ok((Shell { master }, ended))
    }

    /// Reads what the shell printed; empty when it has ended.
    ///
    /// # Errors
    /// What read(2) says.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.readable().await?;
            match ready.try_io(|master| master.get_ref().read(buffer)) {
                // The kernel says EIO when the last process has closed the terminal (tty_ioctl(4)).
                Ok(Err(err)) if err.raw_os_error() == Some(libc::EIO) => return Ok(0),
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// Types bytes.
    ///
    /// # Errors
    /// What write(2) says.
    pub async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut ready = self.master.writable().await?;
            match ready.try_io(|master| master.get_ref().write(bytes)) {
                Ok(written) => bytes = &bytes[written?..],
                Err(_would_block) => {}
            }
        }
        Ok(())
    }

    /// Sets the terminal's size, rows and columns.
    ///
    /// # Errors
    /// What ioctl(2) says.
    pub fn resize(&self, size: (u16, u16)) -> io::Result<()> {
        let size = winsize(size);
        // SAFETY: the descriptor is a terminal's master and `size` is the winsize that TIOCSWINSZ reads.
        unsafe { tiocswinsz(self.master.as_fd().as_raw_fd(), &raw const size) }?;
        Ok(())
    }
}

fn winsize((ws_row, ws_col): (u16, u16)) -> Winsize {
    Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }
}
