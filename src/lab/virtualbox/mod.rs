//! A machine with VirtualBox: the bridging chapter's fix on a running VM, and what the host's own interface sees of it.
//!
//! It is no backend: nothing is started, and what is found is put back. Whether a command worked is read from the VM's state
//! afterwards, since VBoxManage exits with 0 where it has done nothing.

mod apply;
pub mod command;
pub mod driver;
pub mod host_capture;
pub mod parse;

use std::io;
use std::time::Duration;

use async_trait::async_trait;

use crate::wire::frame::Mac;
use crate::wording::Phrase;

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whose doing it is.
    pub kind: TroubleKind,
    /// In words.
    pub phrase: Phrase,
}

/// Whose doing a trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// What was asked for does not exist.
    Asked,
    /// VirtualBox or this machine.
    Machine,
    /// The user stopped it.
    Interrupted,
}

impl Trouble {
    /// What was asked for does not exist.
    pub fn asked(phrase: Phrase) -> Self {
        Trouble { kind: TroubleKind::Asked, phrase }
    }

    /// VirtualBox or this machine does not do it.
    pub fn machine(phrase: Phrase) -> Self {
        Trouble { kind: TroubleKind::Machine, phrase }
    }

    /// The user stopped it.
    pub fn interrupted() -> Self {
        Trouble { kind: TroubleKind::Interrupted, phrase: Phrase::new("virtualbox-interrupted") }
    }
}

/// What a call of VBoxManage left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Exit status; a signal's number and 128 if one ended it.
    pub status: i32,
    /// Standard output, without byte order mark and carriage returns.
    pub out: String,
    /// Standard error, likewise.
    pub err: String,
    /// How long it took.
    pub took: Duration,
}

/// Something that answers as VBoxManage does.
#[async_trait(?Send)]
pub trait Manage {
    /// Calls it with these arguments and waits for its end.
    ///
    /// # Errors
    /// No such program, no end within the limit, or more output than is taken.
    async fn call(&self, args: &[&str]) -> Result<Said, Trouble>;

    /// The call as one would type it into a shell.
    fn typed(&self, args: &[&str]) -> String;
}

/// An interface of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Hardware address, if it has one of Ethernet's length.
    pub mac: Option<Mac>,
    /// What the administrator calls it (`ifalias`).
    pub alias: String,
    /// Whether it is up and has a link.
    pub up: bool,
}

/// What passed in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All frames.
    pub frames: u64,
    /// Frames of the guest's that left at the interface.
    pub from_guest: u64,
    /// Those of them that a ping consists of: echo requests, and questions for a neighbour's address.
    pub pings: u64,
    /// Frames for the guest alone.
    pub to_guest: u64,
}

/// What a watch saw besides counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Frames that found no room, and were not seen.
    pub lost: u64,
    /// The guest's frames, as pcapng; nobody else's.
    pub capture: Vec<u8>,
}

/// Looks at an interface of the host.
#[async_trait(?Send)]
pub trait Watch {
    /// Counts for so long, from the end of the last count on.
    ///
    /// # Errors
    /// An interface that went away.
    async fn count(&mut self, time: Duration) -> Result<Counts, Trouble>;

    /// Ends the watch.
    fn end(self: Box<Self>) -> Taken;
}

/// The host's side of the bridge.
pub trait Wire {
    /// All interfaces.
    ///
    /// # Errors
    /// What reading them says.
    fn interfaces(&self) -> io::Result<Vec<Interface>>;

    /// Watches an interface for frames from and to the guest.
    ///
    /// # Errors
    /// No right to do so, or no such interface.
    fn watch(&self, interface: &str, guest: Mac) -> Result<Box<dyn Watch>, Trouble>;
}

/// A name as messages show it: in quotes, so that its blanks are seen and its digits are no number.
pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
pub(crate) mod tests;
