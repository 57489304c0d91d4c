//! Where the zygote lives: its own namespaces, the store as current directory, a small file system in memory, filters and groups.

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};
use nix::unistd::Uid;
use seccompiler::BpfProgram;

use super::inside::Inherited;
use super::limits::{Groups, Owner, Resource};
use super::message::{Begin, Ids, Order, Report, Root, Start, Unlimited, receive, send};
use super::root::{MEMORY, NETWORK_FILES, TUN};
use super::{cable, change, seccomp};

/// Major and minor number of the TUN device (kernel: Documentation/admin-guide/devices.txt).
const TUN_NUMBERS: (u64, u64) = (10, 200);

/// A zygote that is ready.
pub struct Home {
    begin: Begin,
    /// What limits sandboxes.
    pub groups: Groups,
    filters: Vec<BpfProgram>,
    tun: Option<PathBuf>,
    scratch_in_memory: bool,
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
        let scratch_in_memory = keeps_user_attributes(Path::new(MEMORY))?;
        if !begin.online {
            named("a network namespace", unshare(CloneFlags::CLONE_NEWNET).map_err(Into::into))?;
            if tun.is_none() {
                cable::prepare()?;
            }
        }
        let owner = Owner { run: begin.run.clone(), pid: begin.pid, started: begin.started };
        let filters = seccomp::filters().map_err(|err| io::Error::other(format!("system call filters: {err}")))?;
        Ok(Home { begin, groups: Groups::find(&owner), filters, tun, scratch_in_memory })
    }

    /// What the harness is told.
    pub fn report(&self) -> Report {
        let unlimited = self.groups.missing().into_iter().map(|missing| Unlimited {
            what: missing.resource.name().to_owned(),
            why: missing.why,
            cure: missing.cure,
        });
        let disk = (!self.scratch_in_memory).then(|| Unlimited {
            what: "disk".to_owned(),
            why: "file systems in memory of this kernel keep no user attributes".to_owned(),
            cure: "boot Linux 6.6 or newer (Debian 12: sudo apt-get install -t bookworm-backports linux-image-amd64)"
                .to_owned(),
        });
        Report::Ready {
            limits: self.groups.kind().to_owned(),
            unlimited: unlimited.chain(disk).collect(),
            tun: self.tun.is_some(),
            scratch_in_memory: self.scratch_in_memory,
        }
    }

    /// Ids of sandboxes.
    pub fn ids(&self) -> Ids {
        self.begin.ids
    }

    /// Who owns the user namespaces of sandboxes: this process, or as root somebody who is nobody else.
    pub fn owner(&self) -> Option<Uid> {
        (!self.begin.own_ids).then(|| Uid::from_raw(self.begin.ids.first))
    }

    /// What children take from this process's memory.
    pub fn inherited(&self) -> Inherited<'_> {
        let limit_processes = self.groups.missing().iter().any(|missing| missing.resource == Resource::Processes);
        Inherited { program: &self.begin.program, tun: self.tun.clone(), filters: &self.filters, limit_processes }
    }

    /// Makes the directories that go with a sandbox: of a switch's socket, of its scratch on disk.
    ///
    /// # Errors
    /// A full file system.
    pub fn make_directories(&self, start: &Start) -> io::Result<Vec<PathBuf>> {
        let mut made = Vec::new();
        if start.wire.as_ref().is_some_and(|wire| wire.own) {
            made.push(Path::new(MEMORY).join(start.id.to_string()));
        }
        if let Root::Discarded { dir, .. } = &start.root {
            made.push(change::inside(dir)?.to_owned());
        }
        for dir in &made {
            fs::DirBuilder::new().mode(0o700).create(dir)?;
            chown(dir, Some(self.begin.ids.first), Some(self.begin.ids.first))?;
        }
        Ok(made)
    }

    /// Removes what outlives this process.
    pub fn leave(self) {
        self.groups.end();
    }
}

fn named<T>(what: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|err| io::Error::new(err.kind(), format!("{what}: {err}")))
}

/// Whether a file system keeps attributes of the kind that overlays in user namespaces write (xattr(7)).
fn keeps_user_attributes(dir: &Path) -> io::Result<bool> {
    let trial = dir.join("trial");
    fs::write(&trial, "")?;
    let kept = xattr::set(&trial, "user.overlay.trial", b"y").is_ok();
    fs::remove_file(&trial)?;
    Ok(kept)
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
