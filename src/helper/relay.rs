//! A relay: listens in a live machine's place on its addresses, and carries what comes to the harness and back, over the helper's own line.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::init::Outbox;
use super::message::relay::{Back, Event, FLOWS_MOST, Listen, PIECE, WINDOW};
use super::message::{Key, Kind};

/// Longest datagram that is carried: what an IPv4 packet holds (RFC 768, RFC 791).
const DATAGRAM_MOST: usize = 65_507;
/// Pause after a connection that could not be accepted, such as for want of descriptors.
const AGAIN: Duration = Duration::from_millis(100);

/// A relay's side in the lab.
pub struct Relay {
    id: u64,
    outbox: Outbox,
    key: Key,
    next: Cell<u32>,
    flows: RefCell<BTreeMap<u32, Flow>>,
}

#[derive(Clone)]
enum Flow {
    Connection(Rc<Connection>),
    Conversation { socket: Rc<UdpSocket>, peer: SocketAddr },
}

struct Connection {
    /// Gone when the other side has ended.
    write: Mutex<Option<OwnedWriteHalf>>,
    /// Bytes that may still go to the harness.
    window: Semaphore,
    /// Ends a write to somebody who does not read.
    over: CancellationToken,
    reading: RefCell<Option<JoinHandle<()>>>,
}

impl Connection {
    /// Ends it as one that was refused or broke; one whose both sides have ended is only forgotten.
    fn end(&self) {
        self.over.cancel();
        self.window.close();
        if let Some(reading) = self.reading.borrow_mut().take() {
            reading.abort();
        }
        if let Ok(mut write) = self.write.try_lock()
            && let Some(write) = write.take()
        {
            reset(write.as_ref());
            // Without the end of file that dropping it would send first.
            write.forget();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(reading) = self.reading.borrow_mut().take() {
            reading.abort();
        }
    }
}

impl Relay {
    /// A relay that listens nowhere yet; `id` is that of the request, which all of its frames carry.
    pub fn new(id: u64, outbox: Outbox, key: Key) -> Rc<Self> {
        Rc::new(Relay { id, outbox, key, next: Cell::new(1), flows: RefCell::default() })
    }

    /// Listens, and relays for as long as the endpoint lives.
    ///
    /// # Errors
    /// A port that cannot be had.
    pub async fn serve(self: &Rc<Self>, listens: &[Listen]) -> io::Result<()> {
        let mut tasks = JoinSet::new();
        for (number, listen) in (0..).zip(listens) {
            let named = |err: io::Error| io::Error::new(err.kind(), format!("{}: {err}", listen.at));
            let this = self.clone();
            if listen.udp {
                let socket = Rc::new(UdpSocket::bind(listen.at).await.map_err(named)?);
                tasks.spawn_local(async move { this.take_datagrams(socket, number).await });
            } else {
                let listener = TcpListener::bind(listen.at).await.map_err(named)?;
                tasks.spawn_local(async move { this.accept(listener, number).await });
            }
        }
        self.tell(&Event::Listening);
        while tasks.join_next().await.is_some() {}
        Ok(())
    }

    fn tell(&self, event: &Event) {
        self.outbox.send(Some(&self.key), Kind::Stream, self.id, &event.encode());
    }

    fn number(&self) -> u32 {
        self.next.replace(self.next.get().wrapping_add(1))
    }

    fn connections(&self) -> usize {
        self.flows.borrow().values().filter(|flow| matches!(flow, Flow::Connection(_))).count()
    }

