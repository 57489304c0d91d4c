//! Labs that stay up for people to look around in, until they are told to go.

use std::rc::Rc;

use futures_util::future::select_all;

use super::Shared;
use super::door::{self, Door};
use super::life::Life;
use crate::event::EventKind;

/// Opens a door to each lab that is up and waits: for the user's signal, or for `saiten down`. The doors are given back, to be closed
/// when the labs are gone: a door that has vanished says that its lab has.
pub async fn until_told(shared: &Shared<'_>, lives: &[Life<'_>]) -> Vec<Rc<Door>> {
    let mut doors = Vec::new();
    let mut open = Vec::new();
    for life in lives {
        let Some(lab) = life.lab() else { continue };
        let name = door::name_of(&life.name);
        match Door::open(&shared.options.doors, &name) {
            Ok(door) => {
                let door = Rc::new(door);
                doors.push(door.clone());
                life.tell(EventKind::Kept { lab: life.name.clone(), door: name });
                open.push(async move { door.serve(&lab).await });
            }
            Err(err) => {
                let reason = format!("{}: {err}", shared.options.doors.display());
                life.note(|evidence| {
                    evidence.findings.push(crate::wording::Phrase::new("finding-no-door").with("reason", reason))
                });
            }
        }
    }
    if open.is_empty() {
        return doors;
    }
    shared.stop.keep();
    let told = select_all(open.into_iter().map(Box::pin));
    tokio::select! {
        _ = told => {}
        () = shared.stop.released.cancelled() => {}
    }
    // One `saiten down` ends the run's labs together, also those of other scenarios.
    shared.stop.released.cancel();
    doors
}
