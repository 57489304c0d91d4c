//! A service's log: what it wrote, two files of bounded size.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "/var/log/saiten";
const LIMIT: u64 = 512 * 1024;

/// Where a unit's log is: `ssh.service` writes to `ssh.log`, and what was in it before to `ssh.log.1`.
#[must_use]
pub fn path(unit: &str) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{}.log", unit.strip_suffix(".service").unwrap_or(unit)))
}

/// Opens a unit's log to append to it.
pub fn open(unit: &str) -> io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o755).create(DIRECTORY)?;
    OpenOptions::new().append(true).create(true).mode(0o640).open(path(unit))
}

/// The writer's end.
#[derive(Debug)]
pub struct Log {
    unit: String,
    file: Option<File>,
    size: u64,
}

impl Log {
    /// Goes on where the last one stopped.
    #[must_use]
    pub fn new(unit: &str) -> Self {
        let file = open(unit).ok();
        let size = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |meta| meta.len());
        Self { unit: unit.to_owned(), file, size }
    }

    /// Adds what the service wrote. A full disk loses lines; the service goes on.
    pub fn write(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        if self.size + length > LIMIT && self.size > 0 {
            let own = path(&self.unit);
            let _ = fs::rename(&own, own.with_extension("log.1"));
            *self = Self::new(&self.unit);
        }
        if let Some(file) = &mut self.file
            && file.write_all(bytes).is_ok()
        {
            self.size += length;
        }
    }

    /// Adds a line of Saiten's own.
    pub fn note(&mut self, text: &str) {
        self.write(format!("systemctl: {text}\n").as_bytes());
    }

    /// From now on everything is thrown away.
    pub fn close(&mut self) {
        self.file = None;
    }
}

/// The last lines of a unit's log, control bytes made visible.
#[must_use]
pub fn tail(unit: &str, lines: usize) -> Vec<String> {
    let own = path(unit);
    let mut text = read_end(&own);
    if text.lines().count() < lines {
        text = read_end(&own.with_extension("log.1")) + &text;
    }
    let all: Vec<String> = text.lines().map(clean).collect();
    all[all.len().saturating_sub(lines)..].to_vec()
}

fn read_end(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let length = file.metadata().map_or(0, |meta| meta.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)));
        let _ = file.take(64 * 1024).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A log is hostile text: an escape sequence in it must not reach the reader's terminal.
fn clean(line: &str) -> String {
    let sign = |c: char| {
        if c == '\t' {
            ' '
        } else if c.is_control() {
            '\u{b7}'
        } else {
            c
        }
    };
    line.trim_end_matches('\r').chars().take(2000).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_cannot_draw_on_the_terminal() {
        assert_eq!(clean("a\tb\u{1b}[31mred\u{7}\u{9b}\r"), "a b\u{b7}[31mred\u{b7}\u{b7}");
    }

    #[test]
    fn a_log_is_called_after_its_unit() {
        assert_eq!(path("ssh.service"), Path::new("/var/log/saiten/ssh.log"));
        assert_eq!(path("openvpn@a.b.service").with_extension("log.1"), Path::new("/var/log/saiten/openvpn@a.b.log.1"));
    }
}
