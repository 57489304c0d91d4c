//! `saiten grade`: a class's submissions in, marks and reasons out.

use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::books::{self, Books};
use super::run::session;
use super::{CommandError, Context, live, platform, run_id};
use crate::event::{Announcer, EventKind};
use crate::evidence::bundle::Bundle;
use crate::evidence::{ArmEvidence, Outcome};
use crate::grade::batch::{self, Batch, Exercise, Queue};
use crate::grade::desk::Submissions;
use crate::grade::intake::{self, Intake, Limits};
use crate::grade::ledger::{About, Ledger};
use crate::grade::roster::Roster;
use crate::lab::host::{self, Owner};
use crate::lab::live::Reach;
use crate::lab::{Backend, choose::Chosen};
use crate::marks::{BatchPart, Student};
use crate::report;
use crate::run::class::Crowd;
use crate::run::stream::LABS_A_PROCESSOR;
use crate::run::{self, Job, Options, Stop};
use crate::scenario::{Prefix, Scenario};
use crate::wording::Phrase;

/// Labs at once that are measured in quiet: whoever is alone disturbs nobody, whatever it does.
const QUIET_LABS: usize = 1;

/// Arguments of `saiten grade`.
#[derive(clap::Args)]
pub struct Args {
    /// Scenarios by id or path, and last the directory or archive of submissions: a directory, .zip or .tar.gz a student
    #[arg(required = true, num_args = 2.., value_names = ["SCENARIO", "SUBMISSIONS"])]
    what: Vec<String>,
    /// The class, as CSV with a column `id`, `name` or `email`: whoever handed in nothing is listed, too
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// SUBMISSIONS is what one student handed in, as on Gradescope or in a repository
    #[arg(long, conflicts_with = "roster")]
    single: bool,
    /// Directory for the gradebook, the students' pages, results.json and the evidence
    #[arg(long, value_name = "DIR", default_value = "saiten-grades")]
    out: PathBuf,
    /// Labs up at once; seven for each processor by default. The marks do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Goes on with the batch in DIR: nobody is graded twice, but for those who handed in something else since
    #[arg(long)]
    resume: bool,
    /// Keeps the distribution's own resolver time-outs instead of compressing them
    #[arg(long)]
    realtime: bool,
    /// Network in which live machines are reached whose addresses students hand in, such as 10.20.0.0/16, and no other; only public
    /// addresses unless told
    #[arg(long, value_name = "NETWORK", value_parser = live::network)]
    reach: Vec<Prefix>,
    /// Private key, without a passphrase, by which live machines are logged into; only where nothing but addresses was handed in
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Tells students the solutions
    #[arg(long)]
    solutions: bool,
}

/// What a batch is about, and where it goes.
struct Session<'a> {
    args: &'a Args,
    exercises: &'a [(Scenario, String)],
    students: Vec<Student>,
    intake: Arc<Submissions>,
    ledger: RefCell<Ledger>,
    books: Books<'a>,
    options: Options,
}

/// Grades.
pub fn main(args: &Args, context: &Context) -> Result<u8, CommandError> {
    let (submissions, scenarios) = args.what.split_last().ok_or_else(|| CommandError::Wrong(String::new()))?;
    let place = context.place()?;
    let exercises = place.read(scenarios, context)?;
    let refused = |why: &dyn std::error::Error| CommandError::Wrong(super::chain(why));
    let limits = Limits::new(std::env::temp_dir());
    let intake = take_in(args, Path::new(submissions), &limits, context)?;
    let options = Options {
        jobs: host::processors(),
        realtime: args.realtime,
        beside: true,
        reach: Reach {
            networks: args.reach.clone(),
            identity: args.identity.as_deref().map(live::identity).transpose()?,
            apply: false,
            known_hosts: None,
        },
        ..Options::of(run_id()?, args.out.clone(), context.lang, context.around.runtime_dir.clone())
    };
    let texts = exercises.iter().map(|(scenario, text)| (scenario.id.as_str(), text.as_str()));
    let about = About::new(texts, Owner::this().machine, args.realtime, context.lang, args.solutions);
    let ledger = Ledger::open(&args.out, about, args.resume).map_err(|err| refused(&err))?;
    let progress = report::terminal::Grading::new(context.around.live, context.lang);
    let listeners = super::run::listeners_with(&args.out, Box::new(progress))?;
    let wanted = context.wanted(&options.id, place.containers())?;
    let started = Timestamp::now();
    let books = Books {
        context,
        out: args.out.clone(),
        scenarios: exercises.iter().map(|(scenario, _)| scenario).collect(),
        solutions: args.solutions,
        batch: RefCell::new(batch_part(args, &options, started)),
        classroom50: if args.single { platform::classroom50(&context.around, started) } else { None },
        trouble: RefCell::default(),
    };
    let grading = Session {
        students: intake.handings.iter().map(|handing| handing.student.clone()).collect(),
        intake: Arc::new(Submissions::new(intake.handings, exercises.len() > 1, limits)),
        ledger: RefCell::new(ledger),
        exercises: &exercises,
        args,
        books,
        options,
    };
    let announcer = Announcer::new(listeners);
    let clock = Instant::now();
    session(&wanted, &announcer, true, async |chosen: Chosen, stop: &Stop| {
        grading.grade(chosen, &announcer, stop).await
    })?;
    let books = &grading.books;
    books.batch.borrow_mut().took = clock.elapsed().as_secs_f64();
    if args.resume {
        // A corrected roster is for everybody, not only for whoever was graded now.
        grading.students.iter().for_each(|student| books.write_student(&grading.ledger.borrow(), student));
    }
    let class = books.class(&grading.ledger.borrow(), &grading.students);
    announcer.tell(EventKind::RunFinished { status: books::exit_status(&class) });
    books.trouble.borrow_mut().extend(announcer.failed());
    books.publish(&class)
}

