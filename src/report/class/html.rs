//! What all pages share: the frame, the style, icons, pills. Pages load nothing and run nothing, whatever a student has handed in.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::words;
use crate::clean::clean;
use crate::marks::{BatchPart, Standing, State};
use crate::wording::{Lang, Phrase};

const STYLE: &str = include_str!("page.css");

/// Refuses everything but the style that is in the page itself, should some text ever get through as markup.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A page around its content.
pub fn frame(lang: Lang, title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(tag(lang)) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    };
    page.into_string()
}

/// The bar on top: whose page it is, when, and the way to the other language.
pub fn top(batch: &BatchPart, lang: Lang, other: Option<(Lang, String)>) -> Markup {
    html! {
        header.top {
            span.brand { span.seal aria-hidden="true" { "採点" } "Saiten" }
            time datetime=(batch.started) { (date(&batch.started)) }
            @if let Some((other, file)) = other {
                a href=(file) lang=(tag(other)) hreflang=(tag(other)) {
                    (match other { Lang::En => "English", Lang::Ja => "日本語" })
                }
            }
        }
        @if batch.interrupted {
            p.notice.open { (Phrase::new("summary-interrupted").say(lang)) }
        }
    }
}

/// The line at the bottom.
pub fn bottom(batch: &BatchPart, lang: Lang) -> Markup {
    let phrase = Phrase::new("page-made-by").with("saiten", &batch.saiten).with("batch", clean(&batch.id));
    html! { footer { (phrase.with("backend", clean(&batch.backend)).say(lang)) } }
}

/// A language as HTML names it.
pub fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "en",
        Lang::Ja => "ja",
    }
}

/// To the minute.
pub fn date(started: &str) -> String {
    match started.get(..16) {
        Some(minute) => format!("{} UTC", minute.replace('T', " ")),
        None => clean(started),
    }
}

/// The class of style of a standing.
pub fn tone(standing: Standing) -> &'static str {
    match standing {
        Standing::Pass => "pass",
        Standing::Partial => "partial",
        Standing::Fail => "fail",
        Standing::Skipped => "skipped",
        Standing::Unsupported | Standing::Inconclusive | Standing::Error => "open",
    }
}

/// A standing as an icon and a word: neither colour nor shape is all there is.
pub fn standing(standing: Standing, lang: Lang) -> Markup {
    let shape = match standing {
        Standing::Pass => "M3.5 8.5 6.7 11.7 12.7 4.7",
        Standing::Partial => "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11",
        Standing::Fail => "M4 4l8 8M12 4l-8 8",
        Standing::Skipped => "M3.5 8h9",
        _ => "M5.4 6a2.6 2.6 0 1 1 3.9 2.3C8.4 8.8 8 9.2 8 10.2M8 13v.2",
    };
    html! {
        span.standing.(tone(standing)) {
            svg.icon viewBox="0 0 16 16" aria-hidden="true" {
                path d=(shape) {}
                @if standing == Standing::Partial { path.half d="M8 2.5a5.5 5.5 0 0 1 0 11" {} }
            }
            span { (words::standing(standing, lang)) }
        }
    }
}

/// A state as a pill.
pub fn pill(state: State, lang: Lang) -> Markup {
    let tone = match state {
        // Neither good nor bad: the points tell.
        State::Graded | State::Waiting => "skipped",
        State::Missing => "partial",
        State::Refused => "fail",
        State::Review => "open",
    };
    html! { span.pill.(tone) { (words::state(state, lang)) } }
}

/// Prose of a scenario or a lab, in which `this` is code.
pub fn prose(text: &str) -> Markup {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    // A mark without its other half is a mark.
    let paired = parts.len() % 2 == 1;
    html! {
        @if paired {
            @for (at, part) in parts.into_iter().enumerate() {
                @if at % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// A bar of points: given, open, and not given.
pub fn meter(given: u32, open: u32, most: u32) -> Markup {
    let share = |points: u32| f64::from(points) / f64::from(most.max(1)) * 100.0;
    html! {
        div.meter aria-hidden="true" {
            @if given > 0 { span.given style=(format!("width:{:.2}%", share(given))) {} }
            @if open > 0 { span.open style=(format!("width:{:.2}%", share(open))) {} }
        }
    }
}
