//! What a run on a real VirtualBox leaves: two arms of the built-in scenario, judged and reported like any others.

use std::collections::BTreeMap;

use crate::arm::ArmName;
use crate::clean::{clean, cut};
use crate::evidence::{ActionRecord, ArmEvidence, Outcome, ProbeEvidence};
use crate::lab::host;
use crate::lab::virtualbox::driver::{Arm, Back, Course, Driver, Found, Measured, shown};
use crate::lab::virtualbox::{Counts, TroubleKind, quoted};
use crate::measure::{MetricSpec, Sample};
use crate::scenario::catalog::{Catalog, KindInfo};
use crate::wording::{Lang, Phrase};

/// Id of the scenario.
pub const ID: &str = "virtualbox/bridge";
/// Its file.
pub const SCENARIO: &str = include_str!("virtualbox/scenario.toml");
/// Name of the capture's network.
pub const NETWORK: &str = "wire";

const METRICS: &[MetricSpec] = &[
    MetricSpec::flag(
        "broken",
        "whether the NIC is attached to the adapter, its cable in, and no frame of the guest's left the host",
    ),
    MetricSpec::count(
        "pings",
        "echo requests, and questions for a neighbour's address, of the guest's that left the host",
    ),
    MetricSpec::count("from_guest", "frames of the guest's that left the host"),
    MetricSpec::count("to_guest", "frames for the guest alone that passed the host's interface"),
    MetricSpec::count("frames", "all frames that passed the host's interface"),
    MetricSpec::flag("bridged", "whether VirtualBox says that the NIC is attached to the adapter"),
    MetricSpec::flag("connected", "whether VirtualBox says that the NIC's cable is in"),
    MetricSpec::count("sent", "bytes that the guest gave its NIC during all samples, as VirtualBox counts them"),
];
const PROBE: &str = "wire";
/// Longest output of a command in the evidence, in characters.
const OUTPUT_MOST: usize = 4000;

/// The catalog, with the kind of probe that only this scenario knows.
#[must_use]
pub fn known(mut catalog: Catalog) -> Catalog {
    let check_params = |table: &toml::Table| if table.is_empty() { Ok(()) } else { Err("no parameters".to_owned()) };
    let kind = KindInfo { name: "virtualbox", metrics: METRICS, check_params, outer_params: &[], endpoint_params: &[] };
    catalog.kinds.push(kind);
    catalog
}

/// An arm, and its capture.
pub type Recorded = (ArmEvidence, Vec<u8>);

/// The arms that a course leaves.
pub fn arms(driver: &Driver<'_>, found: &Found, course: &Course, lang: Lang) -> Vec<Recorded> {
    let taken = [(ArmName::Omitted, Some(&course.before)), (ArmName::Applied, course.after.as_ref())];
    let taken: Vec<(ArmName, &Arm)> = taken.into_iter().filter_map(|(name, arm)| Some((name, arm?))).collect();
    let all: Vec<&Measured> = taken.iter().filter_map(|(_, arm)| arm.outcome.as_ref().ok()).collect();
    let mut recorded = Vec::new();
    for (name, arm) in &taken {
        let mut evidence = record(name.clone(), arm, found, lang);
        if let Ok(measured) = &arm.outcome {
            let doubt = doubt(found, measured, &all);
            evidence.probes.insert(PROBE.to_owned(), probe(found, measured, doubt));
            evidence.findings = findings(driver, found, measured, &all);
            if *name == ArmName::Omitted && total(measured, |counts| counts.from_guest) > 0 {
                evidence.findings.push(Phrase::new("virtualbox-works"));
            }
        }
        if *name == ArmName::Applied {
            evidence.findings.extend(ending(driver, found, &course.back, lang));
        }
        let capture = arm.outcome.as_ref().map(|measured| measured.taken.capture.clone()).unwrap_or_default();
        recorded.push((evidence, capture));
    }
    recorded
}

fn record(name: ArmName, arm: &Arm, found: &Found, lang: Lang) -> ArmEvidence {
    let fixes = if name == ArmName::Applied { vec!["recreate-attachment".to_owned()] } else { Vec::new() };
    let mut evidence = ArmEvidence::new(name, fixes);
    evidence.outcome = match &arm.outcome {
        // There the host's own address stands in the guest's frames.
        Ok(_) if found.adapter.wireless == Some(true) => Outcome::Unsupported {
            reason: Phrase::new("virtualbox-wireless").with("adapter", quoted(&found.adapter.name)),
        },
        Ok(_) => Outcome::Measured,
        Err((_, trouble)) if trouble.kind == TroubleKind::Interrupted => Outcome::Interrupted,
        Err((phase, trouble)) => Outcome::Error { phase: *phase, message: clean(&trouble.phrase.say(lang)) },
    };
    let shown =
        |action: &ActionRecord| ActionRecord { output: cut(&clean(&action.output), OUTPUT_MOST), ..action.clone() };
    evidence.actions = arm.actions.iter().map(shown).collect();
    evidence.phases = arm.phases.iter().map(|(phase, took)| (phase.name().to_owned(), took.as_secs_f64())).collect();
    evidence.trust.frames_lost = arm.outcome.as_ref().map_or(0, |measured| measured.taken.lost);
    evidence.trust.load = host::load();
    evidence
}

