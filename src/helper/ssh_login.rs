//! Duty `ssh-login`: a login through libssh2, each phase timed. A process of its own, since libssh2 blocks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ssh2::Session;

use super::message::{SshLogin, SshLoginDone};
use super::monotonic_ns;

/// Logs in as the JSON argument says and prints a [`SshLoginDone`] as JSON.
pub fn main(argument: &str) -> ExitCode {
    let login: SshLogin = match serde_json::from_str(argument) {
        Ok(login) => login,
        Err(err) => {
            let _ = writeln!(std::io::stderr(), "saiten ssh-login: {err}");
            return ExitCode::from(2);
        }
    };
    let mut done = SshLoginDone { started_ns: monotonic_ns(), ..SshLoginDone::default() };
    if let Err(reason) = log_in(&login, &mut done.phases) {
        done.failed = Some(reason);
    }
    let printed = serde_json::to_writer(std::io::stdout(), &done);
    if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn log_in(login: &SshLogin, phases: &mut Vec<(String, u64)>) -> Result<(), String> {
    let limit = Duration::from_millis(login.limit_ms.into());
    let mut last = Instant::now();
    let mut done = |phase: &str| {
        let now = Instant::now();
        phases.push((phase.to_owned(), u64::try_from((now - last).as_nanos()).unwrap_or(u64::MAX)));
        last = now;
    };
    let tcp = TcpStream::connect_timeout(&login.server, limit).map_err(|err| format!("connect: {err}"))?;
    done("connect");
    // Without this the key exchange carries 40 ms of Nagle and delayed acknowledgement (RFC 896, RFC 1122 §4.2.3.2).
    tcp.set_nodelay(true).and_then(|()| tcp.set_read_timeout(Some(limit))).map_err(|err| err.to_string())?;
    let mut banner = [0; 255];
    let read = tcp.peek(&mut banner).map_err(|err| format!("banner: {err}"))?;
    if !banner[..read].starts_with(b"SSH-2.0") {
        return Err(format!("no SSH-2.0 banner (RFC 4253 §4.2) but {:?}", String::from_utf8_lossy(&banner[..read])));
    }
    done("banner");
    let failed = |phase: &'static str| move |err: ssh2::Error| format!("{phase}: {err}");
    let mut session = Session::new().map_err(failed("session"))?;
    session.set_timeout(login.limit_ms);
    session.set_tcp_stream(tcp);
    session.handshake().map_err(failed("key exchange"))?;
    done("kex");
    // The first authentication request, "none" (RFC 4252 §5.2): here sshd looks the client's name up.
    session.auth_methods(&login.user).map_err(failed("first authentication request"))?;
    done("first_reply");
    session.userauth_pubkey_file(&login.user, None, Path::new(&login.key), None).map_err(failed("authentication"))?;
    done("auth");
    let mut channel = session.channel_session().map_err(failed("session"))?;
    done("session");
    channel.exec("echo saiten").map_err(failed("command"))?;
    let mut first = [0; 1];
    channel.read_exact(&mut first).map_err(|err| format!("first byte: {err}"))?;
    done("first_byte");
    Ok(())
}
