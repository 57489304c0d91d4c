//! Several machines side by side on a terminal: a line a check, a column a machine, and below what differs.

use super::{Change, Verification, Verified};
use crate::clean::one_line;
use crate::report::results::{CheckPart, ScenarioPart};
use crate::report::terminal::{fitness_word, pad, widest};
use crate::wording::{Lang, Phrase, say};

/// Longest head of a column, longest title, and longest value of a difference, in characters.
const HEAD_MOST: usize = 28;
const TITLE_MOST: usize = 60;
const VALUE_MOST: usize = 60;
/// Most differences that a terminal shows of one kind; `verify.json` has all.
const MOST: usize = 12;

/// The table, where there are several machines.
pub fn table(all: &[Verified<'_>], verification: &Verification, lang: Lang) -> String {
    let Some(first) = all.first().filter(|_| all.len() > 1) else { return String::new() };
    let mut rows: Vec<Vec<String>> = vec![heads(all)];
    for scenario in &first.results.scenarios {
        rows.push(row(&scenario.id, all, |part| fitness(part, &scenario.id, lang)));
        for check in scenario.checks.iter().filter(|check| check.arm == "applied") {
            let title = format!("  {}", one_line(&check.title, TITLE_MOST));
            rows.push(row(&title, all, |part| figures(part, &scenario.id, &check.name)));
        }
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, at: usize| row.get(at).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|at| widest(rows.iter().map(|row| cell(row, at)).collect::<Vec<_>>().iter().map(String::as_str)))
        .collect();
    let mut out = String::from("\n");
    for row in &rows {
        let cells = widths.iter().enumerate().map(|(at, width)| pad(&cell(row, at), *width));
        out += &format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    for changes in &verification.changes {
        let phrase = Phrase::new("verify-changes").with("from", &changes.from).with("to", &changes.to);
        out += &format!("\n{}\n", phrase.with("count", changes.changes.len()).say(lang));
        out += &differences(&changes.changes, lang);
    }
    out
}

fn heads(all: &[Verified<'_>]) -> Vec<String> {
    let named = all.iter().map(|verified| one_line(&verified.named(), HEAD_MOST));
    std::iter::once(String::new()).chain(named).collect()
}

fn row(head: &str, all: &[Verified<'_>], cell: impl Fn(&[ScenarioPart]) -> String) -> Vec<String> {
    std::iter::once(head.to_owned()).chain(all.iter().map(|verified| cell(&verified.results.scenarios))).collect()
}

fn fitness(parts: &[ScenarioPart], id: &str, lang: Lang) -> String {
    let part = parts.iter().find(|part| part.id == id).and_then(|part| part.fitness.as_ref());
    part.map_or_else(|| "-".to_owned(), |part| fitness_word(part.fitness, lang))
}

/// A check before and after the fix.
fn figures(parts: &[ScenarioPart], id: &str, check: &str) -> String {
    let checks = parts.iter().filter(|part| part.id == id).flat_map(|part| &part.checks);
    let found = checks.filter(|part| part.name == check).find(|part| part.arm == "applied");
    found.map_or_else(|| "-".to_owned(), shown)
}

/// `before → after`, and the ratio of times.
pub fn shown(check: &CheckPart) -> String {
    let show = |value: f64| check.unit.show(value);
    let ratio = check.ratio.filter(|_| check.unit.depends_on_machine());
    let ratio = ratio.map_or_else(String::new, |ratio| format!(" (× {ratio:.2})"));
    match (check.control, check.value) {
        (Some(control), Some(value)) => format!("{} → {}{ratio}", show(control.value), show(value.value)),
        (Some(control), None) => format!("{} → -", show(control.value)),
        _ => "-".to_owned(),
    }
}

fn differences(changes: &[Change], lang: Lang) -> String {
    let mut out = String::new();
    for kind in ["figure", "setting", "package"] {
        let own: Vec<&Change> = changes.iter().filter(|change| change.kind == kind).collect();
        for change in own.iter().take(MOST) {
            let value =
                |value: &Option<String>| value.as_deref().map_or("-".to_owned(), |text| one_line(text, VALUE_MOST));
            out += &format!("  {}  {}: {} → {}\n", change.place, change.what, value(&change.from), value(&change.to));
        }
        if own.len() > MOST {
            let more =
                Phrase::new("verify-more").with("count", own.len() - MOST).with("kind", say(lang, kind_word(kind)));
            out += &format!("  {}\n", more.say(lang));
        }
    }
    out
}

/// The name of a kind of difference.
pub fn kind_word(kind: &str) -> &'static str {
    match kind {
        "figure" => "verify-kind-figure",
        "setting" => "verify-kind-setting",
        _ => "verify-kind-package",
    }
}
