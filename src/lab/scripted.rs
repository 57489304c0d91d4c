//! A backend without machines: canned answers over the real protocol, and a log of all that was asked. For tests of the engine.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::sync::Notify;

use super::sources::ImageState;
use super::sweep::Swept;
use super::{Backend, ImageFacts, LabError, Machine, MachineSpec, Note, Streams};
use crate::fabric::counters::Counters;
use crate::helper::message::relay::Event;
use crate::helper::message::{
    Answer, Key, Kind, Offer, Offers, Ran, Request, RunSpec, VERSION, WireRequest, encode_frame, read_request,
};

/// How a scripted endpoint answers a command.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it takes; the command's own limit holds.
    pub takes: Duration,
    /// Whether the endpoint ends instead of answering.
    pub dies: bool,
}

impl Reply {
    /// Exit status 0, with this output.
    pub fn prints(stdout: impl Into<String>) -> Self {
        Reply { stdout: stdout.into(), ..Reply::default() }
    }

    /// This exit status, with this on standard error.
    pub fn fails(status: i32, stderr: impl Into<String>) -> Self {
        Reply { status, stderr: stderr.into(), ..Reply::default() }
    }
}

type Rule = Box<dyn Fn(&str, &str) -> Option<Reply>>;

/// The script: what endpoints answer, and what was asked of them.
#[derive(Default)]
pub struct Script {
    rules: RefCell<Vec<Rule>>,
    log: RefCell<Vec<String>>,
    refuses: RefCell<Vec<(String, String)>>,
    lacks: RefCell<Vec<String>>,
    counters: RefCell<Counters>,
    miscounts: RefCell<Vec<(String, String)>>,
    living: Cell<usize>,
}

impl Script {
    /// Answers commands for which `rule`, given the machine's name and the command line, has a reply. The first rule wins.
    pub fn answer(&self, rule: impl Fn(&str, &str) -> Option<Reply> + 'static) {
        self.rules.borrow_mut().push(Box::new(rule));
    }

    /// Lets the start of machines whose name contains `name` fail.
    pub fn refuse(&self, name: &str, reason: &str) {
        self.refuses.borrow_mut().push((name.to_owned(), reason.to_owned()));
    }

    /// Lets the machine lack a feature.
    pub fn lack(&self, feature: &str) {
        self.lacks.borrow_mut().push(feature.to_owned());
    }

    /// Sets what switches count.
    pub fn count(&self, counters: Counters) {
        *self.counters.borrow_mut() = counters;
    }

    /// Lets a filter of a network count a frame more at each look, which no capture holds.
    pub fn miscount(&self, network: &str, filter: &str) {
        self.miscounts.borrow_mut().push((network.to_owned(), filter.to_owned()));
    }

    /// The counters at one more look.
    fn look(&self) -> Counters {
        let mut counters = self.counters.borrow_mut();
        for (network, filter) in self.miscounts.borrow().iter() {
            counters.networks.entry(network.clone()).or_default().filters.entry(filter.clone()).or_default().frames +=
                1;
        }
        counters.clone()
    }

    /// What was asked, in order: `start x`, `run x: line`, `stop x`, …
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Machines that are still there.
    pub fn living(&self) -> usize {
        self.living.get()
    }

    fn note(&self, line: String) {
        self.log.borrow_mut().push(line);
    }

    fn reply(&self, machine: &str, line: &str) -> Reply {
        self.rules.borrow().iter().find_map(|rule| rule(machine, line)).unwrap_or_default()
    }
}

/// The backend.
#[derive(Clone, Default)]
pub struct Scripted {
    /// Its script.
    pub script: Rc<Script>,
}

#[async_trait(?Send)]
impl Backend for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn start(&self, spec: &MachineSpec) -> Result<Box<dyn Machine>, LabError> {
        let refused = self.script.refuses.borrow().iter().find(|(name, _)| spec.name.contains(name)).cloned();
        if let Some((_, reason)) = refused {
            self.script.note(format!("refuse {}", spec.name));
            return Err(LabError::backend(format!("cannot start endpoint `{}`", spec.name), reason));
        }
        self.script.note(format!("start {}", spec.name));
        self.script.living.set(self.script.living.get() + 1);
        let (ours, theirs) = duplex(1 << 20);
        let gone = Rc::new(Notify::new());
        let (input, output) = split(theirs);
        tokio::task::spawn_local(serve(self.script.clone(), spec.name.clone(), input, output, gone.clone()));
        let (output, input) = split(ours);
        let streams = Streams { input: Box::new(input), output: Box::new(output) };
        Ok(Box::new(Actor {
            name: spec.name.clone(),
            script: self.script.clone(),
            streams: RefCell::new(Some(streams)),
            gone,
            stopped: Cell::new(false),
        }))
    }

    async fn image(&self, name: &str, _note: &Note<'_>) -> Result<String, LabError> {
        Ok(format!("scripted/{name}"))
    }

    async fn describe(&self) -> Result<Vec<(String, String)>, LabError> {
        Ok(vec![("backend".to_owned(), "scripted".to_owned())])
    }

    async fn images(&self) -> Result<Vec<ImageState>, LabError> {
        Ok(Vec::new())
    }

    async fn save(&self, _file: &Path, _names: &[String]) -> Result<usize, LabError> {
        Ok(0)
    }

    async fn inspect(&self, _: &str) -> Result<Option<ImageFacts>, LabError> {
        Ok(None)
    }

    async fn load_as(&self, _file: &Path, _reference: &str, _most: u64) -> Result<(), LabError> {
        Ok(())
    }

    async fn forget(&self, _reference: &str) -> Result<(), LabError> {
        Ok(())
    }

    async fn load(&self, _file: &Path) -> Result<Vec<String>, LabError> {
        Ok(Vec::new())
    }

    async fn sweep(&self) -> Result<Swept, LabError> {
        Ok(Swept::default())
    }

    async fn sweep_dead(&self) -> Result<Swept, LabError> {
        Ok(Swept::default())
    }

    async fn offers(&self) -> Result<Offers, LabError> {
        let lacks = self.script.lacks.borrow();
        let offer = |feature: &str| Offer {
            feature: feature.to_owned(),
            there: !lacks.iter().any(|lack| lack == feature),
            detail: "the script says so".to_owned(),
        };
        let features = ["tun", "ipv6", "kernel-esp", "conntrack", "nat"].into_iter().map(offer).collect();
        Ok(Offers { features, ..Offers::default() })
    }
}

