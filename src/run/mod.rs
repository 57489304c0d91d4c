//! The engine: which labs a run needs, each lab's life, what goes on side by side, and how all of it ends early.

mod act;
pub mod class;
pub mod door;
mod fit;
mod fit_disk;
mod fit_live;
pub mod gate;
mod guest;
mod keep;
mod life;
mod live;
mod packages;
mod put_back;
mod queue;
mod scenario;
pub mod stream;
mod trial;
pub mod virtualbox;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::arm::{ArmName, ArmPlan, arms};
use crate::event::{Announcer, EventKind, LabName};
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::{self, BackendRecord, Bundle, BundleError, RunRecord, ScenarioRecord};
use crate::helper::message::{Entry, Offers};
use crate::lab::guest::Medium;
use crate::lab::live::Reach;
use crate::lab::{Backend, LabError};
use crate::scenario::Scenario;
use crate::scenario::mutant::Mutation;
use crate::scenario::subject::{Subject, SubjectRecord};
use crate::scenario::submission::Submission;
use crate::verdict::crowd;
use crate::wording::{Lang, Phrase};
pub use trial::ENTRY_WAIT;

use gate::Gate;
use scenario::Course;
use stream::{LABS_A_PROCESSOR, Room};

/// Labs at once that are measured in quiet, of all scenarios together: as many as the arms that they are compared with.
const QUIET_LABS: usize = 2;

/// What a run is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The run's id.
    pub id: String,
    /// Which arms.
    pub arms: ArmPlan,
    /// Whether resolvers keep the distribution's time-outs.
    pub realtime: bool,
    /// How many machines may be made at once.
    pub jobs: usize,
    /// Directory of the reports.
    pub out: PathBuf,
    /// Language of the reports.
    pub lang: Lang,
    /// Whether `unsupported` counts against the run.
    pub strict: bool,
    /// Whether labs stay up until the user asks for the end.
    pub keep: bool,
    /// One arm instead of those that [`Options::arms`] names.
    pub only: Option<ArmName>,
    /// Whether samples are taken; without them a lab only comes up.
    pub measure: bool,
    /// Whether evidence of earlier runs stays beside this run's.
    pub beside: bool,
    /// How live machines are reached that submissions name.
    pub reach: Reach,
    /// Directory of the sockets through which a kept lab is reached.
    pub doors: PathBuf,
    /// Why the backend is the one that it is.
    pub why_backend: Phrase,
}

impl Options {
    /// A run of the default arms that measures, with reports in `out`.
    pub fn of(id: String, out: PathBuf, lang: Lang, doors: PathBuf) -> Self {
        Options {
            id,
            arms: ArmPlan::Pair,
            realtime: false,
            jobs: 1,
            out,
            lang,
            strict: false,
            keep: false,
            only: None,
            measure: true,
            beside: false,
            reach: Reach::default(),
            doors,
            why_backend: Phrase::default(),
        }
    }
}

/// How a run is asked to end.
#[derive(Debug, Default)]
pub struct Stop {
    /// The run is to end early: labs go down, reports say so.
    pub interrupted: CancellationToken,
    /// Kept labs are to go down; the run itself is complete.
    pub released: CancellationToken,
    keeping: std::sync::atomic::AtomicBool,
}

impl Stop {
    /// The user asked for the end: of kept labs, if there are any, else of the run.
    pub fn ask(&self) {
        if self.keeping.load(std::sync::atomic::Ordering::Relaxed) {
            self.released.cancel();
        } else {
            self.interrupted.cancel();
        }
    }

