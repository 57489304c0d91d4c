//! Who handed in: one entry for each student, in a directory or in the archive of a class, and the roster's students beside.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::bytes::Bytes;
use super::matching::{Match, Matcher};
use super::member::{Kind, Member, Place, decoded, is_junk};
use super::tree::{Most, Tree, is_archive, stem};
use super::{Entry, Handing, Intake, Limits, Trouble, folder, key, listed, moodle, refused, shown, unreadable};
use crate::clean::one_line;
use crate::grade::roster::{Roster, Row};
use crate::marks::Student;
use crate::wording::Phrase;

/// A part of an entry.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// A directory on disk; what is in it counts as being in `under`.
    Directory { root: Arc<OwnedFd>, name: OsString, under: String },
    /// Things, and names that lead elsewhere.
    Members(Vec<Member>, Vec<String>),
    /// An archive.
    Archive(Member),
}

/// An entry that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Its name.
    pub raw: String,
    /// Its name without an ending, or the full name that a platform put into it.
    pub title: String,
    /// The number that a platform put into it.
    pub number: Option<String>,
    pub pieces: Result<Vec<Piece>, Trouble>,
}

/// A thing on the first level.
#[derive(Debug)]
enum Top {
    Directory(Piece),
    Thing(Member),
}

/// Finds who handed in what in `submissions`, a directory or an archive (`.zip`, `.tar`, `.tar.gz`, `.tgz`).
///
/// # Errors
/// Why that cannot be read at all. What is wrong with one entry is told by [`super::parts`].
pub fn open(submissions: &Path, roster: Option<&Roster>, limits: &Limits) -> Result<Intake, Phrase> {
    let matcher = roster.map(Matcher::new);
    let tops = first_level(submissions, matcher.as_ref(), limits).map_err(|trouble| trouble.phrase().clone())?;
    let (found, ignored) = entries(tops);
    let mut remarks = Vec::new();
    if !ignored.is_empty() {
        remarks.push(Phrase::new("intake-no-student").with("names", listed(&ignored)));
    }
    let handings = attach(found, roster, matcher.as_ref(), &mut remarks);
    Ok(Intake { handings, remarks })
}

/// What one student handed in: `submission` is that student's own directory or archive.
///
/// # Errors
/// Why that cannot be read at all.
pub fn single(submission: &Path) -> Result<Intake, Phrase> {
    let failed = |err| unreadable(&err, &submission.display().to_string()).phrase().clone();
    let path = fs::canonicalize(submission).map_err(failed)?;
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(refused("intake-refused-no-archive", &path.display().to_string()).phrase().clone());
    };
    let root = Arc::new(OwnedFd::from(File::open(above).map_err(failed)?));
    let metadata = fs::metadata(&path).map_err(failed)?;
    let (raw, name) = (decoded(name.as_bytes()), name.to_owned());
    let title = if metadata.is_file() { stem(&raw).to_owned() } else { raw.clone() };
    let piece = match metadata.is_dir() {
        true => Piece::Directory { root, name, under: String::new() },
        false => {
            let place = Place::Disk { root, path: vec![name] };
            Piece::Archive(Member { path: raw.clone(), kind: Kind::File, size: metadata.len(), place })
        }
    };
    let found = Found { raw, title, number: None, pieces: Ok(vec![piece]) };
    let handings = attach(vec![found], None, None, &mut Vec::new());
    Ok(Intake { handings, remarks: Vec::new() })
}

fn first_level(path: &Path, matcher: Option<&Matcher>, limits: &Limits) -> Result<BTreeMap<String, Vec<Top>>, Trouble> {
    let name = path.file_name().map_or_else(|| ".".to_owned(), |name| decoded(name.as_bytes()));
    let failed = |err| match unreadable(&err, &path.display().to_string()) {
        Trouble::Refused(phrase) | Trouble::Person(phrase) => Trouble::Person(phrase),
    };
    // Opening a pipe would wait for its other end.
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(refused("intake-refused-no-archive", &name));
    }
    let file = File::open(path).map_err(failed)?;
    if metadata.is_file() {
        let bytes = Bytes::of_file(file, metadata.len());
        let tree = Tree::of_archive(&bytes, &name, Most::of_class(limits), limits)?;
        return Ok(unwrapped(tree, &name, matcher));
    }
    let root = Arc::new(OwnedFd::from(file));
    let mut tops: BTreeMap<String, Vec<Top>> = BTreeMap::new();
    for (name, kind, size) in folder::children(&root, &name, limits.class_members)? {
        let text = decoded(name.as_bytes());
        let root = Arc::clone(&root);
        let top = match kind {
            Kind::Directory => Top::Directory(Piece::Directory { root, name, under: String::new() }),
            kind => {
                Top::Thing(Member { path: text.clone(), kind, size, place: Place::Disk { root, path: vec![name] } })
            }
        };
        tops.entry(text).or_default().push(top);
    }
    Ok(tops)
}

