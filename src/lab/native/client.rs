//! The harness's end of a zygote: orders out, reports in.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::ids::Mapping;
use crate::lab::LabError;
use crate::sandbox::ZYGOTE;
use crate::sandbox::message::{Begin, Change, Order, Report, Root, Start, Unlimited, receive, send};

/// How long a zygote may take to be ready.
const READY: Duration = Duration::from_secs(10);
/// Most bytes of a zygote's last words.
const LAST_WORDS: u64 = 4 << 10;

/// What a zygote found when it settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What limits endpoints.
    pub limits: String,
    /// What cannot be limited.
    pub unlimited: Vec<Unlimited>,
    /// Whether endpoints can open the TUN device.
    pub tun: bool,
    /// Whether what endpoints write can be kept in memory.
    pub scratch_in_memory: bool,
}

type Answer = Result<u64, String>;

/// A running zygote. It ends, and everything that it started, when this is dropped.
pub struct Zygote {
    socket: Rc<UnixStream>,
    waiting: Rc<RefCell<HashMap<u64, oneshot::Sender<Answer>>>>,
    ended: Rc<RefCell<Option<String>>>,
    next: Cell<u64>,
    hearing: JoinHandle<()>,
    /// What it found.
    pub settled: Settled,
}

impl Drop for Zygote {
    fn drop(&mut self) {
        self.hearing.abort();
    }
}

impl Zygote {
    /// Starts a zygote and waits until it is ready.
    ///
    /// # Errors
    /// What the kernel, or newuidmap(1), refused it.
    pub async fn start(program: &Path, begin: Begin, mapping: &Mapping) -> Result<Self, LabError> {
        let failed = |reason: String| LabError::backend("cannot start the zygote of the native backend", reason);
        let own = |err: io::Error| failed(err.to_string());
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .map_err(|errno| own(errno.into()))?;
        // Packets keep their bounds on this socket; but for that, it is one of tokio's streams.
        let ours = std::os::unix::net::UnixStream::from(ours);
        ours.set_nonblocking(true).map_err(own)?;
        let mut command = Command::new(program);
        command.arg(ZYGOTE).env_clear().stdin(theirs).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(own)?;
        // The command holds the zygote's end open, whose end must be seen.
        drop(command);
        let socket = Rc::new(UnixStream::from_std(ours).map_err(own)?);
        let settling = settle(&socket, begin, mapping, child.id().unwrap_or_default());
        let settled = match tokio::time::timeout(READY, settling).await {
            Ok(Ok(settled)) => settled,
            Ok(Err(why)) => return Err(failed(format!("{why}{}", last_words(&mut child).await))),
            Err(_) => return Err(failed(format!("not ready within {} s", READY.as_secs()))),
        };
        let (waiting, ended) = (Rc::default(), Rc::default());
        let hearing = tokio::task::spawn_local(hear(socket.clone(), Rc::clone(&waiting), Rc::clone(&ended), child));
        Ok(Zygote { socket, waiting, ended, next: Cell::new(1), hearing, settled })
    }

    /// Starts a sandbox and gives its number.
    ///
    /// # Errors
    /// The step that failed.
    pub async fn start_sandbox(
        &self,
        describe: impl FnOnce(u64) -> Start,
        streams: [OwnedFd; 3],
    ) -> Result<u64, String> {
        let id = self.number();
        let start = describe(id);
        self.carry_out(id, &Order::Start(Box::new(start)), &streams.each_ref().map(AsFd::as_fd)).await?;
        Ok(id)
    }

    /// Ends a sandbox; nothing of it is left.
    ///
    /// # Errors
    /// What could not be removed.
    pub async fn stop_sandbox(&self, sandbox: u64) -> Result<(), String> {
        let id = self.number();
        self.carry_out(id, &Order::Stop { id, sandbox }, &[]).await.map(drop)
    }

