//! `saiten virtualbox`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{CommandError, Context, NOT_RUN, block_on, run, run_id, signals};
use crate::arm::ArmPlan;
use crate::event::{Announcer, EventKind, LabName};
use crate::evidence::bundle::{self, BackendRecord, Bundle, RunRecord, ScenarioRecord, hash_file, write_whole};
use crate::evidence::{ArmEvidence, CaptureRecord};
use crate::lab::host;
use crate::lab::virtualbox::command::VBoxManage;
use crate::lab::virtualbox::driver::{Course, Driver, Found, Notice, Wanted};
use crate::lab::virtualbox::host_capture::Host;
use crate::lab::virtualbox::{Trouble, TroubleKind, quoted};
use crate::run::Stop;
use crate::run::virtualbox as left;
use crate::scenario::catalog::Catalog;
use crate::scenario::{Scenario, file};
use crate::verdict::Verdict;
use crate::wording::{Phrase, say};

/// Most samples of an arm; each lasts two seconds or longer, so that a ping each second has a place in all of them.
const SAMPLES_MOST: u32 = 5;
/// How long a guest may take to ping again after its cable was out.
const SETTLE: Duration = Duration::from_secs(15);

/// Arguments of `saiten virtualbox`.
#[derive(clap::Args)]
pub struct Args {
    /// The VM, by name or UUID; it must run
    #[arg(long, value_name = "NAME|UUID", allow_hyphen_values = true)]
    vm: String,
    /// Number of the VM's bridged NIC, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36))]
    nic: u32,
    /// The host's adapter, as `VBoxManage list bridgedifs` names it
    #[arg(long, value_name = "ADAPTER", allow_hyphen_values = true)]
    bridge: String,
    /// How long each arm is measured
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=600))]
    seconds: u16,
    /// Applies the fix, measures again, and puts back what was found; without it nothing is changed
    #[arg(long)]
    apply: bool,
    /// The host's interface, where it cannot be told from the adapter
    #[arg(long, value_name = "INTERFACE")]
    interface: Option<String>,
    /// The program
    #[arg(long, value_name = "PROGRAM", default_value = "VBoxManage")]
    vboxmanage: PathBuf,
    /// Directory for junit.xml, results.json, events.jsonl and evidence/
    #[arg(long, value_name = "DIR", default_value = "saiten-report")]
    out: PathBuf,
}

/// Measures a bridged NIC on this machine's VirtualBox, as found and after the fix, and writes the reports.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let samples = u32::from(args.seconds / 2).clamp(1, SAMPLES_MOST);
    let wanted = Wanted {
        vm: args.vm.clone(),
        nic: args.nic,
        bridge: args.bridge.clone(),
        interface: args.interface.clone(),
        apply: args.apply,
        samples,
        sample: Duration::from_secs(args.seconds.into()) / samples,
        settle: SETTLE,
    };
    let announcer = Announcer::new(run::listeners(&args.out, context)?);
    let manage = VBoxManage::new(args.vboxmanage.clone());
    let wire = Host { program: context.around.program.clone().unwrap_or_else(|| "saiten".into()) };
    block_on(async {
        let stop = Rc::new(Stop::default());
        let lang = context.lang;
        // All calls are bounded, and so is the way back: a second Ctrl-C must not leave the VM without its network.
        let again = move || drop(writeln!(io::stderr(), "{}", say(lang, "virtualbox-patience")));
        let watching = signals::watch(stop.clone(), true, again)?;
        let hear = |notice| announcer.tell(event(notice));
        let driver = Driver { manage: &manage, wire: &wire, stop: &stop.interrupted, hear: &hear };
        let session = Session { args, context, driver: &driver, announcer: &announcer, stop: &stop };
        let status = session.carry_out(&wanted).await;
        watching.abort();
        status
    })?
}

fn event(notice: Notice) -> EventKind {
    let lab = |arm| LabName { scenario: left::ID.to_owned(), arm };
    match notice {
        Notice::Phase(applied, phase) => EventKind::Phase { lab: lab(left::arm_name(applied)), phase, detail: None },
        Notice::Ended(applied) => EventKind::Down { lab: lab(left::arm_name(applied)), error: None },
        Notice::Acted(action) => EventKind::Acted {
            lab: lab(left::arm_name(true)),
            action: action.action,
            endpoint: action.endpoint,
            status: action.status,
        },
    }
}

impl From<(Trouble, &Context)> for CommandError {
    fn from((trouble, context): (Trouble, &Context)) -> Self {
        let text = trouble.phrase.say(context.lang);
        match trouble.kind {
            TroubleKind::Asked => CommandError::Wrong(text),
            TroubleKind::Machine | TroubleKind::Interrupted => CommandError::NotRun(text),
        }
    }
}

struct Session<'a> {
    args: &'a Args,
    context: &'a Context,
    driver: &'a Driver<'a>,
    announcer: &'a Announcer,
    stop: &'a Stop,
}

