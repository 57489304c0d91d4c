//! States, standings, shares and names of arms in words, the same on every page and table of a class.

use crate::clean::clean;
use crate::marks::{Class, Marked, Standing, State, StudentMarks};
use crate::wording::{Lang, Phrase, say};

/// A state in words.
pub fn state(state: State, lang: Lang) -> String {
    say(
        lang,
        match state {
            State::Graded => "state-graded",
            State::Missing => "state-missing",
            State::Refused => "state-refused",
            State::Review => "state-review",
            State::Waiting => "state-waiting",
        },
    )
}

/// A standing in words.
pub fn standing(standing: Standing, lang: Lang) -> String {
    say(
        lang,
        match standing {
            Standing::Pass => "standing-pass",
            Standing::Partial => "standing-partial",
            Standing::Fail => "standing-fail",
            Standing::Skipped => "standing-skipped",
            Standing::Unsupported => "standing-unsupported",
            Standing::Inconclusive => "standing-inconclusive",
            Standing::Error => "standing-error",
        },
    )
}

/// What somebody is wanted for, as [`crate::marks::NeedsPerson`] has it.
pub fn wanted(what: &str, lang: Lang) -> String {
    match what {
        "refused" => state(State::Refused, lang),
        "unsupported" => standing(Standing::Unsupported, lang),
        "inconclusive" => standing(Standing::Inconclusive, lang),
        _ => standing(Standing::Error, lang),
    }
}

/// A share of the points.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Text about a lab for people who do not know what its arms are called.
pub fn plain(text: &str, lang: Lang) -> String {
    let arm = |id: &str| format!("({})", say(lang, id));
    clean(text).replace("(omitted)", &arm("arm-omitted")).replace("(applied)", &arm("arm-applied"))
}

/// A flag's value as [`crate::measure::Unit::show`] gives it, in the reader's language; other values as they are.
pub fn value(shown: &str, lang: Lang) -> String {
    match shown {
        "yes" => say(lang, "value-yes"),
        "no" => say(lang, "value-no"),
        other => other.to_owned(),
    }
}

/// Somebody's name; the key where there is none.
pub fn name(student: &StudentMarks) -> String {
    let name = crate::clean::one_line(&student.student.name, 200);
    if name.is_empty() { student.student.key.clone() } else { name }
}

/// Why a result is not simply points: refused, missing, waiting, or open. For the instructor: hidden checks are in it.
pub fn why(result: &Marked, lang: Lang) -> Vec<String> {
    if result.state == State::Graded {
        return Vec::new();
    }
    let open: Vec<String> = result
        .checks
        .iter()
        .filter(|mark| mark.standing.is_open())
        .map(|mark| format!("{}: {}", mark.title, mark.message))
        .collect();
    if !open.is_empty() {
        return open;
    }
    let word = state(result.state, lang);
    vec![result.why.as_ref().map_or(word.clone(), |why| format!("{word}: {why}"))]
}

/// A student's name by key.
pub fn name_of(class: &Class, key: &str) -> String {
    class.students.iter().find(|student| student.student.key == key).map_or_else(|| key.to_owned(), name)
}

/// The title of a check, of which summaries have the name only.
pub fn title_of(class: &Class, scenario: &str, check: &str) -> String {
    let exercise = class.exercises.iter().find(|exercise| exercise.id == scenario);
    let head = exercise.and_then(|exercise| exercise.checks.iter().find(|head| head.name == check));
    head.map_or(check, |head| head.title.as_str()).to_owned()
}

/// How many students are in a state, in words.
pub fn counted(lang: Lang, count: usize) -> String {
    Phrase::new("class-students").with("count", count).say(lang)
}
