//! Whether all files of an appliance are there, as long as they should be, and as the manifest has them.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{self, Line};
use super::{Algorithm, Appliance, Disk, Finding, Limits, Part, Reference, Refusal, Severity, astray, ended, shown};
use crate::wording::Phrase;

/// Largest capacity of a disk that is believed, in bytes; VirtualBox's own format ends at 2 TiB.
const CAPACITY: u64 = 64 << 40;

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A file with that many bytes.
    File(u64),
    /// Nothing.
    Missing,
    /// Something else: a link, a directory, a device.
    NoFile,
}

/// Where the files of an appliance are.
pub(super) trait Source {
    /// What stands under a name that does not lead astray.
    fn find(&mut self, name: &str) -> Result<Found, Refusal>;
    /// The digest of a file that was found.
    fn hash(&mut self, name: &str, algorithm: Algorithm) -> Result<String, Refusal>;
    /// All names, where that is known.
    fn names(&self) -> Vec<String>;
}

/// The files that describe the others.
#[derive(Debug)]
pub(super) struct Package {
    /// The descriptor's name.
    pub descriptor: String,
    /// The manifest's name and content.
    pub manifest: Option<(String, Vec<u8>)>,
    /// Whether the descriptor comes first.
    pub first: bool,
}

/// Looks at all files.
///
/// # Errors
/// [`Refusal`] when a name leads out of the appliance, there is more than `limits` say, or reading fails.
pub(super) fn examine(
    appliance: &Appliance,
    package: &Package,
    source: &mut dyn Source,
    limits: &Limits,
) -> Result<(Vec<Part>, Vec<Finding>), Refusal> {
    let mut shelf = Shelf { source, limits, sizes: BTreeMap::new(), findings: Vec::new(), reported: BTreeSet::new() };
    if !package.first {
        shelf.find(Severity::Warning, Phrase::new("appliance-descriptor-late"), "appliance-advice-first");
    }
    shelf.look(&package.descriptor)?;
    let mut known: BTreeSet<String> = BTreeSet::from([package.descriptor.clone()]);
    for reference in &appliance.references {
        known.extend(shelf.reference(reference)?);
    }
    for disk in &appliance.disks {
        shelf.disk(disk, &appliance.references);
    }
    let checked = match &package.manifest {
        None => {
            shelf.find(Severity::Note, Phrase::new("appliance-no-manifest"), "appliance-advice-manifest");
            BTreeMap::new()
        }
        Some((name, bytes)) => {
            known.insert(name.clone());
            shelf.manifest(bytes)?
        }
    };
    for name in shelf.source.names() {
        shelf.look(&name)?;
    }
    shelf.leftovers(package, &known, &checked);
    let parts = shelf.sizes.iter().filter_map(|(name, found)| match found {
        Found::File(size) => {
            Some(Part { name: name.clone(), size: *size, checked: checked.get(name).copied().flatten() })
        }
        Found::Missing | Found::NoFile => None,
    });
    Ok((parts.collect(), shelf.findings))
}

/// What the manifest says of each file: a digest and whether it fits, or one that is not understood.
type Checked = BTreeMap<String, Option<(Algorithm, bool)>>;

struct Shelf<'a> {
    source: &'a mut dyn Source,
    limits: &'a Limits,
    sizes: BTreeMap<String, Found>,
    findings: Vec<Finding>,
    /// Files whose absence was reported.
    reported: BTreeSet<String>,
}

