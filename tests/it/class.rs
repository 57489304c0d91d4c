//! What a graded class is given: gradebook, pages, files for platforms. Hostile text comes through harmless, and secrets do not.

mod course;
mod platforms;
mod sample;

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use saiten::marks::{Asked, Class, Exercise, State, StudentMarks, mark};
use saiten::report::class::gradebook::{Cell, csv, gradebook, xlsx};
use saiten::report::class::page::{Facts, page};
use saiten::report::class::summary_page::summary_page;
use saiten::report::class::{Translated, files, schema, student_files};
use saiten::report::terminal;
use saiten::scenario::Lang;

use crate::judge::{arm, scenario};
use course::{almost, course};
use sample::{HOSTILE, LONG_NAME, SECRETS, hostile};

const BOTH: [(Lang, &str); 2] = [(Lang::En, "en"), (Lang::Ja, "ja")];

pub fn by_key<'a>(class: &'a Class, key: &str) -> &'a StudentMarks {
    class.students.iter().find(|marks| marks.student.key == key).unwrap()
}

fn page_of(class: &Class, key: &str) -> String {
    let facts = Facts { batch: &class.batch, exercises: &class.exercises, other: Some(Lang::Ja) };
    page(by_key(class, key), facts, class.batch.lang)
}

/// What of a page could run, load, or be taken for markup, though text brought it in.
fn dangers(html: &str) -> Vec<&str> {
    let banned =
        ["<script", "javascript:", "http://", "https://", "<link", "<img", "<iframe", " onload", "@import", "url("];
    banned.into_iter().filter(|banned| html.contains(banned)).collect()
}

#[test]
fn the_gradebook_has_no_number_where_something_is_open_and_no_formula() {
    let class = hostile(Lang::En);
    let table = gradebook(&class);
    let at = |name: &str| table.header.iter().position(|column| column == name).unwrap();
    for (row, marks) in table.rows.iter().zip(&class.students) {
        assert_eq!(row.len(), table.header.len());
        let open = matches!(marks.state, State::Review | State::Waiting);
        assert_eq!(row[at("points")] == Cell::Empty, open, "{}", marks.student.key);
        assert_eq!(row[at("ssh/slow-login")] == Cell::Empty, open, "{}", marks.student.key);
    }
    let text = String::from_utf8(csv(&table)).unwrap();
    assert!(text.starts_with('\u{feff}'));
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let cells: Vec<String> =
        reader.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(cells.len(), table.header.len() * (class.students.len() + 1));
    for cell in &cells {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        assert!(!cell.chars().any(char::is_control), "{cell:?}");
    }
    assert!(cells.iter().any(|cell| cell.starts_with("'=cmd()")) && cells.iter().any(|cell| cell == "'=none"));
    insta::assert_snapshot!("gradebook_csv", text);
}

fn unzipped(bytes: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let read = |at: usize| {
        let mut file = archive.by_index(at).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        (file.name().unwrap().into_owned(), text)
    };
    (0..count).map(read).collect()
}

#[test]
fn the_workbook_opens_has_its_sheets_and_no_formula_and_is_the_same_again() {
    for (lang, sheets) in [(Lang::En, ["Marks", "Summary", "Needs a person"]), (Lang::Ja, ["成績", "まとめ", "要確認"])]
    {
        let class = hostile(lang);
        let bytes = xlsx(&class, &gradebook(&class)).unwrap();
        assert_eq!(bytes, xlsx(&class, &gradebook(&class)).unwrap());
        let parts = unzipped(&bytes);
        let part = |name: &str| &parts.iter().find(|(own, _)| own.ends_with(name)).unwrap().1;
        for sheet in sheets {
            assert!(part("xl/workbook.xml").contains(&format!("<sheet name=\"{sheet}\"")), "{sheet}");
        }
        assert!(part("docProps/core.xml").contains("2026-04-01T09:00:00Z"));
        let strings = part("sharedStrings.xml");
        assert!(strings.contains(">=cmd() ") && strings.contains(LONG_NAME), "text is as it was written");
        for number in 1..=3 {
            let sheet = part(&format!("sheet{number}.xml"));
            assert!(!sheet.contains("<f>") && !sheet.contains("<f ") && sheet.contains("<autoFilter "), "{sheet}");
            assert!(sheet.contains("state=\"frozen\"") && sheet.contains("<cols>"), "{sheet}");
        }
    }
}

#[test]
fn pages_read_well_in_both_languages() {
    for (lang, tag) in BOTH {
        let class = course(lang);
        let other = Some(if lang == Lang::En { Lang::Ja } else { Lang::En });
        let facts = Facts { batch: &class.batch, exercises: &class.exercises, other };
        let html = page(&almost(lang), facts, lang);
        assert!(html.contains(&format!("<html lang=\"{tag}\">")) && dangers(&html).is_empty());
        insta::assert_snapshot!(format!("page_{tag}"), shown(&html));
        let html = summary_page(&class);
        assert!(html.contains("students/s2601/index.html") && dangers(&html).is_empty());
        insta::assert_snapshot!(format!("summary_page_{tag}"), shown(&html));
        insta::assert_snapshot!(format!("class_terminal_{tag}"), terminal::class(&class, lang, false));
    }
}

/// A page without its style, a line an element: differences are to be read.
fn shown(html: &str) -> String {
    let (head, rest) = html.split_once("<style>").unwrap();
    let body = rest.split_once("</style>").unwrap().1;
    format!("{head}{body}").replace("><", ">\n<")
}

