//! What differs between two machines that were on trial in the same scenarios: packages, effective configuration, what was counted.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::Verified;
use crate::arm::ArmName;
use crate::clean::{clean, one_line};
use crate::evidence::{ArmEvidence, Outcome, in_force};
use crate::scenario::Scenario;
use crate::stats;

/// Most lines of one kind that are told for an endpoint.
const MOST: usize = 40;
/// Longest value, in characters.
const VALUE_MOST: usize = 160;

/// What differs between two machines.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Changes {
    /// The first.
    pub from: String,
    /// The second.
    pub to: String,
    /// What differs; the same for several endpoints or scenarios is told once.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Change {
    /// `figure`, `setting` or `package`.
    pub kind: String,
    /// Where it was seen: a scenario, or an endpoint of one.
    pub place: String,
    /// Metric and arm, first word of the configuration's line, or package.
    pub what: String,
    /// In the first; absent where it has none.
    pub from: Option<String>,
    /// In the second; absent where it has none.
    pub to: Option<String>,
}

/// What differs, figures first.
pub fn changes(first: &Verified<'_>, second: &Verified<'_>) -> Changes {
    let mut all: Vec<Change> = Vec::new();
    for (scenario, arms) in first.scenarios {
        let Some((_, others)) = second.scenarios.iter().find(|(other, _)| other.id == scenario.id) else { continue };
        figures(scenario, arms, others, &mut all);
        let Some((one, other)) = omitted(arms).zip(omitted(others)) else { continue };
        for endpoint in scenario.endpoints.keys() {
            let place = format!("{} {endpoint}", scenario.id);
            let effective = |arm: &ArmEvidence| arm.effective.get(endpoint).map(|own| own.before.clone());
            if let Some((one, other)) = effective(one).zip(effective(other)) {
                add(&mut all, "setting", &place, settings(&one, &other));
            }
            let packages = |arm: &ArmEvidence| arm.packages.get(endpoint).cloned().unwrap_or_default();
            add(&mut all, "package", &place, versions(&packages(one), &packages(other)));
        }
    }
    Changes { from: first.named(), to: second.named(), changes: once(all) }
}

type Difference = (String, Option<String>, Option<String>);

fn add(all: &mut Vec<Change>, kind: &str, place: &str, differences: Vec<Difference>) {
    let shown = |value: String| one_line(&clean(&value), VALUE_MOST);
    all.extend(differences.into_iter().take(MOST).map(|(what, from, to)| Change {
        kind: kind.to_owned(),
        place: place.to_owned(),
        what: shown(what),
        from: from.map(shown),
        to: to.map(shown),
    }));
}

/// The same difference at several places is one, at the first of them.
fn once(all: Vec<Change>) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    let key = |change: &Change| (change.kind.clone(), change.what.clone(), change.from.clone(), change.to.clone());
    let is_new = |change: &Change| change.kind == "figure" || seen.insert(key(change));
    let mut all: Vec<Change> = all
        .into_iter()
        .filter({
            let mut is_new = is_new;
            move |change| is_new(change)
        })
        .collect();
    all.sort_by_key(|change| ["figure", "setting", "package"].iter().position(|kind| *kind == change.kind));
    all
}

fn omitted(arms: &[ArmEvidence]) -> Option<&ArmEvidence> {
    arms.iter().find(|arm| arm.name == ArmName::Omitted && arm.outcome == Outcome::Measured)
}

/// Whether two machines' readings differ by more than either machine's own scatter: a count of retries is never twice the same.
fn differ(one: &[f64], other: &[f64]) -> bool {
    let Some((from, to)) = stats::median(one).zip(stats::median(other)) else { return one.len() != other.len() };
    let spread = |readings: &[f64]| {
        let (low, high) = readings.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        high - low
    };
    let distance = (from - to).abs();
    match [one, other].into_iter().filter(|readings| readings.len() > 1).map(spread).reduce(f64::max) {
        Some(scatter) => distance > scatter,
        // A single reading of each: of a count of chance events, the variance is the count, and that of a difference their sum.
        None => distance > 0.0 && distance >= (from + to).abs().sqrt(),
    }
}

