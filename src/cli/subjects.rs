//! What the command line puts on trial: machines by endpoint, and each set of them that is verified together.

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::found::found_image;
use super::verify::Args;
use super::{CommandError, Context, disks};
use crate::clean::one_line;
use crate::lab::Backend;
use crate::lab::base::Release;
use crate::lab::choose::Wanted;
use crate::lab::guest::Medium;
use crate::run::Trial;
use crate::scenario::Scenario;
use crate::scenario::host::Host;
use crate::scenario::subject::{Image, Subject, SubjectRecord};

/// Longest name of a candidate's directory, in characters.
const DIR_MOST: usize = 60;

/// `ENDPOINT=WHAT`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((endpoint, what)) if !endpoint.is_empty() && !what.is_empty() => {
            Ok((endpoint.to_owned(), what.to_owned()))
        }
        _ => Err("not ENDPOINT=WHAT, such as server=lab.tar".to_owned()),
    }
}

/// Releases, each once, in the order in which they were asked for.
pub type Matrix = Vec<Release>;

/// `debian=RELEASE,…`.
pub fn matrix(text: &str) -> Result<Matrix, String> {
    let names = text
        .strip_prefix("debian=")
        .ok_or("not debian=RELEASE,…: Debian's packages are all that images are made of")?;
    let mut releases = Vec::new();
    for name in names.split(',') {
        let release = Release::named(name)
            .ok_or_else(|| format!("`{}` is no code name of a release, such as bookworm", one_line(name, DIR_MOST)))?;
        if !releases.contains(&release) {
            releases.push(release);
        }
    }
    Ok(releases)
}

/// Machines that are verified together.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    machines: BTreeMap<String, Subject>,
    /// What all of the course's own images are made of; then each of them is on trial.
    release: Option<Release>,
    faults: bool,
    is_only_looked_at: bool,
    media: BTreeMap<String, Rc<Medium>>,
}

/// All candidates: where an endpoint has several machines, one for each.
pub fn candidates(args: &Args, read: &[(Scenario, String)], context: &Context) -> Result<Vec<Candidate>, CommandError> {
    let mut wanted: Vec<(String, Subject)> = Vec::new();
    for (endpoint, named) in &args.images {
        // The reference is known when the backend is.
        let image = Image { named: named.clone(), reference: named.clone() };
        wanted.push((endpoint.clone(), Subject::Image(image)));
    }
    if args.fit && args.matrix.is_some() {
        return Err(CommandError::Wrong("--fit looks at machines that somebody made: releases are run".to_owned()));
    }
    if args.known_hosts.is_some() && (args.hosts.is_empty() || !(args.apply || args.fit)) {
        let text = "--known-hosts is for --host with --apply or --fit: nothing else logs into a live machine from here";
        return Err(CommandError::Wrong(text.to_owned()));
    }
    let media = disks::media(args, context)?;
    for (endpoint, file) in &args.disks {
        wanted.push((endpoint.clone(), Subject::Disk(file.clone())));
    }
    for (endpoint, address) in &args.hosts {
        let host = Host::parse(address).map_err(|why| {
            CommandError::Wrong(format!("--host {endpoint}={}: {}", one_line(address, 80), why.say(context.lang)))
        })?;
        wanted.push((endpoint.clone(), Subject::Host(host)));
    }
    if let Some(releases) = &args.matrix {
        if !wanted.is_empty() {
            return Err(CommandError::Wrong(
                "--matrix is about the course's own images: leave the others out".to_owned(),
            ));
        }
        let of = |release: &Release| Candidate { release: Some(release.clone()), faults: true, ..Candidate::default() };
        return Ok(releases.iter().map(of).collect());
    }
    if wanted.is_empty() {
        let text = "nothing to verify: say --image ENDPOINT=IMAGE, --disk ENDPOINT=FILE, --host ENDPOINT=ADDRESS or --matrix debian=RELEASE,…; \
                    `saiten run` runs the course's own images";
        return Err(CommandError::Wrong(text.to_owned()));
    }
    for (endpoint, _) in &wanted {
        known_everywhere(endpoint, read)?;
    }
    sets(wanted).map(|sets| {
        let machines = |machines| Candidate {
            machines,
            release: None,
            faults: args.faults,
            is_only_looked_at: args.fit,
            media: media.clone(),
        };
        sets.into_iter().map(machines).collect()
    })
}

fn known_everywhere(endpoint: &str, read: &[(Scenario, String)]) -> Result<(), CommandError> {
    let Some((scenario, _)) = read.iter().find(|(scenario, _)| !scenario.endpoints.contains_key(endpoint)) else {
        return Ok(());
    };
    let known: Vec<&str> = scenario.endpoints.keys().map(String::as_str).collect();
    let endpoint = one_line(endpoint, 80);
    let text = format!("scenario {} has no endpoint `{endpoint}`; it has {}", scenario.id, known.join(", "));
    Err(CommandError::Wrong(text))
}

