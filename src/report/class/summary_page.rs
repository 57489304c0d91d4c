//! The instructor's page: how the class did, what cost most, who needs a person, and the way to each student's page.

use maud::{Markup, html};

use super::html::{bottom, frame, meter, pill, prose, standing, top};
use super::words;
use crate::clean::{clean, one_line};
use crate::marks::{Class, StudentMarks, Summary};
use crate::wording::{Lang, Phrase, say};

/// Most checks and reasons in a table.
const MOST: usize = 20;

/// What lies next to it.
const FILES: [&str; 4] = ["gradebook.xlsx", "gradebook.csv", "results.json", "junit.xml"];

/// `summary.html`, in the batch's language.
pub fn summary_page(class: &Class) -> String {
    let lang = class.batch.lang;
    let titles: Vec<String> = class.exercises.iter().map(|exercise| one_line(&exercise.title, 200)).collect();
    let content = html! {
        (top(&class.batch, lang, None))
        h1 { (titles.join(" · ")) }
        p.sub {
            (words::counted(lang, class.students.len()))
            @for exercise in &class.exercises { " · " code { (exercise.id) } }
        }
        p.sub {
            @for (at, file) in FILES.iter().enumerate() {
                @if at > 0 { " · " }
                a href=(file) { (file) }
            }
        }
        @if !class.batch.not_calibrated.is_empty() {
            div.notice.fail role="note" {
                b { (say(lang, "class-not-calibrated")) }
                ul.list { @for why in &class.batch.not_calibrated { li { (clean(why)) } } }
            }
        }
        (tiles(&class.summary, lang))
        (histogram(&class.summary, lang))
        (people(class))
        (checks(class))
        (reasons(class))
        (students(class))
        (bottom(&class.batch, lang))
    };
    frame(lang, &format!("{} – {}", say(lang, "class-title"), titles.join(", ")), &content)
}

fn tiles(summary: &Summary, lang: Lang) -> Markup {
    html! {
        div.tiles {
            @for (state, count) in &summary.states { div.tile { b { (count) } span { (words::state(*state, lang)) } } }
            @for (id, share) in [("class-mean", summary.mean), ("class-median", summary.median)] {
                div.tile { b { (words::percent(share)) } span { (say(lang, id)) } }
            }
        }
    }
}

/// How the marks are spread, of those that are final.
fn histogram(summary: &Summary, lang: Lang) -> Markup {
    let most = summary.distribution.iter().map(|band| band.students).max().unwrap_or(0);
    let width = 640.0 / summary.distribution.len().max(1) as f64;
    let told: Vec<String> = summary
        .distribution
        .iter()
        .filter(|band| band.students > 0)
        .map(|band| format!("{}–{} %: {}", band.from, band.to, band.students))
        .collect();
    html! {
        @if most > 0 {
            h3 { (say(lang, "class-distribution")) }
            figure {
                svg viewBox="0 0 640 178" role="img" aria-labelledby="spread" {
                    title id="spread" { (say(lang, "class-distribution")) ": " (told.join(", ")) }
                    @for (at, band) in summary.distribution.iter().enumerate() {
                        @let height = 120.0 * band.students as f64 / most as f64;
                        @let left = width * at as f64;
                        @if band.students > 0 {
                            rect.bar x=(format!("{:.1}", left + 3.0)) y=(format!("{:.1}", 148.0 - height))
                                width=(format!("{:.1}", width - 6.0)) height=(format!("{height:.1}")) rx="3" {}
                            text.own x=(format!("{:.1}", left + width / 2.0)) y=(format!("{:.1}", 141.0 - height)) text-anchor="middle" {
                                (band.students)
                            }
                        }
                        text x=(format!("{:.1}", left + width / 2.0)) y="168" text-anchor="middle" { (band.from) "–" (band.to) }
                    }
                    line.axis x1="0" y1="148.5" x2="640" y2="148.5" {}
                }
            }
        }
    }
}

