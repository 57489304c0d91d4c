//! The harness's end of a helper's two streams: requests out, answers and captures in, a sign of life in between.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{LabError, Streams};
use crate::helper::message::{
    Answer, HEARTBEAT, Key, Kind, Ran, Request, RunSpec, VERSION, encode_request, read_frame,
};

/// How much longer than the command's own limit its answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// Limit of requests that only cost a message.
const QUICK: Duration = Duration::from_secs(10);

/// Takes the pieces of captures as they arrive: network, pcapng bytes.
pub type CaptureSink = Box<dyn FnMut(&str, &[u8])>;

/// A conversation with one helper.
#[derive(Clone)]
pub struct Line {
    shared: Rc<Shared>,
}

struct Shared {
    endpoint: String,
    requests: mpsc::UnboundedSender<Vec<u8>>,
    next: Cell<u64>,
    waiting: RefCell<HashMap<u64, oneshot::Sender<Answer>>>,
    streams: RefCell<HashMap<u64, mpsc::UnboundedSender<Vec<u8>>>>,
    captures: RefCell<Option<CaptureSink>>,
    ended: RefCell<Option<String>>,
    last_words: Box<dyn Fn() -> String>,
    tasks: RefCell<Vec<JoinHandle<()>>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        for task in self.tasks.borrow().iter() {
            task.abort();
        }
    }
}

impl Line {
    /// Opens the conversation: agrees on version and key, and from then on lets the helper hear from us.
    ///
    /// # Errors
    /// A helper that does not answer, or speaks another version.
    pub async fn open(endpoint: &str, streams: Streams, last_words: Box<dyn Fn() -> String>) -> Result<Self, LabError> {
        Self::open_within(endpoint, streams, last_words, QUICK).await
    }

    /// As [`Line::open`], with a helper that may take so long to answer.
    ///
    /// # Errors
    /// As [`Line::open`].
    pub async fn open_within(
        endpoint: &str,
        streams: Streams,
        last_words: Box<dyn Fn() -> String>,
        limit: Duration,
    ) -> Result<Self, LabError> {
        let key = Key::new(random()?);
        let (requests, outgoing) = mpsc::unbounded_channel();
        let shared = Rc::new(Shared {
            endpoint: endpoint.to_owned(),
            requests,
            next: Cell::new(1),
            waiting: RefCell::default(),
            streams: RefCell::default(),
            captures: RefCell::default(),
            ended: RefCell::default(),
            last_words,
            tasks: RefCell::default(),
        });
        let writer = tokio::task::spawn_local(write(outgoing, streams.input));
        // The reader must not keep the line alive, or a dropped line would never close its streams.
        let reader = tokio::task::spawn_local(read(Rc::downgrade(&shared), streams.output, key.clone()));
        shared.tasks.borrow_mut().extend([writer, reader]);
        let line = Line { shared };
        match line.ask(Request::Hello { version: VERSION, key }, limit).await? {
            Answer::Hello { version: VERSION, .. } => {}
            other => return Err(line.unexpected("hello", &other)),
        }
        let beat = tokio::task::spawn_local(beat(line.shared.requests.clone()));
        line.shared.tasks.borrow_mut().push(beat);
        Ok(line)
    }

    /// The endpoint's name.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// Hands captures to `sink` from now on.
    pub fn capture_into(&self, sink: CaptureSink) {
        *self.shared.captures.borrow_mut() = Some(sink);
    }

