//! What the terminal says of a graded class: how it did, what cost most, who needs a person.

use std::fmt::Write as _;

use super::style::{Paint, pad, pad_left, widest};
use crate::clean::one_line;
use crate::marks::{CheckCost, Class, Standing};
use crate::report::class::words;
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase, say};

/// Most checks and reasons that are told.
const COSTS_MOST: usize = 5;
/// Most things that need a person; the pages have all of them.
const PEOPLE_MOST: usize = 10;
/// Longest text of a line, in characters.
const TEXT_MOST: usize = 160;

/// The summary of a batch, whose marks are in `lang`.
pub fn class(class: &Class, lang: Lang, color: bool) -> String {
    let paint = Paint { color };
    let mut out = String::new();
    for exercise in &class.exercises {
        line(&mut out, &format!("{}  {}", paint.bold(&exercise.id), one_line(&exercise.title, TEXT_MOST)));
    }
    if !class.batch.not_calibrated.is_empty() {
        line(&mut out, &paint.verdict(Verdict::Error, &say(lang, "class-not-calibrated")));
        for why in &class.batch.not_calibrated {
            line(&mut out, &format!("  {}", one_line(why, TEXT_MOST * 2)));
        }
    }
    costs(&mut out, class, lang, paint);
    people(&mut out, class, lang, paint);
    line(&mut out, &last_line(class, lang));
    out
}

/// Writing to a string cannot fail.
fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", text.trim_end());
}

fn costs(out: &mut String, class: &Class, lang: Lang, paint: Paint) {
    let many = class.exercises.len() > 1;
    let place = |scenario: &str| if many { format!("  [{scenario}]") } else { String::new() };
    let checks = class.summary.checks.iter().filter(|cost| cost.points_lost > 0).take(COSTS_MOST);
    let checks = checks.map(|cost| {
        let title = format!("{}{}", one_line(&cost.title, TEXT_MOST), place(&cost.scenario));
        (cost.points_lost, title, paint.faint(&standings(cost, lang)))
    });
    table(out, &say(lang, "class-checks"), &checks.collect::<Vec<_>>(), lang, paint);
    let reasons = class.summary.reasons.iter().take(COSTS_MOST);
    let reasons = reasons.map(|cost| {
        let text = format!("{}{}", one_line(&cost.text, TEXT_MOST), place(&cost.scenario));
        (cost.points_lost, words::counted(lang, cost.students), text)
    });
    table(out, &say(lang, "class-reasons"), &reasons.collect::<Vec<_>>(), lang, paint);
}

/// What came of a check, but for those who passed.
fn standings(cost: &CheckCost, lang: Lang) -> String {
    let told = cost.standings.iter().filter(|(standing, _)| **standing != Standing::Pass);
    told.map(|(standing, count)| format!("{} {count}", words::standing(*standing, lang))).collect::<Vec<_>>().join(", ")
}

/// Points and two columns, the last of which may be long.
fn table(out: &mut String, title: &str, rows: &[(u32, String, String)], lang: Lang, paint: Paint) {
    if rows.is_empty() {
        return;
    }
    line(out, "");
    line(out, &paint.bold(title));
    let points: Vec<String> =
        rows.iter().map(|(points, ..)| Phrase::new("told-points").with("points", points).say(lang)).collect();
    let first = widest(points.iter().map(String::as_str));
    let second = widest(rows.iter().map(|(_, what, _)| what.as_str()));
    for ((_, what, more), points) in rows.iter().zip(&points) {
        line(out, &format!("  {}  {}  {more}", pad_left(points, first), pad(what, second)));
    }
}

fn people(out: &mut String, class: &Class, lang: Lang, paint: Paint) {
    let people = &class.summary.people;
    if people.is_empty() {
        return;
    }
    line(out, "");
    line(out, &paint.bold(&say(lang, "class-people")));
    let shown = &people[..people.len().min(PEOPLE_MOST)];
    let names: Vec<String> = shown.iter().map(|person| one_line(&words::name_of(class, &person.student), 40)).collect();
    let whats: Vec<String> = shown.iter().map(|person| words::wanted(&person.what, lang)).collect();
    let (first, second) = (widest(names.iter().map(String::as_str)), widest(whats.iter().map(String::as_str)));
    for ((person, name), what) in shown.iter().zip(&names).zip(&whats) {
        let check = person.check.as_ref().map(|check| words::title_of(class, &person.scenario, check));
        let place = check.map_or_else(|| person.scenario.clone(), |title| one_line(&title, 60));
        let what = paint.verdict(Verdict::Inconclusive, &pad(what, second));
        line(
            out,
            &format!(
                "  {}  {what}  {place}: {}",
                pad(name, first),
                one_line(&words::plain(&person.message, lang), TEXT_MOST)
            ),
        );
    }
    if people.len() > shown.len() {
        line(
            out,
            &format!("  {}", Phrase::new("ladders-left-out").with("count", people.len() - shown.len()).say(lang)),
        );
    }
}

fn last_line(class: &Class, lang: Lang) -> String {
    let summary = &class.summary;
    let states = summary.states.iter().map(|(state, count)| format!("{} {count}", words::state(*state, lang)));
    let states: Vec<String> = states.collect();
    let spread = format!(
        "{} {}, {} {}",
        say(lang, "class-mean"),
        words::percent(summary.mean),
        say(lang, "class-median"),
        words::percent(summary.median)
    );
    let interrupted =
        if class.batch.interrupted { format!("  {}", say(lang, "summary-interrupted")) } else { String::new() };
    let count = words::counted(lang, class.students.len());
    format!("\n{count}: {}  {spread}  {:.1} s{interrupted}", states.join(", "), class.batch.took)
}
