//! What the helper's duties are told, and what they print.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Parameters of the `ssh-login` duty: a login through libssh2, its phases timed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SshLogin {
    /// Where sshd listens.
    pub server: SocketAddr,
    /// User name.
    pub user: String,
    /// Path of the private key.
    pub key: String,
    /// Limit of each step, in milliseconds.
    pub limit_ms: u32,
}

/// What the `ssh-login` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SshLoginDone {
    /// `CLOCK_MONOTONIC` at the start, nanoseconds.
    pub started_ns: u64,
    /// Phases in their order, in nanoseconds; up to the one that failed.
    pub phases: Vec<(String, u64)>,
    /// Why there was no login.
    pub failed: Option<String>,
}

/// Parameters of the `dns-lookup` duty: a lookup by Saiten's own means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsLookup {
    /// Who is to be asked like.
    pub asks: Asks,
    /// Address of the name server.
    pub server: IpAddr,
    /// The name, as a person types it.
    pub name: String,
    /// Search list; the endpoint's resolv.conf(5) says when absent.
    pub search: Option<Vec<String>>,
    /// `ndots`; likewise.
    pub ndots: Option<u8>,
    /// Longest wait for one answer, in milliseconds.
    pub timeout_ms: u64,
    /// How often each question is asked.
    pub attempts: u32,
}

/// How the `dns-lookup` duty asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// One message.
    Once {
        /// Type of the question, such as `A`.
        kind: String,
        /// Whether recursion is desired (RFC 1035 §4.1.1, RD).
        recursion: bool,
    },
    /// As the crate hickory-resolver does.
    Hickory,
    /// In the order of Windows' nslookup.exe.
    NslookupExe,
    /// In the order of Windows' DNS client.
    WindowsClient {
        /// The policy `AppendToMultiLabelName`: names with dots get the suffix, too.
        append: bool,
    },
}

/// What the `dns-lookup` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DnsLookupDone {
    /// Addresses and other data that were found.
    pub found: Vec<String>,
    /// Response code of the last answer, in words.
    pub rcode: Option<String>,
    /// Why there is no answer.
    pub failed: Option<String>,
}

/// Parameters of the `echo` duty: ICMP echo requests at a steady pace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// Who is to answer.
    pub to: IpAddr,
    /// How many requests.
    pub count: u16,
    /// Between two of them, in milliseconds.
    pub interval_ms: u64,
    /// How long the last one's answer is waited for, in milliseconds.
    pub wait_ms: u64,
    /// The first eight bytes of each request's data, by which it is known on the wire.
    pub token: u64,
}

/// What the `echo` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EchoDone {
    /// Requests that left.
    pub sent: u16,
    /// Sequence number, `CLOCK_MONOTONIC` of the request and round-trip time of each answer, in nanoseconds.
    pub answers: Vec<(u16, u64, u64)>,
    /// The last reason why a request could not leave, or none was tried.
    pub failed: Option<String>,
}

/// Parameters of the `guest` duty: a shell line in a virtual machine's guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuestRun {
    /// Path of the socket behind which its serial console is.
    pub socket: String,
    /// The line, for a shell that echoes nothing.
    pub line: String,
    /// A word that nobody can know, by which the line's output is found.
    pub mark: String,
    /// Longest that it may take, in milliseconds.
    pub limit_ms: u64,
}

/// What the `guest` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GuestRan {
    /// Exit status in the guest.
    pub status: Option<i32>,
    /// What it wrote, bounded.
    pub output: String,
    /// Why it could not be run, or did not end.
    pub failed: Option<String>,
}

/// Parameters of the `ssh-enter` duty: a shell text for root of a virtual machine, over SSH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SshEnter {
    /// Where its SSH server is reached.
    pub server: SocketAddr,
    /// Who logs in.
    pub user: String,
    /// File of the endpoint with the private key; never a secret itself, since arguments can be seen.
    pub key: Option<String>,
    /// File of the endpoint whose first line is the password: for the login where there is no key, and for sudo.
    pub password: Option<String>,
    /// What root's shell reads.
    pub text: String,
    /// Longest that one step may take, in milliseconds.
    pub limit_ms: u32,
}

/// What the `ssh-enter` duty prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SshEntered {
    /// No SSH server answers, or not yet.
    Nobody(String),
    /// It lets the user not in.
    Refused(String),
    /// The user is not root, and does not become it.
    NotRoot(String),
    /// The text was read; what it printed.
    Ran(String),
}

/// Parameters of the `frames` duty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frames {
    /// Where to look.
    pub interfaces: Vec<String>,
    /// Whose frames.
    pub mac: [u8; 6],
    /// How long, in milliseconds.
    pub for_ms: u64,
}

/// What the `frames` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FramesSeen {
    /// Counts by interface; one that could not be looked at saw nothing.
    pub interfaces: BTreeMap<String, FrameCount>,
    /// Why one could not be looked at.
    pub failed: BTreeMap<String, String>,
}

/// Frames at one interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameCount {
    /// From the address.
    pub from: u64,
    /// To it.
    pub to: u64,
}

/// Parameters of the `entry` duty: an image's own start, run beside the helper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The words of its `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// The words of its `CMD`: arguments, and often what the entrypoint becomes.
    pub cmd: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// Its working directory.
    pub workdir: String,
    /// Its user, as images write it: a name or number, and maybe a group behind a colon; empty for root.
    pub user: String,
    /// How long it may set things up before others go on, in milliseconds.
    pub wait_ms: u64,
    /// Whether it is ended as soon as it has become its command: a daemon that somebody else starts.
    pub hands_over: bool,
}

/// What the `entry` duty prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryDone {
    /// Its exit status, if it has ended; 128 + signal number when a signal ended it.
    pub status: Option<i32>,
    /// The last of what it said.
    pub output: String,
    /// Why it could not be started.
    pub failed: Option<String>,
}
