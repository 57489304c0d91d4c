//! Marks: what a submission earned and why, and what a class makes of it. Pure; every page, table and file of a batch is a
//! function of these.

mod mark;
mod summary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measure::Unit;
use crate::stats::Estimate;
use crate::verdict::Verdict;
use crate::wording::Lang;
pub use mark::{Asked, mark, unmarked};
pub use summary::{Band, CheckCost, NeedsPerson, ReasonCost, Summary, summary};

/// Version of the format. It changes when a field changes its meaning or goes; new fields do not change it.
pub const VERSION: u32 = 1;

/// A batch: everybody's marks in all of its scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Class {
    /// [`VERSION`].
    pub version: u32,
    /// The batch as a whole.
    pub batch: BatchPart,
    /// Scenarios in the order in which they were asked for.
    pub exercises: Vec<Exercise>,
    /// Students, by name.
    pub students: Vec<StudentMarks>,
    /// What the class makes of it.
    pub summary: Summary,
}

/// A batch as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchPart {
    /// Id of the run that wrote this.
    pub id: String,
    /// Saiten's version.
    pub saiten: String,
    /// When the run began (RFC 3339, UTC).
    pub started: String,
    /// Its wall time in seconds.
    pub took: f64,
    /// `native` or `docker`.
    pub backend: String,
    /// Whether resolvers kept the distribution's time-outs.
    pub realtime: bool,
    /// Language of all messages.
    pub lang: Lang,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Why nobody was graded, if so: the lab did not show the symptom and its cure.
    pub not_calibrated: Vec<String>,
}

/// A scenario, as far as marks need it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Exercise {
    /// `<family>/<name>`.
    pub id: String,
    /// Title.
    pub title: String,
    /// Section of the course.
    pub material: Option<String>,
    /// Points it is worth.
    pub points_most: u32,
    /// Its checks in the scenario's order.
    pub checks: Vec<CheckHead>,
}

/// A check, as far as marks need it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckHead {
    /// Name.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Points it is worth.
    pub points_most: u32,
    /// Whether students are told only that there is such a check.
    pub hidden: bool,
}

/// Somebody who hands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Student {
    /// Names directories and files: `[a-z0-9._-]`, unique in the batch.
    pub key: String,
    /// Name for people, cleaned.
    pub name: String,
    /// The platform's id.
    pub id: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the roster has this student; absent without a roster.
    pub on_roster: Option<bool>,
}

/// A student's marks in all scenarios of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StudentMarks {
    /// Who.
    #[serde(flatten)]
    pub student: Student,
    /// The worst state of the results.
    pub state: State,
    /// Points, once nothing is open any more.
    pub points: Option<u32>,
    /// Points of what is decided.
    pub points_least: u32,
    /// Points that are still open.
    pub points_open: u32,
    /// Points it is all worth.
    pub points_most: u32,
    /// One for each scenario.
    pub results: Vec<Marked>,
}

/// How far a submission came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every check passed or failed.
    Graded,
    /// Nothing was handed in.
    Missing,
    /// What was handed in cannot be taken.
    Refused,
    /// A check is undecided: a person has to look.
    Review,
    /// Not graded yet.
    Waiting,
}

impl State {
    /// As one word.
    pub fn name(self) -> &'static str {
        match self {
            State::Graded => "graded",
            State::Missing => "missing",
            State::Refused => "refused",
            State::Review => "review",
            State::Waiting => "waiting",
        }
    }
}

/// What a student got in one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Marked {
    /// Scenario.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// How far it came.
    pub state: State,
    /// Why it was refused, is missing, or needs a person.
    pub why: Option<String>,
    /// SHA-256 of what was handed in, in hexadecimal.
    pub digest: String,
    /// Labs that were run for it: two if the first one could not decide everything.
    pub attempts: u32,
    /// Points of what is decided.
    pub points: u32,
    /// Points that are still open.
    pub points_open: u32,
    /// Points it is worth.
    pub points_most: u32,
    /// Checks in the scenario's order.
    pub checks: Vec<CheckMark>,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What the submission's scripts did.
    pub runs: Vec<ScriptRun>,
    /// What it did to the files that matter.
    pub changes: Vec<Change>,
    /// Things to know.
    pub findings: Vec<String>,
    /// Where the time went, as the wire saw it.
    pub remarks: Vec<String>,
    /// Evidence, relative to the report directory.
    pub evidence: Vec<EvidenceFile>,
    /// Seconds that its labs took.
    pub took: f64,
}

