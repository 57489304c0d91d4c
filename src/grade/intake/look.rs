//! Where a scenario's files are among what a student handed in.

use super::member::{Kind, Member, is_junk};
use crate::scenario::Accept;

/// Drops what systems put beside the files.
pub(super) fn without_junk(members: &mut Vec<Member>, accepts: &[Accept]) {
    let accepted = |name: &str| accepts.iter().any(|accept| accept.name == name);
    members.retain(|member| {
        let mut names = member.path.split('/').rev();
        let last = names.next().unwrap_or_default();
        (!is_junk(last) || accepted(last)) && !names.any(is_junk)
    });
}

/// The directory to look in, as a prefix: empty, or with a slash at its end. `None` where the scenario has none of its own and needs
/// one.
pub(super) fn base(members: &[Member], accepts: &[Accept], scenario: &str, several: bool) -> Option<String> {
    let wrapping = wrapping(members).filter(|name| !accepts.iter().any(|accept| accept.name == *name));
    let wrapping = wrapping.map(|name| format!("{name}/"));
    let own =
        [scenario.to_owned(), scenario.replace('/', "-"), scenario.rsplit('/').next().unwrap_or_default().to_owned()];
    for level in [Some(""), wrapping.as_deref()].into_iter().flatten() {
        let mut places = own.iter().map(|name| format!("{level}{name}/"));
        if let Some(place) = places.find(|place| is_directory(members, place)) {
            return Some(place);
        }
    }
    (!several).then(|| wrapping.unwrap_or_default())
}

/// Whether there is a directory of this name, which ends with a slash; archives need not list it.
fn is_directory(members: &[Member], place: &str) -> bool {
    let listed = |member: &Member| member.kind == Kind::Directory && member.path == place.trim_end_matches('/');
    members.iter().any(|member| member.path.starts_with(place) || listed(member))
}

/// The directory that everything is in, if it is only one.
fn wrapping(members: &[Member]) -> Option<&str> {
    let first = |member: &'_ Member| member.path.split('/').next().unwrap_or_default().len();
    let name = members.first().map(|member| &member.path[..first(member)])?;
    let all = members.iter().all(|member| &member.path[..first(member)] == name);
    (all && members.iter().all(|member| member.path != name || member.kind == Kind::Directory)).then_some(name)
}
