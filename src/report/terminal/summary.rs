//! The summary: a line a check, details only for what is not a pass, what the fixes account for, and one line at the end.

mod asked;
mod effects;

use std::fmt::Write as _;

use super::style::{Paint, pad, pad_left, widest};
use crate::clean::one_line;
use crate::report::mutants;
use crate::report::results::{ArmPart, CheckPart, Results, ScenarioPart};
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase, say};

/// The summary of a run.
pub fn summary(results: &Results, lang: Lang, color: bool) -> String {
    let page = Page { lang, paint: Paint { color } };
    let mut out = String::new();
    for scenario in &results.scenarios {
        page.scenario(&mut out, scenario);
    }
    if !results.run.realtime {
        line(&mut out, &page.paint.faint(&say(lang, "summary-compressed")));
    }
    if let (Some(backend), Some(why)) = (&results.run.backend, &results.run.why_backend) {
        let phrase = Phrase::new("summary-backend").with("backend", backend).with("why", one_line(why, ERROR_MOST));
        line(&mut out, &page.paint.faint(&phrase.say(lang)));
    }
    if let Some(what) = results.run.machine.get("not limited") {
        let phrase = Phrase::new("summary-not-limited").with("what", one_line(what, ERROR_MOST));
        line(&mut out, &page.paint.faint(&phrase.say(lang)));
    }
    line(&mut out, &page.last_line(results));
    out
}

/// Longest error of a lab that no check reads, in characters; the evidence has all of it.
const ERROR_MOST: usize = 300;

/// Writing to a string cannot fail.
fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", text.trim_end());
}

fn is_proof(arm: &ArmPart) -> bool {
    arm.name.starts_with("submission:") || arm.name.starts_with("mutant:")
}

struct Page {
    lang: Lang,
    paint: Paint,
}

impl Page {
    fn scenario(&self, out: &mut String, scenario: &ScenarioPart) {
        line(out, "");
        line(out, &format!("{}  {}", self.paint.bold(&scenario.id), scenario.title));
        // The proof's tables tell of submissions and mutants.
        let told =
            scenario.checks.iter().filter(|check| !check.arm.starts_with("submission:") && check.arm != mutants::ARM);
        let told: Vec<&CheckPart> = told.collect();
        let words: Vec<String> = told.iter().map(|check| self.word(check)).collect();
        let word_width = widest(words.iter().map(String::as_str));
        let title_width = widest(told.iter().map(|check| check.title.as_str()));
        for (check, word) in told.into_iter().zip(&words) {
            let word = self.paint.verdict(check.verdict, &pad_left(word, word_width));
            let title = pad(&check.title, title_width);
            line(out, &format!("  {word}  {title}  {}", self.paint.faint(&self.figures(check))));
            if check.verdict != Verdict::Pass {
                self.details(out, scenario, check);
            }
        }
        for (arm, error) in scenario.failed_unread() {
            let word = self.paint.verdict(Verdict::Error, &pad_left(&say(self.lang, "word-error"), word_width));
            line(out, &format!("  {word}  [{}] {}", arm.name, one_line(error, ERROR_MOST)));
        }
        if scenario.arms.iter().any(is_proof) || !scenario.mutants.is_empty() {
            // What the lab shows is not the question of a proof; the reports have it all the same.
            return;
        }
        self.findings(out, scenario);
        self.remarks(out, scenario);
        asked::write(out, scenario, self.lang, self.paint);
        effects::write(out, scenario, self.lang, self.paint);
    }

    /// The verdict in a word; of the control arm, whether the symptom appeared.
    fn word(&self, check: &CheckPart) -> String {
        let id = match (check.verdict, check.arm.as_str()) {
            (Verdict::Pass, "omitted") => "word-symptom",
            (Verdict::Pass, _) => "word-pass",
            (Verdict::Fail, _) => "word-fail",
            (Verdict::Vacuous, _) => "word-vacuous",
            (Verdict::Inconclusive, _) => "word-inconclusive",
            (Verdict::Unsupported, _) => "word-unsupported",
            (Verdict::Error, _) => "word-error",
        };
        say(self.lang, id)
    }

