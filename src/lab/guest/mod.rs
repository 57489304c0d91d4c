//! A virtual machine in an endpoint's place: its disk is read over the helper's own line, it is booted by QEMU inside the endpoint, logged
//! into over a console, and from then on an agent in it, the helper's program again, is what the lab speaks to.

mod boot;
mod console;
mod control;
mod disk;
mod enter;
mod login;
mod net;
mod signs;
mod socket;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::LabError;
use super::line::Line;
use super::live::Identity;
use crate::clean::clean;
use crate::disk::Disk;
use crate::wording::Phrase;
pub use boot::{Place, boot, move_in};
use console::Console;
pub use enter::OwnNetwork;

/// Image of an endpoint that a machine is booted in.
pub const IMAGE: &str = "machine";
/// Longest boot unless told otherwise: an emulated processor is slow, and a busy machine makes it slower.
pub const BOOT_LIMIT: Duration = Duration::from_secs(300);
/// Memory of a machine, in bytes.
pub const MEMORY: u64 = 512 << 20;
/// What QEMU needs beside the machine's memory: translated code, buffers, tables; and what the machine writes to its disk, 768 MiB at
/// most, which lies in memory where the endpoint's own files do.
pub const OVERHEAD: u64 = (512 + 768) << 20;
/// Threads of QEMU and of the helper.
pub const PROCESSES: u32 = 256;
/// Longest excerpt of a console in a finding, in characters.
const EXCERPT_MOST: usize = 600;

/// A password; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Rc<str>);

impl Password {
    /// The password of this text.
    pub fn new(text: &str) -> Self {
        Password(text.into())
    }

    /// The text, for whoever types it.
    fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Who logs in: root, or somebody with sudo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub user: String,
    /// The password, for a console, for SSH where there is no key, and for sudo.
    pub password: Option<Password>,
    /// The key, for SSH.
    pub key: Option<Identity>,
}

/// What a machine's disk and NICs are attached by: its kernel must know it, and have it at hand when it boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// Virtio disks and NICs, as QEMU's own machines have them.
    Virtio,
    /// SATA and Intel's NICs, as other hypervisors have them.
    Sata,
    /// IDE and Intel's NICs, as old machines have them.
    Ide,
}

impl Bus {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Bus::Virtio => "virtio",
            Bus::Sata => "sata",
            Bus::Ide => "ide",
        }
    }

    /// That of the machines that a disk comes from.
    pub fn of(disk: &Disk) -> Self {
        if disk.foreign { Bus::Sata } else { Bus::Virtio }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        [Bus::Virtio, Bus::Sata, Bus::Ide].into_iter().find(|bus| bus.name() == name)
    }
}

/// A machine that can be booted.
#[derive(Debug, Clone)]
pub struct Medium {
    /// Its disk.
    pub disk: Disk,
    /// Who logs in; nobody where the disk's cloud-init is to start the agent.
    pub login: Option<Login>,
    /// What it is attached by.
    pub bus: Bus,
    /// The network that it believes to be in while it boots.
    pub network: OwnNetwork,
    /// Longest boot, up to its login prompt.
    pub limit: Duration,
    /// Memory in bytes.
    pub memory: u64,
}

/// Name of the digest of a disk's file before anything is done.
const BEFORE: &str = "digest";
/// Name of the same at the end.
const AFTER: &str = "digest-after";

impl Medium {
    /// What reports say of it before it is used.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub async fn facts(&self) -> Result<BTreeMap<String, String>, LabError> {
        Ok(BTreeMap::from([
            ("format".to_owned(), self.disk.format.name().to_owned()),
            ("capacity".to_owned(), format!("{} MiB", self.disk.capacity >> 20)),
            (BEFORE.to_owned(), self.digest().await?),
        ]))
    }

    /// Adds what its file is at the end: the same, since nobody can write it from here.
    pub async fn look_again(&self, facts: &mut BTreeMap<String, String>) {
        // Where it cannot be read any more, that is what is to be told.
        let after = self.digest().await.unwrap_or_else(|err| err.chain());
        facts.insert(AFTER.to_owned(), after);
    }

    async fn digest(&self) -> Result<String, LabError> {
        let disk = self.disk.clone();
        let digest = tokio::task::spawn_blocking(move || disk.digest()).await.map_err(std::io::Error::other);
        let own = |source| LabError::Own { what: format!("cannot read {}", self.disk.named), source };
        digest.and_then(|digest| digest).map(|digest| digest.to_string()).map_err(own)
    }
}

/// A machine that was booted.
pub struct Guest {
    line: Line,
    consoles: Vec<Console>,
    booted: Duration,
    placed: net::Placed,
    // Their ends are the machine's.
    control: control::Control,
    _serving: disk::Serving,
    _carriers: socket::Carriers,
}

impl Guest {
    /// The conversation with the agent in it.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// How long it took until somebody could log in.
    pub fn booted(&self) -> Duration {
        self.booted
    }

    /// The units that failed at its boot; none where there is no systemd.
    ///
    /// # Errors
    /// A machine that does not answer any more.
    pub async fn failed_units(&self) -> Result<Vec<String>, LabError> {
        login::failed_units(&self.line).await
    }

    /// What is to be told of its boot.
    ///
    /// # Errors
    /// A machine that does not answer any more.
    pub async fn findings(&self, endpoint: &str) -> Result<Vec<Phrase>, LabError> {
        let finding = |id: &str| Phrase::new(id).with("endpoint", endpoint);
        let mut findings = vec![
            finding("finding-guest-booted")
                .with("seconds", self.booted.as_secs())
                .with("nics", self.placed.names.join(", ")),
        ];
        let failed = self.failed_units().await?;
        if !failed.is_empty() {
            findings.push(finding("finding-guest-failed").with("units", failed.join(", ")));
        }
        if !self.placed.stopped.is_empty() {
            findings.push(finding("finding-guest-stopped").with("services", self.placed.stopped.join(", ")));
        }
        Ok(findings)
    }

    /// What its consoles said last, cleaned.
    pub fn said(&self) -> String {
        self.consoles.iter().map(|console| clean(&console.since(0))).max_by_key(String::len).unwrap_or_default()
    }
}
