//! `saiten run`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{CommandError, Context, NOT_RUN, block_on, run_id, signals};
use crate::arm::{ArmName, ArmPlan};
use crate::event::{Announcer, EventKind, Listener};
use crate::evidence::ArmEvidence;
use crate::evidence::bundle::RunRecord;
use crate::lab::choose::{self, Chosen, Wanted};
use crate::lab::host;
use crate::report;
use crate::report::proof::{self, Proof, Proven};
use crate::report::results::Results;
use crate::run::{self, Job, Options, Stop};
use crate::scenario::Scenario;
use crate::scenario::submission::Submission;

/// Arguments of `saiten run`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenarios by id (`ssh/slow-login`) or path; all when none is named
    scenarios: Vec<String>,
    /// Which arms: omitted and applied; also each fix alone and left out; or all combinations
    #[arg(long, value_enum, default_value = "pair")]
    arms: ArmsArg,
    /// Keeps the distribution's own resolver time-outs instead of compressing them
    #[arg(long)]
    realtime: bool,
    /// Directory for junit.xml, results.json, events.jsonl and evidence/
    #[arg(long, value_name = "DIR", default_value = "saiten-report")]
    out: PathBuf,
    /// How many machines are made at once; the number of processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Keeps the labs up after measuring, until Ctrl-C or `saiten down`
    #[arg(long)]
    keep: bool,
    /// Lets `unsupported` count against the run
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ArmsArg {
    Pair,
    Each,
    Full,
}

/// Runs scenarios and writes the reports.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let read = place.read(&args.scenarios, context)?;
    let options = Options {
        arms: match args.arms {
            ArmsArg::Pair => ArmPlan::Pair,
            ArmsArg::Each => ArmPlan::Each,
            ArmsArg::Full => ArmPlan::Full,
        },
        realtime: args.realtime,
        jobs: args.jobs.map_or_else(host::processors, usize::from),
        strict: args.strict,
        keep: args.keep,
        ..Options::of(run_id()?, args.out.clone(), context.lang, context.around.runtime_dir.clone())
    };
    let wanted = context.wanted(&options.id, place.containers())?;
    let listeners = listeners(&args.out, context)?;
    let read = read.into_iter().map(|(scenario, text)| (scenario, text, Vec::new())).collect();
    let done = carry_out(read, None, options, &wanted, Announcer::new(listeners), true)?;
    finish(&done, &args.out, context)
}

/// The listeners of a run: progress for people, `events.jsonl` for machines.
pub(super) fn listeners(out: &Path, context: &Context) -> Result<Vec<Box<dyn Listener>>, CommandError> {
    let progress = report::terminal::live(context.around.live, context.around.error_color, context.lang);
    listeners_with(out, Box::new(progress))
}

/// As [`listeners`], with another kind of progress.
pub(super) fn listeners_with(out: &Path, progress: Box<dyn Listener>) -> Result<Vec<Box<dyn Listener>>, CommandError> {
    // Opened before anything is started: a bad path must not cost a run.
    if out.exists() && !out.is_dir() {
        return Err(CommandError::Wrong(format!(
            "{} is a file, not a directory for reports; say --out DIR",
            out.display()
        )));
    }
    let unwritable =
        |err: io::Error| CommandError::Wrong(format!("cannot write to report directory {}: {err}", out.display()));
    fs::create_dir_all(out).map_err(unwritable)?;
    let events = fs::File::create(out.join("events.jsonl")).map_err(unwritable)?;
    Ok(vec![Box::new(report::events::Events::new(io::LineWriter::new(events))), progress])
}

/// A scenario, the text of its file, and the submissions to run with it.
pub(super) type ReadScenario = (Scenario, String, Vec<Submission>);

/// What a run left: its record, and each scenario with its arms.
pub(super) struct Done {
    pub(super) record: RunRecord,
    pub(super) scenarios: Vec<(Scenario, Vec<ArmEvidence>)>,
    pub(super) announcer: Announcer,
}

