//! Faults and fixes: the course's lines as printed, what they did to the files, and the logs that the daemons leave.

use std::time::Duration;

use similar::TextDiff;

use super::life::{Life, within};
use crate::arm::ArmName;
use crate::clean::{clean, cut};
use crate::event::EventKind;
use crate::evidence::bundle::write_whole;
use crate::evidence::{ActionRecord, EditRecord, in_force};
use crate::helper::message::{Content, FileSpec, Ran};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::measure::Unit;
use crate::scenario::submission::Step;
use crate::scenario::{Action, Fix};
use crate::wording::Phrase;

/// Most bytes kept of a file that a fix edits, and of an effective configuration.
const FILE_MOST: usize = 256 << 10;
/// Most bytes kept of a log.
const LOG_MOST: usize = 512 << 10;
/// Most characters kept of a command's output.
const OUTPUT_MOST: usize = 4000;

/// A fix that changed its files, which the effective configuration did not show at once.
struct Unseen<'f> {
    fix: &'f Fix,
    /// What was in force before the fix.
    before: Vec<String>,
    /// What was in force before anything was activated; none where nobody could tell.
    last: Option<Vec<String>>,
}

impl Unseen<'_> {
    /// Whether the fix has no effect, by what is in force after the activation. Where the activation does not show, the command that
    /// tells reads the files, and has told; where it does, the command tells of what is running, which the fix alone could not change.
    fn is_without_effect(&self, now: Option<Vec<String>>) -> bool {
        now.is_some_and(|now| self.last.as_ref() == Some(&now) || self.before == now)
    }
}