/// One set for each machine of the endpoint that has several; all others are in every set.
fn sets(wanted: Vec<(String, Subject)>) -> Result<Vec<BTreeMap<String, Subject>>, CommandError> {
    let mut by_endpoint: BTreeMap<String, Vec<Subject>> = BTreeMap::new();
    for (endpoint, subject) in wanted {
        by_endpoint.entry(endpoint).or_default().push(subject);
    }
    let several: Vec<String> =
        by_endpoint.iter().filter(|(_, all)| all.len() > 1).map(|(endpoint, _)| endpoint.clone()).collect();
    if several.len() > 1 {
        let text = format!("only one endpoint can have several machines, not {}", several.join(" and "));
        return Err(CommandError::Wrong(text));
    }
    let count = by_endpoint.values().map(Vec::len).max().unwrap_or(0);
    let of = |at: usize| {
        let pick =
            |(endpoint, all): (&String, &Vec<Subject>)| Some((endpoint.clone(), all.get(at).or(all.first())?.clone()));
        by_endpoint.iter().filter_map(pick).collect()
    };
    Ok((0..count).map(of).collect())
}

impl Candidate {
    /// What the course's own images are made of, where that is on trial.
    pub fn release(&self) -> Option<&Release> {
        self.release.as_ref()
    }

    /// Whether a live machine is among them.
    pub fn is_live(&self) -> bool {
        self.machines.values().any(|subject| matches!(subject, Subject::Host(_)))
    }

    /// Name of its reports' directory: what it is, made a file name, behind its number.
    pub fn dir(&self, at: usize) -> String {
        if let Some(release) = &self.release {
            return release.suite().to_owned();
        }
        let named: Vec<String> = self.machines.values().map(Subject::named).collect();
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
        let text: String = named.join("+").chars().map(plain).take(DIR_MOST).collect();
        format!("{}-{}", at + 1, text.trim_matches(['-', '.']))
    }

    fn trial(&self, subject: Subject, faults: bool) -> Trial {
        let record = SubjectRecord {
            kind: subject.kind().to_owned(),
            named: subject.named(),
            facts: BTreeMap::new(),
            is_only_looked_at: self.is_only_looked_at,
        };
        let is_only_looked_at = self.is_only_looked_at;
        Trial { subject, record, faults, entry: None, unfit: Vec::new(), is_only_looked_at, medium: None }
    }

    /// Finds each machine, and loads what has to be loaded.
    pub async fn make_ready(&self, backend: &dyn Backend, wanted: &Wanted) -> Result<Ready, CommandError> {
        let release = self.release.as_ref().map(|release| Subject::Release(release.suite().to_owned()));
        let mut ready = Ready { release: release.map(|subject| self.trial(subject, true)), ..Ready::default() };
        for (endpoint, subject) in &self.machines {
            let mut trial = self.trial(subject.clone(), self.faults);
            if let Subject::Image(image) = &mut trial.subject {
                let found = found_image(backend, wanted, endpoint, &image.named).await;
                // What has been loaded so far must not stay.
                let found = match found {
                    Ok(found) => found,
                    Err(err) => {
                        ready.put_away(backend).await;
                        return Err(err);
                    }
                };
                image.reference.clone_from(&found.reference);
                ready.loaded.extend(found.is_loaded.then(|| found.reference.clone()));
                trial.record.facts = found.facts();
                trial.unfit.extend(found.unfit(endpoint));
                trial.entry = Some(found.entry());
            }
            if let Subject::Disk(file) = &trial.subject
                && let Some(medium) = self.media.get(file)
            {
                trial.record.facts = medium.facts().await?;
                let file = file.clone();
                // The whole archive is read.
                let facts = tokio::task::spawn_blocking(move || disks::appliance_facts(&file)).await;
                trial.record.facts.extend(facts.map_err(io::Error::other)?);
                trial.medium = Some(medium.clone());
            }
            ready.trials.insert(endpoint.clone(), trial);
        }
        Ok(ready)
    }
}

/// A candidate whose machines are there.
#[derive(Debug, Default)]
pub struct Ready {
    /// Of every endpoint.
    release: Option<Trial>,
    trials: BTreeMap<String, Trial>,
    loaded: Vec<String>,
}

impl Ready {
    /// The machines that have places in a scenario.
    pub fn trials_of(&self, scenario: &Scenario) -> BTreeMap<String, Trial> {
        if let Some(release) = &self.release {
            return scenario.endpoints.keys().map(|endpoint| (endpoint.clone(), release.clone())).collect();
        }
        let own = self.trials.iter().filter(|(endpoint, _)| scenario.endpoints.contains_key(*endpoint));
        own.map(|(endpoint, trial)| (endpoint.clone(), trial.clone())).collect()
    }

    /// Forgets what was loaded. What cannot be forgotten is swept later.
    pub async fn put_away(&self, backend: &dyn Backend) {
        for reference in &self.loaded {
            let _ = backend.forget(reference).await;
        }
    }
}
