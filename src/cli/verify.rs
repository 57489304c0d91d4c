//! `saiten verify`: whether a machine that somebody made is fit for the lesson, before the class finds out.

use std::path::PathBuf;

use super::run::{Done, listeners, session};
use super::subjects::{self, Candidate, Matrix};
use super::verified::{self, Tried};
use super::{CommandError, Context, disks, live, run_id};
use crate::arm::ArmName;
use crate::event::{Announcer, EventKind};
use crate::evidence::bundle::Bundle;
use crate::lab::Backend;
use crate::lab::choose::{self, Chosen, Wanted};
use crate::lab::guest::{self, Bus, OwnNetwork};
use crate::lab::host;
use crate::lab::live::Reach;
use crate::report::verify::Untried;
use crate::run::{self, Job, Options, Stop};
use crate::scenario::Scenario;

/// Every address.
const EVERYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// Arguments of `saiten verify`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenarios by id (`ssh/slow-login`) or path
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// A container image that takes an endpoint's place: a reference, or an archive that `docker save` wrote; several for one
    /// endpoint are verified one after the other
    #[arg(long = "image", value_name = "ENDPOINT=IMAGE", value_parser = subjects::pair)]
    pub(super) images: Vec<(String, String)>,
    /// The disk of a virtual machine that takes an endpoint's place: qcow2, vmdk, vdi, raw, or the only disk of an .ova or .ovf; it
    /// is never written
    #[arg(long = "disk", value_name = "ENDPOINT=FILE", value_parser = subjects::pair)]
    pub(super) disks: Vec<(String, String)>,
    /// Who logs into a disk's machine: root, or somebody with sudo
    #[arg(long, value_name = "USER", default_value = "root", requires = "disks")]
    pub(super) user: String,
    /// The first line of this file is that user's password, for its console, its SSH server and sudo; without password and key, the disk
    /// needs cloud-init
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
    /// The address that a disk's machine has at home, for SSH; what asks for one gets this
    #[arg(long, value_name = "ADDRESS/PREFIX", default_value = "10.0.2.15/24", value_parser = disks::network)]
    pub(super) address: OwnNetwork,
    /// What a disk and its machine's NICs are attached by: virtio, sata or ide; as where the disk comes from by default
    #[arg(long, value_name = "BUS", value_parser = disks::bus)]
    pub(super) bus: Option<Bus>,
    /// Longest boot of a disk's machine, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..=3600))]
    pub(super) boot_limit: u64,
    /// Memory of a disk's machine, in MiB
    #[arg(long, value_name = "MIB", default_value_t = guest::MEMORY >> 20, value_parser = clap::value_parser!(u64).range(64..=16384))]
    pub(super) memory: u64,
    /// A live machine that takes an endpoint's place; it is only measured, from outside
    #[arg(long = "host", value_name = "ENDPOINT=[USER@]ADDRESS", value_parser = subjects::pair)]
    pub(super) hosts: Vec<(String, String)>,
    /// Applies the fixes to live machines, over SSH as root or with sudo, and puts back what they changed
    #[arg(long, requires = "hosts", conflicts_with = "fit")]
    pub(super) apply: bool,
    /// Releases of Debian that the course's own images are made of, one after the other, such as debian=bullseye,bookworm,trixie
    #[arg(long, value_name = "debian=RELEASE,…", value_parser = subjects::matrix)]
    pub(super) matrix: Option<Matrix>,
    /// Does the scenario's faults to the images, too: for one that is as its distribution ships it
    #[arg(long)]
    pub(super) faults: bool,
    /// Only looks, in seconds and without a lab: files and lines that the printed commands edit, users, services, tools, and facts; at
    /// a live machine over SSH as root or with sudo, where nothing but reading is done
    #[arg(long)]
    pub(super) fit: bool,
    /// Keeps the distribution's own resolver time-outs instead of compressing them
    #[arg(long)]
    realtime: bool,
    /// Directory for the reports; of several machines, one below it for each
    #[arg(long, value_name = "DIR", default_value = "saiten-report")]
    out: PathBuf,
    /// How many machines are made at once; the number of processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// The key that live machines, and disks' machines, are logged into with
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
    /// File of the host keys that are known, for --apply and --fit; ssh's own by default. A key that has changed is refused
    #[arg(long, value_name = "FILE")]
    pub(super) known_hosts: Option<PathBuf>,
}

