//! Duty `frames`: counts, at several interfaces of an endpoint, what comes from and goes to one MAC address, as a process of its own.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::answer;
use super::message::{FrameCount, Frames, FramesSeen};
use super::monotonic_ns;
use crate::fabric::packet_socket;

/// Longest part of a frame that is read: the addresses decide.
const HEAD: usize = 2048;
/// Nanoseconds of a millisecond.
const MS: u64 = 1_000_000;

/// Counts what the argument, a [`Frames`] as JSON, asks for, and prints a [`FramesSeen`].
pub fn main(argument: &str) -> ExitCode {
    let refuse = |why| FramesSeen { failed: BTreeMap::from([(String::new(), why)]), ..FramesSeen::default() };
    answer::answer(argument, watch, refuse)
}

fn watch(frames: &Frames) -> FramesSeen {
    let mut seen = FramesSeen::default();
    let mut sockets: Vec<(&String, OwnedFd)> = Vec::new();
    for interface in &frames.interfaces {
        match packet_socket::open_both_ways()
            .and_then(|socket| packet_socket::bind(&socket, interface).map(|()| socket))
        {
            Ok(socket) => sockets.push((interface, socket)),
            // An interface that is not there, or down, passes nothing; that it is so is told.
            Err(err) => _ = seen.failed.insert(interface.clone(), err.to_string()),
        }
        seen.interfaces.insert(interface.clone(), FrameCount::default());
    }
    let end = monotonic_ns() + frames.for_ms * MS;
    loop {
        let now = monotonic_ns();
        let Some(left) = end.checked_sub(now).filter(|left| *left > 0) else { return seen };
        let mut polled: Vec<PollFd<'_>> =
            sockets.iter().map(|(_, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        let wait = PollTimeout::try_from(left.div_ceil(MS)).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut polled, wait);
        for (interface, socket) in &sockets {
            let count = seen.interfaces.entry((*interface).clone()).or_default();
            drain(socket, frames.mac, count);
        }
    }
}

fn drain(socket: &OwnedFd, mac: [u8; 6], count: &mut FrameCount) {
    let mut buffer = [0; HEAD];
    // So many at a time: a flood on one interface must not hide the others.
    for _ in 0..1024 {
        match packet_socket::receive(socket, &mut buffer) {
            Ok(length) => count.note(&buffer[..length], mac),
            // Nothing more now; an interface that went down meanwhile has nothing either.
            Err(_) => return,
        }
    }
}

impl FrameCount {
    fn note(&mut self, frame: &[u8], mac: [u8; 6]) {
        if frame.get(6..12) == Some(&mac[..]) {
            self.from += 1;
        } else if frame.get(..6) == Some(&mac[..]) {
            self.to += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_by_their_addresses() {
        let (mac, other) = ([2; 6], [4; 6]);
        let mut count = FrameCount::default();
        for (to, from) in [(other, mac), ([0xff; 6], mac), (mac, other), (other, other)] {
            count.note(&[&to[..], &from[..], &[8, 0]].concat(), mac);
        }
        count.note(&mac, mac);
        count.note(&mac[..5], mac);
        assert_eq!(count, FrameCount { from: 2, to: 2 });
    }

    #[test]
    fn an_interface_that_is_not_there_is_told() {
        let seen = watch(&Frames { interfaces: vec!["nonesuch0".to_owned()], mac: [2; 6], for_ms: 1 });
        assert!(seen.failed.contains_key("nonesuch0"));
        assert_eq!(seen.interfaces["nonesuch0"], FrameCount::default());
    }
}
