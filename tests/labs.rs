//! Every shipped scenario, its known submissions, and every ending of a run, on real daemons. Needs an engine; see `ci/test`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "labs/archives.rs"]
mod archives;
#[path = "labs/attacks.rs"]
mod attacks;
#[path = "labs/bridge.rs"]
mod bridge;
#[path = "labs/builds.rs"]
mod builds;
#[path = "labs/chapters.rs"]
mod chapters;
#[path = "labs/closed.rs"]
mod closed;
#[path = "labs/daemons.rs"]
mod daemons;
#[path = "labs/disk.rs"]
mod disk;
#[path = "labs/dns.rs"]
mod dns;
#[path = "labs/endings.rs"]
mod endings;
#[path = "labs/grade.rs"]
mod grade;
#[path = "labs/hostile.rs"]
mod hostile;
#[path = "labs/images.rs"]
mod images;
#[path = "labs/killed.rs"]
mod killed;
#[path = "labs/limits.rs"]
mod limits;
#[path = "labs/live.rs"]
mod live;
#[path = "labs/machines.rs"]
mod machines;
#[path = "labs/mutants.rs"]
mod mutants;
#[path = "labs/natt.rs"]
mod natt;
#[path = "labs/ordinary.rs"]
mod ordinary;
#[path = "labs/person.rs"]
mod person;
#[path = "labs/pin.rs"]
mod pin;
#[path = "labs/project.rs"]
mod project;
#[path = "labs/releases.rs"]
mod releases;
#[path = "labs/small.rs"]
mod small;
#[path = "labs/traps.rs"]
mod traps;
#[path = "labs/tree.rs"]
mod tree;
#[path = "labs/user.rs"]
mod user;
#[path = "labs/verify.rs"]
mod verify;
#[path = "labs/virtualbox.rs"]
mod virtualbox;
