//! A disk whose bytes the harness has: whoever connects to its socket reads it as a network block device, and nobody can write it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Semaphore};

use super::init::Outbox;
use super::message::disk::Event;
use super::message::{Key, Kind};
use super::nbd::{self, Wish};

/// Readings under way at once, over all connections.
const READS_MOST: usize = 16;
/// Connections at once.
const CONNECTIONS_MOST: usize = 8;

/// A disk's side in the endpoint.
pub struct Disk {
    id: u64,
    size: u64,
    outbox: Outbox,
    key: Key,
    next: Cell<u64>,
    waiting: RefCell<HashMap<u64, Reading>>,
    reads: Semaphore,
    connections: Semaphore,
}

struct Reading {
    cookie: u64,
    length: u32,
    to: Rc<Mutex<OwnedWriteHalf>>,
}

impl Disk {
    /// A disk of that many bytes; `id` is that of the request, which all of its frames carry.
    pub fn new(id: u64, size: u64, outbox: Outbox, key: Key) -> Rc<Self> {
        Rc::new(Disk {
            id,
            size,
            outbox,
            key,
            next: Cell::new(1),
            waiting: RefCell::default(),
            reads: Semaphore::new(READS_MOST),
            connections: Semaphore::new(CONNECTIONS_MOST),
        })
    }

    /// Serves for as long as the endpoint lives.
    ///
    /// # Errors
    /// A socket that cannot be made.
    pub async fn serve(self: &Rc<Self>, socket: &Path) -> io::Result<()> {
        if let Some(parent) = socket.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let listener = UnixListener::bind(socket)
            .map_err(|err| io::Error::new(err.kind(), format!("{}: {err}", socket.display())))?;
        self.tell(&Event::Listening);
        loop {
            let (stream, _) = listener.accept().await?;
            let this = self.clone();
            tokio::task::spawn_local(async move {
                let Ok(_permit) = this.connections.acquire().await else { return };
                // Whoever broke off is not there to be told.
                let _ = this.talk(stream).await;
            });
        }
    }

    fn tell(&self, event: &Event) {
        self.outbox.send(Some(&self.key), Kind::Stream, self.id, &event.encode());
    }

    async fn talk(&self, mut stream: UnixStream) -> io::Result<()> {
        if !nbd::agree(&mut stream, self.size).await? {
            return Ok(());
        }
        let (read, write) = stream.into_split();
        let mut read = tokio::io::BufReader::new(read);
        let to = Rc::new(Mutex::new(write));
        while let Some(wish) = nbd::next(&mut read, self.size).await? {
            match wish {
                Wish::Refused { cookie, error } => {
                    to.lock().await.write_all(&nbd::answer(cookie, Err(error))).await?;
                }
                Wish::Read { cookie, offset, length } => {
                    let Ok(permit) = self.reads.acquire().await else { return Ok(()) };
                    // Given back with the bytes.
                    permit.forget();
                    let number = self.next.replace(self.next.get() + 1);
                    self.waiting.borrow_mut().insert(number, Reading { cookie, length, to: to.clone() });
                    self.tell(&Event::Read { read: number, offset, length });
                }
            }
        }
        Ok(())
    }

    /// Hands on what was read; of a reading that nobody waits for, nothing.
    pub async fn back(&self, number: u64, bytes: Option<Vec<u8>>) {
        let Some(reading) = self.waiting.borrow_mut().remove(&number) else { return };
        self.reads.add_permits(1);
        let bytes = bytes.as_deref().filter(|bytes| bytes.len() == reading.length as usize);
        let answer = nbd::answer(reading.cookie, bytes.ok_or(nbd::INPUT_OUTPUT));
        // Whoever broke off does not want it any more.
        let _ = reading.to.lock().await.write_all(&answer).await;
    }
}
