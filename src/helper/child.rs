//! Processes that the helper starts: as root again, in their own process group, reaped by PID 1.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, Uid, setresuid};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::bounded::Bounded;
use super::message::{NO_SHELL, Ran, RunSpec};
use super::monotonic_ns;

/// How long a command's output may go on after its end: a daemon that it left behind can hold the pipe for ever.
const AFTER_EXIT: Duration = Duration::from_millis(100);
/// Most stamped lines of one command.
const STAMPED_MOST: usize = 4096;
/// Longest stamped line, in bytes.
const LINE_MOST: usize = 1024;
/// Niceness (setpriority(2)) of everything in an endpoint but its helper. Who starts hundreds of busy processes has them share what is left by
/// one that answers at once; limits between endpoints are the control groups' affair.
const NICENESS: libc::c_int = 10;
/// Where a shell may be, the usual place first; busybox is told what it is to be.
const SHELLS: [&[&str]; 7] = [
    &["/bin/sh"],
    &["/usr/bin/sh"],
    &["/bin/bash"],
    &["/usr/bin/bash"],
    &["/bin/dash"],
    &["/bin/busybox", "sh"],
    &["/usr/bin/busybox", "sh"],
];

/// Who waits for which process. All on one thread, so a process cannot end before its waiter is known.
#[derive(Clone, Default)]
pub struct Reaper(Rc<RefCell<HashMap<i32, oneshot::Sender<i32>>>>);

impl Reaper {
    /// Reaps every process that ends, ours and orphans; runs until the endpoint ends.
    ///
    /// # Errors
    /// When no handler for SIGCHLD can be set.
    pub async fn run(self) -> io::Result<()> {
        let mut child_ended = signal(SignalKind::child())?;
        loop {
            while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
                let (pid, code) = match status {
                    WaitStatus::Exited(pid, code) => (pid, code),
                    WaitStatus::Signaled(pid, signal, _) => (pid, 128 + signal as i32),
                    _ => break,
                };
                if let Some(waiter) = self.0.borrow_mut().remove(&pid.as_raw()) {
                    // Nobody may wait any more; the process is reaped all the same.
                    let _ = waiter.send(code);
                }
            }
            child_ended.recv().await;
        }
    }

    /// Starts a process as root, in its own process group.
    ///
    /// # Errors
    /// What fork(2) and execve(2) say: a program that is not there, or the endpoint's limit on processes.
    pub fn spawn(&self, command: &mut Command) -> io::Result<(std::process::Child, oneshot::Receiver<i32>)> {
        command.process_group(0);
        self.spawn_session(command)
    }

    /// Starts a process as root that makes its own session, or stays in the group that the caller has set.
    ///
    /// # Errors
    /// As [`Reaper::spawn`].
    pub fn spawn_session(&self, command: &mut Command) -> io::Result<(std::process::Child, oneshot::Receiver<i32>)> {
        as_root(command);
        let child = command.spawn()?;
        let (ended, wait) = oneshot::channel();
        self.0.borrow_mut().insert(child.id().cast_signed(), ended);
        Ok((child, wait))
    }

    /// Runs a command to its end or its limit.
    ///
    /// # Errors
    /// As [`Reaper::spawn`].
    pub async fn run_command(&self, spec: &RunSpec) -> io::Result<Ran> {
        let [program, arguments @ ..] = spec.argv.as_slice() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "command without a program"));
        };
        let mut command = if program == SHELLS[0][0] { shell()? } else { Command::new(program) };
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        set_environment(&mut command);
        let started_ns = monotonic_ns();
        let (mut child, mut ended) = self.spawn(&mut command)?;
        let group = Pid::from_raw(child.id().cast_signed());
        let out = Rc::new(RefCell::new(Collected::new(spec, started_ns)));
        let err = Rc::new(RefCell::new(Collected::new(spec, started_ns)));
        let reading = tokio::task::spawn_local({
            let pipes = (child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from));
            let (out, err) = (out.clone(), err.clone());
            async move { tokio::join!(collect(pipes.0, &out), collect(pipes.1, &err)) }
        });
        let (status, timed_out) = match tokio::time::timeout(Duration::from_millis(spec.limit_ms), &mut ended).await {
            Ok(status) => (status.unwrap_or(-1), false),
            Err(_) => {
                // The group may be gone already.
                let _ = killpg(group, Signal::SIGKILL);
                (ended.await.unwrap_or(-1), true)
            }
        };
        let took_ns = monotonic_ns() - started_ns;
        let mut reading = reading;
        if tokio::time::timeout(AFTER_EXIT, &mut reading).await.is_err() {
            reading.abort();
        }
        let (out, err) = (out.borrow(), err.borrow());
        Ok(Ran {
            status,
            timed_out,
            stdout: out.kept.text(),
            stderr: err.kept.text(),
            output_lost: out.kept.lost() + err.kept.lost(),
            started_ns,
            took_ns,
            stamped: err.lines.clone(),
            first_output_ns: out.first_ns,
        })
    }
}

