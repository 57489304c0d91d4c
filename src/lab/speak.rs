//! What is done in an endpoint: by its helper or, where a machine has its place, through that machine's own shell.

use std::time::Duration;

use super::topology::Lab;
use super::{LabError, shell};
use crate::helper::message::{Answer, FileSpec, Ran, Request, RunSpec};

impl Lab {
    /// Runs a shell line as root; that it failed is in the result.
    ///
    /// # Errors
    /// An endpoint that has ended or does not answer.
    pub async fn run(&self, endpoint: &str, line: &str, limit: Duration) -> Result<Ran, LabError> {
        match self.shells.get(endpoint) {
            Some(shell) => shell.run(line, limit).await,
            None => self.line(endpoint)?.run(RunSpec::shell(line, limit)).await,
        }
    }

    /// Puts a file in place.
    ///
    /// # Errors
    /// An endpoint that has ended, or does not take it.
    pub async fn put(&self, endpoint: &str, file: FileSpec) -> Result<(), LabError> {
        self.line(endpoint)?.quick(Request::Files(vec![file])).await.map(drop)
    }

    /// The last bytes of a file.
    ///
    /// # Errors
    /// A file that is not there or not a regular one.
    pub async fn tail(&self, endpoint: &str, path: &str, most: usize) -> Result<String, LabError> {
        if let Some(shell) = self.shells.get(endpoint) {
            return shell::tail(&**shell, endpoint, path, most).await;
        }
        match self.line(endpoint)?.quick(Request::Tail { path: path.to_owned(), most }).await? {
            Answer::Output(text) => Ok(text),
            _ => Ok(String::new()),
        }
    }

    /// Whether lines can be run in an endpoint: not in a live machine that is only looked at.
    pub fn may_run(&self, endpoint: &str) -> bool {
        self.live(endpoint).is_none() || self.shells.contains_key(endpoint)
    }
}
