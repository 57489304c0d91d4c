//! clone3(2), and the few calls around it for which no library has a safe form.

use std::convert::Infallible;
use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use nix::sched::CloneFlags;
use nix::unistd::Pid;

/// What a clone3(2) call gave, in parent and child.
pub enum Cloned {
    /// In the parent: the child, and a descriptor that becomes readable when it ends (pidfd_open(2)).
    Parent(Pid, OwnedFd),
    /// In the child.
    Child,
}

/// Clones this process into new namespaces. Only for a process of a single thread: the child is a whole copy of it, whose locks
/// nobody else holds.
///
/// # Errors
/// What clone3(2) says: a limit, or namespaces that this machine does not give.
pub fn clone_into(namespaces: CloneFlags) -> io::Result<Cloned> {
    if threads()? != 1 {
        return Err(io::Error::other("only a process of one thread may clone itself"));
    }
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of clone_args are integers; zero is a value of each.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = namespaces.bits().cast_unsigned().into();
    args.flags |= libc::CLONE_PIDFD.cast_unsigned() as u64;
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD.cast_unsigned().into();
    // SAFETY: without a stack of its own and without CLONE_VM the call behaves as fork(2): the child has its own copy of all
    // memory and goes on from here. The process has one thread (checked above), so no lock is held by anybody who is not
    // copied. `args` lives through the call and has the size that is told; `pidfd` is written before the call returns.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    match pid {
        0 => Ok(Cloned::Child),
        1.. => {
            let pid = Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?);
            // SAFETY: the kernel has just made this descriptor for this process, and nothing else owns it.
            Ok(Cloned::Parent(pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
        }
        _ => Err(io::Error::last_os_error()),
    }
}

fn threads() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// Becomes another program: `descriptors` are its first ones, no other stays open, and its environment is a path only.
///
/// # Errors
/// What dup2(2), close_range(2) or execve(2) say.
pub fn become_program(program: &CStr, argv: &[&CStr], descriptors: Vec<OwnedFd>) -> io::Result<Infallible> {
    let count = RawFd::try_from(descriptors.len()).map_err(io::Error::other)?;
    // Moved out of the way first, so that none is overwritten before its turn.
    let mut moved = Vec::new();
    for descriptor in descriptors {
        moved.push(nix::fcntl::fcntl(&descriptor, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(count))?);
    }
    for (to, from) in (0..count).zip(moved) {
        // SAFETY: `from` is open. What `to` was before belongs to values that are never used again: the process ends here,
        // as another program or with an error.
        if unsafe { libc::dup2(from, to) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: the call takes integers only and marks descriptors, which closes none before execve(2).
    let closed =
        unsafe { libc::syscall(libc::SYS_close_range, count.cast_unsigned(), u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if closed < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(nix::unistd::execve(program, argv, &[c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])?)
}
