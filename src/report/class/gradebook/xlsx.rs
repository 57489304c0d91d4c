//! The gradebook as a workbook: marks, what the class makes of them, and what needs a person.

use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::{Cell, Gradebook};
use crate::clean::one_line;
use crate::marks::Class;
use crate::report::class::words;
use crate::wording::say;

/// Widest column, in characters.
const WIDEST: usize = 60;

/// As XLSX. Text is written as text, whatever it begins with; the same class gives the same bytes.
///
/// # Errors
/// A sheet has no room for so many students.
pub fn xlsx(class: &Class, gradebook: &Gradebook) -> Result<Vec<u8>, XlsxError> {
    let lang = class.batch.lang;
    let mut book = Workbook::new();
    // The default would be now, and a judgement again would differ.
    let began = class.batch.started.get(..19).and_then(|began| ExcelDateTime::parse_from_str(began).ok());
    let began = began.unwrap_or_default();
    book.set_properties(&DocProperties::new().set_creation_datetime(&began));
    sheet(&mut book, &say(lang, "book-marks"), &gradebook.header, &gradebook.rows, 3)?;
    let summary = summary(class);
    sheet(&mut book, &say(lang, "book-summary"), &[say(lang, "book-what"), say(lang, "book-value")], &summary, 0)?;
    let (header, rows) = people(class);
    sheet(&mut book, &say(lang, "book-people"), &header, &rows, 0)?;
    book.save_to_buffer()
}

fn sheet(book: &mut Workbook, name: &str, header: &[String], rows: &[Vec<Cell>], frozen: u16) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_background_color(Color::RGB(0xE8_ED_F2)).set_align(FormatAlign::Top);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let number = Format::new().set_align(FormatAlign::Top);
    let sheet: &mut Worksheet = book.add_worksheet().set_name(name)?;
    for (column, title) in (0u16..).zip(header) {
        sheet.write_string_with_format(0, column, title, &head)?;
        let cells = rows.iter().filter_map(|row| row.get(usize::from(column)));
        let width = cells.map(width).chain([title.width() + 3]).max().unwrap_or(0);
        sheet.set_column_width(column, width.clamp(6, WIDEST) as f64 + 1.0)?;
    }
    for (at, row) in (1u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(row) {
            match cell {
                Cell::Empty => {}
                Cell::Points(points) => {
                    sheet.write_number_with_format(at, column, *points, &number)?;
                }
                Cell::Text(text) => {
                    sheet.write_string_with_format(at, column, text, &wrapped)?;
                }
            }
        }
    }
    sheet.set_freeze_panes(1, frozen)?;
    let (last_row, last_column) = (rows.len().try_into().unwrap_or(u32::MAX), (header.len() - 1) as u16);
    sheet.autofilter(0, 0, last_row, last_column)?;
    Ok(())
}

fn width(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.width(),
        _ => 0,
    }
}

/// Rows of what and how much.
fn summary(class: &Class) -> Vec<Vec<Cell>> {
    let (lang, summary) = (class.batch.lang, &class.summary);
    let row = |what: String, value: Cell| vec![Cell::text(&what), value];
    let points = |number: usize| Cell::Points(number.try_into().unwrap_or(u32::MAX));
    let mut rows = Vec::new();
    for (state, count) in &summary.states {
        rows.push(row(words::state(*state, lang), points(*count)));
    }
    rows.push(row(say(lang, "class-mean"), Cell::text(&words::percent(summary.mean))));
    rows.push(row(say(lang, "class-median"), Cell::text(&words::percent(summary.median))));
    for band in &summary.distribution {
        rows.push(row(format!("{}–{} %", band.from, band.to), points(band.students)));
    }
    let lost = say(lang, "class-points-lost");
    for cost in &summary.checks {
        let what = format!("{lost}: {} ({})", cost.title, cost.scenario);
        rows.push(row(what, Cell::Points(cost.points_lost)));
    }
    for cost in &summary.reasons {
        let what = format!("{lost}: {} ({})", one_line(&cost.text, 200), cost.scenario);
        rows.push(row(what, Cell::Points(cost.points_lost)));
    }
    rows
}

fn people(class: &Class) -> (Vec<String>, Vec<Vec<Cell>>) {
    let lang = class.batch.lang;
    let header = ["key", "name", "exercise", "check", "what", "message"].map(str::to_owned).to_vec();
    let row = |person: &crate::marks::NeedsPerson| {
        vec![
            Cell::text(&person.student),
            Cell::text(&words::name_of(class, &person.student)),
            Cell::text(&person.scenario),
            Cell::maybe(person.check.as_ref()),
            Cell::text(&words::wanted(&person.what, lang)),
            Cell::text(&person.message),
        ]
    };
    (header, class.summary.people.iter().map(row).collect())
}
