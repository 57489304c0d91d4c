//! Live machines in a submission's lab: found before it, waited for, and left as they are; what they keep to themselves is lacking.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::life::Life;
use super::scenario::Bound;
use crate::clean::one_line;
use crate::lab::LabError;
use crate::lab::live::{CONNECT, Identity, Live};
use crate::lab::remote::Remote;
use crate::lab::shell::Shell;
use crate::lab::topology::Lab;
use crate::measure::Sample;
use crate::probe;
use crate::scenario::{Endpoint, Handed, Scenario, ServicePort};
use crate::verdict;
use crate::wording::Phrase;

/// Longest reason of a machine that does not answer, in characters.
const REASON_MOST: usize = 300;

/// What a scenario says is reached of a live machine.
pub(super) fn declared(scenario: &Scenario, endpoint: &str) -> Vec<ServicePort> {
    let mut ports = scenario.accepts.iter().filter(|accept| accept.on == endpoint);
    ports
        .find_map(|accept| match &accept.what {
            Handed::Address { ports } => Some(ports.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

impl Life<'_> {
    /// Whether a live machine has an endpoint's place: then nothing is run, written or read there.
    pub(super) fn is_live(&self, endpoint: &str) -> bool {
        self.own().is_some_and(|own| own.hosts.contains_key(endpoint))
    }

    /// Whether nothing may be run in an endpoint: a live machine has its place, and nobody said that it may be changed.
    pub(super) fn is_closed(&self, endpoint: &str) -> bool {
        self.is_live(endpoint) && !self.planned.shared.options.reach.apply
    }

    /// The endpoints in which lines may be run.
    pub(super) fn open_endpoints(&self) -> impl Iterator<Item = (&String, &Endpoint)> {
        self.planned.scenario.endpoints.iter().filter(|(name, _)| !self.is_closed(name))
    }

    /// The shells of the live machines, where they may be changed.
    pub(super) fn shells(&self, live: &BTreeMap<String, Live>) -> Result<BTreeMap<String, Rc<dyn Shell>>, LabError> {
        let reach = &self.planned.shared.options.reach;
        let open = |(endpoint, live): (&String, &Live)| {
            let shell: Rc<dyn Shell> = Rc::new(Remote::of(endpoint, live, reach)?);
            Ok((endpoint.clone(), shell))
        };
        live.iter().filter(|_| reach.apply).map(open).collect()
    }

    /// The live machines of this arm; none when one is not reached, which is nobody's failure: a person has to look.
    pub(super) async fn find_live(&self) -> Option<BTreeMap<String, Live>> {
        let mut all = BTreeMap::new();
        for (endpoint, host) in self.own().iter().flat_map(|own| &own.hosts) {
            let declared = declared(self.planned.scenario, endpoint);
            let found = Live::find(host, &declared, &self.planned.shared.options.reach);
            match self.planned.shared.cancel.run_until_cancelled(found).await {
                Some(Ok(live)) => {
                    let open = self.planned.shared.options.reach.apply;
                    let finding =
                        Phrase::new(if open { "finding-live-open" } else { "finding-live" }).with("endpoint", endpoint);
                    let finding = finding.with("address", &live.host).with("found", live.address);
                    self.note(|evidence| evidence.findings.push(finding));
                    all.insert(endpoint.clone(), live);
                }
                Some(Err(reason)) => {
                    self.unsupported(reason.with("endpoint", endpoint));
                    return None;
                }
                None => {
                    self.fail(&LabError::Interrupted);
                    return None;
                }
            }
        }
        Some(all)
    }

    /// The key for live machines. Only where nothing else was handed in: a student's script or image in the lab could read it there,
    /// and has a way out of the lab.
    pub(super) fn identity(&self) -> Option<Identity> {
        let own = self.own()?;
        let alone = !own.hosts.is_empty() && own.steps.is_empty() && own.images.is_empty();
        self.planned.shared.options.reach.identity.clone().filter(|_| alone)
    }

    /// Waits for the live machines. One that does not answer is its owner's affair: the samples will say what a user meets.
    pub(super) async fn await_live(&self, lab: &Lab) {
        let limit = CONNECT.min(self.planned.scenario.limits.ready);
        for endpoint in self.own().iter().flat_map(|own| own.hosts.keys()) {
            let Some(live) = lab.live(endpoint) else { continue };
            let answered = self.step(async { Ok(live.answers(limit).await) }).await;
            if let Some(Err(reason)) = answered {
                let finding = Phrase::new("finding-live-silent").with("endpoint", endpoint);
                let finding = finding.with("reason", one_line(&reason, REASON_MOST));
                self.note(|evidence| evidence.findings.push(finding));
            }
        }
    }

    /// Whether a probe can tell anything at all in this arm.
    pub(super) fn can_tell(&self, bound: &Bound<'_>) -> bool {
        let needed = match bound.kind.own_wires {
            probe::OwnWires::All => bound.kind.about(bound.spec),
            probe::OwnWires::Some(_) => vec![bound.spec.from.clone()],
        };
        !needed.iter().any(|endpoint| self.is_live(endpoint))
    }

    /// Takes out of a sample what only a live machine's own wires would tell.
    pub(super) fn leave_out(&self, bound: &Bound<'_>, sample: &mut Sample) {
        let names = bound.kind.info.metrics.iter().map(|metric| metric.name);
        let lost: Vec<&str> = match bound.kind.own_wires {
            _ if !self.can_tell(bound) => names.collect(),
            probe::OwnWires::Some(names) if self.is_live(&bound.spec.to) => names.to_vec(),
            _ => return,
        };
        for name in lost {
            sample.readings.remove(name);
            sample.lacking.entry(name.to_owned()).or_insert_with(|| verdict::LIVE.to_owned());
        }
    }
}
