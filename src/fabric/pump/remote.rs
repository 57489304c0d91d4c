//! Commands to a running switch, and the handle that sends them.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};

use nix::sys::eventfd::{EfdFlags, EventFd};
use serde::{Deserialize, Serialize};

use super::outlets::Outlets;
use crate::fabric::capture::CaptureWriter;
use crate::fabric::counters::Counters;

/// How long the answer to [`Command::Sync`] waits for a slow consumer, in nanoseconds.
const SYNC_PATIENCE: u64 = 10_000_000_000;

/// Where an answer goes: a closure, so that any kind of channel will do. It is called in the switch's thread and must
/// not wait. If the switch ends first, it is dropped without a call.
pub type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// What a running switch can be told, each with where its answer goes.
pub enum Command {
    /// Close the socket and take its path away: no further NIC can join.
    Seal(Reply<()>),
    /// Give all figures, of all frames that were sent before.
    Counters(Reply<Counters>),
    /// Set all figures to zero, those about captures excepted.
    ResetCounters(Reply<()>),
    /// Switch a port on or off.
    SetPort {
        /// Its name.
        port: String,
        /// Whether on.
        up: bool,
        /// Whether there is such a port.
        known: Reply<bool>,
    },
    /// Hand over all records of all frames that were sent before, then answer with the figures of just those frames.
    Sync(Reply<Synced>),
    /// End. What the captures have gathered is handed over first, within a limited time.
    Stop,
}

/// The answer to [`Command::Sync`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// By network: bytes of its capture that hold the frames which were sent before, and no others.
    pub captured: BTreeMap<String, u64>,
    /// The figures of the very same frames.
    pub counters: Counters,
    /// Whether all was handed over. If not, the consumer had no room for ten seconds.
    pub complete: bool,
    /// CLOCK_MONOTONIC of the switch when it was asked, in nanoseconds.
    pub monotonic_ns: u64,
    /// What was added to CLOCK_MONOTONIC to make the captures' timestamps, in nanoseconds.
    pub epoch_offset_ns: u64,
}

/// A handle to a running switch. The switch ends when it is dropped.
#[derive(Debug)]
pub struct Remote {
    commands: Sender<Command>,
    wake: EventFd,
}

impl Remote {
    /// A handle, and the two things by which [`run`](super::run) hears it.
    ///
    /// # Errors
    /// eventfd(2) fails.
    pub fn new() -> io::Result<(Self, Receiver<Command>, OwnedFd)> {
        let (commands, received) = channel();
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let heard: OwnedFd = std::os::fd::AsFd::as_fd(&wake).try_clone_to_owned()?;
        Ok((Self { commands, wake }, received, heard))
    }

    /// See [`Command::Seal`].
    ///
    /// # Errors
    /// `BrokenPipe` if the switch has ended, as for all that follow.
    pub fn seal(&self) -> io::Result<()> {
        self.ask(Command::Seal)
    }

    /// See [`Command::Counters`].
    ///
    /// # Errors
    /// `BrokenPipe` if the switch has ended.
    pub fn counters(&self) -> io::Result<Counters> {
        self.ask(Command::Counters)
    }

    /// See [`Command::ResetCounters`].
    ///
    /// # Errors
    /// `BrokenPipe` if the switch has ended.
    pub fn reset_counters(&self) -> io::Result<()> {
        self.ask(Command::ResetCounters)
    }

    /// See [`Command::SetPort`].
    ///
    /// # Errors
    /// `NotFound` if there is no such port, `BrokenPipe` if the switch has ended.
    pub fn set_port(&self, port: &str, up: bool) -> io::Result<()> {
        if self.ask(|known| Command::SetPort { port: port.to_owned(), up, known })? {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::NotFound, format!("the switch has no port `{port}`")))
    }

    /// See [`Command::Sync`].
    ///
    /// # Errors
    /// `BrokenPipe` if the switch has ended.
    pub fn sync(&self) -> io::Result<Synced> {
        self.ask(Command::Sync)
    }

    /// See [`Command::Stop`]. A switch that has ended already is no error.
    pub fn stop(&self) {
        let _ = self.send(Command::Stop);
    }

    /// Sends a command without waiting for its answer.
    ///
    /// # Errors
    /// `BrokenPipe` if the switch has ended.
    pub fn send(&self, command: Command) -> io::Result<()> {
        self.commands.send(command).map_err(|_| ended())?;
        self.wake.write(1)?;
        Ok(())
    }

    fn ask<T: Send + 'static>(&self, command: impl FnOnce(Reply<T>) -> Command) -> io::Result<T> {
        let (answer, answered) = channel();
        // Should the asker have gone, nobody misses the answer.
        self.send(command(Box::new(move |it| drop(answer.send(it)))))?;
        answered.recv().map_err(|_| ended())
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the switch has ended")
}

/// A [`Command::Sync`] whose answer waits for the consumer of the captures.
pub struct Pending {
    answer: Option<Reply<Synced>>,
    synced: Synced,
    /// Captures that still keep what had gathered when the command came.
    unflushed: Vec<usize>,
    until: u64,
}

impl Pending {
    /// A question asked at `now`, when these were the figures.
    pub fn new(answer: Reply<Synced>, counters: Counters, outlets: &Outlets, now: u64) -> Self {
        let position = |capture: &CaptureWriter| (capture.network().to_owned(), capture.position());
        Self {
            answer: Some(answer),
            synced: Synced {
                captured: outlets.captures.iter().map(position).collect(),
                counters,
                complete: false,
                monotonic_ns: now,
                epoch_offset_ns: outlets.epoch_offset,
            },
            unflushed: (0..outlets.captures.len()).collect(),
            until: now.saturating_add(SYNC_PATIENCE),
        }
    }

    /// Answers if the consumer has taken all by now, or has had time enough; whether that was so.
    pub fn answer(&mut self, now: u64, outlets: &mut Outlets) -> bool {
        self.unflushed.retain(|capture| !outlets.flush_one(*capture));
        let complete = self.unflushed.is_empty();
        if complete || now >= self.until {
            if let Some(answer) = self.answer.take() {
                answer(Synced { complete, ..std::mem::take(&mut self.synced) });
            }
            return true;
        }
        false
    }
}
