//! What a student handed in for a scenario: accepted names looked for, read within limits, everything else left aside.

use tempfile::TempPath;

use super::bytes::{copy, no_room, room};
use super::digest::{self, Hashing, Sum};
use super::member::{Kind, Member};
use super::tree::{Most, Tree, is_archive, is_unopened};
use super::who::Piece;
use super::{Content, Entry, HandedIn, Limits, Part, Trouble, folder, listed, look, refused, size, too_much};
use crate::scenario::submission::Host;
use crate::scenario::{Accept, Handed, ServicePort};
use crate::wording::Phrase;

/// Takes what an entry holds for a scenario, whose id is `<family>/<name>`. In a batch of `several` scenarios, only what is in a
/// directory of the scenario's is for it.
///
/// # Errors
/// [`Trouble`]; whatever it is, it concerns this entry alone.
pub fn parts(
    entry: &Entry,
    accepts: &[Accept],
    scenario: &str,
    several: bool,
    limits: &Limits,
) -> Result<HandedIn, Trouble> {
    let pieces = entry.pieces.as_ref().map_err(Clone::clone)?;
    let most = Most::of_student(limits, accepts.iter().any(|accept| accept.what == Handed::Image));
    let mut tree = gather(&entry.name, pieces, most, limits)?;
    look::without_junk(&mut tree.members, accepts);
    let opened = pieces.iter().any(|piece| matches!(piece, Piece::Archive(_)));
    if let Some(archive) = only_archive(&tree, accepts).filter(|_| !opened) {
        // Handed in as one file to a platform that put it into a directory of the student's.
        let bytes = archive.bytes(most.archive, limits)?;
        tree = Tree::of_archive(&bytes, &archive.path, most, limits)?;
        look::without_junk(&mut tree.members, accepts);
    }
    let base = look::base(&tree.members, accepts, scenario, several);
    let mut parts = Vec::new();
    let mut sums = Vec::new();
    for accept in accepts.iter().filter(|_| base.is_some()) {
        let path = format!("{}{}", base.as_deref().unwrap_or_default(), accept.name);
        if let Some(member) = find(&tree.members, &path)? {
            let (content, sum) = take(member, &accept.what, limits)?;
            sums.push(sum);
            parts.push(Part { accept: accept.clone(), content });
        }
    }
    let named = parts.iter().zip(sums).map(|(part, sum)| (part.accept.name.as_str(), &part.accept.what, sum));
    let digest = digest::of_all(named.collect());
    let remarks = remarks(&tree, &parts, base.as_deref(), several);
    Ok(HandedIn { parts, digest, remarks })
}

/// All pieces as one tree.
fn gather(name: &str, pieces: &[Piece], most: Most, limits: &Limits) -> Result<Tree, Trouble> {
    let mut whole = Tree::default();
    for piece in pieces {
        let left = Most { members: most.members.saturating_sub(whole.members.len()), ..most };
        let tree = match piece {
            Piece::Directory { root, name, under } => {
                folder::tree(root, std::slice::from_ref(name), under, left.members)?
            }
            Piece::Members(members, astray) => Tree { members: members.clone(), astray: astray.clone() },
            Piece::Archive(member) => {
                member.expect_file()?;
                if member.size > most.archive {
                    return Err(too_much("intake-refused-archive", &member.path, size(most.archive)));
                }
                Tree::of_archive(&member.bytes(most.archive, limits)?, &member.path, left, limits)?
            }
        };
        if tree.members.len() > left.members {
            return Err(too_much("intake-refused-many", name, most.members));
        }
        whole.members.extend(tree.members);
        whole.astray.extend(tree.astray);
    }
    Ok(whole)
}

/// The archive that is all there is, if it is none that is accepted as such.
fn only_archive(tree: &Tree, accepts: &[Accept]) -> Option<Member> {
    let mut files = tree.members.iter().filter(|member| member.kind != Kind::Directory);
    let (only, more) = (files.next()?, files.next());
    let accepted = accepts.iter().any(|accept| accept.name == only.name());
    (more.is_none() && !accepted && only.kind == Kind::File && is_archive(&only.path)).then(|| only.clone())
}