impl Session<'_> {
    async fn carry_out(&self, wanted: &Wanted) -> Result<u8, CommandError> {
        let found = self.driver.look(wanted).await.map_err(|trouble| CommandError::from((trouble, self.context)))?;
        let bundle = Bundle::of(&self.args.out);
        bundle.clear()?;
        bundle.write_scenario(left::ID, left::SCENARIO)?;
        let scenario = file::read(&bundle.scenario_path(left::ID), &left::known(Catalog::default()));
        let scenario =
            scenario.map_err(|problems| CommandError::Problems(problems.render(self.context.lang, false)))?;
        self.explain(&found)?;
        if self.context.around.asks && !self.enter().await {
            return Ok(signals::INTERRUPTED);
        }
        let (started, clock) = (Timestamp::now(), Instant::now());
        let course = self.driver.course(&found, wanted).await;
        let mut arms = Vec::new();
        for (mut arm, capture) in left::arms(self.driver, &found, &course, self.context.lang) {
            keep_capture(&bundle, &mut arm, &capture)?;
            bundle.write_arm(left::ID, &arm)?;
            self.tell(&arm);
            arms.push(arm);
        }
        let record = self.record(&found, &arms, started, clock.elapsed())?;
        bundle.write_run(&record)?;
        self.finish(&found, &course, &record, scenario, arms)
    }

    /// Says what is going to happen, and what the user has to do for it.
    fn explain(&self, found: &Found) -> io::Result<()> {
        let lang = self.context.lang;
        let phrase = Phrase::new("virtualbox-found")
            .with("vm", quoted(&found.vm.name))
            .with("nic", found.nic_word())
            .with("mac", found.mac)
            .with("attachment", crate::lab::virtualbox::driver::shown(&found.nic.attachment))
            .with("interface", quoted(&found.interface.name));
        let mut lines = vec![phrase.say(lang), say(lang, "virtualbox-ping")];
        if self.args.apply {
            let killed = Phrase::new("virtualbox-if-killed").with("command", self.driver.way_back(found));
            lines.push(killed.say(lang));
        }
        if self.context.around.asks {
            lines.push(say(lang, "virtualbox-enter"));
        }
        let lines: Vec<String> = lines.iter().map(|line| crate::clean::clean(line)).collect();
        writeln!(io::stderr(), "{}", lines.join("\n"))
    }

    /// Waits for the Enter key; false if the user would rather stop.
    async fn enter(&self) -> bool {
        let (told, tell) = tokio::sync::oneshot::channel();
        // A thread of its own: nobody can be made to stop reading, and the process does not wait for this one.
        std::thread::spawn(move || {
            let _ = io::stdin().read_line(&mut String::new());
            let _ = told.send(());
        });
        tokio::select! {
            _ = tell => true,
            () = self.stop.interrupted.cancelled() => false,
        }
    }

    fn tell(&self, arm: &ArmEvidence) {
        let lab = || LabName { scenario: left::ID.to_owned(), arm: arm.name.clone() };
        for (probe, evidence) in &arm.probes {
            for sample in &evidence.samples {
                let (probe, sample) = (probe.clone(), sample.clone());
                self.announcer.tell(EventKind::Sampled { lab: lab(), probe, sample });
            }
        }
    }

    fn record(
        &self,
        found: &Found,
        arms: &[ArmEvidence],
        started: Timestamp,
        took: Duration,
    ) -> Result<RunRecord, CommandError> {
        let took = took.as_secs_f64();
        let mut machine = host::describe();
        machine.push(("VirtualBox".to_owned(), found.version.clone()));
        machine.push(("VM".to_owned(), format!("{} {{{}}}", quoted(&found.vm.name), found.vm.uuid)));
        machine.push(("adapter".to_owned(), found.adapter.name.clone()));
        machine.push(("interface".to_owned(), found.interface.name.clone()));
        Ok(RunRecord {
            version: bundle::VERSION,
            run: run_id()?,
            saiten: env!("CARGO_PKG_VERSION").to_owned(),
            started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            took,
            arms: ArmPlan::Pair,
            realtime: true,
            lang: self.context.lang,
            strict: false,
            interrupted: self.stop.interrupted.is_cancelled(),
            backend: Some(BackendRecord { name: "virtualbox".to_owned(), why: Phrase::new("backend-asked") }),
            machine,
            scenarios: vec![ScenarioRecord {
                id: left::ID.to_owned(),
                arms: arms.iter().map(|arm| arm.name.to_string()).collect(),
                images: Vec::new(),
                submissions: Vec::new(),
                subjects: Default::default(),
                mutation: None,
                took,
            }],
        })
    }

    fn finish(
        &self,
        found: &Found,
        course: &Course,
        record: &RunRecord,
        scenario: Scenario,
        arms: Vec<ArmEvidence>,
    ) -> Result<u8, CommandError> {
        let (results, proof) = run::judged(record, &[(scenario, arms)]);
        self.announcer.tell(EventKind::RunFinished { status: crate::report::results::exit_status(&results) });
        let status = run::publish(&results, &proof, &self.args.out, self.announcer.failed(), self.context)?;
        let lang = self.context.lang;
        let there = results.scenarios.iter().all(|scenario| scenario.verdict == Verdict::Pass);
        if there && !self.args.apply {
            writeln!(io::stdout(), "{}", say(lang, "virtualbox-try-fix"))?;
        }
        let Some(text) = left::not_back(found, &course.back, lang) else { return Ok(status) };
        // Last of all, and whatever the verdict: somebody has to do something.
        let text = crate::clean::clean(&text.say(lang));
        writeln!(io::stderr(), "{} {text}", say(lang, "error-prefix"))?;
        Ok(status.max(NOT_RUN))
    }
}

/// Keeps what was captured of the guest's frames, and says so in the evidence.
fn keep_capture(bundle: &Bundle, arm: &mut ArmEvidence, capture: &[u8]) -> Result<(), CommandError> {
    if capture.is_empty() {
        return Ok(());
    }
    let file = format!("{}.pcapng", left::NETWORK);
    let path: &Path = &bundle.arm_dir(left::ID, &arm.name).join(&file);
    write_whole(path, capture)?;
    let record = CaptureRecord { file, bytes: capture.len() as u64, sha256: hash_file(path)? };
    arm.captures.insert(left::NETWORK.to_owned(), record);
    Ok(())
}
