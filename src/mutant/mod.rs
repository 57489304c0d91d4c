//! Mutants of a scenario's fixes, made by rule, and whether the checks notice them. Pure.

mod diff;
pub mod kill;
mod lines;
mod units;

use std::collections::BTreeSet;

use crate::evidence::ArmEvidence;
use crate::scenario::mutant::{Mutant, MutantKind};
use crate::scenario::submission::Step;
use crate::scenario::{Fix, Scenario};

/// Longest text of a line in a mutant's description, in characters.
const WHAT_MOST: usize = 120;
/// Puts liars in the place of an endpoint's tools.
const LIARS: &str = include_str!("liars.sh");

/// The mutants that follow from the scenario alone; all but those of [`reverts`].
pub fn mutants(scenario: &Scenario) -> Vec<Mutant> {
    let reference = Reference { scenario, fixes: &scenario.fixes };
    let mut made = Made::of(scenario);
    if scenario.fixes.is_empty() {
        return Vec::new();
    }
    for left_out in &scenario.fixes {
        // Of a single fix this is the arm without any.
        let fixes: Vec<Fix> = scenario.fixes.iter().filter(|fix| *fix != left_out).cloned().collect();
        let (name, on) = (left_out.action.name.clone(), left_out.action.on.clone());
        made.add(MutantKind::LeftOut, &name.clone(), name, on, reference.of(&fixes).all());
    }
    for (at, fix) in scenario.fixes.iter().enumerate() {
        reference.lines_of(at, fix, &mut made);
    }
    made.add(MutantKind::NotActivated, "", String::new(), acted_on(scenario), reference.actions());
    for (endpoint, unit) in units::stopped(scenario) {
        let mut steps = reference.all();
        steps.push(Step::Run { on: endpoint.clone(), run: format!("systemctl stop {unit}") });
        made.add(MutantKind::Stopped, &format!("{endpoint}-{unit}"), unit, vec![endpoint], steps);
    }
    let liars = acted_on(scenario).into_iter().map(|on| Step::Run { on, run: LIARS.to_owned() });
    made.add(MutantKind::Liars, "", String::new(), acted_on(scenario), liars.collect());
    made.all
}

/// The mutants in which one change that the fixes made in a file is put back; which they made, the arm `applied` has shown.
pub fn reverts(scenario: &Scenario, applied: &ArmEvidence) -> Vec<Mutant> {
    let reference = Reference { scenario, fixes: &scenario.fixes };
    let mut made = Made::of(scenario);
    for edit in &applied.edits {
        let file = applied.files.get(&edit.endpoint).and_then(|files| files.get(&edit.path));
        let (Some(file), Some(fix)) = (file, scenario.fixes.iter().find(|fix| fix.action.name == edit.fix)) else {
            continue;
        };
        for hunk in diff::hunks(&edit.diff) {
            let Some(content) = hunk.put_back(file) else { continue };
            let mut steps = reference.all();
            steps.push(Step::Run { on: edit.endpoint.clone(), run: rewritten(&edit.path, &content) });
            steps.extend(fix.activate.iter().map(|run| Step::Run { on: edit.endpoint.clone(), run: run.clone() }));
            let name = format!("{}-{}", edit.endpoint, edit.fix);
            made.add(MutantKind::Reverted, &name, hunk.line().to_owned(), vec![edit.endpoint.clone()], steps);
        }
    }
    made.all
}

/// Shell lines that give a file this content, and leave it its owner and its permissions.
fn rewritten(path: &str, content: &str) -> String {
    let mut end = "END".to_owned();
    while content.lines().any(|line| line == end) {
        end.push('.');
    }
    format!("cat > '{path}' <<'{end}'\n{content}{end}\n")
}

/// The endpoints that fixes act on, each once.
fn acted_on(scenario: &Scenario) -> Vec<String> {
    let all: BTreeSet<&String> = scenario.fixes.iter().flat_map(|fix| &fix.action.on).collect();
    all.into_iter().cloned().collect()
}

