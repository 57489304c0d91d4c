//! Frames that a filter delays: the one place where frames overtake each other, as answers of a slow server do.

use std::collections::BTreeMap;

use super::PortId;

/// Most bytes that one network keeps back.
pub const MAX_HELD: usize = 16 << 20;

/// A frame kept back on its way from `port`, with what its link has drawn for it.
#[derive(Debug)]
pub struct Held {
    /// The port that it came from.
    pub port: PortId,
    /// Its jitter on the way up, in nanoseconds.
    pub jitter: u64,
    /// Whether it draws from the chatter's random streams.
    pub chatter: bool,
    /// The frame.
    pub frame: Box<[u8]>,
}

/// The frames that one network keeps back, by the time at which they go on, then by arrival.
#[derive(Debug, Default)]
pub struct Waiting {
    held: BTreeMap<(u64, u64), Held>,
    arrivals: u64,
    bytes: usize,
}

impl Waiting {
    /// Keeps a frame until `due`; false if there is no room for it.
    pub fn push(&mut self, due: u64, held: Held) -> bool {
        if self.bytes + held.frame.len() > MAX_HELD {
            return false;
        }
        self.bytes += held.frame.len();
        self.arrivals += 1;
        self.held.insert((due, self.arrivals), held);
        true
    }

    /// When the first frame goes on.
    pub fn next_due(&self) -> Option<u64> {
        self.held.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes out the first frame, due or not.
    pub fn pop(&mut self) -> Option<Held> {
        let (_, held) = self.held.pop_first()?;
        self.bytes -= held.frame.len();
        Some(held)
    }

    /// Takes out all frames that came from `port`.
    pub fn remove(&mut self, port: PortId) -> Vec<Held> {
        let (gone, kept) = std::mem::take(&mut self.held).into_iter().partition(|(_, held)| held.port == port);
        self.held = kept;
        let gone: BTreeMap<(u64, u64), Held> = gone;
        self.bytes -= gone.values().map(|held| held.frame.len()).sum::<usize>();
        gone.into_values().collect()
    }
}
