//! A machine on trial in its lab: what its copy is given that the lab needs, what it starts by itself, and whose fault it is when it fails.

use std::time::Duration;

use super::life::Life;
use super::scenario::users;
use crate::arm::ArmName;
use crate::clean::one_line;
use crate::helper::message::{Content, Entry, EntryDone, FileSpec, NO_SHELL, PROGRAM, RunSpec};
use crate::lab::LabError;
use crate::lab::line::Line;
use crate::lab::topology::Lab;
use crate::scenario::Ready;
use crate::survey;
use crate::wording::Phrase;

/// Longest message of a machine on trial in a reason, in characters.
const MESSAGE_MOST: usize = 400;
/// How long the copy may take to be made ready.
const PREPARE: Duration = Duration::from_secs(20);
/// How long an image's entrypoint may set things up before the lab goes on beside it.
pub const ENTRY_WAIT: Duration = Duration::from_secs(5);
/// Where `systemctl` is looked for.
const SYSTEMCTL: &str = "/usr/bin/systemctl";
/// Programs that insist on being the first process.
const INITS: [&str; 6] = ["systemd", "init", "openrc-init", "runit", "s6-svscan", "runsvdir"];
/// Programs that do nothing but start another.
const WRAPPERS: [&str; 3] = ["tini", "dumb-init", "catatonit"];
/// Shells, which without a command wait for somebody to type.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];

/// What is to be done with what an image starts by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// It starts nothing that counts.
    Nothing,
    /// An init: the helper is the first process in its place, and its units are started one by one.
    Init(String),
    /// The daemon that the lab starts anyway.
    Started(String),
    /// It sets things up and then becomes the daemon that the lab starts anyway: it is ended there.
    HandsOver(String),
    /// It runs beside the helper.
    Runs,
}

/// Decides that. `start` is the lab's own start line.
pub fn beside(entry: &Entry, start: Option<&str>) -> Beside {
    let words = entry.entrypoint.iter().chain(&entry.cmd);
    let bare = |word: &&String| !WRAPPERS.contains(&base(word)) && !word.starts_with('-');
    let words: Vec<&String> = words.skip_while(|word| !bare(word)).collect();
    let [program, rest @ ..] = words.as_slice() else { return Beside::Nothing };
    let name = base(program);
    if INITS.contains(&name) {
        return Beside::Init((*program).clone());
    }
    if SHELLS.contains(&name) && rest.iter().all(|word| word.starts_with('-') && !word.contains('c')) {
        return Beside::Nothing;
    }
    if is_started(start, name) {
        return Beside::Started((*program).clone());
    }
    match entry.cmd.first().filter(|cmd| !entry.entrypoint.is_empty() && is_started(start, base(cmd))) {
        Some(cmd) => Beside::HandsOver(cmd.clone()),
        None => Beside::Runs,
    }
}

fn is_started(start: Option<&str>, name: &str) -> bool {
    start.is_some_and(|start| start.split_whitespace().any(|word| base(word) == name))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What was done to a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Things to know about it.
    pub remarks: Vec<Phrase>,
}

