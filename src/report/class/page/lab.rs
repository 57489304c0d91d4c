//! What went on in the lab: scripts, files, notes, figures, evidence. All of it is text that a student could have chosen.

use maud::{Markup, html};

use super::Section;
use crate::clean::{clean, cut, one_line};
use crate::measure::Unit;
use crate::report::class::html::prose;
use crate::report::class::words;
use crate::stats::Estimate;
use crate::wording::Phrase;

/// Longest output or diff on a page, in characters; the evidence has all of it.
const TEXT_MOST: usize = 8000;
/// Most figures and notes on a page.
const MOST: usize = 60;

/// What the scripts did.
pub fn runs(section: &Section<'_>) -> Markup {
    html! {
        @if !section.result.runs.is_empty() { h3 { (section.say("page-runs")) } }
        @for run in &section.result.runs {
            p.caption {
                code { (one_line(&run.endpoint, 100)) }
                @let status = Phrase::new("page-status").with("status", run.status);
                span.(if run.status == 0 { "faint" } else { "fail" }) { (status.say(section.lang)) }
                span.faint { (Unit::Seconds.show(run.took)) }
            }
            @let output = cut(clean(&run.output).trim_end(), TEXT_MOST);
            pre { @if output.is_empty() { span.faint { (section.say("page-no-output")) } } @else { (output) } }
        }
    }
}

/// What became of the files.
pub fn changes(section: &Section<'_>) -> Markup {
    html! {
        @if !section.result.changes.is_empty() { h3 { (section.say("page-changes")) } }
        @for change in &section.result.changes {
            p.caption {
                code { (one_line(&change.path, 300)) }
                span.faint { (one_line(&change.endpoint, 100)) }
            }
            @if change.diff.trim().is_empty() {
                pre { span.faint { (section.say("page-no-change")) } }
            } @else {
                pre.diff { @for line in cut(&clean(&change.diff), TEXT_MOST).lines() { span.(kind(line)) { (line) "\n" } } }
            }
        }
    }
}

/// The class of style of a line of a diff.
fn kind(line: &str) -> &'static str {
    if line.starts_with("+++") || line.starts_with("---") || line.starts_with("@@") {
        "hunk"
    } else if line.starts_with('+') {
        "add"
    } else if line.starts_with('-') {
        "del"
    } else {
        "same"
    }
}

/// What was noticed, and where the time went.
pub fn notes(section: &Section<'_>) -> Markup {
    let result = section.result;
    html! {
        @for (id, notes) in [("page-findings", &result.findings), ("page-remarks", &result.remarks)] {
            @if !notes.is_empty() {
                h3 { (section.say(id)) }
                ul.list { @for note in notes.iter().take(MOST) { li { (prose(&words::plain(note, section.lang))) } } }
            }
        }
    }
}

/// All figures, next to those of the batch's labs.
pub fn figures(section: &Section<'_>) -> Markup {
    let figures = section.told.figures();
    let show = |unit: Unit, value: Option<Estimate>| {
        value.map_or_else(|| "–".to_owned(), |value| words::value(&unit.show(value.value), section.lang))
    };
    html! {
        @if !figures.is_empty() {
            h3 { (section.say("page-figures")) }
            div.scroll {
                table.rows {
                    thead {
                        tr {
                            th scope="col" { (section.say("page-metric")) }
                            @for id in ["arm-own", "arm-omitted", "arm-applied"] { th.num scope="col" { (section.say(id)) } }
                        }
                    }
                    tbody {
                        @for figure in figures.into_iter().take(MOST) {
                            tr {
                                td { code { (one_line(&figure.metric, 200)) } }
                                td.num { b { (show(figure.unit, figure.value)) } }
                                td.num { (show(figure.unit, figure.control)) }
                                td.num { (show(figure.unit, figure.reference)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What can be looked up, and how to tell that it is what was judged.
pub fn evidence(section: &Section<'_>) -> Markup {
    let result = section.result;
    html! {
        @if !result.evidence.is_empty() || !result.digest.is_empty() {
            h3 { (section.say("page-evidence")) }
            ul.list {
                @if !result.digest.is_empty() {
                    li { (section.say("page-digest")) " " span.hash.mono { "sha256:" (one_line(&result.digest, 100)) } }
                }
                @for file in result.evidence.iter().take(MOST) {
                    li {
                        code { (one_line(&file.path, 300)) }
                        @if let Some(sum) = &file.sha256 { " " span.hash.mono { "sha256:" (one_line(sum, 100)) } }
                    }
                }
            }
        }
    }
}