    fn keep(&self) {
        self.keeping.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A scenario to run, and the text of its file as it was read.
pub struct Job {
    /// The scenario.
    pub scenario: Scenario,
    /// Its file's text, kept as evidence.
    pub text: String,
    /// What was handed in: an arm each, beside the run's own.
    pub submissions: Vec<Submission>,
    /// Which mutants of the fixes run, too; none unless asked for.
    pub mutants: Option<Wanted>,
    /// Whether others are compared with its arms later: then these are run again where they leave something open.
    pub is_compared_with: bool,
    /// Machines on trial, by the endpoint whose place they have in every arm.
    pub subjects: BTreeMap<String, Trial>,
}

impl Job {
    /// Whether a machine is only looked at, so that there is no lab.
    fn is_only_looked_at(&self) -> bool {
        self.subjects.values().any(|trial| trial.is_only_looked_at)
    }
}

/// A machine on trial.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The machine.
    pub subject: Subject,
    /// What reports say of it.
    pub record: SubjectRecord,
    /// Whether the scenario's faults are done to it, too. A lab image shows the symptom by itself.
    pub faults: bool,
    /// What it starts by itself, if it is an image.
    pub entry: Option<Entry>,
    /// Why it is unfit, where that is known without running it.
    pub unfit: Vec<Phrase>,
    /// Whether it is only looked at, without a lab.
    pub is_only_looked_at: bool,
    /// How it is booted, where it is a disk.
    pub medium: Option<Rc<Medium>>,
}

/// Which mutants are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those whose name contains this; all when absent.
    pub only: Option<String>,
}

/// What a run gave.
pub struct Outcome {
    /// The run's own record.
    pub record: RunRecord,
    /// Arms of each scenario, in the order of the record.
    pub arms: Vec<Vec<ArmEvidence>>,
}

/// Everything that the labs of one run share.
struct Shared<'a> {
    backend: &'a dyn Backend,
    options: &'a Options,
    announcer: &'a Announcer,
    cancel: &'a CancellationToken,
    bundle: Bundle,
    gate: Rc<Gate>,
    creating: Semaphore,
    /// Room for submissions and mutants.
    room: Room,
    offers: Option<Offers>,
    stop: &'a Stop,
}

impl<'a> Shared<'a> {
    /// What the machine offers is looked at only when a scenario needs more than every lab does: it costs a machine.
    async fn new(
        backend: &'a dyn Backend,
        options: &'a Options,
        announcer: &'a Announcer,
        stop: &'a Stop,
        needs_more: bool,
    ) -> Result<Self, LabError> {
        Ok(Shared {
            backend,
            options,
            announcer,
            cancel: &stop.interrupted,
            bundle: Bundle::of(&options.out),
            gate: Rc::default(),
            creating: Semaphore::new(options.jobs.max(1)),
            room: Room::of(QUIET_LABS),
            offers: if needs_more { Some(backend.offers().await?) } else { None },
            stop,
        })
    }

    /// The same run, once nothing is under way, with another gate and other room.
    fn with(&self, gate: Gate, room: Room) -> Shared<'a> {
        Shared {
            bundle: self.bundle.clone(),
            gate: Rc::new(gate),
            creating: Semaphore::new(self.options.jobs.max(1)),
            room,
            offers: self.offers.clone(),
            ..*self
        }
    }
}

/// Why a run could not even begin, or its evidence not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The backend.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The report directory.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Runs all scenarios side by side. Labs that fail are in the outcome; an interrupted run gives what it has.
///
/// # Errors
/// A backend that does not answer, or a report directory that cannot be written.
pub async fn run(
    backend: &dyn Backend,
    jobs: Vec<Job>,
    options: &Options,
    announcer: &Announcer,
    stop: &Stop,
) -> Result<Outcome, RunError> {
    let (started, clock) = (Timestamp::now(), Instant::now());
    let needs_more = jobs.iter().any(|job| !job.scenario.requires.is_empty());
    let shared = Shared::new(backend, options, announcer, stop, needs_more).await?;
    let plans: Vec<(Job, Vec<ArmName>)> = jobs
        .into_iter()
        .map(|job| {
            let arms = arms_of(&job, options);
            (job, arms)
        })
        .collect();
    if !options.beside {
        shared.bundle.clear()?;
    }
    for (job, _) in &plans {
        shared.bundle.write_scenario(&job.scenario.id, &job.text)?;
    }
    let labs = plans
        .iter()
        // What is only looked at has none.
        .filter(|(job, _)| !job.is_only_looked_at())
        .flat_map(|(job, arms)| arms.iter().map(|arm| LabName { scenario: job.scenario.id.clone(), arm: arm.clone() }));
    announcer.tell(EventKind::RunStarted { run: options.id.clone(), labs: labs.collect(), realtime: options.realtime });

    let finished = run_all(&shared, &plans).await?;
    let mut record = RunRecord {
        version: bundle::VERSION,
        run: options.id.clone(),
        saiten: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        took: clock.elapsed().as_secs_f64(),
        arms: options.arms,
        realtime: options.realtime,
        lang: options.lang,
        strict: options.strict,
        interrupted: stop.interrupted.is_cancelled(),
        backend: Some(BackendRecord { name: backend.name().to_owned(), why: options.why_backend.clone() }),
        machine: backend.describe().await.unwrap_or_default(),
        scenarios: Vec::new(),
    };
    let mut arms = Vec::new();
    for ((job, _), finished) in plans.iter().zip(finished) {
        let mut known = scenario_record(job, &finished);
        guest::look_again(job, &mut known).await;
        record.scenarios.push(known);
        arms.push(finished.arms);
    }
    shared.bundle.write_run(&record)?;
    Ok(Outcome { record, arms })
}