    /// Asks and waits for the answer; [`Answer::Failed`] becomes an error.
    ///
    /// # Errors
    /// An endpoint that has ended, a limit that passed, or a request that the helper could not carry out.
    pub async fn ask(&self, request: Request, limit: Duration) -> Result<Answer, LabError> {
        let what = name_of(&request);
        let (_, answer) = self.send(&request)?;
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(Answer::Failed(reason))) => Err(self.failed(what, reason)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(self.ended_error()),
            Err(_) => {
                let what = format!("`{what}` on endpoint `{}`", self.shared.endpoint);
                Err(LabError::TimedOut { what, limit, last: String::new() })
            }
        }
    }

    /// Says something whose answer nobody waits for.
    ///
    /// # Errors
    /// An endpoint that has ended.
    pub fn tell(&self, request: &Request) -> Result<(), LabError> {
        self.send(request).map(drop)
    }

    /// Asks for something that only costs a message.
    ///
    /// # Errors
    /// As [`Line::ask`].
    pub async fn quick(&self, request: Request) -> Result<Answer, LabError> {
        self.ask(request, QUICK).await
    }

    /// Runs a command; that it failed is in the result, not an error.
    ///
    /// # Errors
    /// As [`Line::ask`], or a program that cannot be started.
    pub async fn run(&self, spec: RunSpec) -> Result<Ran, LabError> {
        let limit = Duration::from_millis(spec.limit_ms) + GRACE;
        match self.ask(Request::Run(spec), limit).await? {
            Answer::Ran(ran) => Ok(ran),
            other => Err(self.unexpected("run", &other)),
        }
    }

    /// Sends a request whose answer comes much later, with stream frames before it: a shell.
    ///
    /// # Errors
    /// An endpoint that has ended.
    pub fn open_stream(&self, request: &Request) -> Result<OpenStream, LabError> {
        let (id, answer) = self.send(request)?;
        let (sender, output) = mpsc::unbounded_channel();
        self.shared.streams.borrow_mut().insert(id, sender);
        Ok(OpenStream { id, output, answer })
    }

    /// Says goodbye; the endpoint ends.
    pub fn bye(&self) {
        // An endpoint that is gone already needs no goodbye.
        let _ = self.send(&Request::Bye);
    }

    /// Whether the endpoint has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.borrow().is_some()
    }

    /// The error of an endpoint that has ended, with its last words.
    pub fn end(&self) -> Option<LabError> {
        self.has_ended().then(|| self.ended_error())
    }

    fn send(&self, request: &Request) -> Result<(u64, oneshot::Receiver<Answer>), LabError> {
        let id = self.shared.next.get();
        self.shared.next.set(id + 1);
        let bytes = encode_request(id, request).map_err(|err| self.failed(name_of(request), err.to_string()))?;
        let (sender, answer) = oneshot::channel();
        self.shared.waiting.borrow_mut().insert(id, sender);
        // Looked at after the waiter is in: an end that comes between would otherwise leave it waiting for its limit.
        if self.has_ended() || self.shared.requests.send(bytes).is_err() {
            self.shared.waiting.borrow_mut().remove(&id);
            return Err(self.ended_error());
        }
        Ok((id, answer))
    }

    fn failed(&self, what: &str, reason: String) -> LabError {
        LabError::Endpoint { endpoint: self.shared.endpoint.clone(), what: what.to_owned(), reason }
    }

    fn unexpected(&self, what: &str, answer: &Answer) -> LabError {
        self.failed(what, format!("answered {answer:?}"))
    }

    fn ended_error(&self) -> LabError {
        let said = (self.shared.last_words)();
        let why = self.shared.ended.borrow().clone().unwrap_or_default();
        let last_words = match (why.trim(), said.trim()) {
            ("", "") => String::new(),
            (why, "") => format!(": {why}"),
            ("", said) => format!(": {said}"),
            (why, said) => format!(": {why}; {said}"),
        };
        LabError::Ended { endpoint: self.shared.endpoint.clone(), last_words }
    }
}

/// A request that is answered by a stream first.
pub struct OpenStream {
    /// Its id, for further requests that refer to it.
    pub id: u64,
    /// Output as it comes; ends with the endpoint.
    pub output: mpsc::UnboundedReceiver<Vec<u8>>,
    /// The answer at the end.
    pub answer: oneshot::Receiver<Answer>,
}

