//! The Docker backend. testcontainers finds the engine and runs its own helper container; endpoints are made with the bollard
//! that it re-exports, since it can neither attach before the start nor close a container's input with the harness.

mod container;
mod disk;
pub mod doctor;
mod engine;
mod error;
pub mod images;
pub mod sweep;
mod volume;

pub use engine::Docker;
