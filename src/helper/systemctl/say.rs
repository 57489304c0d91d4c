//! Lines for the person who typed the command. A reader who has gone away is no error.

use std::io::{self, Write};

/// A line on standard output.
pub fn out(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A line on standard error.
pub fn err(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
