//! How a duty answers: its argument is JSON, and so is what it prints.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Carries out what the argument asks for, and prints the answer; `refuse` makes one of an argument that cannot be read.
pub fn answer<Q: DeserializeOwned, A: Serialize>(
    argument: &str,
    carry_out: impl FnOnce(&Q) -> A,
    refuse: impl FnOnce(String) -> A,
) -> ExitCode {
    let answer = match serde_json::from_str(argument) {
        Ok(question) => carry_out(&question),
        Err(err) => refuse(err.to_string()),
    };
    let written = serde_json::to_vec(&answer).map_err(io::Error::other).and_then(|json| io::stdout().write_all(&json));
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
