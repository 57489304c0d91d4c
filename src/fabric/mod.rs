//! The lab's wires: a switch in user space that holds the other end of every NIC.
//!
//! A frame's way: [`pump`] reads it from a NIC, [`switch`] captures it and asks its [`filter`]s, the [`link`] of the
//! sender's port loses or delays it, [`stations`] says where to, the link of the receiver's port does its part, and
//! the pump writes it to the NIC there. Everything but `pump` is pure: frame in, at, port -> frames out, when.

pub mod capture;
pub mod capture_read;
pub mod config;
pub mod counters;
pub mod filter;
pub mod link;
pub mod packet_socket;
pub mod pump;
pub mod random;
pub mod silent;
pub mod stations;
pub mod switch;

pub use config::SwitchConfig;
pub use counters::Counters;
pub use pump::{CaptureChunk, Command, Remote, hand_over, run};
pub use switch::Switch;