/// Counts and facts of the wire that are not the same. Times never are; their checks tell of them.
fn figures(scenario: &Scenario, arms: &[ArmEvidence], others: &[ArmEvidence], all: &mut Vec<Change>) {
    for arm in arms {
        // A lab that failed has no figures, which is no difference of its own.
        let measured = |arm: &&ArmEvidence| arm.outcome == Outcome::Measured;
        let other = others.iter().filter(measured).find(|other| other.name == arm.name);
        let Some((arm, other)) = Some(arm).filter(measured).zip(other) else { continue };
        for measurement in arm.measurements().into_iter().filter(|measurement| !measurement.unit.depends_on_machine()) {
            let show = |arm: &ArmEvidence| arm.median(&measurement.metric).map(|value| measurement.unit.show(value));
            let (from, to) = (show(arm), show(other));
            if from != to && differ(&measurement.samples, &other.readings(&measurement.metric)) {
                let what = format!("{} [{}]", measurement.metric, arm.name);
                add(all, "figure", &scenario.id, vec![(what, from, to)]);
            }
        }
    }
}

/// Lines of a configuration that are not in both. Where a first word has one line in each, its value changed.
fn settings(one: &str, other: &str) -> Vec<Difference> {
    let (one, other): (BTreeSet<&str>, BTreeSet<&str>) = (in_force(one).collect(), in_force(other).collect());
    let by_word = |lines: &BTreeSet<&str>, rest: &BTreeSet<&str>| -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines.difference(rest) {
            let (word, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            found.entry(word.to_owned()).or_default().push(value.trim().to_owned());
        }
        found
    };
    let (gone, new) = (by_word(&one, &other), by_word(&other, &one));
    let words: BTreeSet<&String> = gone.keys().chain(new.keys()).collect();
    let joined = |values: Option<&Vec<String>>| values.map(|values| values.join(" | "));
    words.into_iter().map(|word| (word.clone(), joined(gone.get(word)), joined(new.get(word)))).collect()
}

fn versions(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<Difference> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let pairs = names.into_iter().map(|name| (name.clone(), one.get(name).cloned(), other.get(name).cloned()));
    pairs.filter(|(_, from, to)| from != to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(what: &str, from: Option<&str>, to: Option<&str>) -> Difference {
        (what.to_owned(), from.map(str::to_owned), to.map(str::to_owned))
    }

    #[test]
    fn a_setting_changes_comes_or_goes() {
        let one = "# Completed on Friday\nusedns yes\nkexalgorithms a,b\nhostkey /a\nhostkey /b\nsame 1";
        let other = "usedns no\nkexalgorithms a,b\nhostkey /b\nhostkey /c\nsame 1\npersourcepenalties crash:90";
        assert_eq!(
            settings(one, other),
            [
                pair("hostkey", Some("/a"), Some("/c")),
                pair("persourcepenalties", None, Some("crash:90")),
                pair("usedns", Some("yes"), Some("no")),
            ]
        );
    }

    #[test]
    fn a_difference_is_one_that_no_machine_shows_by_itself() {
        for (one, other, told) in [
            (&[1.0, 1.0, 1.0][..], &[2.0, 2.0, 2.0][..], true),
            (&[123.0, 124.0, 123.0], &[124.0, 124.0, 124.0], false),
            (&[100.0, 110.0], &[108.0, 118.0], false),
            (&[100.0, 110.0], &[200.0, 201.0], true),
            (&[0.0, 0.0, 1.0], &[1.0, 1.0, 1.0], false),
            // Of a single reading nobody knows how it scatters, but that counts do.
            (&[123.0], &[124.0], false),
            (&[123.0], &[150.0], true),
            (&[0.0], &[1.0], true),
            (&[1.0], &[4.0], true),
            (&[0.0], &[0.0], false),
            (&[5.0], &[5.0, 5.0], false),
            // A reading that only one of them has.
            (&[1.0], &[], true),
            (&[], &[], false),
        ] {
            assert_eq!(differ(one, other), told, "{one:?} {other:?}");
            assert_eq!(differ(other, one), told, "{other:?} {one:?}");
        }
    }

    #[test]
    fn only_versions_that_differ_are_told() {
        let of =
            |list: &[(&str, &str)]| list.iter().map(|(name, version)| ((*name).into(), (*version).into())).collect();
        let (one, other) = (of(&[("a", "1"), ("b", "1"), ("c", "1")]), of(&[("a", "1"), ("b", "2"), ("d", "1")]));
        let expected = [pair("b", Some("1"), Some("2")), pair("c", Some("1"), None), pair("d", None, Some("1"))];
        assert_eq!(versions(&one, &other), expected);
    }
}