/// The one thing under a path.
fn find<'a>(members: &'a [Member], path: &str) -> Result<Option<&'a Member>, Trouble> {
    let inside = format!("{path}/");
    if members.iter().any(|member| member.path.starts_with(&inside)) {
        return Err(refused("intake-refused-directory", path));
    }
    let mut same = members.iter().filter(|member| member.path == path);
    match (same.next(), same.next()) {
        (Some(_), Some(_)) => Err(refused("intake-refused-twice", path)),
        (Some(only), None) => only.expect_file().map(|()| Some(only)),
        (None, _) => Ok(None),
    }
}

/// Reads a thing as what it is accepted as.
fn take(member: &Member, what: &Handed, limits: &Limits) -> Result<(Content, Sum), Trouble> {
    let most = match what {
        Handed::Script => limits.script,
        Handed::File { .. } => limits.file,
        Handed::Image => limits.image,
        Handed::Address { .. } => limits.address,
    };
    let large = || too_much("intake-refused-large", &member.path, size(most));
    if member.size > most {
        return Err(large());
    }
    if *what == Handed::Image {
        let (image, sum) = image(member, limits)?;
        return Ok((Content::Image(image), sum));
    }
    let bytes = member.read(most)?.ok_or_else(large)?;
    let sum = digest::of(&bytes);
    let content = match what {
        Handed::Address { ports } => Content::Address(address(&bytes, ports)?),
        _ => Content::Bytes(bytes),
    };
    Ok((content, sum))
}

/// The address of a live machine, with a port of its own only where that is clear.
fn address(bytes: &[u8], ports: &[ServicePort]) -> Result<Host, Trouble> {
    let host = Host::parse(&String::from_utf8_lossy(bytes)).map_err(Trouble::Refused)?;
    host.targets(ports).map_err(Trouble::Refused)?;
    Ok(host)
}

/// Puts an image where an engine can load it from.
fn image(member: &Member, limits: &Limits) -> Result<(TempPath, Sum), Trouble> {
    let named = tempfile::Builder::new().prefix(".saiten-image-").tempfile_in(&limits.temporary);
    let mut file = named.map_err(|err| no_room(&err.to_string()))?;
    room(file.as_file(), member.size)?;
    let mut from = Hashing::new(member.open()?);
    copy(&mut from, file.as_file_mut(), limits.image, &member.path)?;
    Ok((file.into_temp_path(), from.sum()))
}

/// What was left aside. Of several scenarios, each tells of its own directory only.
fn remarks(tree: &Tree, parts: &[Part], base: Option<&str>, several: bool) -> Vec<Phrase> {
    let scope = if several { base } else { Some("") };
    let taken =
        |path: &str| parts.iter().any(|part| base.and_then(|base| path.strip_prefix(base)) == Some(&part.accept.name));
    let files = tree.members.iter().filter(|member| member.kind != Kind::Directory);
    let files =
        files.filter(|member| scope.is_some_and(|scope| member.path.starts_with(scope)) && !taken(&member.path));
    let mut ignored: Vec<String> = files.map(|member| member.path.clone()).collect();
    ignored.sort();
    let mut astray = tree.astray.clone();
    astray.sort();
    let (unopened, ignored): (Vec<_>, Vec<_>) =
        ignored.into_iter().partition(|name| is_archive(name) || is_unopened(name));
    let remark = |id: &str, names: &[String]| Phrase::new(id).with("names", listed(names));
    [
        (!ignored.is_empty()).then(|| remark("intake-ignored", &ignored)),
        (!unopened.is_empty()).then(|| remark("intake-unopened", &unopened)),
        (!astray.is_empty()).then(|| remark("intake-astray", &astray)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
