//! What `saiten verify` says at the end: of each machine and scenario, whether it is fit, why not, and what was seen of it.

use super::style::{Paint, pad, widest};
use crate::clean::one_line;
use crate::fitness::Fitness;
use crate::report::results::{FitnessPart, Results, SubjectPart};
use crate::verdict::Verdict;
use crate::wording::{Lang, say};

/// What is seen of a machine, as the word list has it.
const FACTS: [&str; 24] = [
    "fact-adapters",
    "fact-appliance",
    "fact-architecture",
    "fact-boot",
    "fact-capacity",
    "fact-clock",
    "fact-created",
    "fact-digest",
    "fact-digest-after",
    "fact-failed_units",
    "fact-format",
    "fact-free",
    "fact-init",
    "fact-kernel",
    "fact-keyboard",
    "fact-locale",
    "fact-missing_users",
    "fact-nics",
    "fact-no_users",
    "fact-os",
    "fact-size",
    "fact-starts",
    "fact-timezone",
    "fact-user",
];
/// Longest name of a machine, longest reason and longest fact, in characters.
const NAME_MOST: usize = 100;
const REASON_MOST: usize = 600;
const FACT_MOST: usize = 220;

/// A line for each machine and scenario, with the reasons below it; the facts, too, where they are what was asked for.
pub fn fitness(all: &[&Results], facts: bool, lang: Lang, color: bool) -> String {
    let paint = Paint { color };
    let parts = all.iter().flat_map(|results| &results.scenarios);
    let told: Vec<(&str, &FitnessPart)> =
        parts.filter_map(|part| Some((part.id.as_str(), part.fitness.as_ref()?))).collect();
    let words: Vec<String> = told.iter().map(|(_, part)| word(part.fitness, lang)).collect();
    let (word_width, id_width) = (widest(words.iter().map(String::as_str)), widest(told.iter().map(|(id, _)| *id)));
    let mut out = String::new();
    for ((id, part), word) in told.iter().zip(&words) {
        let subjects = one_line(&subjects(part), NAME_MOST);
        let word = paint.verdict(color_of(part.fitness), &pad(word, word_width));
        out += &format!("\n{word}  {}  {}\n", pad(id, id_width), paint.faint(&subjects));
        for reason in &part.reasons {
            out += &format!("    {}\n", one_line(reason, REASON_MOST));
        }
        for remark in &part.remarks {
            out += &format!("    {}\n", paint.faint(&one_line(remark, REASON_MOST)));
        }
        if facts {
            out += &seen(part, lang, &paint);
        }
    }
    out
}

/// What was seen of the machines, a line for each fact.
fn seen(part: &FitnessPart, lang: Lang, paint: &Paint) -> String {
    let named = |name: &str| {
        let id = FACTS.iter().find(|id| id.strip_prefix("fact-") == Some(name));
        id.map_or_else(|| one_line(name, FACT_MOST), |id| say(lang, id))
    };
    let mut out = String::new();
    for subject in &part.subjects {
        let rows: Vec<(String, &String)> = subject.facts.iter().map(|(name, value)| (named(name), value)).collect();
        let width = widest(rows.iter().map(|(name, _)| name.as_str()));
        for (name, value) in rows {
            out += &format!("    {}  {}\n", paint.faint(&pad(&name, width)), one_line(value, FACT_MOST));
        }
    }
    out
}

/// The machines, with their endpoints; a release, which has all places, by its name alone.
fn subjects(part: &FitnessPart) -> String {
    let of = |subject: &SubjectPart| match subject.kind.as_str() {
        "release" => subject.named.clone(),
        _ => format!("{} = {}", subject.endpoint, subject.named),
    };
    let mut all: Vec<String> = part.subjects.iter().map(of).collect();
    all.dedup();
    all.join(", ")
}

/// The answer in words.
pub fn word(fitness: Fitness, lang: Lang) -> String {
    say(
        lang,
        match fitness {
            Fitness::Fit => "fitness-fit",
            Fitness::NotFit => "fitness-not-fit",
            Fitness::CannotTell => "fitness-cannot-tell",
        },
    )
}

fn color_of(fitness: Fitness) -> Verdict {
    match fitness {
        Fitness::Fit => Verdict::Pass,
        Fitness::NotFit => Verdict::Fail,
        Fitness::CannotTell => Verdict::Inconclusive,
    }
}