    /// Unpacks an archive; gives the bytes of its content.
    ///
    /// # Errors
    /// A refused entry, by name, or what the file system says.
    pub async fn unpack(&self, from: &impl AsFd, root: Root, layer: bool, most: (u64, u64)) -> Result<u64, String> {
        let id = self.number();
        let order = Order::Unpack { id, root, layer, bytes: most.0, entries: most.1 };
        self.carry_out(id, &order, &[from.as_fd()]).await
    }

    /// Packs a layer into `to`; gives the bytes of the archive.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn pack(&self, layer: &str, to: OwnedFd) -> Result<u64, String> {
        let id = self.number();
        let order = Order::Pack { id, layer: layer.to_owned() };
        self.carry_out(id, &order, &[to.as_fd()]).await
    }

    /// Changes the store.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn change(&self, change: Change) -> Result<(), String> {
        let id = self.number();
        self.carry_out(id, &Order::Store { id, change }, &[]).await.map(drop)
    }

    fn number(&self) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        number
    }

    async fn carry_out(&self, id: u64, order: &Order, descriptors: &[BorrowedFd<'_>]) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, sender);
        if let Some(why) = self.ended.borrow().as_ref() {
            return Err(why.clone());
        }
        tell(&self.socket, order, descriptors).await.map_err(|err| err.to_string())?;
        answer.await.unwrap_or_else(|_| Err(self.ended.borrow().clone().unwrap_or_default()))
    }
}

async fn tell(socket: &UnixStream, order: &Order, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    socket.async_io(Interest::WRITABLE, || send(socket.as_fd(), order, descriptors)).await
}

async fn next_report(socket: &UnixStream) -> io::Result<Option<Report>> {
    let received = socket.async_io(Interest::READABLE, || receive(socket.as_fd())).await?;
    Ok(received.map(|(report, _)| report))
}

async fn settle(socket: &UnixStream, begin: Begin, mapping: &Mapping, pid: u32) -> Result<Settled, String> {
    let own = |err: io::Error| err.to_string();
    tell(socket, &Order::Begin(begin), &[]).await.map_err(own)?;
    loop {
        match next_report(socket).await.map_err(own)? {
            Some(Report::Unshared) => {
                mapping.apply(pid).await?;
                tell(socket, &Order::Mapped, &[]).await.map_err(own)?;
            }
            Some(Report::Ready { limits, unlimited, tun, scratch_in_memory }) => {
                return Ok(Settled { limits, unlimited, tun, scratch_in_memory });
            }
            Some(Report::Failed { why, .. }) => return Err(why),
            Some(Report::Done { .. }) => return Err("it reported what nobody ordered".to_owned()),
            None => return Err("it ended".to_owned()),
        }
    }
}

/// Hands reports to who waits for them, until the zygote ends.
async fn hear(
    socket: Rc<UnixStream>,
    waiting: Rc<RefCell<HashMap<u64, oneshot::Sender<Answer>>>>,
    ended: Rc<RefCell<Option<String>>>,
    mut child: Child,
) {
    let why = loop {
        let (id, answer) = match next_report(&socket).await {
            Ok(Some(Report::Done { id, bytes })) => (id, Ok(bytes)),
            Ok(Some(Report::Failed { id, why })) => (id, Err(why)),
            Ok(Some(Report::Unshared | Report::Ready { .. })) => continue,
            Ok(None) => break String::new(),
            Err(err) => break format!(": {err}"),
        };
        if let Some(waiter) = waiting.borrow_mut().remove(&id) {
            // Nobody may wait any more.
            let _ = waiter.send(answer);
        }
    };
    let why = format!("the zygote of the native backend ended{why}{}", last_words(&mut child).await);
    *ended.borrow_mut() = Some(why);
    waiting.borrow_mut().clear();
}

async fn last_words(child: &mut Child) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // Its words are a courtesy; one that still runs has none.
        let _ = tokio::time::timeout(Duration::from_millis(200), stderr.take(LAST_WORDS).read_to_end(&mut said)).await;
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if said.is_empty() { said } else { format!(": {said}") }
}
