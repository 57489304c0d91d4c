//! Kind `rtt`: ICMP echoes from one endpoint to an address: how many come back, and after how long.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::echo::{self, Pace};
use super::{Kind, Load, OwnWires, Probe, params, wires};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample};
use crate::scenario;
use crate::scenario::catalog::KindInfo;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "rtt",
        metrics: &[
            MetricSpec::count("sent", "echo requests (RFC 792) that left"),
            MetricSpec::count("answered", "those whose answer came back, by the sender's clock and on its wire"),
            MetricSpec::flag("ok", "whether any answer came back"),
            MetricSpec::seconds("time", "median round-trip time of the answered ones"),
            MetricSpec::seconds("time_least", "the shortest"),
        ],
        check_params: |table| params::<Params>(table)?.pace().map(drop),
        outer_params: &[],
        endpoint_params: &[],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        Ok(Box::new(Rtt { pace: params.pace()?, params, spec: probe.clone() }))
    },
    watches: |_, _| Vec::new(),
    load: Load::Latency,
    own_wires: OwnWires::All,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Who is to answer; the measured endpoint's first address by default. Behind a tunnel it may be nobody's NIC.
    address: Option<IpAddr>,
    /// How many requests.
    #[serde(default = "default_count")]
    count: u16,
    /// Between two of them.
    #[serde(default = "default_interval")]
    interval: String,
    /// How long to do nothing before the first.
    after: Option<String>,
}

fn default_count() -> u16 {
    10
}

fn default_interval() -> String {
    "100ms".to_owned()
}

/// How long the last answer is waited for.
const WAIT: Duration = Duration::from_secs(1);

impl Params {
    fn pace(&self) -> Result<Pace, String> {
        if !(1..=1000).contains(&self.count) {
            return Err("`count` is a number from 1 to 1000".to_owned());
        }
        self.after()?;
        let interval = super::duration("interval", &self.interval, Duration::from_millis(1), Duration::from_secs(60))?;
        Ok(Pace { count: self.count, interval, wait: WAIT })
    }

    fn after(&self) -> Result<Duration, String> {
        let after = self.after.as_deref();
        let parse = |text| super::duration("after", text, Duration::ZERO, Duration::from_secs(600));
        after.map_or(Ok(Duration::ZERO), parse)
    }
}

struct Rtt {
    params: Params,
    pace: Pace,
    spec: scenario::Probe,
}

#[async_trait(?Send)]
impl Probe for Rtt {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, _limit: Duration) -> Result<Sample, LabError> {
        let own = wires::endpoint(lab.scenario(), &self.spec.to)?.nics.iter().flat_map(|nic| &nic.addresses).next();
        let Some(to) = self.params.address.or(own.copied()) else {
            return Err(LabError::backend(
                format!("probe `{}`", self.spec.name),
                "the measured endpoint has no address",
            ));
        };
        tokio::time::sleep(self.params.after().unwrap_or_default()).await;
        let begin = lab.sync().await?;
        let sent = echo::send(lab, &self.spec.from, to, self.pace).await?;
        let end = lab.sync().await?;
        let mut seen = std::collections::BTreeSet::new();
        for nic in &wires::endpoint(lab.scenario(), &self.spec.from)?.nics {
            seen.extend(echo::witnessed(lab, &nic.network, sent.token, &begin, &end)?.1);
        }
        // Inside a tunnel of its own the sender's wire shows no echo: then its word stands alone.
        let answered = sent.answers.iter().filter(|(seq, ..)| seen.is_empty() || seen.contains(seq)).count();
        let mut sample = Sample::default();
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("sent", f64::from(sent.sent));
        read("answered", answered as f64);
        read("ok", if answered > 0 { 1.0 } else { 0.0 });
        if let (Some(median), Some(least)) = (sent.median(), sent.least()) {
            read("time", median);
            read("time_least", least);
        }
        if sent.sent == 0 {
            sample.failed = sent.failed;
        }
        Ok(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bounded() {
        let pace = |text: &str| params::<Params>(&text.parse().unwrap()).and_then(|params| params.pace().map(drop));
        assert_eq!(pace("count = 5\ninterval = '10ms'\nafter = '6s'"), Ok(()));
        for (bad, named) in [("count = 0", "`count`"), ("interval = '2m'", "`interval`"), ("after = 'soon'", "`after`")]
        {
            assert!(pace(bad).unwrap_err().contains(named), "{bad}");
        }
    }
}
