//! `verify.html`: one page to print before class: which machine, its hash, when, whether it is fit, the figures, and why not.

use maud::{Markup, html};

use super::table::{kind_word, shown};
use super::{Changes, Verification, Verified};
use crate::clean::{clean, one_line};
use crate::fitness::Fitness;
use crate::report::class::html::{date, frame, prose};
use crate::report::results::{ArmPart, FitnessPart, Results, ScenarioPart};
use crate::report::terminal::fitness_word;
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase, has, say};

/// Most differences of one kind on the page; `verify.json` has all.
const MOST: usize = 25;
/// Longest name or value of a difference, and longest fact, in characters.
const VALUE_MOST: usize = 120;
const FACT_MOST: usize = 220;

/// The page.
pub fn page(all: &[Verified<'_>], verification: &Verification, lang: Lang) -> String {
    let content = html! {
        @if let Some(first) = all.first() {
            header.top {
                span.brand { span.seal aria-hidden="true" { "採点" } "Saiten" }
                time datetime=(first.results.run.started) { (date(&first.results.run.started)) }
            }
            h1 { (say(lang, "verify-title")) }
            @if first.results.run.interrupted { p.notice.open { (say(lang, "summary-interrupted")) } }
            @for one in &verification.untried {
                @let phrase = Phrase::new("verify-untried").with("dir", one_line(&one.dir, VALUE_MOST));
                p.notice.open { (phrase.with("why", clean(&one.why)).say(lang)) }
            }
            @if all.len() > 1 { (matrix(all, lang)) }
            @for verified in all { (machine(verified, all.len() > 1, lang)) }
            @for changes in &verification.changes { (changed(changes, lang)) }
            footer {
                (Phrase::new("verify-made-by").with("saiten", &first.results.run.saiten)
                    .with("run", clean(&first.results.run.id))
                    .with("backend", first.results.run.backend.as_deref().map(clean).unwrap_or_default()).say(lang))
            }
        }
    };
    frame(lang, &say(lang, "verify-title"), &content)
}

fn pill(fitness: Fitness, lang: Lang) -> Markup {
    let tone = match fitness {
        Fitness::Fit => "pass",
        Fitness::NotFit => "fail",
        Fitness::CannotTell => "open",
    };
    html! { span.pill.(tone) { (fitness_word(fitness, lang)) } }
}

/// The name of a kind of machine.
fn word_of(kind: &str) -> &'static str {
    match kind {
        "image" => "verify-image",
        "disk" => "verify-disk",
        "host" => "verify-host",
        _ => "verify-release",
    }
}

/// The name of a fact; one that the word list does not have is told as it is.
fn fact(name: &str, lang: Lang) -> String {
    let id = format!("fact-{name}");
    if has(&id) { say(lang, &id) } else { one_line(name, VALUE_MOST) }
}