    async fn accept(self: Rc<Self>, listener: TcpListener, listen: u32) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            if self.connections() >= FLOWS_MOST {
                reset(&stream);
                continue;
            }
            // Small messages go at once, as the live machine sent them.
            let _ = stream.set_nodelay(true);
            let (read, write) = stream.into_split();
            let flow = self.number();
            let connection = Rc::new(Connection {
                write: Mutex::new(Some(write)),
                window: Semaphore::new(WINDOW),
                over: CancellationToken::new(),
                reading: RefCell::default(),
            });
            self.flows.borrow_mut().insert(flow, Flow::Connection(connection.clone()));
            self.tell(&Event::Opened { flow, listen });
            let reading = tokio::task::spawn_local(self.clone().read(flow, read, Rc::downgrade(&connection)));
            *connection.reading.borrow_mut() = Some(reading);
        }
    }

    /// Carries what the lab's end says to the harness, never more at once than the window.
    async fn read(self: Rc<Self>, flow: u32, mut read: OwnedReadHalf, connection: std::rc::Weak<Connection>) {
        let mut buffer = vec![0; PIECE];
        loop {
            let read = match read.read(&mut buffer).await {
                Ok(0) => return self.tell(&Event::End { flow }),
                Ok(read) => read,
                Err(_) => {
                    self.flows.borrow_mut().remove(&flow);
                    return self.tell(&Event::Gone { flow });
                }
            };
            let Some(connection) = connection.upgrade() else { return };
            let Ok(permit) = connection.window.acquire_many(u32::try_from(read).unwrap_or(u32::MAX)).await else {
                return;
            };
            // Given back by the harness's credit.
            permit.forget();
            self.tell(&Event::Bytes { flow, bytes: buffer[..read].to_vec() });
        }
    }

    async fn take_datagrams(self: Rc<Self>, socket: Rc<UdpSocket>, listen: u32) {
        let mut buffer = vec![0; DATAGRAM_MOST];
        loop {
            let Ok((read, peer)) = socket.recv_from(&mut buffer).await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let flow = self.conversation(&socket, peer).unwrap_or_else(|| self.open(&socket, peer, listen));
            self.tell(&Event::Bytes { flow, bytes: buffer[..read].to_vec() });
        }
    }

    fn conversation(&self, socket: &Rc<UdpSocket>, peer: SocketAddr) -> Option<u32> {
        let is = |flow: &Flow| matches!(flow, Flow::Conversation { socket: own, peer: known } if Rc::ptr_eq(own, socket) && *known == peer);
        self.flows.borrow().iter().find(|(_, flow)| is(flow)).map(|(number, _)| *number)
    }

    /// A new conversation; the oldest makes room, since a datagram never says that it was the last.
    fn open(&self, socket: &Rc<UdpSocket>, peer: SocketAddr, listen: u32) -> u32 {
        let mut flows = self.flows.borrow_mut();
        let own = flows.iter().filter(|(_, flow)| matches!(flow, Flow::Conversation { .. })).map(|(number, _)| *number);
        let own: Vec<u32> = own.collect();
        if let Some(oldest) = own.first().copied().filter(|_| own.len() >= FLOWS_MOST) {
            flows.remove(&oldest);
            self.tell(&Event::Gone { flow: oldest });
        }
        let flow = self.number();
        flows.insert(flow, Flow::Conversation { socket: socket.clone(), peer });
        self.tell(&Event::Opened { flow, listen });
        flow
    }

    /// Does what the harness says; of what is gone already, nothing.
    ///
    /// # Errors
    /// The lab's end does not take the bytes any more.
    pub async fn back(&self, flow: u32, back: Back) -> io::Result<()> {
        let Some(known) = self.flows.borrow().get(&flow).cloned() else { return Ok(()) };
        match (known, back) {
            (_, Back::Reset) => {
                if let Some(Flow::Connection(connection)) = self.flows.borrow_mut().remove(&flow) {
                    connection.end();
                }
            }
            (Flow::Connection(connection), Back::Bytes(bytes)) => {
                let write = async {
                    match &mut *connection.write.lock().await {
                        Some(write) => write.write_all(&bytes).await,
                        None => Ok(()),
                    }
                };
                connection.over.run_until_cancelled(write).await.unwrap_or(Ok(()))?;
            }
            (Flow::Connection(connection), Back::End) => {
                if let Some(mut write) = connection.write.lock().await.take() {
                    write.shutdown().await?;
                }
            }
            (Flow::Connection(connection), Back::Credit(bytes)) => connection.window.add_permits(bytes.min(WINDOW)),
            (Flow::Conversation { socket, peer }, Back::Bytes(bytes)) => drop(socket.send_to(&bytes, peer).await?),
            (Flow::Conversation { .. }, Back::End | Back::Credit(_)) => {}
        }
        Ok(())
    }
}

/// Lets the connection end as one that was refused or broke, not as one that was finished.
fn reset(stream: &TcpStream) {
    // A connection that is gone already needs no reset.
    let _ = stream.set_zero_linger();
}
