//! From queries to a ladder that a student can read: who asked whom what, in order, and what came back. Pure.

use std::time::Duration;

use super::outer::name_of;
use crate::measure::{Ladder, Rung};
use crate::scenario::Scenario;
use crate::wire::dns::Opcode;
use crate::wire::lookup::Query;

/// Most rungs of a ladder that are kept.
const RUNGS_MOST: usize = 60;
/// Longest name in a rung, in characters: the longest name that DNS has, four characters an octet, is cut.
const NAME_MOST: usize = 120;
/// Most answer records of a rung.
const RECORDS_MOST: usize = 4;

/// The rungs of a ladder that begins at `begin_ns`: `ladder` with them.
pub fn climb<'a>(
    ladder: Ladder,
    scenario: &Scenario,
    begin_ns: u64,
    queries: impl Iterator<Item = &'a Query>,
) -> Ladder {
    let mut queries: Vec<&Query> = queries.collect();
    queries.sort_by_key(|query| query.at_ns);
    let left_out = queries.len().saturating_sub(RUNGS_MOST);
    let rung = |query: &&Query| Rung {
        at: seconds(query.at_ns.saturating_sub(begin_ns)),
        from: query.endpoint().to_owned(),
        to: name_of(scenario, query.server.ip()),
        asks: asks(query),
        answer: query.answer.as_ref().map(|_| answer(query)),
    };
    Ladder { rungs: queries.iter().take(RUNGS_MOST).map(rung).collect(), left_out, ..ladder }
}

/// A question on one line: `A www.sample.local.`
pub fn asks(query: &Query) -> String {
    let name = crate::clean::cut(&query.name, NAME_MOST);
    match query.opcode {
        Opcode::Query => format!("{} {name}", query.kind),
        opcode => format!("{opcode} {} {name}", query.kind),
    }
}

/// What came back, on one line: `NOERROR aa ra 192.168.1.80`.
pub fn answer(query: &Query) -> String {
    let Some(answer) = &query.answer else { return String::new() };
    let mut words = vec![answer.rcode_name().into_owned()];
    for (word, set) in [("aa", answer.aa), ("ra", answer.ra), ("tc", answer.tc)] {
        if set {
            words.push(word.to_owned());
        }
    }
    words.extend(
        answer.records.iter().take(RECORDS_MOST).map(|record| crate::clean::cut(&record.data.to_string(), NAME_MOST)),
    );
    if answer.records.len() > RECORDS_MOST {
        words.push("…".to_owned());
    }
    words.join(" ")
}

fn seconds(ns: u64) -> f64 {
    // Tenths of a millisecond are all that a student wants to read.
    (Duration::from_nanos(ns).as_secs_f64() * 1e4).round() / 1e4
}
