//! The ledger of a batch: what it is about, and everybody's marks, each written whole as soon as they stand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::evidence::bundle::{BundleError, hex, json, read, write_whole};
use crate::marks::{Marked, State, Student, StudentMarks};
use crate::wording::Lang;

/// Version of the files.
const VERSION: u32 = 1;
/// Directory of the records, below the report directory.
const RECORDS: &str = "ledger";

/// What a batch is about. Marks of different batches do not mix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Version of the ledger.
    pub version: u32,
    /// Saiten's version.
    pub saiten: String,
    /// Whether resolvers keep the distribution's time-outs.
    pub realtime: bool,
    /// SHA-256 of each scenario's file.
    pub scenarios: BTreeMap<String, String>,
    /// The machine whose labs without and with the fix are compared with.
    pub machine: String,
    /// Language of the reports.
    pub lang: Lang,
    /// Whether solutions are told.
    pub solutions: bool,
}

impl About {
    /// A batch of these scenarios: id, and text of the file.
    pub fn new<'a>(
        scenarios: impl Iterator<Item = (&'a str, &'a str)>,
        machine: String,
        realtime: bool,
        lang: Lang,
        solutions: bool,
    ) -> Self {
        About {
            version: VERSION,
            saiten: env!("CARGO_PKG_VERSION").to_owned(),
            realtime,
            scenarios: hashes(scenarios),
            machine,
            lang,
            solutions,
        }
    }
}

/// SHA-256 of each scenario's file.
fn hashes<'a>(scenarios: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    let hash = |text: &str| hex(&Sha256::digest(text.as_bytes()));
    scenarios.map(|(id, text)| (id.to_owned(), hash(text))).collect()
}

/// One student's marks in one scenario, in each language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the ledger.
    pub version: u32,
    /// Who.
    pub student: Student,
    /// The marks by language; but for the texts they are the same.
    pub marked: BTreeMap<Lang, Marked>,
}

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There are marks already.
    #[error("{dir} holds a batch already; go on with --resume, or choose another --out")]
    Taken {
        /// Where.
        dir: PathBuf,
    },
    /// There is nothing to go on with.
    #[error("{dir} holds no batch to resume; leave --resume out")]
    Nothing {
        /// Where.
        dir: PathBuf,
    },
    /// The batch that is there is another one.
    #[error("{dir} holds a batch with {what}; its marks would not compare: choose another --out")]
    Other {
        /// Where.
        dir: PathBuf,
        /// What differs.
        what: String,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] BundleError),
}

/// The ledger below a report directory.
#[derive(Debug)]
pub struct Ledger {
    out: PathBuf,
    about: About,
    /// Whether the labs without and with the fix that are there may be compared with.
    calibrated: bool,
    records: BTreeMap<(String, String), Record>,
}

impl Ledger {
    /// Opens it: a new one, or with `resume` the one that is there.
    ///
    /// # Errors
    /// Marks that are there although a new batch was asked for, marks of another batch, and files that cannot be read or written.
    pub fn open(out: &Path, about: About, resume: bool) -> Result<Self, LedgerError> {
        let dir = out.to_owned();
        let known = read_about(out)?;
        let calibrated = match (&known, resume) {
            (None, false) => false,
            (Some(_), false) => return Err(LedgerError::Taken { dir }),
            (None, true) => return Err(LedgerError::Nothing { dir }),
            (Some(known), true) => {
                if let Some(what) = difference(known, &about) {
                    return Err(LedgerError::Other { dir, what });
                }
                known.machine == about.machine
            }
        };
        let records = if resume { read_records(out)? } else { BTreeMap::new() };
        write_whole(&out.join("batch.json"), &json(&about))?;
        Ok(Ledger { out: dir, about, calibrated, records })
    }

    /// Opens the ledger that is there, to judge again.
    ///
    /// # Errors
    /// No ledger, or one that cannot be read.
    pub fn reopen(out: &Path) -> Result<Self, LedgerError> {
        let dir = out.to_owned();
        let about = read_about(out)?.ok_or_else(|| LedgerError::Nothing { dir: dir.clone() })?;
        Ok(Ledger { records: read_records(out)?, out: dir, about, calibrated: true })
    }

