//! One wire in one direction: loss, delay, jitter, rate and a queue; seeded, exact, and it never reorders.

use std::collections::VecDeque;

use super::config::LinkConfig;
use super::random::Stream;

/// Bytes that each frame takes on the wire beyond its own: preamble 8, FCS 4, gap 12 (IEEE 802.3).
pub const WIRE_OVERHEAD: u64 = 24;
/// Shortest frame on the wire, in bytes without FCS; shorter ones are padded (IEEE 802.3).
pub const MIN_FRAME: u64 = 60;
/// Most bytes that one wire holds, whatever its delay: what a hostile sender can make the switch keep.
pub const MAX_IN_FLIGHT: usize = 16 << 20;

/// Nanoseconds per second, times bits per byte.
const BYTE_NS: u128 = 8_000_000_000;
/// Overruns, each admission counted against eight of them, at which a sender is taken for a flood.
const FLOOD: u32 = 1024;
/// How far a flooding sender has got on its way to the next pause when one ends.
const FLOOD_AGAIN: u32 = FLOOD - 128;

/// One direction of a link. Times are nanoseconds of a clock that never goes back.
#[derive(Debug)]
pub struct Pipe {
    config: LinkConfig,
    loss: Stream,
    jitter: Stream,
    chatter_loss: Stream,
    chatter_jitter: Stream,
    queue: VecDeque<Parcel>,
    in_flight: usize,
    free_at: u64,
    remainder: u128,
    last_due: u64,
    excess: u32,
}

/// A frame under way.
#[derive(Debug)]
pub struct Parcel {
    /// When it reaches the other end.
    pub due: u64,
    /// The frame.
    pub frame: Box<[u8]>,
    /// Whether it draws from the chatter's random streams.
    pub chatter: bool,
}

/// What a pipe says to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The pipe is ideal and empty: the frame is through.
    Through,
    /// The frame is under way and arrives then.
    Due(u64),
    /// There is no room; the frame is lost.
    Full,
}

impl Pipe {
    /// A pipe whose fate is drawn from `seed` and `name`, such as `lan/server:eth1/up`.
    pub fn new(config: LinkConfig, seed: u64, name: &str) -> Self {
        let stream = |purpose: &str| Stream::new(seed, &format!("{name}/{purpose}"));
        Self {
            config,
            loss: stream("loss"),
            jitter: stream("jitter"),
            chatter_loss: stream("chatter-loss"),
            chatter_jitter: stream("chatter-jitter"),
            queue: VecDeque::new(),
            in_flight: 0,
            free_at: 0,
            remainder: 0,
            last_due: 0,
            excess: 0,
        }
    }

    /// Draws the fate of the next frame: its jitter in nanoseconds, or `None` if it is lost.
    ///
    /// Each frame takes one number of each stream whatever becomes of it, so that the n-th frame has the same fate
    /// in each run; chatter, which no one can count on, has streams of its own.
    pub fn draw(&mut self, chatter: bool) -> Option<u64> {
        let (loss, jitter) = match chatter {
            true => (&mut self.chatter_loss, &mut self.chatter_jitter),
            false => (&mut self.loss, &mut self.jitter),
        };
        let jitter = jitter.up_to(self.config.jitter_ns);
        if loss.hit(self.config.loss) { None } else { Some(jitter) }
    }

    /// Sends a frame that was drawn `jitter` at `now`; copies it only if it has to wait.
    pub fn offer(&mut self, now: u64, jitter: u64, frame: &[u8], chatter: bool) -> Offer {
        let LinkConfig { delay_ns, rate_bps, .. } = self.config;
        if rate_bps == 0 && delay_ns == 0 && jitter == 0 && self.queue.is_empty() {
            return Offer::Through;
        }
        if self.in_flight + frame.len() > MAX_IN_FLIGHT || !self.has_room(now, frame.len()) {
            self.excess += 1;
            return Offer::Full;
        }
        self.excess = self.excess.saturating_sub(8);
        let sent = if rate_bps == 0 { now } else { self.serialise(now, frame.len() as u64) };
        // Jitter must not overtake: a frame arrives with the one before it at the earliest.
        let due = sent.saturating_add(delay_ns).saturating_add(jitter).max(self.last_due);
        self.last_due = due;
        self.in_flight += frame.len();
        self.queue.push_back(Parcel { due, frame: frame.into(), chatter });
        Offer::Due(due)
    }

    /// When the first frame under way arrives.
    pub fn next_due(&self) -> Option<u64> {
        self.queue.front().map(|parcel| parcel.due)
    }

    /// Takes out the first frame under way, due or not.
    pub fn pop(&mut self) -> Option<Parcel> {
        let parcel = self.queue.pop_front()?;
        self.in_flight -= parcel.frame.len();
        Some(parcel)
    }

    /// Bytes under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Bytes of wire time that wait for the rate limit at `now`.
    pub fn backlog(&self, now: u64) -> u64 {
        let wait = u128::from(self.free_at.saturating_sub(now));
        u64::try_from(wait * u128::from(self.config.rate_bps) / BYTE_NS).unwrap_or(u64::MAX)
    }

    /// Until when to leave a sender unread that sends many times what the rate lets through: until half of the
    /// queue has drained. `None` for any sender that only fills its queue: leaving that one unread would make the
    /// NIC's own ring a second, much longer queue, and the link would no longer be the one asked for.
    pub fn pause_until(&mut self, now: u64) -> Option<u64> {
        if self.excess < FLOOD || self.config.rate_bps == 0 {
            return None;
        }
        self.excess = FLOOD_AGAIN;
        let half = u128::from(self.backlog(now) / 2) * BYTE_NS / u128::from(self.config.rate_bps);
        Some(now.saturating_add(u64::try_from(half).unwrap_or(u64::MAX)))
    }

    /// Loses all that is under way, as when the cable is pulled; returns how many frames that were.
    pub fn clear(&mut self) -> u64 {
        let lost = self.queue.len() as u64;
        self.queue = VecDeque::new();
        (self.in_flight, self.free_at, self.remainder, self.last_due, self.excess) = (0, 0, 0, 0, 0);
        lost
    }

    /// A frame always fits into an idle wire, however short the queue.
    fn has_room(&self, now: u64, length: usize) -> bool {
        let backlog = self.backlog(now);
        backlog == 0 || backlog.saturating_add(length as u64) <= self.config.queue_bytes
    }

    /// When the last bit of a frame has left; carries the fraction of a nanosecond, so that rates are exact.
    fn serialise(&mut self, now: u64, length: u64) -> u64 {
        let rate = u128::from(self.config.rate_bps);
        if now > self.free_at {
            (self.free_at, self.remainder) = (now, 0);
        }
        let work = u128::from(length.max(MIN_FRAME) + WIRE_OVERHEAD) * BYTE_NS + self.remainder;
        self.remainder = work % rate;
        self.free_at = self.free_at.saturating_add(u64::try_from(work / rate).unwrap_or(u64::MAX));
        self.free_at
    }
}

#[cfg(test)]
mod tests;
