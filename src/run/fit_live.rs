//! A quick look at a live machine: over ssh, by reading alone. What its commands would meet is tried on copies of its files, in a machine
//! of the course's own that nobody keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Shared;
use super::fit::{EDIT, FILE_MOST, Met, OUTPUT_MOST, Place, about, alone, edits_on, try_fix};
use super::live::declared;
use crate::clean::one_line;
use crate::helper::message::{Content, FileSpec, Request};
use crate::lab::LabError;
use crate::lab::line::Line;
use crate::lab::live::Live;
use crate::lab::remote::Remote;
use crate::lab::shell::{Shell, quoted};
use crate::scenario::host::Host;
use crate::scenario::{ServicePort, Transport};
use crate::survey::{self, Needs, Survey};
use crate::wording::Phrase;

/// How long one step may take: a login that waits for dead name servers is what a lesson may be about.
const STEP: Duration = Duration::from_secs(90);
/// Exit status that says that a file is not there.
const ABSENT: i32 = 44;
/// Longest message of the machine in an error, in characters.
const MESSAGE_MOST: usize = 400;
/// Port of sshd.
const SSH: ServicePort = ServicePort { transport: Transport::Tcp, port: 22 };

/// Files of a machine by path, as they are.
type Files = BTreeMap<String, String>;

/// Logs in and looks.
///
/// # Errors
/// [`LabError::Lacking`] where the machine is not reached; what `ssh` says where it lets nobody in.
pub async fn look_at(
    shared: &Shared<'_>,
    place: Place<'_>,
    host: &Host,
    users: Vec<String>,
) -> Result<Survey, LabError> {
    let Place { scenario, endpoint, .. } = place;
    let reach = &shared.options.reach;
    let mut ports = declared(scenario, endpoint);
    if ports.is_empty() {
        ports.push(SSH);
    }
    let found = shared.cancel.run_until_cancelled(Live::find(host, &ports, reach)).await;
    let live = found.ok_or(LabError::Interrupted)?;
    let live = live.map_err(|reason| LabError::Lacking(reason.with("endpoint", endpoint)))?;
    // Whoever is named there is who logs in during the lesson.
    let users = if host.user.is_some() { Vec::new() } else { users };
    look_through(shared, place, &Remote::of(endpoint, &live, reach)?, users).await
}

/// Looks through this shell. What was seen is told, also where the rest cannot be found out.
async fn look_through(
    shared: &Shared<'_>,
    place: Place<'_>,
    shell: &dyn Shell,
    users: Vec<String>,
) -> Result<Survey, LabError> {
    let read = async {
        let survey = read(shell, place, users).await?;
        Ok((survey, fetch_all(shell, place).await))
    };
    let read = shared.cancel.run_until_cancelled(read).await.unwrap_or(Err(LabError::Interrupted));
    let (mut survey, files) = read?;
    let tried = match files {
        Ok(files) => try_on_copies(shared, place, files, &mut survey).await,
        Err(err) => Err(err),
    };
    match tried {
        Ok(()) => {}
        Err(LabError::Interrupted) => return Err(LabError::Interrupted),
        Err(err) => {
            let phrase = Phrase::new("cannot-tell-commands").with("endpoint", place.endpoint);
            survey.notes.push(phrase.with("why", one_line(&err.chain(), MESSAGE_MOST)));
        }
    }
    Ok(survey)
}

