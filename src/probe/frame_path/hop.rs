//! Where frames stop, told from how many passed each hop. Pure.

/// Frames from the guest and back, hop by hop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Whether the guest sees a cable; unknown where the guest does not answer.
    pub carrier: Option<bool>,
    /// Sent by the guest's NIC.
    pub guest_sent: u64,
    /// Taken by the hypervisor, where it tells.
    pub edge_sent: Option<u64>,
    /// Out of the hypervisor.
    pub tap_sent: u64,
    /// Out of the bridge.
    pub uplink_sent: u64,
    /// On the wire.
    pub lan_sent: u64,
    /// For the guest, on the wire.
    pub lan_back: u64,
    /// In at the uplink.
    pub uplink_back: u64,
    /// Out of the bridge, towards the guest.
    pub tap_back: u64,
    /// Got by the guest's NIC.
    pub guest_got: u64,
    /// Echoes that were answered.
    pub answered: u64,
}

/// Between which two hops nothing passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// Everything passes.
    Nowhere,
    /// The guest's NIC has no cable.
    Cable,
    /// Nothing leaves the guest's NIC, or what leaves it is never taken.
    Guest,
    /// The hypervisor takes frames and hands none on.
    Hypervisor,
    /// What came out of the hypervisor does not get to the uplink.
    Bridge,
    /// What left the uplink is not on the wire.
    Wire,
    /// Nobody on the wire answers.
    Peer,
    /// The answer does not get from the wire to the tap.
    WayBack,
    /// The answer is at the tap, and the guest does not get it.
    GuestsEar,
}

impl Hop {
    /// The hop's name in words' identifiers.
    pub fn name(self) -> &'static str {
        match self {
            Hop::Nowhere => "nowhere",
            Hop::Cable => "cable",
            Hop::Guest => "guest",
            Hop::Hypervisor => "hypervisor",
            Hop::Bridge => "bridge",
            Hop::Wire => "wire",
            Hop::Peer => "peer",
            Hop::WayBack => "way-back",
            Hop::GuestsEar => "guests-ear",
        }
    }
}

impl Counts {
    /// Where the frames stop.
    pub fn stops_at(&self) -> Hop {
        // From the far end backwards: what was seen further on has passed all before, whatever a count there says. What comes back
        // is an answer only where something arrived: a peer also asks by itself whether an old neighbour is still there.
        let arrived = self.lan_sent > 0;
        match self {
            _ if self.answered > 0 => Hop::Nowhere,
            _ if arrived && self.tap_back > 0 && self.guest_got == 0 => Hop::GuestsEar,
            _ if arrived && self.lan_back > 0 => Hop::WayBack,
            _ if arrived => Hop::Peer,
            _ if self.uplink_sent > 0 => Hop::Wire,
            _ if self.tap_sent > 0 => Hop::Bridge,
            _ if self.carrier == Some(false) => Hop::Cable,
            // The hypervisor knows better what it took than a guest that counts before it sends.
            _ if self.edge_sent.unwrap_or(self.guest_sent) == 0 => Hop::Guest,
            _ => Hop::Hypervisor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hop_without_frames_is_named() {
        let whole = Counts {
            carrier: Some(true),
            guest_sent: 4,
            edge_sent: Some(4),
            tap_sent: 4,
            uplink_sent: 4,
            lan_sent: 4,
            lan_back: 4,
            uplink_back: 4,
            tap_back: 4,
            guest_got: 4,
            answered: 3,
        };
        assert_eq!(whole.stops_at(), Hop::Nowhere);
        let mut broken = Counts { answered: 0, guest_got: 0, ..whole };
        assert_eq!(broken.stops_at(), Hop::GuestsEar);
        let mut named = Vec::new();
        let steps: [fn(&mut Counts); 8] = [
            |counts| counts.tap_back = 0,
            |counts| counts.uplink_back = 0,
            |counts| counts.lan_back = 0,
            |counts| counts.lan_sent = 0,
            |counts| counts.uplink_sent = 0,
            |counts| counts.tap_sent = 0,
            |counts| counts.edge_sent = Some(0),
            |counts| counts.carrier = Some(false),
        ];
        for step in steps {
            step(&mut broken);
            named.push(broken.stops_at());
        }
        let wanted =
            [Hop::WayBack, Hop::WayBack, Hop::Peer, Hop::Wire, Hop::Bridge, Hop::Hypervisor, Hop::Guest, Hop::Cable];
        assert_eq!(named, wanted);
    }

    #[test]
    fn where_the_hypervisor_does_not_tell_the_guests_word_counts() {
        let counts = Counts { carrier: Some(true), guest_sent: 3, ..Counts::default() };
        assert_eq!(counts.stops_at(), Hop::Hypervisor);
        assert_eq!(Counts { guest_sent: 0, ..counts.clone() }.stops_at(), Hop::Guest);
        // The peer asks whether its old neighbour is still there.
        let asked = Counts { tap_sent: 3, lan_back: 2, uplink_back: 2, ..counts };
        assert_eq!(asked.stops_at(), Hop::Bridge);
    }
}
