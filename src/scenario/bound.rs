//! Bounds in signs.

use super::Relation;

impl Relation {
    /// The relation as a sign: `≤`, `≥`, `=`.
    pub fn sign(self) -> &'static str {
        match self {
            Relation::AtMost => "≤",
            Relation::AtLeast => "≥",
            Relation::Equals => "=",
        }
    }
}
