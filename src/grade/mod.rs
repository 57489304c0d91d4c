//! Grading a class: who is in it, who handed in what, a lab for each, and marks that nobody loses.

pub mod batch;
pub mod desk;
pub mod intake;
pub mod ledger;
pub mod roster;