/// The batch, before anything has happened.
fn batch_part(args: &Args, options: &Options, started: Timestamp) -> BatchPart {
    BatchPart {
        id: options.id.clone(),
        saiten: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        took: 0.0,
        backend: String::new(),
        realtime: args.realtime,
        lang: options.lang,
        interrupted: false,
        not_calibrated: Vec::new(),
    }
}

/// Finds who handed in what; what was left aside is told.
fn take_in(args: &Args, submissions: &Path, limits: &Limits, context: &Context) -> Result<Intake, CommandError> {
    let wrong = |why: Phrase| CommandError::Wrong(crate::clean::clean(&why.say(context.lang)));
    let roster = args.roster.as_deref().map(|path| {
        let named = |why: String| CommandError::Wrong(format!("{}: {why}", path.display()));
        let file = std::fs::File::open(path).map_err(|err| named(err.to_string()))?;
        Roster::read(file).map_err(|why| named(crate::clean::clean(&why.say(context.lang))))
    });
    let roster = roster.transpose()?;
    let taken = match args.single {
        true => intake::single(submissions),
        false => intake::open(submissions, roster.as_ref(), limits),
    };
    let intake = taken.map_err(wrong)?;
    for remark in &intake.remarks {
        writeln!(io::stderr(), "{}", crate::clean::one_line(&remark.say(context.lang), 500))?;
    }
    if intake.handings.is_empty() {
        return Err(wrong(Phrase::new("grade-nobody").with("place", submissions.display())));
    }
    Ok(intake)
}

impl Session<'_> {
    /// Grades everybody, as far as that goes.
    async fn grade(&self, chosen: Chosen, announcer: &Announcer, stop: &Stop) -> Result<(), CommandError> {
        let backend = &*chosen.backend;
        let options = Options { why_backend: chosen.why, ..self.options.clone() };
        backend.name().clone_into(&mut self.books.batch.borrow_mut().backend);
        let calibration = self.calibrate(backend, &options, announcer, stop).await?;
        if !stop.interrupted.is_cancelled() {
            let each = self.exercises.iter().zip(&calibration);
            let trouble: Vec<String> =
                each.flat_map(|((scenario, _), arms)| batch::trouble(scenario, arms, options.lang)).collect();
            let is_good = trouble.is_empty();
            self.books.batch.borrow_mut().not_calibrated = trouble;
            if is_good {
                announcer.tell(EventKind::BatchStarted { submissions: self.students.len() * self.exercises.len() });
                self.grade_all(backend, &options, (announcer, stop), &calibration).await?;
            }
        }
        self.books.batch.borrow_mut().interrupted = stop.interrupted.is_cancelled();
        Ok(())
    }

    async fn grade_all(
        &self,
        backend: &dyn Backend,
        options: &Options,
        (announcer, stop): (&Announcer, &Stop),
        calibration: &[Vec<ArmEvidence>],
    ) -> Result<(), CommandError> {
        let batch = Batch {
            students: &self.students,
            intake: self.intake.clone(),
            solutions: self.args.solutions,
            ledger: &self.ledger,
            announcer,
            marked: &|student| self.books.write_student(&self.ledger.borrow(), student),
        };
        let at_once = self.args.jobs.map_or_else(|| host::processors() * LABS_A_PROCESSOR, usize::from);
        for ((scenario, _), arms) in self.exercises.iter().zip(calibration) {
            let queue = Queue::new(&batch, Exercise { scenario, calibration: arms });
            let grade = async |crowd| {
                run::class::submissions(backend, (scenario, arms), options, (announcer, stop), crowd, &queue).await?;
                queue.failed().map_or(Ok(()), |err| Err(CommandError::from(err)))
            };
            grade(Crowd { at_once, crowded: true }).await?;
            let again = queue.again();
            if again > 0 && !stop.interrupted.is_cancelled() {
                announcer.tell(EventKind::Again { scenario: scenario.id.clone(), submissions: again });
                grade(Crowd { at_once: at_once.min(QUIET_LABS), crowded: false }).await?;
            }
        }
        Ok(())
    }

    /// The labs without and with the fix, of each scenario: those on disk, or new ones.
    async fn calibrate(
        &self,
        backend: &dyn Backend,
        options: &Options,
        announcer: &Announcer,
        stop: &Stop,
    ) -> Result<Vec<Vec<ArmEvidence>>, CommandError> {
        if self.ledger.borrow().is_calibrated()
            && let Some(stored) = self.stored(backend)
        {
            return Ok(stored);
        }
        let job = |(scenario, text): &(Scenario, String)| Job {
            scenario: scenario.clone(),
            text: text.clone(),
            submissions: Vec::new(),
            mutants: None,
            is_compared_with: true,
            subjects: Default::default(),
        };
        let jobs = self.exercises.iter().map(job).collect();
        Ok(run::run(backend, jobs, options, announcer, stop).await?.arms)
    }

    /// What is on disk, if it is of this backend and all of it was measured.
    fn stored(&self, backend: &dyn Backend) -> Option<Vec<Vec<ArmEvidence>>> {
        let bundle = Bundle::of(&self.args.out);
        let record = bundle.read_run().ok()?;
        record.backend.as_ref().filter(|used| used.name == backend.name())?;
        let arms = self.exercises.iter().map(|(scenario, _)| {
            let own = record.scenarios.iter().find(|own| own.id == scenario.id)?;
            let arms = bundle.read_arms(own).ok()?;
            arms.iter().all(|arm| arm.outcome == Outcome::Measured).then_some(arms)
        });
        arms.collect()
    }
}
