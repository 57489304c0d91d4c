//! The table of checks: what came of each, and what helps to do better.

use maud::{Markup, html};

use super::Section;
use super::figure::figure;
use crate::clean::clean;
use crate::marks::{CheckMark, Standing};
use crate::report::class::html::{prose, standing, tone};
use crate::report::class::words;
use crate::wording::{Phrase, say};

pub fn checks(section: &Section<'_>) -> Markup {
    let lang = section.lang;
    html! {
        @if section.told.checks.is_empty() {
            (unjudged(section))
        } @else {
            table.checks {
                thead {
                    tr {
                        th scope="col" { (say(lang, "page-result")) }
                        th scope="col" { (say(lang, "page-check")) }
                        th scope="col" { (say(lang, "page-observed")) }
                        th scope="col" { (say(lang, "page-expected")) }
                        th.num scope="col" { (say(lang, "page-points")) }
                    }
                }
                @for (at, mark) in section.told.checks.iter().enumerate() { (row(section, at, mark)) }
            }
        }
        @if let Some(hidden) = section.told.hidden_in_words(lang) { p.secret.sub { (hidden) } }
    }
}

/// Checks of which nothing is known but what they are worth.
fn unjudged(section: &Section<'_>) -> Markup {
    html! {
        @if !section.told.heads.is_empty() {
            table.rows {
                thead {
                    tr {
                        th scope="col" { (section.say("page-check")) }
                        th.num scope="col" { (section.say("page-points")) }
                    }
                }
                tbody {
                    @for head in &section.told.heads {
                        tr { td { (clean(&head.title)) } td.num { "– / " (head.points_most) } }
                    }
                }
            }
        }
    }
}

fn row(section: &Section<'_>, at: usize, mark: &CheckMark) -> Markup {
    let lang = section.lang;
    let counts = mark.standing != Standing::Skipped;
    let observed = mark
        .observed
        .as_deref()
        .filter(|_| counts)
        .map_or_else(|| "–".to_owned(), |text| words::value(&clean(text), lang));
    html! {
        tbody {
            tr {
                td { (standing(mark.standing, lang)) }
                td.name { (clean(&mark.title)) }
                td data-label=(say(lang, "page-observed")) { (observed) }
                td data-label=(say(lang, "page-expected")) { (words::plain(&mark.expected, lang)) }
                td.num.points {
                    b.(tone(mark.standing)) { (mark.points.map_or_else(|| "–".to_owned(), |points| points.to_string())) }
                    span.faint { " / " (mark.points_most) }
                }
            }
            @if let Some(detail) = detail(section, at, mark) { tr.detail { td colspan="5" { (detail) } } }
        }
    }
}

/// What there is to say of a check beyond its line; nothing of one that simply holds.
fn detail(section: &Section<'_>, at: usize, mark: &CheckMark) -> Option<Markup> {
    let lang = section.lang;
    let drawn = figure(section, at, mark);
    if mark.standing == Standing::Pass && drawn.is_none() {
        return None;
    }
    let message = section.told.message(mark, lang);
    let told = mark.standing != Standing::Pass && !message.is_empty() && !repeats(mark, &message, lang);
    let has_advice = !mark.reasons.is_empty() || mark.hint.is_some() || mark.solution.is_some();
    Some(html! {
        @if told { p.message { (prose(&message)) } }
        @if mark.standing.is_open() { p.open { (say(lang, "told-open")) } }
        @if has_advice {
            dl.say {
                @if !mark.reasons.is_empty() { dt { (Phrase::new("page-reasons").with("count", mark.reasons.len()).say(lang)) } }
                @for reason in &mark.reasons { dd { (prose(&reason.text)) } }
                @if let Some(hint) = &mark.hint { dt { (say(lang, "page-hint")) } dd { (prose(hint)) } }
                @if let Some(solution) = &mark.solution {
                    dt { (say(lang, "page-solution")) }
                    dd { pre { (clean(solution)) } }
                }
            }
        }
        @if let Some(drawn) = drawn { (drawn) }
    })
}

/// Whether a message only says again what the line above has: what was found, and what was expected.
fn repeats(mark: &CheckMark, message: &str, lang: crate::wording::Lang) -> bool {
    let Some(observed) = mark.observed.as_ref().filter(|_| matches!(mark.standing, Standing::Fail | Standing::Partial))
    else {
        return false;
    };
    let phrase = Phrase::new("verdict-does-not-hold").with("metric", &mark.metric).with("value", observed);
    words::plain(&phrase.with("bounds", &mark.expected).say(lang), lang) == message
}