/// Gives the copy of a machine that nobody keeps what the lab needs, and starts what it starts by itself.
///
/// # Errors
/// [`LabError::Command`] where that fails, which is the machine's own fault.
pub async fn prepare(
    line: &Line,
    endpoint: &str,
    users: &[String],
    entry: Option<&Entry>,
    start: Option<&str>,
) -> Result<Prepared, LabError> {
    let mut prepared = Prepared::default();
    let text = survey::script_for_copy(users);
    let ran = line.run(RunSpec::shell(&text, PREPARE)).await?;
    let failed = |action: &str, run: String, status: i32, output: String| LabError::Command {
        action: action.to_owned(),
        endpoint: endpoint.to_owned(),
        run,
        status,
        output,
    };
    if ran.status != 0 {
        let what = "the users that log in, and the units' directory".to_owned();
        return Err(failed("prepare", what, ran.status, format!("{}{}", ran.stderr, ran.stdout)));
    }
    let said = survey::said(&ran.stdout);
    if let Some(added) = said.get("added") {
        let phrase = Phrase::new("finding-users-added").with("endpoint", endpoint);
        prepared.remarks.push(phrase.with("users", added.join(", ")));
    }
    if said.contains_key("units") && put_systemctl(line).await? {
        prepared.remarks.push(Phrase::new("finding-own-systemctl").with("endpoint", endpoint));
    }
    let Some(entry) = entry else { return Ok(prepared) };
    let remark = |id: &str, program: &str| Phrase::new(id).with("endpoint", endpoint).with("program", program);
    match beside(entry, start) {
        Beside::Nothing => {}
        Beside::Init(program) => prepared.remarks.push(remark("finding-init-replaced", &program)),
        Beside::Started(program) => prepared.remarks.push(remark("finding-entry-started", &program)),
        runs => {
            let hands_over = matches!(runs, Beside::HandsOver(_));
            let entry = &Entry { hands_over, ..entry.clone() };
            let limit = Duration::from_millis(entry.wait_ms) + Duration::from_secs(5);
            let ran = line.run(RunSpec::duty("entry", entry, limit)).await?;
            let done: EntryDone = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| EntryDone {
                failed: Some(format!("exit status {}: {}", ran.status, ran.stderr.trim())),
                ..EntryDone::default()
            });
            let words: Vec<&str> = entry.entrypoint.iter().chain(&entry.cmd).map(String::as_str).collect();
            let status = done.status.unwrap_or(0);
            if done.failed.is_some() || status != 0 {
                let status = if done.failed.is_some() { 127 } else { status };
                return Err(failed("entrypoint", words.join(" "), status, done.failed.unwrap_or(done.output)));
            }
            prepared.remarks.push(match &runs {
                Beside::HandsOver(program) => remark("finding-entry-started", program),
                _ => remark("finding-entry-runs", &words.join(" ")),
            });
        }
    }
    Ok(prepared)
}

/// Puts Saiten's own `systemctl` in place, unless it is there already: no other works without systemd as the first process.
async fn put_systemctl(line: &Line) -> Result<bool, LabError> {
    use crate::helper::message::{Answer, Request};
    let there = line.quick(Request::Tail { path: SYSTEMCTL.to_owned(), most: 4 << 10 }).await;
    if matches!(there, Ok(Answer::Output(text)) if text.contains(PROGRAM)) {
        return Ok(false);
    }
    let content = Content::Text(format!("#!/bin/sh\nexec {PROGRAM} systemctl \"$@\"\n"));
    let file = FileSpec { path: SYSTEMCTL.to_owned(), content, mode: 0o755 };
    line.quick(Request::Files(vec![file])).await?;
    Ok(true)
}

/// What an error says of a machine on trial, if it is the machine's own fault.
pub fn fault_of(err: &LabError, is_on_trial: impl Fn(&str) -> bool) -> Option<Phrase> {
    match err {
        LabError::Unfit(phrase) => Some(phrase.clone()),
        LabError::Command { action, endpoint, run, status, output } if is_on_trial(endpoint) => {
            let said = one_line(&telling(output), MESSAGE_MOST);
            let phrase = |id: &str| Phrase::new(id).with("endpoint", endpoint).with("output", &said);
            let with_line = |id: &str| phrase(id).with("run", run).with("status", status);
            Some(match action.as_str() {
                _ if survey::says_full(output) => Phrase::new("unfit-no-space").with("endpoint", endpoint),
                "start" if output.contains("not found") || output.contains("does not exist") => {
                    Phrase::new("unfit-start-unknown").with("endpoint", endpoint).with("run", run).with("output", said)
                }
                "start" => with_line("unfit-start"),
                "entrypoint" => with_line("unfit-entrypoint"),
                "prepare" => with_line("unfit-prepare"),
                action if action.starts_with("prepare ") => phrase("unfit-users").with("status", status),
                _ => with_line("unfit-command").with("action", action),
            })
        }
        LabError::Endpoint { endpoint, what, reason } if is_on_trial(endpoint) && what == "run" => {
            let id = if reason.starts_with(NO_SHELL) { "unfit-no-shell" } else { "unfit-shell-fails" };
            Some(Phrase::new(id).with("endpoint", endpoint).with("output", one_line(reason, MESSAGE_MOST)))
        }
        _ => None,
    }
}

