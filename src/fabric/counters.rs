//! What a switch counts, and how far its figures can be trusted.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// All figures of one switch since its start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// By port name.
    pub ports: BTreeMap<String, PortCounters>,
    /// By network name.
    pub networks: BTreeMap<String, NetworkCounters>,
    /// Whether the switch kept up.
    pub trust: Trust,
}

/// Figures of one port; directions as the NIC sees them from the switch: `rx` comes from the NIC, `tx` goes to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortCounters {
    /// Whether a NIC is plugged in and the port is switched on.
    pub up: bool,
    /// Frames that came from the NIC, whatever became of them.
    pub rx_frames: u64,
    /// Their bytes.
    pub rx_bytes: u64,
    /// Frames that the NIC took.
    pub tx_frames: u64,
    /// Their bytes.
    pub tx_bytes: u64,
    /// Longest frame that came from the NIC, in bytes.
    pub largest: u64,
    /// Frames from the NIC with a source MAC address that is not its own, passed or dropped.
    pub spoofed: u64,
    /// Frames that were lost here, by reason; those on the way up at the sender's port, those down at the receiver's.
    pub drops: BTreeMap<DropReason, u64>,
}

/// Figures of one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkCounters {
    /// By filter name.
    pub filters: BTreeMap<String, FilterCounters>,
    /// By silent address.
    pub silent: BTreeMap<IpAddr, SilentCounters>,
}

/// What a filter matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterCounters {
    /// Frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a silent host did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilentCounters {
    /// Questions for its MAC address that it answered.
    pub answered: u64,
    /// Frames that it swallowed.
    pub swallowed: u64,
    /// Their bytes.
    pub swallowed_bytes: u64,
}

/// Why a frame went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// Shorter than an Ethernet header.
    TooShort,
    /// Longer than the network lets pass.
    TooLong,
    /// Another source MAC address than the port's own, on a port that guards it.
    SpoofedMac,
    /// The port was off, or went off while the frame was under way.
    PortDown,
    /// A filter said so; its own counter says which.
    Filter,
    /// More than the switch keeps for filters that delay.
    DelayFull,
    /// Drawn as lost on the way up.
    LossUp,
    /// No room in the queue on the way up.
    QueueUp,
    /// The receiver is behind the port that the frame came from.
    SamePort,
    /// Drawn as lost on the way down.
    LossDown,
    /// No room in the queue on the way down.
    QueueDown,
    /// The NIC did not take it, as one that is down.
    NicRefused,
}

impl DropReason {
    /// The note in the capture: `drop=` and the name that the counters have.
    pub fn note(self) -> &'static str {
        match self {
            Self::TooShort => "drop=too-short",
            Self::TooLong => "drop=too-long",
            Self::SpoofedMac => "drop=spoofed-mac",
            Self::PortDown => "drop=port-down",
            Self::Filter => "drop=filter",
            Self::DelayFull => "drop=delay-full",
            Self::LossUp => "drop=loss-up",
            Self::QueueUp => "drop=queue-up",
            Self::SamePort => "drop=same-port",
            Self::LossDown => "drop=loss-down",
            Self::QueueDown => "drop=queue-down",
            Self::NicRefused => "drop=nic-refused",
        }
    }
}

/// Figures about the switch itself: what makes a measurement `inconclusive`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Latest that a timer woke the switch after the time asked for, in nanoseconds.
    pub late_max_ns: u64,
    /// The same, exceeded by one wake-up in a hundred; rounded up by at most an eighth.
    pub late_p99_ns: u64,
    /// Timer wake-ups that these are of.
    pub wakeups: u64,
    /// Frames read from NICs.
    pub frames_read: u64,
    /// Frames that a NIC refused because its interface is down (EIO).
    pub eio: u64,
    /// NICs whose interface was deleted (EBADFD).
    pub nics_gone: u64,
    /// Times that reading a flooding NIC was paused.
    pub pauses: u64,
    /// Frames missing in the captures because their consumer was slow. Not reset: it is true of the whole file.
    pub capture_lost: u64,
    /// Frames missing in the captures because they reached their limit. Not reset.
    pub capture_truncated: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_the_serialised_names() {
        let reasons = [
            DropReason::TooShort,
            DropReason::TooLong,
            DropReason::SpoofedMac,
            DropReason::PortDown,
            DropReason::Filter,
            DropReason::DelayFull,
            DropReason::LossUp,
            DropReason::QueueUp,
            DropReason::SamePort,
            DropReason::LossDown,
            DropReason::QueueDown,
            DropReason::NicRefused,
        ];
        for reason in reasons {
            let name = serde_json::to_value(reason).unwrap();
            assert_eq!(reason.note(), format!("drop={}", name.as_str().unwrap()));
        }
    }

    #[test]
    fn counters_survive_json() {
        let mut counters = Counters::default();
        counters.ports.entry("a:eth1".into()).or_default().drops.insert(DropReason::LossUp, 7);
        let lan = counters.networks.entry("lan".into()).or_default();
        lan.silent.insert("192.0.2.1".parse().unwrap(), SilentCounters { answered: 1, ..Default::default() });
        let text = serde_json::to_string(&counters).unwrap();
        assert!(text.contains(r#""drops":{"loss-up":7}"#), "{text}");
        assert_eq!(serde_json::from_str::<Counters>(&text).unwrap(), counters);
    }
}
