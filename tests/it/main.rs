//! All tests that need no lab, in one binary: they run in milliseconds.

mod cli;
mod engine;
mod judge;
mod report;
mod scenario;
mod tidy;
