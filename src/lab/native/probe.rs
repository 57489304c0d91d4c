//! Whether the native backend works on this machine, found by doing what a run does; for what is missing, the command that cures it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use serde::Serialize;

use super::Native;
use super::client::Settled;
use crate::lab::line::Line;
use crate::lab::{Backend, LabError, Machine, look};
use crate::sandbox::cable;
use crate::sandbox::limits::Resource;
use crate::wording::Phrase;

/// Lets ordinary users have TAP devices.
pub(super) const OPEN_TUN: &str = "sudo modprobe tun && sudo chmod 0666 /dev/net/tun";

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// Name.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was found.
    pub found: Phrase,
    /// A command that cures what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// How a probe went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Good,
    /// Works, with less than it could.
    Less,
    /// The backend cannot work without it.
    Missing,
}

impl Probe {
    fn good(name: &'static str, found: Phrase) -> Self {
        Probe { name, outcome: Outcome::Good, found, cure: None }
    }

    fn missing(name: &'static str, why: &str, cure: Option<String>) -> Self {
        Probe { name, outcome: Outcome::Missing, found: Phrase::new("probe-failed").with("why", why), cure }
    }
}

/// What was found, and the backend if it works.
pub struct Probed {
    /// Probes in their order, up to the first that is missing.
    pub probes: Vec<Probe>,
    /// The backend, its zygote running.
    pub backend: Option<Native>,
}

impl Probed {
    /// The probe that failed, if one did.
    pub fn missing(&self) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.outcome == Outcome::Missing)
    }
}

/// Tries the backend: ids, store, namespaces, and one endpoint that starts, speaks and ends.
pub async fn probe(run: &str, sources: PathBuf, store: &Path) -> Probed {
    let mut probes = Vec::new();
    let backend = attempt(run, sources, store, &mut probes).await;
    Probed { probes, backend }
}

async fn attempt(run: &str, sources: PathBuf, store: &Path, probes: &mut Vec<Probe>) -> Option<Native> {
    let mapping = match super::ids::Mapping::of_this_user() {
        Ok(mapping) => mapping,
        Err(err) => {
            probes.push(Probe::missing("ids", &err.why, Some(err.cure)));
            return None;
        }
    };
    let found = match mapping.subordinate {
        Some(_) => Phrase::new("probe-ids-user"),
        None => Phrase::new("probe-ids-root"),
    };
    probes.push(Probe::good("ids", found.with("range", mapping.label())));
    let native = match Native::open(run, sources, store) {
        Ok(native) => native,
        Err(err) => {
            probes.push(Probe::missing("store", &err.chain(), None));
            return None;
        }
    };
    probes.push(Probe::good("store", Phrase::new("probe-store").with("dir", store.display())));
    let settled = match native.labs().await {
        Ok(zygote) => zygote.settled.clone(),
        Err(err) => {
            probes.push(Probe::missing("namespaces", &err.chain(), namespaces_cure()));
            return None;
        }
    };
    probes.push(Probe::good("namespaces", Phrase::new("probe-namespaces")));
    let begin = Instant::now();
    if let Err(err) = speak(&native).await {
        let chain = err.chain();
        let cure = chain.contains(cable::NO_VETH).then(|| "sudo modprobe veth".to_owned()).or_else(container_cure);
        probes.push(Probe::missing("endpoint", &chain, cure));
        return None;
    }
    let took = format!("{} ms", begin.elapsed().as_millis());
    probes.push(Probe::good("endpoint", Phrase::new("probe-endpoint").with("took", took)));
    probes.push(nics(settled.tun));
    probes.extend(limits(&settled));
    Some(native)
}

/// Starts an endpoint, hears its helper, ends it.
async fn speak(native: &Native) -> Result<(), LabError> {
    let machine: Rc<dyn Machine> = Rc::from(native.start(&look::spec()).await?);
    let words = machine.clone();
    let streams = machine.streams().ok_or_else(|| LabError::backend("probe", "its streams are taken"))?;
    let spoke = Line::open("probe", streams, Box::new(move || words.last_words())).await;
    machine.stop().await?;
    spoke.map(drop)
}

fn nics(tun: bool) -> Probe {
    if tun {
        return Probe::good("nics", Phrase::new("probe-nics-tap"));
    }
    Probe {
        name: "nics",
        outcome: Outcome::Less,
        found: Phrase::new("probe-nics-veth"),
        cure: Some(OPEN_TUN.to_owned()),
    }
}

