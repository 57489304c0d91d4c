//! The shell of a live machine: over the system's own `ssh`, so that known hosts, jumps and options are those of whoever verifies.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::LabError;
use super::live::{Identity, Live, Reach};
use super::shell::Shell;
use crate::helper::message::Ran;

/// Most bytes kept of each output of a line.
const OUTPUT_MOST: u64 = 1 << 20;
/// Exit status of `ssh` when it could not even run the line (ssh(1)).
const NO_LOGIN: i32 = 255;
/// Port of sshd.
const PORT: u16 = 22;
/// Reads the line whole before it runs, so that no command of it reads the rest, whatever shell the user has.
/// Not as an argument of another shell: that would end at 128 KiB (execve(2)), which files that are put back exceed.
const READER: &str = r#"/bin/sh -c 'line=$(cat); exec </dev/null; eval "$line"'"#;
const OPTIONS: [&str; 6] = [
    // Nobody is there to answer.
    "BatchMode=yes",
    // A key that is known and has changed is refused; one that is seen for the first time is kept, as `ssh` itself would ask.
    "StrictHostKeyChecking=accept-new",
    "ConnectTimeout=10",
    // A machine that hangs in the middle is given up after 15 seconds.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
];

/// A live machine, as its owner lets its verifier in.
pub struct Remote {
    endpoint: String,
    host: String,
    arguments: Vec<String>,
    // Gone with this.
    _key: Option<NamedTempFile>,
}

impl Remote {
    /// The shell of a live machine in the endpoint's place.
    ///
    /// # Errors
    /// A key that cannot be put where only `ssh` finds it.
    pub fn of(endpoint: &str, live: &Live, reach: &Reach) -> Result<Self, LabError> {
        let key = reach
            .identity
            .as_ref()
            .map(kept)
            .transpose()
            .map_err(|source| LabError::Own { what: "cannot keep the key for ssh".to_owned(), source })?;
        let user = live.host.user.as_deref().unwrap_or("root");
        let own = live.ports.iter().find(|(declared, _)| declared.port == PORT);
        let mut arguments: Vec<String> = vec!["-T".to_owned(), "-x".to_owned(), "-a".to_owned()];
        for option in OPTIONS {
            arguments.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(key) = &key {
            arguments.extend(["-o".to_owned(), "IdentitiesOnly=yes".to_owned()]);
            arguments.extend(["-i".to_owned(), key.path().to_string_lossy().into_owned()]);
        }
        if let Some(file) = &reach.known_hosts {
            arguments.extend(["-o".to_owned(), format!("UserKnownHostsFile={}", file.display())]);
        }
        let port = own.map_or(PORT, |(_, port)| *port);
        arguments.extend(["-p".to_owned(), port.to_string(), "-l".to_owned(), user.to_owned()]);
        // The address that was looked up once, and is that of the relay, too.
        arguments.extend(["--".to_owned(), live.address.to_string()]);
        let sudo = if user == "root" { "exec" } else { "exec sudo -n" };
        arguments.push(format!("{sudo} {READER}"));
        Ok(Remote { endpoint: endpoint.to_owned(), host: live.host.to_string(), arguments, _key: key })
    }

    fn failed(&self, reason: &str) -> LabError {
        let reason = reason.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ");
        LabError::Endpoint {
            endpoint: self.endpoint.clone(),
            what: format!("cannot run anything on {}", self.host),
            reason: format!("ssh: {}", reason.chars().take(600).collect::<String>()),
        }
    }
}

#[async_trait(?Send)]
impl Shell for Remote {
    async fn run(&self, line: &str, limit: Duration) -> Result<Ran, LabError> {
        let started = Instant::now();
        let mut command = Command::new("ssh");
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The terminal's Ctrl-C is Saiten's: what goes on over there is to be put back first.
        command.process_group(0).kill_on_drop(true);
        let mut child =
            command.spawn().map_err(|err| self.failed(&format!("{err}; is OpenSSH's client installed?")))?;
        let (mut input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let talk = async {
            if let Some(input) = &mut input {
                // A login that fails closes it; what `ssh` says tells more.
                let _ = input.write_all(line.as_bytes()).await;
            }
            drop(input.take());
            let (stdout, stderr) = tokio::join!(read(output), read(errors));
            (stdout, stderr, child.wait().await)
        };
        let Ok((stdout, stderr, status)) = tokio::time::timeout(limit, talk).await else {
            let took_ns = nanoseconds(started.elapsed());
            return Ok(Ran { status: NO_LOGIN, timed_out: true, took_ns, ..Ran::default() });
        };
        let status = status.map_err(|err| self.failed(&err.to_string()))?.code().unwrap_or(NO_LOGIN);
        if status == NO_LOGIN && stdout.is_empty() {
            return Err(self.failed(&stderr));
        }
        Ok(Ran { status, stdout, stderr, took_ns: nanoseconds(started.elapsed()), ..Ran::default() })
    }
}

/// Reads to the end, and keeps no more than the bound.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    // What cannot be read is as if it had not been said; the status tells.
    let _ = (&mut stream).take(OUTPUT_MOST).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&kept).into_owned()
}

fn kept(identity: &Identity) -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(identity.text().as_bytes())?;
    file.flush()?;
    Ok(file)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::scenario::ServicePort;
    use crate::scenario::Transport;
    use crate::scenario::host::Host;

    /// The shell of a machine that listens at this port of loopback.
    fn shell(port: u16) -> Remote {
        let host = Host::parse(&format!("alice@127.0.0.1:{port}")).unwrap();
        let ports = vec![(ServicePort { transport: Transport::Tcp, port: 22 }, port)];
        let live = Live { host, address: "127.0.0.1".parse().unwrap(), ports };
        let reach = Reach { known_hosts: Some("/dev/null".into()), ..Reach::default() };
        Remote::of("server", &live, &reach).unwrap()
    }

    #[tokio::test]
    async fn nobody_there_is_told_with_the_address_and_one_that_hangs_is_ended_at_the_limit() {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = shell(nobody).run("true", Duration::from_secs(20)).await.unwrap_err().chain();
        assert!(refused.contains("alice@127.0.0.1") && refused.contains("refused"), "{refused}");
        // Takes the connection, and never says a word.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        thread::spawn(move || silent.incoming().flatten().for_each(std::mem::forget));
        let ran = shell(port).run("true", Duration::from_millis(300)).await.unwrap();
        assert!(ran.timed_out && ran.status != 0, "{ran:?}");
    }

    #[test]
    fn no_argument_can_become_an_option_and_no_key_is_among_them() {
        let shell = shell(2222);
        let end = shell.arguments.iter().position(|argument| argument == "--").unwrap();
        assert_eq!(shell.arguments[end + 1], "127.0.0.1");
        assert!(shell.arguments[end + 2].starts_with("exec sudo -n /bin/sh"), "{:?}", shell.arguments);
        assert!(shell.arguments.windows(2).any(|two| two == ["-p", "2222"]));
    }
}