impl Shelf<'_> {
    fn find(&mut self, severity: Severity, what: Phrase, advice: &str) {
        self.findings.push(Finding::new(severity, what).advise(Phrase::new(advice), Vec::new()));
    }

    /// What stands under a name; all that is looked at counts towards the total.
    fn look(&mut self, name: &str) -> Result<Found, Refusal> {
        if let Some(found) = self.sizes.get(name) {
            return Ok(*found);
        }
        if let Some(refusal) = astray(name) {
            return Err(refusal);
        }
        let found = self.source.find(name)?;
        self.sizes.insert(name.to_owned(), found);
        let sizes = self.sizes.values().map(|found| if let Found::File(size) = found { *size } else { 0 });
        match sizes.fold(0, u64::saturating_add) > self.limits.total {
            true => Err(Refusal::new("appliance-refused-total").with("gib", self.limits.total >> 30)),
            false => Ok(found),
        }
    }

    /// Reports what is not there, once.
    fn absent(&mut self, name: &str, found: Found) {
        if self.reported.insert(name.to_owned()) {
            let id = if found == Found::NoFile { "appliance-file-no-file" } else { "appliance-file-missing" };
            self.find(Severity::Error, Phrase::new(id).with("file", shown(name)), "appliance-advice-missing");
        }
    }

    /// A file that the descriptor refers to; its name, if it is one.
    fn reference(&mut self, reference: &Reference) -> Result<Option<String>, Refusal> {
        if reference.href.contains("://") {
            let what = Phrase::new("appliance-file-remote").with("href", shown(&reference.href));
            self.find(Severity::Error, what, "appliance-advice-remote");
            return Ok(None);
        }
        // `href` is a URI: ovftool writes a blank as `%20`, VirtualBox as a blank.
        let plain = percent(&reference.href);
        let mut name = reference.href.as_str();
        let mut found = self.look(name)?;
        if found == Found::Missing && plain != name {
            self.sizes.remove(name);
            name = &plain;
            found = self.look(name)?;
        }
        match (found, reference.size) {
            (Found::File(size), Some(stated)) if size != stated => {
                let what = Phrase::new("appliance-file-size").with("file", shown(name)).with("is", size);
                self.find(Severity::Error, what.with("stated", stated), "appliance-advice-damaged");
            }
            (Found::File(_), _) => {}
            (absent, _) => self.absent(name, absent),
        }
        Ok(Some(name.to_owned()))
    }

    fn disk(&mut self, disk: &Disk, references: &[Reference]) {
        let lost = disk.file.as_ref().filter(|file| !references.iter().any(|reference| reference.id == **file));
        if let Some(file) = lost {
            let what = Phrase::new("appliance-disk-nowhere").with("disk", shown(&disk.id)).with("file", shown(file));
            self.find(Severity::Error, what, "appliance-advice-damaged");
        }
        if disk.capacity.is_none_or(|bytes| bytes > CAPACITY) {
            let what = Phrase::new("appliance-disk-absurd").with("disk", shown(&disk.id));
            self.find(Severity::Error, what.with("capacity", shown(&disk.stated)), "appliance-advice-damaged");
        }
    }

    fn manifest(&mut self, bytes: &[u8]) -> Result<Checked, Refusal> {
        let mut checked = Checked::new();
        // The same file a thousand times in the manifest is read once all the same.
        let mut digests: BTreeMap<(String, Algorithm), String> = BTreeMap::new();
        let mut broken = None;
        for line in manifest::parse(bytes)? {
            match line {
                Line::Broken { at } => broken = broken.or(Some(at)),
                Line::Unknown { algorithm, name } => {
                    let what = Phrase::new("appliance-digest-unknown").with("file", shown(&name));
                    let what = what.with("algorithm", shown(&algorithm));
                    self.find(Severity::Warning, what, "appliance-advice-manifest");
                    checked.entry(name).or_insert(None);
                }
                Line::Digest { algorithm, name, hex } => {
                    let found = self.look(&name)?;
                    if !matches!(found, Found::File(_)) {
                        self.absent(&name, found);
                        continue;
                    }
                    let key = (name.clone(), algorithm);
                    if !digests.contains_key(&key) {
                        digests.insert(key.clone(), self.source.hash(&name, algorithm)?);
                    }
                    let fits = digests.get(&key) == Some(&hex);
                    let before = checked.insert(name.clone(), Some((algorithm, fits)));
                    if let Some(Some((_, false))) = before {
                        checked.insert(name, before.flatten());
                    } else if !fits {
                        let what = Phrase::new("appliance-digest-differs").with("file", shown(&name));
                        self.find(
                            Severity::Error,
                            what.with("algorithm", algorithm.name()),
                            "appliance-advice-damaged",
                        );
                    }
                }
            }
        }
        if let Some(at) = broken {
            self.find(
                Severity::Error,
                Phrase::new("appliance-manifest-broken").with("line", at),
                "appliance-advice-damaged",
            );
        }
        Ok(checked)
    }

    /// Files that the manifest does not vouch for, and files that nothing speaks of.
    fn leftovers(&mut self, package: &Package, known: &BTreeSet<String>, checked: &Checked) {
        for (name, found) in self.sizes.clone() {
            // A signature vouches for the manifest, not the other way round.
            let apart = ended(&name, "mf") || ended(&name, "cert");
            if apart || !matches!(found, Found::File(_)) {
                continue;
            }
            if package.manifest.is_some() && !checked.contains_key(&name) {
                let what = Phrase::new("appliance-digest-none").with("file", shown(&name));
                self.find(Severity::Warning, what, "appliance-advice-manifest");
            } else if !known.contains(&name) {
                let what = Phrase::new("appliance-file-extra").with("file", shown(&name));
                self.findings.push(Finding::new(Severity::Note, what));
            }
        }
    }
}

/// A URI's path without percent-encoding (RFC 3986 §2.1); what is no encoding stays.
pub(super) fn percent(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
