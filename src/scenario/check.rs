//! What must hold, compared with what, and why it may not.

use super::Text;
use crate::arm::ArmName;
use crate::measure::{MetricName, Unit};

/// What must hold in a healthy lab.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Name, unique in the scenario.
    pub name: String,
    /// Name for people.
    pub title: Option<Text>,
    /// Metric that is read.
    pub metric: MetricName,
    /// Unit of that metric.
    pub unit: Unit,
    /// Bounds, all of which must hold.
    pub bounds: Vec<Bound>,
    /// What must be seen in the `omitted` arm for the comparison to mean anything.
    pub symptom: Option<Condition>,
    /// What must hold beside it in a healthy lab, or the check fails: a server that is down leaks nothing either.
    pub needs: Vec<Condition>,
    /// Points it is worth.
    pub points: u32,
    /// Points for coming close, tried in order where the bounds do not hold.
    pub partial: Vec<Partial>,
    /// Checks that have to pass before this one counts; each comes before it.
    pub requires: Vec<String>,
    /// Whether students are told only that there is such a check.
    pub hidden: bool,
    /// What to tell a student who fails it: where to look, never what to write.
    pub hint: Option<Text>,
    /// What to write; told only where the instructor allows it.
    pub solution: Option<Text>,
    /// Line in `scenario.toml`, from 1.
    pub line: u32,
}

impl Check {
    /// All metrics that its verdict is decided from.
    pub fn reads(&self) -> impl Iterator<Item = &MetricName> {
        let beside = self.symptom.iter().chain(&self.needs).map(|condition| &condition.metric);
        std::iter::once(&self.metric).chain(beside)
    }
}

/// Points for coming close.
#[derive(Debug, Clone, PartialEq)]
pub struct Partial {
    /// Bounds on the check's metric, all of which must hold.
    pub bounds: Vec<Bound>,
    /// Points it gives.
    pub points: u32,
}

/// Bounds on a count or flag: what shows a symptom, or what a check needs beside its own bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Metric that is read.
    pub metric: MetricName,
    /// Unit of that metric.
    pub unit: Unit,
    /// Bounds on it.
    pub bounds: Vec<Bound>,
}

/// A likely reason why a check fails, known by what was measured and by what an endpoint's configuration then looks like. It
/// explains a verdict and decides none.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Name, unique in the scenario.
    pub name: String,
    /// Checks that it can explain.
    pub checks: Vec<String>,
    /// What was measured.
    pub when: Vec<Condition>,
    /// Endpoint that is looked at; none where only measurements are.
    pub on: Option<String>,
    /// What its effective configuration looks like.
    pub effective: Option<Look>,
    /// What a file looks like, after all fixes.
    pub file: Option<(String, Look)>,
    /// What to tell a student.
    pub text: Text,
}

/// What a text looks like: regular expressions of the crate regex, `^` and `$` at each line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// Is found in it.
    pub has: Option<String>,
    /// Is not found in it.
    pub lacks: Option<String>,
}

impl Reason {
    /// The files that it looks at.
    pub fn path(&self) -> Option<&str> {
        self.file.as_ref().map(|(path, _)| path.as_str())
    }
}

/// One bound on a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Direction.
    pub relation: Relation,
    /// What it is compared with.
    pub limit: Limit,
}

/// Direction of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Not above the limit.
    AtMost,
    /// Not below the limit.
    AtLeast,
    /// Exactly the limit.
    Equals,
}

impl Relation {
    /// The relation as a sign: `≤`, `≥`, `=`.
    pub fn sign(self) -> &'static str {
        match self {
            Relation::AtMost => "≤",
            Relation::AtLeast => "≥",
            Relation::Equals => "=",
        }
    }
}

/// What a bound compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// A number in the metric's unit; only for counts and flags.
    Absolute(f64),
    /// A factor of the same metric in another arm of the same run.
    Ratio {
        /// The factor, above 0.
        factor: f64,
        /// The arm compared with, `omitted` as a rule.
        of: ArmName,
    },
}