/// The first level of an archive, or the second where the first is only the directory that was packed.
fn unwrapped(tree: Tree, archive: &str, matcher: Option<&Matcher>) -> BTreeMap<String, Vec<Top>> {
    let tops = level(tree);
    let names: Vec<&String> = tops.keys().filter(|name| !is_junk(name)).collect();
    let [only] = names.as_slice() else { return tops };
    let known = |name: &str| {
        let found = Found { raw: name.to_owned(), title: stem(name).to_owned(), number: None, pieces: Ok(Vec::new()) };
        moodle::parse(name).is_some() || matcher.is_some_and(|matcher| matcher.find(&found) != Match::Nobody)
    };
    let Some([Top::Directory(Piece::Members(members, astray))]) = tops.get(*only).map(Vec::as_slice) else {
        return tops;
    };
    let below = level(Tree { members: members.clone(), astray: inside(only, astray) });
    let same = only.as_str() == stem(archive);
    let entry = |(name, tops): (&String, &Vec<Top>)| match tops.first() {
        Some(Top::Directory(_)) => known(name) || same,
        _ => known(name) || (same && is_archive(name)),
    };
    match !known(only) && below.iter().any(entry) {
        true => below,
        false => tops,
    }
}

/// Names that lead elsewhere, as seen from a directory.
fn inside(directory: &str, astray: &[String]) -> Vec<String> {
    let inside = |name: &String| Some(name.split_once(directory)?.1.trim_start_matches('/').to_owned());
    astray.iter().filter_map(inside).collect()
}

/// The things of an archive by their first name.
fn level(tree: Tree) -> BTreeMap<String, Vec<Top>> {
    let mut directories: BTreeMap<String, (Vec<Member>, Vec<String>)> = BTreeMap::new();
    let mut tops: BTreeMap<String, Vec<Top>> = BTreeMap::new();
    for mut member in tree.members {
        match member.path.split_once('/').map(|(first, rest)| (first.to_owned(), rest.to_owned())) {
            Some((first, rest)) => {
                member.path = rest;
                directories.entry(first).or_default().0.push(member);
            }
            None if member.kind == Kind::Directory => drop(directories.entry(member.path).or_default()),
            None => tops.entry(member.path.clone()).or_default().push(Top::Thing(member)),
        }
    }
    // Names that lead elsewhere are told to whom they belong, if that can be seen.
    for name in tree.astray {
        let first = name.split('/').find(|name| *name != ".").unwrap_or_default();
        if let Some((_, astray)) = directories.get_mut(first) {
            astray.push(name);
        }
    }
    for (name, (members, astray)) in directories {
        tops.entry(name).or_default().push(Top::Directory(Piece::Members(members, astray)));
    }
    tops
}

/// Makes entries of what is on the first level; what is none, by name.
fn entries(tops: BTreeMap<String, Vec<Top>>) -> (Vec<Found>, Vec<String>) {
    let mut found: Vec<Found> = Vec::new();
    let mut moodles: BTreeMap<(String, String), Found> = BTreeMap::new();
    let mut ignored = Vec::new();
    for (name, mut tops) in tops.into_iter().filter(|(name, _)| !is_junk(name)) {
        let twice = (tops.len() > 1).then(|| refused("intake-refused-twice", &name));
        let Some(top) = tops.pop() else { continue };
        if let Some(said) = moodle::parse(&name) {
            let (full, number) = (said.full.to_owned(), said.number.to_owned());
            let entry = moodles.entry((full.clone(), number.clone())).or_insert_with(|| Found {
                raw: format!("{full}_{number}"),
                title: full,
                number: Some(number),
                pieces: Ok(Vec::new()),
            });
            let piece = twice.map_or_else(|| Ok(said.file.and_then(|file| uploaded(top, file))), Err);
            match (&mut entry.pieces, piece) {
                (Ok(pieces), Ok(piece)) => pieces.extend(piece),
                (Ok(_), Err(trouble)) => entry.pieces = Err(trouble),
                (Err(_), _) => {}
            }
            continue;
        }
        let pieces = match top {
            Top::Directory(piece) => Ok(vec![piece]),
            Top::Thing(member) if member.kind == Kind::Link => Err(refused("intake-refused-link", &name)),
            Top::Thing(member) if is_archive(&name) => Ok(vec![Piece::Archive(member)]),
            Top::Thing(_) => {
                ignored.push(name);
                continue;
            }
        };
        let title =
            if matches!(pieces.as_deref(), Ok([Piece::Archive(_)])) { stem(&name).to_owned() } else { name.clone() };
        found.push(Found { raw: name, title, number: None, pieces: twice.map_or(pieces, Err) });
    }
    found.extend(moodles.into_values());
    (found, ignored)
}

