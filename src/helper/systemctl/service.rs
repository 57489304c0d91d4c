//! What changes a service: start, stop, reload, and their combinations, in systemd's words and with its statuses.

use super::command::Command;
use super::load::{self, LoadError, Loaded};
use super::log;
use super::process;
use super::record::{self, Process, Record};
use super::say;
use super::unit::{KillMode, Unit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command as Program, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// What to do with each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Up, if it is not.
    Start,
    /// Down, if it is not.
    Stop,
    /// Down and up.
    Restart,
    /// The same, if it is up.
    TryRestart,
    /// Reads its configuration again, without an end.
    Reload,
    /// That where the unit can, else down and up.
    ReloadOrRestart,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::TryRestart => "try-restart",
            Self::Reload => "reload",
            Self::ReloadOrRestart => "reload-or-restart",
        }
    }
}

/// Longer than any start may take, for a caller that finds another one's start under way.
const PATIENCE: Duration = Duration::from_secs(30);
const BLINK: Duration = Duration::from_millis(3);

/// Does it to a unit by any of its names; returns the exit status.
pub fn act(verb: Verb, typed: &str) -> i32 {
    let name = load::full_name(typed);
    let loaded = match load::load(&name) {
        Ok(loaded) => loaded,
        Err(why) => return refuse(verb, &name, &why),
    };
    let name = loaded.unit.name.clone();
    let _held = match record::lock(&name) {
        Ok(held) => held,
        Err(why) => {
            say::err(&format!("Failed to {} {name}: {why}", verb.word()));
            return 1;
        }
    };
    let record = settled(&name);
    let up = record.is_up();
    let outcome = match verb {
        Verb::Start => start(&name, &record),
        Verb::Stop => stop(&loaded.unit, &record),
        Verb::TryRestart if !up => Ok(()),
        Verb::Reload if loaded.unit.reload.is_empty() => {
            let why = format!("Job type reload is not applicable for unit {name}.");
            say::err(&format!("Failed to reload {name}: {why}"));
            return 3;
        }
        Verb::Reload if !up => {
            say::err(&format!("{name} is not active, cannot reload."));
            return 1;
        }
        Verb::Reload => reload(&loaded, &record),
        Verb::ReloadOrRestart if up && !loaded.unit.reload.is_empty() => reload(&loaded, &record),
        Verb::Restart | Verb::TryRestart | Verb::ReloadOrRestart => {
            stop(&loaded.unit, &record).and_then(|()| start(&name, &Record::read(&name)))
        }
    };
    match outcome {
        Ok(()) => 0,
        Err(because) => {
            say::err(&format!("Job for {name} failed{because}."));
            say::err(&format!("See \"systemctl status {name}\" and \"journalctl -xeu {name}\" for details."));
            1
        }
    }
}

fn refuse(verb: Verb, name: &str, why: &LoadError) -> i32 {
    let word = verb.word();
    match why {
        LoadError::NotFound if verb == Verb::Stop => {
            say::err(&format!("Failed to stop {name}: Unit {name} not loaded."))
        }
        LoadError::NotFound => say::err(&format!("Failed to {word} {name}: Unit {name} not found.")),
        LoadError::Masked => {
            say::err(&format!("Failed to {word} {name}: Unit {name} is masked."));
            return 1;
        }
        LoadError::Bad(why) => {
            say::err(&format!("Failed to {word} {name}: Unit {name} has a bad unit file setting."));
            say::err(&format!("systemctl: {why}"));
            return 1;
        }
    }
    5
}

/// The unit's state, once a start whose caller has gone away is over.
fn settled(name: &str) -> Record {
    let limit = Instant::now() + PATIENCE;
    loop {
        let record = Record::read(name);
        let busy = record.active == "activating" && record.supervisor.is_some_and(Process::lives);
        if !busy || Instant::now() > limit {
            return record;
        }
        std::thread::sleep(BLINK);
    }
}

/// Why a job failed, as it goes on after "Job for x failed"; empty where systemd says nothing.
type Because = &'static str;

fn start(name: &str, record: &Record) -> Result<(), Because> {
    if record.is_up() {
        return Ok(());
    }
    let mut supervisor = Program::new("/proc/self/exe");
    supervisor.arg0("saiten").args(["systemctl", "--supervise", name]).current_dir("/").env_clear();
    supervisor.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut answer = String::new();
    let child = supervisor.spawn().map_err(|_| because("resources"))?;
    // Ends when the supervisor has let its standard output go, not when the service ends: that one never had it.
    let heard = child.stdout.map(|mut pipe| pipe.read_to_string(&mut answer));
    match answer.as_str() {
        "ok" | "skip" if matches!(heard, Some(Ok(_))) => Ok(()),
        result => Err(because(result)),
    }
}

