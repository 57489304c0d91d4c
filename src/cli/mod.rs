//! The command line: one file a command. Each gives an exit status; errors are printed here, once, with their whole chain.

mod books;
mod check;
mod check_appliance;
mod desk;
mod disks;
mod doctor;
mod found;
mod grade;
mod images;
mod list;
mod live;
mod place;
mod platform;
mod prove;
mod regrade;
mod regrade_batch;
mod run;
mod schema;
mod settings;
mod shell;
mod signals;
mod subjects;
mod sweep;
mod up;
mod verified;
mod verify;
mod virtualbox;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::lab::base::Release;
use crate::lab::choose::{Choice, Wanted};
use crate::scenario::Lang;
use settings::Settings;

/// Exit status when something did not pass.
const FAILED: u8 = 1;
/// Exit status when the command line or a scenario is wrong.
const WRONG: u8 = 2;
/// Exit status when the lab could not be run or measured.
const NOT_RUN: u8 = 3;

/// Variables in which a course platform describes a submission.
pub const PLATFORM: [&str; 12] = [
    "CLASSROOM",
    "ASSIGNMENT",
    "ASSIGNMENT_TYPE",
    "MODE",
    "OWNER",
    "USERNAME",
    "SUBMISSION_TAG",
    "COMMIT_URL",
    "RELEASE_URL",
    "REVIEW_URL",
    "GITHUB_ACTOR",
    "GITHUB_ACTOR_ID",
];

/// What the process finds around itself; only `main` looks.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Whether standard output takes colours.
    pub color: bool,
    /// Whether standard error is a terminal that can show progress.
    pub live: bool,
    /// Whether somebody at a terminal can answer.
    pub asks: bool,
    /// Whether standard error takes colours.
    pub error_color: bool,
    /// The locale, such as `ja_JP.UTF-8`.
    pub lang: Option<String>,
    /// Where sockets of kept labs are.
    pub runtime_dir: PathBuf,
    /// Where `scenarios/` and `containers/` are, if the user says so.
    pub root: Option<PathBuf>,
    /// The current directory.
    pub current_dir: PathBuf,
    /// This program's file.
    pub program: Option<PathBuf>,
    /// The backend that the environment names.
    pub backend: Option<String>,
    /// The store that the environment names.
    pub store: Option<PathBuf>,
    /// Where the store is, unless somebody says otherwise.
    pub default_store: PathBuf,
    /// What a course platform says of a submission in its environment, by the names of [`PLATFORM`].
    pub platform: BTreeMap<String, String>,
    /// Configuration files; the first that is there counts.
    pub config_files: Vec<PathBuf>,
}

