//! Evidence on disk: written file by file, each whole or not at all, and read back for another judgement.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ArmEvidence;
use crate::arm::ArmPlan;
use crate::scenario::Lang;
use crate::scenario::mutant::Mutation;
use crate::scenario::subject::SubjectRecord;
use crate::scenario::submission::Submission;
use crate::wording::Phrase;

/// Version of the bundle's format.
pub const VERSION: u32 = 1;

/// What holds for a whole run; with the arms it determines every report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`VERSION`].
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// Saiten's version.
    pub saiten: String,
    /// When it began (RFC 3339, UTC).
    pub started: String,
    /// Wall time in seconds.
    pub took: f64,
    /// Arms asked for.
    pub arms: ArmPlan,
    /// Whether resolvers kept the distribution's time-outs.
    pub realtime: bool,
    /// Language of the reports.
    pub lang: Lang,
    /// Whether `unsupported` counts against the run.
    pub strict: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Which backend ran the labs, and why that one.
    #[serde(default)]
    pub backend: Option<BackendRecord>,
    /// What ran the labs: versions and settings.
    pub machine: Vec<(String, String)>,
    /// Scenarios in the order in which they were asked for.
    pub scenarios: Vec<ScenarioRecord>,
}

/// A run's backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackendRecord {
    /// Name.
    pub name: String,
    /// Why it was chosen.
    pub why: Phrase,
}

/// A scenario of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioRecord {
    /// Id.
    pub id: String,
    /// Arms in the order in which they ran.
    pub arms: Vec<String>,
    /// Image of each endpoint.
    pub images: Vec<(String, String)>,
    /// Known submissions that ran as arms of it, and what each must get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submissions: Vec<Submission>,
    /// Mutants of the fixes that ran as arms of it, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<Mutation>,
    /// Machines that were on trial, by the endpoint whose place they had.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, SubjectRecord>,
    /// Seconds from the first lab's start to the last one's end.
    pub took: f64,
}

/// Why evidence cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {path}; is this the directory that `saiten run --out` wrote?")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} is not evidence of this version ({VERSION})")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Writes a file so that it is there whole or, when anything fails, as it was before.
///
/// # Errors
/// The path and what the system said about it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    let failed = |source| BundleError::Write { path: path.to_owned(), source };
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(".saiten-").tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable).map_err(failed)?;
    file.persist(path).map_err(|err| failed(err.error))?;
    Ok(())
}

/// The evidence below a report directory.
#[derive(Debug, Clone)]
pub struct Bundle {
    dir: PathBuf,
}

impl Bundle {
    /// The bundle of the report directory `out`.
    pub fn of(out: &Path) -> Self {
        Bundle { dir: out.join("evidence") }
    }

    /// Directory of an arm.
    pub fn arm_dir(&self, scenario: &str, arm: &crate::arm::ArmName) -> PathBuf {
        self.dir.join(scenario).join(arm.dir())
    }

    /// Removes what an earlier run left, so that no report can mix two runs.
    ///
    /// # Errors
    /// A directory that cannot be removed.
    pub fn clear(&self) -> Result<(), BundleError> {
        match fs::remove_dir_all(&self.dir) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(BundleError::Write { path: self.dir.clone(), source })
            }
            _ => Ok(()),
        }
    }

    /// Keeps the scenario file that was run.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub fn write_scenario(&self, id: &str, text: &str) -> Result<(), BundleError> {
        write_whole(&self.scenario_path(id), text.as_bytes())
    }

    /// Where the scenario file that was run is kept.
    pub fn scenario_path(&self, id: &str) -> PathBuf {
        self.dir.join(id).join("scenario.toml")
    }

    /// Keeps an arm, and its series once more as files that a plotting program reads.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub fn write_arm(&self, scenario: &str, arm: &ArmEvidence) -> Result<(), BundleError> {
        let dir = self.arm_dir(scenario, &arm.name);
        for (file, series) in arm.series() {
            write_whole(&dir.join(file), series.csv().as_bytes())?;
        }
        write_whole(&dir.join("arm.json"), &json(arm))
    }

    /// Keeps the run's own record; until it is there, the bundle is that of an unfinished run.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub fn write_run(&self, run: &RunRecord) -> Result<(), BundleError> {
        write_whole(&self.dir.join("run.json"), &json(run))
    }

    /// Reads the run's record.
    ///
    /// # Errors
    /// No such file, or one that is not of this version.
    pub fn read_run(&self) -> Result<RunRecord, BundleError> {
        read(&self.dir.join("run.json"))
    }

    /// Reads one arm.
    ///
    /// # Errors
    /// No such file, or one that is not of this version.
    pub fn read_arm(&self, scenario: &str, arm: &crate::arm::ArmName) -> Result<ArmEvidence, BundleError> {
        read(&self.arm_dir(scenario, arm).join("arm.json"))
    }

    /// Reads all arms of a scenario.
    ///
    /// # Errors
    /// No such file, or one that is not of this version.
    pub fn read_arms(&self, scenario: &ScenarioRecord) -> Result<Vec<ArmEvidence>, BundleError> {
        let dir = self.dir.join(&scenario.id);
        scenario.arms.iter().map(|arm| read(&dir.join(arm.replace(':', "-")).join("arm.json"))).collect()
    }
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// What reading it says.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut fs::File::open(path)?, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

/// Bytes as lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file's content in this format.
pub fn json(value: &impl Serialize) -> Vec<u8> {
    // Our own types have string keys and no failing serializers.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads a file of this format.
///
/// # Errors
/// No such file, or one that is not of this version.
pub fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, BundleError> {
    let bytes = fs::read(path).map_err(|source| BundleError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| BundleError::Format { path: path.to_owned(), source })
}
