//! A quick look at a disk: its machine is booted once, alone, and the commands are tried on what nobody keeps of it.

use super::fit::{Place, in_machine, look_in, spec};
use super::{Shared, Trial};
use crate::event::EventKind;
use crate::lab::line::Line;
use crate::lab::wiring::Patience;
use crate::lab::{LabError, MachineSpec, guest};
use crate::survey::{self, Needs, Survey};

/// Boots and looks.
///
/// # Errors
/// As [`guest::boot`].
pub async fn look_at(
    shared: &Shared<'_>,
    place: Place<'_>,
    trial: &Trial,
    users: Vec<String>,
) -> Result<Survey, LabError> {
    let Place { scenario, endpoint, .. } = place;
    let (Some(medium), Some(own)) = (&trial.medium, scenario.endpoints.get(endpoint)) else {
        return Err(LabError::backend(endpoint, "no disk to look at"));
    };
    let spec = MachineSpec {
        capabilities: Vec::new(),
        memory: medium.memory + guest::OVERHEAD,
        processes: guest::PROCESSES,
        ..spec(place)?
    };
    in_machine(shared, &spec, endpoint, async |line: &Line| {
        let note = |said: &str| {
            shared.announcer.tell(EventKind::Image { image: guest::IMAGE.to_owned(), step: said.to_owned() });
        };
        // It has one NIC, in a network in which nobody else is.
        let machine = guest::Place {
            line,
            name: endpoint,
            endpoint: own,
            nics: Vec::new(),
            patience: Patience::Emulated,
            note: &note,
        };
        let guest = guest::boot(&machine, medium).await?;
        let needs = Needs { nics: true, ..survey::needs(scenario, endpoint, users, trial.faults) };
        let mut survey = look_in(guest.line(), place, trial, &needs).await?;
        survey.facts.insert("boot".to_owned(), format!("{} s", guest.booted().as_secs()));
        let failed = guest.failed_units().await?;
        if !failed.is_empty() {
            survey.facts.insert("failed_units".to_owned(), failed.join(", "));
        }
        Ok(survey)
    })
    .await
}
