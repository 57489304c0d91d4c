//! The child's side of a start: waits for its ids, builds its root, gives up its rights, and becomes PID 1 or does one piece of work.

use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use caps::{CapSet, Capability};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, setgroups, sethostname, setresgid, setresuid, setsid};
use seccompiler::BpfProgram;

use super::message::{Root, Start, receive};
use super::root;
use super::seccomp;
use super::spawn::become_program;
use crate::helper::message::PROGRAM;
use crate::image::pack::pack;
use crate::image::unpack::{Limits as ArchiveLimits, Target, unpack};

/// Open files of a process.
const OPEN_FILES: u64 = 1 << 16;
/// What unpacking an archive needs: to make files of any owner, mode and attribute.
const ARCHIVE_RIGHTS: [Capability; 6] = [
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_FSETID,
    Capability::CAP_MKNOD,
    Capability::CAP_SETFCAP,
];

/// What every child gets from the zygote's memory.
pub struct Inherited<'a> {
    /// The helper's program, relative to the store.
    pub program: &'a str,
    /// The TUN device to bind, if endpoints can have one.
    pub tun: Option<PathBuf>,
    /// System call filters.
    pub filters: &'a [BpfProgram],
    /// Whether the number of processes has no other limit than setrlimit(2)'s.
    pub limit_processes: bool,
}

/// One piece of work in a root of its own.
pub enum Work {
    /// Unpack this archive.
    Unpack { root: Root, layer: bool, limits: ArchiveLimits, from: OwnedFd },
    /// Pack this layer.
    Pack { layer: String, to: OwnedFd },
}

/// Waits until the zygote has mapped this process's ids, then becomes uid 0 of its own user namespace. Gives the ends of the
/// cables that the zygote has laid.
fn take_ids(go: BorrowedFd<'_>) -> io::Result<Vec<OwnedFd>> {
    let Some(((), cables)) = receive(go)? else {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the zygote has ended"));
    };
    // The harness's user may be in groups that open doors on this machine.
    setgroups(&[])?;
    let (gid, uid) = (Gid::from_raw(0), Uid::from_raw(0));
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    // After the change of ids, which clears it: the zygote's end is ours.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    umask(Mode::from_bits_truncate(0o022));
    Ok(cables)
}

/// Becomes PID 1 of an endpoint.
///
/// # Errors
/// The step that failed; there is no way back from any.
pub fn become_endpoint(
    start: &Start,
    inherited: &Inherited<'_>,
    mut descriptors: Vec<OwnedFd>,
    go: BorrowedFd<'_>,
) -> io::Result<Infallible> {
    descriptors.extend(take_ids(go)?);
    setsid()?;
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWCGROUP)?;
    root::enter(start, inherited.program, inherited.tun.as_deref())?;
    sethostname(&start.hostname)?;
    limit(Resource::RLIMIT_NOFILE, OPEN_FILES)?;
    limit(Resource::RLIMIT_CORE, 0)?;
    if inherited.limit_processes {
        limit(Resource::RLIMIT_NPROC, start.limits.processes.into())?;
    }
    // The filter before the rights: without `no_new_privs`, which would take su(1) and sudo(8) away, it needs CAP_SYS_ADMIN.
    seccomp::install_without_no_new_privs(inherited.filters)?;
    keep_only(|capability| start.capabilities & capability.bitmask() != 0)?;
    let words = ["saiten", "init", start.name.as_str()].into_iter().chain(start.cables().iter().map(String::as_str));
    let argv = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let argv: Vec<&CStr> = argv.iter().map(CString::as_c_str).collect();
    become_program(&CString::new(PROGRAM)?, &argv, descriptors).map_err(|err| {
        let hint = "is the store on a file system that is mounted noexec?";
        io::Error::new(err.kind(), format!("executing the helper: {err}; {hint}"))
    })
}

/// Does one piece of work and gives its figure: bytes unpacked or packed.
///
/// # Errors
/// A root that cannot be entered, or what the work met with.
pub fn work(work: Work, go: BorrowedFd<'_>) -> io::Result<u64> {
    take_ids(go)?;
    match work {
        Work::Unpack { root, layer, limits, from } => {
            root::enter_bare(&root)?;
            keep_only(|capability| ARCHIVE_RIGHTS.contains(&capability))?;
            let target = if layer { Target::Layer } else { Target::Tree };
            let unpacked = unpack(File::from(from), Path::new("/"), target, &limits);
            unpacked.map(|unpacked| unpacked.bytes).map_err(io::Error::other)
        }
        Work::Pack { layer, to } => {
            root::enter_bare(&Root::Plain(layer))?;
            keep_only(|capability| ARCHIVE_RIGHTS.contains(&capability))?;
            let mut to = File::from(to);
            let bytes = pack(Path::new("/"), &mut to)?;
            to.flush()?;
            Ok(bytes)
        }
    }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let (_, hard) = nix::sys::resource::getrlimit(resource)?;
    let most = most.min(hard);
    Ok(setrlimit(resource, most, most)?)
}

/// Gives up every capability but these, for this process and whatever it starts.
fn keep_only(keep: impl Fn(Capability) -> bool) -> io::Result<()> {
    let mut kept = caps::CapsHashSet::new();
    for capability in caps::runtime::thread_all_supported() {
        if keep(capability) {
            kept.insert(capability);
        } else {
            caps::drop(None, CapSet::Bounding, capability).map_err(io::Error::other)?;
        }
    }
    caps::clear(None, CapSet::Ambient).map_err(io::Error::other)?;
    caps::clear(None, CapSet::Inheritable).map_err(io::Error::other)?;
    caps::set(None, CapSet::Effective, &kept).map_err(io::Error::other)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(io::Error::other)
}
