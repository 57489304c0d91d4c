//! What a sweep found.

/// What was removed, and what was left alone and why.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// What killed runs left, and is removed.
    pub removed: Vec<String>,
    /// Objects of runs that still go on, or of another machine's.
    pub left: Vec<String>,
}
