//! Where the zygote lives: its own namespaces, the store as current directory, a small file system in memory, filters and groups.

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};
use seccompiler::BpfProgram;

use super::inside::Inherited;
use super::limits::{Groups, Owner, Resource};
use super::message::{Begin, Ids, Order, Report, Start, Unlimited, receive, send};
use super::root::{MEMORY, NETWORK_FILES, TUN};
use super::{cable, seccomp};

/// Major and minor number of the TUN device (kernel: Documentation/admin-guide/devices.txt).
const TUN_NUMBERS: (u64, u64) = (10, 200);

/// A zygote that is ready.
pub struct Home {
    begin: Begin,
    /// What limits sandboxes.
    pub groups: Groups,
    filters: Vec<BpfProgram>,
    tun: Option<PathBuf>,
}

impl Home {
    /// Moves in.
    ///
    /// # Errors
    /// The step that the kernel refused, by name.
    pub fn settle(socket: BorrowedFd<'_>, begin: Begin) -> io::Result<Self> {
        if begin.own_ids {
            named("a user namespace", unshare(CloneFlags::CLONE_NEWUSER).map_err(Into::into))?;
            send(socket, &Report::Unshared, &[])?;
            let Some((Order::Mapped, _)) = receive::<Order>(socket)? else {
                return Err(io::Error::other("the ids of the user namespace were not mapped"));
            };
        }
        umask(Mode::from_bits_truncate(0o022));
        std::env::set_current_dir(&begin.store)?;
        named("a mount namespace", unshare(CloneFlags::CLONE_NEWNS).map_err(Into::into))?;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        named("private mounts", mount(None::<&str>, "/", None::<&str>, private, None::<&str>).map_err(Into::into))?;
        let memory = mount(Some("tmpfs"), MEMORY, Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=711,size=1m"));
        named("a file system in memory", memory.map_err(Into::into))?;
        share_network_files()?;
        let tun = tun();
        if !begin.online {
            named("a network namespace", unshare(CloneFlags::CLONE_NEWNET).map_err(Into::into))?;
            if tun.is_none() {
                cable::prepare()?;
            }
        }
        let owner = Owner { run: begin.run.clone(), pid: begin.pid, started: begin.started };
        let filters = seccomp::filters().map_err(|err| io::Error::other(format!("system call filters: {err}")))?;
        Ok(Home { begin, groups: Groups::find(&owner), filters, tun })
    }

    /// What the harness is told.
    pub fn report(&self) -> Report {
        let unlimited = self.groups.missing().into_iter().map(|missing| Unlimited {
            what: missing.resource.name().to_owned(),
            why: missing.why,
            cure: missing.cure,
        });
        Report::Ready { limits: self.groups.kind().to_owned(), unlimited: unlimited.collect(), tun: self.tun.is_some() }
    }

    /// Ids of sandboxes.
    pub fn ids(&self) -> Ids {
        self.begin.ids
    }

    /// What children take from this process's memory.
    pub fn inherited(&self) -> Inherited<'_> {
        let limit_processes = self.groups.missing().iter().any(|missing| missing.resource == Resource::Processes);
        Inherited { program: &self.begin.program, tun: self.tun.clone(), filters: &self.filters, limit_processes }
    }

    /// Makes the directory of a switch's socket.
    ///
    /// # Errors
    /// When the file system in memory is full.
    pub fn make_wire(&self, start: &Start) -> io::Result<Option<PathBuf>> {
        if start.wire.as_ref().is_none_or(|wire| !wire.own) {
            return Ok(None);
        }
        let dir = Path::new(MEMORY).join(start.id.to_string());
        fs::DirBuilder::new().mode(0o700).create(&dir)?;
        chown(&dir, Some(self.begin.ids.first), Some(self.begin.ids.first))?;
        Ok(Some(dir))
    }

    /// Removes what outlives this process.
    pub fn leave(self) {
        self.groups.end();
    }
}

fn named<T>(what: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|err| io::Error::new(err.kind(), format!("{what}: {err}")))
}

/// Copies of what programs need to find names, for sandboxes that make images: their ids may not read the machine's own.
fn share_network_files() -> io::Result<()> {
    for name in NETWORK_FILES {
        // A machine without the file is as good as one with an empty one.
        let content = fs::read(Path::new("/etc").join(name)).unwrap_or_default();
        fs::write(Path::new(MEMORY).join(name), content)?;
    }
    Ok(())
}

/// The TUN device that endpoints get: one of our own, as root; the machine's, where everybody may open it.
fn tun() -> Option<PathBuf> {
    let mode = Mode::from_bits_truncate(0o666);
    let before = umask(Mode::empty());
    let made = mknod(TUN, SFlag::S_IFCHR, mode, makedev(TUN_NUMBERS.0, TUN_NUMBERS.1));
    umask(before);
    let path = PathBuf::from(if made.is_ok() { TUN } else { "/dev/net/tun" });
    fs::OpenOptions::new().read(true).write(true).open(&path).is_ok().then_some(path)
}
