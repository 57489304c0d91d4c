//! Submissions: what is handed in and done with it, and the known ones, good and bad, with what each must get;
//! `submissions/{good,bad}/<name>/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{Problem, Problems, say};
use super::file::value::{At, Value};
use super::file::{model, syntax};
pub use super::host::Host;
use super::resolve::{Noun, missing};
use super::{Accept, Handed, Scenario, Text};
use crate::wording::Phrase;

/// Name of the file that says what a submission must get.
const FILE_NAME: &str = "submission.toml";
/// Largest script or `submission.toml`, in bytes.
const MOST_BYTES: u64 = 256 << 10;
/// Most known submissions of one scenario.
const MOST: usize = 200;

/// One submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Name, unique in its scenario.
    pub name: String,
    /// What it is, for people.
    pub title: Text,
    /// What is done in place of the fixes, in order.
    pub steps: Vec<Step>,
    /// Archives of images that take endpoints' places, by endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, PathBuf>,
    /// Live machines that take endpoints' places, by endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, Host>,
    /// Things to know about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Phrase>,
    /// Checks that must fail; all others must pass.
    pub fails: BTreeSet<String>,
    /// Reasons that must be given for a failure.
    pub reasons: BTreeSet<String>,
}

/// One thing that is done with a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Puts a file in place.
    File {
        /// Where.
        on: String,
        /// Its path there.
        path: String,
        /// Its content.
        content: Vec<u8>,
        /// Permission bits.
        mode: u32,
    },
    /// Runs shell lines as root.
    Run {
        /// Where.
        on: String,
        /// The lines.
        run: String,
    },
}

impl Step {
    /// What is done with a script or a file that was handed in. Nothing is to be done with an image or an address; those are
    /// machines.
    pub fn of(accept: &Accept, content: Vec<u8>) -> Vec<Self> {
        let on = accept.on.clone();
        match &accept.what {
            Handed::Script => vec![Step::Run { on, run: String::from_utf8_lossy(&content).into_owned() }],
            Handed::File { to, mode, activate } => {
                let file = Step::File { on: on.clone(), path: to.clone(), content, mode: *mode };
                std::iter::once(file)
                    .chain(activate.iter().map(|run| Step::Run { on: on.clone(), run: run.clone() }))
                    .collect()
            }
            Handed::Image | Handed::Address { .. } => Vec::new(),
        }
    }
}

/// Reads all known submissions of a scenario, by name.
///
/// # Errors
/// Everything that is wrong with the first one that is wrong.
pub fn read_all(scenario: &Scenario) -> Result<Vec<Submission>, Problems> {
    let mut all: Vec<Submission> = Vec::new();
    for (kind, is_good) in [("good", true), ("bad", false)] {
        for dir in directories(&scenario.dir.join("submissions").join(kind)) {
            let read = read(scenario, &dir, is_good)?;
            if all.iter().any(|known| known.name == read.name) || all.len() >= MOST {
                let title = say!("one name too many", "名前が重複しているか、数が多すぎます");
                return Err(whole(
                    &dir,
                    Problem::whole(title).help(say!(
                        "each submission has a name of its own, and there are at most {MOST}",
                        "提出物の名前は重複できず、上限は{MOST}個です"
                    )),
                ));
            }
            all.push(read);
        }
    }
    Ok(all)
}

/// Directories in a directory, sorted; none where it is not there.
fn directories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut dirs: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    dirs.sort();
    dirs
}

