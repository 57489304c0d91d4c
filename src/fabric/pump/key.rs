//! What an epoll event is about, packed into the 64 bits that epoll keeps with each descriptor.

use crate::fabric::switch::PortId;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The socket that NICs come in by.
    Listener,
    /// A command has come.
    Wake,
    /// The timer has fired.
    Timer,
    /// A connection that has not shown its token yet, by its slot.
    Visitor(usize),
    /// The NIC of a port.
    Nic(PortId),
    /// The connection that a port's NIC came by.
    Control(PortId),
}

impl Key {
    /// As epoll keeps it.
    pub fn encode(self) -> u64 {
        let (kind, number) = match self {
            Self::Listener => (0, 0),
            Self::Wake => (1, 0),
            Self::Timer => (2, 0),
            Self::Visitor(slot) => (3, slot),
            Self::Nic(port) => (4, port),
            Self::Control(port) => (5, port),
        };
        kind << 32 | number as u64
    }

    /// From what epoll gives back.
    pub fn decode(data: u64) -> Option<Self> {
        let number = (data & u64::from(u32::MAX)) as usize;
        match data >> 32 {
            0 => Some(Self::Listener),
            1 => Some(Self::Wake),
            2 => Some(Self::Timer),
            3 => Some(Self::Visitor(number)),
            4 => Some(Self::Nic(number)),
            5 => Some(Self::Control(number)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_kernel() {
        for key in [Key::Listener, Key::Wake, Key::Timer, Key::Visitor(3), Key::Nic(70_000), Key::Control(0)] {
            assert_eq!(Key::decode(key.encode()), Some(key));
        }
        assert_eq!(Key::decode(9 << 32), None);
    }
}
