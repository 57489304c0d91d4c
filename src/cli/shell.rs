//! `saiten shell`: the caller's terminal, connected to one in an endpoint.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use nix::sys::termios::{self, SetArg, Termios};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

use super::{CommandError, Context, block_on, up};
use crate::run::door::{self, Call, Reply};
use crate::wording::{Phrase, say};

/// Arguments of `saiten shell`.
#[derive(clap::Args)]
pub struct Args {
    /// Lab, as `saiten up` named it, or the scenario's id
    lab: String,
    /// Endpoint
    endpoint: String,
    /// Command to run instead of a shell
    #[arg(last = true)]
    command: Vec<String>,
}

/// Rows and columns where nobody says otherwise.
const SIZE: (u16, u16) = (24, 80);

/// Opens a shell; its exit status is ours.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    block_on(async {
        let doors = door::find(&context.around.runtime_dir).await;
        let wanted: Vec<_> = doors.iter().filter(|(name, _)| up::matches(name, &args.lab)).collect();
        let [(_, path)] = wanted.as_slice() else {
            let names: Vec<&str> = doors.iter().map(|(name, _)| name.as_str()).collect();
            let phrase = Phrase::new("shell-which-lab").with("lab", &args.lab).with("labs", names.join(", "));
            return Err(CommandError::Wrong(phrase.say(context.lang)));
        };
        let mut stream = UnixStream::connect(path).await?;
        let shell = ["/bin/sh", "-c", "exec $(command -v bash || echo /bin/sh) -l"].map(str::to_owned);
        let argv = if args.command.is_empty() { shell.to_vec() } else { args.command.clone() };
        let call = Call::Shell { endpoint: args.endpoint.clone(), argv, size: terminal_size().unwrap_or(SIZE) };
        door::send(&mut stream, &call).await?;
        let _raw = Raw::enter();
        converse(stream, context).await
    })?
}

async fn converse(stream: UnixStream, context: &Context) -> Result<u8, CommandError> {
    let (mut from_lab, mut to_lab) = stream.into_split();
    // Typing is a task of its own: a half-sent message must not be dropped because output comes.
    let typing = tokio::task::spawn_local(async move {
        let mut stdin = tokio::io::stdin();
        let mut resized = signal(SignalKind::window_change())?;
        let mut buffer = [0; 1024];
        loop {
            let call = tokio::select! {
                read = stdin.read(&mut buffer) => match read? {
                    // End of input: what Ctrl-D types.
                    0 => {
                        door::send(&mut to_lab, &Call::Typed(vec![4])).await?;
                        std::future::pending::<()>().await;
                        return Ok::<(), io::Error>(());
                    }
                    read => Call::Typed(buffer[..read].to_vec()),
                },
                _ = resized.recv() => Call::Size(terminal_size().unwrap_or(SIZE)),
            };
            door::send(&mut to_lab, &call).await?;
        }
    });
    let status = loop {
        match door::receive::<Reply>(&mut from_lab).await? {
            Some(Reply::Output(bytes)) => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes)?;
                out.flush()?;
            }
            Some(Reply::Ended(status)) => break Ok(u8::try_from(status).unwrap_or(1)),
            Some(Reply::Failed(reason)) => break Err(CommandError::Wrong(crate::clean::clean(&reason))),
            Some(_) => {}
            None => break Err(CommandError::Wrong(say(context.lang, "shell-lab-gone"))),
        }
    };
    typing.abort();
    status
}

fn terminal_size() -> Option<(u16, u16)> {
    console::Term::stdout().size_checked()
}

/// The terminal in raw mode, until dropped: keys go to the lab one by one, Ctrl-C too.
struct Raw(Option<Termios>);

impl Raw {
    fn enter() -> Self {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Raw(None);
        }
        let Ok(saved) = termios::tcgetattr(stdin.as_fd()) else { return Raw(None) };
        let mut raw = saved.clone();
        termios::cfmakeraw(&mut raw);
        // A terminal that refuses stays as it is: the shell still works, line by line.
        let _ = termios::tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &raw);
        Raw(Some(saved))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(saved) = &self.0 {
            let _ = termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, saved);
        }
    }
}
