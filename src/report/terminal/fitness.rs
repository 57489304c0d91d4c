//! What `saiten verify` says at the end: of each machine and scenario, whether it is fit, and why not.

use super::style::{Paint, pad, widest};
use crate::clean::one_line;
use crate::fitness::Fitness;
use crate::report::results::{FitnessPart, Results, SubjectPart};
use crate::verdict::Verdict;
use crate::wording::{Lang, say};

/// Longest name of a machine, and longest reason, in characters.
const NAME_MOST: usize = 100;
const REASON_MOST: usize = 600;

/// A line for each machine and scenario, with the reasons below it.
pub fn fitness(all: &[&Results], lang: Lang, color: bool) -> String {
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
