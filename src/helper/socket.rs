//! A socket of the endpoint that the harness speaks through: a console, a machine's control.

use std::io;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex;

/// The writing end.
pub struct Socket(Mutex<OwnedWriteHalf>);

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn connect(path: &Path) -> io::Result<(Self, OwnedReadHalf)> {
        let stream = UnixStream::connect(path).await;
        let stream = stream.map_err(|err| io::Error::new(err.kind(), format!("{}: {err}", path.display())))?;
        let (read, write) = stream.into_split();
        Ok((Socket(Mutex::new(write)), read))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The other side has gone.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().await.write_all(bytes).await
    }
}

/// Hands what comes to `take`, to the end.
pub async fn read_all(mut read: OwnedReadHalf, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = read.read(&mut buffer).await {
        take(&buffer[..length]);
    }
}
