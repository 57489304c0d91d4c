//! Virtual machines on trial in a lab: booted before anything else, told of, and their consoles kept.

use super::Job;
use super::life::Life;
use crate::event::{EventKind, Phase};
use crate::evidence::bundle::{BundleError, ScenarioRecord, write_whole};
use crate::lab::LabError;
use crate::lab::topology::Lab;

/// Looks at the disks on trial again, now that nothing uses them any more.
pub async fn look_again(job: &Job, record: &mut ScenarioRecord) {
    for (endpoint, trial) in &job.subjects {
        if let (Some(medium), Some(subject)) = (&trial.medium, record.subjects.get_mut(endpoint)) {
            medium.look_again(&mut subject.facts).await;
        }
    }
}

impl Life<'_> {
    /// Boots the virtual machines of this arm, each with a limit of its own.
    pub(super) async fn boot(&self, lab: &Lab) {
        let note = |said: &str| {
            let detail = Some(said.to_owned());
            self.tell(EventKind::Phase { lab: self.name.clone(), phase: Phase::Ready, detail });
        };
        if let Some(findings) = self.step(lab.boot(&note)).await {
            self.note(|evidence| evidence.findings.extend(findings));
        }
    }

    /// Keeps what their consoles said last.
    pub(super) fn keep_consoles(&self, lab: &Lab) -> Result<(), LabError> {
        let dir = self.planned.shared.bundle.arm_dir(&self.name.scenario, &self.name.arm).join("logs");
        for (endpoint, said) in lab.consoles() {
            write_whole(&dir.join(format!("{endpoint}-console.log")), said.as_bytes()).map_err(|err| match err {
                BundleError::Write { path, source } => {
                    LabError::Own { what: format!("cannot write {}", path.display()), source }
                }
                other => LabError::backend("cannot keep a console", other),
            })?;
        }
        Ok(())
    }
}
