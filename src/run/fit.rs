//! A quick look without a lab: at an image in a machine of its own, at a disk's machine, at a live machine where it is; the facts, and what
//! the printed commands would meet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::scenario::{Bound, users};
use super::trial::{self, fault_of};
use super::{Job, Shared, Trial, fit_disk, fit_live};
use crate::clean::{clean, one_line};
use crate::evidence::{ArmEvidence, Outcome, Phase};
use crate::helper::message::{Answer, Request, RunSpec};
use crate::lab::line::Line;
use crate::lab::{LabError, MachineSpec, Role};
use crate::scenario::subject::{ONLY_LOOKED_AT, Subject};
use crate::scenario::{Fix, Scenario};
use crate::survey::{self, Needs, Survey};
use crate::wording::{Lang, Phrase};

/// How long the script that looks may take.
pub(super) const LOOK: Duration = Duration::from_secs(10);
/// How long a fix may take to edit its files.
pub(super) const EDIT: Duration = Duration::from_secs(5);
/// How many times as long on an emulated processor.
pub(super) const EMULATED: u32 = 12;
/// Most bytes looked at of a file that a fix edits.
pub(super) const FILE_MOST: usize = 256 << 10;
/// Longest output in a reason, in characters.
pub(super) const OUTPUT_MOST: usize = 300;

/// Whose place a machine on trial has.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The endpoint.
    pub endpoint: &'a str,
    /// The image of the machine that it is looked at in, or that copies of its files are brought to.
    pub image: Option<&'a String>,
}

/// What was found of each machine on trial, by endpoint.
pub type Looked = BTreeMap<String, Result<Survey, LabError>>;

/// Looks at all images on trial of a job, unless it is known already that one cannot run; and at live machines, where that is all that
/// is asked for. `images` are the course's own, and of a disk that of its computer.
pub async fn look(shared: &Shared<'_>, job: &Job, probes: &[Bound<'_>], images: &BTreeMap<String, String>) -> Looked {
    let mut looked = Looked::new();
    if job.subjects.values().any(|trial| !trial.unfit.is_empty()) {
        return looked;
    }
    for (endpoint, trial) in &job.subjects {
        let users = users(probes, endpoint);
        let place = Place { scenario: &job.scenario, endpoint, image: images.get(endpoint) };
        let found = match &trial.subject {
            Subject::Image(image) => {
                look_at(shared, Place { image: Some(&image.reference), ..place }, trial, users).await
            }
            Subject::Host(host) if trial.is_only_looked_at => fit_live::look_at(shared, place, host, users).await,
            Subject::Disk(_) if trial.is_only_looked_at => fit_disk::look_at(shared, place, trial, users).await,
            Subject::Host(_) | Subject::Disk(_) | Subject::Release(_) => continue,
        };
        looked.insert(endpoint.clone(), found);
    }
    looked
}

async fn look_at(shared: &Shared<'_>, place: Place<'_>, trial: &Trial, users: Vec<String>) -> Result<Survey, LabError> {
    alone(shared, place, async |line: &Line| {
        let needs = survey::needs(place.scenario, place.endpoint, users, trial.faults);
        look_in(line, place, trial, &needs).await
    })
    .await
}

/// Looks at a machine on trial that nobody keeps; where that is all that is asked for, tries the commands there, too.
pub(super) async fn look_in(line: &Line, place: Place<'_>, trial: &Trial, needs: &Needs) -> Result<Survey, LabError> {
    let Place { scenario, endpoint, .. } = place;
    // Of an emulated machine everything is slow.
    let patience = if trial.medium.is_some() { EMULATED } else { 1 };
    // Looked at as it came, before anything is done to the copy; but for `systemctl`, which no script looks for.
    let script = RunSpec::shell(&survey::script(needs), LOOK * patience);
    let ran = line.run(RunSpec { output_most: 256 << 10, ..script }).await?;
    let mut survey = survey::read(endpoint, &ran.stdout);
    if trial.is_only_looked_at {
        let start = scenario.endpoints.get(endpoint).and_then(|own| own.start.as_deref());
        trial::prepare(line, endpoint, &needs.users, trial.entry.as_ref(), start).await?;
        survey.lacks.extend(try_fixes(line, scenario, endpoint, EDIT * patience).await?);
    }
    Ok(survey)
}

/// Does something in a machine of the endpoint's own kind, of which nothing is left.
pub(super) async fn alone<T>(
    shared: &Shared<'_>,
    place: Place<'_>,
    work: impl AsyncFnOnce(&Line) -> Result<T, LabError>,
) -> Result<T, LabError> {
    in_machine(shared, &spec(place)?, place.endpoint, work).await
}

/// The machine that an endpoint's image is looked at in.
pub(super) fn spec(place: Place<'_>) -> Result<MachineSpec, LabError> {
    let Place { scenario, endpoint, image } = place;
    let own = scenario.endpoints.get(endpoint);
    let own = own.ok_or_else(|| LabError::backend(endpoint, format!("no endpoint of {}", scenario.id)))?;
    let image = image.ok_or_else(|| LabError::backend(endpoint, "the course has no image of it"))?;
    Ok(MachineSpec {
        name: format!("{}-fit-{endpoint}", scenario.id.replace('/', "-")),
        image: Some(image.clone()),
        hostname: endpoint.to_owned(),
        role: Role::Alone,
        sysctls: BTreeMap::new(),
        capabilities: own.capabilities.clone(),
        memory: own.memory,
        processes: own.processes,
    })
}

