//! A service unit, read from the text of its files (systemd.unit(5), systemd.service(5)). Pure.

use super::command::{self, Command};
use std::time::Duration;

/// When a start counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As soon as the process exists; `dbus` and `idle` are taken for this, too.
    Simple,
    /// As soon as the program runs.
    Exec,
    /// When the first process has ended well and left another behind.
    Forking,
    /// When all commands have ended.
    Oneshot,
    /// When the service says so (sd_notify(3)).
    Notify,
}

/// Whom a stop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillMode {
    /// All processes of the service.
    ControlGroup,
    /// The main process is asked, the others are killed.
    Mixed,
    /// The main process only: sshd's sessions live on.
    Process,
    /// Nobody.
    None,
}

/// What Saiten's systemctl knows of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The name that everything is kept under, `ssh.service`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Manual pages and addresses.
    pub documentation: Vec<String>,
    /// Paths that must exist, or with `!` must not, for the start to be more than a no-op.
    pub conditions: Vec<String>,
    /// When a start counts as done.
    pub kind: Kind,
    /// Run before the start, in order.
    pub start_pre: Vec<Command>,
    /// The service; several only for `oneshot`.
    pub start: Vec<Command>,
    /// Run once it is up.
    pub start_post: Vec<Command>,
    /// Run for a reload.
    pub reload: Vec<Command>,
    /// Run for a stop, before any signal.
    pub stop: Vec<Command>,
    /// Where a forking service leaves its process id.
    pub pid_file: Option<String>,
    /// A `oneshot` that stays active after its end.
    pub remain: bool,
    /// `NAME=value`, in order.
    pub environment: Vec<(String, String)>,
    /// Files of such lines, and whether one may be missing.
    pub environment_files: Vec<(String, bool)>,
    /// Below /run, made before the start and removed after the stop.
    pub runtime_directories: Vec<String>,
    /// Below /var/lib, /var/log and /var/cache, in full.
    pub lasting_directories: Vec<String>,
    /// Mode of the runtime directories.
    pub runtime_mode: u32,
    /// Whom the commands run as.
    pub user: Option<String>,
    /// Their group, if not the user's own.
    pub group: Option<String>,
    /// Where they run; a leading `-` lets it be missing.
    pub directory: Option<String>,
    /// Their file mode mask.
    pub umask: u32,
    /// Whom a stop ends.
    pub kill_mode: KillMode,
    /// The first signal of a stop, by name.
    pub kill_signal: String,
    /// Exit statuses that count as success besides 0.
    pub success: Vec<i32>,
    /// How long a start may take.
    pub start_limit: Duration,
    /// How long a stop may take before it kills.
    pub stop_limit: Duration,
    /// Whether any process of the service may notify, not only the main one.
    pub notify_all: bool,
    /// `[Install]`: further names.
    pub aliases: Vec<String>,
    /// `[Install]`: targets that want it; without one a unit is `static`.
    pub wanted_by: Vec<String>,
}

/// A caller waits for every start and stop, so both are shorter than systemd's 90 s.
const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// `[Section]`, key and value of each assignment, in order, lines joined and comments left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(Vec<(String, String, String)>);

impl Assignments {
    /// Adds the text of one file, the unit's own first, then its drop-ins.
    pub fn add(&mut self, text: &str) {
        let mut section = String::new();
        let mut pending = String::new();
        for line in text.lines().map(str::trim) {
            if line.starts_with(['#', ';']) || (line.is_empty() && pending.is_empty()) {
                continue;
            }
            // An odd number of backslashes at the end: the next line belongs to this one, with a blank between.
            if let Some(open) = line.strip_suffix('\\').filter(|open| !ends_odd(open)) {
                pending.push_str(open);
                pending.push(' ');
                continue;
            }
            let whole = std::mem::take(&mut pending) + line;
            if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = whole.split_once('=') {
                self.0.push((section.clone(), key.trim_end().to_owned(), value.trim().to_owned()));
            }
        }
    }

    /// The values of a key that takes several; an empty one forgets those before it.
    fn all(&self, section: &str, key: &str) -> Vec<&str> {
        let mut found = Vec::new();
        for (_, _, value) in self.0.iter().filter(|(s, k, _)| s == section && k == key) {
            if value.is_empty() {
                found.clear();
            } else {
                found.push(value.as_str());
            }
        }
        found
    }

