//! A shell where no helper of ours is: a machine that is reached in another way than over its helper's line.

use std::time::Duration;

use async_trait::async_trait;

use super::LabError;
use crate::helper::message::Ran;

/// Longest wait for what only reads or writes one file.
const FILE: Duration = Duration::from_secs(30);

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
        _ => Err(LabError::Endpoint {
            endpoint: endpoint.to_owned(),
            what: "tail".to_owned(),
            reason: first(&format!("{}{}", ran.stderr, ran.stdout)),
        }),
    }
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or("no reason given").chars().take(300).collect()
}

/// As one word of a POSIX shell (XCU 2.2.2).
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
