//! Who owns an object on the engine: which harness process, on which machine, since which start.

use std::fs;

/// A harness process, told apart from every other one that ever was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The machine (machine-id(5)).
    pub machine: String,
    /// Its last start (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// Process id.
    pub pid: u32,
    /// When the process started, in clock ticks since the boot (proc(5), field 22 of `stat`); pids are used again.
    pub started: u64,
}

impl Owner {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Owner { machine: machine_id(), boot: boot_id(), pid, started: started(pid).unwrap_or(0) }
    }

    /// As a label's value.
    pub fn label(&self) -> String {
        format!("{}/{}/{}/{}", self.machine, self.boot, self.pid, self.started)
    }

    /// From a label's value.
    pub fn parse(label: &str) -> Option<Self> {
        let mut parts = label.split('/');
        let owner = Owner {
            machine: parts.next()?.to_owned(),
            boot: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(owner)
    }

    /// Whether the process still runs; `None` when it belongs to another machine, where it cannot be seen.
    pub fn is_alive(&self) -> Option<bool> {
        let alive = || self.boot == boot_id() && started(self.pid) == Some(self.started);
        (self.machine == machine_id()).then(alive)
    }
}

fn machine_id() -> String {
    fs::read_to_string("/etc/machine-id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name, in parentheses, may itself hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    // A zombie has ended; whoever is to reap it may be slow, or not do it at all, as many a container's first process.
    let ended = matches!(fields.next()?, "Z" | "X");
    fields.nth(18)?.parse().ok().filter(|_| !ended)
}

/// The machine's one-minute load, divided by its processors.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
    load / processors() as f64
}

/// What a report says of this machine, as name and value.
pub fn describe() -> Vec<(String, String)> {
    let line = |path: &str| fs::read_to_string(path).ok().and_then(|text| Some(text.lines().next()?.trim().to_owned()));
    let memory = line("/proc/meminfo").and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release.lines().find_map(|line| Some(line.strip_prefix("PRETTY_NAME=")?.trim_matches('"').to_owned()));
    let facts = [
        ("kernel", line("/proc/sys/kernel/osrelease")),
        ("system", system),
        ("architecture", Some(std::env::consts::ARCH.to_owned())),
        ("processors", Some(processors().to_string())),
        ("memory", memory.map(|kib| format!("{:.1} GiB", kib / f64::from(1 << 20)))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Processors this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_another_start_of_its_pid_is_not() {
        let this = Owner::this();
        assert_eq!(Owner::parse(&this.label()), Some(this.clone()));
        assert_eq!(this.is_alive(), Some(true));
        assert_eq!(Owner { started: this.started + 1, ..this.clone() }.is_alive(), Some(false));
        assert_eq!(Owner { boot: "another".into(), ..this.clone() }.is_alive(), Some(false));
        assert_eq!(Owner { machine: "another".into(), ..this }.is_alive(), None);
        assert_eq!(Owner::parse("rubbish"), None);
    }

    #[test]
    fn a_process_that_has_ended_is_not_alive_though_nobody_reaps_it() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let owner = Owner { pid: child.id(), started: started(child.id()).unwrap(), ..Owner::this() };
        assert_eq!(owner.is_alive(), Some(true));
        child.kill().unwrap();
        while owner.is_alive() == Some(true) {
            std::thread::yield_now();
        }
        assert!(fs::exists(format!("/proc/{}/stat", owner.pid)).unwrap());
        child.wait().unwrap();
    }
}
