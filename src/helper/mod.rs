//! What runs inside a lab: PID 1 of every endpoint, and the duties it starts as processes of their own.

mod answer;
pub mod await_ready;
mod bounded;
pub mod capabilities;
mod child;
mod disk;
pub mod dns_lookup;
mod duty;
pub mod echo;
pub mod entry;
pub mod frames;
pub mod guest;
mod harden;
pub mod init;
pub mod message;
mod nbd;
mod nic;
pub mod offload;
mod relay;
mod resolver;
mod shell;
mod socket;
mod ssh_enter;
mod ssh_login;
mod switch;
pub mod systemctl;
pub mod vboxmanage;

/// `CLOCK_MONOTONIC` in nanoseconds: the one clock that all endpoints of a lab share.
fn monotonic_ns() -> u64 {
    match nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC) {
        Ok(time) => u64::try_from(std::time::Duration::from(time).as_nanos()).unwrap_or(u64::MAX),
        // The kernel has had this clock since 2.6; there is no other answer to give.
        Err(_) => 0,
    }
}

/// Runs what the arguments name, if they name something that only ever runs inside a lab.
pub fn duty_of(arguments: &[String]) -> Option<std::process::ExitCode> {
    let [_, duty, rest @ ..] = arguments else { return None };
    match (duty.as_str(), rest) {
        ("init", []) => Some(init::main(&[])),
        ("init", [_name, cables @ ..]) => Some(init::main(cables)),
        ("agent", []) => Some(init::agent()),
        ("install", [from, to]) => Some(install(from, to)),
        ("capabilities", []) => Some(capabilities::main()),
        ("await", rest) => Some(await_ready::main(rest)),
        ("dns-lookup", [lookup]) => Some(dns_lookup::main(lookup)),
        ("echo", [echo]) => Some(echo::main(echo)),
        ("entry", [entry]) => Some(entry::main(entry)),
        ("frames", [frames]) => Some(frames::main(frames)),
        ("guest", [run]) => Some(guest::main(run)),
        ("ssh-enter", [enter]) => Some(ssh_enter::main(enter)),
        ("ssh-login", [login]) => Some(ssh_login::main(login)),
        ("systemctl", rest) => Some(std::process::ExitCode::from(u8::try_from(systemctl::main(rest)).unwrap_or(1))),
        ("vboxmanage", rest) => Some(std::process::ExitCode::from(vboxmanage::main(rest))),
        _ => None,
    }
}

/// Moves the program to its place on the helper volume, whole or not at all.
fn install(from: &str, to: &str) -> std::process::ExitCode {
    match std::fs::rename(from, to) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(err) => {
            // testcontainers shows it.
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{from} -> {to}: {err}\n"));
            std::process::ExitCode::FAILURE
        }
    }
}
