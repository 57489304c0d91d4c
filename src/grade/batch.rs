//! A batch under way: the queue of submissions, what is measured again in quiet, and what goes into the ledger.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempPath;

use crate::arm::ArmName;
use crate::event::{Announcer, EventKind};
use crate::evidence::bundle::BundleError;
use crate::evidence::{ArmEvidence, Outcome};
use crate::grade::ledger::Ledger;
use crate::marks::{self, Asked, Marked, State, Student};
use crate::run::stream::{Desk, Entry};
use crate::scenario::submission::{Host, Step, Submission};
use crate::scenario::{Scenario, Text};
use crate::verdict::{self, Verdict, crowd};
use crate::wording::{Lang, Phrase};

/// Both languages: students read theirs, whatever the instructor's.
pub const LANGS: [Lang; 2] = [Lang::En, Lang::Ja];

/// What a student handed in for a scenario.
#[derive(Debug)]
pub enum HandIn {
    /// Nothing.
    Missing,
    /// Something that cannot be taken: its author's affair.
    Refused(Phrase),
    /// Something that could not be read: the machine's affair.
    Unreadable(Phrase),
    /// A submission.
    Taken {
        /// What is done with it.
        steps: Vec<Step>,
        /// Archives of images that take endpoints' places.
        images: BTreeMap<String, PathBuf>,
        /// Their files, which go when this is dropped.
        kept: Vec<TempPath>,
        /// Live machines that take endpoints' places.
        hosts: BTreeMap<String, Host>,
        /// SHA-256 of it all.
        digest: String,
        /// Things to know, such as files that were ignored.
        remarks: Vec<Phrase>,
    },
}

/// Reads what students hand in: files and archives, on a thread that may wait for them.
pub trait Intake: Send + Sync {
    /// What a student handed in for a scenario.
    fn hand_in(&self, student: usize, scenario: &Scenario) -> HandIn;
}

/// A scenario with its labs without and with the fix.
pub struct Exercise<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its labs without and with the fix.
    pub calibration: &'a [ArmEvidence],
}

/// Why nobody can be graded: the labs without and with the fix do not show symptom and cure.
pub fn trouble(scenario: &Scenario, calibration: &[ArmEvidence], lang: Lang) -> Vec<String> {
    let judged = verdict::judge(scenario, calibration);
    let bad = judged.iter().filter(|result| result.verdict != Verdict::Pass);
    let mut trouble: Vec<String> = bad
        .map(|result| {
            let why = crate::clean::one_line(&result.reason.say(lang), 400);
            format!("{}: {} [{}]: {}: {why}", scenario.id, result.name, result.arm, result.verdict.name())
        })
        .collect();
    if judged.is_empty() {
        let why = calibration.iter().find_map(|arm| match &arm.outcome {
            Outcome::Error { message, .. } => Some(crate::clean::one_line(message, 400)),
            Outcome::Unsupported { reason } => Some(reason.say(lang)),
            _ => None,
        });
        trouble.push(format!("{}: {}", scenario.id, why.unwrap_or_default()));
    }
    trouble
}

/// What marks say of the lab that they are from.
#[derive(Debug, Clone, Copy)]
pub struct Lab<'a> {
    /// SHA-256 of what was handed in.
    pub digest: &'a str,
    /// Labs that were run for it.
    pub attempts: u32,
    /// Whether solutions are told.
    pub solutions: bool,
}

/// A submission's marks in all languages.
pub fn marks_in_all(
    scenario: &Scenario,
    calibration: &[ArmEvidence],
    evidence: &ArmEvidence,
    lab: Lab<'_>,
) -> BTreeMap<Lang, Marked> {
    let of = |lang| {
        let asked = Asked { lang, solutions: lab.solutions };
        let marked = marks::mark(scenario, calibration, evidence, asked);
        (lang, Marked { digest: lab.digest.to_owned(), attempts: lab.attempts, ..marked })
    };
    LANGS.into_iter().map(of).collect()
}

/// Who is to be graded, and where the marks go.
pub struct Batch<'a> {
    /// Students in the order of their keys.
    pub students: &'a [Student],
    /// Reads what they handed in.
    pub intake: Arc<dyn Intake>,
    /// How marks are asked for.
    pub solutions: bool,
    /// Where marks go.
    pub ledger: &'a RefCell<Ledger>,
    /// Hears how it goes.
    pub announcer: &'a Announcer,
    /// Called when a student's marks in a scenario stand.
    pub marked: &'a dyn Fn(&Student),
}

/// The queue of one scenario.
pub struct Queue<'a> {
    batch: &'a Batch<'a>,
    exercise: Exercise<'a>,
    waiting: RefCell<VecDeque<usize>>,
    again: RefCell<Vec<usize>>,
    under_way: RefCell<BTreeMap<String, Taken>>,
    /// Labs that were run for whoever is in the queue now.
    attempt: Cell<u32>,
    failed: RefCell<Option<BundleError>>,
}

struct Taken {
    student: usize,
    /// Archives of images, until the lab is down.
    _kept: Vec<TempPath>,
    digest: String,
}