#[test]
fn every_state_has_a_page_and_nothing_hidden_or_hostile_gets_onto_it() {
    for (lang, _) in BOTH {
        let class = hostile(lang);
        for marks in &class.students {
            let html = page_of(&class, &marks.student.key);
            assert_eq!(dangers(&html), Vec::<&str>::new(), "{html}");
            assert!(html.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{}", marks.student.key);
            for secret in SECRETS {
                assert!(!html.contains(secret), "{} has {secret}", marks.student.key);
            }
        }
        let html = summary_page(&class);
        assert_eq!(dangers(&html), Vec::<&str>::new());
        assert!(html.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    }
    let class = hostile(Lang::En);
    let bad = page_of(&class, "bad");
    for told in ["1 hidden check, worth 2 points", "&lt;script&gt;", "another check has to hold first", "exit status 1"]
    {
        assert!(bad.contains(told), "{told}");
    }
    assert!(page_of(&class, "open").contains("9 points are still open"));
    assert!(page_of(&class, "late").contains("<span class=\"big\">–</span>"), "no number before there is one");
    assert!(page_of(&class, "none").contains("Nothing was handed in."));
}

#[test]
fn where_the_bound_lies_is_in_the_marks_and_in_the_figure() {
    let slow: &[(f64, f64)] = &[(3.4, 1.0), (3.6, 1.0), (3.9, 1.0)];
    let quick: &[(f64, f64)] = &[(0.3, 0.0), (0.31, 0.0), (0.35, 0.0)];
    let calibration = [arm("omitted", &[], slow), arm("applied", &["a", "b"], quick)];
    let asked = Asked { lang: Lang::En, solutions: false };
    let marked = mark(&scenario(), &calibration, &arm("submission:x", &[], slow), asked);
    let limits: Vec<_> = marked.checks.iter().map(|mark| (mark.at_most, mark.at_least)).collect();
    assert_eq!(limits, [(Some(0.3 * 3.6), None), (None, None)]);
    let marks = sample::student("x", "x", vec![marked]);
    let (batch, exercises) = (sample::batch(Lang::En), [Exercise::of(&scenario(), Lang::En)]);
    let html = page(&marks, Facts { batch: &batch, exercises: &exercises, other: None }, Lang::En);
    assert!(html.contains(">at most 1.08 s</text>") && html.matches("<circle").count() == 3, "{html}");
}

#[test]
fn solutions_are_told_only_where_the_marks_have_them() {
    let class = hostile(Lang::En);
    assert!(page_of(&class, "bad").contains("What to write"));
    assert!(!page_of(&class, "open").contains("What to write"));
}

#[test]
fn the_terminal_tells_of_a_class_that_was_not_graded_and_is_not_steered() {
    for (lang, tag) in BOTH {
        let mut class = hostile(lang);
        class.batch.not_calibrated = vec!["login.time: the symptom did not appear".to_owned()];
        let text = terminal::class(&class, lang, false);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        insta::assert_snapshot!(format!("class_hostile_{tag}"), text);
        assert!(summary_page(&class).contains("login.time: the symptom did not appear"));
    }
    assert!(terminal::class(&course(Lang::En), Lang::En, true).contains('\u{1b}'));
}

#[test]
fn files_are_all_there_and_lead_to_each_other() {
    let (class, other) = (hostile(Lang::Ja), hostile(Lang::En));
    let names: BTreeSet<String> = files(&class).into_iter().map(|(name, _)| name).collect();
    let wanted = ["gradebook.csv", "gradebook.xlsx", "junit.xml", "results.json", "summary.html"];
    assert_eq!(names, wanted.map(str::to_owned).into());
    // Nobody has handed in, or nobody is there: still all files.
    assert_eq!(files(&sample::class(Lang::Ja, Vec::new(), Vec::new())).len(), wanted.len());
    let translated = Translated { lang: Lang::En, exercises: &other.exercises, marks: by_key(&other, "bad") };
    let own = student_files(&class, by_key(&class, "bad"), Some(translated), None);
    let text = |name: &str| String::from_utf8(own.iter().find(|(own, _)| own == name).unwrap().1.clone()).unwrap();
    assert_eq!(own.len(), 3);
    assert!(text("index.html").contains("lang=\"ja\"") && text("index.html").contains("href=\"index.en.html\""));
    assert!(text("index.en.html").contains("lang=\"en\"") && text("index.en.html").contains("href=\"index.html\""));
    let alone = student_files(&class, by_key(&class, "bad"), None, Some(&platforms::submission()));
    let names: Vec<&str> = alone.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["index.html", "gradescope.json", "classroom50.json"]);
    assert!(!String::from_utf8_lossy(&alone[0].1).contains("hreflang"));
}

#[test]
fn results_of_a_class_follow_their_schema() {
    let class = hostile(Lang::En);
    let json = files(&class).into_iter().find(|(name, _)| name == "results.json").unwrap().1;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["version"], &json["students"][0]["name"]), (&1.into(), &HOSTILE.into()));
    let schema = schema();
    let keys = |value: &serde_json::Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    let student = &json["students"][0];
    let result = &student["results"][0];
    for (value, definition) in [
        (&json, &schema),
        (&json["batch"], &schema["$defs"]["BatchPart"]),
        (&json["exercises"][0], &schema["$defs"]["Exercise"]),
        (student, &schema["$defs"]["StudentMarks"]),
        (result, &schema["$defs"]["Marked"]),
        (&result["checks"][0], &schema["$defs"]["CheckMark"]),
        (&json["summary"], &schema["$defs"]["Summary"]),
    ] {
        assert_eq!(keys(value), keys(&definition["properties"]));
    }
}