fn people(class: &Class) -> Markup {
    let lang = class.batch.lang;
    let people = &class.summary.people;
    html! {
        @if !people.is_empty() {
            h3 { (say(lang, "class-people")) " (" (people.len()) ")" }
            table.rows {
                tbody {
                    @for person in people {
                        tr {
                            td { a href=(link(&person.student)) { (words::name_of(class, &person.student)) } }
                            td {
                                b.open { (words::wanted(&person.what, lang)) }
                                @if let Some(check) = &person.check { " · " (words::title_of(class, &person.scenario, check)) }
                                (place(class, &person.scenario))
                                br; span.faint { (words::plain(&one_line(&person.message, 400), lang)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where a student's page is, from the summary.
fn link(key: &str) -> String {
    format!("students/{key}/index.html")
}

/// Which exercise something is about, where there are several.
fn place(class: &Class, scenario: &str) -> Markup {
    html! { @if class.exercises.len() > 1 { " " code.faint { (scenario) } } }
}

fn checks(class: &Class) -> Markup {
    let (summary, lang) = (&class.summary, class.batch.lang);
    let most = summary.checks.iter().map(|cost| cost.points_lost).max().unwrap_or(0);
    html! {
        @if most > 0 {
            h3 { (say(lang, "class-checks")) }
            table.rows {
                (cost_head(lang, "page-check"))
                tbody {
                    @for cost in summary.checks.iter().filter(|cost| cost.points_lost > 0).take(MOST) {
                        tr {
                            td {
                                b { (clean(&cost.title)) } (place(class, &cost.scenario))
                                br;
                                @for (came, count) in &cost.standings { (standing(*came, lang)) " " (count) " \u{2003}" }
                            }
                            td.cost { (meter(cost.points_lost, 0, most)) }
                            td.num { (cost.points_lost) }
                        }
                    }
                }
            }
        }
    }
}

fn cost_head(lang: Lang, what: &str) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { (say(lang, what)) }
                th {}
                th.num scope="col" { (say(lang, "class-points-lost")) }
            }
        }
    }
}

fn reasons(class: &Class) -> Markup {
    let (summary, lang) = (&class.summary, class.batch.lang);
    let most = summary.reasons.iter().map(|cost| cost.points_lost).max().unwrap_or(0);
    html! {
        @if !summary.reasons.is_empty() {
            h3 { (say(lang, "class-reasons")) }
            table.rows {
                (cost_head(lang, "class-reason"))
                tbody {
                    @for cost in summary.reasons.iter().take(MOST) {
                        tr {
                            td {
                                (prose(&cost.text)) br;
                                span.faint { (words::counted(lang, cost.students)) } (place(class, &cost.scenario))
                            }
                            td.cost { (meter(cost.points_lost, 0, most)) }
                            td.num { (cost.points_lost) }
                        }
                    }
                }
            }
        }
    }
}

fn students(class: &Class) -> Markup {
    let lang = class.batch.lang;
    html! {
        h3 { (say(lang, "class-all")) }
        table.rows {
            thead {
                tr {
                    @for id in ["class-name", "class-state"] { th scope="col" { (say(lang, id)) } }
                    th.num scope="col" { (say(lang, "page-points")) }
                }
            }
            tbody { @for marks in &class.students { (student(marks, lang)) } }
        }
    }
}

fn student(marks: &StudentMarks, lang: Lang) -> Markup {
    let outside = marks.student.on_roster == Some(false);
    html! {
        tr {
            td {
                a href=(link(&marks.student.key)) { (words::name(marks)) }
                @if let Some(id) = &marks.student.id { " " span.faint { (one_line(id, 100)) } }
                @if outside { " " span.pill.open { (say(lang, "class-not-on-roster")) } }
            }
            td { (pill(marks.state, lang)) }
            td.num {
                @match marks.points {
                    Some(points) => { b { (points) } }
                    None => { span.faint title=(open(marks, lang)) { (marks.points_least) "–" (marks.points_least + marks.points_open) } }
                }
                span.faint { " / " (marks.points_most) }
            }
        }
    }
}

fn open(marks: &StudentMarks, lang: Lang) -> String {
    Phrase::new("told-open-points").with("open", marks.points_open).say(lang)
}
