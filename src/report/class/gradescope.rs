//! `results.json` of a student as Gradescope reads it. Open points are left out of the score, and the page says so.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::told::{Told, told};
use super::words;
use crate::clean::{clean, one_line};
use crate::marks::{BatchPart, CheckMark, Exercise, Marked, Standing, State, StudentMarks};
use crate::wording::{Lang, Phrase, say};

/// The document of one student, whose marks are in the batch's language.
pub fn gradescope(marks: &StudentMarks, exercises: &[Exercise], batch: &BatchPart) -> Value {
    let mut names = BTreeSet::new();
    let mut tests = Vec::new();
    for (at, result) in (1..).zip(&marks.results) {
        let told = told(result, exercises);
        for (number, mark) in (1..).zip(&result.checks) {
            let name = unique(&mut names, result, mark, marks.results.len() > 1);
            tests.push(test(&told, result, mark, &name, &format!("{at}.{number}"), batch.lang));
        }
    }
    let digests: Map<String, Value> =
        marks.results.iter().map(|result| (result.scenario.clone(), json!(result.digest))).collect();
    json!({
        "score": marks.points_least,
        "execution_time": seconds(marks.results.iter().map(|result| result.took).sum()),
        "output": output(marks, exercises, batch.lang),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "extra_data": {
            "state": marks.state.name(),
            "points_open": marks.points_open,
            "points_most": marks.points_most,
            "digest": digests,
            "saiten": batch.saiten,
            "batch": batch.id,
        },
        "tests": tests,
    })
}

fn seconds(took: f64) -> f64 {
    (took * 1e3).round() / 1e3
}

/// What a test is called: Gradescope tells tests apart by their names.
fn unique(names: &mut BTreeSet<String>, result: &Marked, mark: &CheckMark, many: bool) -> String {
    let title = one_line(&mark.title, 200);
    let title = if many { format!("{}: {title}", one_line(&result.title, 200)) } else { title };
    let longer = format!("{title} [{} {}]", result.scenario, mark.name);
    let name = if names.contains(&title) { longer } else { title };
    names.insert(name.clone());
    name
}

fn test(told: &Told<'_>, result: &Marked, mark: &CheckMark, name: &str, number: &str, lang: Lang) -> Value {
    let mut test = json!({
        "name": name,
        "number": number,
        "max_score": mark.points_most,
        "output": test_output(told, mark, lang),
        "output_format": "text",
        "tags": [result.scenario],
        "visibility": if mark.hidden { "after_published" } else { "visible" },
        "extra_data": { "standing": mark.standing.name() },
    });
    // Neither passed nor failed while it is open.
    if let (Some(points), Some(test)) = (mark.points, test.as_object_mut()) {
        test.insert("score".to_owned(), json!(points));
        let status = if mark.standing == Standing::Pass { "passed" } else { "failed" };
        test.insert("status".to_owned(), json!(status));
    }
    test
}

fn test_output(told: &Told<'_>, mark: &CheckMark, lang: Lang) -> String {
    let mut lines = vec![words::standing(mark.standing, lang)];
    lines.push(if mark.hidden { words::plain(&mark.message, lang) } else { told.message(mark, lang) });
    if mark.standing.is_open() {
        lines.push(say(lang, "told-open"));
    }
    let with = |id: &str, text: &str| format!("{} {}", say(lang, id), clean(text));
    lines.extend(mark.reasons.iter().map(|reason| with("summary-reason", &reason.text)));
    lines.extend(mark.hint.iter().map(|hint| with("summary-hint", hint)));
    lines.extend(mark.solution.iter().map(|solution| with("told-solution", solution)));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn output(marks: &StudentMarks, exercises: &[Exercise], lang: Lang) -> String {
    let mut lines = Vec::new();
    for result in &marks.results {
        let told = told(result, exercises);
        lines.push(format!("{}: {}", one_line(&result.title, 200), words::state(result.state, lang)));
        lines.extend(told.why());
        if result.state == State::Waiting {
            lines.push(say(lang, "told-waiting"));
        } else if result.points_open > 0 {
            lines.push(Phrase::new("told-open-points").with("open", result.points_open).say(lang));
        }
        lines.extend(told.hidden_in_words(lang));
    }
    lines.join("\n")
}
