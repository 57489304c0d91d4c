//! What the harness and a helper say to each other over the endpoint's standard streams: versioned, bounded, signed.
//!
//! A request is `length u32 | id u64 | JSON`, an answer `length u32 | kind u8 | id u64 | signature 16 bytes | body`; numbers are
//! big-endian and a length counts what follows it. The signature is HMAC-SHA-256 (RFC 2104), cut to 128 bits, under a key that
//! the harness draws for each endpoint: a process that gets hold of the stream still cannot forge an answer.

use std::io;
use std::net::{IpAddr, SocketAddr};

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::fabric::config::SwitchConfig;
use crate::fabric::counters::Counters;

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
    /// Writes text files as root.
    Files(Vec<FileSpec>),
    /// Runs a command as root and waits for it.
    Run(RunSpec),
    /// Starts a process that is to stay, under a name; its output is kept, bounded.
    Daemon {
        /// Name to ask for its output by.
        name: String,
        /// Program and arguments.
        argv: Vec<String>,
    },
    /// The kept output of a daemon.
    DaemonOutput {
        /// The daemon's name.
        name: String,
    },
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
    /// To [`Request::DaemonOutput`] and [`Request::Tail`].
    Output(String),
    /// To [`Request::NicLosses`]: interface and frames dropped.
    NicLosses(Vec<(String, u64)>),
    /// To [`WireRequest::Counters`].
    Counters(Box<Counters>),
    /// To [`WireRequest::Sync`]: network and bytes of its capture so far.
    Synced {
        /// Bytes of capture sent so far, by network.
        captured: Vec<(String, u64)>,
        /// What to add to `CLOCK_MONOTONIC` to get the capture's time stamps, nanoseconds.
        epoch_offset_ns: u64,
        /// `CLOCK_MONOTONIC` of the switch when it answered, nanoseconds.
        monotonic_ns: u64,
    },
    /// A shell ended with this status.
    ShellEnded(i32),
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
    pub content: String,
    /// Permission bits.
    pub mode: u32,
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

    /// A program with arguments.
    pub fn command(argv: Vec<String>, limit: std::time::Duration) -> Self {
        RunSpec { argv, limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX), output_most: 64 << 10, stamp: false }
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

/// Key of the answers' signatures.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Key(bytes)
    }

    fn signature(&self, id: u64, body: &[u8]) -> [u8; SIGNATURE] {
        // HMAC takes keys of every length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; SIGNATURE] };
        mac.update(&id.to_be_bytes());
        mac.update(body);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }
}

const SIGNATURE: usize = 16;

/// What an answer frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON of an [`Answer`], signed.
    Answer,
    /// A piece of a capture: the network's name, a zero byte, pcapng bytes. Only switches send it, and nothing else runs there.
    Capture,
    /// Output of a shell, signed.
    Stream,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Kind::Answer => 0,
            Kind::Capture => 1,
            Kind::Stream => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Kind::Answer, Kind::Capture, Kind::Stream].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// One frame from a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the body is.
    pub kind: Kind,
    /// Id of the request it answers.
    pub id: u64,
    /// The body.
    pub body: Vec<u8>,
}

/// The bytes of a request.
///
/// # Errors
/// When the request is longer than [`FRAME_MOST`].
pub fn encode_request(id: u64, request: &Request) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(request)?;
    let mut bytes = length(8 + body.len())?.to_vec();
    bytes.extend(id.to_be_bytes());
    bytes.extend(body);
    Ok(bytes)
}

/// The bytes of an answer frame. Captures go unsigned: they are too many, and come from an endpoint where nobody else is.
///
/// # Errors
/// When the body is longer than [`FRAME_MOST`].
pub fn encode_frame(key: Option<&Key>, kind: Kind, id: u64, body: &[u8]) -> io::Result<Vec<u8>> {
    let signature = match (kind, key) {
        (Kind::Capture, _) | (_, None) => [0; SIGNATURE],
        (_, Some(key)) => key.signature(id, body),
    };
    let mut bytes = length(9 + SIGNATURE + body.len())?.to_vec();
    bytes.push(kind.byte());
    bytes.extend(id.to_be_bytes());
    bytes.extend(signature);
    bytes.extend(body);
    Ok(bytes)
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    match u32::try_from(length) {
        Ok(short) if length <= FRAME_MOST => Ok(short.to_be_bytes()),
        _ => Err(invalid("message is longer than 16 MiB")),
    }
}

