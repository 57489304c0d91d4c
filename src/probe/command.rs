//! Kind `command`: a shell line in an endpoint of the course's own; its exit status, its time, and a number that it prints.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Kind, Load, OwnWires, Probe, params};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample};
use crate::scenario::catalog::KindInfo;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "command",
        metrics: &[
            MetricSpec::flag("ok", "whether the command exited with 0"),
            MetricSpec::seconds("time", "from the start of the command to its exit"),
            MetricSpec::count("value", "the number on its first line of output"),
        ],
        check_params: |table| params::<Params>(table).map(drop),
        outer_params: &[],
        endpoint_params: &[],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        Ok(Box::new(Command { from: probe.from.clone(), run: params.run }))
    },
    watches: |_, _| Vec::new(),
    load: Load::Latency,
    own_wires: OwnWires::All,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    run: String,
}

struct Command {
    from: String,
    run: String,
}

#[async_trait(?Send)]
impl Probe for Command {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        let ran = lab.run(&self.from, &self.run, limit).await?;
        let mut sample = Sample::default();
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("ok", if ran.status == 0 { 1.0 } else { 0.0 });
        read("time", Duration::from_nanos(ran.took_ns).as_secs_f64());
        let number = ran.stdout.lines().next().and_then(|line| line.trim().parse::<f64>().ok());
        if let Some(number) = number.filter(|number| number.is_finite()) {
            read("value", number);
        }
        if ran.timed_out {
            sample.failed = Some(format!("no end within {} s", limit.as_secs()));
        }
        Ok(sample)
    }
}