/// Runs the script that looks, and reads what it says.
async fn read(shell: &dyn Shell, place: Place<'_>, users: Vec<String>) -> Result<Survey, LabError> {
    let Place { scenario, endpoint, .. } = place;
    let needs = Needs { nics: true, ..survey::needs(scenario, endpoint, users, false) };
    let ran = shell.run(&survey::script(&needs), STEP).await?;
    let what = format!("looking at `{endpoint}`");
    if ran.timed_out {
        return Err(LabError::TimedOut { what, limit: STEP, last: String::new() });
    }
    // A shell that does something else, or a login that is turned away politely, has said nothing about the machine.
    if !survey::is_whole(&ran.stdout) {
        let said = one_line(&format!("{}{}", ran.stderr, ran.stdout), MESSAGE_MOST);
        let reason = format!("the script that looks ended early, with status {}: {said}", ran.status);
        return Err(LabError::Endpoint { endpoint: endpoint.to_owned(), what: "look".to_owned(), reason });
    }
    let mut survey = survey::read(endpoint, &ran.stdout);
    // Nobody adds them there.
    if let Some(users) = survey.facts.remove("no_users") {
        survey.facts.insert("missing_users".to_owned(), users);
    }
    Ok(survey)
}

/// The files that the fixes edit, as far as they are there.
async fn fetch_all(shell: &dyn Shell, place: Place<'_>) -> Result<Files, LabError> {
    let mut files = Files::new();
    let mut paths: Vec<&String> = edits_on(place.scenario, place.endpoint).flat_map(|(_, fix)| &fix.edits).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        if let Some(content) = fetch(shell, place.endpoint, path).await? {
            files.insert(path.clone(), content);
        }
    }
    Ok(files)
}

/// A file of the machine; none where it has none.
async fn fetch(shell: &dyn Shell, endpoint: &str, path: &str) -> Result<Option<String>, LabError> {
    let word = quoted(path);
    let line = format!("test -f {word} || exit {ABSENT}; head -c {} < {word}", FILE_MOST + 1);
    let ran = shell.run(&line, STEP).await?;
    let failed = |reason: String| LabError::Endpoint { endpoint: endpoint.to_owned(), what: path.to_owned(), reason };
    match ran.status {
        _ if ran.timed_out => Err(LabError::TimedOut {
            what: format!("reading {path} of `{endpoint}`"),
            limit: STEP,
            last: String::new(),
        }),
        ABSENT => Ok(None),
        0 if ran.stdout.len() > FILE_MOST => Err(failed(format!("it has more than {FILE_MOST} bytes"))),
        0 => Ok(Some(ran.stdout)),
        status => Err(failed(format!("reading it ends with status {status}: {}", one_line(&ran.stderr, MESSAGE_MOST)))),
    }
}

/// Runs the fixes whose files are all there on copies of these, and says what they met. That a file is missing has been said.
async fn try_on_copies(
    shared: &Shared<'_>,
    place: Place<'_>,
    files: Files,
    survey: &mut Survey,
) -> Result<(), LabError> {
    let Place { scenario, endpoint, .. } = place;
    let fixes: Vec<_> =
        edits_on(scenario, endpoint).filter(|(_, fix)| fix.edits.iter().all(|path| files.contains_key(path))).collect();
    if fixes.is_empty() {
        return Ok(());
    }
    let names = files.keys().cloned().collect::<Vec<_>>().join(", ");
    let met = alone(shared, place, async |line: &Line| {
        let file = |(path, content)| FileSpec { path, content: Content::Text(content), mode: 0o600 };
        line.quick(Request::Files(files.into_iter().map(file).collect())).await?;
        let mut met = Vec::new();
        for (number, fix) in fixes {
            met.push((number, fix, try_fix(line, fix, EDIT).await?));
        }
        Ok(met)
    });
    for (number, fix, Met { status, said, same }) in met.await? {
        if status != 0 {
            // It may lean on something that only the machine itself has.
            let phrase = about("cannot-tell-command", number, fix, endpoint).with("status", status);
            survey.notes.push(phrase.with("output", one_line(&said, OUTPUT_MOST)));
            continue;
        }
        for (path, before) in same {
            let phrase = about("", number, fix, endpoint);
            survey.lacks.push(survey::nothing_to_edit(phrase, &fix.action.run, &path, &before));
        }
    }
    survey.notes.push(Phrase::new("finding-tried-on-copies").with("endpoint", endpoint).with("files", names));
    Ok(())
}

#[cfg(test)]
mod tests;