/// First the own arms of all scenarios, then as many submissions and mutants at once as the machine bears, and in the end those alone
/// that the others may have disturbed.
async fn run_all(shared: &Shared<'_>, plans: &[(Job, Vec<ArmName>)]) -> Result<Vec<Finished>, BundleError> {
    let begin = async |(job, arms)| {
        let mut course = Course::of(shared, job, arms).await;
        course.run_own(shared).await.map(|()| course)
    };
    let mut courses: Vec<Course<'_>> = all(plans.iter().map(|(job, arms)| begin((job, arms)))).await?;
    let had_company = courses.len() > 1;
    for course in &mut courses {
        course.settle(shared, had_company).await?;
    }
    let crowded = shared.with(Gate::crowded(), Room::of(LABS_A_PROCESSOR * shared.options.jobs.max(1)));
    all(courses.iter().map(|course| course.prove(&crowded))).await?;
    let quiet = shared.with(Gate::default(), Room::of(QUIET_LABS));
    // What even a single lab left open has one more try: then it was the machine, busy with something else.
    let rules: [crowd::Rule; 2] = [crowd::is_doubtful, crowd::is_undecided];
    for rule in rules {
        all(courses.iter().map(|course| course.prove_again(&quiet, rule))).await?;
    }
    courses.into_iter().map(|course| course.finish(shared)).collect()
}

/// Waits for all, also where one fails: labs go down in their own time.
async fn all<T>(
    work: impl Iterator<Item = impl Future<Output = Result<T, BundleError>>>,
) -> Result<Vec<T>, BundleError> {
    join_all(work).await.into_iter().collect()
}

/// The arms of a scenario: those of the plan, and what was handed in.
fn arms_of(job: &Job, options: &Options) -> Vec<ArmName> {
    let fixes: Vec<String> = job.scenario.fixes.iter().map(|fix| fix.action.name.clone()).collect();
    let mut arms = options.only.as_ref().map_or_else(|| arms(options.arms, &fixes), |only| vec![only.clone()]);
    for submission in &job.submissions {
        let arm = ArmName::Submission(submission.name.clone());
        if !arms.contains(&arm) {
            arms.push(arm);
        }
    }
    arms
}

fn scenario_record(job: &Job, finished: &Finished) -> ScenarioRecord {
    ScenarioRecord {
        id: job.scenario.id.clone(),
        arms: finished.arms.iter().map(|arm| arm.name.to_string()).collect(),
        images: finished.images.clone().into_iter().collect(),
        submissions: job.submissions.clone(),
        mutation: finished.mutation.clone(),
        subjects: job.subjects.iter().map(|(on, trial)| (on.clone(), finished.described(on, trial))).collect(),
        took: finished.took,
    }
}

/// What became of one scenario.
struct Finished {
    arms: Vec<ArmEvidence>,
    mutation: Option<Mutation>,
    images: BTreeMap<String, String>,
    looked: fit::Looked,
    took: f64,
}

impl Finished {
    /// What a report says of a machine on trial, with what was seen of it.
    fn described(&self, endpoint: &str, trial: &Trial) -> SubjectRecord {
        let mut record = trial.record.clone();
        record.is_only_looked_at = trial.is_only_looked_at;
        if let Some(Ok(survey)) = self.looked.get(endpoint) {
            record.facts.extend(survey.facts.clone());
        }
        for facts in self.arms.iter().filter_map(|arm| arm.facts.get(endpoint)) {
            record.facts.extend(facts.clone());
        }
        record
    }
}
