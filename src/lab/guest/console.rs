//! A console of a machine: what it said last, and what is typed there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

use super::EXCERPT_MOST;
use super::socket::{Carriers, Socket};
use crate::clean::clean;
use crate::lab::LabError;
use crate::lab::line::Line;

/// Bytes that are remembered of what a console says.
const KEPT: usize = 64 << 10;
/// How often it is looked what a console says.
const LOOK: Duration = Duration::from_millis(100);
/// Lines of an excerpt.
const EXCERPT_LINES: usize = 6;

/// A console.
pub struct Console {
    heard: Rc<RefCell<Heard>>,
    write: tokio::sync::Mutex<WriteHalf<DuplexStream>>,
    listening: JoinHandle<()>,
    _carriers: Carriers,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What a console has said: the last of it, and how much there was.
#[derive(Default)]
struct Heard {
    kept: VecDeque<u8>,
    count: u64,
}

impl Heard {
    fn take(&mut self, bytes: &[u8]) {
        self.count += bytes.len() as u64;
        self.kept.extend(bytes);
        let over = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..over);
    }

    /// What came since that many bytes, without the carriage returns of a terminal.
    fn since(&self, count: u64) -> String {
        let new = usize::try_from(self.count - count).unwrap_or(usize::MAX).min(self.kept.len());
        let bytes: Vec<u8> =
            self.kept.iter().skip(self.kept.len() - new).copied().filter(|byte| *byte != b'\r').collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Console {
    /// The console at a socket of the endpoint.
    ///
    /// # Errors
    /// As [`Socket::connect`].
    pub async fn open(line: &Line, path: &Path) -> Result<Self, LabError> {
        let Socket { read, write, carriers } = Socket::connect(line, path).await?;
        let heard = Rc::new(RefCell::new(Heard::default()));
        let listening = tokio::task::spawn_local(listen(read, heard.clone()));
        Ok(Console { heard, write: tokio::sync::Mutex::new(write), listening, _carriers: carriers })
    }

    /// How much it has said; for [`Console::since`].
    pub fn count(&self) -> u64 {
        self.heard.borrow().count
    }

    /// What it said after that, as much of it as is remembered.
    pub fn since(&self, count: u64) -> String {
        self.heard.borrow().since(count)
    }

    /// Types something.
    ///
    /// # Errors
    /// A console that has gone.
    pub async fn type_in(&self, text: &str) -> Result<(), LabError> {
        let written = self.write.lock().await.write_all(text.as_bytes()).await;
        written.map_err(|err| LabError::backend("cannot type at the machine's console", err))
    }

    /// Waits until what it says after that many bytes is what is waited for; `None` when the time is over.
    pub async fn wait<T>(&self, count: u64, limit: Duration, mut is: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let waiting = async {
            loop {
                if let Some(found) = is(&self.since(count)) {
                    return found;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(limit, waiting).await.ok()
    }
}

/// The last lines of what a console said, for people.
pub fn excerpt(text: &str) -> String {
    let text = clean(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(EXCERPT_LINES)..].join(" | ");
    let over = last.chars().count().saturating_sub(EXCERPT_MOST);
    last.chars().skip(over).collect()
}

async fn listen(mut from: ReadHalf<DuplexStream>, heard: Rc<RefCell<Heard>>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        heard.borrow_mut().take(&buffer[..length]);
    }
}
