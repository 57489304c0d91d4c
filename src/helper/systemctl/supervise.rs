//! The process that looks after one service: starts it, keeps its output bounded and writes down how it ends.
//!
//! It reaps all that descends from the service, so it can also tell who belongs to it.

use super::command::{Command, Environment};
use super::load::{self, LoadError, Loaded};
use super::log::Log;
use super::notify::Notify;
use super::process;
use super::record::{Process, Record};
use super::unit::{KillMode, Kind, Unit};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stdout, pipe2, read, setsid};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl End {
    /// Whether systemd calls it clean: status 0, one that the unit lists, or a signal that asks to end.
    #[must_use]
    pub fn is_clean(self, unit: &Unit) -> bool {
        match self {
            Self::Exited(status) => status == 0 || unit.success.contains(&status),
            Self::Killed(signal) => [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE]
                .iter()
                .any(|one| *one as i32 == signal),
        }
    }

    fn result(self) -> &'static str {
        match self {
            Self::Exited(_) => "exit-code",
            Self::Killed(_) => "signal",
        }
    }

    fn pair(self) -> (String, i32) {
        match self {
            Self::Exited(status) => ("exited".to_owned(), status),
            Self::Killed(signal) => ("killed".to_owned(), signal),
        }
    }
}

/// Why a start failed, in the words of systemd's `Result=`.
type Failed = &'static str;

struct Supervisor {
    unit: Unit,
    variables: Environment,
    log: Log,
    output: OwnedFd,
    input: OwnedFd,
    children: SignalFd,
    notify: Notify,
    ends: BTreeMap<i32, End>,
    record: Record,
}

/// Looks after the unit until it ends. What became of the start goes to standard output: `ok`, `skip` or a result.
pub fn supervise(name: &str) -> i32 {
    match Supervisor::new(name) {
        Ok(mut supervisor) => supervisor.run(),
        Err(_) => {
            answer("resources");
            1
        }
    }
}

/// Tells the caller, who reads until the end of the pipe, and lets the pipe go.
fn answer(word: &str) {
    let _ = io::stdout().write_all(word.as_bytes());
    let _ = io::stdout().flush();
    let _ = File::open("/dev/null").map(dup2_stdout);
}

/// Closes what the caller left open: a service must not hold anybody's socket.
fn close_strays() {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The directory's own descriptor is closed by now.
        let _ = nix::unistd::close(descriptor);
    }
}

