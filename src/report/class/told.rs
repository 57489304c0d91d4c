//! What a student may be told of a result. Of hidden checks there is nothing in it but how many there are and what they are worth.

use super::words;
use crate::clean::clean;
use crate::marks::{CheckHead, CheckMark, Exercise, Figure, Marked, Standing, State};
use crate::wording::{Lang, Phrase, say};

/// A result without its secrets.
pub struct Told<'a> {
    result: &'a Marked,
    /// Checks that are no secret.
    pub checks: Vec<&'a CheckMark>,
    /// The same as the scenario has them: all there is where nothing was judged.
    pub heads: Vec<&'a CheckHead>,
    /// How many checks are hidden, and what they are worth together; none if there are none.
    pub hidden: Option<(usize, u32)>,
}

/// What may be told of a result.
pub fn told<'a>(result: &'a Marked, exercises: &'a [Exercise]) -> Told<'a> {
    let exercise = exercises.iter().find(|exercise| exercise.id == result.scenario);
    let heads = || exercise.into_iter().flat_map(|exercise| &exercise.checks);
    let hidden: Vec<u32> = if heads().next().is_some() {
        heads().filter(|head| head.hidden).map(|head| head.points_most).collect()
    } else {
        result.checks.iter().filter(|mark| mark.hidden).map(|mark| mark.points_most).collect()
    };
    Told {
        result,
        checks: result.checks.iter().filter(|mark| !mark.hidden).collect(),
        heads: heads().filter(|head| !head.hidden).collect(),
        hidden: (!hidden.is_empty()).then(|| (hidden.len(), hidden.iter().sum())),
    }
}

impl<'a> Told<'a> {
    /// Why the result is what it is; nothing where its checks say so themselves. The reason of a result that was judged may be a
    /// hidden check's.
    pub fn why(&self) -> Option<String> {
        self.result.why.as_deref().filter(|_| self.result.checks.is_empty()).map(clean)
    }

    /// What a check's message is to a student: one that names a hidden check names it no more.
    pub fn message(&self, mark: &CheckMark, lang: Lang) -> String {
        let secret = |hidden: &&CheckMark| mark.message.contains(&hidden.title) || mark.message.contains(&hidden.name);
        let names = self.result.checks.iter().filter(|mark| mark.hidden).find(secret);
        match names {
            Some(_) if mark.standing == Standing::Skipped => say(lang, "told-skipped"),
            Some(_) => String::new(),
            None => words::plain(&mark.message, lang),
        }
    }

    /// What was measured, but for what only hidden checks read.
    pub fn figures(&self) -> Vec<&'a Figure> {
        let read = |figure: &Figure, hidden: bool| {
            self.result.checks.iter().any(|mark| mark.hidden == hidden && mark.metric == figure.metric)
        };
        self.result.figures.iter().filter(|figure| read(figure, false) || !read(figure, true)).collect()
    }

    /// Whether there are points to show: of nothing that was not judged yet.
    pub fn has_points(&self) -> bool {
        match self.result.state {
            State::Graded | State::Missing | State::Refused => true,
            State::Review | State::Waiting => self.result.points_open < self.result.points_most,
        }
    }

    /// "2 hidden checks, worth 3 points".
    pub fn hidden_in_words(&self, lang: Lang) -> Option<String> {
        self.hidden.map(|(count, points)| hidden_checks(count, points, lang))
    }
}

/// "2 hidden checks, worth 3 points".
fn hidden_checks(count: usize, points: u32, lang: Lang) -> String {
    let points = Phrase::new("told-points").with("points", points).say(lang);
    Phrase::new("told-hidden").with("count", count).with("points", points).say(lang)
}
