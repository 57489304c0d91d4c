//! What an SSH connection shows before it is encrypted: the identification lines and the packets up to NEWKEYS.

/// Message number of NEWKEYS (RFC 4253 §12).
const NEWKEYS: u8 = 21;
/// Longest identification line, and longest packet before encryption that is read (RFC 4253 §4.2, §6.1).
const LONGEST: usize = 35_000;

/// One direction of a connection, read as its bytes come in.
#[derive(Debug, Default)]
pub struct Direction {
    pending: Vec<u8>,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Identification,
    Packets,
    Encrypted,
    NotSsh,
}

impl Direction {
    /// Adds bytes of the stream, in order.
    pub fn add(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Encrypted | State::NotSsh) {
            return;
        }
        self.pending.extend_from_slice(bytes);
        while self.step() {}
        if self.pending.len() > LONGEST {
            self.state = State::NotSsh;
            self.pending.clear();
        }
    }

    /// Whether NEWKEYS has passed: everything after it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.state == State::Encrypted
    }

    fn step(&mut self) -> bool {
        match self.state {
            State::Identification => {
                let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') else { return false };
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                // A server may send other lines first (RFC 4253 §4.2).
                if line.starts_with(b"SSH-") {
                    self.state = State::Packets;
                }
                true
            }
            State::Packets => {
                let Some(head) = self.pending.first_chunk::<6>() else { return false };
                let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
                let message = head[5];
                if !(2..=LONGEST).contains(&length) {
                    self.state = State::NotSsh;
                    return false;
                }
                if self.pending.len() < 4 + length {
                    return false;
                }
                self.pending.drain(..4 + length);
                if message == NEWKEYS {
                    self.state = State::Encrypted;
                    self.pending.clear();
                }
                true
            }
            State::Encrypted | State::NotSsh => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(message: u8) -> Vec<u8> {
        [&[0, 0, 0, 12, 4, message][..], &[0; 10]].concat()
    }

    #[test]
    fn newkeys_ends_the_readable_part() {
        let mut stream = b"hello\r\nSSH-2.0-OpenSSH_9.2\r\n".to_vec();
        stream.extend(packet(20));
        stream.extend(packet(31));
        let mut direction = Direction::default();
        // Byte by byte: segments may cut anywhere.
        stream.iter().for_each(|byte| direction.add(&[*byte]));
        assert!(!direction.is_encrypted());
        direction.add(&packet(NEWKEYS));
        assert!(direction.is_encrypted());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..50)) {
            let mut direction = Direction::default();
            pieces.iter().for_each(|piece| direction.add(piece));
            prop_assert!(direction.pending.len() <= LONGEST);
        }
    }
}
