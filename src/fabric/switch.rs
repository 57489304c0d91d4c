//! The switch itself, pure: a frame comes in from a port at a time, and goes out of others, then or later.

mod build;
mod delay;
mod forward;

pub use build::ConfigError;

use super::config::MacGuard;
use super::counters::{Counters, DropReason, NetworkCounters, PortCounters};
use super::filter::{Filters, Ruling};
use super::link::{Offer, Pipe};
use super::silent::Silent;
use super::stations::Stations;
use crate::wire::frame::{self, Frame, Mac};
use delay::{Held, Waiting};

/// Number of a port: its place in the configuration.
pub type PortId = usize;
/// Number of a network: its place in the configuration.
pub type NetworkId = usize;

/// Most bytes that one switch holds under way, over all its links: what a lab's memory limit has to allow for.
pub const MAX_IN_FLIGHT: usize = 128 << 20;
/// What a VLAN tag may add to a network's longest frame, in bytes (IEEE 802.1Q).
const TAG: usize = 4;
/// The capture's note on a frame with another source address than its port's own that was passed on.
const SPOOFED: &str = "spoofed-mac";

/// Where frames go to. A switch calls it while it works, in order.
pub trait Sink {
    /// Hands a frame to a port's NIC; whether the NIC took it.
    fn deliver(&mut self, port: PortId, frame: &[u8]) -> bool;
    /// Shows what came in from a NIC, before anything happened to it, with what is known of its fate.
    fn capture(&mut self, seen: Seen<'_>);
}

/// One frame at its capture point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    /// The network.
    pub network: NetworkId,
    /// The port that it came in from; `None` if a silent host sent it.
    pub port: Option<PortId>,
    /// When, in nanoseconds of the switch's clock.
    pub at: u64,
    /// The frame.
    pub frame: &'a [u8],
    /// `drop=REASON` if it goes no further than its own link, or another remark. What happens to it later, on the
    /// way down, only the counters know.
    pub note: Option<&'a str>,
}

/// A switch: networks that share nothing but the clock.
#[derive(Debug)]
pub struct Switch {
    networks: Vec<Network>,
    ports: Vec<Port>,
    in_flight: usize,
    /// The earliest time at which something is due.
    next: Option<u64>,
}

#[derive(Debug)]
struct Network {
    name: String,
    max_frame: usize,
    members: Vec<PortId>,
    filters: Filters,
    silent: Silent,
    stations: Stations,
    waiting: Waiting,
}

#[derive(Debug)]
struct Port {
    name: String,
    network: NetworkId,
    mac: Mac,
    guard: MacGuard,
    up_link: Pipe,
    down_link: Pipe,
    counters: PortCounters,
}

/// What becomes of a frame as it comes in.
enum Fate {
    Dropped(DropReason),
    Filtered(usize),
    Passed { wait: u64, jitter: u64, chatter: bool },
    Waiting,
}

/// What is due next, in the order in which it happens at one and the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Delay(NetworkId),
    Up(PortId),
    Down(PortId),
}

impl Switch {
    /// Takes a frame that a NIC sent at `now`, in nanoseconds of a clock that never goes back.
    pub fn ingress(&mut self, now: u64, port: PortId, bytes: &[u8], out: &mut impl Sink) {
        self.due(now, out);
        let Some(Port { network, mac, counters, .. }) = self.ports.get_mut(port) else {
            return;
        };
        let network = *network;
        counters.rx_frames += 1;
        counters.rx_bytes += bytes.len() as u64;
        counters.largest = counters.largest.max(bytes.len() as u64);
        let spoofed = frame::addresses(bytes).is_some_and(|(_, source)| source != *mac);
        counters.spoofed += u64::from(spoofed);

        let (fate, through) = match self.fate(port, bytes, spoofed) {
            Fate::Passed { wait: 0, jitter, chatter } => match self.enter(now, port, jitter, chatter, bytes) {
                Offer::Full => (Fate::Dropped(DropReason::QueueUp), None),
                Offer::Due(_) => (Fate::Waiting, None),
                Offer::Through => (Fate::Waiting, Some(chatter)),
            },
            Fate::Passed { wait, jitter, chatter } => {
                let held = Held { port, jitter, chatter, frame: bytes.into() };
                (self.hold(now.saturating_add(wait), network, held), None)
            }
            dropped => (dropped, None),
        };
        let note = match fate {
            Fate::Filtered(filter) => self.networks[network].filters.note(filter),
            Fate::Dropped(reason) => Some(reason.note()),
            _ if spoofed => Some(SPOOFED),
            _ => None,
        };
        out.capture(Seen { network, port: Some(port), at: now, frame: bytes, note });
        match fate {
            Fate::Filtered(_) => self.count(port, DropReason::Filter),
            Fate::Dropped(reason) => self.count(port, reason),
            Fate::Passed { .. } | Fate::Waiting => {}
        }
        if let Some(chatter) = through {
            self.forward(now, port, chatter, bytes, out);
        }
    }