impl Supervisor {
    fn new(name: &str) -> io::Result<Self> {
        close_strays();
        setsid().ok();
        nix::sys::prctl::set_child_subreaper(true)?;
        nix::sys::prctl::set_name(c"saiten-unit")?;
        std::env::set_current_dir("/")?;
        let Loaded { unit, .. } = load::load(name).map_err(|why: LoadError| io::Error::other(format!("{why:?}")))?;
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        mask.thread_block()?;
        let (output, input) = pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let notify = Notify::new()?;
        let mut log = Log::new(name);
        let mut variables = process::environment(&unit).map_err(|why| {
            log.note(&format!("failed to load environment files: {why}"));
            io::Error::other(why)
        })?;
        if unit.kind == Kind::Notify {
            variables.insert("NOTIFY_SOCKET".to_owned(), notify.address().to_owned());
        }
        let record = Record { supervisor: Process::of(std::process::id().cast_signed()), ..Record::default() };
        let children = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { unit, variables, log, output, input, children, notify, ends: BTreeMap::new(), record })
    }

    fn run(&mut self) -> i32 {
        if !self.unit.conditions.iter().all(|condition| holds(condition)) {
            self.log.note("a condition does not hold, not started");
            answer("skip");
            return 0;
        }
        self.set("activating", "start");
        match self.start() {
            Ok(()) => self.watch(),
            Err(result) => {
                self.log.note(&format!("failed to start {}: {result}", self.unit.name));
                self.clear(true);
                self.finish(result);
                answer(result);
            }
        }
        self.linger();
        0
    }

    fn start(&mut self) -> Result<(), Failed> {
        self.log.note(&format!("starting {} - {}", self.unit.name, self.unit.description));
        process::make_directories(&self.unit).map_err(|_| "resources")?;
        let limit = Instant::now() + self.unit.start_limit;
        self.all(&self.unit.start_pre.clone(), limit)?;
        match (self.unit.kind, self.unit.start.clone().first()) {
            (Kind::Oneshot, _) => self.all(&self.unit.start.clone(), limit)?,
            (_, None) => return Err("resources"),
            (Kind::Forking, Some(command)) => {
                self.control(command, limit)?;
                self.adopt(limit)?;
            }
            (kind, Some(command)) => {
                self.record.main = Some(self.spawn(command)?);
                self.await_main(kind, limit)?;
            }
        }
        self.all(&self.unit.start_post.clone(), limit)?;
        self.log.note(&format!("started {}", self.unit.name));
        Ok(())
    }

    /// Runs commands one after the other; the first failure that counts ends it.
    fn all(&mut self, commands: &[Command], limit: Instant) -> Result<(), Failed> {
        commands.iter().try_for_each(|command| self.control(command, limit))
    }

    fn control(&mut self, command: &Command, limit: Instant) -> Result<(), Failed> {
        let child = self.spawn(command)?;
        self.pump_until(limit, |this| this.ends.contains_key(&child.pid))?;
        match self.ends.remove(&child.pid) {
            Some(end) if !end.is_clean(&self.unit) && !command.may_fail => {
                let (code, status) = end.pair();
                self.log.note(&format!("{}: control process, code={code}, status={status}", command.words.join(" ")));
                Err(end.result())
            }
            _ => Ok(()),
        }
    }

    fn spawn(&mut self, command: &Command) -> Result<Process, Failed> {
        let mut variables = self.variables.clone();
        if let Some(main) = self.record.main {
            variables.insert("MAINPID".to_owned(), main.pid.to_string());
        }
        let end = || self.input.try_clone().map_err(|_| "resources");
        let mut prepared = process::prepared(&self.unit, command, &variables, end()?.into(), end()?.into());
        let child = prepared.spawn().map_err(|_| "resources")?;
        let pid = child.id().cast_signed();
        // Whoever had this id before is not this one.
        self.ends.remove(&pid);
        // Not reaped yet, so it is there, if only as a zombie.
        Ok(Process::of(pid).unwrap_or(Process { pid, start: 0 }))
    }

    /// Waits until the main process counts as started.
    fn await_main(&mut self, kind: Kind, limit: Instant) -> Result<(), Failed> {
        let Some(main) = self.record.main else { return Err("resources") };
        self.set("activating", "start");
        match kind {
            Kind::Notify => self.pump_until(limit, |this| this.notify.ready || this.has_ended())?,
            Kind::Exec => self.pump_until(limit, |this| became_other(main) || this.has_ended())?,
            _ => {}
        }
        match self.main_end() {
            Some(end) if kind == Kind::Exec || !self.notify.ready => {
                self.note_end(end);
                Err(if end.is_clean(&self.unit) { "protocol" } else { end.result() })
            }
            _ => Ok(()),
        }
    }

    /// Finds the process that a forking service has left behind.
    fn adopt(&mut self, limit: Instant) -> Result<(), Failed> {
        let me = self.record.supervisor.ok_or("resources")?;
        let file = self.unit.pid_file.clone();
        let find = move || match &file {
            Some(path) => fs::read_to_string(path).ok()?.trim().parse().ok().and_then(Process::of),
            None => me.descendants().first().copied(),
        };
        // The file appears at any time after the parent's end, or never.
        let limit = limit.min(Instant::now() + Duration::from_secs(5));
        self.pump_until(limit, |_| find().is_some()).map_err(|_| "protocol")?;
        self.record.main = find().filter(|main| me.descendants().contains(main));
        self.record.main.map(|_| ()).ok_or("protocol")
    }

    /// Tells the caller that all is well and stays until the service ends.
    fn watch(&mut self) {
        match self.record.main {
            Some(_) => self.set("active", "running"),
            None if self.unit.remain => self.set("active", "exited"),
            None => {
                self.clear(false);
                self.finish("success");
            }
        }
        answer("ok");
        if self.record.main.is_none() {
            return;
        }
        while !self.has_ended() {
            // Strays that it reaps for the service are of no further interest.
            self.ends.clear();
            self.pump(None);
        }
        let end = self.main_end().unwrap_or(End::Exited(0));
        self.note_end(end);
        self.clear(false);
        self.finish(if end.is_clean(&self.unit) { "success" } else { end.result() });
    }

    /// Ends what the main process left behind, where the unit says so, or after a failed start the main process too.
    fn clear(&mut self, failed: bool) {
        let Some(me) = self.record.supervisor else { return };
        let spare = matches!(self.unit.kill_mode, KillMode::Process | KillMode::None);
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            let mut left = me.descendants();
            left.retain(|one| !spare || (failed && Some(*one) == self.record.main));
            for one in &left {
                let _ = kill(Pid::from_raw(one.pid), signal);
                let _ = kill(Pid::from_raw(one.pid), Signal::SIGCONT);
            }
            let limit = Instant::now() + self.unit.stop_limit.min(Duration::from_secs(5));
            if self.pump_until(limit, |_| !left.iter().any(|one| one.lives())).is_ok() {
                break;
            }
        }
        for directory in &self.unit.runtime_directories {
            let _ = fs::remove_dir_all(directory);
        }
    }

    fn finish(&mut self, result: &str) {
        self.record.main = None;
        result.clone_into(&mut self.record.result);
        match result {
            "success" => self.set("inactive", "dead"),
            _ => self.set("failed", "failed"),
        }
        self.log.close();
    }

    /// Goes on reading for processes that outlive the main one: a write of theirs must neither block nor kill them.
    fn linger(&mut self) {
        while waitpid(None, Some(WaitPidFlag::WNOHANG)) != Err(Errno::ECHILD) {
            self.pump(None);
        }
    }

    fn set(&mut self, active: &str, sub: &str) {
        self.record = self.record.clone().now(active, sub);
        if let Err(why) = self.record.write(&self.unit.name) {
            self.log.note(&format!("cannot write the unit's state: {why}"));
        }
    }

    fn note_end(&mut self, end: End) {
        let (code, status) = end.pair();
        self.log.note(&format!("{}: main process ended, code={code}, status={status}", self.unit.name));
        self.record.end = Some((code, status));
    }

    fn has_ended(&self) -> bool {
        self.main_end().is_some()
    }

    fn main_end(&self) -> Option<End> {
        self.record.main.and_then(|main| self.ends.get(&main.pid).copied())
    }

    fn pump_until(&mut self, limit: Instant, done: impl Fn(&Self) -> bool) -> Result<(), Failed> {
        loop {
            // Before the test: what a process wrote last is read before its end is acted upon.
            let left = limit.saturating_duration_since(Instant::now());
            if done(self) {
                self.drain();
                return Ok(());
            }
            if left.is_zero() {
                return Err("timeout");
            }
            // Not every event has a descriptor: a file appears, a process becomes another program.
            self.pump(Some(left.min(Duration::from_millis(20))));
        }
    }

    /// Waits for something to happen, and takes it in.
    fn pump(&mut self, patience: Option<Duration>) {
        let patience =
            patience.map_or(PollTimeout::NONE, |time| PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX));
        let watch = |descriptor| PollFd::new(descriptor, PollFlags::POLLIN);
        let _ =
            poll(&mut [watch(self.output.as_fd()), watch(self.notify.as_fd()), watch(self.children.as_fd())], patience);
        self.drain();
        let main = self.record.main.map_or(0, |main| main.pid);
        if let Some(pid) = self.notify.take(main, self.unit.notify_all) {
            self.record.main = Process::of(pid).or(self.record.main);
        }
        while let Ok(Some(_)) = self.children.read_signal() {}
        self.reap();
    }

    /// Reads what is there, but no more than a pipe holds: a service that never stops writing must not starve the rest.
    fn drain(&mut self) {
        let mut buffer = [0; 65536];
        if let Ok(length @ 1..) = read(&self.output, &mut buffer) {
            self.log.write(&buffer[..length]);
        }
    }

    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let (pid, end) = match status {
                WaitStatus::Exited(pid, code) => (pid, End::Exited(code)),
                WaitStatus::Signaled(pid, signal, _) => (pid, End::Killed(signal as i32)),
                _ => return,
            };
            self.ends.insert(pid.as_raw(), end);
        }
    }
}

/// What the kernel calls this program's processes before they become another: this one's name and its copies'.
const OWN_NAMES: [&str; 2] = ["saiten-unit", "exe"];

/// Whether the process runs another program than this one. By its name, because root without `CAP_SYS_PTRACE` may not
/// see what another user's process runs.
fn became_other(child: Process) -> bool {
    let name = fs::read_to_string(format!("/proc/{}/comm", child.pid));
    child.lives() && name.is_ok_and(|name| !OWN_NAMES.contains(&name.trim_end()))
}

fn holds(condition: &str) -> bool {
    let condition = condition.trim_start_matches('|');
    match condition.strip_prefix('!') {
        Some(path) => !Path::new(path).exists(),
        None => Path::new(condition).exists(),
    }
}
