//! The registry of virtual machines: a file each, read and written whole, one caller at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Most bytes of a machine's file, and of any other that is read here.
const FILE_MOST: u64 = 64 * 1024;
/// Most machines.
const MACHINES_MOST: usize = 256;
const BLINK: Duration = Duration::from_millis(10);

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Places {
    /// The machines' files, `NAME.conf`.
    pub registry: PathBuf,
    /// What runs, in a directory for each machine.
    pub run: PathBuf,
    /// `interface=name` of the adapters that a machine may be bridged to.
    pub adapters: PathBuf,
    /// Shell variables: `BRIDGE`, `ADDRESS`.
    pub defaults: PathBuf,
    /// The kernel's interfaces.
    pub net: PathBuf,
}

impl Places {
    /// In an endpoint.
    #[must_use]
    pub fn real() -> Self {
        Self {
            registry: "/etc/saiten/vm".into(),
            run: "/run/vm".into(),
            adapters: "/etc/saiten/hostifs".into(),
            defaults: "/etc/default/vm".into(),
            net: "/sys/class/net".into(),
        }
    }

    /// The socket on which the machine's hypervisor takes orders while it runs.
    #[must_use]
    pub fn socket(&self, machine: &Machine) -> PathBuf {
        self.run.join(&machine.stem).join("qmp.sock")
    }
}

/// A text file of bounded size.
///
/// # Errors
/// When it cannot be read, is too large, or is no text.
pub fn read_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_MOST + 1).read_to_end(&mut bytes));
    read.map_err(|why| format!("{}: {why}", path.display()))?;
    if bytes.len() as u64 > FILE_MOST {
        return Err(format!("{} is larger than {FILE_MOST} bytes", path.display()));
    }
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))
}

/// A virtual machine's settings: lines `name=value`, of which the last for a name counts. Others are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// What its file, its service and its directory in `/run/vm` are called.
    pub stem: String,
    lines: Vec<String>,
}

impl Machine {
    /// From a file's text.
    #[must_use]
    pub fn from_text(stem: &str, text: &str) -> Self {
        let lines = text.strip_suffix('\n').unwrap_or(text).split('\n').map(str::to_owned).collect();
        Self { stem: stem.to_owned(), lines: if text.is_empty() { Vec::new() } else { lines } }
    }

    /// As it is to be written.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn read(places: &Places, stem: &str) -> Result<Self, String> {
        Ok(Self::from_text(stem, &read_text(&Self::path(places, stem))?))
    }

    /// Its file.
    #[must_use]
    pub fn path(places: &Places, stem: &str) -> PathBuf {
        places.registry.join(format!("{stem}.conf"))
    }

    fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        line.strip_prefix(name).and_then(|rest| rest.strip_prefix('='))
    }

    /// A setting.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().rev().find_map(|line| Self::value_of(line, name))
    }

    /// Sets a setting, where it stands.
    ///
    /// # Errors
    /// When the value does not fit into a line.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.contains(['\n', '\0']) {
            return Err(format!("A line break cannot be part of {name}"));
        }
        let line = format!("{name}={value}");
        match self.lines.iter_mut().rev().find(|line| Self::value_of(line, name).is_some()) {
            Some(own) => *own = line,
            None => self.lines.push(line),
        }
        Ok(())
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("name").unwrap_or(&self.stem)
    }

    /// Its identity, in small letters.
    #[must_use]
    pub fn uuid(&self) -> String {
        self.get("UUID").unwrap_or("00000000-0000-0000-0000-000000000000").to_ascii_lowercase()
    }

    /// Replaces its file; who reads meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, places: &Places) -> Result<(), String> {
        let path = Self::path(places, &self.stem);
        let text = self.text();
        if text.len() as u64 > FILE_MOST {
            return Err(format!("{} would be larger than {FILE_MOST} bytes", path.display()));
        }
        let new = places.registry.join(format!(".{}.new", self.stem));
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o644).open(&new)?;
            if let Ok(old) = fs::metadata(&path) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(|why| {
            let _ = fs::remove_file(&new);
            format!("{}: {why}", path.display())
        })
    }
}

/// All machines, by file name, and what is wrong with those that cannot be read.
#[must_use]
pub fn all(places: &Places) -> (Vec<Machine>, Vec<String>) {
    let mut stems: Vec<String> = fs::read_dir(&places.registry)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".conf")?.to_owned()))
        .filter(|stem| !stem.starts_with('.'))
        .take(MACHINES_MOST)
        .collect();
    stems.sort_unstable();
    let (mut machines, mut wrong) = (Vec::new(), Vec::new());
    for stem in stems {
        match Machine::read(places, &stem) {
            Ok(machine) => machines.push(machine),
            Err(why) => wrong.push(why),
        }
    }
    (machines, wrong)
}

/// Whether that is an identity and no name; if so, without braces.
#[must_use]
pub fn as_uuid(word: &str) -> Option<String> {
    let inner = word.strip_prefix('{').and_then(|word| word.strip_suffix('}')).unwrap_or(word);
    let groups: Vec<&str> = inner.split('-').collect();
    let fine = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|digit| digit.is_ascii_hexdigit()));
    fine.then(|| inner.to_ascii_lowercase())
}

/// A machine that only this caller changes.
#[derive(Debug)]
pub struct Held {
    /// As it is now.
    pub machine: Machine,
    _lock: File,
}

/// Waits for the right to change a machine, and reads it anew.
///
/// # Errors
/// None inside: somebody else has it for longer than that. Else what is wrong.
pub fn hold(places: &Places, stem: &str, patience: Duration) -> Result<Held, Option<String>> {
    let path = places.run.join(format!("{stem}.lock"));
    let say = |why: io::Error| Some(format!("{}: {why}", path.display()));
    fs::DirBuilder::new().recursive(true).mode(0o755).create(&places.run).map_err(say)?;
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let lock = open.map_err(say)?;
    let end = Instant::now() + patience;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(fs::TryLockError::Error(why)) => return Err(say(why)),
            Err(fs::TryLockError::WouldBlock) if Instant::now() >= end => return Err(None),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(BLINK),
        }
    }
    Ok(Held { machine: Machine::read(places, stem).map_err(Some)?, _lock: lock })
}
