//! The mutants' table: how many each check notices, which nobody notices, and what that means.

use std::fmt::Write as _;

use super::style::{Paint, pad, widest};
use crate::mutant::kill::Checked;
use crate::report::mutants::Table;
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase, say};

/// The table, and one line that counts.
pub fn mutants(tables: &[Table], lang: Lang, color: bool) -> String {
    let paint = Paint { color };
    let mut out = format!("\n{}\n", paint.bold(&say(lang, "mutants-title")));
    let width = widest(tables.iter().flat_map(|table| &table.checks).map(|check| check.name.as_str()));
    // Writing to a string cannot fail.
    for table in tables {
        let _ = writeln!(out, "  {}", table.scenario);
        for check in &table.checks {
            let mark = match check.verdict {
                Some(verdict @ Verdict::Pass) => paint.verdict(verdict, "✓"),
                Some(verdict) => paint.verdict(verdict, "✗"),
                None => " ".to_owned(),
            };
            let told = told(check, table.mutants.len(), lang);
            let _ = writeln!(out, "  {mark} {}  {}", pad(&check.name, width), paint.faint(&told));
        }
        for mutant in &table.mutants {
            if let Some(meaning) = &mutant.survives {
                let phrase = Phrase::new("mutants-survivor").with("name", &mutant.name).with("title", &mutant.title);
                let _ = writeln!(out, "      {}", phrase.with("meaning", meaning).say(lang));
            } else if !mutant.undecided.is_empty() {
                let why = mutant.error.clone().unwrap_or_else(|| mutant.undecided.join(", "));
                let phrase = Phrase::new("mutants-undecided").with("name", &mutant.name).with("why", why);
                let _ = writeln!(out, "      {}", phrase.say(lang));
            }
        }
        if let Some(restricted) = &table.restricted {
            let _ = writeln!(out, "      {}", paint.faint(restricted));
        }
    }
    let all = || tables.iter().flat_map(|table| &table.mutants);
    let killed = all().filter(|mutant| !mutant.killed_by.is_empty()).count();
    let phrase = Phrase::new("mutants-count").with("killed", killed).with("all", all().count());
    let _ = writeln!(out, "{}", phrase.say(lang));
    out
}

fn told(check: &Checked, of: usize, lang: Lang) -> String {
    let id = match (check.verdict, check.kills.is_empty()) {
        (Some(Verdict::Vacuous), _) => "mutants-vacuous",
        (Some(_), true) => "mutants-open",
        _ => "mutants-kills",
    };
    let phrase = Phrase::new(id).with("count", check.kills.len()).with("of", of);
    phrase.with("alone", check.alone.len()).say(lang)
}