fn because(result: &str) -> Because {
    match result {
        "exit-code" => " because the control process exited with error code",
        "signal" => " because a fatal signal was delivered to the control process",
        "timeout" => " because a timeout was exceeded",
        "protocol" => " because the service did not take the steps required by its unit configuration",
        _ => " because of unavailable resources or another system error",
    }
}

fn stop(unit: &Unit, record: &Record) -> Result<(), Because> {
    if !record.is_up() {
        return Ok(());
    }
    let supervisor = record.supervisor.filter(|supervisor| supervisor.lives());
    // A stop goes on after a failure of its own commands: signals are to follow.
    let _ = commands(unit, &unit.stop, record, unit.stop_limit);
    let everyone = || match (supervisor, record.main) {
        (Some(supervisor), _) => supervisor.descendants(),
        (None, Some(main)) => std::iter::once(main).chain(main.descendants()).collect(),
        (None, None) => Vec::new(),
    };
    let main: Vec<Process> = record.main.into_iter().collect();
    let (asked, killed) = match unit.kill_mode {
        // A service without a main process has no other way to be ended.
        _ if main.is_empty() => (everyone(), everyone()),
        KillMode::ControlGroup => (everyone(), everyone()),
        KillMode::Mixed => (main, everyone()),
        KillMode::Process => (main.clone(), main),
        KillMode::None => (Vec::new(), Vec::new()),
    };
    let signal = Signal::from_str(&unit.kill_signal).unwrap_or(Signal::SIGTERM);
    send(&asked, signal);
    // A stopped process would never see it.
    send(&asked, Signal::SIGCONT);
    if !gone(&asked, unit.stop_limit) {
        send(&killed, Signal::SIGKILL);
        send(&everyone_left(unit, everyone), Signal::SIGKILL);
        gone(&killed, Duration::from_secs(2));
    }
    written(unit, record, supervisor);
    Ok(())
}

/// Those that were started while the others were asked to end.
fn everyone_left(unit: &Unit, everyone: impl Fn() -> Vec<Process>) -> Vec<Process> {
    if matches!(unit.kill_mode, KillMode::ControlGroup | KillMode::Mixed) { everyone() } else { Vec::new() }
}

fn send(to: &[Process], signal: Signal) {
    for one in to.iter().filter(|one| one.lives()) {
        // It may have ended since.
        let _ = kill(Pid::from_raw(one.pid), signal);
    }
}

fn gone(all: &[Process], limit: Duration) -> bool {
    let limit = Instant::now() + limit;
    while all.iter().any(|one| one.lives()) {
        if Instant::now() > limit {
            return false;
        }
        std::thread::sleep(BLINK);
    }
    true
}

/// Waits until the supervisor has written the end down, or without one writes it.
fn written(unit: &Unit, record: &Record, supervisor: Option<Process>) {
    let limit = Instant::now() + Duration::from_secs(6);
    while record.main.is_some() && supervisor.is_some_and(Process::lives) && Instant::now() < limit {
        let now = Record::read(&unit.name);
        if !now.is_up() {
            return;
        }
        std::thread::sleep(BLINK);
    }
    let down = Record { main: None, ..Record::default() }.now("inactive", "dead");
    if let Err(why) = down.write(&unit.name) {
        say::err(&format!("systemctl: cannot write the state of {}: {why}", unit.name));
    }
}

fn reload(loaded: &Loaded, record: &Record) -> Result<(), Because> {
    commands(&loaded.unit, &loaded.unit.reload, record, loaded.unit.start_limit).map_err(|()| "")
}

/// Runs a unit's commands for a reload or a stop; what they write goes to its log.
fn commands(unit: &Unit, commands: &[Command], record: &Record, limit: Duration) -> Result<(), ()> {
    let mut variables = process::environment(unit).map_err(|_| ())?;
    if let Some(main) = record.main {
        variables.insert("MAINPID".to_owned(), main.pid.to_string());
    }
    let limit = Instant::now() + limit;
    for command in commands {
        // A file and no pipe: nobody has to wait for what such a command may leave running.
        let output = || log::open(&unit.name).map_or_else(|_| Stdio::null(), Stdio::from);
        let mut prepared = process::prepared(unit, command, &variables, output(), output());
        let mut child = prepared.spawn().map_err(|_| ())?;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < limit => std::thread::sleep(BLINK),
                _ => break None,
            }
        };
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if !command.may_fail && !status.is_some_and(|status| status.success()) {
            return Err(());
        }
    }
    Ok(())
}
