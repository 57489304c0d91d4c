//! The lab's switch as a helper's duty: its epoll loop on a thread of its own, its captures sent to the harness as they come.

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::sync_channel;

use tokio::sync::oneshot;

use super::init::Outbox;
use super::message::{Answer, Kind, WIRE_SOCKET, WireRequest};
use crate::fabric::pump::Reply;
use crate::fabric::{Command, Remote, SwitchConfig, run};

/// Pieces of captures that wait for the harness; past it, the switch drops records and counts them.
const CHUNKS_WAITING: usize = 64;

/// A running switch.
pub struct Wire {
    remote: Remote,
}

impl Wire {
    /// Starts the switch and the thread that sends its captures.
    ///
    /// # Errors
    /// A socket that cannot be made, or a configuration that contradicts itself.
    pub fn start(config: SwitchConfig, outbox: Outbox) -> io::Result<Self> {
        let listener = UnixListener::bind(WIRE_SOCKET)?;
        let (remote, commands, wake) = Remote::new()?;
        let (captures, chunks) = sync_channel(CHUNKS_WAITING);
        std::thread::Builder::new().name("switch".into()).spawn(move || {
            if let Err(err) = run(config, listener, commands, wake, captures) {
                // Without its switch a lab is nothing: end it, and let the last words say why.
                let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("switch: {err}\n"));
                std::process::exit(1);
            }
        })?;
        std::thread::Builder::new().name("captures".into()).spawn(move || {
            while let Ok(chunk) = chunks.recv() {
                let mut body = chunk.network.into_bytes();
                body.push(0);
                body.extend(chunk.bytes);
                outbox.send(None, Kind::Capture, 0, &body);
            }
        })?;
        Ok(Wire { remote })
    }

    /// Asks the switch and waits for its answer.
    ///
    /// # Errors
    /// A switch that has ended, or a port that it does not have.
    pub async fn ask(&self, request: WireRequest) -> io::Result<Answer> {
        match request {
            WireRequest::Seal => self.reply(Command::Seal).await.map(|()| Answer::Done),
            WireRequest::Counters => {
                self.reply(Command::Counters).await.map(|counters| Answer::Counters(Box::new(counters)))
            }
            WireRequest::ResetCounters => self.reply(Command::ResetCounters).await.map(|()| Answer::Done),
            WireRequest::Port { name, up } => {
                let known = self.reply(|known| Command::SetPort { port: name.clone(), up, known }).await?;
                if known {
                    Ok(Answer::Done)
                } else {
                    Err(io::Error::new(io::ErrorKind::NotFound, format!("no port `{name}`")))
                }
            }
            WireRequest::Sync => {
                let synced = self.reply(Command::Sync).await?;
                Ok(Answer::Synced {
                    captured: synced.captured.into_iter().collect(),
                    counters: Box::new(synced.counters),
                    epoch_offset_ns: synced.epoch_offset_ns,
                    monotonic_ns: synced.monotonic_ns,
                })
            }
        }
    }

    async fn reply<T: Send + 'static>(&self, command: impl FnOnce(Reply<T>) -> Command) -> io::Result<T> {
        let (sender, answer) = oneshot::channel();
        // Whoever asked may have stopped waiting.
        self.remote.send(command(Box::new(move |value| drop(sender.send(value)))))?;
        answer.await.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the switch has ended"))
    }
}
