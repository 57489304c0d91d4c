//! Kind `upstream-queries`: what a name server asks the outside by itself, without any client: after a start, or in a stretch of time.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::dns::ladder;
use super::dns::outer::{self, Outer};
use super::{Kind, Load, OwnWires, Probe, params};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{Ladder, MetricSpec, Sample};
use crate::scenario;
use crate::scenario::catalog::KindInfo;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "upstream-queries",
        metrics: METRICS,
        check_params: |table| params::<Params>(table)?.wait().map(drop),
        outer_params: &["outer"],
        endpoint_params: &[],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        let (wait, outer) = (params.wait()?, outer_of(probe)?);
        Ok(Box::new(UpstreamQueries { run: params.run, wait, outer }))
    },
    watches: |probe, _| outer_of(probe).map(|outer| outer.watches()).unwrap_or_default(),
    load: Load::None,
    own_wires: OwnWires::All,
};

const OWN: [MetricSpec; 1] = [MetricSpec::count("notifies", "NOTIFY messages (RFC 1996) among them")];
const METRICS: &[MetricSpec] = &MetricSpec::joined::<{ outer::METRICS.len() + OWN.len() }>(&outer::METRICS, &OWN);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Network on which what leaves the server is counted.
    outer: String,
    /// Shell line run on the server first, such as its restart.
    run: Option<String>,
    /// How long to look.
    wait: String,
}

impl Params {
    fn wait(&self) -> Result<Duration, String> {
        let wait =
            scenario::file::duration(&self.wait).filter(|wait| !wait.is_zero() && *wait <= Duration::from_secs(600));
        wait.ok_or_else(|| "`wait` is a time such as 3s, at most 10m".to_owned())
    }
}

fn outer_of(probe: &scenario::Probe) -> Result<Outer, String> {
    Ok(Outer { network: params::<Params>(&probe.with)?.outer, server: probe.to.clone() })
}

struct UpstreamQueries {
    run: Option<String>,
    wait: Duration,
    outer: Outer,
}

#[async_trait(?Send)]
impl Probe for UpstreamQueries {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        let begin = lab.sync().await?;
        let mut sample = Sample::default();
        if let Some(run) = &self.run {
            let ran = lab.run(&self.outer.server, run, limit).await?;
            if ran.status != 0 {
                let said = crate::clean::one_line(&format!("{}{}", ran.stdout, ran.stderr), 200);
                sample.failed = Some(format!("`{run}` exited with {}: {said}", ran.status));
            }
        }
        tokio::time::sleep(self.wait).await;
        let end = lab.sync().await?;
        let outside = self.outer.look(lab, &begin, &end)?;
        outside.add_to(&mut sample);
        sample.readings.insert("notifies".to_owned(), outside.notifies() as f64);
        let what = match &self.run {
            Some(run) => crate::clean::one_line(run, 80),
            None => format!("{:?}", self.wait),
        };
        let name = self.outer.server.clone();
        let ladder = Ladder { what: format!("{name}: {what}"), ..Ladder::default() };
        sample.ladders.push(ladder::climb(ladder, lab.scenario(), begin.at_ns, outside.queries.iter()));
        Ok(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_bounded() {
        let wait = |text: &str| {
            let params: Params = params(&format!("outer = 'wan'\nwait = '{text}'").parse().unwrap()).unwrap();
            params.wait()
        };
        assert_eq!(wait("1s 500ms"), Ok(Duration::from_millis(1500)));
        for bad in ["0s", "-1s", "11m", "soon", ""] {
            assert!(wait(bad).unwrap_err().contains("`wait`"), "{bad}");
        }
    }
}