fn probe(found: &Found, measured: &Measured, doubt: Option<Phrase>) -> ProbeEvidence {
    let sample = |(at, counts): (usize, &Counts)| {
        let (bridged, connected) = (found.bridged(&measured.nic), measured.nic.cable);
        let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
        let mut readings: BTreeMap<String, f64> = [
            ("broken", flag(bridged && connected && counts.from_guest == 0)),
            ("pings", counts.pings as f64),
            ("from_guest", counts.from_guest as f64),
            ("to_guest", counts.to_guest as f64),
            ("frames", counts.frames as f64),
            ("bridged", flag(bridged)),
            ("connected", flag(connected)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        readings.extend(measured.sent.filter(|_| at == 0).map(|sent| ("sent".to_owned(), sent as f64)));
        Sample { readings, doubt: doubt.clone(), ..Sample::default() }
    };
    ProbeEvidence {
        kind: "virtualbox".to_owned(),
        units: METRICS.iter().map(|metric| (metric.name.to_owned(), metric.unit)).collect(),
        explained_by: BTreeMap::new(),
        samples: measured.samples.iter().enumerate().map(sample).collect(),
    }
}

fn total(measured: &Measured, of: impl Fn(&Counts) -> u64) -> u64 {
    measured.samples.iter().map(of).sum()
}

/// Why an arm in which all is set right and nothing of the guest's was seen says nothing: it may not have sent anything, or the watch be blind.
fn doubt(found: &Found, measured: &Measured, all: &[&Measured]) -> Option<Phrase> {
    let seen = |of: fn(&Counts) -> u64| all.iter().any(|measured| total(measured, of) > 0);
    let right = found.bridged(&measured.nic) && measured.nic.cable;
    if !right || total(measured, |counts| counts.from_guest) > 0 {
        return None;
    }
    match measured.sent {
        Some(0) => Some(Phrase::new("virtualbox-guest-silent")),
        None if !seen(|counts| counts.from_guest) => Some(Phrase::new("virtualbox-unproven")),
        _ if !seen(|counts| counts.frames) => Some(Phrase::new("virtualbox-wire-silent")),
        _ => None,
    }
}

fn findings(driver: &Driver<'_>, found: &Found, measured: &Measured, all: &[&Measured]) -> Vec<Phrase> {
    let mut findings = Vec::new();
    let phrase = |id: &str| Phrase::new(id).with("vm", quoted(&found.vm.name)).with("nic", found.nic_word());
    if !found.bridged(&measured.nic) {
        let phrase = phrase("virtualbox-attached-otherwise").with("is", shown(&measured.nic.attachment));
        findings.push(phrase.with("adapter", quoted(&found.adapter.name)));
    }
    if !measured.nic.cable {
        findings.push(phrase("virtualbox-unplugged").with("command", driver.plug(found)));
    }
    let silent = findings.is_empty() && total(measured, |counts| counts.from_guest) == 0;
    let elsewhere = all.iter().any(|measured| total(measured, |counts| counts.from_guest) > 0);
    if silent && elsewhere && measured.sent.is_none() {
        findings.push(Phrase::new("virtualbox-your-word"));
    }
    findings
}

/// What became of the NIC.
fn ending(driver: &Driver<'_>, found: &Found, back: &Back, lang: Lang) -> Option<Phrase> {
    let phrase =
        |id: &str| Phrase::new(id).with("nic", found.nic_word()).with("attachment", shown(&found.nic.attachment));
    match back {
        Back::Same => None,
        Back::Done => Some(phrase("virtualbox-put-back").with("command", driver.way_on(found))),
        Back::Failed { .. } => not_back(found, back, lang),
    }
}

/// That the NIC could not be put back, and what to type.
pub fn not_back(found: &Found, back: &Back, lang: Lang) -> Option<Phrase> {
    let Back::Failed { command, reason } = back else { return None };
    let phrase = Phrase::new("virtualbox-not-put-back").with("nic", found.nic_word());
    let phrase = phrase.with("vm", quoted(&found.vm.name)).with("attachment", shown(&found.nic.attachment));
    // Worded here: a phrase holds no phrase.
    Some(phrase.with("command", command).with("reason", reason.say(lang)))
}

/// The arm with the fix, or the one without.
pub fn arm_name(applied: bool) -> ArmName {
    if applied { ArmName::Applied } else { ArmName::Omitted }
}

#[cfg(test)]
mod tests;
