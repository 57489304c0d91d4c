//! An `.ova`: first all members are listed, contents passed over; then those are read that the manifest has digests of.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::disks::{self, Content};
use super::files::{Found, Package, Source};
use super::{Algorithm, Limits, Refusal, Report, astray, ended, files, ovf, report};
use crate::image::stream::{Entries, Entry, Kind, StreamError};

/// A file in the archive: where its content begins, and how long it is.
#[derive(Debug, Clone, Copy)]
struct Member {
    at: u64,
    size: u64,
}

#[derive(Debug)]
struct Archive<R> {
    from: R,
    members: BTreeMap<String, Member>,
}

/// What the first pass keeps.
#[derive(Debug, Default)]
struct Listing {
    members: BTreeMap<String, Member>,
    total: u64,
    /// Name, content, and whether it comes first, as the standard wants it.
    descriptor: Option<(String, Vec<u8>, bool)>,
    manifests: BTreeMap<String, Vec<u8>>,
}

/// Reads an appliance in one file.
///
/// # Errors
/// [`Refusal`] when it is no archive of an appliance, is cut off, or holds what no export writes.
pub fn archive<R: Read + Seek>(file: &str, mut from: R, limits: &Limits) -> Result<Report, Refusal> {
    let length = from.seek(SeekFrom::End(0)).map_err(|err| unreadable(&err))?;
    from.seek(SeekFrom::Start(0)).map_err(|err| unreadable(&err))?;
    no_other_format(&mut from)?;
    let Listing { members, descriptor, mut manifests, .. } = list(&mut from, length, limits)?;
    let (descriptor, bytes, first) = descriptor.ok_or_else(|| Refusal::new("appliance-refused-no-descriptor"))?;
    let appliance = ovf::read(&bytes, limits)?;
    // The manifest has the descriptor's name; one of another name is better than none.
    let own = format!("{}.mf", &descriptor[..descriptor.len() - ".ovf".len()]);
    let manifest = manifests.remove_entry(&own).or_else(|| manifests.into_iter().next());
    let package = Package { descriptor, manifest, first };
    let (parts, findings) = files::examine(&appliance, &package, &mut Archive { from, members }, limits)?;
    Ok(report(file, appliance, parts, findings))
}

/// The disks of an appliance in one file: stretches of it.
///
/// # Errors
/// As [`archive`], or a disk that is not in it.
pub(super) fn disks(mut file: File, limits: &Limits) -> Result<Vec<Content>, Refusal> {
    let length = file.seek(SeekFrom::End(0)).map_err(|err| unreadable(&err))?;
    file.seek(SeekFrom::Start(0)).map_err(|err| unreadable(&err))?;
    no_other_format(&mut file)?;
    let Listing { members, descriptor, .. } = list(&mut file, length, limits)?;
    let (_, bytes, _) = descriptor.ok_or_else(|| Refusal::new("appliance-refused-no-descriptor"))?;
    let mut found = Vec::new();
    for names in disks::names(&ovf::read(&bytes, limits)?)? {
        let member = names.iter().find_map(|name| Some((name, members.get(name)?)));
        let (name, member) = member.ok_or_else(|| Refusal::new("disk-refused-missing").with("name", &names[0]))?;
        let file = file.try_clone().map_err(|err| unreadable(&err))?;
        found.push(Content { name: name.clone(), file, at: member.at, size: member.size });
    }
    Ok(found)
}

fn no_other_format(from: &mut (impl Read + Seek)) -> Result<(), Refusal> {
    const KNOWN: [(&[u8], &str); 5] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "ZIP"),
        (b"7z\xbc\xaf", "7-Zip"),
        (b"\xfd7zX", "xz"),
        (b"KDMV", "VMDK"),
    ];
    let mut start = Vec::new();
    from.take(4).read_to_end(&mut start).map_err(|err| unreadable(&err))?;
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(Refusal::new("appliance-refused-format").with("format", name));
    }
    from.seek(SeekFrom::Start(0)).map(drop).map_err(|err| unreadable(&err))
}

