//! What a misspelt name was probably meant to be.

use super::error::printable;

/// Names longer than this, and lists with more names, get no suggestion: the comparison's cost grows with both.
const LONGEST: usize = 64;
const MOST: usize = 256;

/// The one of `known` that `name` is a slip of, if any is near: at most a third of its letters may differ
/// (Damerau-Levenshtein distance, so swapped letters count once).
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (name, letters) = (name.to_lowercase(), name.chars().count());
    if letters > LONGEST {
        return None;
    }
    let most = (letters / 3).max(1);
    known
        .into_iter()
        .take(MOST)
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most && *distance < letters)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names for a message, in backticks; cut short after a dozen.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut shown: Vec<_> = names.by_ref().take(12).map(|name| format!("`{}`", printable(name))).collect();
    if names.next().is_some() {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}