/// Verifies all candidates, one after the other, and writes the reports.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let place = context.place()?;
    let read = place.read(&args.scenarios, context)?;
    let candidates = subjects::candidates(args, &read, context)?;
    let options = Options {
        realtime: args.realtime,
        jobs: args.jobs.map_or_else(host::processors, usize::from),
        reach: Reach {
            // Whoever verifies names the machine, and means it.
            networks: EVERYWHERE.iter().filter_map(|network| live::network(network).ok()).collect(),
            identity: args.identity.as_deref().map(live::identity).transpose()?,
            apply: args.apply,
            known_hosts: args.known_hosts.clone(),
        },
        ..Options::of(run_id()?, args.out.clone(), context.lang, context.around.runtime_dir.clone())
    };
    let wanted = context.wanted(&options.id, place.containers())?;
    let mut heard = listeners(&args.out, context)?;
    if args.fit && args.disks.is_empty() {
        // Nothing is brought up whose progress there would be to show.
        heard.truncate(1);
    }
    if candidates.len() > 1 {
        // Each has its own below: what an earlier run left here would be taken for all of them when they are judged again.
        Bundle::of(&args.out).clear()?;
    }
    let announcer = Announcer::new(heard);
    let done = session(&wanted, &announcer, true, async |chosen: Chosen, stop: &Stop| {
        let mut done = Vec::new();
        // All stay until the end: they share what their labs' limits are made of.
        let mut others = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            if stop.interrupted.is_cancelled() {
                break;
            }
            // A machine that may not be changed shows the symptom, and no cure.
            let only = (candidate.is_live() && !args.apply && !args.fit).then_some(ArmName::Omitted);
            let out = args.out.join(own_dir(&candidates, at, candidate));
            let options = Options { only, out, why_backend: chosen.why.clone(), ..options.clone() };
            let own = match candidate.release() {
                None => Ok(()),
                Some(release) => {
                    let wanted = Wanted { release: release.clone(), ..wanted.clone() };
                    choose::connect(&wanted).await.map(|chosen| others.push(chosen))
                }
            };
            let backend = &*others.last().unwrap_or(&chosen).backend;
            let finished = match own {
                Ok(()) => one(&read, candidate, (backend, &wanted), &options, &announcer, stop).await,
                Err(err) => Err(err.into()),
            };
            // One that cannot be tried costs no other its answer.
            done.push(finished);
        }
        Ok(done)
    })?;
    finish(done, &candidates, args, context)
}

/// Runs all scenarios with one candidate's machines.
async fn one(
    read: &[(Scenario, String)],
    candidate: &Candidate,
    (backend, wanted): (&dyn Backend, &Wanted),
    options: &Options,
    announcer: &Announcer,
    stop: &Stop,
) -> Result<Done, CommandError> {
    let ready = candidate.make_ready(backend, wanted).await?;
    let job = |(scenario, text): &(Scenario, String)| Job {
        scenario: scenario.clone(),
        text: text.clone(),
        submissions: Vec::new(),
        mutants: None,
        is_compared_with: false,
        subjects: ready.trials_of(scenario),
    };
    let jobs = read.iter().map(job).collect();
    let outcome = run::run(backend, jobs, options, announcer, stop).await;
    ready.put_away(backend).await;
    let outcome = outcome?;
    let scenarios = read.iter().map(|(scenario, _)| scenario.clone()).zip(outcome.arms).collect();
    Ok(Done { record: outcome.record, scenarios, announcer: announcer.clone() })
}

/// Judges what was tried, and writes and prints all of it; gives the exit status: the worst answer.
fn finish(
    finished: Vec<Result<Done, CommandError>>,
    candidates: &[Candidate],
    args: &Args,
    context: &Context,
) -> Result<u8, CommandError> {
    let (mut tried, mut untried, mut announcer) = (Vec::new(), Vec::new(), None);
    for (at, finished) in finished.into_iter().enumerate() {
        let dir = own_dir(candidates, at, &candidates[at]);
        match finished {
            Ok(Done { record, scenarios, announcer: own }) => {
                announcer = Some(own);
                tried.push(Tried { record, scenarios, dir });
            }
            Err(err) if candidates.len() == 1 => return Err(err),
            Err(err) => untried.push(Untried { dir, why: super::chain(&err) }),
        }
    }
    verified::publish(&tried, untried, &args.out, context, |status| {
        announcer.map_or_else(Vec::new, |announcer| {
            announcer.tell(EventKind::RunFinished { status });
            announcer.failed()
        })
    })
}

/// Directory of a candidate's own reports, below the run's: of several, one for each.
fn own_dir(candidates: &[Candidate], at: usize, candidate: &Candidate) -> String {
    if candidates.len() > 1 { candidate.dir(at) } else { String::new() }
}
