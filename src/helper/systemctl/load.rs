//! Unit files on disk: where they are, what else they are called, their drop-ins, and which are enabled.

use super::unit::{Assignments, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The administrator's directory; links in it enable units and give them further names.
pub const ADMIN: &str = "/etc/systemd/system";

/// Where units are looked for, the first that has one wins.
const PLACES: [&str; 5] =
    [ADMIN, "/run/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];

/// A unit and the files that it was read from.
#[derive(Debug)]
pub struct Loaded {
    /// What the files say.
    pub unit: Unit,
    /// The unit's own file.
    pub path: PathBuf,
    /// Its drop-ins, in the order of their names.
    pub drop_ins: Vec<PathBuf>,
}

/// Why there is no unit.
#[derive(Debug, PartialEq, Eq)]
pub enum LoadError {
    /// No file of that name.
    NotFound,
    /// A link to /dev/null.
    Masked,
    /// The text is not a unit that can run; the reason.
    Bad(String),
}

/// `ssh` as people type it, with its suffix.
#[must_use]
pub fn full_name(typed: &str) -> String {
    let known = [".service", ".socket", ".target", ".timer", ".mount", ".path", ".slice", ".device", ".scope"];
    if known.iter().any(|suffix| typed.ends_with(suffix)) { typed.to_owned() } else { format!("{typed}.service") }
}

/// Finds and reads a unit by any of its names, with its suffix.
pub fn load(name: &str) -> Result<Loaded, LoadError> {
    let (name, path) = find(name)?;
    let drop_ins = drop_ins(&name);
    let mut assignments = Assignments::default();
    for file in std::iter::once(&path).chain(&drop_ins) {
        let text = fs::read(file).map_err(|why| LoadError::Bad(format!("{}: {why}", file.display())))?;
        assignments.add(&String::from_utf8_lossy(&text));
    }
    let unit = Unit::read(&name, &assignments).map_err(|why| LoadError::Bad(format!("{}: {why}", path.display())))?;
    Ok(Loaded { unit, path, drop_ins })
}

/// The name that the unit is kept under, and its file.
fn find(name: &str) -> Result<(String, PathBuf), LoadError> {
    if !is_service(name) {
        return Err(LoadError::NotFound);
    }
    for place in PLACES {
        let path = Path::new(place).join(name);
        if path.symlink_metadata().is_ok() {
            return follow(name, path);
        }
    }
    if let Some(template) = template(name) {
        let file = PLACES.iter().map(|place| Path::new(place).join(&template)).find(|path| path.is_file());
        return file.map(|path| (name.to_owned(), path)).ok_or(LoadError::NotFound);
    }
    // An alias that nobody has enabled: a freshly built image may lack the link.
    let declared = known().into_iter().find_map(|(stem, path)| {
        let mut assignments = Assignments::default();
        assignments.add(&String::from_utf8_lossy(&fs::read(&path).ok()?));
        let unit = Unit::read(&stem, &assignments).ok()?;
        unit.aliases.iter().any(|alias| alias == name).then_some((stem, path))
    });
    declared.ok_or(LoadError::NotFound)
}

fn is_service(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    name.ends_with(".service") && name.len() < 200 && !name.starts_with('.') && name.chars().all(sign)
}

/// A link to a unit of another name is an alias; one to a file elsewhere is that file under this name.
fn follow(name: &str, path: PathBuf) -> Result<(String, PathBuf), LoadError> {
    let real = fs::canonicalize(&path).map_err(|_| LoadError::NotFound)?;
    if real == Path::new("/dev/null") {
        return Err(LoadError::Masked);
    }
    let real_name = real.file_name().and_then(|file| file.to_str()).unwrap_or(name);
    // `openvpn@x.service` links to `openvpn@.service`: still this instance.
    let alias = path.is_symlink() && real_name != name && template(name).as_deref() != Some(real_name);
    if alias && is_service(real_name) {
        // By the way that its own name takes: `canonicalize` has replaced /lib as well.
        let own = PLACES.iter().map(|place| Path::new(place).join(real_name)).find(|path| path.is_file());
        return Ok((real_name.to_owned(), own.unwrap_or(real)));
    }
    Ok((name.to_owned(), if path.is_symlink() { real } else { path }))
}

fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    (rest != ".service").then(|| format!("{prefix}@.service"))
}

/// All names of a unit: its own and those of the links to it.
#[must_use]
pub fn names(own: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([own.to_owned()]);
    for entry in PLACES.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten() {
        let leads_here = entry.path().is_symlink()
            && fs::canonicalize(entry.path()).is_ok_and(|real| real.file_name().is_some_and(|file| file == own));
        let name = entry.file_name().to_string_lossy().into_owned();
        if leads_here && is_service(&name) {
            found.insert(name);
        }
    }
    found
}

/// `NAME.service.d/*.conf` of each name; of two files of one name the one in the better place counts.
fn drop_ins(own: &str) -> Vec<PathBuf> {
    let mut directories: BTreeSet<String> = names(own);
    directories.extend(template(own));
    let mut found = BTreeMap::new();
    for place in PLACES {
        for directory in &directories {
            let Ok(entries) = fs::read_dir(Path::new(place).join(format!("{directory}.d"))) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|suffix| suffix == "conf") && path.is_file() {
                    found.entry(path.file_name().map(ToOwned::to_owned)).or_insert(path);
                }
            }
        }
    }
    found.into_values().collect()
}

/// Each service unit's file by its name, links left out.
#[must_use]
pub fn known() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for entry in PLACES.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_service(&name) && !entry.path().is_symlink() && entry.path().is_file() {
            found.entry(name).or_insert_with(|| entry.path());
        }
    }
    found
}

/// `enabled`, `disabled` or `static`; `alias` for a name that is a link to another unit.
#[must_use]
pub fn enablement(typed: &str, loaded: &Loaded) -> &'static str {
    if typed != loaded.unit.name && Path::new(ADMIN).join(typed).is_symlink() {
        return "alias";
    }
    if loaded.unit.wanted_by.is_empty() && loaded.unit.aliases.is_empty() {
        return "static";
    }
    if links(loaded).iter().any(|link| link.is_symlink()) { "enabled" } else { "disabled" }
}

fn links(loaded: &Loaded) -> Vec<PathBuf> {
    let aliases = loaded.unit.aliases.iter().map(|alias| Path::new(ADMIN).join(alias));
    let wants = loaded.unit.wanted_by.iter();
    aliases.chain(wants.map(|by| Path::new(ADMIN).join(format!("{by}.wants")).join(&loaded.unit.name))).collect()
}

/// Makes the links that `[Install]` asks for; returns those that were not there.
pub fn enable(loaded: &Loaded) -> io::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for link in links(loaded).into_iter().filter(|link| link.symlink_metadata().is_err()) {
        if let Some(directory) = link.parent() {
            fs::create_dir_all(directory)?;
        }
        symlink(&loaded.path, &link)?;
        made.push(link);
    }
    Ok(made)
}

/// Removes those links; returns the ones that were there.
pub fn disable(loaded: &Loaded) -> io::Result<Vec<PathBuf>> {
    let there: Vec<PathBuf> = links(loaded).into_iter().filter(|link| link.is_symlink()).collect();
    there.iter().try_for_each(fs::remove_file)?;
    Ok(there)
}