/// What is limited and how, then what is not: a probe for each command that cures it.
fn limits(settled: &Settled) -> Vec<Probe> {
    let is_missing = |what: &str| settled.unlimited.iter().any(|missing| missing.what == what);
    let mut probes = Vec::new();
    let limited: Vec<&str> = Resource::ALL.map(Resource::name).into_iter().filter(|what| !is_missing(what)).collect();
    if !limited.is_empty() {
        let found = Phrase::new("probe-limits").with("what", limited.join(", ")).with("kind", &settled.limits);
        probes.push(Probe::good("limits", found));
    }
    if settled.scratch_in_memory {
        probes.push(Probe::good("limits", Phrase::new("probe-limits-disk")));
    }
    if is_missing(Resource::Processes.name()) {
        probes.push(Probe::good("limits", Phrase::new("probe-limits-instead")));
    }
    let mut told = BTreeSet::new();
    for first in settled.unlimited.iter().filter(|missing| told.insert(&missing.cure)) {
        let cured = settled.unlimited.iter().filter(|missing| missing.cure == first.cure);
        let what: Vec<&str> = cured.map(|missing| missing.what.as_str()).collect();
        let found = Phrase::new("probe-not-limited").with("what", what.join(", ")).with("why", &first.why);
        probes.push(Probe { name: "limits", outcome: Outcome::Less, found, cure: Some(first.cure.clone()) });
    }
    probes
}

/// Why user namespaces are refused shows in the kernel's own switches.
fn namespaces_cure() -> Option<String> {
    let read = |switch: &str| fs::read_to_string(Path::new("/proc/sys").join(switch)).ok();
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/saiten"));
    switch_to_turn(&read, nix::unistd::geteuid().is_root(), &program).or_else(container_cure)
}

/// The switch that is in the way, as a command that turns it.
fn switch_to_turn(read: &dyn Fn(&str) -> Option<String>, is_root: bool, program: &Path) -> Option<String> {
    let is = |switch: &str, value: &str| read(switch).is_some_and(|text| text.trim() == value);
    if is("user/max_user_namespaces", "0") {
        return Some("sudo sysctl -w user.max_user_namespaces=15000".to_owned());
    }
    if is_root {
        return None;
    }
    if is("kernel/unprivileged_userns_clone", "0") {
        return Some("sudo sysctl -w kernel.unprivileged_userns_clone=1".to_owned());
    }
    // Ubuntu 23.10 and newer: the profile goes by the program's path.
    is("kernel/apparmor_restrict_unprivileged_userns", "1").then(|| {
        let profile = format!("profile saiten {} flags=(unconfined) {{ userns, }}", program.display());
        format!(
            "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\n{profile}\\n' | sudo tee /etc/apparmor.d/saiten \
             && sudo apparmor_parser -r /etc/apparmor.d/saiten"
        )
    })
}

/// Inside a container the outer engine's own walls are in the way.
fn container_cure() -> Option<String> {
    let inside = ["/.dockerenv", "/run/.containerenv"].iter().any(|file| Path::new(file).exists());
    let options = "--security-opt seccomp=unconfined --cap-add SYS_ADMIN --cap-add NET_ADMIN --device /dev/net/tun";
    inside.then(|| format!("docker run {options} …  (or `--backend docker` with the outer engine's socket)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::message::Unlimited;
    use crate::wording::Lang;

    #[test]
    fn the_switch_that_forbids_namespaces_is_named_with_the_command_that_turns_it() {
        let cure = |switch: &'static str, value: &'static str, is_root: bool| {
            let read = move |asked: &str| (asked == switch).then(|| format!("{value}\n"));
            switch_to_turn(&read, is_root, Path::new("/opt/saiten")).unwrap_or_default()
        };
        assert!(cure("user/max_user_namespaces", "0", true).contains("user.max_user_namespaces=15000"));
        assert!(cure("kernel/unprivileged_userns_clone", "0", false).contains("unprivileged_userns_clone=1"));
        let profile = cure("kernel/apparmor_restrict_unprivileged_userns", "1", false);
        assert!(profile.contains("profile saiten /opt/saiten flags=(unconfined) { userns, }"), "{profile}");
        assert!(profile.contains("apparmor_parser -r") && !profile.contains('\n'), "{profile}");
        assert_eq!(cure("kernel/apparmor_restrict_unprivileged_userns", "1", true), "");
        assert_eq!(cure("user/max_user_namespaces", "96365", false), "");
    }

    #[test]
    fn what_is_not_limited_is_said_once_for_each_command_that_cures_it() {
        let missing = |what: &str, cure: &str| Unlimited {
            what: what.to_owned(),
            why: format!("no {what}"),
            cure: cure.to_owned(),
        };
        let settled =
            |unlimited| Settled { limits: "cgroup v2".to_owned(), unlimited, tun: true, scratch_in_memory: true };
        let told = |unlimited| {
            let probes = limits(&settled(unlimited)).into_iter();
            probes.map(|probe| (probe.found.say(Lang::En), probe.cure.unwrap_or_default())).collect::<Vec<_>>()
        };
        let disk = ("disk and files of each endpoint are limited".to_owned(), String::new());
        let all = "memory, processes, processor time limited by cgroup v2".to_owned();
        assert_eq!(told(vec![]), [(all, String::new()), disk.clone()]);
        let said = told(vec![missing("memory", "a"), missing("processes", "b"), missing("processor time", "a")]);
        assert_eq!(said[0], disk);
        assert!(said[1].0.contains("setrlimit"), "{said:?}");
        let cures = [
            ("memory, processor time cannot be limited: no memory".to_owned(), "a".to_owned()),
            ("processes cannot be limited: no processes".to_owned(), "b".to_owned()),
        ];
        assert_eq!(said[2..], cures);
    }
}