/// A check's mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckMark {
    /// Name.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What came of it.
    pub standing: Standing,
    /// Points given; absent while it is open.
    pub points: Option<u32>,
    /// Points it is worth.
    pub points_most: u32,
    /// Whether students are told only that there is such a check.
    pub hidden: bool,
    /// Why: what was found, in a sentence.
    pub message: String,
    /// What was measured.
    pub observed: Option<String>,
    /// What it should have been.
    pub expected: String,
    /// The most that it may be, where that depends on what another of the batch's labs measured.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// The least that it may be, likewise.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// Metric that was read.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// The metric in this lab.
    pub value: Option<Estimate>,
    /// The metric in the batch's lab without the fix.
    pub control: Option<Estimate>,
    /// The metric in the batch's lab with the fix.
    pub reference: Option<Estimate>,
    /// Likely reasons of a failure.
    pub reasons: Vec<ReasonMark>,
    /// Where to look.
    pub hint: Option<String>,
    /// What to write; only where the instructor allows it.
    pub solution: Option<String>,
}

/// What came of a check, for a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It holds.
    Pass,
    /// It does not hold, but comes close enough for some points.
    Partial,
    /// It does not hold.
    Fail,
    /// It does not count, since a check that it requires does not hold.
    Skipped,
    /// The machine lacks something.
    Unsupported,
    /// The readings allow no decision.
    Inconclusive,
    /// The lab could not be run or measured.
    Error,
}

impl Standing {
    /// Whether a person has to look.
    pub fn is_open(self) -> bool {
        matches!(self, Standing::Unsupported | Standing::Inconclusive | Standing::Error)
    }

    /// As one word.
    pub fn name(self) -> &'static str {
        match self {
            Standing::Pass => "pass",
            Standing::Partial => "partial",
            Standing::Fail => "fail",
            Standing::Skipped => "skipped",
            Standing::Unsupported => "unsupported",
            Standing::Inconclusive => "inconclusive",
            Standing::Error => "error",
        }
    }

    /// Of a verdict and the points that it gave.
    pub fn of(verdict: Verdict, points: Option<u32>) -> Self {
        match (verdict, points) {
            (Verdict::Pass, _) => Standing::Pass,
            (Verdict::Fail, Some(1..)) => Standing::Partial,
            (Verdict::Fail, _) => Standing::Fail,
            (Verdict::Unsupported, _) => Standing::Unsupported,
            (Verdict::Inconclusive, _) => Standing::Inconclusive,
            (Verdict::Vacuous | Verdict::Error, _) => Standing::Error,
        }
    }
}

/// A likely reason of a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonMark {
    /// The scenario's name for it.
    pub name: String,
    /// What to tell a student.
    pub text: String,
}

/// A metric in this lab, and in the batch's labs without and with the fix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// `<probe>.<metric>`.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Readings in the order in which they were taken.
    pub samples: Vec<f64>,
    /// Their median and its interval.
    pub value: Option<Estimate>,
    /// Without the fix.
    pub control: Option<Estimate>,
    /// With the fix.
    pub reference: Option<Estimate>,
}

/// A script of the submission, as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptRun {
    /// Where.
    pub endpoint: String,
    /// Exit status; 128 + signal number when a signal ended it.
    pub status: i32,
    /// What it printed, bounded and cleaned.
    pub output: String,
    /// Seconds.
    pub took: f64,
}

/// What a submission did to a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Where.
    pub endpoint: String,
    /// File, or what tells the effective configuration.
    pub path: String,
    /// Unified diff; empty when nothing changed.
    pub diff: String,
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceFile {
    /// Path, relative to the report directory.
    pub path: String,
    /// SHA-256 in hexadecimal, where it was taken when the file was written.
    pub sha256: Option<String>,
}
