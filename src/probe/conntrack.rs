//! Kind `conntrack`: what the kernel of a NAT box has in its connection table, and what it could not enter.

use std::time::Duration;

use async_trait::async_trait;

use super::{Kind, Load, OwnWires, Probe};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample};
use crate::scenario::catalog::KindInfo;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "conntrack",
        metrics: &[
            MetricSpec::count("entries", "connections in the table"),
            MetricSpec::count(
                "insert_failed",
                "packets since the lab's begin whose connection clashed with one in the table",
            ),
            MetricSpec::count("dropped", "packets since then that connection tracking dropped"),
        ],
        check_params: |table| match table.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("unknown field `{key}`: it takes none")),
        },
        outer_params: &[],
        endpoint_params: &[],
    },
    bind: |probe| Ok(Box::new(Conntrack { nat: probe.to.clone() })),
    watches: |_, _| Vec::new(),
    load: Load::None,
    own_wires: OwnWires::All,
};

/// The kernel's counters, a line a processor; the namespace's own.
const FILE: &str = "/proc/net/stat/nf_conntrack";
/// Most bytes of it.
const FILE_MOST: usize = 256 << 10;

struct Conntrack {
    nat: String,
}

#[async_trait(?Send)]
impl Probe for Conntrack {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, _limit: Duration) -> Result<Sample, LabError> {
        let mut sample = Sample::default();
        match statistics(lab, &self.nat).await {
            Ok(read) => {
                let values =
                    [("entries", read.entries), ("insert_failed", read.insert_failed), ("dropped", read.dropped)];
                sample.readings.extend(values.map(|(name, value)| (name.to_owned(), value as f64)));
            }
            Err(lacking) => {
                let names = KIND.info.metrics.iter().map(|metric| metric.name.to_owned());
                sample.lacking.extend(names.map(|name| (name, lacking.clone())));
            }
        }
        Ok(sample)
    }
}

/// Figures of one network namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Connections in the table.
    pub entries: u64,
    /// Packets whose connection clashed with one in the table.
    pub insert_failed: u64,
    /// Packets that were dropped.
    pub dropped: u64,
}

/// What an endpoint's kernel counts, read by the helper itself: tools in the endpoint have no say.
///
/// # Errors
/// A kernel that does not tell, in words for people.
pub async fn statistics(lab: &Lab, endpoint: &str) -> Result<Statistics, String> {
    let text = lab.tail(endpoint, FILE, FILE_MOST).await;
    let read = text.map_err(|err| err.chain()).and_then(|text| parse(&text));
    read.map_err(|why| format!("{FILE}: {why}; the kernel needs CONFIG_NF_CONNTRACK_PROCFS"))
}

/// A header line, then hexadecimal numbers, a line a processor; all lines tell the same number of entries.
fn parse(text: &str) -> Result<Statistics, String> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let column = |name: &str| names.iter().position(|known| *known == name).ok_or_else(|| format!("no column {name}"));
    let (entries, insert_failed, dropped) = (column("entries")?, column("insert_failed")?, column("drop")?);
    let mut sum = Statistics::default();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let cell = |at: usize| {
            let cell = cells.get(at).and_then(|cell| u64::from_str_radix(cell, 16).ok());
            cell.ok_or_else(|| format!("cannot read `{line}`"))
        };
        sum.entries = cell(entries)?;
        sum.insert_failed += cell(insert_failed)?;
        sum.dropped += cell(dropped)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_added_up() {
        let text = "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop\n\
                    0000000a 0 0 0 0 0 0 0 0 00000005 00000005\n\
                    0000000a 0 0 0 0 0 0 0 0 00000011 00000002\n";
        assert_eq!(parse(text), Ok(Statistics { entries: 10, insert_failed: 22, dropped: 7 }));
        assert_eq!(parse("entries found\n1 2\n"), Err("no column insert_failed".to_owned()));
        assert!(parse("").is_err() && parse("entries insert_failed drop\n1 x 3\n").is_err());
    }
}
