//! What a batch gives: files for the instructor, and a directory for each student. All are functions of the marks.

pub mod classroom50;
pub mod gradebook;
pub mod gradescope;
pub(super) mod html;
pub mod page;
pub mod summary_page;
mod told;
pub(super) mod words;

use serde::Serialize;

use super::junit;
use crate::marks::{Class, Exercise, StudentMarks};
use crate::wording::Lang;
use page::Facts;

/// Files of the class as a whole, by name.
pub fn files(class: &Class) -> Vec<(String, Vec<u8>)> {
    let table = gradebook::gradebook(class);
    let mut files = vec![
        ("gradebook.csv".to_owned(), gradebook::csv(&table)),
        ("results.json".to_owned(), pretty(class)),
        ("junit.xml".to_owned(), junit::class(class)),
        ("summary.html".to_owned(), summary_page::summary_page(class).into_bytes()),
    ];
    // A workbook has room for a million students; a class that has none for all of them still has the CSV.
    files.extend(gradebook::xlsx(class, &table).map(|bytes| ("gradebook.xlsx".to_owned(), bytes)));
    files
}

/// The same student's marks in the language that is not the batch's.
#[derive(Debug, Clone, Copy)]
pub struct Translated<'a> {
    /// Their language.
    pub lang: Lang,
    /// Exercises.
    pub exercises: &'a [Exercise],
    /// Marks.
    pub marks: &'a StudentMarks,
}

/// Files of a student's directory, by name.
pub fn student_files(
    class: &Class,
    marks: &StudentMarks,
    other: Option<Translated<'_>>,
    submission: Option<&classroom50::Submission>,
) -> Vec<(String, Vec<u8>)> {
    let facts = Facts { batch: &class.batch, exercises: &class.exercises, other: other.map(|other| other.lang) };
    let graded = gradescope::gradescope(marks, &class.exercises, &class.batch);
    let mut files = vec![
        ("index.html".to_owned(), page::page(marks, facts, class.batch.lang).into_bytes()),
        ("gradescope.json".to_owned(), pretty(&graded)),
    ];
    files.extend(other.map(|other| {
        let facts = Facts { exercises: other.exercises, ..facts };
        (page::file(other.lang, &class.batch), page::page(other.marks, facts, other.lang).into_bytes())
    }));
    files.extend(submission.map(|submission| {
        let document = classroom50::classroom50(marks, &class.exercises, &class.batch, submission);
        ("classroom50.json".to_owned(), pretty(&document))
    }));
    files
}

/// The JSON Schema of a class's `results.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Class).to_value()
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    // Our own types have string keys and no failing serializers.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
