//! What the harness and a helper say to each other over the endpoint's standard streams: versioned, bounded, signed.
//!
//! A request is `length u32 | id u64 | JSON`, an answer `length u32 | kind u8 | id u64 | signature 16 bytes | body`; numbers are
//! big-endian and a length counts what follows it. The signature is HMAC-SHA-256 (RFC 2104), cut to 128 bits, under a key that
//! the harness draws for each endpoint: a process that gets hold of the stream still cannot forge an answer.

pub mod disk;
mod duties;
mod encoded;
mod frame;
pub mod relay;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::fabric::config::SwitchConfig;
use crate::fabric::counters::Counters;
pub use duties::{
    Asks, DnsLookup, DnsLookupDone, Echo, EchoDone, Entry, EntryDone, FrameCount, Frames, FramesSeen, GuestRan,
    GuestRun, SshEnter, SshEntered, SshLogin, SshLoginDone,
};
pub use encoded::Encoded;
pub use frame::{Frame, Key, Kind, encode_frame, encode_request, read_frame, read_request};

/// Version of this protocol; a helper refuses any other.
pub const VERSION: u32 = 1;
/// Longest request or answer, in bytes. Longer ones mean that somebody else writes to the stream.
pub const FRAME_MOST: usize = 16 << 20;
/// A helper that hears nothing for this long ends, and its endpoint with it.
pub const SILENCE_MOST: std::time::Duration = std::time::Duration::from_secs(3);
/// How often the harness lets a helper hear from it.
pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_millis(500);
/// Where the helper's program is inside every endpoint.
pub const PROGRAM: &str = "/.saiten/saiten";
/// A capability that the helper alone holds in an endpoint: one that the kernel never asks for (capabilities(7)). Who lacks
/// it cannot change the helper's priority, whatever its user id.
pub const HELPERS_OWN: caps::Capability = caps::Capability::CAP_NET_BROADCAST;
/// How a helper begins its answer to a shell line in an endpoint that has no shell.
pub const NO_SHELL: &str = "no shell";
/// Where endpoints find the lab's switch.
pub const WIRE_SOCKET: &str = "/.wire/switch";

/// What the harness asks of a helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The first message: agrees on version and key.
    Hello {
        /// [`VERSION`] of the harness.
        version: u32,
        /// Key of the answers' signatures.
        key: Key,
    },
    /// Sign of life.
    Ping,
    /// Makes the endpoint's NICs and hands them to the switch.
    Nics {
        /// NICs in the order of their names.
        nics: Vec<NicSpec>,
        /// Gateways of the default routes.
        gateways: Vec<IpAddr>,
    },
    /// Writes files as root.
    Files(Vec<FileSpec>),
    /// Runs a command as root and waits for it.
    Run(RunSpec),
    /// The last bytes of a file.
    Tail {
        /// Absolute path.
        path: String,
        /// How many bytes at most.
        most: usize,
    },
    /// Frames that each NIC's transmit ring dropped before the switch could see them.
    NicLosses,
    /// Becomes the lab's switch.
    Switch(SwitchConfig),
    /// Asks something of the switch.
    Wire(WireRequest),
    /// Starts a shell on a pseudo terminal; its output comes as stream frames with this request's id.
    Shell {
        /// Program and arguments.
        argv: Vec<String>,
        /// Rows and columns of the terminal.
        size: (u16, u16),
    },
    /// Bytes typed into a shell.
    ShellInput {
        /// Id of the [`Request::Shell`].
        shell: u64,
        /// What was typed.
        bytes: Vec<u8>,
    },
    /// The terminal's size changed.
    ShellSize {
        /// Id of the [`Request::Shell`].
        shell: u64,
        /// Rows and columns.
        size: (u16, u16),
    },
    /// Listens in a live machine's place; what comes is told in stream frames ([`relay::Event`]) with this request's id.
    Relay {
        /// Where to listen.
        listen: Vec<relay::Listen>,
    },
    /// What is to be done with a connection of the endpoint's relay.
    RelayBack {
        /// Its number.
        flow: u32,
        /// What.
        back: relay::Back,
    },
    /// Offers a disk that the harness has to whoever connects to a socket of the endpoint; what is wanted of it comes in stream frames
    /// ([`disk::Event`]) with this request's id.
    Disk {
        /// Path of the socket.
        socket: String,
        /// The disk's length in bytes.
        size: u64,
    },
    /// What was wanted of the disk.
    DiskBack {
        /// Number of the reading.
        read: u64,
        /// Its bytes; none where they cannot be read.
        bytes: Option<Encoded>,
    },
    /// Connects to a socket of the endpoint. What comes from there is in stream frames with this request's id, the first of which is
    /// empty and tells that it is connected.
    Socket {
        /// Path of the socket.
        path: String,
    },
    /// Bytes for a socket.
    SocketInput {
        /// Id of the [`Request::Socket`].
        socket: u64,
        /// The bytes.
        bytes: Encoded,
    },
    /// Gives NICs that are there already, known by their MAC addresses, these addresses and no others.
    Adopt {
        /// The NICs; their names and tokens are not looked at.
        nics: Vec<NicSpec>,
        /// Gateways of the default routes.
        gateways: Vec<IpAddr>,
    },
    /// The lab is over: ends the endpoint.
    Bye,
}