/// The endpoint's shell: where every distribution has it, or else where an image may have one.
fn shell() -> io::Result<Command> {
    let found = SHELLS.iter().find(|words| Path::new(words[0]).is_file());
    let [program, arguments @ ..] = found.copied().unwrap_or_default() else {
        let tried: Vec<&str> = SHELLS.iter().filter_map(|words| words.first().copied()).collect();
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{NO_SHELL}: none of {}", tried.join(", "))));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// The environment of a root login, and nothing of the helper's.
pub fn set_environment(command: &mut Command) {
    command.env_clear().envs([
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/root"),
        ("USER", "root"),
        ("LOGNAME", "root"),
        ("SHELL", "/bin/sh"),
        ("LANG", "C.UTF-8"),
    ]);
}

/// Lets the process be root again, behind the helper where there is too little of the processor, and the first to go when memory runs out.
fn as_root(command: &mut Command) {
    // In a virtual machine the guest's own daemons are not behind it either.
    let is_behind = std::process::id() == 1;
    let become_root = move || {
        let root = Uid::from_raw(0);
        setresuid(root, root, root)?;
        // Descriptors on their way through sockets are counted by user, over all labs of the machine, and held against the
        // sender's limit: who has half of it cannot keep another lab's helper from plugging in its NICs.
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard / 2), hard / 2)?;
        if is_behind {
            // SAFETY: integers go in, one comes out; nobody is refused to be nicer (setpriority(2)).
            unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
        }
        // A preference, not a need: some engines mount /proc read-only.
        let _ = std::fs::write("/proc/self/oom_score_adj", "300");
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes only async-signal-safe system calls: setresuid, prlimit, setpriority, open,
    // write, close.
    // `fs::write` with a short static path does not allocate (std keeps paths under 384 bytes on the stack).
    unsafe { command.pre_exec(become_root) };
}

/// Output of one pipe of a command.
struct Collected {
    kept: Bounded,
    stamp: bool,
    started_ns: u64,
    first_ns: Option<u64>,
    line: Vec<u8>,
    lines: Vec<(u64, String)>,
}

impl Collected {
    fn new(spec: &RunSpec, started_ns: u64) -> Self {
        let kept = Bounded::new(spec.output_most);
        Collected { kept, stamp: spec.stamp, started_ns, first_ns: None, line: Vec::new(), lines: Vec::new() }
    }

    fn add(&mut self, bytes: &[u8]) {
        let now = monotonic_ns() - self.started_ns;
        self.first_ns.get_or_insert(now);
        self.kept.add(bytes);
        if !self.stamp {
            return;
        }
        for &byte in bytes {
            if byte != b'\n' {
                if self.line.len() < LINE_MOST {
                    self.line.push(byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if self.lines.len() < STAMPED_MOST {
                self.lines.push((now, String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
        }
    }
}

async fn collect(pipe: Option<OwnedFd>, into: &RefCell<Collected>) {
    let Some(mut pipe) = pipe.and_then(|fd| pipe::Receiver::from_owned_fd(fd).ok()) else { return };
    let mut buffer = vec![0; 16 << 10];
    // A pipe that cannot be read any more has ended.
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        into.borrow_mut().add(&buffer[..read]);
    }
}