    fn figures(&self, check: &CheckPart) -> String {
        let show = |value: f64| check.unit.show(value);
        match (check.value, check.control) {
            (Some(value), _) if check.arm == "omitted" => show(value.value),
            (Some(value), Some(control)) => {
                let ratio = check.ratio.filter(|_| check.unit.depends_on_machine());
                let ratio = ratio.map_or_else(String::new, |ratio| format!("  (× {ratio:.2})"));
                format!("{} → {}{ratio}", show(control.value), show(value.value))
            }
            (Some(value), None) => show(value.value),
            _ => String::new(),
        }
    }

    fn details(&self, out: &mut String, scenario: &ScenarioPart, check: &CheckPart) {
        for (at, text) in check.message.lines().enumerate() {
            line(out, &format!("      {}{text}", if at == 0 { "" } else { "  " }));
        }
        for reason in &check.reasons {
            line(out, &format!("      {} {reason}", say(self.lang, "summary-reason")));
        }
        if let Some(hint) = &check.hint {
            line(out, &format!("      {} {hint}", say(self.lang, "summary-hint")));
        }
        let evidence = scenario.arms.iter().find(|arm| arm.name == check.arm).and_then(|arm| arm.evidence.first());
        if let Some(evidence) = evidence {
            line(out, &self.paint.faint(&format!("      --> {evidence}")));
        }
    }

    fn findings(&self, out: &mut String, scenario: &ScenarioPart) {
        for (arm, finding) in
            scenario.arms.iter().flat_map(|arm| arm.findings.iter().map(move |finding| (arm, finding)))
        {
            line(out, &format!("  {} [{}] {finding}", say(self.lang, "summary-finding"), arm.name));
        }
    }

    /// Where the time went, in the two arms that are compared.
    fn remarks(&self, out: &mut String, scenario: &ScenarioPart) {
        let told: Vec<&ArmPart> = scenario
            .arms
            .iter()
            .filter(|arm| matches!(arm.name.as_str(), "omitted" | "applied") && !arm.remarks.is_empty())
            .collect();
        if told.is_empty() {
            return;
        }
        line(out, &format!("  {}", say(self.lang, "summary-where")));
        for arm in told {
            for remark in &arm.remarks {
                line(out, &format!("    [{}] {remark}", arm.name));
            }
        }
    }

    fn last_line(&self, results: &Results) -> String {
        let checks = || results.scenarios.iter().flat_map(|scenario| &scenario.checks);
        let count = |verdict: Verdict| checks().filter(|check| check.verdict == verdict).count();
        let scenarios = Phrase::new("summary-scenarios").with("count", results.scenarios.len()).say(self.lang);
        let all = Phrase::new("summary-checks").with("count", checks().count()).say(self.lang);
        let parts: Vec<String> = [
            (Verdict::Pass, "word-pass"),
            (Verdict::Fail, "word-fail"),
            (Verdict::Vacuous, "word-vacuous"),
            (Verdict::Inconclusive, "word-inconclusive"),
            (Verdict::Unsupported, "word-unsupported"),
            (Verdict::Error, "word-error"),
        ]
        .into_iter()
        .filter(|(verdict, _)| count(*verdict) > 0)
        .map(|(verdict, word)| self.paint.verdict(verdict, &format!("{} {}", count(verdict), say(self.lang, word))))
        .collect();
        let points: u32 = results.scenarios.iter().map(|scenario| scenario.points).sum();
        let most: u32 = results.scenarios.iter().map(|scenario| scenario.points_most).sum();
        let points = Phrase::new("summary-points").with("points", points).with("most", most).say(self.lang);
        let interrupted = if results.run.interrupted {
            format!("  {}", say(self.lang, "summary-interrupted"))
        } else {
            String::new()
        };
        format!("{scenarios}, {all}: {}  {points}  {:.1} s{interrupted}", parts.join(", "), results.run.took)
    }
}
