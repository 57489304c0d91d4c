//! PID 1 of an endpoint: hears the harness, does what it asks, reaps, and ends when it hears nothing more.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::task::LocalSet;

use super::child::Reaper;
use super::duty::Duties;
use super::harden::harden;
use super::message::{Answer, Key, Kind, Request, SILENCE_MOST, VERSION, encode_frame, read_request};
use super::monotonic_ns;
use super::nic::Cables;

/// Exit status when the harness closed the stream: the normal end of an endpoint.
const ENDED: u8 = 0;
/// Exit status when nothing was heard for [`SILENCE_MOST`].
const SILENCE: i32 = 9;
/// Exit status when the harness's side of the output is gone.
const DEAF: i32 = 8;
/// How long an endpoint waits for its first message.
const HELLO_MOST: Duration = Duration::from_secs(20);
/// The same of an agent, which an emulated machine may have started long before its port carries anything.
const AGENTS_HELLO_MOST: Duration = Duration::from_secs(600);
/// Frames waiting for the writer.
const WAITING_MOST: usize = 256;

/// Runs as PID 1 until the harness is gone. `cables` are the interfaces that are there already; the ends that the switch gets
/// came as descriptors, in the same order.
pub fn main(cables: &[String]) -> ExitCode {
    match Cables::inherited(cables).and_then(|cables| harden().map(|()| cables)) {
        Ok(cables) => run(cables, Some(SILENCE_MOST)),
        Err(err) => fail(&err),
    }
}

/// Runs beside another PID 1, in a virtual machine, until the harness says goodbye. Nobody watches it: a machine that was emulated too
/// slowly for a while is well all the same, and it ends with the endpoint that it is in.
pub fn agent() -> ExitCode {
    match harden() {
        Ok(()) => run(Cables::default(), None),
        Err(err) => fail(&err),
    }
}

fn run(cables: Cables, silence_most: Option<Duration>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return fail(&err),
    };
    match LocalSet::new().block_on(&runtime, serve(cables, silence_most)) {
        Ok(()) => ExitCode::from(ENDED),
        Err(err) => fail(&err),
    }
}

fn fail(err: &io::Error) -> ExitCode {
    // Whoever started this by hand sees it; nobody else listens.
    let _ = writeln!(io::stderr(), "saiten init: {err}");
    ExitCode::FAILURE
}

/// Sends frames to the harness, from any thread.
#[derive(Clone)]
pub struct Outbox {
    frames: SyncSender<Vec<u8>>,
}

impl Outbox {
    /// Sends a frame; blocks while the harness does not read.
    pub fn send(&self, key: Option<&Key>, kind: Kind, id: u64, body: &[u8]) {
        let frame = match encode_frame(key, kind, id, body) {
            Ok(frame) => frame,
            Err(err) => {
                let answer = serde_json::to_vec(&Answer::Failed(err.to_string())).unwrap_or_default();
                encode_frame(key, Kind::Answer, id, &answer).unwrap_or_default()
            }
        };
        // The writer ends the whole process when the harness is gone.
        let _ = self.frames.send(frame);
    }

    /// Sends an answer.
    pub fn answer(&self, key: Option<&Key>, id: u64, answer: &Answer) {
        let body = serde_json::to_vec(answer).unwrap_or_default();
        self.send(key, Kind::Answer, id, &body);
    }
}

/// Starts the writer; every thread of the helper is started before the first student can be there.
fn start_writer() -> io::Result<Outbox> {
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let (frames, waiting) = sync_channel::<Vec<u8>>(WAITING_MOST);
    std::thread::Builder::new().name("writer".into()).spawn(move || {
        while let Ok(frame) = waiting.recv() {
            if out.write_all(&frame).is_err() {
                std::process::exit(DEAF);
            }
        }
    })?;
    Ok(Outbox { frames })
}

/// Ends the process when the last message is too long ago. A thread of its own, so that no blocked request can stop it.
fn start_watch(heard: Arc<AtomicU64>, most: Duration) -> io::Result<()> {
    let limit = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    std::thread::Builder::new().name("watch".into()).spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(100));
            if monotonic_ns().saturating_sub(heard.load(Ordering::Relaxed)) > limit {
                std::process::exit(SILENCE);
            }
        }
    })?;
    Ok(())
}

async fn serve(cables: Cables, silence_most: Option<Duration>) -> io::Result<()> {
    let mut requests = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    let outbox = start_writer()?;
    let reaper = Reaper::default();
    tokio::task::spawn_local(reaper.clone().run());

    // The first message is the key's. An endpoint may start long before it is spoken to, but not for ever.
    let hello_most = if silence_most.is_some() { HELLO_MOST } else { AGENTS_HELLO_MOST };
    let Ok(first) = tokio::time::timeout(hello_most, read_request(&mut requests)).await else {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody spoke to this endpoint"));
    };
    let Some((id, first)) = first? else { return Ok(()) };
    let Request::Hello { version, key } = first else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "first message is not hello"));
    };
    let heard = Arc::new(AtomicU64::new(monotonic_ns()));
    if let Some(most) = silence_most {
        start_watch(heard.clone(), most)?;
    }
    if version != VERSION {
        let text =
            format!("harness speaks version {version} of the protocol, helper {VERSION}; remove the helper volume");
        outbox.answer(Some(&key), id, &Answer::Failed(text));
        return Ok(());
    }
    outbox.answer(Some(&key), id, &Answer::Hello { version: VERSION, monotonic_ns: monotonic_ns() });

    let duties = Rc::new(Duties::new(reaper, outbox.clone(), key.clone(), cables));
    while let Some((id, request)) = read_request(&mut requests).await? {
        heard.store(monotonic_ns(), Ordering::Relaxed);
        if request == Request::Bye {
            break;
        }
        let (duties, outbox, key) = (duties.clone(), outbox.clone(), key.clone());
        tokio::task::spawn_local(async move {
            let answer = duties.carry_out(id, request).await.unwrap_or_else(|err| Answer::Failed(err.to_string()));
            outbox.answer(Some(&key), id, &answer);
        });
    }
    Ok(())
}

/// A table that requests of one thread share.
pub type Table<K, V> = RefCell<HashMap<K, V>>;
