//! From captured frames to facts: pure functions, which survive whatever a lab sends.

pub mod dns;
pub mod echo;
pub mod frame;
pub mod goodput;
pub mod ike;
pub mod login;
pub mod lookup;
pub mod natt;
pub mod ssh;
pub mod stream;

use std::borrow::Cow;

/// A frame as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// When it came in, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// The port that it came in from, `endpoint:interface`.
    pub port: &'a str,
    /// The frame.
    pub bytes: &'a [u8],
    /// Whether it went no further.
    pub dropped: bool,
}

impl<'a> Seen<'a> {
    /// The endpoint that it came from.
    pub fn endpoint(&self) -> &'a str {
        endpoint_of(self.port)
    }
}

/// Frames in the order of time, copied only if they are not in it.
fn in_order<'f, 'a>(frames: &'f [Seen<'a>]) -> Cow<'f, [Seen<'a>]> {
    let mut frames = Cow::Borrowed(frames);
    if !frames.is_sorted_by_key(|seen| seen.at_ns) {
        frames.to_mut().sort_by_key(|seen| seen.at_ns);
    }
    frames
}

/// The endpoint of a port, `endpoint:interface`.
fn endpoint_of(port: &str) -> &str {
    port.split_once(':').map_or(port, |(endpoint, _)| endpoint)
}
