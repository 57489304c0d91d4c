//! A small client for QEMU's machine protocol: within bounds of time and size, and with events that may come before answers.

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde_json::{Map, Value, json};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest line; QEMU's longest answers here have some hundred bytes.
const LINE_MOST: usize = 64 * 1024;
/// Most events that are remembered; the oldest go first.
const EVENTS_MOST: usize = 64;
const BLINK: Duration = Duration::from_millis(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QmpError {
    /// Nobody listens.
    #[error("the hypervisor does not run")]
    NotRunning,
    /// The time is over.
    #[error("the hypervisor does not answer ({0})")]
    Late(&'static str),
    /// It has closed the connection.
    #[error("the hypervisor has gone")]
    Gone,
    /// It answered with an error.
    #[error("the hypervisor refused `{command}`: {reason}")]
    Refused {
        /// What was asked.
        command: String,
        /// QEMU's class, `DeviceNotFound` or `GenericError`.
        class: String,
        /// Its words.
        reason: String,
    },
    /// That is not its protocol.
    #[error("the hypervisor said what is not understood")]
    Garbled,
    /// The socket fails.
    #[error("the hypervisor's socket: {0}")]
    Io(#[from] io::Error),
}

/// A connection. The other end serves one after the other.
#[derive(Debug)]
pub struct Qmp {
    stream: UnixStream,
    buffer: Vec<u8>,
    events: Vec<(String, String)>,
    end: Instant,
}

enum Message {
    Event,
    Answer(Value),
    Error(String, String),
}

/// One attempt; none if too many wait already.
fn try_connect(path: &Path) -> Result<Option<UnixStream>, QmpError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(io::Error::from)?;
    let address = UnixAddr::new(path).map_err(io::Error::from)?;
    match connect(fd.as_raw_fd(), &address) {
        Ok(()) => {
            let stream = UnixStream::from(fd);
            stream.set_nonblocking(false)?;
            Ok(Some(stream))
        }
        Err(Errno::EAGAIN) => Ok(None),
        Err(Errno::ENOENT | Errno::ECONNREFUSED | Errno::ENOTDIR) => Err(QmpError::NotRunning),
        Err(why) => Err(QmpError::Io(why.into())),
    }
}

/// Whether the hypervisor of that socket runs.
#[must_use]
pub fn listens(path: &Path) -> bool {
    try_connect(path).is_ok()
}

impl Qmp {
    /// Connects, and says that it wants to give orders. All that is done with the connection ends after `patience`.
    ///
    /// # Errors
    /// See [`QmpError`].
    pub fn connect(path: &Path, patience: Duration) -> Result<Self, QmpError> {
        let end = Instant::now() + patience;
        let stream = loop {
            match try_connect(path)? {
                Some(stream) => break stream,
                None if Instant::now() >= end => return Err(QmpError::Late("too many wait for it")),
                None => std::thread::sleep(BLINK),
            }
        };
        let mut own = Self { stream, buffer: Vec::new(), events: Vec::new(), end };
        let line = own.line("its greeting")?;
        let greeting: Value = serde_json::from_slice(&line).map_err(|_| QmpError::Garbled)?;
        if greeting.get("QMP").is_none() {
            return Err(QmpError::Garbled);
        }
        own.ask("qmp_capabilities", json!({}))?;
        Ok(own)
    }

    fn left(&self, what: &'static str) -> Result<Duration, QmpError> {
        let left = self.end.saturating_duration_since(Instant::now());
        // A timeout of zero would be none.
        if left < Duration::from_micros(1) { Err(QmpError::Late(what)) } else { Ok(left) }
    }

    fn line(&mut self, what: &'static str) -> Result<Vec<u8>, QmpError> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.buffer[seen..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(seen + at + 1);
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
            seen = self.buffer.len();
            if seen > LINE_MOST {
                return Err(QmpError::Garbled);
            }
            self.stream.set_read_timeout(Some(self.left(what)?))?;
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(QmpError::Gone),
                Ok(length) => self.buffer.extend_from_slice(&piece[..length]),
                Err(why) => after(why, what)?,
            }
        }
    }

    fn message(&mut self, what: &'static str) -> Result<Message, QmpError> {
        let line = self.line(what)?;
        let mut message: Map<String, Value> = serde_json::from_slice(&line).map_err(|_| QmpError::Garbled)?;
        if let Some(answer) = message.remove("return") {
            return Ok(Message::Answer(answer));
        }
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
        if let Some(error) = message.get("error") {
            return Ok(Message::Error(text(error.get("class")), text(error.get("desc"))));
        }
        let event = text(message.get("event"));
        if event.is_empty() {
            return Err(QmpError::Garbled);
        }
        // A device is made of others, whose ends have no name.
        let data = message.get("data");
        let device = text(data.and_then(|data| data.get("device").or_else(|| data.get("name"))));
        if !device.is_empty() {
            let over = (self.events.len() + 1).saturating_sub(EVENTS_MOST);
            self.events.drain(..over);
            self.events.push((event, device));
        }
        Ok(Message::Event)
    }

    /// Gives an order and waits for its answer.
    ///
    /// # Errors
    /// See [`QmpError`].
    pub fn ask(&mut self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let mut order = json!({"execute": command, "arguments": arguments}).to_string().into_bytes();
        order.push(b'\n');
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(self.left("it does not listen")?))?;
            match self.stream.write(rest) {
                Ok(0) => return Err(QmpError::Gone),
                Ok(length) => rest = &rest[length..],
                Err(why) => after(why, "it does not listen")?,
            }
        }
        loop {
            match self.message("no answer")? {
                Message::Event => {}
                Message::Answer(answer) => return Ok(answer),
                Message::Error(class, reason) => {
                    return Err(QmpError::Refused { command: command.to_owned(), class, reason });
                }
            }
        }
    }

    /// Waits until the device is no longer there, which may have been said before.
    ///
    /// # Errors
    /// See [`QmpError`]; `Refused` also when the guest does not let go of it.
    pub fn device_deleted(&mut self, device: &str) -> Result<(), QmpError> {
        let names = ["DEVICE_DELETED", "DEVICE_UNPLUG_GUEST_ERROR"];
        if self.event(&names, device, "the guest does not let go of its NIC")? == names[0] {
            return Ok(());
        }
        let reason = format!("the guest does not let go of {device}");
        Err(QmpError::Refused { command: "device_del".to_owned(), class: "GuestError".to_owned(), reason })
    }

    /// Waits for half of the time that is left until the guest says what it wants to receive by a new NIC, which it
    /// does when it has it up. A guest without a driver never does.
    ///
    /// # Errors
    /// See [`QmpError`].
    pub fn nic_is_up(&mut self, device: &str) -> Result<(), QmpError> {
        let end = self.end;
        self.end -= end.saturating_duration_since(Instant::now()) / 2;
        let seen = self.event(&["NIC_RX_FILTER_CHANGED"], device, "the guest does not take its NIC");
        self.end = end;
        match seen {
            Ok(_) | Err(QmpError::Late(_)) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// The first of these events about a device.
    fn event(&mut self, names: &[&str], device: &str, what: &'static str) -> Result<String, QmpError> {
        loop {
            if let Some(at) =
                self.events.iter().position(|(name, about)| about == device && names.contains(&name.as_str()))
            {
                return Ok(self.events.remove(at).0);
            }
            match self.message(what)? {
                Message::Event => {}
                Message::Answer(_) | Message::Error(..) => return Err(QmpError::Garbled),
            }
        }
    }

    /// Waits until the hypervisor ends.
    ///
    /// # Errors
    /// See [`QmpError`].
    pub fn gone(mut self) -> Result<(), QmpError> {
        loop {
            match self.message("it does not end") {
                Ok(_) => {}
                Err(QmpError::Gone) => return Ok(()),
                Err(why) => return Err(why),
            }
        }
    }
}

/// What an error of the socket means.
fn after(why: io::Error, what: &'static str) -> Result<(), QmpError> {
    match why.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(QmpError::Late(what)),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(QmpError::Gone),
        _ => Err(QmpError::Io(why)),
    }
}
