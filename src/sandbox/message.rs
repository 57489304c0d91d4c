//! What the harness orders from the zygote and what it hears back: one JSON document a packet, descriptors beside it.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::Limits;

/// Longest packet, in bytes: an order names files and numbers, nothing more.
const PACKET_MOST: usize = 128 << 10;
/// Most descriptors beside a packet.
const DESCRIPTORS_MOST: usize = 8;

/// Ids of a user namespace: inside they are `0..count`, in the zygote's own namespace they begin with `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// The zygote's id of an endpoint's root.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// What the harness tells the zygote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The first one.
    Begin(Begin),
    /// The ids of the zygote's user namespace are mapped.
    Mapped,
    /// Starts a sandbox; beside it: standard input, output and error of its PID 1.
    Start(Box<Start>),
    /// Ends a sandbox.
    Stop {
        /// Number of this order.
        id: u64,
        /// Number of its start.
        sandbox: u64,
    },
    /// Unpacks a tar archive, read from the descriptor beside it.
    Unpack {
        /// Number of this order.
        id: u64,
        /// Where.
        root: Root,
        /// Whether it is an image's layer, with whiteouts, or files for a root that is there.
        layer: bool,
        /// Most bytes of content.
        bytes: u64,
        /// Most entries.
        entries: u64,
    },
    /// Packs a layer as a tar archive into the descriptor beside it.
    Pack {
        /// Number of this order.
        id: u64,
        /// Directory of the layer.
        layer: String,
    },
    /// Changes the store. Paths are relative to it.
    Store {
        /// Number of this order.
        id: u64,
        /// What.
        change: Change,
    },
}

/// A change in the store that needs rights over the endpoints' ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Makes a directory that belongs to the endpoints' root.
    Make(String),
    /// Renames.
    Move(String, String),
    /// Removes a file or a tree; one that is not there is fine.
    Remove(String),
}

/// How the zygote is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Label of the run.
    pub run: String,
    /// The harness's process id.
    pub pid: u32,
    /// Its start time in clock ticks since the boot.
    pub started: u64,
    /// Absolute path of the store.
    pub store: String,
    /// The helper's program, relative to the store.
    pub program: String,
    /// Ids of endpoints.
    pub ids: Ids,
    /// Whether the zygote needs a user namespace of its own: the harness is an ordinary user.
    pub own_ids: bool,
    /// Whether it keeps the machine's network, for making images, or leaves it.
    pub online: bool,
}

/// A sandbox to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Number of this order; the sandbox's number from then on.
    pub id: u64,
    /// Name, for people: the argument of its PID 1.
    pub name: String,
    /// Host name.
    pub hostname: String,
    /// Its root.
    pub root: Root,
    /// Kernel parameters of its namespaces, by dotted name.
    pub sysctls: BTreeMap<String, String>,
    /// Bounding set, one bit a capability (capabilities(7)).
    pub capabilities: u64,
    /// Limits.
    pub limits: Limits,
    /// Its network.
    pub network: Network,
    /// Where the lab's switch listens.
    pub wire: Option<Wire>,
}

impl Start {
    /// Interfaces that the zygote lays cables for.
    pub fn cables(&self) -> &[String] {
        match &self.network {
            Network::Own { cables } => cables,
            Network::Machine => &[],
        }
    }
}

/// A sandbox's root directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Root {
    /// Layers below a scratch file system in memory.
    Scratch {
        /// Directories, the topmost first.
        layers: Vec<String>,
        /// Most bytes that can be written.
        bytes: u64,
        /// Most files that can be made.
        inodes: u64,
    },
    /// Layers below a directory on disk that goes with the sandbox: where a file system in memory keeps no user attributes.
    Discarded {
        /// Directories, the topmost first.
        layers: Vec<String>,
        /// The directory; the zygote makes and removes it.
        dir: String,
    },
    /// Layers below a directory that stays: `u` in it takes the changes, `w` is the overlay's own.
    Kept {
        /// Directories, the topmost first.
        layers: Vec<String>,
        /// The directory.
        dir: String,
    },
    /// A directory as it is.
    Plain(String),
}

/// What network a sandbox sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing but loopback and the NICs that it makes itself, or that the zygote lays: these.
    Own {
        /// Interfaces to lay cables for; none where endpoints can open `/dev/net/tun`.
        cables: Vec<String>,
    },
    /// The machine's: only for making images.
    Machine,
}

/// The directory with a lab's switch socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// Number of the switch's sandbox.
    pub switch: u64,
    /// Whether this is the switch.
    pub own: bool,
}

/// What the zygote says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It has made its user namespace: map the ids, then say so.
    Unshared,
    /// Orders can come.
    Ready {
        /// What limits endpoints.
        limits: String,
        /// What cannot be limited here.
        unlimited: Vec<Unlimited>,
        /// Whether endpoints can open `/dev/net/tun`.
        tun: bool,
        /// Whether a file system in memory keeps user attributes, as overlays need them (Linux 6.6).
        scratch_in_memory: bool,
    },
    /// An order is carried out.
    Done {
        /// Its number.
        id: u64,
        /// A figure that belongs to it: bytes unpacked or packed.
        bytes: u64,
    },
    /// An order could not be carried out.
    Failed {
        /// Its number; 0 for the first one.
        id: u64,
        /// Why.
        why: String,
    },
}

/// Something that this machine cannot limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlimited {
    /// What: memory, processes, processor.
    pub what: String,
    /// Why not.
    pub why: String,
    /// A command that cures it.
    pub cure: String,
}

/// Sends a document and descriptors in one packet.
///
/// # Errors
/// What sendmsg(2) says; `WouldBlock` on a socket that does not block.
pub fn send<T: Serialize>(socket: BorrowedFd<'_>, document: &T, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let packet = serde_json::to_vec(document)?;
    if packet.len() > PACKET_MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "an order longer than 128 KiB"));
    }
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let beside: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(&packet)], beside, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Receives one packet and its descriptors; `None` when the other side is gone.
///
/// # Errors
/// What recvmsg(2) says, or a packet that cannot be read.
pub fn receive<T: DeserializeOwned>(socket: BorrowedFd<'_>) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut packet = vec![0; PACKET_MOST];
    let mut space = cmsg_space!([RawFd; DESCRIPTORS_MOST]);
    let mut parts = [IoSliceMut::new(&mut packet)];
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for control in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            // SAFETY: the kernel has just installed these descriptors for this process, and nothing else owns them.
            descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    let length = received.bytes;
    if length == 0 {
        return Ok(None);
    }
    Ok(Some((serde_json::from_slice(&packet[..length])?, descriptors)))
}
