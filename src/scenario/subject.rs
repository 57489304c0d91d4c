//! What is verified: a machine that somebody made for the lesson. It takes an endpoint's place in every arm. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::host::Host;

/// Why no lab is run of machines that are only looked at, as the word list has it.
pub const ONLY_LOOKED_AT: &str = "unsupported-only-looked-at";

/// A machine on trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A container image.
    Image(Image),
    /// The disk of a virtual machine, by its file.
    Disk(String),
    /// A live machine.
    Host(Host),
    /// The course's own image, made of this release of Debian.
    Release(String),
}

/// A container image on trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As the user names it: a reference, or the file of an archive.
    pub named: String,
    /// The backend's reference of it.
    pub reference: String,
}

impl Subject {
    /// As the user named it.
    pub fn named(&self) -> String {
        match self {
            Subject::Image(image) => image.named.clone(),
            Subject::Disk(file) => file.clone(),
            Subject::Host(host) => host.to_string(),
            Subject::Release(suite) => format!("debian {suite}"),
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Image(_) => "image",
            Subject::Disk(_) => "disk",
            Subject::Host(_) => "host",
            Subject::Release(_) => "release",
        }
    }
}

/// What a report says of a machine on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// `image`, `disk`, `host` or `release`.
    pub kind: String,
    /// As the user named it.
    pub named: String,
    /// What identifies it, such as its digest, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// Whether it was only looked at, and no lab was run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_only_looked_at: bool,
}
