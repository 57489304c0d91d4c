//! The harness's end of a relay: opens the connections to a live machine that came in the lab, and carries bytes both ways. It reaches that
//! one address and those ports, listens nowhere, and holds no more than a window of each connection.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::LabError;
use super::line::Line;
use super::live::{CONNECT, Live};
use crate::helper::message::relay::{Back, Event, FLOWS_MOST, Listen, PIECE};
use crate::helper::message::{Answer, Request};
use crate::scenario::Transport;

/// How long a relay may take to listen.
const LISTENING: Duration = Duration::from_secs(10);
/// How long a connection may be quiet: longer than any wait that a scenario measures.
const QUIET: Duration = Duration::from_secs(150);
/// How long a conversation over UDP may be quiet, which nobody ever ends.
const QUIET_UDP: Duration = Duration::from_secs(30);
/// Longest datagram.
const DATAGRAM_MOST: usize = 65_507;

/// A relay that listens in a lab; dropping it ends its connections.
pub struct Relay {
    serving: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Relay {
    /// Lets an endpoint's helper listen on its addresses, and serves it.
    ///
    /// # Errors
    /// An endpoint that has ended, or cannot listen.
    pub async fn open(line: &Line, addresses: &[IpAddr], live: &Live) -> Result<Self, LabError> {
        let mut listen = Vec::new();
        let mut targets = Vec::new();
        for (declared, port) in &live.ports {
            let udp = declared.transport == Transport::Udp;
            listen.extend(addresses.iter().map(|own| Listen { udp, at: SocketAddr::new(*own, declared.port) }));
            targets.extend(addresses.iter().map(|_| (udp, live.target(*port))));
        }
        let mut stream = line.open_stream(&Request::Relay { listen })?;
        let first = async {
            tokio::select! {
                biased;
                body = stream.output.recv() => body.and_then(|body| Event::decode(&body)).ok_or(None),
                answer = &mut stream.answer => Err(answer.ok()),
            }
        };
        let failed = |reason: String| LabError::Endpoint {
            endpoint: line.endpoint().to_owned(),
            what: "relay".to_owned(),
            reason,
        };
        match tokio::time::timeout(LISTENING, first).await {
            Ok(Ok(Event::Listening)) => {}
            Ok(Err(Some(Answer::Failed(reason)))) => return Err(failed(reason)),
            Ok(Err(None)) if line.has_ended() => return Err(line.end().unwrap_or(LabError::Interrupted)),
            other => return Err(failed(format!("does not listen: {other:?}"))),
        }
        let carrier = Carrier { line: line.clone(), targets };
        Ok(Relay { serving: tokio::task::spawn_local(carrier.serve(stream.output)) })
    }
}

/// What the lab's end said.
enum Said {
    Bytes(Vec<u8>),
    End,
}

type Heard = mpsc::UnboundedReceiver<Said>;

struct Carrier {
    line: Line,
    /// By the number of the [`Listen`]: whether over UDP, and where to.
    targets: Vec<(bool, SocketAddr)>,
}

impl Carrier {
    async fn serve(self, mut events: mpsc::UnboundedReceiver<Vec<u8>>) {
        let mut flows: HashMap<u32, mpsc::UnboundedSender<Said>> = HashMap::new();
        let mut tasks = JoinSet::new();
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                Some(done) = tasks.join_next() => {
                    if let Ok(flow) = done {
                        flows.remove(&flow);
                    }
                    continue;
                }
            };
            let Some(event) = event else { return };
            match Event::decode(&event) {
                Some(Event::Opened { flow, listen }) => {
                    let target = usize::try_from(listen).ok().and_then(|listen| self.targets.get(listen)).copied();
                    let (say, heard) = mpsc::unbounded_channel();
                    // The relay keeps the same bound; one that does not is not ours.
                    if let Some(target) = target.filter(|_| flows.len() < 2 * FLOWS_MOST) {
                        flows.insert(flow, say);
                        tasks.spawn_local(carry(self.line.clone(), flow, target, heard));
                    } else {
                        tasks.spawn_local(over(self.line.clone(), flow));
                    }
                }
                // One that has ended here may not know it there yet.
                Some(Event::Bytes { flow, bytes }) => drop(flows.get(&flow).map(|say| say.send(Said::Bytes(bytes)))),
                Some(Event::End { flow }) => drop(flows.get(&flow).map(|say| say.send(Said::End))),
                Some(Event::Gone { flow }) => drop(flows.remove(&flow)),
                Some(Event::Listening) | None => {}
            }
        }
    }
}

