//! What is remembered of a unit between two calls: its state, who looks after it, and a lock.
//!
//! Only root writes here; anybody may ask how a service is.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DIRECTORY: &str = "/run/saiten/units";

/// A process that a recycled id cannot be mistaken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// When it started, in clock ticks since the machine did.
    pub start: u64,
}

impl Process {
    /// The process of that id, unless there is none or it has ended.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let stat = Stat::of(pid)?;
        (!matches!(stat.state, 'Z' | 'X')).then_some(Self { pid, start: stat.start })
    }

    /// Whether it runs still.
    #[must_use]
    pub fn lives(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// All that descend from it, itself left out.
    #[must_use]
    pub fn descendants(self) -> Vec<Self> {
        let mut children: BTreeMap<i32, Vec<Self>> = BTreeMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Some(stat) = Stat::of(pid).filter(|stat| !matches!(stat.state, 'Z' | 'X')) else { continue };
            children.entry(stat.parent).or_default().push(Self { pid, start: stat.start });
        }
        let mut found = Vec::new();
        let mut next = vec![self];
        while let Some(parent) = next.pop() {
            let mine = children.remove(&parent.pid).unwrap_or_default();
            found.extend(&mine);
            next.extend(mine);
        }
        found
    }
}

struct Stat {
    state: char,
    parent: i32,
    start: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        // The name in parentheses may hold anything, parentheses too.
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

/// A unit's state, as its supervisor has last written it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `active`, `activating`, `inactive` or `failed`.
    pub active: String,
    /// `running`, `exited`, `dead` or `failed`, in systemd's words.
    pub sub: String,
    /// `success`, `exit-code`, `signal`, `timeout`, `protocol` or `resources`.
    pub result: String,
    /// Seconds since 1970 of the last change.
    pub since: u64,
    /// Who looks after the service.
    pub supervisor: Option<Process>,
    /// The service.
    pub main: Option<Process>,
    /// How the main process ended: `exited` or `killed`, and with which status or signal.
    pub end: Option<(String, i32)>,
}

impl Default for Record {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            active: word("inactive"),
            sub: word("dead"),
            result: word("success"),
            since: 0,
            supervisor: None,
            main: None,
            end: None,
        }
    }
}

impl Record {
    /// What is known of a unit now. A main process that died together with its supervisor counts as failed.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let patience = Instant::now() + Duration::from_millis(500);
        loop {
            let record = Self::stored(name);
            let supervised = record.supervisor.is_some_and(Process::lives);
            match record.main {
                _ if !record.is_up() || (record.active == "activating" && supervised) => return record,
                None if supervised || record.sub == "exited" => return record,
                Some(main) if main.lives() => return record,
                // The supervisor is about to write down what it saw.
                _ if supervised && Instant::now() < patience => std::thread::sleep(Duration::from_millis(2)),
                _ => return Self { end: None, result: "resources".to_owned(), ..record.now("failed", "failed") },
            }
        }
    }

    fn stored(name: &str) -> Self {
        let text = fs::read_to_string(Path::new(DIRECTORY).join(name)).unwrap_or_default();
        let fields: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let word = |key: &str, default: &str| (*fields.get(key).unwrap_or(&default)).to_owned();
        let pair = |key: &str| fields.get(key).and_then(|value| value.split_once(' '));
        let process = |key| pair(key).and_then(|(a, b)| Some(Process { pid: a.parse().ok()?, start: b.parse().ok()? }));
        Self {
            active: word("active", "inactive"),
            sub: word("sub", "dead"),
            result: word("result", "success"),
            since: word("since", "0").parse().unwrap_or(0),
            supervisor: process("supervisor"),
            main: process("main"),
            end: pair("end").and_then(|(code, status)| Some((code.to_owned(), status.parse().ok()?))),
        }
    }

    /// Whether the service is up or on its way.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating")
    }

    /// The same unit in another state, as of now.
    #[must_use]
    pub fn now(self, active: &str, sub: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { active: active.to_owned(), sub: sub.to_owned(), since, ..self }
    }

    /// Writes it down; a reader sees the old record or the new, never half of one.
    pub fn write(&self, name: &str) -> io::Result<()> {
        prepare()?;
        let mut text =
            format!("active={}\nsub={}\nresult={}\nsince={}\n", self.active, self.sub, self.result, self.since);
        for (key, process) in [("supervisor", self.supervisor), ("main", self.main)] {
            if let Some(Process { pid, start }) = process {
                text.push_str(&format!("{key}={pid} {start}\n"));
            }
        }
        if let Some((code, status)) = &self.end {
            text.push_str(&format!("end={code} {status}\n"));
        }
        let draft = Path::new(DIRECTORY).join(format!("{name}.{}.new", std::process::id()));
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .open(&draft)?
            .write_all(text.as_bytes())?;
        fs::rename(draft, Path::new(DIRECTORY).join(name))
    }

    /// Forgets a unit.
    pub fn forget(name: &str) {
        // Nothing there is as good as gone.
        let _ = fs::remove_file(Path::new(DIRECTORY).join(name));
    }
}

/// The units that something is known of.
#[must_use]
pub fn recorded() -> Vec<String> {
    let entries = fs::read_dir(DIRECTORY).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".service"));
    names.sort();
    names
}

/// Waits for, and holds, the right to start and stop a unit, until dropped.
pub fn lock(name: &str) -> io::Result<File> {
    prepare()?;
    let path: PathBuf = Path::new(DIRECTORY).join(format!("{name}.lock"));
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

fn prepare() -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create("/run/saiten")?;
    DirBuilder::new().recursive(true).mode(0o755).create(DIRECTORY)
}