struct Actor {
    name: String,
    script: Rc<Script>,
    streams: RefCell<Option<Streams>>,
    gone: Rc<Notify>,
    stopped: Cell<bool>,
}

#[async_trait(?Send)]
impl Machine for Actor {
    fn id(&self) -> &str {
        &self.name
    }

    fn streams(&self) -> Option<Streams> {
        self.streams.borrow_mut().take()
    }

    fn last_words(&self) -> String {
        String::new()
    }

    async fn stop(&self) -> Result<(), LabError> {
        if !self.stopped.replace(true) {
            self.script.note(format!("stop {}", self.name));
            self.script.living.set(self.script.living.get() - 1);
            self.gone.notify_one();
        }
        Ok(())
    }
}

async fn serve(
    script: Rc<Script>,
    name: String,
    mut requests: ReadHalf<DuplexStream>,
    output: WriteHalf<DuplexStream>,
    gone: Rc<Notify>,
) {
    let output = Rc::new(tokio::sync::Mutex::new(output));
    let mut key = None;
    loop {
        let read = tokio::select! {
            read = read_request(&mut requests) => read,
            () = gone.notified() => return,
        };
        let Ok(Some((id, request))) = read else { return };
        if let Request::Hello { key: fresh, .. } = &request {
            key = Some(fresh.clone());
        }
        if request == Request::Bye {
            return;
        }
        if let Request::Relay { listen } = &request {
            // Answered by nothing more than this: nobody ever comes.
            script.note(format!("relay {name}: {} ports", listen.len()));
            send(&output, key.as_ref(), Kind::Stream, id, &Event::Listening.encode()).await;
            continue;
        }
        let (script, name, output, key, gone) =
            (script.clone(), name.clone(), output.clone(), key.clone(), gone.clone());
        tokio::task::spawn_local(async move {
            match answer(&script, &name, request).await {
                Some(answer) => {
                    let body = serde_json::to_vec(&answer).unwrap_or_default();
                    send(&output, key.as_ref(), Kind::Answer, id, &body).await;
                }
                None => gone.notify_one(),
            }
        });
    }
}

async fn send(
    output: &tokio::sync::Mutex<WriteHalf<DuplexStream>>,
    key: Option<&Key>,
    kind: Kind,
    id: u64,
    body: &[u8],
) {
    if let Ok(frame) = encode_frame(key, kind, id, body) {
        // The harness may have gone: a test's end.
        let _ = output.lock().await.write_all(&frame).await;
    }
}

/// The answer, or none when the endpoint dies of the request.
async fn answer(script: &Script, name: &str, request: Request) -> Option<Answer> {
    Some(match request {
        Request::Hello { .. } => Answer::Hello { version: VERSION, monotonic_ns: 0 },
        Request::Run(spec) => return run(script, name, &spec).await,
        Request::Tail { path, .. } => Answer::Output(script.reply(name, &format!("tail {path}")).stdout),
        Request::NicLosses => Answer::NicLosses(Vec::new()),
        Request::Nics { .. } => {
            script.note(format!("nics {name}"));
            Answer::Done
        }
        Request::Wire(WireRequest::Counters) => Answer::Counters(Box::new(script.counters.borrow().clone())),
        Request::Wire(WireRequest::Sync) => {
            let counters = Box::new(script.look());
            Answer::Synced { captured: Vec::new(), counters, epoch_offset_ns: 0, monotonic_ns: 0 }
        }
        Request::Wire(WireRequest::Seal) => {
            script.note(format!("seal {name}"));
            Answer::Done
        }
        _ => Answer::Done,
    })
}

async fn run(script: &Script, name: &str, spec: &RunSpec) -> Option<Answer> {
    let line = match spec.argv.as_slice() {
        [shell, flag, line] if shell == "/bin/sh" && flag == "-c" => line.clone(),
        argv => argv.join(" "),
    };
    script.note(format!("run {name}: {line}"));
    let reply = script.reply(name, &line);
    let limit = Duration::from_millis(spec.limit_ms);
    tokio::time::sleep(reply.takes.min(limit)).await;
    if reply.dies {
        return None;
    }
    let timed_out = reply.takes > limit;
    Some(Answer::Ran(Ran {
        status: if timed_out { 137 } else { reply.status },
        timed_out,
        stdout: reply.stdout,
        stderr: reply.stderr,
        took_ns: u64::try_from(reply.takes.min(limit).as_nanos()).unwrap_or(u64::MAX),
        ..Ran::default()
    }))
}
