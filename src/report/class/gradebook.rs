//! The gradebook: a row a student, written as CSV and as XLSX. Points are empty while anything is open: a number would be taken
//! for a mark.

mod xlsx;

use super::words;
use crate::clean::{cut, one_line};
use crate::marks::{Class, Exercise, Marked, StudentMarks};
pub use xlsx::xlsx;

/// Longest text of a cell, in characters. Excel takes 32767.
const TEXT_MOST: usize = 4000;

/// A table, whatever it is written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradebook {
    /// Names of the columns.
    pub header: Vec<String>,
    /// A row for each student.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing, or nothing yet.
    Empty,
    /// Points.
    Points(u32),
    /// Text of one line.
    Text(String),
}

impl Cell {
    fn text(text: &str) -> Self {
        match one_line(text, TEXT_MOST) {
            line if line.is_empty() => Cell::Empty,
            line => Cell::Text(line),
        }
    }

    fn maybe(text: Option<&String>) -> Self {
        text.map_or(Cell::Empty, |text| Cell::text(text))
    }

    fn points(points: Option<u32>) -> Self {
        points.map_or(Cell::Empty, Cell::Points)
    }
}

/// Columns that every gradebook begins with.
const HEADER: [&str; 10] =
    ["key", "id", "name", "email", "on_roster", "state", "points", "points_least", "points_open", "points_most"];

/// The table of a class.
pub fn gradebook(class: &Class) -> Gradebook {
    let mut header: Vec<String> = HEADER.map(str::to_owned).to_vec();
    for exercise in &class.exercises {
        header.push(exercise.id.clone());
        header.extend(exercise.checks.iter().map(|head| format!("{}: {}", exercise.id, head.name)));
    }
    header.push("comment".to_owned());
    Gradebook { header, rows: class.students.iter().map(|student| row(class, student)).collect() }
}

fn row(class: &Class, marks: &StudentMarks) -> Vec<Cell> {
    let student = &marks.student;
    let mut row = vec![
        Cell::text(&student.key),
        Cell::maybe(student.id.as_ref()),
        Cell::text(&student.name),
        Cell::maybe(student.email.as_ref()),
        student.on_roster.map_or(Cell::Empty, |on| Cell::text(if on { "yes" } else { "no" })),
        Cell::text(marks.state.name()),
        Cell::points(marks.points),
        Cell::Points(marks.points_least),
        Cell::Points(marks.points_open),
        Cell::Points(marks.points_most),
    ];
    for exercise in &class.exercises {
        let result = marks.results.iter().find(|result| result.scenario == exercise.id);
        row.extend(exercise_cells(exercise, result));
    }
    row.push(Cell::text(&comment(class, marks)));
    row
}

fn exercise_cells<'a>(exercise: &'a Exercise, result: Option<&'a Marked>) -> impl Iterator<Item = Cell> {
    let own = result.filter(|result| result.points_open == 0).map(|result| result.points);
    let check = move |name: &str| result?.checks.iter().find(|mark| mark.name == name)?.points;
    std::iter::once(Cell::points(own)).chain(exercise.checks.iter().map(move |head| Cell::points(check(&head.name))))
}

fn comment(class: &Class, marks: &StudentMarks) -> String {
    let many = class.exercises.len() > 1;
    let mut parts = Vec::new();
    for result in &marks.results {
        let place = if many { format!("{}: ", result.scenario) } else { String::new() };
        parts.extend(words::why(result, class.batch.lang).iter().map(|why| format!("{place}{why}")));
    }
    cut(&parts.join(" / "), TEXT_MOST)
}

/// As CSV for spreadsheets: the mark at its beginning makes Excel read it as UTF-8, and no cell is a formula.
pub fn csv(gradebook: &Gradebook) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![0xef, 0xbb, 0xbf]);
    let cell = |cell: &Cell| match cell {
        Cell::Empty => String::new(),
        Cell::Points(points) => points.to_string(),
        Cell::Text(text) => harmless(text),
    };
    // Writing to memory cannot fail, and all rows are of one length.
    let _ = writer.write_record(gradebook.header.iter().map(|name| harmless(name)));
    for row in &gradebook.rows {
        let _ = writer.write_record(row.iter().map(cell));
    }
    writer.into_inner().unwrap_or_default()
}

/// Text that a spreadsheet takes for text. It takes what begins with one of these for a formula, in Japanese also the wide ones.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
