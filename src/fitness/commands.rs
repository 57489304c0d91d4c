//! What the printed commands met on a machine on trial: nothing to edit, no tool, no room, a file that its daemon refuses.

use super::{Case, Reason, add};
use crate::arm::ArmName;
use crate::evidence::{ArmEvidence, EditRecord};
use crate::scenario::{Fix, Scenario, Text};
use crate::survey;
use crate::wording::Phrase;

/// Exit status of a shell that does not find a program (POSIX, Shell Command Language, 2.8.2).
const NOT_FOUND: &str = "127";

/// A fix by its name, and its number in the course, from 1.
fn numbered<'a>(scenario: &'a Scenario, name: &str) -> Option<(usize, &'a Fix)> {
    let found = scenario.fixes.iter().enumerate().find(|(_, fix)| fix.action.name == name);
    found.map(|(at, fix)| (at + 1, fix))
}

/// What a fix is, in the scenario's words.
pub fn about(scenario: &Scenario, name: &str) -> Option<Text> {
    let (_, fix) = numbered(scenario, name)?;
    Some(fix.title.clone().unwrap_or_else(|| Text { en: name.to_owned(), ja: None }))
}

impl Case<'_> {
    /// What the fixes met where all of them were applied; whether all of their commands ran, so that it counts what came of them.
    pub(super) fn commands(&self, unfit: &mut Vec<Reason>) -> bool {
        let Some(applied) = self.arms.iter().find(|arm| arm.name == ArmName::Applied) else { return true };
        let mut all_ran = true;
        let is_ours = |finding: &&Phrase| {
            finding.args.get("endpoint").is_some_and(|endpoint| self.subjects.contains_key(endpoint))
        };
        for finding in applied.findings.iter().filter(is_ours) {
            match finding.id.as_str() {
                "finding-fix-failed" => {
                    all_ran = false;
                    add(unfit, self.failed(finding));
                }
                "finding-activation-failed" => {
                    add(unfit, Reason::own(Phrase { id: "unfit-activation".to_owned(), args: finding.args.clone() }));
                }
                _ => {}
            }
        }
        for edit in applied.edits.iter().filter(|edit| edit.diff.is_empty()) {
            if self.subjects.contains_key(&edit.endpoint) && !self.has_failed(applied, &edit.fix) {
                self.nothing_to_edit(applied, edit).into_iter().for_each(|reason| add(unfit, reason));
            }
        }
        all_ran
    }

    fn has_failed(&self, applied: &ArmEvidence, fix: &str) -> bool {
        let is_it = |finding: &Phrase| finding.args.get("fix").is_some_and(|name| name == fix);
        applied.findings.iter().any(|finding| finding.id == "finding-fix-failed" && is_it(finding))
    }

    fn failed(&self, finding: &Phrase) -> Reason {
        let name = finding.args.get("fix").map(String::as_str).unwrap_or_default();
        let output = finding.args.get("output").map(String::as_str).unwrap_or_default();
        let number = numbered(self.scenario, name).map_or(0, |(number, _)| number);
        let mut phrase =
            Phrase { id: "unfit-fix-failed".to_owned(), args: finding.args.clone() }.with("number", number);
        let is_missing = finding.args.get("status").is_some_and(|status| status == NOT_FOUND);
        if survey::says_full(output) {
            phrase.id = "unfit-fix-no-space".to_owned();
        } else if let Some(tool) = missing_tool(output).filter(|_| is_missing) {
            phrase = Phrase { id: "unfit-fix-no-tool".to_owned(), ..phrase }.with("tool", tool);
        }
        Reason::Own { phrase, about: about(self.scenario, name), why: None }
    }

    /// A command that changed nothing, with the line that the file has in place of what was looked for.
    fn nothing_to_edit(&self, applied: &ArmEvidence, edit: &EditRecord) -> Option<Reason> {
        let (number, fix) = numbered(self.scenario, &edit.fix)?;
        let content = applied.files.get(&edit.endpoint).and_then(|files| files.get(&edit.path));
        let phrase = Phrase::default().with("number", number).with("fix", &edit.fix).with("endpoint", &edit.endpoint);
        let content = content.map(String::as_str).unwrap_or_default();
        let phrase = survey::nothing_to_edit(phrase, &fix.action.run, &edit.path, content);
        Some(Reason::Own { phrase, about: about(self.scenario, &edit.fix), why: None })
    }

    /// Fixes that edited their file without changing what the daemon makes of it.
    pub(super) fn no_effect(&self, arm: &ArmEvidence, unfit: &mut Vec<Reason>) {
        for finding in arm.findings.iter().filter(|finding| finding.id == "finding-configuration-same") {
            let name = finding.args.get("fix").map(String::as_str).unwrap_or_default();
            let Some((number, fix)) = numbered(self.scenario, name) else { continue };
            if fix.action.on.iter().any(|endpoint| self.subjects.contains_key(endpoint)) {
                let phrase = Phrase::new("unfit-no-effect").with("number", number).with("fix", name);
                add(unfit, Reason::Own { phrase, about: about(self.scenario, name), why: None });
            }
        }
    }
}

/// The program that a shell did not find: `sh: 1: sed: not found`, `bash: line 1: sed: command not found`.
fn missing_tool(output: &str) -> Option<&str> {
    let at = output.find("command not found").or_else(|| output.find("not found"))?;
    let before = output[..at].trim_end().trim_end_matches(':');
    let name = before.rsplit([':', ' ']).next()?.trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_that_is_missing_is_named() {
        assert_eq!(missing_tool("/bin/sh: 1: sed: not found"), Some("sed"));
        assert_eq!(missing_tool("bash: line 1: cp: command not found"), Some("cp"));
        assert_eq!(missing_tool("sh: sed: not found sh: x"), Some("sed"));
        assert_eq!(missing_tool("something else"), None);
    }
}
