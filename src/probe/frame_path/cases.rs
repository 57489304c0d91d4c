//! A table of faults: each is made, looked at, treated with what does not help, repaired, and undone.

use std::time::Duration;

use serde::Deserialize;

use super::FramePath;
use super::hop::Hop;
use super::look::Path;
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::Sample;
use crate::stats;
use crate::wording::Phrase;

/// A fault, and what is known of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, for people.
    name: String,
    /// Where the frames stop.
    stops: Hop,
    /// Shell lines that make it.
    fault: String,
    /// Shell lines that undo it.
    remedy: String,
    /// Shell lines that people try, and that do not help.
    #[serde(default)]
    useless: Vec<String>,
}

/// How often the lab is looked at until a repair that was made shows.
const LOOKS: u32 = 2;

/// What is added up over all cases.
#[derive(Default)]
struct Sums {
    named: u32,
    cured: u32,
    useless_helped: u32,
    restored: u32,
    recovery: Vec<f64>,
}

impl FramePath {
    /// Goes through all cases.
    ///
    /// # Errors
    /// A fault that cannot be made; an endpoint that has ended.
    pub async fn try_cases(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        let mut sample = Sample::default();
        let mut sums = Sums::default();
        for case in &self.params.cases {
            self.try_case(lab, case, limit, &mut sums, &mut sample).await?;
        }
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("cases", self.params.cases.len() as f64);
        read("named", f64::from(sums.named));
        read("cured", f64::from(sums.cured));
        read("useless_helped", f64::from(sums.useless_helped));
        read("restored", f64::from(sums.restored));
        if let Some(median) = stats::median(&sums.recovery) {
            read("recovery", median);
        }
        Ok(sample)
    }

    async fn try_case(
        &self,
        lab: &Lab,
        case: &Case,
        limit: Duration,
        sums: &mut Sums,
        sample: &mut Sample,
    ) -> Result<(), LabError> {
        let host = self.params.host(&self.spec);
        let made = lab.run(&host, &case.fault, limit).await?;
        if made.status != 0 {
            let output = crate::clean::cut(&crate::clean::clean(&format!("{}{}", made.stdout, made.stderr)), 2000);
            let (action, run) = (format!("case:{}", case.name), case.fault.clone());
            return Err(LabError::Command { action, endpoint: host, run, status: made.status, output });
        }
        let broken = self.look(lab).await?;
        if broken.counts.stops_at() == case.stops {
            sums.named += 1;
        }
        sample.remarks.push(broken.tell(&case.name));
        for line in &case.useless {
            lab.run(&host, line, limit).await?;
            if self.look(lab).await?.counts.answered > 0 {
                sums.useless_helped += 1;
                let phrase = Phrase::new("remark-useless-helped").with("case", &case.name);
                sample.remarks.push(phrase.with("line", crate::clean::one_line(line, 120)));
            }
        }
        if let Some(repair) = &self.params.repair {
            let ran = lab.run(&host, repair, limit).await?;
            // An arm, or a student, that has nothing to repair with.
            let passes = if ran.status == 0 { self.passes(lab).await? } else { None };
            if let Some(first_ns) = passes.and_then(|path| path.first_ns) {
                sums.cured += 1;
                sums.recovery.push(Duration::from_nanos(first_ns.saturating_sub(ran.started_ns)).as_secs_f64());
                // Nothing is left to undo, and a remedy may do harm where nothing is wrong.
                sums.restored += 1;
                return Ok(());
            }
        }
        lab.run(&host, &case.remedy, limit).await?;
        if self.passes(lab).await?.is_some() {
            sums.restored += 1;
        } else {
            sample.remarks.push(Phrase::new("remark-not-restored").with("case", &case.name));
        }
        Ok(())
    }

    /// Looks until frames pass, a few times at most: a NIC that was just put in takes a moment.
    async fn passes(&self, lab: &Lab) -> Result<Option<Path>, LabError> {
        for _ in 0..LOOKS {
            let path = self.look(lab).await?;
            if path.counts.answered > 0 {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}