/// Machines side by side.
fn matrix(all: &[Verified<'_>], lang: Lang) -> Markup {
    let ids: Vec<&str> = all.iter().flat_map(|one| &one.results.scenarios).map(|part| part.id.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    let ids: Vec<&str> = ids.into_iter().filter(|id| seen.insert(*id)).collect();
    let part = |results: &Results, id: &str| -> Option<ScenarioPart> {
        results.scenarios.iter().find(|part| part.id == id).cloned()
    };
    html! {
        table.rows {
            thead { tr {
                th { (say(lang, "verify-scenario")) }
                @for verified in all { th { (one_line(&verified.named(), VALUE_MOST)) } }
            } }
            tbody {
                @for id in ids {
                    tr {
                        td { code { (id) } }
                        @for verified in all {
                            td {
                                @if let Some(part) = part(&verified.results, id) {
                                    @if let Some(fitness) = &part.fitness { (pill(fitness.fitness, lang)) }
                                    @for check in part.checks.iter().filter(|check| check.arm == "applied") {
                                        br; span.faint { (shown(check)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn machine(verified: &Verified<'_>, is_one_of_several: bool, lang: Lang) -> Markup {
    let results = &verified.results;
    let subjects = results.scenarios.iter().filter_map(|part| part.fitness.as_ref()).flat_map(|part| &part.subjects);
    let mut told: Vec<_> = subjects.map(|subject| (&subject.kind, &subject.named, &subject.facts)).collect();
    told.sort_unstable();
    told.dedup();
    html! {
        section.exercise {
            h2 { (one_line(&verified.named(), VALUE_MOST)) }
            @for (kind, named, facts) in told {
                p.sub { (say(lang, word_of(kind))) " " code { (one_line(named, VALUE_MOST)) } }
                @for (name, value) in facts {
                    p.sub { (fact(name, lang)) ": " code { (one_line(value, FACT_MOST)) } }
                }
            }
            @if is_one_of_several { p.sub { a href=(format!("{}/junit.xml", verified.dir)) { "junit.xml" } " · " a href=(format!("{}/results.json", verified.dir)) { "results.json" } } }
            @for part in &results.scenarios { (scenario(part, lang)) }
        }
    }
}

fn scenario(part: &ScenarioPart, lang: Lang) -> Markup {
    html! {
        @if let Some(fitness) = &part.fitness {
            h3 { (pill(fitness.fitness, lang)) " " (clean(&part.title)) " " span.faint { (part.id) } }
            (reasons(fitness))
            @if !part.checks.is_empty() { (checks(part, lang)) }
            (findings(part))
        }
    }
}

fn reasons(fitness: &FitnessPart) -> Markup {
    html! {
        @if !fitness.reasons.is_empty() {
            ul.list { @for reason in &fitness.reasons { li { (prose(reason)) } } }
        }
        @if !fitness.remarks.is_empty() {
            ul.list.faint { @for remark in &fitness.remarks { li { (prose(remark)) } } }
        }
    }
}

/// A line a check: does the symptom appear, does the fix cure it, and the figures.
fn checks(part: &ScenarioPart, lang: Lang) -> Markup {
    let found = |name: &str, arm: &str| part.checks.iter().find(|check| check.name == name && check.arm == arm);
    let mut names: Vec<&str> = part.checks.iter().map(|check| check.name.as_str()).collect();
    names.dedup();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    html! {
        table.rows {
            thead { tr {
                th { (say(lang, "verify-check")) } th { (say(lang, "verify-symptom")) }
                th { (say(lang, "verify-cure")) } th { (say(lang, "verify-figures")) }
            } }
            tbody {
                @for name in names {
                    @let (before, after) = (found(name, "omitted"), found(name, "applied"));
                    tr {
                        td { (before.or(after).map_or_else(String::new, |check| clean(&check.title))) }
                        td { (before.map_or_else(|| "–".to_owned(), |check| answer(check.verdict, lang))) }
                        td { (after.map_or_else(|| "–".to_owned(), |check| answer(check.verdict, lang))) }
                        td { (after.or(before).map_or_else(|| "–".to_owned(), shown)) }
                    }
                }
            }
        }
    }
}

fn answer(verdict: Verdict, lang: Lang) -> String {
    say(
        lang,
        match verdict {
            Verdict::Pass => "verify-yes",
            Verdict::Fail | Verdict::Vacuous => "verify-no",
            Verdict::Unsupported | Verdict::Inconclusive | Verdict::Error => "fitness-cannot-tell",
        },
    )
}

/// What else was noticed, each once.
fn findings(part: &ScenarioPart) -> Markup {
    let own = |arm: &&ArmPart| arm.name == "omitted" || arm.name == "applied";
    let mut findings: Vec<&str> =
        part.arms.iter().filter(own).flat_map(|arm| &arm.findings).map(String::as_str).collect();
    let mut seen = std::collections::BTreeSet::new();
    findings.retain(|finding| seen.insert(*finding));
    let told: Vec<&String> =
        part.fitness.iter().flat_map(|fitness| fitness.reasons.iter().chain(&fitness.remarks)).collect();
    findings.retain(|finding| !told.iter().any(|known| known == finding));
    html! {
        @if !findings.is_empty() {
            ul.list.faint { @for finding in findings { li { (prose(finding)) } } }
        }
    }
}

fn changed(changes: &Changes, lang: Lang) -> Markup {
    let phrase = Phrase::new("verify-changes").with("from", &changes.from).with("to", &changes.to);
    html! {
        h3 { (phrase.with("count", changes.changes.len()).say(lang)) }
        @for kind in ["figure", "setting", "package"] {
            @let own: Vec<_> = changes.changes.iter().filter(|change| change.kind == kind).collect();
            @if !own.is_empty() {
                table.rows {
                    thead { tr {
                        th { (say(lang, kind_word(kind))) } th { (one_line(&changes.from, VALUE_MOST)) }
                        th { (one_line(&changes.to, VALUE_MOST)) }
                    } }
                    tbody {
                        @for change in own.iter().take(MOST) {
                            tr {
                                td { code { (change.what) } br; span.faint { (change.place) } }
                                td { (change.from.as_deref().map_or_else(|| "–".to_owned(), |text| one_line(text, VALUE_MOST))) }
                                td { (change.to.as_deref().map_or_else(|| "–".to_owned(), |text| one_line(text, VALUE_MOST))) }
                            }
                        }
                    }
                }
                @if own.len() > MOST {
                    p.sub { (Phrase::new("verify-more").with("count", own.len() - MOST).with("kind", say(lang, kind_word(kind))).say(lang)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_own_pill() {
        let pills: std::collections::BTreeSet<String> = [Fitness::Fit, Fitness::NotFit, Fitness::CannotTell]
            .into_iter()
            .map(|fitness| pill(fitness, Lang::Ja).into_string())
            .collect();
        assert_eq!(pills.len(), 3);
    }
}