/// Reads one request; `None` when the harness closed the stream.
///
/// # Errors
/// A stream that breaks off in the middle, a length out of bounds, or JSON that is no request.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(u64, Request)>> {
    let Some(bytes) = read_block(stream, 8).await? else { return Ok(None) };
    let (id, body) = split_id(&bytes);
    Ok(Some((id, serde_json::from_slice(body)?)))
}

/// Reads one answer frame and checks its signature; `None` when the endpoint is gone.
///
/// # Errors
/// A stream that breaks off in the middle, a length out of bounds, an unknown kind, or a signature that is not the helper's.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin), key: &Key) -> io::Result<Option<Frame>> {
    let Some(bytes) = read_block(stream, 9 + SIGNATURE).await? else { return Ok(None) };
    let kind = Kind::of(bytes[0]).ok_or_else(|| invalid("frame of unknown kind"))?;
    let (id, rest) = split_id(&bytes[1..]);
    let (signature, body) = rest.split_at(SIGNATURE);
    if kind != Kind::Capture && signature != key.signature(id, body) {
        return Err(invalid("answer is not signed by the helper"));
    }
    Ok(Some(Frame { kind, id, body: body.to_vec() }))
}

async fn read_block(stream: &mut (impl AsyncRead + Unpin), least: usize) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match stream.read_exact(&mut head).await {
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length < least || length > FRAME_MOST {
        return Err(invalid("message of impossible length: somebody else writes to this stream"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some(bytes))
}

fn split_id(bytes: &[u8]) -> (u64, &[u8]) {
    let (id, rest) = bytes.split_at(8);
    (u64::from_be_bytes(std::array::from_fn(|i| id[i])), rest)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_survive_the_stream() {
        let request = Request::Run(RunSpec::shell("true", std::time::Duration::from_secs(1)));
        let bytes = encode_request(7, &request).unwrap();
        assert_eq!(read_request(&mut bytes.as_slice()).await.unwrap(), Some((7, request)));

        let key = Key::new([3; 32]);
        let bytes = encode_frame(Some(&key), Kind::Answer, 9, b"{}").unwrap();
        let frame = read_frame(&mut bytes.as_slice(), &key).await.unwrap();
        assert_eq!(frame, Some(Frame { kind: Kind::Answer, id: 9, body: b"{}".to_vec() }));
    }

    #[tokio::test]
    async fn a_forged_or_replayed_answer_is_refused() {
        let key = Key::new([3; 32]);
        let forged = encode_frame(Some(&Key::new([4; 32])), Kind::Answer, 9, b"{}").unwrap();
        assert!(read_frame(&mut forged.as_slice(), &key).await.is_err());
        // The signature of another id does not carry over.
        let mut replayed = encode_frame(Some(&key), Kind::Answer, 9, b"{}").unwrap();
        replayed[12] = 10;
        assert!(read_frame(&mut replayed.as_slice(), &key).await.is_err());
    }

    #[tokio::test]
    async fn rubbish_is_refused_and_an_end_is_an_end() {
        let key = Key::new([0; 32]);
        assert!(read_frame(&mut [0xff_u8; 64].as_slice(), &key).await.is_err());
        assert!(read_frame(&mut [0, 0, 0, 1, 0].as_slice(), &key).await.is_err());
        assert_eq!(read_frame(&mut [].as_slice(), &key).await.unwrap(), None);
        assert!(encode_frame(None, Kind::Stream, 0, &vec![0; FRAME_MOST]).is_err());
    }
}