/// What a student uploaded to Moodle; `file` is its own name, or that of its directory.
fn uploaded(top: Top, file: &str) -> Option<Piece> {
    let under = |path: &str| if file.is_empty() { path.to_owned() } else { format!("{file}/{path}") };
    match top {
        Top::Directory(Piece::Directory { root, name, .. }) => {
            Some(Piece::Directory { root, name, under: file.to_owned() })
        }
        Top::Directory(Piece::Members(mut members, astray)) => {
            members.iter_mut().for_each(|member| member.path = under(&member.path));
            Some(Piece::Members(members, astray))
        }
        Top::Directory(archive @ Piece::Archive(_)) => Some(archive),
        Top::Thing(member) if file.is_empty() => (member.kind == Kind::Link).then_some(Piece::Archive(member)),
        Top::Thing(mut member) => {
            file.clone_into(&mut member.path);
            Some(Piece::Members(vec![member], Vec::new()))
        }
    }
}

/// A student to be: what the key is made of, and what tells equal ones apart.
struct Draft {
    source: String,
    tie: String,
    handing: Handing,
}

/// Brings entries and roster together.
fn attach(
    found: Vec<Found>,
    roster: Option<&Roster>,
    matcher: Option<&Matcher>,
    remarks: &mut Vec<Phrase>,
) -> Vec<Handing> {
    let mut of_rows: BTreeMap<usize, Vec<Found>> = BTreeMap::new();
    let mut drafts = Vec::new();
    let mut unclear = Vec::new();
    for found in found {
        match matcher.map_or(Match::Nobody, |matcher| matcher.find(&found)) {
            Match::Row(row) => of_rows.entry(row).or_default().push(found),
            other => {
                if other == Match::Several {
                    unclear.push(found.title.clone());
                }
                drafts.push(stranger(found, roster.is_some()));
            }
        }
    }
    if !unclear.is_empty() {
        remarks.push(Phrase::new("intake-several").with("names", listed(&unclear)));
    }
    let rows = roster.map_or(&[][..], |roster| &roster.rows);
    drafts
        .extend(rows.iter().enumerate().map(|(at, row)| listed_student(row, of_rows.remove(&at).unwrap_or_default())));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let sources: Vec<&String> = drafts.iter().map(|draft| &draft.source).collect();
    let again: BTreeSet<String> =
        sources.into_iter().filter(|source| !seen.insert((*source).clone())).cloned().collect();
    let sources: Vec<String> = drafts
        .iter()
        .map(|draft| match again.contains(&draft.source) {
            true => format!("{}\n{}", draft.source, draft.tie),
            false => draft.source.clone(),
        })
        .collect();
    let keys = key::keys(&sources);
    let mut handings: Vec<Handing> = drafts
        .into_iter()
        .zip(keys)
        .map(|(mut draft, key)| {
            draft.handing.student.key = key;
            draft.handing
        })
        .collect();
    handings.sort_by(|one, other| one.student.key.cmp(&other.student.key));
    handings
}

/// Somebody whom no roster has.
fn stranger(found: Found, has_roster: bool) -> Draft {
    let name = one_line(&found.title, 100);
    let (id, on_roster) = (found.number.clone(), has_roster.then_some(false));
    let student = Student { key: String::new(), name, id, email: None, on_roster };
    let source = if found.number.is_some() { found.raw.clone() } else { found.title.clone() };
    Draft { source, tie: format!("entry {}", found.raw), handing: Handing { student, entry: entry(found) } }
}

/// A student on the roster, with what was found.
fn listed_student(row: &Row, mut found: Vec<Found>) -> Draft {
    let (name, id) = (row.called().to_owned(), row.id.clone().or_else(|| row.participant.clone()));
    let student = Student { key: String::new(), name, id, email: row.email.clone(), on_roster: Some(true) };
    let known = [&row.id, &row.submission, &row.github, &row.email, &row.participant, &row.name];
    let source = known.into_iter().flatten().next().cloned().unwrap_or_default();
    let entry = if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|found| found.raw.clone()).collect();
        // Which one counts is nothing to be guessed: the other may be what a teacher unpacked.
        let trouble = Trouble::Person(Phrase::new("intake-entries").with("names", listed(&names)));
        Some(Entry { name: listed(&names), pieces: Err(trouble) })
    } else {
        found.pop().and_then(entry)
    };
    Draft { source, tie: format!("line {}", row.line), handing: Handing { student, entry } }
}

/// An entry, unless there is nothing in it.
fn entry(found: Found) -> Option<Entry> {
    let empty = found.pieces.as_ref().is_ok_and(Vec::is_empty);
    (!empty).then(|| Entry { name: shown(&found.raw), pieces: found.pieces })
}
