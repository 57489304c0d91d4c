//! Saiten brings a network lab up with the documented fix omitted and applied, measures both, and judges by comparing.
//!
//! Modules in reading order: first the words, then the two ports (`probe`, `lab`), the engine, and those who listen to it.

pub mod appliance;
pub mod arm;
pub mod clean;
pub mod cli;
pub mod disk;
pub mod effect;
pub mod event;
pub mod evidence;
pub mod explain;
pub mod fabric;
pub mod fitness;
pub mod grade;
pub mod helper;
pub mod image;
pub mod lab;
pub mod marks;
pub mod measure;
pub mod mutant;
pub mod probe;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod scenario;
pub mod stats;
pub mod survey;
pub mod verdict;
pub mod wire;
pub mod wording;