impl Life<'_> {
    /// Runs all faults; one that fails leaves no lab to measure.
    pub(super) async fn apply_faults(&self, lab: &Lab) -> Result<(), LabError> {
        for fault in &self.planned.scenario.faults {
            let action = format!("fault:{}", fault.name);
            // What was handed in, or is on trial, is as it came.
            let as_it_came = |on: &String| self.own().is_some_and(|own| own.images.contains(on)) || self.is_live(on);
            let on = fault.on.iter().filter(|on| !as_it_came(on)).cloned().collect();
            for (endpoint, ran) in self.act(lab, &action, &Action { on, ..fault.clone() }).await? {
                if ran.status != 0 {
                    let logs = lab.last_logs(&endpoint).await;
                    let output = cut(&clean(&format!("{}{}{logs}", ran.stdout, ran.stderr)), OUTPUT_MOST);
                    return Err(LabError::Command {
                        action,
                        endpoint,
                        run: fault.run.clone(),
                        status: ran.status,
                        output,
                    });
                }
            }
        }
        for (name, endpoint) in self.open_endpoints() {
            if let Some(effective) = &endpoint.effective {
                let before = self.effective(lab, name, effective).await?;
                self.note(|evidence| evidence.effective.entry(name.clone()).or_default().before = before);
            }
        }
        Ok(())
    }

    /// Runs this arm's fixes, then what makes them take effect. A fix that fails is evidence, not an error.
    pub(super) async fn apply_fixes(&self, lab: &Lab) -> Result<(), LabError> {
        let mut activations: Vec<(String, String)> = Vec::new();
        let mut silent = Vec::new();
        if let Some((name, own)) = self.in_place() {
            self.hand_in(lab, name, &own.steps).await?;
        }
        self.remember(lab).await?;
        for fix in self.applied() {
            silent.extend(self.apply_fix(lab, fix).await?.map(|before| (fix, before)));
            for endpoint in &fix.action.on {
                if let Some(activate) = &fix.activate
                    && !activations.contains(&(endpoint.clone(), activate.clone()))
                {
                    activations.push((endpoint.clone(), activate.clone()));
                }
            }
        }
        let mut unseen = Vec::new();
        for (fix, before) in silent {
            unseen.push(Unseen { fix, before, last: self.in_force(lab, fix).await? });
        }
        for (endpoint, run) in activations {
            let action = Action { name: "activate".to_owned(), on: vec![endpoint], run };
            for (endpoint, mut ran) in self.act(lab, "activate", &action).await? {
                if ran.status != 0 {
                    ran.stderr.insert_str(0, &self.why(lab, &endpoint).await);
                }
                self.report_failure("finding-activation-failed", &endpoint, &action, &ran);
            }
        }
        for unseen in unseen {
            let now = self.in_force(lab, unseen.fix).await?;
            if unseen.is_without_effect(now) {
                let finding = Phrase::new("finding-configuration-same").with("fix", &unseen.fix.action.name);
                self.note(|evidence| evidence.findings.push(finding));
            }
        }
        for (name, endpoint) in self.open_endpoints() {
            if let Some(effective) = &endpoint.effective {
                let after = self.effective(lab, name, effective).await?;
                self.note(|evidence| evidence.effective.entry(name.clone()).or_default().after = after);
            }
        }
        self.keep_files(lab).await;
        self.keep_packages(lab).await;
        Ok(())
    }

    /// Runs what was handed in, or a mutant, in place of the fixes. A script that fails is its author's affair: what counts is the lab
    /// afterwards.
    async fn hand_in(&self, lab: &Lab, name: &str, steps: &[Step]) -> Result<(), LabError> {
        let edited = self.edited();
        let before = self.contents(lab, &edited).await;
        for step in steps {
            self.hand_in_step(lab, name, step).await?;
        }
        self.record_edits(name, &before, self.contents(lab, &edited).await);
        Ok(())
    }

    async fn hand_in_step(&self, lab: &Lab, name: &str, step: &Step) -> Result<(), LabError> {
        match step {
            Step::File { on, .. } | Step::Run { on, .. } if self.is_live(on) => {
                let finding = Phrase::new("finding-live-untouched").with("endpoint", on);
                self.note(|evidence| evidence.findings.push(finding));
                Ok(())
            }
            Step::File { on, path, content, mode } => {
                let file = FileSpec { path: path.clone(), content: Content::of(content.clone()), mode: *mode };
                lab.put(on, file).await
            }
            Step::Run { on, run } => {
                if run.contains('\r') {
                    let finding = Phrase::new("finding-windows-lines").with("endpoint", on);
                    self.note(|evidence| evidence.findings.push(finding));
                }
                let action = Action { name: name.to_owned(), on: vec![on.clone()], run: run.clone() };
                for (endpoint, ran) in self.act_to_the_limit(lab, &self.name.arm.to_string(), &action).await? {
                    if ran.timed_out {
                        let limit = Unit::Seconds.show(self.planned.scenario.limits.action.as_secs_f64());
                        let finding = Phrase::new("finding-submission-timed-out").with("endpoint", endpoint);
                        self.note(|evidence| evidence.findings.push(finding.with("limit", limit)));
                    }
                }
                Ok(())
            }
        }
    }

    /// Keeps the files that fixes edit and reasons look at, as they are now.
    async fn keep_files(&self, lab: &Lab) {
        let looked_at = self.planned.scenario.reasons.iter();
        let looked_at = looked_at.filter_map(|reason| Some((reason.on.clone()?, reason.path()?.to_owned())));
        let mut files: Vec<(String, String)> = self.edited().into_iter().chain(looked_at).collect();
        files.sort();
        files.dedup();
        for (endpoint, path, content) in self.contents(lab, &files).await {
            self.note(|evidence| {
                evidence.files.entry(endpoint).or_default().insert(path, clean(&content));
            });
        }
    }

    /// The files that the scenario's fixes are meant to edit, with their endpoints.
    fn edited(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = self.planned.scenario.fixes.iter().flat_map(edits_of).collect();
        all.sort();
        all.dedup();
        all
    }

    pub(super) fn applied(&self) -> Vec<&Fix> {
        let fixes = &self.planned.scenario.fixes;
        let all: Vec<String> = fixes.iter().map(|fix| fix.action.name.clone()).collect();
        let wanted: Vec<&String> = self.name.arm.fixes(&all);
        fixes.iter().filter(|fix| wanted.iter().any(|name| **name == fix.action.name)).collect()
    }

    /// Applies a fix; gives what was in force before it, where it changed its files and that is in force still.
    async fn apply_fix(&self, lab: &Lab, fix: &Fix) -> Result<Option<Vec<String>>, LabError> {
        let files: Vec<(String, String)> = edits_of(fix).collect();
        let before = self.contents(lab, &files).await;
        let before_it = self.in_force(lab, fix).await?;
        for (endpoint, ran) in self.act(lab, &format!("fix:{}", fix.action.name), &fix.action).await? {
            self.report_failure("finding-fix-failed", &endpoint, &fix.action, &ran);
        }
        let changed = self.record_edits(&fix.action.name, &before, self.contents(lab, &files).await);
        let Some(before) = before_it.filter(|_| changed) else { return Ok(None) };
        let is_same = self.in_force(lab, fix).await?.is_some_and(|now| now == before);
        Ok(is_same.then_some(before))
    }

    /// Records what a fix, or a submission, did to the files that it is meant to edit; whether it changed any.
    fn record_edits(&self, fix: &str, before: &[Kept], after: Vec<Kept>) -> bool {
        let mut changed = false;
        for ((endpoint, path, old), (_, _, new)) in before.iter().zip(after) {
            let diff = if *old == new { String::new() } else { diff(path, old, &new) };
            changed |= !diff.is_empty();
            // That a mutant edits nothing is what some are for.
            if diff.is_empty() && !matches!(self.name.arm, ArmName::Mutant(_)) {
                let finding = Phrase::new("finding-nothing-changed").with("fix", fix).with("endpoint", endpoint);
                self.note(|evidence| evidence.findings.push(finding.with("path", path)));
            }
            let (fix, endpoint, path) = (fix.to_owned(), endpoint.clone(), path.clone());
            self.note(|evidence| evidence.edits.push(EditRecord { fix, endpoint, path, diff: clean(&diff) }));
        }
        changed
    }

    /// Files as they are now; one that is not there is empty.
    async fn contents(&self, lab: &Lab, files: &[(String, String)]) -> Vec<Kept> {
        let mut contents = Vec::new();
        for (endpoint, path) in files.iter().filter(|(endpoint, _)| !self.is_closed(endpoint)) {
            let content = lab.tail(endpoint, path, FILE_MOST).await.unwrap_or_default();
            contents.push((endpoint.clone(), path.clone(), content));
        }
        contents
    }

    /// What is in force wherever the fix acts; none where a daemon cannot tell, for example because it refuses its file.
    async fn in_force(&self, lab: &Lab, fix: &Fix) -> Result<Option<Vec<String>>, LabError> {
        let mut all = Vec::new();
        for name in &fix.action.on {
            let endpoint = self.planned.scenario.endpoints.get(name);
            let Some(line) = endpoint.and_then(|endpoint| endpoint.effective.as_ref()) else { return Ok(None) };
            let ran = lab.run(name, line, self.planned.scenario.limits.action).await?;
            if ran.status != 0 || !ran.stderr.is_empty() {
                return Ok(None);
            }
            all.extend(in_force(&ran.stdout).map(str::to_owned));
        }
        Ok(Some(all))
    }

    async fn effective(&self, lab: &Lab, endpoint: &str, line: &str) -> Result<String, LabError> {
        match lab.run(endpoint, line, self.planned.scenario.limits.action).await {
            Ok(ran) => Ok(clean(&format!("{}{}", ran.stdout, ran.stderr))),
            // Whoever leaves no shell behind has no configuration to tell; it only explains, anyway.
            Err(LabError::Endpoint { reason, .. }) if self.in_place().is_some() => Ok(clean(&reason)),
            Err(err) => Err(err),
        }
    }

    /// Runs an action's lines on each of its endpoints and records them. One that does not end is an error.
    pub(super) async fn act(&self, lab: &Lab, name: &str, action: &Action) -> Result<Vec<(String, Ran)>, LabError> {
        let done = self.act_to_the_limit(lab, name, action).await?;
        match done.iter().find(|(_, ran)| ran.timed_out) {
            Some((endpoint, ran)) => Err(LabError::TimedOut {
                what: format!("{name} on `{endpoint}`"),
                limit: self.planned.scenario.limits.action,
                last: format!("\n{}", cut(&clean(&ran.stderr), OUTPUT_MOST)),
            }),
            None => Ok(done),
        }
    }

    /// As [`Life::act`]; what does not end is ended at the limit, and the next endpoint is not asked.
    async fn act_to_the_limit(&self, lab: &Lab, name: &str, action: &Action) -> Result<Vec<(String, Ran)>, LabError> {
        let limit = self.planned.scenario.limits.action;
        let mut done = Vec::new();
        for endpoint in action.on.iter().filter(|on| !self.is_closed(on)) {
            let what = format!("{name} on `{endpoint}`");
            // The helper ends the command at its limit; this limit is for a helper that does not answer.
            let ran = within(limit + Duration::from_secs(10), &what, lab.run(endpoint, &action.run, limit)).await?;
            let record = ActionRecord {
                action: name.to_owned(),
                endpoint: endpoint.clone(),
                run: action.run.clone(),
                status: ran.status,
                output: cut(&clean(&format!("{}{}", ran.stdout, ran.stderr)), OUTPUT_MOST),
                took: Duration::from_nanos(ran.took_ns).as_secs_f64(),
            };
            self.tell(EventKind::Acted {
                lab: self.name.clone(),
                action: name.to_owned(),
                endpoint: endpoint.clone(),
                status: ran.status,
            });
            self.note(|evidence| evidence.actions.push(record));
            let timed_out = ran.timed_out;
            done.push((endpoint.clone(), ran));
            if timed_out {
                break;
            }
        }
        Ok(done)
    }

    fn report_failure(&self, id: &str, endpoint: &str, action: &Action, ran: &Ran) {
        if ran.status == 0 {
            return;
        }
        let said = format!("{}{}", ran.stderr, ran.stdout);
        let finding = Phrase::new(id)
            .with("fix", &action.name)
            .with("endpoint", endpoint)
            .with("status", ran.status)
            .with("output", crate::clean::one_line(&said, 300));
        self.note(|evidence| evidence.findings.push(finding));
    }

    /// Keeps the endpoints' logs as files. A log that is not there is no failure: a daemon may have nothing to say.
    pub(super) async fn collect_logs(&self, lab: &Lab) -> Result<(), LabError> {
        let dir = self.planned.shared.bundle.arm_dir(&self.name.scenario, &self.name.arm).join("logs");
        for (name, endpoint) in self.open_endpoints() {
            for path in &endpoint.logs {
                let Ok(log) = lab.tail(name, path, LOG_MOST).await else { continue };
                let file = format!("{name}{}", path.replace('/', "-"));
                write_whole(&dir.join(file), clean(&log).as_bytes()).map_err(|err| match err {
                    crate::evidence::bundle::BundleError::Write { path, source } => {
                        LabError::Own { what: format!("cannot write {}", path.display()), source }
                    }
                    other => LabError::backend("cannot keep a log", other),
                })?;
            }
        }
        Ok(())
    }
}

/// Endpoint, path and content of a file.
type Kept = (String, String, String);

/// The files that a fix is meant to edit, with their endpoints.
fn edits_of(fix: &Fix) -> impl Iterator<Item = (String, String)> {
    fix.action.on.iter().flat_map(|endpoint| fix.edits.iter().map(|path| (endpoint.clone(), path.clone())))
}

fn diff(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(1).header(path, path).missing_newline_hint(true).to_string()
}