    /// Does all that is due at `now`, each at the time it was planned for: lateness does not add up.
    pub fn due(&mut self, now: u64, out: &mut impl Sink) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        while let Some((at, source)) = self.first().filter(|(at, _)| *at <= now) {
            match source {
                Source::Delay(network) => {
                    let Some(held) = self.networks[network].waiting.pop() else {
                        break;
                    };
                    self.in_flight -= held.frame.len();
                    match self.enter(at, held.port, held.jitter, held.chatter, &held.frame) {
                        Offer::Full => self.count(held.port, DropReason::QueueUp),
                        Offer::Due(_) => {}
                        Offer::Through => self.forward(at, held.port, held.chatter, &held.frame, out),
                    }
                }
                Source::Up(port) => {
                    let Some(parcel) = self.ports[port].up_link.pop() else {
                        break;
                    };
                    self.in_flight -= parcel.frame.len();
                    self.forward(at, port, parcel.chatter, &parcel.frame, out);
                }
                Source::Down(port) => {
                    let Some(parcel) = self.ports[port].down_link.pop() else {
                        break;
                    };
                    self.in_flight -= parcel.frame.len();
                    self.deliver(port, &parcel.frame, out);
                }
            }
        }
        self.next = self.first().map(|(at, _)| at);
    }

    /// When [`Switch::due`] has something to do next.
    pub fn next_deadline(&self) -> Option<u64> {
        self.next
    }

    /// Until when not to read a port that floods its link; see [`Pipe::pause_until`].
    pub fn pause_until(&mut self, now: u64, port: PortId) -> Option<u64> {
        self.ports.get_mut(port)?.up_link.pause_until(now)
    }

    /// Switches a port on or off. All ports are off at first. What is under way from or to a port that goes off is
    /// lost, and what was learned from it is forgotten.
    pub fn set_port(&mut self, port: PortId, up: bool) {
        let Some(it) = self.ports.get_mut(port) else {
            return;
        };
        if it.counters.up == up {
            return;
        }
        it.counters.up = up;
        if !up {
            let network = &mut self.networks[it.network];
            network.stations.forget(port);
            self.in_flight -= it.up_link.in_flight() + it.down_link.in_flight();
            let mut lost = it.up_link.clear() + it.down_link.clear();
            for held in network.waiting.remove(port) {
                self.in_flight -= held.frame.len();
                lost += 1;
            }
            if lost > 0 {
                *it.counters.drops.entry(DropReason::PortDown).or_default() += lost;
            }
            self.next = self.first().map(|(at, _)| at);
        }
    }

    /// The figures so far; those about trust are left to who drives the switch.
    pub fn counters(&self) -> Counters {
        let network = |network: &Network| NetworkCounters {
            filters: network.filters.counters().map(|(name, hits)| (name.to_owned(), hits)).collect(),
            silent: network.silent.counters().collect(),
        };
        Counters {
            ports: self.ports.iter().map(|port| (port.name.clone(), port.counters.clone())).collect(),
            networks: self.networks.iter().map(|it| (it.name.clone(), network(it))).collect(),
            ..Counters::default()
        }
    }

    /// Sets all figures to zero. The random streams go on: what comes next does not depend on it.
    pub fn reset_counters(&mut self) {
        for port in &mut self.ports {
            port.counters = PortCounters { up: port.counters.up, ..PortCounters::default() };
        }
        for network in &mut self.networks {
            network.filters.reset();
            network.silent.reset();
        }
    }

    /// What happens to a frame before it enters its link. A frame of the same content has the same fate as the n-th
    /// of its port, whatever the time.
    fn fate(&mut self, id: PortId, bytes: &[u8], spoofed: bool) -> Fate {
        let port = &mut self.ports[id];
        let network = &mut self.networks[port.network];
        if !port.counters.up {
            return Fate::Dropped(DropReason::PortDown);
        }
        let Some(frame) = Frame::parse(bytes) else {
            return Fate::Dropped(DropReason::TooShort);
        };
        let tag = if frame.vlan.is_some() { TAG } else { 0 };
        if frame.length > network.max_frame.saturating_add(tag) {
            return Fate::Dropped(DropReason::TooLong);
        }
        if spoofed && port.guard == MacGuard::Drop {
            return Fate::Dropped(DropReason::SpoofedMac);
        }
        match network.filters.rule(id, &frame) {
            Ruling::Drop(filter) => Fate::Filtered(filter),
            Ruling::Pass(wait) => {
                let chatter = frame.is_chatter();
                match port.up_link.draw(chatter) {
                    None => Fate::Dropped(DropReason::LossUp),
                    Some(jitter) => Fate::Passed { wait, jitter, chatter },
                }
            }
        }
    }

    /// What is due first. A lab has a few dozen links: looking at each is quicker than keeping them sorted.
    fn first(&self) -> Option<(u64, Source)> {
        let links = self.ports.iter().enumerate().flat_map(|(id, port)| {
            [(port.up_link.next_due(), Source::Up(id)), (port.down_link.next_due(), Source::Down(id))]
        });
        let delays = self.networks.iter().enumerate().map(|(id, it)| (it.waiting.next_due(), Source::Delay(id)));
        links.chain(delays).filter_map(|(due, source)| due.map(|due| (due, source))).min()
    }
}

#[cfg(test)]
mod tests;