    /// Writes from now on below another directory, of marks by these scenarios: id, and text of the file.
    ///
    /// # Errors
    /// A directory that cannot be written.
    pub fn move_to<'a>(
        &mut self,
        out: &Path,
        scenarios: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), BundleError> {
        out.clone_into(&mut self.out);
        self.about.scenarios = hashes(scenarios);
        write_whole(&out.join("batch.json"), &json(&self.about))
    }

    /// What the batch is about.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Whether the labs without and with the fix of this machine are on disk.
    pub fn is_calibrated(&self) -> bool {
        self.calibrated
    }

    /// Everything recorded so far.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// A student's marks in a scenario, if they stand.
    pub fn get(&self, student: &str, scenario: &str) -> Option<&Record> {
        self.records.get(&(student.to_owned(), scenario.to_owned()))
    }

    /// Records marks that stand.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn record(&mut self, student: &Student, marked: BTreeMap<Lang, Marked>) -> Result<(), BundleError> {
        let Some(scenario) = marked.values().next().map(|marked| marked.scenario.clone()) else { return Ok(()) };
        let record = Record { version: VERSION, student: student.clone(), marked };
        write_whole(&record_path(&self.out, &student.key, &scenario), &json(&record))?;
        self.records.insert((student.key.clone(), scenario), record);
        Ok(())
    }

    /// A student's marks in all of the batch's scenarios; `waiting` stands for marks that are not there yet.
    pub fn student(&self, student: &Student, lang: Lang, waiting: &[Marked]) -> StudentMarks {
        let of = |waiting: &Marked| {
            let record = self.get(&student.key, &waiting.scenario).and_then(|record| record.marked.get(&lang));
            record.unwrap_or(waiting).clone()
        };
        let results: Vec<Marked> = waiting.iter().map(of).collect();
        let open: u32 = results.iter().map(|result| result.points_open).sum();
        let least = results.iter().map(|result| result.points).sum();
        StudentMarks {
            student: student.clone(),
            state: results.iter().map(|result| result.state).max().unwrap_or(State::Waiting),
            points: (open == 0 && !results.is_empty()).then_some(least),
            points_least: least,
            points_open: open,
            points_most: results.iter().map(|result| result.points_most).sum(),
            results,
        }
    }
}

/// Where a student's files are, relative to the report directory.
pub fn student_dir(key: &str) -> PathBuf {
    Path::new("students").join(key)
}

/// Not beside a student's pages, which may be handed on as they are: hidden checks are in here.
fn record_path(out: &Path, key: &str, scenario: &str) -> PathBuf {
    out.join(RECORDS).join(key).join(format!("{}.json", scenario.replace('/', "-")))
}

fn read_about(out: &Path) -> Result<Option<About>, BundleError> {
    let path = out.join("batch.json");
    if path.exists() { read(&path).map(Some) } else { Ok(None) }
}

fn read_records(out: &Path) -> Result<BTreeMap<(String, String), Record>, BundleError> {
    let mut records = BTreeMap::new();
    let below = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    for dir in below(&out.join(RECORDS)) {
        let files = below(&dir).filter(|path| path.extension().is_some_and(|end| end == "json"));
        for path in files {
            let record: Record = read(&path)?;
            let Some(marked) = record.marked.values().next() else { continue };
            records.insert((record.student.key.clone(), marked.scenario.clone()), record);
        }
    }
    Ok(records)
}

fn difference(known: &About, about: &About) -> Option<String> {
    if known.version != about.version {
        return Some(format!("a ledger of version {}", known.version));
    }
    if known.realtime != about.realtime {
        return Some("other resolver time-outs (--realtime)".to_owned());
    }
    if known.saiten != about.saiten {
        return Some(format!("Saiten {}", known.saiten));
    }
    if (known.lang, known.solutions) != (about.lang, about.solutions) {
        return Some("another --lang or --solutions".to_owned());
    }
    let other = about.scenarios.iter().find(|(id, hash)| known.scenarios.get(*id) != Some(hash));
    if let Some((id, _)) = other {
        let is_new = !known.scenarios.contains_key(id);
        return Some(if is_new { format!("no scenario {id}") } else { format!("another version of {id}") });
    }
    let left_out = known.scenarios.keys().find(|id| !about.scenarios.contains_key(*id));
    left_out.map(|id| format!("scenario {id}, too"))
}