/// Fixes as steps.
#[derive(Clone, Copy)]
struct Reference<'a> {
    scenario: &'a Scenario,
    fixes: &'a [Fix],
}

impl<'a> Reference<'a> {
    fn of<'b>(&self, fixes: &'b [Fix]) -> Reference<'b>
    where
        'a: 'b,
    {
        Reference { scenario: self.scenario, fixes }
    }

    /// The fixes' own lines.
    fn actions(&self) -> Vec<Step> {
        let of = |fix: &Fix| {
            let run = fix.action.run.clone();
            fix.action.on.iter().map(move |on| Step::Run { on: on.clone(), run: run.clone() }).collect::<Vec<_>>()
        };
        self.fixes.iter().flat_map(of).collect()
    }

    /// The fixes' lines, then what makes them take effect, once an endpoint: as the arm `applied` has them.
    fn all(&self) -> Vec<Step> {
        let mut steps = self.actions();
        let mut activations: Vec<Step> = Vec::new();
        for fix in self.fixes {
            for (on, run) in fix.action.on.iter().flat_map(|on| fix.activate.iter().map(move |run| (on, run))) {
                let step = Step::Run { on: on.clone(), run: run.clone() };
                if !activations.contains(&step) {
                    activations.push(step);
                }
            }
        }
        steps.extend(activations);
        steps
    }

    /// A fix with one line left out, and with one misspelt.
    fn lines_of(&self, at: usize, fix: &Fix, made: &mut Made<'_>) {
        let commands = lines::commands(&fix.action.run);
        let with = |run: String| {
            let mut fixes = self.scenario.fixes.clone();
            if let Some(fix) = fixes.get_mut(at) {
                fix.action.run = run;
            }
            self.of(&fixes).all()
        };
        let line_with = |number: usize, text: &str| {
            let own = commands.iter().enumerate();
            own.map(|(at, command)| if at == number { text } else { command.as_str() }).collect::<String>()
        };
        for (number, command) in commands.iter().enumerate() {
            let name = match commands.len() {
                1 => fix.action.name.clone(),
                _ => format!("{}-{}", fix.action.name, number + 1),
            };
            let on = || fix.action.on.clone();
            if commands.len() > 1 {
                made.add(MutantKind::Undone, &name, first_line(command), on(), with(line_with(number, "")));
            }
            if let Some(typo) = lines::misspelt(command) {
                made.add(MutantKind::Misspelt, &name, first_line(&typo), on(), with(line_with(number, &typo)));
            }
        }
    }
}

fn first_line(command: &str) -> String {
    let code = command.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    code.unwrap_or_default().chars().take(WHAT_MOST).collect()
}

/// Mutants, none of them twice.
struct Made<'a> {
    scenario: &'a Scenario,
    reference: Vec<Step>,
    all: Vec<Mutant>,
}

impl<'a> Made<'a> {
    fn of(scenario: &'a Scenario) -> Self {
        Made { scenario, reference: Reference { scenario, fixes: &scenario.fixes }.all(), all: Vec::new() }
    }

    /// Adds a mutant unless it does what another one does, or the reference, or the arm without fixes.
    fn add(&mut self, kind: MutantKind, name: &str, what: String, on: Vec<String>, steps: Vec<Step>) {
        let is_wanted = self.scenario.mutants.as_ref().is_none_or(|restricted| restricted.only.contains(&kind));
        let is_known = steps.is_empty() || steps == self.reference || self.all.iter().any(|known| known.steps == steps);
        if !is_wanted || is_known {
            return;
        }
        let mut name = [kind.name(), name].join("-").trim_end_matches('-').replace('@', "-");
        let own = name.clone();
        let mut number = 2;
        while self.all.iter().any(|known| known.name == name) {
            name = format!("{own}-{number}");
            number += 1;
        }
        self.all.push(Mutant { name, kind, what, on, steps });
    }
}
