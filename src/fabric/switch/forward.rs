//! A frame's way through the switch: up its link, to the ports it is for, down theirs.

use super::delay::Held;
use super::{Fate, MAX_IN_FLIGHT, NetworkId, PortId, Seen, Sink, Switch};
use crate::fabric::counters::DropReason;
use crate::fabric::link::Offer;
use crate::fabric::silent::Reaction;
use crate::wire::frame::{self, Frame};

impl Switch {
    /// Puts a frame on the way up.
    pub(super) fn enter(&mut self, now: u64, port: PortId, jitter: u64, chatter: bool, bytes: &[u8]) -> Offer {
        if self.in_flight + bytes.len() > MAX_IN_FLIGHT {
            return Offer::Full;
        }
        let offer = self.ports[port].up_link.offer(now, jitter, bytes, chatter);
        self.note_due(offer, bytes.len());
        offer
    }

    /// Keeps a frame back that a filter delays.
    pub(super) fn hold(&mut self, due: u64, network: NetworkId, held: Held) -> Fate {
        let length = held.frame.len();
        if self.in_flight + length > MAX_IN_FLIGHT || !self.networks[network].waiting.push(due, held) {
            return Fate::Dropped(DropReason::DelayFull);
        }
        self.note_due(Offer::Due(due), length);
        Fate::Waiting
    }

    /// Sends a frame on that has come up its link: to whom it is for, or to everybody else.
    pub(super) fn forward(&mut self, now: u64, from: PortId, chatter: bool, bytes: &[u8], out: &mut impl Sink) {
        let Some((destination, source)) = frame::addresses(bytes) else {
            return;
        };
        let id = self.ports[from].network;
        let network = &mut self.networks[id];
        network.stations.learn(source, from);
        if !network.silent.is_empty()
            && let Some(frame) = Frame::parse(bytes)
        {
            match network.silent.see(&frame) {
                Reaction::Ignore => {}
                Reaction::Swallow => return,
                Reaction::Answer { frame, ends } => {
                    out.capture(Seen { network: id, port: None, at: now, frame: &frame, note: None });
                    self.send(now, from, true, &frame, out);
                    if ends {
                        return;
                    }
                }
            }
        }
        let known = if destination.is_group() { None } else { self.networks[id].stations.port(destination) };
        match known {
            Some(to) if to == from => self.count(from, DropReason::SamePort),
            Some(to) => self.send(now, to, chatter, bytes, out),
            None => {
                for member in 0..self.networks[id].members.len() {
                    let to = self.networks[id].members[member];
                    if to != from && self.ports[to].counters.up {
                        self.send(now, to, chatter, bytes, out);
                    }
                }
            }
        }
    }

    /// Puts a frame on the way down to a port.
    pub(super) fn send(&mut self, now: u64, to: PortId, chatter: bool, bytes: &[u8], out: &mut impl Sink) {
        let link = &mut self.ports[to].down_link;
        let Some(jitter) = link.draw(chatter) else {
            return self.count(to, DropReason::LossDown);
        };
        if self.in_flight + bytes.len() > MAX_IN_FLIGHT {
            return self.count(to, DropReason::QueueDown);
        }
        let offer = link.offer(now, jitter, bytes, chatter);
        self.note_due(offer, bytes.len());
        match offer {
            Offer::Full => self.count(to, DropReason::QueueDown),
            Offer::Due(_) => {}
            Offer::Through => self.deliver(to, bytes, out),
        }
    }

    pub(super) fn deliver(&mut self, to: PortId, bytes: &[u8], out: &mut impl Sink) {
        if !out.deliver(to, bytes) {
            return self.count(to, DropReason::NicRefused);
        }
        let counters = &mut self.ports[to].counters;
        counters.tx_frames += 1;
        counters.tx_bytes += bytes.len() as u64;
    }

    pub(super) fn count(&mut self, port: PortId, reason: DropReason) {
        *self.ports[port].counters.drops.entry(reason).or_default() += 1;
    }

    pub(super) fn note_due(&mut self, offer: Offer, length: usize) {
        if let Offer::Due(due) = offer {
            self.in_flight += length;
            self.next = Some(self.next.map_or(due, |next| next.min(due)));
        }
    }
}