fn read(scenario: &Scenario, dir: &Path, is_good: bool) -> Result<Submission, Problems> {
    let file = dir.join(FILE_NAME);
    let text = text_of(&file)?;
    let mut problems = Vec::new();
    let table = syntax::tables(&text, &mut problems).and_then(|root| model::Submission::read(&root, &mut problems));
    let mut names = |noun: Noun, list: &Option<At<Vec<At<String>>>>, known: &[&str]| {
        let list = list.as_ref().map_or(&[][..], |list| &list.value);
        let unknown = list.iter().filter(|name| !known.contains(&name.as_str()));
        problems.extend(unknown.map(|name| missing(noun, name, known.iter().copied())));
        list.iter().map(|name| name.value.clone()).collect::<BTreeSet<_>>()
    };
    let checks: Vec<&str> = scenario.checks.iter().map(|check| check.name.as_str()).collect();
    let reasons: Vec<&str> = scenario.reasons.iter().map(|reason| reason.name.as_str()).collect();
    let read = table
        .as_ref()
        .map(|table| (names(Noun::Check, &table.fails, &checks), names(Noun::Reason, &table.reasons, &reasons)));
    if let Some((fails, _)) = read.as_ref().filter(|(fails, _)| fails.is_empty() != is_good && problems.is_empty()) {
        problems.push(Problem::whole(match fails.is_empty() {
            true => say!("a bad submission that fails no check", "不合格になるチェックのない不正解です"),
            false => say!("a good submission that fails a check", "不合格になるチェックのある正解です"),
        }));
    }
    let title = table.and_then(|table| Some(table.title.0?.value));
    match (title, read) {
        (Some(title), Some((fails, reasons))) if problems.is_empty() => {
            let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Ok(Submission {
                name,
                title,
                steps: steps(scenario, dir)?,
                images: BTreeMap::new(),
                hosts: BTreeMap::new(),
                remarks: Vec::new(),
                fails,
                reasons,
            })
        }
        _ => Err(Problems::new(&file.display().to_string(), &text, problems)),
    }
}

/// What is done with a known submission: its files, then its scripts, by name. A script may be for any endpoint.
fn steps(scenario: &Scenario, dir: &Path) -> Result<Vec<Step>, Problems> {
    let mut parts: Vec<(Accept, Vec<u8>)> = Vec::new();
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(|path| path.file_name().is_some_and(|name| name != FILE_NAME)) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(accept) = accepted(scenario, name) else {
            let problem = Problem::whole(say!("not a part of a submission", "提出物の一部ではありません"));
            return Err(whole(
                &path,
                problem.help(say!(
                    "a submission holds {FILE_NAME}, scripts <endpoint>.sh and the files that the scenario accepts",
                    "提出物には {FILE_NAME}、スクリプト <エンドポイント>.sh、シナリオが受け付けるファイルを置きます"
                )),
            ));
        };
        parts.push((accept, text_of(&path)?.into_bytes()));
    }
    if parts.is_empty() {
        let problem = Problem::whole(say!("nothing was handed in", "提出されたものがありません"));
        return Err(whole(dir, problem.help(say!("add <endpoint>.sh", "<エンドポイント>.sh を追加します"))));
    }
    parts.sort_by(|(a, _), (b, _)| (a.what == Handed::Script, &a.name).cmp(&(b.what == Handed::Script, &b.name)));
    Ok(parts.into_iter().flat_map(|(accept, content)| Step::of(&accept, content)).collect())
}

/// What a file of a known submission is, by its name.
fn accepted(scenario: &Scenario, name: &str) -> Option<Accept> {
    let known = scenario.accepts.iter().find(|accept| accept.name == name);
    let known = known.filter(|accept| matches!(accept.what, Handed::Script | Handed::File { .. })).cloned();
    known.or_else(|| {
        let on = name.strip_suffix(".sh").filter(|on| scenario.endpoints.contains_key(*on))?.to_owned();
        Some(Accept { name: name.to_owned(), on, what: Handed::Script })
    })
}

fn text_of(path: &Path) -> Result<String, Problems> {
    super::file::text_of(path, MOST_BYTES).map_err(|problem| whole(path, *problem))
}

fn whole(path: &Path, problem: Problem) -> Problems {
    Problems::new(&path.display().to_string(), "", vec![problem])
}