impl<'a> Queue<'a> {
    /// Everybody who has no marks in this scenario yet, or handed in something else since.
    pub fn new(batch: &'a Batch<'a>, exercise: Exercise<'a>) -> Self {
        Queue {
            waiting: RefCell::new((0..batch.students.len()).collect()),
            again: RefCell::default(),
            under_way: RefCell::default(),
            attempt: Cell::new(1),
            failed: RefCell::default(),
            batch,
            exercise,
        }
    }

    /// Queues those whose first lab does not stand; how many they are.
    pub fn again(&self) -> usize {
        let mut again = self.again.take();
        again.sort_unstable();
        let count = again.len();
        self.waiting.borrow_mut().extend(again);
        self.attempt.set(2);
        count
    }

    /// The first file that could not be written.
    pub fn failed(&self) -> Option<BundleError> {
        self.failed.take()
    }

    /// What a student handed in. An image may take long to read; the thread of the labs must not wait for it, or all of them would end.
    async fn hand_in(&self, student: usize) -> HandIn {
        let (intake, scenario) = (self.batch.intake.clone(), self.exercise.scenario.clone());
        let read = tokio::task::spawn_blocking(move || intake.hand_in(student, &scenario)).await;
        read.unwrap_or_else(|err| {
            let who = &self.batch.students[student].name;
            HandIn::Unreadable(Phrase::new("intake-unreadable").with("name", who).with("why", err))
        })
    }

    fn tell(&self, student: usize, state: State, points: (u32, u32)) {
        self.batch.announcer.tell(EventKind::Graded {
            student: self.batch.students[student].key.clone(),
            scenario: self.exercise.scenario.id.clone(),
            state,
            points: points.0,
            points_most: points.1,
        });
    }

    fn record(&self, student: usize, marked: BTreeMap<Lang, Marked>) {
        let Some(first) = marked.values().next() else { return };
        let (state, points) = (first.state, (first.points, first.points_most));
        let who = &self.batch.students[student];
        match self.batch.ledger.borrow_mut().record(who, marked) {
            Ok(()) => {}
            Err(err) => *self.failed.borrow_mut() = Some(err),
        }
        (self.batch.marked)(who);
        self.tell(student, state, points);
    }

    /// Records that there is nothing to run.
    fn record_unmarked(&self, student: usize, state: State, why: Option<&Phrase>) {
        let of = |lang| {
            let asked = Asked { lang, solutions: self.batch.solutions };
            marks::unmarked(self.exercise.scenario, state, why.map(|why| crate::clean::clean(&why.say(lang))), asked)
        };
        self.record(student, LANGS.into_iter().map(|lang| (lang, of(lang))).collect());
    }

    /// Whether a student has marks that stand for just this.
    fn is_marked(&self, student: usize, digest: &str) -> bool {
        let ledger = self.batch.ledger.borrow();
        let record = ledger.get(&self.batch.students[student].key, &self.exercise.scenario.id);
        record.is_some_and(|record| {
            record.marked.values().all(|marked| marked.state == State::Graded && marked.digest == digest)
        })
    }
}

#[async_trait(?Send)]
impl Desk for Queue<'_> {
    async fn next(&self) -> Option<Entry> {
        loop {
            if self.failed.borrow().is_some() {
                return None;
            }
            let student = self.waiting.borrow_mut().pop_front()?;
            match self.hand_in(student).await {
                HandIn::Missing => self.record_unmarked(student, State::Missing, None),
                HandIn::Refused(why) => self.record_unmarked(student, State::Refused, Some(&why)),
                HandIn::Unreadable(why) => self.record_unmarked(student, State::Review, Some(&why)),
                HandIn::Taken { digest, .. } if self.is_marked(student, &digest) => {
                    let ledger = self.batch.ledger.borrow();
                    let who = &self.batch.students[student].key;
                    let known =
                        ledger.get(who, &self.exercise.scenario.id).and_then(|known| known.marked.values().next());
                    if let Some(known) = known {
                        self.tell(student, known.state, (known.points, known.points_most));
                    }
                }
                HandIn::Taken { steps, images, hosts, kept, digest, remarks } => {
                    let who = &self.batch.students[student];
                    self.under_way.borrow_mut().insert(who.key.clone(), Taken { student, _kept: kept, digest });
                    let submission = Submission {
                        name: who.key.clone(),
                        title: Text { en: who.name.clone(), ja: None },
                        steps,
                        images,
                        hosts,
                        remarks,
                        fails: Default::default(),
                        reasons: Default::default(),
                    };
                    return Some(Entry::from(&submission));
                }
            }
        }
    }

    fn done(&self, evidence: ArmEvidence) {
        let ArmName::Submission(name) = &evidence.name else { return };
        let Some(taken) = self.under_way.borrow_mut().remove(name) else { return };
        let Exercise { scenario, calibration } = &self.exercise;
        if self.attempt.get() == 1 && crowd::is_doubtful(scenario, calibration, &evidence) {
            self.again.borrow_mut().push(taken.student);
            return;
        }
        let lab = Lab { digest: &taken.digest, attempts: self.attempt.get(), solutions: self.batch.solutions };
        self.record(taken.student, marks_in_all(scenario, calibration, &evidence, lab));
    }
}
