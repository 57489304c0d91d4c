//! What a class makes of its marks: how they are spread, what cost most, and what needs a person.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{CheckMark, Exercise, Marked, Standing, State, StudentMarks};
use crate::stats;

/// Bands of the distribution.
const BANDS: u32 = 10;

/// The class as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// Students in each state.
    pub states: BTreeMap<State, usize>,
    /// Students whose marks are final, by share of the points.
    pub distribution: Vec<Band>,
    /// Mean share of the points, 0 to 1, of those.
    pub mean: Option<f64>,
    /// Median share of the points, of those.
    pub median: Option<f64>,
    /// Checks, the most expensive first.
    pub checks: Vec<CheckCost>,
    /// Reasons, the most expensive first.
    pub reasons: Vec<ReasonCost>,
    /// What needs a person.
    pub people: Vec<NeedsPerson>,
}

/// A band of the distribution.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Band {
    /// From this share of the points, in percent; 100 is in the last band.
    pub from: u32,
    /// To below this share.
    pub to: u32,
    /// How many students.
    pub students: usize,
}

/// What a check cost the class.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckCost {
    /// Scenario.
    pub scenario: String,
    /// Check.
    pub check: String,
    /// Name for people.
    pub title: String,
    /// Submissions by what came of it.
    pub standings: BTreeMap<Standing, usize>,
    /// Points that were not given.
    pub points_lost: u32,
}

/// What a reason cost the class.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReasonCost {
    /// Scenario.
    pub scenario: String,
    /// Reason.
    pub reason: String,
    /// What students are told.
    pub text: String,
    /// Students to whom it was given.
    pub students: usize,
    /// Points of the checks that it explains; each check counts for the first reason that fits.
    pub points_lost: u32,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NeedsPerson {
    /// Student.
    pub student: String,
    /// Scenario.
    pub scenario: String,
    /// Check, if it is about one.
    pub check: Option<String>,
    /// `unsupported`, `inconclusive`, `error`, `refused`.
    pub what: String,
    /// Why.
    pub message: String,
}

/// Sums a class up.
pub fn summary(exercises: &[Exercise], students: &[StudentMarks]) -> Summary {
    let mut states = BTreeMap::new();
    for student in students {
        *states.entry(student.state).or_default() += 1;
    }
    let shares: Vec<f64> = students.iter().filter_map(share).collect();
    let count = shares.len() as f64;
    Summary {
        states,
        distribution: bands(&shares),
        mean: (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / count),
        median: stats::median(&shares),
        checks: costs(exercises, students),
        reasons: reasons(students),
        people: people(students),
    }
}

/// Share of the points, of somebody who handed in and whose marks are final.
fn share(student: &StudentMarks) -> Option<f64> {
    let points = student.points.filter(|_| student.state != State::Missing && student.points_most > 0)?;
    Some(f64::from(points) / f64::from(student.points_most))
}

fn bands(shares: &[f64]) -> Vec<Band> {
    let width = 100 / BANDS;
    let band = |number: u32| {
        let inside = |share: &&f64| ((**share * f64::from(BANDS)) as u32).min(BANDS - 1) == number;
        Band { from: number * width, to: (number + 1) * width, students: shares.iter().filter(inside).count() }
    };
    (0..BANDS).map(band).collect()
}

fn costs(exercises: &[Exercise], students: &[StudentMarks]) -> Vec<CheckCost> {
    let mut all = Vec::new();
    for exercise in exercises {
        for head in &exercise.checks {
            let mut cost = CheckCost {
                scenario: exercise.id.clone(),
                check: head.name.clone(),
                title: head.title.clone(),
                standings: BTreeMap::new(),
                points_lost: 0,
            };
            for mark in marks_of(students, &exercise.id).filter(|mark| mark.name == head.name) {
                *cost.standings.entry(mark.standing).or_default() += 1;
                cost.points_lost += lost(mark);
            }
            all.push(cost);
        }
    }
    all.sort_by_key(|cost| std::cmp::Reverse(cost.points_lost));
    all
}

fn marks_of<'a>(students: &'a [StudentMarks], scenario: &'a str) -> impl Iterator<Item = &'a CheckMark> {
    let results = students.iter().flat_map(|student| &student.results);
    results.filter(move |result| result.scenario == scenario).flat_map(|result| &result.checks)
}

fn lost(mark: &CheckMark) -> u32 {
    mark.points.map_or(0, |points| mark.points_most.saturating_sub(points))
}

fn reasons(students: &[StudentMarks]) -> Vec<ReasonCost> {
    let mut all: BTreeMap<(String, String), ReasonCost> = BTreeMap::new();
    for result in students.iter().flat_map(|student| &student.results) {
        let mut told: Vec<&str> = Vec::new();
        for mark in &result.checks {
            for (at, reason) in mark.reasons.iter().enumerate() {
                let cost = all.entry((result.scenario.clone(), reason.name.clone())).or_insert_with(|| ReasonCost {
                    scenario: result.scenario.clone(),
                    reason: reason.name.clone(),
                    text: reason.text.clone(),
                    students: 0,
                    points_lost: 0,
                });
                if !told.contains(&reason.name.as_str()) {
                    told.push(&reason.name);
                    cost.students += 1;
                }
                if at == 0 {
                    cost.points_lost += lost(mark);
                }
            }
        }
    }
    let mut all: Vec<ReasonCost> = all.into_values().collect();
    all.sort_by_key(|cost| std::cmp::Reverse((cost.points_lost, cost.students)));
    all
}

fn people(students: &[StudentMarks]) -> Vec<NeedsPerson> {
    let mut all = Vec::new();
    for student in students {
        for result in &student.results {
            let row = |check: Option<&CheckMark>, what: &str, message: &str| NeedsPerson {
                student: student.student.key.clone(),
                scenario: result.scenario.clone(),
                check: check.map(|check| check.name.clone()),
                what: what.to_owned(),
                message: message.to_owned(),
            };
            let why = result.why.as_deref().unwrap_or_default();
            match result.state {
                State::Refused => all.push(row(None, "refused", why)),
                State::Review if result.checks.is_empty() => all.push(row(None, "error", why)),
                _ => all.extend(open(result).map(|(check, first)| row(check, first.standing.name(), &first.message))),
            }
        }
    }
    all
}

/// Checks that are open; as one row, about none of them, where all are open for the same reason, such as a lab that failed.
fn open(result: &Marked) -> impl Iterator<Item = (Option<&CheckMark>, &CheckMark)> {
    let mut open: Vec<&CheckMark> = result.checks.iter().filter(|check| check.standing.is_open()).collect();
    let is_same = open.len() > 1 && open.iter().all(|check| check.message == open[0].message);
    open.truncate(if is_same { 1 } else { open.len() });
    open.into_iter().map(move |check| ((!is_same).then_some(check), check))
}
