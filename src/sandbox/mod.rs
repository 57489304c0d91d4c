//! What confines a process tree on this kernel: namespaces, layers, filters, limits. It knows neither labs nor images' names.

pub mod cable;
mod change;
mod home;
mod inside;
pub mod limits;
pub mod message;
mod root;
mod seccomp;
mod spawn;
mod zygote;

/// Runs what the arguments name, if they name something that only the native backend starts.
pub fn duty_of(arguments: &[String]) -> Option<std::process::ExitCode> {
    match arguments {
        [_, duty] if duty == ZYGOTE => Some(zygote::main()),
        _ => None,
    }
}

/// First argument of the zygote's process.
pub const ZYGOTE: &str = "zygote";
