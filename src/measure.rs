//! What is measured: units, metrics, and all readings of one metric in one arm.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wording::Phrase;

/// The unit of a metric. Values are stored in the base unit (seconds, not milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds, as a decimal number.
    #[serde(rename = "s")]
    Seconds,
    /// How many of something (queries, frames, logins).
    Count,
    /// A protocol fact: 1 when it holds, 0 when it does not.
    Flag,
    /// Bits per second.
    #[serde(rename = "bit/s")]
    BitsPerSecond,
}

impl Unit {
    /// Whether a value depends on how fast or busy this machine is. Such a metric is judged only as a ratio.
    pub fn depends_on_machine(self) -> bool {
        matches!(self, Unit::Seconds | Unit::BitsPerSecond)
    }

    /// The unit's symbol as it is printed behind a number; empty for counts and flags.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Count | Unit::Flag => "",
            Unit::BitsPerSecond => "bit/s",
        }
    }

    /// `value` as text for people: milliseconds below one second, at most three significant decimals.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Seconds if value.abs() < 1.0 => format!("{:.0} ms", value * 1e3),
            Unit::Seconds => format!("{value:.2} s"),
            Unit::Count if value.fract() == 0.0 => format!("{value:.0}"),
            Unit::Count => format!("{value:.1}"),
            Unit::Flag => (if value == 0.0 { "no" } else { "yes" }).to_owned(),
            Unit::BitsPerSecond => format!("{:.2} Mbit/s", value / 1e6),
        }
    }
}

/// A metric that a probe kind can report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSpec {
    /// Name within the probe, such as `time` or `wire.server_silence`.
    pub name: &'static str,
    /// Unit of every sample.
    pub unit: Unit,
    /// One sentence: what it is and how it is taken.
    pub doc: &'static str,
    /// Metrics of the same probe through which a change of this one must come about. When the daemon itself adds
    /// noise to a total (OpenSSH pads its first answer), a change of the total alone is not an effect.
    pub explained_by: &'static [&'static str],
}

impl MetricSpec {
    /// A metric that counts.
    pub const fn count(name: &'static str, doc: &'static str) -> Self {
        MetricSpec { name, unit: Unit::Count, doc, explained_by: &[] }
    }

    /// A protocol fact.
    pub const fn flag(name: &'static str, doc: &'static str) -> Self {
        MetricSpec { name, unit: Unit::Flag, doc, explained_by: &[] }
    }

    /// A time.
    pub const fn seconds(name: &'static str, doc: &'static str) -> Self {
        MetricSpec { name, unit: Unit::Seconds, doc, explained_by: &[] }
    }

    /// A rate.
    pub const fn rate(name: &'static str, doc: &'static str) -> Self {
        MetricSpec { name, unit: Unit::BitsPerSecond, doc, explained_by: &[] }
    }

    /// Metrics of a kind's own, and those that it shares with others behind them; `ALL` is how many there are together.
    pub const fn joined<const ALL: usize>(own: &[Self], shared: &[Self]) -> [Self; ALL] {
        assert!(own.len() + shared.len() == ALL);
        let mut all = [own[0]; ALL];
        let mut at = 0;
        while at < ALL {
            all[at] = if at < own.len() { own[at] } else { shared[at - own.len()] };
            at += 1;
        }
        all
    }
}

/// The name of a metric as checks and results spell it: `<probe>.<metric>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MetricName(pub String);

impl MetricName {
    /// Joins a probe's name and the metric's own name.
    pub fn new(probe: &str, metric: &str) -> Self {
        MetricName(format!("{probe}.{metric}"))
    }

    /// The probe's name and the metric's own name.
    pub fn split(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl std::fmt::Display for MetricName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// All readings of one metric in one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Which metric.
    pub metric: MetricName,
    /// Unit of the samples.
    pub unit: Unit,
    /// The readings, in the order in which they were taken.
    pub samples: Vec<f64>,
}

/// What one taking of a probe gives: readings, or why the measured service gave none.
///
/// A refused login is a fact about the lab (`failed`), never an error of the harness.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Reading by metric name within the probe.
    pub readings: BTreeMap<String, f64>,
    /// Why the service could not be used this time, in its own (cleaned, bounded) words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Why the readings should not be judged: the lab was not what the scenario asks for while they were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Phrase>,
    /// Readings that this machine cannot give, and what it lacks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lacking: BTreeMap<String, String>,
    /// What was seen, in words, for people: where the time went, who was silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Phrase>,
    /// Who asked whom what, in order, where that is what was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladders: Vec<Ladder>,
    /// How something went over time, ready to be plotted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
}

/// Readings over time: a table whose first column is seconds since the begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it shows, such as `goodput`; part of a file's name.
    pub name: String,
    /// Names of the columns with their units, such as `goodput_bit_per_s`.
    pub columns: Vec<String>,
    /// The rows, as many numbers each as there are columns.
    pub rows: Vec<Vec<f64>>,
}

impl Series {
    /// The table as comma-separated values (RFC 4180), with a header line.
    pub fn csv(&self) -> String {
        let line = |cells: Vec<String>| format!("{}\r\n", cells.join(","));
        let rows = self.rows.iter().map(|row| line(row.iter().map(f64::to_string).collect()));
        std::iter::once(line(self.columns.clone())).chain(rows).collect()
    }
}

/// The messages that one action gave rise to, in the order in which they passed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ladder {
    /// What was done, such as `getent hosts www`.
    pub what: String,
    /// The name that it was about as it was typed, and by which program; where several lookups make a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<Cell>,
    /// The endpoint that did it, whose own messages these are beside others'; none where a daemon acts by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The rungs.
    pub rungs: Vec<Rung>,
    /// Rungs beyond the most that are kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// What whoever did it got in the end, such as `192.168.1.80` or `NXDOMAIN`.
    pub outcome: String,
}

/// A place in a table of lookups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// The name, as it was typed.
    pub name: String,
    /// The program.
    pub program: String,
}

/// One message and what came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// Seconds after the action's begin.
    pub at: f64,
    /// Endpoint that sent it.
    pub from: String,
    /// Endpoint, or address, that it was sent to.
    pub to: String,
    /// What it says, such as `AAAA www.sample.local.`
    pub asks: String,
    /// What came back, such as `NXDOMAIN aa`; nothing if no answer passed.
    pub answer: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
