//! A shell where no helper of ours is: a machine that is reached in another way than over its helper's line.

use std::time::Duration;

use async_trait::async_trait;

use super::LabError;
use crate::helper::message::{FileSpec, Ran};

/// Longest wait for what only reads or writes one file.
const FILE: Duration = Duration::from_secs(30);

/// Largest file that is put: it goes as part of a line, and a line is one argument (execve(2): MAX_ARG_STRLEN is 128 KiB).
const PUT_MOST: usize = 16 << 10;

/// Runs shell lines as root.
#[async_trait(?Send)]
pub trait Shell {
    /// Runs a line; that it failed is in the result.
    ///
    /// # Errors
    /// A machine that does not answer, or lets nobody in.
    async fn run(&self, line: &str, limit: Duration) -> Result<Ran, LabError>;
}

/// The last bytes of a file.
///
/// # Errors
/// A file that is not there or not a regular one.
pub async fn tail(shell: &dyn Shell, endpoint: &str, path: &str, most: usize) -> Result<String, LabError> {
    let path = quoted(path);
    let ran = shell.run(&format!("test -f {path} && tail -c {most} -- {path}"), FILE).await?;
    match ran.status {
        0 => Ok(ran.stdout),
        _ => Err(failed(endpoint, "tail", &ran)),
    }
}

/// Puts a file in place.
///
/// # Errors
/// What the machine says.
pub async fn put(shell: &dyn Shell, endpoint: &str, file: &FileSpec) -> Result<(), LabError> {
    let (path, bytes) = (quoted(&file.path), file.content.bytes());
    if bytes.len() > PUT_MOST {
        let what = format!("cannot put {} there", file.path);
        return Err(LabError::Endpoint { endpoint: endpoint.to_owned(), what, reason: "it is too large".to_owned() });
    }
    // What every printf(1) understands, whatever the bytes are.
    let text: String = bytes.iter().map(|byte| format!("\\0{byte:03o}")).collect();
    let line = format!(
        "umask 077 && mkdir -p -- \"$(dirname -- {path})\" && printf %b '{text}' > {path} && chmod {:o} {path}",
        file.mode
    );
    let ran = shell.run(&line, FILE).await?;
    if ran.status == 0 { Ok(()) } else { Err(failed(endpoint, "put", &ran)) }
}

fn failed(endpoint: &str, what: &str, ran: &Ran) -> LabError {
    let said = format!("{}{}", ran.stderr, ran.stdout);
    LabError::Endpoint { endpoint: endpoint.to_owned(), what: what.to_owned(), reason: first(&said) }
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or("no reason given").chars().take(300).collect()
}

/// As one word of a POSIX shell (XCU 2.2.2).
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