/// Carries one connection or conversation to its end; gives its number.
async fn carry(line: Line, flow: u32, (udp, target): (bool, SocketAddr), heard: Heard) -> u32 {
    let side = Side { line: &line, flow };
    if udp {
        side.converse(target, heard).await;
    } else if let Ok(Ok(live)) = tokio::time::timeout(CONNECT, TcpStream::connect(target)).await {
        side.connection(live, heard).await;
    }
    over(line, flow).await
}

/// Lets the lab's end of a flow end, too.
async fn over(line: Line, flow: u32) -> u32 {
    // An endpoint that has ended has no flows either.
    let _ = line.quick(Request::RelayBack { flow, back: Back::Reset }).await;
    flow
}

/// The lab's end of one flow.
struct Side<'a> {
    line: &'a Line,
    flow: u32,
}

impl Side<'_> {
    /// Returns when the lab's end has done it: so no more than one piece is ever under way.
    async fn say(&self, back: Back) -> Option<()> {
        self.line.ask(Request::RelayBack { flow: self.flow, back }, QUIET).await.ok().map(drop)
    }

    /// Until both sides have ended, one has broken off, or nobody says anything any more.
    async fn connection(&self, live: TcpStream, heard: Heard) {
        // Small messages go at once, as they came.
        let _ = live.set_nodelay(true);
        let (read, write) = live.into_split();
        let state = State { last: Cell::new(Instant::now()), ends: Cell::new(0), ended: Notify::new() };
        tokio::select! {
            () = self.to_live(heard, write, &state) => {}
            () = self.to_lab(read, &state) => {}
            () = state.both_ended() => {}
            () = state.quiet() => {}
        }
    }

    /// Returns only when the connection has broken.
    async fn to_live(&self, mut heard: Heard, mut write: OwnedWriteHalf, state: &State) {
        while let Some(said) = heard.recv().await {
            state.last.set(Instant::now());
            let done = match said {
                Said::Bytes(bytes) => match write.write_all(&bytes).await {
                    Ok(()) => self.say(Back::Credit(bytes.len())).await,
                    Err(_) => None,
                },
                Said::End => {
                    state.end();
                    write.shutdown().await.ok()
                }
            };
            if done.is_none() {
                return;
            }
        }
    }

    /// Returns only when the connection has broken.
    async fn to_lab(&self, mut read: OwnedReadHalf, state: &State) {
        let mut buffer = vec![0; PIECE];
        loop {
            let back = match read.read(&mut buffer).await {
                Ok(0) => Back::End,
                Ok(read) => Back::Bytes(buffer[..read].to_vec()),
                Err(_) => return,
            };
            state.last.set(Instant::now());
            let is_end = back == Back::End;
            if self.say(back).await.is_none() {
                return;
            }
            if is_end {
                state.end();
                return std::future::pending().await;
            }
        }
    }

    async fn converse(&self, target: SocketAddr, mut heard: Heard) {
        let any: IpAddr = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let Ok(socket) = UdpSocket::bind((any, 0)).await else { return };
        // Connected, so that nobody else's datagrams come back.
        if socket.connect(target).await.is_err() {
            return;
        }
        let mut buffer = vec![0; DATAGRAM_MOST];
        loop {
            tokio::select! {
                said = heard.recv() => match said {
                    // That nobody listens there comes as an error of a later call; the lab's end hears nothing, as from a dead machine.
                    Some(Said::Bytes(bytes)) => drop(socket.send(&bytes).await),
                    Some(Said::End) => {}
                    None => return,
                },
                read = socket.recv(&mut buffer) => {
                    if let Ok(read) = read && self.say(Back::Bytes(buffer[..read].to_vec())).await.is_none() {
                        return;
                    }
                }
                () = tokio::time::sleep(QUIET_UDP) => return,
            }
        }
    }
}

/// What both directions of a connection know of each other.
struct State {
    last: Cell<Instant>,
    ends: Cell<u8>,
    ended: Notify,
}

impl State {
    fn end(&self) {
        self.ends.set(self.ends.get() + 1);
        self.ended.notify_one();
    }

    async fn both_ended(&self) {
        while self.ends.get() < 2 {
            self.ended.notified().await;
        }
    }

    async fn quiet(&self) {
        loop {
            let until = self.last.get() + QUIET;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}