    fn last(&self, section: &str, key: &str) -> Option<&str> {
        self.all(section, key).pop()
    }

    fn words(&self, section: &str, key: &str) -> Vec<String> {
        self.all(section, key).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect()
    }
}

fn ends_odd(text: &str) -> bool {
    text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

impl Unit {
    /// Reads a unit; an error names the setting. Settings that have no meaning in a lab are passed over.
    pub fn read(name: &str, from: &Assignments) -> Result<Self, String> {
        let service = |key: &str| from.last("Service", key);
        let commands = |key: &str| commands(name, from, key);
        let mut unit = Self {
            name: name.to_owned(),
            description: specifiers(name, from.last("Unit", "Description").unwrap_or(name)),
            documentation: from.words("Unit", "Documentation"),
            conditions: [from.all("Unit", "ConditionPathExists"), from.all("Unit", "AssertPathExists")]
                .concat()
                .into_iter()
                .map(|path| specifiers(name, path))
                .collect(),
            kind: Kind::Simple,
            start_pre: commands("ExecStartPre")?,
            start: commands("ExecStart")?,
            start_post: commands("ExecStartPost")?,
            reload: commands("ExecReload")?,
            stop: commands("ExecStop")?,
            pid_file: service("PIDFile").map(|path| below_run(&specifiers(name, path))),
            remain: service("RemainAfterExit").is_some_and(is_yes),
            environment: environment(name, from)?,
            environment_files: environment_files(name, from),
            runtime_directories: below(name, from, "RuntimeDirectory", "/run"),
            lasting_directories: lasting(name, from),
            runtime_mode: octal(service("RuntimeDirectoryMode"), 0o755)?,
            user: service("User").map(|user| specifiers(name, user)),
            group: service("Group").map(|group| specifiers(name, group)),
            directory: service("WorkingDirectory").map(|path| specifiers(name, path)),
            umask: octal(service("UMask"), 0o022)?,
            kill_mode: kill_mode(service("KillMode"))?,
            kill_signal: service("KillSignal").unwrap_or("SIGTERM").to_owned(),
            success: from.words("Service", "SuccessExitStatus").iter().filter_map(|word| word.parse().ok()).collect(),
            start_limit: limit(from, "TimeoutStartSec", START_LIMIT)?,
            stop_limit: limit(from, "TimeoutStopSec", STOP_LIMIT)?,
            notify_all: matches!(service("NotifyAccess"), Some("all" | "exec")),
            aliases: from.words("Install", "Alias").iter().map(|alias| specifiers(name, alias)).collect(),
            wanted_by: [from.words("Install", "WantedBy"), from.words("Install", "RequiredBy")].concat(),
        };
        unit.kind = kind(service("Type"), &unit)?;
        unit.check()?;
        Ok(unit)
    }

    fn check(&self) -> Result<(), String> {
        match (self.kind, self.start.len()) {
            (Kind::Oneshot, 0) if self.stop.is_empty() => Err("it has neither ExecStart= nor ExecStop=".to_owned()),
            (Kind::Oneshot, _) | (_, 1) => Ok(()),
            (_, 0) => Err("it has no ExecStart=".to_owned()),
            _ => Err("it has more than one ExecStart=, which only Type=oneshot may".to_owned()),
        }
    }
}

fn kind(value: Option<&str>, unit: &Unit) -> Result<Kind, String> {
    match value {
        None if unit.start.is_empty() => Ok(Kind::Oneshot),
        None | Some("simple" | "idle" | "dbus") => Ok(Kind::Simple),
        Some("exec") => Ok(Kind::Exec),
        Some("forking") => Ok(Kind::Forking),
        Some("oneshot") => Ok(Kind::Oneshot),
        Some("notify" | "notify-reload") => Ok(Kind::Notify),
        Some(other) => Err(format!("Type={other} is unknown")),
    }
}

fn kill_mode(value: Option<&str>) -> Result<KillMode, String> {
    match value {
        None | Some("control-group") => Ok(KillMode::ControlGroup),
        Some("mixed") => Ok(KillMode::Mixed),
        Some("process") => Ok(KillMode::Process),
        Some("none") => Ok(KillMode::None),
        Some(other) => Err(format!("KillMode={other} is unknown")),
    }
}

fn commands(name: &str, from: &Assignments, key: &str) -> Result<Vec<Command>, String> {
    let mut found = Vec::new();
    for line in from.all("Service", key) {
        let parsed = command::parse(line).map_err(|why| format!("{key}={line}: {why}"))?;
        found.extend(parsed.into_iter().map(|mut one| {
            one.program = specifiers(name, &one.program);
            one.words.iter_mut().for_each(|word| *word = specifiers(name, word));
            one
        }));
    }
    Ok(found)
}

fn environment(name: &str, from: &Assignments) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for line in from.all("Service", "Environment") {
        let words = command::split(line).map_err(|why| format!("Environment={line}: {why}"))?;
        let pairs = words.iter().filter_map(|word| word.split_once('='));
        found.extend(pairs.map(|(key, value)| (key.to_owned(), specifiers(name, value))));
    }
    Ok(found)
}

