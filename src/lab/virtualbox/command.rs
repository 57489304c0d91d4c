//! VBoxManage as a process: never through a shell, bounded in time and output, out of the terminal's reach.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{Manage, Said, Trouble, parse};
use crate::wording::Phrase;

/// Longest call unless told.
const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes taken of either stream.
const OUTPUT_MOST: usize = 4 << 20;
/// How long to wait for the end of a stream after the program's own: a service that it started may hold on to it.
const LINGER: Duration = Duration::from_millis(500);

/// The program.
#[derive(Debug, Clone)]
pub struct VBoxManage {
    program: PathBuf,
    limit: Duration,
}

impl VBoxManage {
    /// The program of this name or path.
    pub fn new(program: PathBuf) -> Self {
        VBoxManage { program, limit: LIMIT }
    }

    /// With another longest call.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    async fn start_and_wait(&self, args: &[&str]) -> Result<Said, Trouble> {
        let began = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Names are not all ASCII, and labels are to be the original's.
        command.env("LC_ALL", "C.UTF-8");
        // Ctrl-C is for us: a change that it cut in the middle would be nobody's.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|err| self.not_started(&err))?;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = child.stdout.take().zip(child.stderr.take());
        let (Some(stdout), Some(stderr)) = streams.unzip() else { return Err(self.not_started(&no_pipes())) };
        let status = {
            let reading = async { tokio::join!(take(stdout, &mut out), take(stderr, &mut err)) };
            tokio::pin!(reading);
            let ended = tokio::time::timeout(self.limit, async {
                tokio::select! {
                    status = child.wait() => {
                        let _ = tokio::time::timeout(LINGER, &mut reading).await;
                        status
                    }
                    _ = &mut reading => child.wait().await,
                }
            });
            let Ok(status) = ended.await else {
                let phrase = Phrase::new("virtualbox-slow").with("command", self.typed(args));
                return Err(Trouble::machine(phrase.with("seconds", self.limit.as_secs())));
            };
            status.map_err(|err| self.not_started(&err))?
        };
        if [&out, &err].iter().any(|bytes| bytes.len() > OUTPUT_MOST) {
            return Err(Trouble::machine(Phrase::new("virtualbox-too-much").with("command", self.typed(args))));
        }
        let signal = || std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or_default() + 128;
        Ok(Said {
            status: status.code().unwrap_or_else(signal),
            out: parse::text(&out),
            err: parse::text(&err),
            took: began.elapsed(),
        })
    }

    fn not_started(&self, err: &io::Error) -> Trouble {
        let program = super::quoted(&self.program.to_string_lossy());
        let id = if err.kind() == io::ErrorKind::NotFound { "virtualbox-no-program" } else { "virtualbox-not-started" };
        let phrase = Phrase::new(id).with("program", program).with("reason", err);
        if err.kind() == io::ErrorKind::NotFound { Trouble::asked(phrase) } else { Trouble::machine(phrase) }
    }
}

fn no_pipes() -> io::Error {
    io::Error::other("no pipes")
}

/// Takes what comes, hardly more than is accepted. What cannot be read is as good as not said.
async fn take(mut stream: impl AsyncRead + Unpin, into: &mut Vec<u8>) {
    while into.len() <= OUTPUT_MOST {
        match stream.read_buf(into).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[async_trait(?Send)]
impl Manage for VBoxManage {
    async fn call(&self, args: &[&str]) -> Result<Said, Trouble> {
        self.start_and_wait(args).await
    }

    fn typed(&self, args: &[&str]) -> String {
        let program = self.program.to_string_lossy();
        let words: Vec<String> = std::iter::once(&*program).chain(args.iter().copied()).map(word).collect();
        words.join(" ")
    }
}

/// A word for a shell (POSIX, XCU 2.2.2): as it is if it means nothing else there, else in single quotes.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