/// The lines of a failed start that tell something: no headings, and no advice that leads nowhere in a lab.
fn telling(output: &str) -> String {
    let noise =
        ["--- ", "Job for ", "See \"systemctl", "See system logs", "systemctl: starting", "systemctl: stopping"];
    let telling = |line: &&str| !noise.iter().any(|begin| line.trim_start().starts_with(begin));
    let lines: Vec<&str> = output.lines().filter(telling).collect();
    if lines.iter().all(|line| line.trim().is_empty()) { output.to_owned() } else { lines.join("\n") }
}

/// The TCP ports that something listens on, from the kernel's own tables (`/proc/net/tcp`, state 0A).
fn listening(table: &str) -> Vec<u16> {
    let port = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next()?;
        let state = fields.nth(1)?;
        (state == "0A").then(|| u16::from_str_radix(local.rsplit(':').next()?, 16).ok()).flatten()
    };
    table.lines().filter_map(port).collect()
}

impl Life<'_> {
    fn is_on_trial(&self, endpoint: &str) -> bool {
        self.own().is_some_and(|own| own.on_trial.contains(endpoint))
    }

    /// The endpoints whose copies may be changed.
    fn copies(&self) -> Vec<&str> {
        // The course's own images, of whatever release, are as they have to be.
        let own = self.own().into_iter().flat_map(|own| own.entries.keys().chain(own.media.keys()));
        own.map(String::as_str).collect()
    }

    /// Makes the machines on trial ready for their lab.
    pub(super) async fn prepare_copies(&self, lab: &Lab) -> Result<(), LabError> {
        for endpoint in self.copies() {
            let users = users(self.planned.probes, endpoint);
            let start = self.planned.scenario.endpoints.get(endpoint).and_then(|endpoint| endpoint.start.as_deref());
            let entry = self.own().and_then(|own| own.entries.get(endpoint));
            let prepared = prepare(lab.line(endpoint)?, endpoint, &users, entry, start).await?;
            // Every arm has the same copy: said once.
            if self.name.arm == ArmName::Omitted {
                self.note(|evidence| evidence.findings.extend(prepared.remarks));
            }
        }
        Ok(())
    }

    /// Starts the daemons. Where a machine on trial does not get ready in time, what it listens on tells why.
    pub(super) async fn get_ready(&self, lab: &Lab) -> Result<(), LabError> {
        let ready = lab.ready(self.planned.scenario.limits.ready).await;
        if let Err(LabError::TimedOut { what, .. }) = &ready {
            for name in self.copies() {
                if !what.starts_with(&format!("endpoint `{name}`: ")) {
                    continue;
                }
                let mut ports = Vec::new();
                for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
                    ports.extend(listening(&lab.tail(name, path, 64 << 10).await.unwrap_or_default()));
                }
                ports.sort_unstable();
                ports.dedup();
                let ready = self.planned.scenario.endpoints.get(name).and_then(|endpoint| endpoint.ready.as_ref());
                self.note(|evidence| evidence.findings.push(not_ready(name, ready, &ports)));
            }
        }
        ready
    }

    /// The last lines of a machine's logs, if it is on trial: they say why its daemon took no edited file.
    pub(super) async fn why(&self, lab: &Lab, endpoint: &str) -> String {
        if !self.is_on_trial(endpoint) {
            return String::new();
        }
        telling(&lab.last_logs(endpoint).await)
    }

    /// That a machine on trial does not do what it is told is its own fault.
    pub(super) fn blame(&self, err: &LabError) {
        if let Some(finding) = fault_of(err, |endpoint| self.is_on_trial(endpoint)) {
            self.note(|evidence| evidence.findings.push(finding));
        }
    }
}

