//! Virtual machines on trial in a lab: booted before anything else, told of, and their consoles kept.

use super::Job;
use super::fit::{EMULATED, LOOK};
use super::life::Life;
use super::scenario::users;
use crate::arm::ArmName;
use crate::event::{EventKind, Phase};
use crate::evidence::bundle::{BundleError, ScenarioRecord, write_whole};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::survey::{self, Needs};

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
            self.keep_facts(lab).await;
        }
    }

    /// Keeps what can be told of them as they came, once a run. It only explains: one that cannot tell is told of by what it does.
    async fn keep_facts(&self, lab: &Lab) {
        if self.name.arm != ArmName::Omitted {
            return;
        }
        for endpoint in self.own().into_iter().flat_map(|own| own.media.keys()) {
            let users = users(self.planned.probes, endpoint);
            let needs = Needs { nics: true, ..survey::needs(self.planned.scenario, endpoint, users, false) };
            let Ok(ran) = lab.run(endpoint, &survey::script(&needs), LOOK * EMULATED).await else { continue };
            let facts = survey::read(endpoint, &ran.stdout).facts;
            self.note(|evidence| drop(evidence.facts.insert(endpoint.clone(), facts)));
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
