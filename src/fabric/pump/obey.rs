//! What the pump does for each command.

use std::io;
use std::sync::mpsc::TryRecvError;

use super::lateness::Lateness;
use super::remote::{Command, Pending};
use super::{Next, Pump, clock};
use crate::fabric::counters::{Counters, Trust};

/// Most frames read from one port before figures are given: more than the ring of a TAP holds with a `txqueuelen` of
/// 1000, so that all that was sent before the question is in the answer.
const DRAIN: usize = 1024;

impl Pump {
    /// Reads what NICs have sent so far, so that figures asked for now include it.
    fn drain(&mut self) {
        for port in 0..self.outlets.nics.len() {
            if self.outlets.nics[port].as_ref().is_some_and(|nic| nic.paused_until.is_none()) {
                self.read(port, DRAIN);
            }
        }
        self.detach_gone();
    }

    /// Carries out all commands that have come.
    pub(super) fn obey(&mut self) -> io::Result<Next> {
        loop {
            match self.commands.try_recv() {
                Err(TryRecvError::Empty) => return Ok(Next::Turn),
                Err(TryRecvError::Disconnected) | Ok(Command::Stop) => return Ok(Next::Stop),
                Ok(command) => self.carry_out(command)?,
            }
        }
    }

    fn carry_out(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Stop => {}
            Command::Seal(done) => {
                if let Some(listener) = self.door.seal() {
                    self.epoll.delete(&listener)?;
                }
                done(());
            }
            Command::Counters(answer) => {
                self.drain();
                answer(self.counters());
            }
            Command::ResetCounters(done) => {
                self.drain();
                self.switch.reset_counters();
                self.lateness = Lateness::default();
                (self.frames_read, self.pauses) = (0, 0);
                (self.outlets.eio, self.outlets.nics_gone) = (0, 0);
                done(());
            }
            Command::SetPort { port, up, known } => {
                let number = self.outlets.ports.iter().position(|name| *name == port);
                if let Some(number) = number {
                    self.wanted[number] = up;
                    self.switch.set_port(number, up && self.outlets.nics[number].is_some());
                }
                known(number.is_some());
            }
            Command::Sync(answer) => {
                self.drain();
                let counters = self.counters();
                self.pending.push(Pending::new(answer, counters, &self.outlets, clock::now()));
            }
        }
        Ok(())
    }

    fn counters(&self) -> Counters {
        let (mut lost, mut truncated) = (0, 0);
        for capture in &self.outlets.captures {
            lost += capture.state().lost;
            truncated += capture.state().truncated;
        }
        let trust = Trust {
            late_max_ns: self.lateness.max(),
            late_p99_ns: self.lateness.p99(),
            wakeups: self.lateness.count(),
            frames_read: self.frames_read,
            eio: self.outlets.eio,
            nics_gone: self.outlets.nics_gone,
            pauses: self.pauses,
            capture_lost: lost,
            capture_truncated: truncated,
        };
        Counters { trust, ..self.switch.counters() }
    }
}
