//! What a relay and the harness say to each other: which connections and datagrams came, and what is to go back.
//!
//! The relay speaks in stream frames, `kind u8 | flow u32 | rest`, numbers big-endian; the harness in requests.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Most connections of a relay at once, and as many conversations over UDP.
pub const FLOWS_MOST: usize = 64;
/// Bytes of a connection that may be under way to the harness before it says that they went on.
pub const WINDOW: usize = 64 << 10;
/// Most bytes of one piece of a connection.
pub const PIECE: usize = 16 << 10;

/// Where a relay listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listen {
    /// Whether for datagrams; else for connections.
    pub udp: bool,
    /// One of the endpoint's own addresses, and the port.
    pub at: SocketAddr,
}

/// What the harness tells a relay about a connection or a conversation over UDP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// Bytes for whoever is at the lab's end; done when they are written.
    Bytes(Vec<u8>),
    /// The other side has said its last byte.
    End,
    /// It is over: the connection is reset, the conversation forgotten.
    Reset,
    /// So many bytes went on.
    Credit(usize),
}

/// What a relay tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It listens everywhere.
    Listening,
    /// A connection, or the first datagram of a conversation, by the number of the [`Listen`] at which it came.
    Opened {
        /// Its number from now on.
        flow: u32,
        /// Where it came.
        listen: u32,
    },
    /// A piece of a connection, or a datagram.
    Bytes {
        /// Which.
        flow: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The lab's end has said its last byte.
    End {
        /// Which connection.
        flow: u32,
    },
    /// It is over.
    Gone {
        /// Which.
        flow: u32,
    },
}

impl Event {
    /// As the body of a stream frame.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, flow, rest) = match self {
            Event::Listening => (0, 0, &[][..]),
            Event::Opened { flow, listen } => (1, *flow, &listen.to_be_bytes()[..]),
            Event::Bytes { flow, bytes } => (2, *flow, &bytes[..]),
            Event::End { flow } => (3, *flow, &[][..]),
            Event::Gone { flow } => (4, *flow, &[][..]),
        };
        let mut body = vec![kind];
        body.extend(flow.to_be_bytes());
        body.extend(rest);
        body
    }

    /// From the body of a stream frame.
    pub fn decode(body: &[u8]) -> Option<Self> {
        let (kind, rest) = body.split_first()?;
        let (flow, rest) = rest.split_first_chunk::<4>()?;
        let flow = u32::from_be_bytes(*flow);
        Some(match (kind, rest) {
            (0, []) => Event::Listening,
            (1, rest) => Event::Opened { flow, listen: u32::from_be_bytes(rest.try_into().ok()?) },
            (2, bytes) => Event::Bytes { flow, bytes: bytes.to_vec() },
            (3, []) => Event::End { flow },
            (4, []) => Event::Gone { flow },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_and_rubbish_is_none() {
        let all = [
            Event::Listening,
            Event::Opened { flow: 7, listen: 1 },
            Event::Bytes { flow: u32::MAX, bytes: b"SSH-2.0-".to_vec() },
            Event::Bytes { flow: 7, bytes: Vec::new() },
            Event::End { flow: 7 },
            Event::Gone { flow: 7 },
        ];
        for event in all {
            assert_eq!(Event::decode(&event.encode()), Some(event));
        }
        for rubbish in [&[][..], &[0, 0], &[9, 0, 0, 0, 0], &[1, 0, 0, 0, 0, 1], &[3, 0, 0, 0, 0, 1]] {
            assert_eq!(Event::decode(rubbish), None, "{rubbish:?}");
        }
    }
}
