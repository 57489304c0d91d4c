//! All tests that need no lab, in one binary: they run in milliseconds, but for `virtualbox`, which waits for pings.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod appliance;
mod class;
mod cli;
mod counted;
mod engine;
mod findings;
mod fitness;
mod fuzz;
mod intake;
mod judge;
mod live;
mod marks;
mod mutants;
mod proof;
mod proving;
mod relay;
mod report;
mod scenario;
mod submissions;
mod tidy;
mod unfooled;
mod verify;
mod virtualbox;
