//! Exported virtual machines, read without a hypervisor: would this one survive the move to another physical machine?
//!
//! An appliance is an `.ovf` descriptor (DMTF DSP0243) with its disks beside it, or both in an `.ova`, a tar archive. Whatever
//! it holds, memory and time stay bounded, and nothing outside of it is looked at.

mod adapters;
mod archive;
mod disks;
mod files;
mod folder;
mod manifest;
mod ovf;
#[cfg(test)]
mod tests;
mod xml;

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::clean::one_line;
use crate::wording::{Lang, Phrase};

pub use archive::archive;
pub use disks::{Content, disks};
pub use folder::descriptor;
pub use manifest::Algorithm;

/// What an appliance may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Members of an archive, files and disks of a descriptor.
    pub members: usize,
    /// Bytes of a descriptor.
    pub descriptor: u64,
    /// Bytes of a manifest.
    pub manifest: u64,
    /// Bytes of all files together, announced or there.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { members: 256, descriptor: 4 << 20, manifest: 64 << 10, total: 64 << 30 }
    }
}

/// Why an appliance was not looked at to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub Phrase);

impl Refusal {
    fn new(id: &str) -> Self {
        Refusal(Phrase::new(id))
    }

    fn with(self, name: &str, value: impl ToString) -> Self {
        Refusal(self.0.with(name, shown(&value.to_string())))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.say(Lang::En))
    }
}

impl std::error::Error for Refusal {}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The appliance does not survive the move.
    Error,
    /// It may not, depending on the other machine.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Something that was found, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What it is.
    pub what: Phrase,
    /// What to do about it.
    pub advice: Vec<Advice>,
}

/// One thing to do, with the commands that do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What to do.
    pub say: Phrase,
    /// Command lines, if there are any.
    pub commands: Vec<String>,
}

impl Finding {
    fn new(severity: Severity, what: Phrase) -> Self {
        Finding { severity, what, advice: Vec::new() }
    }

    fn advise(mut self, say: Phrase, commands: Vec<String>) -> Self {
        self.advice.push(Advice { say, commands });
        self
    }
}

/// What a descriptor says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appliance {
    /// The virtual machines, at least one.
    pub systems: Vec<System>,
    /// Files that it refers to.
    pub references: Vec<Reference>,
    /// Virtual disks.
    pub disks: Vec<Disk>,
}

/// A virtual machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// Its name.
    pub name: String,
    /// Whether VirtualBox exported it, so that its settings are there in full.
    pub virtualbox: bool,
    /// Its network adapters.
    pub adapters: Vec<Adapter>,
}

/// A network adapter of a virtual machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its place, from 0; VBoxManage counts from 1.
    pub slot: u32,
    /// Whether the machine has it at all.
    pub enabled: bool,
    /// What it is attached to.
    pub attachment: Attachment,
    /// The MAC address as the descriptor spells it.
    pub mac: Option<String>,
    /// The emulated card.
    pub model: String,
    /// Whether its cable is plugged in.
    pub cable: bool,
}

impl Adapter {
    /// The number that VBoxManage and VirtualBox's windows give it.
    pub fn number(&self) -> u32 {
        self.slot + 1
    }
}

/// What a network adapter is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// VirtualBox's own NAT.
    Nat,
    /// A NAT network of the host, by name.
    NatNetwork(String),
    /// A host-only interface or network, by name if there is one.
    HostOnly(String),
    /// An internal network, by name if there is one.
    Internal(String),
    /// A physical NIC of the host, by name if there is one.
    Bridged(String),
    /// Nothing: the card is there, without a cable.
    Null,
    /// A driver of its own, by name.
    Generic(String),
    /// A network whose name means nothing to VirtualBox.
    Other(String),
}

impl Attachment {
    /// Its name in JSON, which is VBoxManage's where that has one.
    pub fn kind(&self) -> &'static str {
        match self {
            Attachment::Nat => "nat",
            Attachment::NatNetwork(_) => "natnetwork",
            Attachment::HostOnly(_) => "hostonly",
            Attachment::Internal(_) => "intnet",
            Attachment::Bridged(_) => "bridged",
            Attachment::Null => "null",
            Attachment::Generic(_) => "generic",
            Attachment::Other(_) => "other",
        }
    }

    /// The name of what it is attached to, if that has one.
    pub fn target(&self) -> Option<&str> {
        match self {
            Attachment::Nat | Attachment::Null => None,
            Attachment::NatNetwork(name)
            | Attachment::HostOnly(name)
            | Attachment::Internal(name)
            | Attachment::Bridged(name)
            | Attachment::Generic(name)
            | Attachment::Other(name) => Some(name.as_str()).filter(|name| !name.trim().is_empty()),
        }
    }
}

/// A file that a descriptor refers to (DSP0243 §7.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// What disks call it.
    pub id: String,
    /// Where it is, as the descriptor spells it.
    pub href: String,
    /// Its size in bytes, if it is stated.
    pub size: Option<u64>,
}

/// A virtual disk (DSP0243 §9.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its name in the descriptor.
    pub id: String,
    /// The reference that holds its content; an empty disk has none.
    pub file: Option<String>,
    /// Its capacity as the descriptor states it, with the unit.
    pub stated: String,
    /// The same in bytes, if that can be told; 0 when it is a property that is asked for at import.
    pub capacity: Option<u64>,
}

/// A file of the appliance that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The digest in the manifest, and whether it fits.
    pub checked: Option<(Algorithm, bool)>,
}

/// What was found out about an appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file that was given.
    pub file: String,
    /// What the descriptor says.
    pub appliance: Appliance,
    /// The files that are there.
    pub parts: Vec<Part>,
    /// What was found, the heaviest first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing speaks against moving it.
    pub fn fit(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// How many findings weigh that much.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Reads the appliance at `path`: an `.ova` archive, or an `.ovf` descriptor with its files beside it.
///
/// # Errors
/// [`Refusal`] when it cannot be read, or must not be.
pub fn open(path: &Path, limits: &Limits) -> Result<Report, Refusal> {
    let failed = |err: std::io::Error| Refusal::new("appliance-refused-unreadable").with("why", err);
    // A pipe would be waited for; and an archive is read in two passes.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Refusal::new("appliance-refused-no-file"));
    }
    let mut file = File::open(path).map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut start = Vec::new();
    Read::by_ref(&mut file).take(4).read_to_end(&mut start).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let text = start.starts_with(b"<") || start.starts_with(b"\xef\xbb\xbf") || ended(&name, "ovf");
    if text { descriptor(path, file, limits) } else { archive(&name, file, limits) }
}

/// Puts the pieces of a report together.
fn report(file: &str, appliance: Appliance, parts: Vec<Part>, mut findings: Vec<Finding>) -> Report {
    findings.extend(adapters::findings(&appliance));
    findings.sort_by_key(|finding| finding.severity);
    Report { file: file.to_owned(), appliance, parts, findings }
}

/// Text from an appliance, fit for one line of a message.
pub fn shown(text: &str) -> String {
    one_line(text, 100)
}

/// Whether a file's name has that extension, in any case.
fn ended(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(extension))
}

/// Why a name leads out of the appliance or is no name, if so. One that passes is relative, with plain components.
fn astray(name: &str) -> Option<Refusal> {
    const MOST: usize = 255;
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    let strange = name.len() > MOST || name.contains(['\\', '\0']) || drive;
    let odd = |part: &str| matches!(part, "" | "." | "..");
    (strange || name.split('/').any(odd)).then(|| Refusal::new("appliance-refused-name").with("name", name))
}
