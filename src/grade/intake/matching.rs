//! Whose an entry is, by the roster.

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::who::Found;
use crate::grade::roster::Roster;

/// The roster by what entries can be called.
#[derive(Debug)]
pub(super) struct Matcher {
    /// `None` where several rows have the same.
    rows: BTreeMap<(By, String), Option<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Submission,
    Participant,
    Id,
    Email,
    Github,
    Name,
}

/// What the roster knows of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// This row is its student.
    Row(usize),
    /// Several students are called that.
    Several,
    /// Nobody is called that.
    Nobody,
}

impl Matcher {
    pub(super) fn new(roster: &Roster) -> Self {
        let mut rows: BTreeMap<(By, String), Option<usize>> = BTreeMap::new();
        for (at, row) in roster.rows.iter().enumerate() {
            let exact = [
                (By::Submission, &row.submission),
                (By::Participant, &row.participant),
                (By::Id, &row.id),
                (By::Email, &row.email),
                (By::Github, &row.github),
            ];
            let exact = exact.into_iter().filter_map(|(by, value)| Some((by, folded(value.as_deref()?))));
            let names = [&row.name, &row.reversed].into_iter().flatten().map(|name| (By::Name, words(name)));
            for key in exact.chain(names) {
                let known = rows.entry(key).or_insert(Some(at));
                *known = known.filter(|row| *row == at);
            }
        }
        Matcher { rows }
    }

    /// Looks for whose an entry is: what the roster says of the entry itself first, the name last.
    pub(super) fn find(&self, found: &Found) -> Match {
        let (raw, title) = (folded(&found.raw), folded(&found.title));
        let mut asked = vec![(By::Submission, raw), (By::Submission, title.clone())];
        asked.extend(found.number.iter().map(|number| (By::Participant, number.clone())));
        // A name that a student chose on a platform is no id.
        if found.number.is_none() {
            asked.extend([By::Id, By::Email, By::Github].map(|by| (by, title.clone())));
        }
        asked.push((By::Name, words(&found.title)));
        match asked.into_iter().find_map(|key| self.rows.get(&key)) {
            Some(Some(row)) => Match::Row(*row),
            Some(None) => Match::Several,
            None => Match::Nobody,
        }
    }
}

/// Without differences that keyboards and systems make: wide letters, capitals, marks apart from their letters.
fn folded(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text.trim()).to_lowercase()
}

/// The words of a name.
fn words(text: &str) -> String {
    let folded = folded(text);
    let words = folded.split(|c: char| c.is_whitespace() || ['_', '-', '.', ',', '、'].contains(&c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
