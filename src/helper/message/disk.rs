//! What an endpoint's disk and the harness say to each other: which bytes are wanted, and, as requests, the bytes.

/// Most bytes of one reading.
pub const READ_MOST: u32 = 256 << 10;

/// What the endpoint tells, in stream frames; numbers are big-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The socket is there.
    Listening,
    /// These bytes are wanted.
    Read {
        /// Number of the reading.
        read: u64,
        /// Where they begin.
        offset: u64,
        /// How many; [`READ_MOST`] at most.
        length: u32,
    },
}

impl Event {
    /// As the body of a stream frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Event::Listening => Vec::new(),
            Event::Read { read, offset, length } => {
                [&read.to_be_bytes()[..], &offset.to_be_bytes(), &length.to_be_bytes()].concat()
            }
        }
    }

    /// From the body of a stream frame.
    pub fn decode(body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return Some(Event::Listening);
        }
        let (read, rest) = body.split_first_chunk::<8>()?;
        let (offset, rest) = rest.split_first_chunk::<8>()?;
        let length = u32::from_be_bytes(rest.try_into().ok()?);
        let event = Event::Read { read: u64::from_be_bytes(*read), offset: u64::from_be_bytes(*offset), length };
        (length <= READ_MOST).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_and_rubbish_is_none() {
        for event in [Event::Listening, Event::Read { read: 7, offset: 2 << 40, length: READ_MOST }] {
            assert_eq!(Event::decode(&event.encode()), Some(event));
        }
        let greedy = Event::Read { read: 7, offset: 0, length: READ_MOST + 1 };
        assert_eq!(Event::decode(&greedy.encode()), None);
        assert_eq!(Event::decode(&[0; 19]), None);
    }
}
