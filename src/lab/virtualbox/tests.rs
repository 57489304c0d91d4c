//! VBoxManage's output, its process, and the steps against a scripted VirtualBox.

mod calls;
pub mod fake;
mod parsing;
mod steps;
mod watching;