/// Random bytes from the kernel.
///
/// # Errors
/// When the kernel has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], LabError> {
    let mut bytes = [0; N];
    let own = |source| LabError::Own { what: "cannot draw a random key from /dev/urandom".to_owned(), source };
    let mut file = std::fs::File::open("/dev/urandom").map_err(own)?;
    io::Read::read_exact(&mut file, &mut bytes).map_err(own)?;
    Ok(bytes)
}

async fn write(mut outgoing: mpsc::UnboundedReceiver<Vec<u8>>, mut input: Box<dyn AsyncWrite + Unpin>) {
    while let Some(bytes) = outgoing.recv().await {
        if input.write_all(&bytes).await.is_err() || input.flush().await.is_err() {
            // The reader sees the end as well, and reports it.
            return;
        }
    }
}

async fn beat(requests: mpsc::UnboundedSender<Vec<u8>>) {
    // Id 0 is nobody's: its answers are ignored.
    let Ok(ping) = encode_request(0, &Request::Ping) else { return };
    while requests.send(ping.clone()).is_ok() {
        tokio::time::sleep(HEARTBEAT).await;
    }
}

async fn read(shared: std::rc::Weak<Shared>, mut output: Box<dyn AsyncRead + Unpin>, key: Key) {
    let why = loop {
        let frame = match read_frame(&mut output, &key).await {
            Ok(Some(frame)) => frame,
            Ok(None) => break String::new(),
            Err(err) => break err.to_string(),
        };
        let Some(shared) = shared.upgrade() else { return };
        match frame.kind {
            Kind::Capture => shared.take_capture(&frame.body),
            Kind::Stream => {
                if let Some(stream) = shared.streams.borrow().get(&frame.id) {
                    // A shell that nobody watches any more.
                    let _ = stream.send(frame.body);
                }
            }
            Kind::Answer => {
                let answer = serde_json::from_slice(&frame.body)
                    .unwrap_or_else(|err| Answer::Failed(format!("answer that is none: {err}")));
                shared.streams.borrow_mut().remove(&frame.id);
                if let Some(waiter) = shared.waiting.borrow_mut().remove(&frame.id) {
                    // Nobody may wait any more: the limit passed.
                    let _ = waiter.send(answer);
                }
            }
        }
    };
    if let Some(shared) = shared.upgrade() {
        *shared.ended.borrow_mut() = Some(why);
        shared.waiting.borrow_mut().clear();
        shared.streams.borrow_mut().clear();
    }
}

impl Shared {
    fn take_capture(&self, body: &[u8]) {
        let mut parts = body.splitn(2, |byte| *byte == 0);
        let (Some(network), Some(bytes)) = (parts.next(), parts.next()) else { return };
        if let (Ok(network), Some(sink)) = (std::str::from_utf8(network), self.captures.borrow_mut().as_mut()) {
            sink(network, bytes);
        }
    }
}

fn name_of(request: &Request) -> &'static str {
    match request {
        Request::Hello { .. } => "hello",
        Request::Ping => "ping",
        Request::Nics { .. } => "make NICs",
        Request::Files(_) => "write files",
        Request::Run(_) => "run",
        Request::Tail { .. } => "read file",
        Request::NicLosses => "read NIC counters",
        Request::Switch(_) => "become the switch",
        Request::Wire(_) => "ask the switch",
        Request::Shell { .. } => "open shell",
        Request::ShellInput { .. } => "type into shell",
        Request::ShellSize { .. } => "resize shell",
        Request::Relay { .. } => "relay",
        Request::RelayBack { .. } => "relay back",
        Request::Disk { .. } => "offer a disk",
        Request::DiskBack { .. } => "hand on what was read",
        Request::Socket { .. } => "connect to a socket",
        Request::SocketInput { .. } => "write to a socket",
        Request::Adopt { .. } => "set addresses",
        Request::Bye => "bye",
    }
}
