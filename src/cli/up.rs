//! `saiten up` and `saiten down`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::net::UnixStream;

use super::{CommandError, Context, block_on, desk, prove, run, run_id};
use crate::arm::ArmName;
use crate::event::{Announcer, Event, EventKind, LabName, Listener};
use crate::evidence::Outcome;
use crate::report;
use crate::run::door::{self, Call, Reply};
use crate::wording::{Phrase, say};

/// Arguments of `saiten up`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenario by id or path
    scenario: String,
    /// Which fixes are applied: omitted, applied, only:<fix>, without:<fix>, set:<fix>+<fix>; or submission:<name>, a known one
    #[arg(long, default_value = "omitted")]
    arm: ArmName,
    /// Keeps the distribution's own resolver time-outs instead of compressing them
    #[arg(long)]
    realtime: bool,
    /// Stays in the foreground until Ctrl-C
    #[arg(long)]
    foreground: bool,
}

/// Arguments of `saiten down`.
#[derive(clap::Args)]
pub struct DownArgs {
    /// Lab to end, as `saiten up` named it; all when none is named
    lab: Option<String>,
}

/// The line by which the process that keeps a lab says that it is up.
const UP: &str = "saiten-lab-is-up";
/// How long a lab may take to go down.
const DOWN: Duration = Duration::from_secs(40);

/// Brings a lab up.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let mut read = place.read_with_submissions(std::slice::from_ref(&args.scenario), context)?;
    let Some((scenario, _, submissions)) = read.first_mut() else { return Ok(0) };
    let known = std::mem::take(submissions);
    if let ArmName::Submission(name) = &args.arm {
        submissions.push(prove::submission(scenario, name, known)?);
    }
    if let ArmName::Mutant(name) = &args.arm {
        return Err(CommandError::Wrong(format!(
            "mutants such as `{name}` are made by `saiten prove` and by nobody else"
        )));
    }
    let fixes: Vec<&str> = scenario.fixes.iter().map(|fix| fix.action.name.as_str()).collect();
    if let Some(unknown) = args.arm.mentioned().iter().find(|fix| !fixes.contains(&fix.as_str())) {
        let text = format!("scenario {} has no fix `{unknown}`; it has {}", scenario.id, fixes.join(", "));
        return Err(CommandError::Wrong(text));
    }
    let lab = LabName { scenario: scenario.id.clone(), arm: args.arm.clone() };
    if !args.foreground {
        return in_background(context, &lab, &scenario.endpoints.keys().cloned().collect::<Vec<_>>());
    }
    desk::sweep();
    let dir = desk::make()?;
    let options = run::up_options(run_id()?, args.arm.clone(), args.realtime, dir.path().to_owned(), context);
    let listeners: Vec<Box<dyn Listener>> = vec![
        Box::new(report::terminal::live(context.around.live, context.around.error_color, context.lang)),
        Box::new(SaysUp),
    ];
    let wanted = context.wanted(&options.id, place.containers())?;
    let done = run::carry_out(read, None, options, &wanted, Announcer::new(listeners), false)?;
    for arm in done.scenarios.iter().flat_map(|(_, arms)| arms) {
        match &arm.outcome {
            Outcome::Error { message, phase } => {
                let what = format!("{lab} ({})", phase.name());
                return Err(crate::lab::LabError::backend(what, message).into());
            }
            Outcome::Unsupported { reason } => return Err(CommandError::Wrong(reason.say(context.lang))),
            Outcome::Measured | Outcome::Interrupted => {}
        }
    }
    Ok(0)
}

/// Tells the process that waits for the lab.
struct SaysUp;

impl Listener for SaysUp {
    fn name(&self) -> String {
        "standard output".to_owned()
    }

    fn hear(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Kept { door, .. } => writeln!(io::stdout(), "{UP} {door}"),
            _ => Ok(()),
        }
    }
}

/// Starts the process that keeps the lab, and waits until the lab is up or the process has ended.
fn in_background(context: &Context, lab: &LabName, endpoints: &[String]) -> Result<u8, CommandError> {
    let program = context
        .around
        .program
        .clone()
        .ok_or_else(|| CommandError::Wrong("cannot find this program's file".to_owned()))?;
    let mut keeper = Command::new(program);
    keeper.args(std::env::args_os().skip(1)).arg("--foreground");
    // A group of its own: Ctrl-C on this terminal is not meant for a lab that stays.
    // Its streams are pipes of ours, so that whoever waits for the end of our output does not wait for the lab's.
    keeper.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut keeper = keeper.spawn()?;
    let relayed =
        keeper.stderr.take().map(|mut progress| std::thread::spawn(move || io::copy(&mut progress, &mut io::stderr())));
    let mut line = String::new();
    if let Some(stdout) = keeper.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let Some(door) = line.trim().strip_prefix(UP).map(str::trim) else {
        let status = keeper.wait()?;
        // What it said last is why.
        let _ = relayed.map(std::thread::JoinHandle::join);
        return Ok(u8::try_from(status.code().unwrap_or(3)).unwrap_or(3));
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", Phrase::new("up-is-up").with("lab", lab).with("name", door).say(context.lang))?;
    for endpoint in endpoints {
        writeln!(out, "  saiten shell {door} {endpoint}")?;
    }
    writeln!(out, "{}", Phrase::new("up-how-to-end").with("name", door).say(context.lang))?;
    Ok(0)
}

/// Ends labs.
pub fn down(args: &DownArgs, context: &Context) -> Result<u8, CommandError> {
    block_on(async {
        let doors = door::find(&context.around.runtime_dir).await;
        let wanted: Vec<_> =
            doors.into_iter().filter(|(name, _)| args.lab.as_ref().is_none_or(|lab| matches(name, lab))).collect();
        if wanted.is_empty() {
            return match &args.lab {
                Some(lab) => Err(CommandError::Wrong(Phrase::new("down-unknown").with("lab", lab).say(context.lang))),
                None => {
                    writeln!(io::stdout(), "{}", say(context.lang, "down-nothing"))?;
                    Ok(0)
                }
            };
        }
        for (name, path) in wanted {
            let mut stream = UnixStream::connect(&path).await?;
            door::send(&mut stream, &Call::Down).await?;
            // The lab's answer, or its end: both say that it goes.
            let _: Option<Reply> = door::receive(&mut stream).await.unwrap_or(None);
            let gone = async {
                while path.exists() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let id = if tokio::time::timeout(DOWN, gone).await.is_ok() { "down-done" } else { "down-slow" };
            writeln!(io::stdout(), "{}", Phrase::new(id).with("name", &name).say(context.lang))?;
        }
        Ok(0)
    })?
}

/// Whether a door's name is what the user means: the whole name, the scenario's id, or the beginning of either.
pub(super) fn matches(door: &str, wanted: &str) -> bool {
    door.starts_with(&wanted.replace(['/', ':'], "-"))
}
