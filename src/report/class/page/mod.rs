//! A student's page: what came of each exercise and why, to be read on a screen or on paper.

mod checks;
mod figure;
mod lab;

use maud::{Markup, html};

use super::html::{bottom, frame, meter, pill, tag, top};
use super::told::{Told, told};
use super::words;
use crate::clean::{clean, one_line};
use crate::marks::{BatchPart, Exercise, Marked, State, StudentMarks};
use crate::wording::{Lang, Phrase, say};

/// What a page takes from the batch.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The batch as a whole.
    pub batch: &'a BatchPart,
    /// Exercises, in the page's language.
    pub exercises: &'a [Exercise],
    /// The other language, if there is a page in both.
    pub other: Option<Lang>,
}

/// The file of a page: the batch's language is what opens first.
pub fn file(lang: Lang, batch: &BatchPart) -> String {
    if lang == batch.lang { "index.html".to_owned() } else { format!("index.{}.html", tag(lang)) }
}

/// The page of a student. `marks` and `facts` are in `lang`.
pub fn page(marks: &StudentMarks, facts: Facts<'_>, lang: Lang) -> String {
    let name = words::name(marks);
    // From the page in the other language, the way leads back to the batch's.
    let link = facts.other.map(|second| if lang == facts.batch.lang { second } else { facts.batch.lang });
    let link = link.map(|to| (to, file(to, facts.batch)));
    let student = &marks.student;
    let also = [Some(&student.key), student.id.as_ref(), student.email.as_ref()];
    let mut also: Vec<String> = also.into_iter().flatten().map(|text| one_line(text, 200)).collect();
    also.dedup();
    also.retain(|text| *text != name);
    let content = html! {
        (top(facts.batch, lang, link))
        h1 { (name) }
        p.sub { (also.join(" · ")) }
        @if marks.results.len() > 1 { (overview(marks, facts, lang)) }
        @for (at, result) in marks.results.iter().enumerate() {
            (exercise(&Section { result, told: told(result, facts.exercises), lang, number: at + 1 }, facts))
        }
        (bottom(facts.batch, lang))
    };
    let titles: Vec<String> = marks.results.iter().map(|result| one_line(&result.title, 100)).collect();
    frame(lang, &format!("{name} – {}", titles.join(", ")), &content)
}

/// A result on its way to the page.
struct Section<'a> {
    result: &'a Marked,
    told: Told<'a>,
    lang: Lang,
    /// Which of the page's exercises, from 1: ids are made from it.
    number: usize,
}

impl Section<'_> {
    fn say(&self, id: &str) -> String {
        say(self.lang, id)
    }
}

/// All exercises at a glance.
fn overview(marks: &StudentMarks, facts: Facts<'_>, lang: Lang) -> Markup {
    let shown = marks.points.unwrap_or(marks.points_least);
    let has_points = marks.points.is_some() || marks.points_open < marks.points_most;
    html! {
        section.exercise {
            div.head {
                h2 { (say(lang, "page-overall")) }
                (score(shown, marks.points_most, has_points, marks.state, lang))
            }
            (meter(marks.points_least, marks.points_open, marks.points_most))
            table.rows {
                tbody {
                    @for (at, result) in marks.results.iter().enumerate() {
                        tr {
                            td { a href=(format!("#e{}", at + 1)) { (one_line(&result.title, 200)) } }
                            td { (pill(result.state, lang)) }
                            td.num {
                                @if told(result, facts.exercises).has_points() { (result.points) } @else { "–" }
                                " / " (result.points_most)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn score(points: u32, most: u32, has_points: bool, state: State, lang: Lang) -> Markup {
    html! {
        div.score {
            span.big { @if has_points { (points) } @else { "–" } }
            span.of {
                (Phrase::new("page-of-points").with("most", most).say(lang))
                // A number without this word would be taken for a mark.
                @if state == State::Review && has_points { " " (say(lang, "page-so-far")) }
            }
            (pill(state, lang))
        }
    }
}

fn exercise(section: &Section<'_>, facts: Facts<'_>) -> Markup {
    let (result, lang) = (section.result, section.lang);
    let material = facts.exercises.iter().find(|exercise| exercise.id == result.scenario);
    let material = material.and_then(|exercise| exercise.material.as_ref());
    html! {
        section.exercise id=(format!("e{}", section.number)) {
            div.head {
                div {
                    h2 { (clean(&result.title)) }
                    p.sub {
                        code { (result.scenario) }
                        @if let Some(material) = material {
                            " · " (Phrase::new("page-material").with("material", clean(material)).say(lang))
                        }
                    }
                }
                (score(result.points, result.points_most, section.told.has_points(), result.state, lang))
            }
            (meter(result.points, result.points_open, result.points_most))
            (notice(section))
            (checks::checks(section))
            (lab::runs(section))
            (lab::changes(section))
            (lab::notes(section))
            (lab::figures(section))
            (lab::evidence(section))
        }
    }
}

/// What has to be said before anything else.
fn notice(section: &Section<'_>) -> Markup {
    let result = section.result;
    let tone = if result.state == State::Refused { "fail" } else { "open" };
    let headline = match result.state {
        State::Graded => return html! {},
        State::Missing => section.say("told-missing"),
        State::Refused => section.say("told-refused"),
        State::Waiting => section.say("told-waiting"),
        State::Review => Phrase::new("told-open-points").with("open", result.points_open).say(section.lang),
    };
    html! {
        div.notice.(tone) role="note" {
            b { (headline) }
            @if let Some(why) = section.told.why() { (why) }
        }
    }
}
