//! Which MAC address is behind which port: the forwarding table of one network.

use std::collections::HashMap;

use super::switch::PortId;
use crate::wire::frame::Mac;

/// Most addresses learned per port. Beyond them frames are flooded, so that an endpoint that makes up addresses
/// fills its own share only.
pub const MAX_PER_PORT: usize = 256;

/// The table. Each frame is learned from anew: a station that moved is at its new port with its first frame.
#[derive(Debug, Default)]
pub struct Stations {
    ports: HashMap<Mac, PortId>,
    learned: HashMap<PortId, usize>,
}

impl Stations {
    /// Notes that `mac` sends from `port`. Group addresses cannot be senders and are not learned.
    pub fn learn(&mut self, mac: Mac, port: PortId) {
        if mac.is_group() || self.ports.get(&mac) == Some(&port) {
            return;
        }
        let count = self.learned.entry(port).or_default();
        if *count >= MAX_PER_PORT {
            return;
        }
        *count += 1;
        if let Some(left) = self.ports.insert(mac, port).and_then(|before| self.learned.get_mut(&before)) {
            *left -= 1;
        }
    }

    /// The port behind which `mac` was last seen.
    pub fn port(&self, mac: Mac) -> Option<PortId> {
        self.ports.get(&mac).copied()
    }

    /// Forgets all that was learned from `port`.
    pub fn forget(&mut self, port: PortId) {
        self.ports.retain(|_, behind| *behind != port);
        self.learned.remove(&port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(n: u16) -> Mac {
        let [a, b] = n.to_be_bytes();
        Mac([2, 0, 0, 0, a, b])
    }

    #[test]
    fn a_station_is_where_it_was_last_seen() {
        let mut table = Stations::default();
        table.learn(mac(1), 0);
        table.learn(mac(1), 1);
        assert_eq!(table.port(mac(1)), Some(1));
        table.forget(0);
        assert_eq!(table.port(mac(1)), Some(1));
        table.forget(1);
        assert_eq!(table.port(mac(1)), None);
    }

    #[test]
    fn groups_are_not_learned() {
        let mut table = Stations::default();
        table.learn(Mac([0xff; 6]), 0);
        assert_eq!(table.port(Mac([0xff; 6])), None);
    }

    #[test]
    fn one_port_cannot_fill_the_table() {
        let mut table = Stations::default();
        (0..1000).for_each(|n| table.learn(mac(n), 0));
        table.learn(mac(5000), 1);
        assert_eq!((table.ports.len(), table.port(mac(5000))), (MAX_PER_PORT + 1, Some(1)));
        // A station that moves away makes room.
        table.learn(mac(0), 1);
        table.learn(mac(5001), 0);
        assert_eq!((table.port(mac(0)), table.port(mac(5001))), (Some(1), Some(0)));
    }
}
