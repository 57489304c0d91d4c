//! Everything a verdict was decided from, one bundle an arm; `bundle` keeps it on disk.

pub mod bundle;
mod phase;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arm::ArmName;
use crate::measure::{Measurement, MetricName, Sample, Series, Unit};
use crate::stats;
use crate::wording::Phrase;
pub use phase::Phase;

/// What one arm left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmEvidence {
    /// Arm.
    pub name: ArmName,
    /// Fixes that were applied.
    pub fixes: Vec<String>,
    /// How far it came.
    pub outcome: Outcome,
    /// Probes by name.
    #[serde(default)]
    pub probes: BTreeMap<String, ProbeEvidence>,
    /// Faults, fixes and activations as they ran.
    #[serde(default)]
    pub actions: Vec<ActionRecord>,
    /// What the fixes did to the files that they are meant to edit.
    #[serde(default)]
    pub edits: Vec<EditRecord>,
    /// Effective configuration by endpoint; explains verdicts and decides none.
    #[serde(default)]
    pub effective: BTreeMap<String, Effective>,
    /// Files that fixes edit or reasons look at, as they are after the fixes, by endpoint and path; like `effective`.
    #[serde(default)]
    pub files: BTreeMap<String, BTreeMap<String, String>>,
    /// Packages that were asked for when the image was made, with their versions, by endpoint; only of machines on trial.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, BTreeMap<String, String>>,
    /// What could be told of the virtual machines on trial as they came, by endpoint and fact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the lab's wires can be believed.
    #[serde(default)]
    pub trust: Trust,
    /// Things a teacher should know.
    #[serde(default)]
    pub findings: Vec<Phrase>,
    /// Capture files of this arm, by network.
    #[serde(default)]
    pub captures: BTreeMap<String, CaptureRecord>,
    /// Seconds spent in each phase.
    #[serde(default)]
    pub phases: BTreeMap<String, f64>,
}

/// How far an arm came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All probes were taken.
    Measured,
    /// The machine lacks something.
    Unsupported {
        /// What is missing.
        reason: Phrase,
    },
    /// The lab failed.
    Error {
        /// In which phase.
        phase: Phase,
        /// The whole chain of errors.
        message: String,
    },
    /// The user stopped it.
    Interrupted,
}

/// A probe's samples, with what is needed to read them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeEvidence {
    /// Probe kind.
    pub kind: String,
    /// Unit of each metric that the kind reports.
    pub units: BTreeMap<String, Unit>,
    /// For a metric, the metrics through which it must change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub explained_by: BTreeMap<String, Vec<String>>,
    /// Samples in the order in which they were taken.
    pub samples: Vec<Sample>,
}

/// A shell line as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// `fault:<name>`, `fix:<name>`, `activate` or `start`.
    pub action: String,
    /// Where.
    pub endpoint: String,
    /// The line.
    pub run: String,
    /// Exit status.
    pub status: i32,
    /// Standard output and error, bounded and cleaned.
    pub output: String,
    /// Seconds.
    pub took: f64,
}

/// What a fix did to a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditRecord {
    /// Fix.
    pub fix: String,
    /// Where.
    pub endpoint: String,
    /// File.
    pub path: String,
    /// Unified diff; empty when nothing changed.
    pub diff: String,
}

/// A daemon's effective configuration before and after the fixes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Effective {
    /// After the faults.
    pub before: String,
    /// After the fixes, and after all samples.
    pub after: String,
}

/// The lines of a configuration that are in force. Comments say when a program printed it (iptables-save(8)).
pub fn in_force(configuration: &str) -> impl Iterator<Item = &str> {
    configuration.lines().map(str::trim).filter(|line| line.len() > 1 && !line.starts_with('#'))
}

/// A capture file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptureRecord {
    /// File name within the arm's directory.
    pub file: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// How well the switch kept up. Past a bound, what was measured over it is not judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trust {
    /// Latest wake-up of the switch, in seconds.
    pub late_max: f64,
    /// 99th percentile of its wake-ups' lateness, in seconds.
    pub late_p99: f64,
    /// Frames that NICs dropped before the switch saw them.
    pub frames_lost: u64,
    /// Capture records that were lost.
    pub records_lost: u64,
    /// Whether a capture reached its bound.
    pub capture_full: bool,
    /// The machine's one-minute load divided by its processors, at the end of the arm.
    pub load: f64,
}

/// Lateness above which time readings are doubtful, in seconds: half of the shortest wait that the labs judge (a resolver's
/// compressed time-out of one second).
const LATE_MOST: f64 = 0.5;

