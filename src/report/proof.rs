//! The grader's own test: known submissions against what each must get, and mutants, which the checks must notice.

use std::collections::BTreeSet;

use super::mutants::{self, Table};
use super::results::{CheckPart, Results, ScenarioPart};
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::ScenarioRecord;
use crate::scenario::Scenario;
use crate::scenario::submission::Submission;
use crate::verdict::Verdict;
use crate::wording::{Lang, Phrase};

/// A submission of a scenario and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Scenario.
    pub scenario: String,
    /// Submission.
    pub submission: String,
    /// What it is, for people.
    pub title: String,
    /// Checks that failed, as they must or not.
    pub failed: Vec<String>,
    /// Checks that neither passed nor failed, and so need a person.
    pub undecided: Vec<String>,
    /// Reasons that were given for it.
    pub reasons: Vec<String>,
    /// What is not as it must be; empty if all is.
    pub wrong: Vec<String>,
}

/// A scenario that was proven.
#[derive(Debug, Clone, Copy)]
pub struct Proven<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What ran.
    pub record: &'a ScenarioRecord,
    /// What its arms left.
    pub arms: &'a [ArmEvidence],
}

/// What a proof shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proof {
    /// A row for each known submission.
    pub rows: Vec<Row>,
    /// A table for each scenario with mutants.
    pub tables: Vec<Table>,
}

/// Turns the verdicts on submissions into verdicts on the checks: each passes where the submission got what it must get. Where
/// there are mutants, each check must notice one, too.
pub fn settle(results: &mut Results, known: &[Proven<'_>]) -> Proof {
    let lang = results.run.lang;
    let mut proof = Proof::default();
    for (part, Proven { scenario, record, arms }) in results.scenarios.iter_mut().zip(known) {
        if record.submissions.is_empty() && record.mutation.is_none() {
            continue;
        }
        for submission in &record.submissions {
            proof.rows.push(settle_one(part, scenario, submission, lang));
        }
        if let Some(mutation) = &record.mutation {
            proof.tables.push(mutants::settle(part, scenario, arms, mutation, &proof.rows, lang));
        }
        // A lab that failed is in the checks of its arm.
        let worst = part.checks.iter().map(|check| check.verdict).max();
        part.verdict = worst.unwrap_or(Verdict::Error);
    }
    proof
}

fn settle_one(part: &mut ScenarioPart, scenario: &Scenario, submission: &Submission, lang: Lang) -> Row {
    let arm = format!("submission:{}", submission.name);
    let mut row = Row {
        scenario: scenario.id.clone(),
        submission: submission.name.clone(),
        title: submission.title.get(lang).to_owned(),
        failed: Vec::new(),
        undecided: Vec::new(),
        reasons: Vec::new(),
        wrong: Vec::new(),
    };
    let mut checks: Vec<&mut CheckPart> = part.checks.iter_mut().filter(|check| check.arm == arm).collect();
    let given: BTreeSet<String> = checks.iter().flat_map(|check| check.reasons.clone()).collect();
    for check in &mut checks {
        match check.verdict {
            Verdict::Pass => {}
            Verdict::Fail => row.failed.push(check.name.clone()),
            _ => row.undecided.push(check.name.clone()),
        }
        let must = if submission.fails.contains(&check.name) { Verdict::Fail } else { Verdict::Pass };
        let is_right = check.verdict == must;
        let id = if is_right { "proof-as-it-must" } else { "proof-otherwise" };
        let phrase = Phrase::new(id).with("must", must.name()).with("is", check.verdict.name());
        let message = phrase.with("why", &check.message).say(lang);
        if !is_right {
            row.wrong.push(format!("{}: {message}", check.name));
        }
        check.message = message;
        check.verdict = match (is_right, check.verdict) {
            (true, _) => Verdict::Pass,
            (false, Verdict::Pass | Verdict::Fail) => Verdict::Fail,
            // Nobody can say what it would have got.
            (false, other) => other,
        };
    }
    let text = |name: &str| {
        let reason = scenario.reasons.iter().find(|reason| reason.name == *name);
        reason.map(|reason| reason.text.get(lang).to_owned()).unwrap_or_default()
    };
    for name in submission.reasons.iter().filter(|name| !given.contains(&text(name))) {
        let message = Phrase::new("proof-no-reason").with("reason", name).say(lang);
        if let Some(check) = checks.first_mut() {
            check.verdict = check.verdict.max(Verdict::Fail);
            check.message = format!("{}; {message}", check.message);
        }
        row.wrong.push(message);
    }
    if checks.is_empty() {
        row.wrong.push(Phrase::new("proof-not-judged").say(lang));
    }
    row.reasons = given.into_iter().collect();
    row
}