fn not_ready(endpoint: &str, ready: Option<&Ready>, ports: &[u16]) -> Phrase {
    let others: Vec<String> = ports.iter().map(u16::to_string).collect();
    let phrase = |id: &str| Phrase::new(id).with("endpoint", endpoint);
    match ready {
        Some(Ready::Tcp(port)) if !ports.contains(port) && !ports.is_empty() => {
            phrase("unfit-listens-elsewhere").with("port", port).with("others", others.join(", "))
        }
        Some(Ready::Tcp(port)) => phrase("unfit-listens-nowhere").with("port", port),
        _ => phrase("unfit-not-ready"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(entrypoint: &[&str], cmd: &[&str]) -> Entry {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Entry { entrypoint: own(entrypoint), cmd: own(cmd), ..Entry::default() }
    }

    #[test]
    fn what_an_image_starts_runs_beside_the_helper_unless_somebody_else_does() {
        let start = Some("systemctl start sshd");
        let of = |entrypoint: &[&str], cmd: &[&str]| beside(&entry(entrypoint, cmd), start);
        assert_eq!(of(&[], &[]), Beside::Nothing);
        assert_eq!(of(&[], &["bash"]), Beside::Nothing);
        assert_eq!(of(&["/bin/bash"], &["-l"]), Beside::Nothing);
        assert_eq!(of(&["/bin/sh", "-c", "set-up"], &[]), Beside::Runs);
        assert_eq!(of(&["/usr/sbin/init"], &[]), Beside::Init("/usr/sbin/init".into()));
        assert_eq!(of(&[], &["/lib/systemd/systemd"]), Beside::Init("/lib/systemd/systemd".into()));
        assert_eq!(of(&["tini", "--"], &["/usr/sbin/sshd", "-D"]), Beside::Started("/usr/sbin/sshd".into()));
        assert_eq!(of(&["/set-up.sh"], &["/usr/sbin/sshd", "-D"]), Beside::HandsOver("/usr/sbin/sshd".into()));
        assert_eq!(of(&["/set-up.sh"], &["sleep", "9"]), Beside::Runs);
        assert_eq!(beside(&entry(&["/usr/sbin/sshd"], &[]), None), Beside::Runs);
    }

    #[test]
    fn listeners_are_read_from_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue\n   0: 00000000:08AE 00000000:0000 0A 0\n   1: 0100007F:0016 0100007F:9999 01 0\n";
        assert_eq!(listening(table), [2222]);
        assert_eq!(listening("rubbish\n a b c\n"), Vec::<u16>::new());
    }

    #[test]
    fn only_a_machine_on_trial_is_blamed() {
        let command = |action: &str, output: &str| LabError::Command {
            action: action.into(),
            endpoint: "server".into(),
            run: "systemctl start sshd".into(),
            status: 1,
            output: output.into(),
        };
        let id = |err: &LabError| fault_of(err, |endpoint| endpoint == "server").map(|phrase| phrase.id);
        assert_eq!(id(&command("start", "Unit sshd.service not found.")).as_deref(), Some("unfit-start-unknown"));
        assert_eq!(id(&command("start", "bad configuration")).as_deref(), Some("unfit-start"));
        assert_eq!(id(&command("start", "write: No space left on device")).as_deref(), Some("unfit-no-space"));
        assert_eq!(id(&command("prepare ssh-login", "")).as_deref(), Some("unfit-users"));
        assert_eq!(id(&command("fault:x", "")).as_deref(), Some("unfit-command"));
        assert_eq!(fault_of(&command("start", ""), |_| false), None);
        let ended = LabError::Ended { endpoint: "server".into(), last_words: String::new() };
        assert_eq!(id(&ended), None);
    }
}
