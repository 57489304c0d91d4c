//! The way into a kept lab from another process: a socket that only its user can open, for shells and for the end.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::event::LabName;
use crate::helper::message::{Answer, Request};
use crate::lab::topology::Lab;

/// Longest message through a door, in bytes.
const MESSAGE_MOST: usize = 64 << 10;

/// What a caller asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Names of the endpoints.
    Endpoints,
    /// A shell in an endpoint.
    Shell {
        /// Which endpoint.
        endpoint: String,
        /// Program and arguments.
        argv: Vec<String>,
        /// Rows and columns of the caller's terminal.
        size: (u16, u16),
    },
    /// Bytes typed into the shell.
    Typed(Vec<u8>),
    /// The caller's terminal has another size now.
    Size((u16, u16)),
    /// The lab is to go down.
    Down,
}

/// What the lab says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Names of the endpoints.
    Endpoints(Vec<String>),
    /// Output of the shell.
    Output(Vec<u8>),
    /// The shell ended with this status.
    Ended(i32),
    /// The lab goes down.
    Down,
    /// It cannot be done.
    Failed(String),
}

/// The name under which a lab's door is found.
pub fn name_of(lab: &LabName) -> String {
    format!("{}-{}", lab.scenario.replace('/', "-"), lab.arm.dir())
}

/// Sends one message.
///
/// # Errors
/// A caller or lab that is gone.
pub async fn send(stream: &mut (impl AsyncWriteExt + Unpin), message: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&bytes).await
}

/// Receives one message; `None` at the end.
///
/// # Errors
/// A message that is too long or none.
pub async fn receive<T: for<'de> Deserialize<'de>>(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Option<T>> {
    let length = match stream.read_u32().await {
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        length => usize::try_from(length?).unwrap_or(usize::MAX),
    };
    if length > 8 * MESSAGE_MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "message is too long"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Names of the doors in `dir` behind which a lab answers; sockets that nobody listens on any more are removed.
pub async fn find(dir: &Path) -> Vec<(String, PathBuf)> {
    let mut doors = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".sock")).map(str::to_owned)
        else {
            continue;
        };
        match UnixStream::connect(&path).await {
            Ok(_) => doors.push((name, path)),
            // Left by a killed process; whoever listens there again makes it anew.
            Err(err) if err.kind() == io::ErrorKind::ConnectionRefused => drop(fs::remove_file(&path)),
            Err(_) => {}
        }
    }
    doors.sort();
    doors
}

/// An open door.
pub struct Door {
    path: PathBuf,
    listener: UnixListener,
}

impl Drop for Door {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = fs::remove_file(&self.path);
    }
}

impl Door {
    /// Opens a door in `dir`, which is made for this user only.
    ///
    /// # Errors
    /// A directory that others own or can enter, or a lab of this name that is already up.
    pub fn open(dir: &Path, name: &str) -> io::Result<Self> {
        if !dir.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let data = fs::metadata(dir)?;
        if data.uid() != nix::unistd::geteuid().as_raw() || data.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "directory is open to others"));
        }
        let path = dir.join(format!("{name}.sock"));
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "this lab is already up; end it with `saiten down`"));
        }
        // A socket that nobody listens on: left by a killed process.
        let _ = fs::remove_file(&path);
        Ok(Door { listener: UnixListener::bind(&path)?, path })
    }

    /// Serves callers until one asks for the end.
    pub async fn serve(&self, lab: &Lab) {
        let mut callers = futures_util::stream::FuturesUnordered::new();
        loop {
            tokio::select! {
                Ok((stream, _)) = self.listener.accept() => callers.push(answer(stream, lab)),
                Some(down) = futures_util::StreamExt::next(&mut callers) => if down { return },
                else => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Serves one caller; true when it asked for the end. Its own errors are its own.
async fn answer(mut stream: UnixStream, lab: &Lab) -> bool {
    match receive(&mut stream).await {
        Ok(Some(Call::Endpoints)) => {
            let _ = send(&mut stream, &Reply::Endpoints(lab.endpoints())).await;
        }
        Ok(Some(Call::Down)) => {
            let _ = send(&mut stream, &Reply::Down).await;
            return true;
        }
        Ok(Some(Call::Shell { endpoint, argv, size })) => {
            if let Err(err) = run_shell(&mut stream, lab, &endpoint, argv, size).await {
                let _ = send(&mut stream, &Reply::Failed(err)).await;
            }
        }
        _ => {}
    }
    false
}

async fn run_shell(
    stream: &mut UnixStream,
    lab: &Lab,
    endpoint: &str,
    argv: Vec<String>,
    size: (u16, u16),
) -> Result<(), String> {
    let line = lab.line(endpoint).map_err(|err| err.to_string())?;
    let mut shell = line.open_stream(&Request::Shell { argv, size }).map_err(|err| err.to_string())?;
    let (from_caller, mut to_caller) = stream.split();
    // As a stream, a half-read message survives that something else happens first.
    let calls = futures_util::stream::unfold(from_caller, |mut stream| async {
        let call = receive::<Call>(&mut stream).await.ok().flatten()?;
        Some((call, stream))
    });
    let mut calls = std::pin::pin!(calls);
    loop {
        tokio::select! {
            Some(bytes) = shell.output.recv() => {
                send(&mut to_caller, &Reply::Output(bytes)).await.map_err(|err| err.to_string())?;
            }
            ended = &mut shell.answer => {
                while let Ok(bytes) = shell.output.try_recv() {
                    send(&mut to_caller, &Reply::Output(bytes)).await.map_err(|err| err.to_string())?;
                }
                return match ended {
                    Ok(Answer::ShellEnded(status)) => send(&mut to_caller, &Reply::Ended(status)).await.map_err(|err| err.to_string()),
                    Ok(Answer::Failed(reason)) => Err(reason),
                    _ => Err(format!("endpoint `{endpoint}` ended")),
                };
            }
            call = futures_util::StreamExt::next(&mut calls) => {
                let request = match call {
                    Some(Call::Typed(bytes)) => Request::ShellInput { shell: shell.id, bytes },
                    Some(Call::Size(size)) => Request::ShellSize { shell: shell.id, size },
                    // The caller hung up: so does its terminal.
                    _ => {
                        let end_of_input = Request::ShellInput { shell: shell.id, bytes: vec![4] };
                        return line.quick(end_of_input).await.map(drop).map_err(|err| err.to_string());
                    }
                };
                // A shell that has just ended takes no more input; its end comes as the answer.
                let _ = line.quick(request).await;
            }
        }
    }
}
