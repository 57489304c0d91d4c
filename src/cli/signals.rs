//! Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once, where that harms nobody.

use std::rc::Rc;

use tokio::signal::unix::{SignalKind, signal};

use super::CommandError;
use crate::run::Stop;

/// Exit status of an interrupted run.
pub const INTERRUPTED: u8 = 130;

/// Watches for signals for as long as the returned task lives. `hangup` says whether a closed terminal counts; `again` is called for
/// the second signal and all later ones.
pub fn watch(
    stop: Rc<Stop>,
    hangup: bool,
    again: impl Fn() + 'static,
) -> Result<tokio::task::JoinHandle<()>, CommandError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Set in any case: a lab that stays up must survive its terminal.
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::task::spawn_local(async move {
        let mut asked = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hang_up.recv() => if !hangup { continue },
            }
            asked += 1;
            if asked > 1 {
                again();
            }
            stop.ask();
        }
    }))
}

/// Ends at once: endpoints end by themselves when nobody speaks to them any more.
pub fn end() {
    std::process::exit(INTERRUPTED.into());
}