impl Trust {
    /// Why the readings should not be judged, if so.
    pub fn doubt(&self) -> Option<Phrase> {
        if self.late_max > LATE_MOST {
            let late = Unit::Seconds.show(self.late_max);
            return Some(Phrase::new("trust-late").with("late", late).with("load", format!("{:.1}", self.load)));
        }
        if self.frames_lost > 0 {
            return Some(Phrase::new("trust-frames-lost").with("count", self.frames_lost));
        }
        if self.capture_full {
            // What was not captured any more may be what a count of nothing missed.
            return Some(Phrase::new("trust-capture-full"));
        }
        (self.records_lost > 0).then(|| Phrase::new("trust-records-lost").with("count", self.records_lost))
    }
}

/// How often a service could not be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Samples that failed.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// The last one's reason.
    pub reason: String,
}

impl ArmEvidence {
    /// An arm of which nothing is known yet.
    pub fn new(name: ArmName, fixes: Vec<String>) -> Self {
        ArmEvidence {
            name,
            fixes,
            outcome: Outcome::Interrupted,
            probes: BTreeMap::new(),
            actions: Vec::new(),
            edits: Vec::new(),
            effective: BTreeMap::new(),
            files: BTreeMap::new(),
            packages: BTreeMap::new(),
            facts: BTreeMap::new(),
            trust: Trust::default(),
            findings: Vec::new(),
            captures: BTreeMap::new(),
            phases: BTreeMap::new(),
        }
    }

    /// All readings of a metric, in order. A sample in which the service could not be used reads flags only: that a server which
    /// refuses everybody asks no name server is no achievement.
    pub fn readings(&self, metric: &MetricName) -> Vec<f64> {
        let (probe, name) = metric.split();
        let Some(probe) = self.probes.get(probe) else { return Vec::new() };
        let is_flag = probe.units.get(name) == Some(&Unit::Flag);
        let used = probe.samples.iter().filter(|sample| is_flag || sample.failed.is_none());
        used.filter_map(|sample| sample.readings.get(name).copied()).collect()
    }

    /// How often the service failed, if at least every second time.
    pub fn mostly_failed(&self, probe: &str) -> Option<Failed> {
        let samples = &self.probes.get(probe)?.samples;
        let reasons: Vec<&String> = samples.iter().filter_map(|sample| sample.failed.as_ref()).collect();
        let last = reasons.last()?;
        let failed = Failed { count: reasons.len(), of: samples.len(), reason: (*last).clone() };
        (failed.count * 2 >= failed.of).then_some(failed)
    }

    /// Whether the service could not be used in any sample.
    pub fn ever_failed(&self, probe: &str) -> bool {
        self.probes.get(probe).is_some_and(|probe| probe.samples.iter().any(|sample| sample.failed.is_some()))
    }

    /// Why a probe's readings should not be judged, if so.
    pub fn doubt(&self, probe: &str) -> Option<&Phrase> {
        self.probes.get(probe)?.samples.iter().find_map(|sample| sample.doubt.as_ref())
    }

    /// What the machine lacks for a metric that has no reading, if that is why.
    pub fn lacking(&self, metric: &MetricName) -> Option<&str> {
        let (probe, name) = metric.split();
        let mut samples = self.probes.get(probe)?.samples.iter();
        samples.find_map(|sample| sample.lacking.get(name)).map(String::as_str)
    }

    /// All series, with the names of their files in the arm's directory: probe, sample from 1, and what it shows.
    pub fn series(&self) -> impl Iterator<Item = (String, &Series)> {
        self.probes.iter().flat_map(|(probe, evidence)| {
            evidence.samples.iter().enumerate().flat_map(move |(at, sample)| {
                let name = move |series: &Series| format!("series/{probe}-{}-{}.csv", at + 1, series.name);
                sample.series.iter().map(move |series| (name(series), series))
            })
        })
    }

    /// All measurements, by probe and metric.
    pub fn measurements(&self) -> Vec<Measurement> {
        let mut all = Vec::new();
        for (name, probe) in &self.probes {
            for (metric, unit) in &probe.units {
                let metric = MetricName::new(name, metric);
                let samples = self.readings(&metric);
                if !samples.is_empty() {
                    all.push(Measurement { metric, unit: *unit, samples });
                }
            }
        }
        all
    }

    /// The median of a metric.
    pub fn median(&self, metric: &MetricName) -> Option<f64> {
        stats::median(&self.readings(metric))
    }
}
