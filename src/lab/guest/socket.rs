//! A socket in an endpoint, as two streams of the harness.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::helper::message::{Answer, Encoded, Request};
use crate::lab::line::Line;
use crate::lab::{LabError, Streams};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes under way in each direction.
const BUFFER: usize = 64 << 10;
/// Most bytes of one message.
const PIECE: usize = 16 << 10;
/// How long the other side may take to read a piece.
const WRITE: Duration = Duration::from_secs(60);

/// A connection to a socket in an endpoint; dropping it ends it.
pub struct Socket {
    /// What comes from there.
    pub read: ReadHalf<DuplexStream>,
    /// What goes there.
    pub write: WriteHalf<DuplexStream>,
    /// What carries both.
    pub carriers: Carriers,
}

/// Ends what carries a connection when it is dropped.
pub struct Carriers([JoinHandle<()>; 2]);

impl Drop for Carriers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Socket {
    /// Connects to it.
    ///
    /// # Errors
    /// Nobody listens there, or the endpoint has ended.
    pub async fn connect(line: &Line, path: &Path) -> Result<Self, LabError> {
        let path = path.display().to_string();
        let mut stream = line.open_stream(&Request::Socket { path: path.clone() })?;
        let first = async {
            tokio::select! {
                biased;
                first = stream.output.recv() => first.ok_or(None),
                answer = &mut stream.answer => Err(answer.ok()),
            }
        };
        let failed = |reason: String| LabError::Endpoint {
            endpoint: line.endpoint().to_owned(),
            what: format!("connect to {path}"),
            reason,
        };
        match tokio::time::timeout(CONNECT, first).await {
            Ok(Ok(_)) => {}
            Ok(Err(Some(Answer::Failed(reason)))) => return Err(failed(reason)),
            _ => return Err(line.end().unwrap_or_else(|| failed("no answer".to_owned()))),
        }
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let (read, write) = tokio::io::split(ours);
        let (from_us, to_us) = tokio::io::split(theirs);
        let carriers = Carriers([
            tokio::task::spawn_local(inwards(stream.output, to_us)),
            tokio::task::spawn_local(outwards(line.clone(), stream.id, from_us)),
        ]);
        Ok(Socket { read, write, carriers })
    }

    /// As a helper's streams, and what must be kept as long as they are used.
    pub fn into_streams(self) -> (Streams, Carriers) {
        (Streams { input: Box::new(self.write), output: Box::new(self.read) }, self.carriers)
    }
}

async fn inwards(mut from: mpsc::UnboundedReceiver<Vec<u8>>, mut to: WriteHalf<DuplexStream>) {
    while let Some(bytes) = from.recv().await {
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // So the reader sees the end; it may have gone itself.
    let _ = to.shutdown().await;
}

async fn outwards(line: Line, socket: u64, mut from: ReadHalf<DuplexStream>) {
    let mut buffer = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let request = Request::SocketInput { socket, bytes: Encoded(buffer[..length].to_vec()) };
        // The reader's end tells that the other side has gone.
        if line.ask(request, WRITE).await.is_err() {
            return;
        }
    }
}