/// What the harness asks of the switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireRequest {
    /// No further NIC can join.
    Seal,
    /// Reads all counters.
    Counters,
    /// Sets all counters to zero.
    ResetCounters,
    /// Switches a port on or off, as an administrator would; the NIC's carrier stays.
    Port {
        /// `endpoint:interface`.
        name: String,
        /// On or off.
        up: bool,
    },
    /// Sends all captured frames so far.
    Sync,
}

/// A helper's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done, nothing to say.
    Done,
    /// To [`Request::Hello`].
    Hello {
        /// [`VERSION`] of the helper.
        version: u32,
        /// `CLOCK_MONOTONIC` of the endpoint's kernel, nanoseconds.
        monotonic_ns: u64,
    },
    /// To [`Request::Run`].
    Ran(Ran),
    /// To [`Request::Tail`].
    Output(String),
    /// To [`Request::NicLosses`]: interface and frames dropped.
    NicLosses(Vec<(String, u64)>),
    /// To [`WireRequest::Counters`].
    Counters(Box<Counters>),
    /// To [`WireRequest::Sync`]: how far the captures are, and the figures of the same frames.
    Synced {
        /// Bytes of capture so far, by network.
        captured: Vec<(String, u64)>,
        /// All counters.
        counters: Box<Counters>,
        /// What to add to `CLOCK_MONOTONIC` to get the capture's time stamps, nanoseconds.
        epoch_offset_ns: u64,
        /// `CLOCK_MONOTONIC` of the switch when it was asked, nanoseconds.
        monotonic_ns: u64,
    },
    /// A shell ended with this status.
    ShellEnded(i32),
    /// To [`Request::Adopt`]: the NICs' names, in the order of the request.
    Adopted(Vec<String>),
    /// The request could not be carried out; a lowercase fragment.
    Failed(String),
}

/// A NIC to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NicSpec {
    /// Interface name.
    pub interface: String,
    /// MAC address.
    pub mac: [u8; 6],
    /// Addresses with prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// MTU in bytes.
    pub mtu: u32,
    /// The port's single-use token.
    pub token: String,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSpec {
    /// Absolute path; missing directories are made.
    pub path: String,
    /// The whole content.
    pub content: Content,
    /// Permission bits.
    pub mode: u32,
}

/// What a file holds: text as a rule, which takes a quarter of the room in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Text in UTF-8.
    Text(String),
    /// Any bytes.
    Bytes(Vec<u8>),
}

impl Content {
    /// The content that is these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|err| Content::Bytes(err.into_bytes()), Content::Text)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }
}

/// A command to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Longest it may take, in milliseconds; then its whole process group is killed.
    pub limit_ms: u64,
    /// Most bytes kept of each of its outputs.
    pub output_most: usize,
    /// Whether each line of its standard error gets the time of its arrival.
    pub stamp: bool,
}

impl RunSpec {
    /// A shell line as the course prints it.
    pub fn shell(line: &str, limit: std::time::Duration) -> Self {
        Self::command(["/bin/sh", "-c", line].map(str::to_owned).into(), limit)
    }

    /// One of the helper's duties with its parameters, which it takes as JSON.
    pub fn duty(name: &str, parameters: &impl Serialize, limit: std::time::Duration) -> Self {
        // Our own types have string keys and no failing serializers.
        let parameters = serde_json::to_string(parameters).unwrap_or_default();
        Self::command(vec![PROGRAM.to_owned(), name.to_owned(), parameters], limit)
    }

    /// A program with arguments.
    pub fn command(argv: Vec<String>, limit: std::time::Duration) -> Self {
        RunSpec {
            argv,
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            output_most: 64 << 10,
            stamp: false,
        }
    }
}

/// How a command went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Exit status; 128 + signal number when a signal ended it.
    pub status: i32,
    /// Whether the limit ended it.
    pub timed_out: bool,
    /// Standard output, bounded.
    pub stdout: String,
    /// Standard error, bounded.
    pub stderr: String,
    /// Bytes of output that were thrown away.
    pub output_lost: u64,
    /// `CLOCK_MONOTONIC` at the start, nanoseconds.
    pub started_ns: u64,
    /// From start to exit, nanoseconds.
    pub took_ns: u64,
    /// With [`RunSpec::stamp`]: nanoseconds after the start, and the line of standard error.
    pub stamped: Vec<(u64, String)>,
    /// With [`RunSpec::stamp`]: when the first byte of standard output came, nanoseconds after the start.
    pub first_output_ns: Option<u64>,
}

/// What an endpoint finds on its machine; the duty `capabilities` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// Kernel release (uname(2)).
    pub kernel: String,
    /// Whether the kernel offers it, and what was looked at, by feature: `tun`, `ipv6`, `kernel-esp`, `conntrack`, `nat`, `netem`.
    pub features: Vec<Offer>,
    /// Capabilities that an endpoint has, as capabilities(7) names them.
    pub capabilities: Vec<String>,
    /// Congestion control that new connections get (`net.ipv4.tcp_congestion_control`).
    pub congestion_control: String,
}

/// One feature of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Feature.
    pub feature: String,
    /// Whether it is there.
    pub there: bool,
    /// What was looked at, and how to get it where it is missing.
    pub detail: String,
}

impl Offers {
    /// Why a feature is missing, if it is.
    pub fn missing(&self, feature: &str) -> Option<String> {
        let offer = self.features.iter().find(|offer| offer.feature == feature)?;
        (!offer.there).then(|| format!("{feature}: {}", offer.detail))
    }
}
