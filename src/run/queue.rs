//! What a scenario is proven with: what was handed in, and mutants, and which of them are measured again.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;

use super::stream::{Desk, Entry};
use super::{Job, Wanted};
use crate::arm::ArmName;
use crate::evidence::ArmEvidence;
use crate::mutant;
use crate::scenario::Scenario;
use crate::scenario::mutant::{Mutant, Mutation};
use crate::verdict::crowd;

/// Submissions and mutants of one scenario, in the order in which they are told.
pub struct Queue {
    entries: Vec<Entry>,
    waiting: RefCell<VecDeque<Entry>>,
    done: RefCell<BTreeMap<ArmName, ArmEvidence>>,
    mutation: Option<Mutation>,
}

impl Queue {
    /// What is known before any lab has run.
    pub fn of(job: &Job) -> Self {
        let entries: Vec<Entry> = job.submissions.iter().map(Entry::from).collect();
        let waiting = RefCell::new(entries.iter().cloned().collect());
        let mut queue = Queue { entries, waiting, done: RefCell::default(), mutation: None };
        if let Some(wanted) = &job.mutants {
            queue.add(mutant::mutants(&job.scenario), wanted);
        }
        queue
    }

    /// Queues mutants, as far as they are wanted.
    pub fn add(&mut self, mutants: Vec<Mutant>, wanted: &Wanted) {
        let mutation = self.mutation.get_or_insert_with(|| Mutation { is_whole: true, mutants: Vec::new() });
        for mutant in mutants {
            if wanted.only.as_ref().is_some_and(|text| !mutant.name.contains(text)) {
                mutation.is_whole = false;
                continue;
            }
            let entry = Entry::from(&mutant);
            self.entries.push(entry.clone());
            self.waiting.get_mut().push_back(entry);
            mutation.mutants.push(mutant);
        }
    }

    /// Queues those once more whose lab does not stand by this rule; how many they are.
    pub fn again(&self, rule: crowd::Rule, scenario: &Scenario, calibration: &[ArmEvidence]) -> usize {
        let done = self.done.borrow();
        let is_doubtful =
            |entry: &&Entry| done.get(&entry.arm).is_some_and(|evidence| rule(scenario, calibration, evidence));
        let again: Vec<Entry> = self.entries.iter().filter(is_doubtful).cloned().collect();
        let count = again.len();
        self.waiting.borrow_mut().extend(again);
        count
    }

    /// What all of them left, and the mutants; who never ran was interrupted.
    pub fn finish(self) -> (Vec<ArmEvidence>, Option<Mutation>) {
        let mut done = self.done.into_inner();
        let evidence =
            |entry: Entry| done.remove(&entry.arm).unwrap_or_else(|| ArmEvidence::new(entry.arm, Vec::new()));
        (self.entries.into_iter().map(evidence).collect(), self.mutation)
    }
}

#[async_trait(?Send)]
impl Desk for Queue {
    async fn next(&self) -> Option<Entry> {
        self.waiting.borrow_mut().pop_front()
    }

    fn done(&self, evidence: ArmEvidence) {
        self.done.borrow_mut().insert(evidence.name.clone(), evidence);
    }
}
