//! Duty `ssh-enter`: logs into a virtual machine of this endpoint over SSH and runs a shell text there as root, with sudo where need be. A
//! process of its own, since libssh2 blocks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use ssh2::{Channel, KeyboardInteractivePrompt, Prompt, Session};

use super::answer;
use super::message::{SshEnter, SshEntered};

/// Most bytes of a text's output that are kept; the rest is not waited for.
const OUTPUT_MOST: u64 = 16 << 10;
/// Longest secret, in bytes.
const SECRET_MOST: u64 = 16 << 10;

/// Does what the argument, a [`SshEnter`] as JSON, says, and prints a [`SshEntered`].
pub fn main(argument: &str) -> ExitCode {
    answer::answer(argument, enter, SshEntered::Nobody)
}

fn enter(enter: &SshEnter) -> SshEntered {
    let secrets = secret(enter.key.as_deref()).and_then(|key| Ok((key, secret(enter.password.as_deref())?)));
    let (key, password) = match secrets {
        Ok(secrets) => secrets,
        Err(why) => return SshEntered::Nobody(why),
    };
    let session = match greet(enter) {
        Ok(session) => session,
        Err(why) => return SshEntered::Nobody(why),
    };
    let password = password.as_deref().map(|text| text.lines().next().unwrap_or_default());
    let let_in = match key {
        Some(key) => session.userauth_pubkey_memory(&enter.user, None, &key, None),
        None => with_password(&session, &enter.user, password.unwrap_or_default()),
    };
    if let Err(err) = let_in {
        return SshEntered::Refused(err.to_string());
    }
    run_as_root(&session, password, &enter.text).unwrap_or_else(|err| SshEntered::NotRoot(err.to_string()))
}

fn secret(path: Option<&str>) -> Result<Option<String>, String> {
    let Some(path) = path else { return Ok(None) };
    let mut text = String::new();
    let file = std::fs::File::open(path).and_then(|file| file.take(SECRET_MOST).read_to_string(&mut text));
    file.map(|_| Some(text)).map_err(|err| format!("{path}: {err}"))
}

/// Up to the end of the key exchange. The host key is whatever it is: nobody else is on this wire, and what is on trial is the machine.
fn greet(enter: &SshEnter) -> Result<Session, String> {
    let limit = Duration::from_millis(enter.limit_ms.into());
    let tcp = TcpStream::connect_timeout(&enter.server, limit).map_err(|err| format!("connect: {err}"))?;
    tcp.set_nodelay(true).map_err(|err| err.to_string())?;
    let mut session = Session::new().map_err(|err| err.to_string())?;
    session.set_timeout(enter.limit_ms);
    session.set_tcp_stream(tcp);
    session.handshake().map_err(|err| format!("key exchange: {err}"))?;
    Ok(session)
}

/// As password, or as the answer to whatever is asked (RFC 4256), which is how PAM's own prompts come.
fn with_password(session: &Session, user: &str, password: &str) -> Result<(), ssh2::Error> {
    let methods = session.auth_methods(user)?.to_owned();
    let methods: Vec<&str> = methods.split(',').collect();
    if methods.contains(&"password") {
        return session.userauth_password(user, password);
    }
    session.userauth_keyboard_interactive(user, &mut Answers(password))
}

struct Answers<'a>(&'a str);

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt<'a>(&mut self, _username: &str, _instructions: &str, prompts: &[Prompt<'a>]) -> Vec<String> {
        prompts.iter().map(|_| self.0.to_owned()).collect()
    }
}

fn run_as_root(session: &Session, password: Option<&str>, text: &str) -> std::io::Result<SshEntered> {
    let (asked, said) = run(session, "id -u", "")?;
    if said.trim() == "0" {
        return run(session, "/bin/sh -s", text).map(|(_, output)| SshEntered::Ran(output));
    }
    let (asks_nothing, _) = run(session, "sudo -n true", "")?;
    if asks_nothing == 0 {
        return run(session, "sudo -n /bin/sh -s", text).map(|(_, output)| SshEntered::Ran(output));
    }
    let Some(password) = password else {
        let why = format!("`id -u` says {:?} with status {asked}, and sudo wants a password", said.trim());
        return Ok(SshEntered::NotRoot(why));
    };
    // sudo reads no further than its line.
    match run(session, "sudo -k -S -p '' /bin/sh -s", &format!("{password}\n{text}"))? {
        (0, output) => Ok(SshEntered::Ran(output)),
        (status, _) => Ok(SshEntered::NotRoot(format!("sudo ends with status {status}"))),
    }
}

/// Runs a command with an input; its status and the first of its output.
fn run(session: &Session, command: &str, input: &str) -> std::io::Result<(i32, String)> {
    let mut channel: Channel = session.channel_session()?;
    channel.exec(command)?;
    channel.write_all(input.as_bytes())?;
    channel.send_eof()?;
    let mut output = String::new();
    (&mut channel).take(OUTPUT_MOST).read_to_string(&mut output)?;
    channel.close()?;
    channel.wait_close()?;
    Ok((channel.exit_status()?, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ssh_server_is_nobody_and_no_secret_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        std::fs::write(&secret, "correct horse\n").unwrap();
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        std::thread::spawn(move || server.accept().unwrap().0.write_all(b"220 mail\r\n"));
        let asked = SshEnter {
            server: address,
            user: "root".to_owned(),
            key: None,
            password: Some(secret.display().to_string()),
            text: "true".to_owned(),
            limit_ms: 500,
        };
        let SshEntered::Nobody(why) = enter(&asked) else { panic!() };
        assert!(why.contains("key exchange") && !why.contains("horse"), "{why}");
        let missing = SshEnter { key: Some("/nowhere".to_owned()), ..asked };
        assert!(matches!(enter(&missing), SshEntered::Nobody(why) if why.contains("/nowhere")));
    }
}
