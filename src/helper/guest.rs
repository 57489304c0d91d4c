//! Duty `guest`: runs a shell line in a virtual machine's guest, over its serial console, as a process of its own.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::answer;
use super::message::{GuestRan, GuestRun};

/// Most bytes of a command's output that are kept; what a console says beyond that is read and forgotten.
const OUTPUT_MOST: usize = 64 << 10;
/// How long one read waits.
const TURN: Duration = Duration::from_millis(50);

/// Runs what the argument, a [`GuestRun`] as JSON, asks for, and prints a [`GuestRan`].
pub fn main(argument: &str) -> ExitCode {
    let refuse = |why| GuestRan { failed: Some(format!("no command: {why}")), ..GuestRan::default() };
    answer::answer(argument, carry_out, refuse)
}

fn carry_out(run: &GuestRun) -> GuestRan {
    let end = Instant::now() + Duration::from_millis(run.limit_ms);
    let failed = |why: String| GuestRan { failed: Some(why), ..GuestRan::default() };
    let mut console = match Console::open(&run.socket) {
        Ok(console) => console,
        Err(err) => return failed(format!("{}: {err}; does the machine run?", run.socket)),
    };
    // Nothing comes back of what is sent, so the marks are seen only when the guest's shell says them.
    let (begin, over) = (format!("{}-begin", run.mark), format!("{}-end ", run.mark));
    let sent = console.send(&format!("PS1=; echo; echo {begin}\n"));
    if let Err(err) = sent.and_then(|()| console.wait_for(&format!("{begin}\n"), end)) {
        return failed(format!("the guest's shell does not answer: {err}"));
    }
    let sent = console.send(&format!("{}\necho {over}$?\n", run.line));
    if let Err(err) = sent.and_then(|()| console.wait_for(&over, end)) {
        // The next caller is to find a shell.
        let _ = console.send("\u{3}\u{3}\n");
        return GuestRan { output: console.output(), ..failed(format!("no end of `{}`: {err}", run.line)) };
    }
    let output = console.output();
    let status = console.wait_for("\n", end).ok().and_then(|()| console.output().trim().parse().ok());
    GuestRan { status, output: output.trim_end_matches(over.as_str()).to_owned(), failed: None }
}

/// A serial console behind a socket.
struct Console {
    socket: UnixStream,
    // What was read and not taken yet.
    read: Vec<u8>,
    // What came up to the end of what was last waited for.
    taken: Vec<u8>,
}

impl Console {
    fn open(path: &str) -> io::Result<Self> {
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(TURN))?;
        socket.set_write_timeout(Some(TURN * 20))?;
        Ok(Console { socket, read: Vec::new(), taken: Vec::new() })
    }

    fn send(&mut self, text: &str) -> io::Result<()> {
        self.socket.write_all(text.as_bytes())
    }

    /// Reads until a text has come; a flood is read and forgotten but for its begin.
    fn wait_for(&mut self, text: &str, end: Instant) -> io::Result<()> {
        self.taken.clear();
        let mut buffer = [0; 4096];
        loop {
            if let Some(at) = find(&self.read, text.as_bytes()) {
                let rest = self.read.split_off(at + text.len());
                self.keep();
                self.read = rest;
                return Ok(());
            }
            // What may be the begin of the text stays.
            let whole = self.read.len().saturating_sub(text.len());
            let rest = self.read.split_off(whole);
            self.keep();
            self.read = rest;
            if Instant::now() >= end {
                self.keep();
                return Err(io::Error::new(ErrorKind::TimedOut, "the time is over"));
            }
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the console has gone")),
                // A terminal ends its lines with both.
                Ok(length) => self.read.extend(buffer[..length].iter().filter(|byte| **byte != b'\r')),
                Err(err)
                    if matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(err) => return Err(err),
            }
        }
    }

    fn keep(&mut self) {
        let room = OUTPUT_MOST.saturating_sub(self.taken.len());
        self.taken.extend(self.read.iter().take(room));
        self.read.clear();
    }

    fn output(&self) -> String {
        String::from_utf8_lossy(&self.taken).into_owned()
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// A guest whose console says these things, one after each line that it gets.
    fn guest(says: Vec<Vec<u8>>) -> (tempfile::TempDir, GuestRun) {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("console");
        let listener = UnixListener::bind(&socket).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = [0; 4096];
            for words in says {
                if stream.read(&mut line).unwrap_or(0) == 0 || stream.write_all(&words).is_err() {
                    return;
                }
            }
            // Listens on, as a guest that hangs.
            while stream.read(&mut line).is_ok_and(|length| length > 0) {}
        });
        let socket = socket.to_string_lossy().into_owned();
        (dir, GuestRun { socket, line: "uname".to_owned(), mark: "m".to_owned(), limit_ms: 300 })
    }

    #[test]
    fn output_and_status_are_what_is_between_the_marks() {
        let (_dir, run) = guest(vec![b"rubbish\r\n\r\nm-begin\r\n".to_vec(), b"Linux\r\nm-end 3\r\n# ".to_vec()]);
        assert_eq!(carry_out(&run), GuestRan { status: Some(3), output: "Linux\n".to_owned(), failed: None });
    }

    #[test]
    fn a_flood_is_bounded_and_a_shell_that_is_silent_is_told() {
        let flood = [vec![b'x'; 1 << 20], b"\r\nm-end 0\r\n".to_vec()].concat();
        let (_dir, run) = guest(vec![b"\r\nm-begin\r\n".to_vec(), flood]);
        let ran = carry_out(&GuestRun { limit_ms: 5000, ..run });
        assert_eq!((ran.status, ran.output.len()), (Some(0), OUTPUT_MOST));
        let (_dir, run) = guest(vec![b"Kernel panic\r\n".to_vec()]);
        assert!(carry_out(&run).failed.unwrap().contains("does not answer"));
        let (_dir, run) = guest(vec![b"\r\nm-begin\r\n".to_vec(), b"half".to_vec()]);
        let ran = carry_out(&run);
        assert!(ran.failed.unwrap().contains("no end of `uname`") && ran.output.contains("ha"));
        let nobody = GuestRun { socket: "/nowhere".to_owned(), ..run };
        assert!(carry_out(&nobody).failed.unwrap().contains("does the machine run?"));
    }
}
