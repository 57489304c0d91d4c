//! Saiten brings a network lab up with the documented fix omitted and applied, measures both, and judges by comparing.
//!
//! Modules in reading order: first the words, then the two ports (`probe`, `lab`), the engine, and those who listen to it.

pub mod wording;
pub mod clean;
pub mod measure;
pub mod arm;
pub mod scenario;
pub mod stats;
pub mod wire;
pub mod evidence;
pub mod event;
pub mod verdict;
pub mod effect;
pub mod fabric;
pub mod helper;
pub mod lab;
pub mod probe;
pub mod run;
pub mod report;
pub mod cli;
