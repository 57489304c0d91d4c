//! What VBoxManage says when it does not do what it was told, and how it ends.

use super::grammar::Topic;

/// Lines for the person who typed the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Each is an error.
    pub lines: Vec<String>,
    /// Whose usage to show: of one command, or of all.
    pub usage: Option<Option<Topic>>,
    /// The exit status.
    pub status: u8,
}

impl Refusal {
    /// An error without further help.
    #[must_use]
    pub fn plain(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], usage: None, status: 1 }
    }

    /// A command line that makes no sense.
    #[must_use]
    pub fn syntax(topic: impl Into<Option<Topic>>, line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], usage: Some(topic.into()), status: 2 }
    }

    /// An order to a machine that makes no sense. VirtualBox shows the usage, too, and ends with another status.
    #[must_use]
    pub fn order(line: impl Into<String>) -> Self {
        Self { status: 1, ..Self::syntax(Topic::Control, line) }
    }

    /// An error of VirtualBox's server, with its code and where it comes from.
    #[must_use]
    pub fn coded(line: impl Into<String>, code: &str, place: &str) -> Self {
        Self { lines: vec![line.into(), format!("Details: code {code}, {place}")], usage: None, status: 1 }
    }
}