fn environment_files(name: &str, from: &Assignments) -> Vec<(String, bool)> {
    let split = |path: &str| match path.strip_prefix('-') {
        Some(path) => (specifiers(name, path), true),
        None => (specifiers(name, path), false),
    };
    from.all("Service", "EnvironmentFile").into_iter().map(split).collect()
}

fn below(name: &str, from: &Assignments, key: &str, top: &str) -> Vec<String> {
    let safe = |path: &String| !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let paths = from.words("Service", key).into_iter().map(|path| specifiers(name, &path)).filter(safe);
    paths.map(|path| format!("{top}/{path}")).collect()
}

fn lasting(name: &str, from: &Assignments) -> Vec<String> {
    let tops = [("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log"), ("CacheDirectory", "/var/cache")];
    tops.iter().flat_map(|(key, top)| below(name, from, key, top)).collect()
}

fn below_run(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/run/{path}") }
}

/// Replaces `%n`, `%i` and the like (systemd.unit(5), "Specifiers"); one that a lab cannot need stays as it is.
pub fn specifiers(name: &str, text: &str) -> String {
    let stem = name.strip_suffix(".service").unwrap_or(name);
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push_str(name),
            Some('N') => out.push_str(stem),
            Some('p' | 'P') => out.push_str(prefix),
            Some('i') => out.push_str(instance),
            Some('I') => out.push_str(&instance.replace('-', "/")),
            Some('t') => out.push_str("/run"),
            Some('S') => out.push_str("/var/lib"),
            Some('C') => out.push_str("/var/cache"),
            Some('L') => out.push_str("/var/log"),
            Some('E') => out.push_str("/etc"),
            Some('T') => out.push_str("/tmp"),
            Some('u') => out.push_str("root"),
            Some('h') => out.push_str("/root"),
            Some('%') => out.push('%'),
            other => out.extend(std::iter::once('%').chain(other)),
        }
    }
    out
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "yes" | "y" | "true" | "t" | "on")
}

fn octal(value: Option<&str>, default: u32) -> Result<u32, String> {
    value.map_or(Ok(default), |text| u32::from_str_radix(text, 8).map_err(|_| format!("`{text}` is not a file mode")))
}

fn limit(from: &Assignments, key: &str, most: Duration) -> Result<Duration, String> {
    let value = from.last("Service", key).or_else(|| from.last("Service", "TimeoutSec"));
    let Some(value) = value else { return Ok(most) };
    let span = time_span(value).ok_or_else(|| format!("{key}={value} is not a time span"))?;
    // Zero is systemd's old way to say "for ever".
    Ok(if span.is_zero() { most } else { span.min(most) })
}

/// `5`, `1min 30s`, `500ms`, `infinity` (systemd.time(7)).
fn time_span(text: &str) -> Option<Duration> {
    if text == "infinity" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let seconds = match &rest[..letters] {
            "us" | "usec" => 1e-6,
            "ms" | "msec" => 1e-3,
            "" | "s" | "sec" | "second" | "seconds" => 1.0,
            "m" | "min" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hour" | "hours" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = rest[letters..].trim_start();
    }
    Some(total)
}

#[cfg(test)]
mod tests;
