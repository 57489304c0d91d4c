//! `result.json` of a student in the format `classroom50/result/v1`. It is public to the student, so hidden checks are one entry.

use serde_json::{Value, json};

use super::told::told;
use super::words;
use crate::clean::one_line;
use crate::marks::{BatchPart, CheckMark, Exercise, Marked, Standing, StudentMarks};
use crate::wording::{Lang, say};

/// What only the classroom knows of a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The classroom's short name.
    pub classroom: String,
    /// The assignment's slug.
    pub assignment: String,
    /// Whether a group hands in together.
    pub is_group: bool,
    /// Login of the repository's owner.
    pub owner: String,
    /// Tag that was graded: `submit/…`.
    pub tag: String,
    /// Link to the graded commit.
    pub commit: String,
    /// Link to the release.
    pub release: String,
    /// Link to the differences.
    pub review: String,
    /// When it was handed in: `YYYY-MM-DDTHH:MM:SSZ`.
    pub datetime: String,
    /// When it was graded, likewise.
    pub graded_at: Option<String>,
    /// Who pushed it: login, and id where it is known.
    pub submitted_by: Option<(String, Option<u64>)>,
}

/// The document of one student, whose marks are in the batch's language.
pub fn classroom50(marks: &StudentMarks, exercises: &[Exercise], batch: &BatchPart, submission: &Submission) -> Value {
    let many = marks.results.len() > 1;
    let tests: Vec<Value> =
        marks.results.iter().flat_map(|result| tests(result, exercises, batch.lang, many)).collect();
    let mut document = json!({
        "schema": "classroom50/result/v1",
        "classroom": submission.classroom,
        "assignment": submission.assignment,
        "assignment_type": if submission.is_group { "group" } else { "individual" },
        "owner": submission.owner,
        "submission": submission.tag,
        "commit": submission.commit,
        "release": submission.release,
        "review": submission.review,
        "datetime": submission.datetime,
        "score": marks.points_least,
        "max-score": marks.points_most,
        "tests": tests,
    });
    if let Some(fields) = document.as_object_mut() {
        fields.extend(submission.graded_at.iter().map(|at| ("graded_at".to_owned(), json!(at))));
        let by = |(login, id): &(String, Option<u64>)| json!({ "username": login, "id": id });
        fields.extend(submission.submitted_by.iter().map(|who| ("submitted_by".to_owned(), by(who))));
    }
    document
}

fn tests(result: &Marked, exercises: &[Exercise], lang: Lang, many: bool) -> Vec<Value> {
    let told = told(result, exercises);
    let place = if many { format!("{}: ", one_line(&result.title, 200)) } else { String::new() };
    let test = |mark: &&CheckMark| {
        json!({
            "test-name": format!("{place}{}", one_line(&mark.title, 200)),
            "passed": mark.standing == Standing::Pass,
            "score": mark.points.unwrap_or(0),
            "max-score": mark.points_most,
            "standing": mark.standing.name(),
            "output": if mark.standing.is_open() { say(lang, "told-open") } else { told.message(mark, lang) },
        })
    };
    let mut tests: Vec<Value> = told.checks.iter().map(test).collect();
    let hidden: Vec<&CheckMark> = result.checks.iter().filter(|mark| mark.hidden).collect();
    if !hidden.is_empty() {
        tests.push(json!({
            "test-name": format!("{place}{}", told.hidden_in_words(lang).unwrap_or_default()),
            "passed": hidden.iter().all(|mark| mark.standing == Standing::Pass),
            "score": hidden.iter().filter_map(|mark| mark.points).sum::<u32>(),
            "max-score": hidden.iter().map(|mark| mark.points_most).sum::<u32>(),
        }));
    }
    if result.checks.is_empty() {
        // Nothing was judged: the score would be all that is left, and not say why.
        let why = told.why().unwrap_or_else(|| words::state(result.state, lang));
        tests.push(json!({
            "test-name": one_line(&result.title, 200),
            "passed": false,
            "score": 0,
            "max-score": result.points_most,
            "output": format!("{}: {why}", words::state(result.state, lang)),
        }));
    }
    tests
}