/// Runs scenarios on the wanted backend, signals watched.
pub(super) fn carry_out(
    read: Vec<ReadScenario>,
    mutants: Option<run::Wanted>,
    mut options: Options,
    wanted: &Wanted,
    announcer: Announcer,
    hangup: bool,
) -> Result<Done, CommandError> {
    let scenarios: Vec<Scenario> = read.iter().map(|(scenario, ..)| scenario.clone()).collect();
    let job = |(scenario, text, submissions)| Job {
        scenario,
        text,
        submissions,
        mutants: mutants.clone(),
        is_compared_with: false,
        subjects: BTreeMap::new(),
    };
    let jobs = read.into_iter().map(job).collect();
    let outcome = session(wanted, &announcer, hangup, async |chosen: Chosen, stop: &Stop| {
        options.why_backend = chosen.why;
        Ok(run::run(&*chosen.backend, jobs, &options, &announcer, stop).await?)
    })?;
    Ok(Done { record: outcome.record, scenarios: scenarios.into_iter().zip(outcome.arms).collect(), announcer })
}

/// Does something with the wanted backend, signals watched.
pub(super) fn session<T>(
    wanted: &Wanted,
    announcer: &Announcer,
    hangup: bool,
    work: impl AsyncFnOnce(Chosen, &Stop) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    block_on(async {
        let stop = Rc::new(Stop::default());
        let watching = signals::watch(stop.clone(), hangup, signals::end)?;
        let interrupted = tokio::task::spawn_local({
            let (announcer, token) = (announcer.clone(), stop.interrupted.clone());
            async move {
                token.cancelled().await;
                announcer.tell(EventKind::Interrupted);
            }
        });
        let chosen = choose::connect(wanted).await?;
        // What it cannot remove disturbs nobody; `saiten sweep` says why.
        let _ = chosen.backend.sweep_dead().await;
        let done = work(chosen, &stop).await;
        watching.abort();
        interrupted.abort();
        done
    })?
}

/// Writes the reports, prints the summary, gives the exit status.
pub(super) fn finish(done: &Done, out: &Path, context: &Context) -> Result<u8, CommandError> {
    let (results, proof) = judged(&done.record, &done.scenarios);
    done.announcer.tell(EventKind::RunFinished { status: report::results::exit_status(&results) });
    publish(&results, &proof, out, done.announcer.failed(), context)
}

/// The results; those of known submissions against what each must get, and of mutants, which checks must notice.
pub(super) fn judged(record: &RunRecord, scenarios: &[(Scenario, Vec<ArmEvidence>)]) -> (Results, Proof) {
    let mut results = report::results::results(record, scenarios);
    let known = scenarios.iter().zip(&record.scenarios);
    let known: Vec<_> = known.map(|((scenario, arms), record)| Proven { scenario, record, arms }).collect();
    let proof = proof::settle(&mut results, &known);
    (results, proof)
}

/// Prints the summary, in the run's language, and writes the reports; gives the exit status.
pub(super) fn publish(
    results: &Results,
    proof: &Proof,
    to: &Path,
    mut trouble: Vec<String>,
    context: &Context,
) -> Result<u8, CommandError> {
    let mut status = report::results::exit_status(results);
    let mut out = io::stdout().lock();
    let (lang, color) = (results.run.lang, context.around.color);
    out.write_all(report::terminal::summary(results, lang, color).as_bytes())?;
    if !proof.rows.is_empty() {
        out.write_all(report::terminal::proof(&proof.rows, lang, color).as_bytes())?;
    }
    if !proof.tables.is_empty() {
        out.write_all(report::terminal::mutants(&proof.tables, lang, color).as_bytes())?;
    }
    for (path, written) in report::write_all(to, results) {
        match written {
            Ok(()) => writeln!(out, "  {}", path.display())?,
            Err(err) => trouble.push(super::chain(&err)),
        }
    }
    for text in trouble {
        // A report that could not be written is said, and fails the run, but costs no other report.
        writeln!(io::stderr(), "{} {text}", crate::wording::say(context.lang, "error-prefix"))?;
        status = status.max(NOT_RUN);
    }
    Ok(status)
}

/// Options of a lab that only comes up.
pub(super) fn up_options(id: String, arm: ArmName, realtime: bool, out: PathBuf, context: &Context) -> Options {
    Options {
        realtime,
        jobs: host::processors(),
        keep: true,
        only: Some(arm),
        measure: false,
        ..Options::of(id, out, context.lang, context.around.runtime_dir.clone())
    }
}
