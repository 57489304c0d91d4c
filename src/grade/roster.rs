//! The roster: who is in the class, as a CSV file that Moodle, Classroom or a spreadsheet wrote.

mod columns;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Read;

use csv::{ReaderBuilder, StringRecord};

use crate::clean::one_line;
use crate::wording::Phrase;
use columns::{Column, Columns};

/// Largest roster, in bytes.
const MOST_BYTES: u64 = 5 << 20;
/// Most students.
const MOST_ROWS: usize = 20_000;
/// Most characters of a field; what is longer is cut.
const FIELD: usize = 200;

/// Who is in the class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Students, in the file's order.
    pub rows: Vec<Row>,
}

/// A student on the roster. Fields are cleaned; at least one that says who it is is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// Student id.
    pub id: Option<String>,
    /// Moodle's number of the participant, which its exports have in their names.
    pub participant: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// The full name the other way round, where the roster has its parts.
    pub reversed: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name on GitHub, or on another platform.
    pub github: Option<String>,
    /// What the entry is called, where that says nothing else.
    pub submission: Option<String>,
}

impl Row {
    /// What to call the student: the name, or what else is known.
    pub fn called(&self) -> &str {
        let known = [&self.name, &self.id, &self.email, &self.github, &self.submission, &self.participant];
        known.into_iter().flatten().next().map_or("?", String::as_str)
    }
}

impl Roster {
    /// Reads a roster.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(from: impl Read) -> Result<Self, Phrase> {
        let mut bytes = Vec::new();
        let took = from.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        took.map_err(|err| Phrase::new("roster-unreadable").with("why", err))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(Phrase::new("roster-large").with("mib", MOST_BYTES >> 20));
        }
        let text = str::from_utf8(&bytes).map_err(|err| {
            let line = bytes[..err.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Phrase::new("roster-encoding").with("line", line)
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::of_text(text)
    }

    fn of_text(text: &str) -> Result<Self, Phrase> {
        let separator = separator(text);
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let mut records = lines.map(|(text, line)| Ok((line, record(text, separator, line)?)));
        let header = records.next().ok_or_else(|| Phrase::new("roster-empty"))??.1;
        let columns = Columns::of(&header)?;
        let mut roster = Roster::default();
        let mut known = Known::default();
        for record in records {
            let (line, record) = record?;
            if record.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            let rest = record.iter().skip(header.len()).any(|field| !field.trim().is_empty());
            if rest {
                let phrase = Phrase::new("roster-fields").with("line", line).with("is", record.len());
                return Err(phrase.with("most", header.len()));
            }
            if roster.rows.len() >= MOST_ROWS {
                return Err(Phrase::new("roster-many").with("most", MOST_ROWS));
            }
            let row = row(line, &record, &columns)?;
            known.add(&row)?;
            roster.rows.push(row);
        }
        match roster.rows.is_empty() {
            true => Err(Phrase::new("roster-empty")),
            false => Ok(roster),
        }
    }
}

/// The separator: whichever the first line has most of.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in first.bytes() {
        quoted ^= byte == b'"';
        counts.iter_mut().filter(|(separator, _)| *separator == byte && !quoted).for_each(|(_, count)| *count += 1);
    }
    // The last of equals: so a comma comes last.
    counts.reverse();
    counts.iter().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}

/// The fields of one line. Taken line by line, so that a quotation mark too many spoils one line only, and errors name the right one.
fn record(text: &str, separator: u8, line: u64) -> Result<StringRecord, Phrase> {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(separator).buffer_capacity(text.len().max(1));
    let record = reader.from_reader(text.as_bytes()).into_records().next().and_then(Result::ok).unwrap_or_default();
    let open = text.matches('"').count() % 2 == 1 || record.iter().any(|field| field.contains(['\n', '\r']));
    match open {
        true => Err(Phrase::new("roster-quote").with("line", line)),
        false => Ok(record),
    }
}

fn row(line: u64, record: &StringRecord, columns: &Columns) -> Result<Row, Phrase> {
    let field = |column| {
        let text = columns.place(column).and_then(|at| record.get(at)).unwrap_or_default();
        Some(one_line(text, FIELD)).filter(|text| !text.is_empty())
    };
    let (first, last) = (field(Column::First), field(Column::Last));
    let joined = |one: &Option<String>, other: &Option<String>| {
        let parts: Vec<&str> = [one, other].into_iter().flatten().map(String::as_str).collect();
        Some(parts.join(" ")).filter(|name| !name.is_empty())
    };
    let participant = field(Column::Participant).map(|text| text.chars().filter(char::is_ascii_digit).collect());
    let row = Row {
        line,
        id: field(Column::Id),
        participant: participant.filter(|number: &String| !number.is_empty()),
        name: field(Column::Name).or_else(|| joined(&first, &last)),
        reversed: joined(&last, &first),
        email: field(Column::Email),
        github: field(Column::Github),
        submission: field(Column::Submission),
    };
    match row.called() {
        "?" => Err(Phrase::new("roster-nobody").with("line", line)),
        _ => Ok(row),
    }
}

/// What earlier lines said that no two may say.
#[derive(Default)]
struct Known(BTreeMap<(&'static str, String), u64>);

impl Known {
    fn add(&mut self, row: &Row) -> Result<(), Phrase> {
        let fields = [
            ("id", &row.id),
            ("identifier", &row.participant),
            ("email", &row.email),
            ("github", &row.github),
            ("submission", &row.submission),
        ];
        for (column, value) in fields {
            let Some(value) = value else { continue };
            if let Some(before) = self.0.insert((column, value.to_lowercase()), row.line) {
                let phrase = Phrase::new("roster-twice").with("line", row.line).with("before", before);
                return Err(phrase.with("column", column).with("value", value));
            }
        }
        Ok(())
    }
}
