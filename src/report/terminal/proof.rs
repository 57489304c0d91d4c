//! The proof table: a line a submission, and what is not as it must be.

use std::fmt::Write as _;

use super::style::{Paint, pad, widest};
use crate::report::proof::Row;
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase, say};

/// The table, and one line that counts.
pub fn proof(rows: &[Row], lang: Lang, color: bool) -> String {
    let paint = Paint { color };
    let mut out = format!("\n{}\n", paint.bold(&say(lang, "proof-title")));
    let names = widest(rows.iter().map(|row| row.submission.as_str()));
    let titles = widest(rows.iter().map(|row| row.title.as_str()));
    let mut last = "";
    // Writing to a string cannot fail.
    for row in rows {
        if row.scenario != last {
            let _ = writeln!(out, "  {}", row.scenario);
            last = &row.scenario;
        }
        let mark = match row.wrong.is_empty() {
            true => paint.verdict(Verdict::Pass, "✓"),
            false => paint.verdict(Verdict::Fail, "✗"),
        };
        let told = |id: &str, checks: &[String]| {
            (!checks.is_empty()).then(|| Phrase::new(id).with("checks", checks.join(", ")).say(lang))
        };
        let parts: Vec<String> =
            told("proof-fails", &row.failed).into_iter().chain(told("proof-undecided", &row.undecided)).collect();
        let got = if parts.is_empty() { say(lang, "proof-passes") } else { parts.join("; ") };
        let (name, title) = (pad(&row.submission, names), pad(&row.title, titles));
        let _ = writeln!(out, "  {mark} {name}  {title}  {}", paint.faint(&got));
        for reason in &row.reasons {
            let _ = writeln!(out, "      {} {reason}", say(lang, "summary-reason"));
        }
        for wrong in &row.wrong {
            let _ = writeln!(out, "      {} {wrong}", paint.verdict(Verdict::Fail, "✗"));
        }
    }
    let right = rows.iter().filter(|row| row.wrong.is_empty()).count();
    let phrase = Phrase::new("proof-count").with("right", right).with("all", rows.len());
    let _ = writeln!(out, "{}", phrase.say(lang));
    out
}