fn list<R: Read + Seek>(from: &mut R, length: u64, limits: &Limits) -> Result<Listing, Refusal> {
    let mut entries = Entries::new(from);
    let mut listing = Listing::default();
    while let Some(entry) = entries.next_entry().map_err(|err| damaged(&err))? {
        let (name, size) = listing.admit(&entry, entries.position(), limits)?;
        let most = match () {
            () if ended(&name, "ovf") => Some(limits.descriptor),
            () if ended(&name, "mf") => Some(limits.manifest),
            () => None,
        };
        if let Some(most) = most {
            if size > most {
                return Err(Refusal::new("appliance-refused-large").with("name", name).with("most", most >> 10));
            }
            let mut bytes = Vec::new();
            entries.content().read_to_end(&mut bytes).map_err(|_| cut_off(length))?;
            listing.keep(name, bytes)?;
        }
        entries.seek_past_content().map_err(|err| unreadable(&err))?;
        if entries.position() > length {
            return Err(cut_off(length));
        }
    }
    Ok(listing)
}

impl Listing {
    /// Whether the entry may be a member; its name and size.
    fn admit(&mut self, entry: &Entry, at: u64, limits: &Limits) -> Result<(String, u64), Refusal> {
        let Kind::File { size } = entry.kind else {
            return Err(Refusal::new("appliance-refused-kind").with("name", entry.name()));
        };
        let name = str::from_utf8(&entry.path);
        let name = name.map_err(|_| Refusal::new("appliance-refused-name").with("name", entry.name()))?;
        let name = name.strip_prefix("./").unwrap_or(name).to_owned();
        if let Some(refusal) = astray(&name) {
            return Err(refusal);
        }
        self.total = self.total.saturating_add(size);
        if self.total > limits.total {
            return Err(Refusal::new("appliance-refused-total").with("gib", limits.total >> 30));
        }
        if self.members.insert(name.clone(), Member { at, size }).is_some() {
            return Err(Refusal::new("appliance-refused-twice").with("name", name));
        }
        if self.members.len() > limits.members {
            return Err(Refusal::new("appliance-refused-many").with("most", limits.members));
        }
        Ok((name, size))
    }

    /// Keeps a descriptor or a manifest.
    fn keep(&mut self, name: String, bytes: Vec<u8>) -> Result<(), Refusal> {
        if !ended(&name, "ovf") {
            self.manifests.insert(name, bytes);
            return Ok(());
        }
        let first = self.members.len() == 1;
        match self.descriptor.replace((name, bytes, first)) {
            None => Ok(()),
            Some((other, ..)) => Err(Refusal::new("appliance-refused-descriptors").with("name", other)),
        }
    }
}

impl<R: Read + Seek> Source for Archive<R> {
    fn find(&mut self, name: &str) -> Result<Found, Refusal> {
        Ok(self.members.get(name).map_or(Found::Missing, |member| Found::File(member.size)))
    }

    fn hash(&mut self, name: &str, algorithm: Algorithm) -> Result<String, Refusal> {
        let Member { at, size } = self.members.get(name).copied().unwrap_or(Member { at: 0, size: 0 });
        self.from.seek(SeekFrom::Start(at)).map_err(|err| unreadable(&err))?;
        let (hex, count) = algorithm.of((&mut self.from).take(size)).map_err(|err| unreadable(&err))?;
        if count == size { Ok(hex) } else { Err(cut_off(at + count)) }
    }

    fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }
}

fn unreadable(err: &io::Error) -> Refusal {
    Refusal::new("appliance-refused-unreadable").with("why", err)
}

fn cut_off(at: u64) -> Refusal {
    Refusal::new("appliance-refused-cut-off").with("at", at)
}

fn damaged(err: &StreamError) -> Refusal {
    match err {
        StreamError::Truncated { at } => cut_off(*at),
        StreamError::Read(err) => unreadable(err),
        StreamError::Header { at: 0, .. } => Refusal::new("appliance-refused-no-tar"),
        StreamError::Header { at, .. } | StreamError::Extension { at, .. } => {
            Refusal::new("appliance-refused-damaged").with("at", at)
        }
        StreamError::Sparse { entry } | StreamError::Kind { entry, .. } => {
            Refusal::new("appliance-refused-kind").with("name", entry)
        }
    }
}