#[derive(Parser)]
#[command(name = "saiten", version, about, max_term_width = 100, propagate_version = true)]
struct Cli {
    /// Language of messages and reports; the locale's by default
    #[arg(long, global = true, value_enum)]
    lang: Option<LangArg>,
    /// Directory with scenarios/ and containers/; searched for upwards by default
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// What runs the labs: the native backend, which needs no daemon, a Docker engine, or whichever works here; the default is
    /// SAITEN_BACKEND, the configuration file, or auto
    #[arg(long, global = true, value_enum)]
    backend: Option<BackendArg>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum BackendArg {
    Auto,
    Native,
    Docker,
}

impl From<BackendArg> for Choice {
    fn from(argument: BackendArg) -> Self {
        match argument {
            BackendArg::Auto => Choice::Auto,
            BackendArg::Native => Choice::Native,
            BackendArg::Docker => Choice::Docker,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LangArg {
    En,
    Ja,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenarios with the documented fixes omitted and applied, and judges by comparing
    Run(run::Args),
    /// Tests the grader: known submissions, good and bad, must get what they deserve, and each check must notice a mutant of the fixes
    Prove(prove::Args),
    /// Grades a class: a lab for each submission, marks with reasons, a gradebook, a page for each student
    Grade(grade::Args),
    /// Lists the scenarios
    List(list::Args),
    /// Validates scenario files: every problem in one go
    Check(check::Args),
    /// Says whether an exported virtual machine (.ova, .ovf) would survive the move to another physical machine
    CheckAppliance(check_appliance::Args),
    /// Says what this machine offers, which backend works, and which scenarios can run here
    Doctor(doctor::Args),
    /// Builds, lists, saves and loads the labs' images
    #[command(subcommand)]
    Images(images::Args),
    /// Says whether a machine that somebody made is fit for the lesson: symptom, cure, and what the printed commands meet
    Verify(verify::Args),
    /// Brings a lab up to look around in
    Up(up::Args),
    /// Opens a shell in an endpoint of a lab that is up
    Shell(shell::Args),
    /// Ends labs that `up` or `run --keep` left up
    Down(up::DownArgs),
    /// Removes what killed runs left, and only that
    Sweep(sweep::Args),
    /// Judges the stored evidence of a run, a batch or a verification again
    Regrade(regrade::Args),
    /// On a machine with VirtualBox: measures whether a VM's bridged NIC reaches the wire, tries the course's fix, puts back
    Virtualbox(virtualbox::Args),
    /// Prints the JSON Schema of scenario files, or of results.json
    Schema(schema::Args),
    /// Prints a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Why a command stopped. What is said of it is on standard error already when `said` holds.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// The command line or a file that it names is wrong.
    #[error("{0}")]
    Wrong(String),
    /// Scenario files are wrong; rendered.
    #[error("{0}")]
    Problems(String),
    /// The lab or the engine failed.
    #[error(transparent)]
    Lab(#[from] crate::lab::LabError),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// Evidence or a report failed.
    #[error(transparent)]
    Bundle(#[from] crate::evidence::bundle::BundleError),
    /// This machine does not do what is needed; in the user's language.
    #[error("{0}")]
    NotRun(String),
    /// Writing to the terminal failed.
    #[error("cannot write output")]
    Output(#[from] io::Error),
}

impl CommandError {
    fn status(&self) -> u8 {
        match self {
            CommandError::Wrong(_) | CommandError::Problems(_) => WRONG,
            CommandError::Run(crate::run::RunError::Bundle(_)) | CommandError::Bundle(_) => NOT_RUN,
            CommandError::Lab(_) | CommandError::Run(_) | CommandError::NotRun(_) | CommandError::Output(_) => NOT_RUN,
        }
    }
}

/// What every command gets.
struct Context {
    around: Surroundings,
    lang: Lang,
    backend: Option<Choice>,
}

impl Context {
    /// Where scenarios and images are.
    fn place(&self) -> Result<place::Place, CommandError> {
        place::Place::find(&self.around)
    }

    /// The backend that is wanted, for a run of this id.
    fn wanted(&self, run: &str, sources: PathBuf) -> Result<Wanted, CommandError> {
        let Settings { backend, store } = Settings::read(&self.around, self.backend)?;
        Ok(Wanted { choice: backend, run: run.to_owned(), sources, store, release: Release::default() })
    }
}

/// Runs the command line.
pub fn main(arguments: &[String], mut around: Surroundings) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(err) => {
            // Help and version are not errors; clap knows which stream takes which.
            let _ = err.print();
            return ExitCode::from(if err.use_stderr() { WRONG } else { 0 });
        }
    };
    if cli.root.is_some() {
        around.root = cli.root;
    }
    let japanese = around.lang.as_deref().is_some_and(|locale| locale.starts_with("ja"));
    let lang = match cli.lang {
        Some(LangArg::Ja) => Lang::Ja,
        None if japanese => Lang::Ja,
        _ => Lang::En,
    };
    let context = Context { around, lang, backend: cli.backend.map(Into::into) };
    match dispatch(cli.command, &context) {
        Ok(status) => ExitCode::from(status),
        Err(CommandError::Output(err)) if err.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(err) => {
            let text = match &err {
                CommandError::Problems(rendered) => rendered.clone(),
                other => format!("{} {}\n", crate::wording::say(lang, "error-prefix"), chain(other)),
            };
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::from(err.status())
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<u8, CommandError> {
    match command {
        Command::Run(args) => run::main(&args, context),
        Command::Prove(args) => prove::main(&args, context),
        Command::Grade(args) => grade::main(&args, context),
        Command::Verify(args) => verify::main(&args, context),
        Command::List(args) => list::main(&args, context),
        Command::Check(args) => check::main(&args, context),
        Command::CheckAppliance(args) => check_appliance::main(&args, context),
        Command::Doctor(args) => doctor::main(&args, context),
        Command::Images(args) => images::main(&args, context),
        Command::Up(args) => up::main(&args, context),
        Command::Shell(args) => shell::main(&args, context),
        Command::Down(args) => up::down(&args, context),
        Command::Sweep(args) => sweep::main(&args, context),
        Command::Regrade(args) => regrade::main(&args, context),
        Command::Virtualbox(args) => virtualbox::main(&args, context),
        Command::Schema(args) => schema::main(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "saiten", &mut io::stdout());
            Ok(0)
        }
    }
}

fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        text = format!("{text}: {err}");
        source = err.source();
    }
    crate::clean::clean(&text)
}

/// Runs asynchronous work on one thread: the labs' traffic does not pass through here, and everything but the engine is cheap.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, work))
}

/// A fresh id for a run: eight hexadecimal digits.
fn run_id() -> Result<String, CommandError> {
    Ok(crate::evidence::bundle::hex(&crate::lab::line::random::<4>()?))
}