/// Does something in this machine, of which nothing is left.
pub(super) async fn in_machine<T>(
    shared: &Shared<'_>,
    spec: &MachineSpec,
    endpoint: &str,
    work: impl AsyncFnOnce(&Line) -> Result<T, LabError>,
) -> Result<T, LabError> {
    let machine = shared.backend.start(spec).await?;
    let done = async {
        let streams = machine.streams().ok_or_else(|| LabError::backend(endpoint, "its streams are taken"))?;
        let line = Line::open(endpoint, streams, Box::new(String::new)).await?;
        let done = work(&line).await?;
        line.bye();
        Ok(done)
    };
    let done = shared.cancel.run_until_cancelled(done).await.unwrap_or(Err(LabError::Interrupted));
    // What cannot be removed, `saiten sweep` finds.
    let _ = machine.stop().await;
    done
}

/// The fixes that edit files of an endpoint, with their numbers in the course, from 1.
pub(super) fn edits_on<'a>(scenario: &'a Scenario, endpoint: &'a str) -> impl Iterator<Item = (usize, &'a Fix)> {
    let numbered = scenario.fixes.iter().enumerate().map(|(at, fix)| (at + 1, fix));
    numbered.filter(move |(_, fix)| !fix.edits.is_empty() && fix.action.on.iter().any(|on| on == endpoint))
}

/// A phrase about a fix.
pub(super) fn about(id: &str, number: usize, fix: &Fix, endpoint: &str) -> Phrase {
    // Whoever can choose a language says what it is about in that.
    let about = fix.title.as_ref().map_or(fix.action.name.as_str(), |title| title.get(Lang::En));
    let phrase = Phrase::new(id).with("number", number).with("fix", &fix.action.name);
    phrase.with("about", about).with("endpoint", endpoint)
}

/// What became of a fix on a copy.
pub(super) struct Met {
    /// Exit status.
    pub status: i32,
    /// What it said.
    pub said: String,
    /// Files that it did not change, with what they hold.
    pub same: Vec<(String, String)>,
}

/// Runs a fix on this copy that nobody keeps, and looks whether it changes the files that it edits.
pub(super) async fn try_fix(line: &Line, fix: &Fix, limit: Duration) -> Result<Met, LabError> {
    let mut before = Vec::new();
    for path in &fix.edits {
        before.push(content(line, path).await);
    }
    let ran = line.run(RunSpec::shell(&fix.action.run, limit)).await?;
    let mut same = Vec::new();
    for (path, before) in fix.edits.iter().zip(before) {
        // That it is not there has been said.
        if let Some(before) = before
            && content(line, path).await.is_some_and(|after| after == before)
        {
            same.push((path.clone(), clean(&before)));
        }
    }
    Ok(Met { status: ran.status, said: format!("{}{}", ran.stderr, ran.stdout), same })
}

/// Tries the fixes that edit files, one after the other.
async fn try_fixes(line: &Line, scenario: &Scenario, endpoint: &str, limit: Duration) -> Result<Vec<Phrase>, LabError> {
    let mut lacks = Vec::new();
    for (number, fix) in edits_on(scenario, endpoint) {
        let Met { status, said, same } = try_fix(line, fix, limit).await?;
        if status != 0 && survey::says_full(&said) {
            lacks.push(Phrase::new("unfit-no-space").with("endpoint", endpoint));
        } else if status != 0 {
            let phrase = about("unfit-fix-failed", number, fix, endpoint).with("status", status);
            lacks.push(phrase.with("output", one_line(&said, OUTPUT_MOST)));
            continue;
        }
        for (path, before) in same {
            lacks.push(survey::nothing_to_edit(about("", number, fix, endpoint), &fix.action.run, &path, &before));
        }
    }
    Ok(lacks)
}

async fn content(line: &Line, path: &str) -> Option<String> {
    match line.quick(Request::Tail { path: path.to_owned(), most: FILE_MOST }).await {
        Ok(Answer::Output(text)) => Some(text),
        _ => None,
    }
}

/// Settles arms that are not to be run: where it is known that a machine cannot, or where it is only looked at.
pub fn settle(job: &Job, looked: &Looked, arms: &mut [ArmEvidence]) -> bool {
    let known: Vec<Phrase> = job.subjects.values().flat_map(|trial| trial.unfit.clone()).collect();
    if known.is_empty() && !job.is_only_looked_at() {
        return false;
    }
    let mut findings = known.clone();
    let mut outcome = Outcome::Unsupported { reason: Phrase::new(ONLY_LOOKED_AT) };
    if let Some(reason) = known.into_iter().next() {
        outcome = Outcome::Unsupported { reason };
    }
    for survey in looked.values() {
        match survey {
            Ok(survey) => findings.extend(survey.lacks.iter().chain(&survey.notes).cloned()),
            Err(LabError::Interrupted) => outcome = Outcome::Interrupted,
            Err(LabError::Lacking(reason)) => outcome = Outcome::Unsupported { reason: reason.clone() },
            Err(err) => match fault_of(err, |endpoint| job.subjects.contains_key(endpoint)) {
                Some(finding) => findings.push(finding),
                None => outcome = Outcome::Error { phase: Phase::Up, message: clean(&err.chain()) },
            },
        }
    }
    for arm in arms.iter_mut() {
        arm.outcome = outcome.clone();
    }
    // Of the machine, not of an arm: said once.
    if let Some(first) = arms.first_mut() {
        first.findings = findings;
    }
    true
}
