//! Kind `dns-lookup`: what a client's lookups ask, what the server answers, how long it takes, and what leaves for the outside meanwhile.

mod params;
mod reading;

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use super::dns::asker::{Asker, How};
use super::dns::ladder;
use super::dns::outer::{self, Outer};
use super::{Kind, Load, OwnWires, Probe, dns, params, wires};
use crate::lab::LabError;
use crate::lab::topology::Lab;
use crate::lab::wiring::Patience;
use crate::measure::{Cell, Ladder, MetricSpec, Sample, Unit};
use crate::scenario;
use crate::scenario::catalog::KindInfo;
use params::Params;
use reading::Seen;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "dns-lookup",
        metrics: METRICS,
        check_params: |table| params::<Params>(table)?.check(),
        outer_params: &["outer"],
        endpoint_params: &[],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        let (names, askers) = (params.names(), params.askers());
        let outer = outer_of(probe)?;
        Ok(Box::new(DnsLookup { params, names, askers, outer, spec: probe.clone() }))
    },
    watches: |probe, _| outer_of(probe).ok().flatten().map(|outer| outer.watches()).unwrap_or_default(),
    load: Load::Latency,
    own_wires: OwnWires::Some(&outer::NAMES),
};

const OWN: [MetricSpec; 10] = [
    MetricSpec::seconds("time", "from the start of the lookup to its end; of several lookups, their sum"),
    MetricSpec::flag("ok", "whether the client got what it asked for; of several lookups, each"),
    MetricSpec::flag(
        "noerror",
        "whether the server's last answer was NOERROR (RFC 1035 §4.1.1), for these flags of each lookup",
    ),
    MetricSpec::flag("nxdomain", "whether it was NXDOMAIN"),
    MetricSpec::flag("refused", "whether it was REFUSED"),
    MetricSpec::flag("servfail", "whether it was SERVFAIL"),
    MetricSpec::flag("aa", "whether it was an authoritative answer (AA)"),
    MetricSpec::flag("ra", "whether the server offered recursion in any answer (RA)"),
    MetricSpec::count("queries", "the wire: queries that the client sent"),
    MetricSpec::count("answers", "the wire: answers that came back"),
];

const METRICS: &[MetricSpec] = &MetricSpec::joined::<{ OWN.len() + outer::METRICS.len() }>(&OWN, &outer::METRICS);

fn outer_of(probe: &scenario::Probe) -> Result<Option<Outer>, String> {
    let network = params::<Params>(&probe.with)?.outer;
    Ok(network.map(|network| Outer { network, server: probe.to.clone() }))
}

struct DnsLookup {
    params: Params,
    names: Vec<String>,
    askers: Vec<Asker>,
    outer: Option<Outer>,
    spec: scenario::Probe,
}

#[async_trait(?Send)]
impl Probe for DnsLookup {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, limit: Duration) -> Result<Sample, LabError> {
        let mut sample = Sample::default();
        for flag in METRICS.iter().filter(|metric| metric.unit == Unit::Flag) {
            // Holds until a lookup in which it does not; a server offers recursion as soon as it does once.
            sample.readings.insert(flag.name.to_owned(), if flag.name == "ra" { 0.0 } else { 1.0 });
        }
        let mut first = true;
        for name in &self.names {
            for asker in &self.askers {
                if let Some(before) = self.spec.before.as_ref().filter(|_| !first) {
                    for endpoint in before.on.iter().filter(|on| lab.live(on).is_none()) {
                        lab.run(endpoint, &before.run, limit).await?;
                    }
                }
                first = false;
                self.look_up(lab, *asker, name, limit, &mut sample).await?;
            }
        }
        Ok(sample)
    }
}

impl DnsLookup {
    fn how(&self, lab: &Lab) -> How {
        How {
            kind: self.params.kind.clone(),
            recursion: self.params.recursion,
            search: self.params.search.clone(),
            ndots: self.params.ndots,
            patience: Some(lab.patience()).filter(|patience| *patience != Patience::Real).map(Patience::waits),
        }
    }

    /// One lookup: asks, waits until nothing moves any more, and looks at what passed.
    async fn look_up(
        &self,
        lab: &Lab,
        asker: Asker,
        name: &str,
        limit: Duration,
        sample: &mut Sample,
    ) -> Result<(), LabError> {
        let scenario = lab.scenario();
        let (inner, server) = wires::way(scenario, &self.spec.from, &self.spec.to)?;
        self.check_server(lab, asker, server)?;
        let networks: Vec<String> =
            std::iter::once(inner.clone()).chain(self.outer.iter().map(|outer| outer.network.clone())).collect();
        let how = self.how(lab);
        let begin = lab.sync().await?;
        let ran = lab.line(&self.spec.from)?.run(asker.command(name, server, &how, limit)).await?;
        let end = dns::settle(lab, &networks, &begin).await?;
        let asked = dns::queries(lab, &inner, &self.spec.from, &begin, &end)?;
        let outside = self.outer.as_ref().map(|outer| outer.look(lab, &begin, &end)).transpose()?;
        let seen = Seen { asker, ran: &ran, asked: &asked };
        seen.read(sample);
        if let Some(outside) = &outside {
            outside.add_to(sample);
        }
        let queries = asked.iter().chain(outside.iter().flat_map(|outside| &outside.queries));
        let by = Some(self.spec.from.clone());
        let cell = Cell { name: name.to_owned(), program: asker.program().to_owned() };
        let ladder = Ladder {
            what: asker.describe(name, &how),
            cell: (self.names.len() * self.askers.len() > 1).then_some(cell),
            by,
            outcome: seen.outcome(),
            ..Ladder::default()
        };
        sample.ladders.push(ladder::climb(ladder, scenario, ran.started_ns, queries));
        Ok(())
    }

    /// What asks the server of its own resolv.conf must find this server there.
    fn check_server(&self, lab: &Lab, asker: Asker, server: IpAddr) -> Result<(), LabError> {
        let own = &wires::endpoint(lab.scenario(), &self.spec.from)?.resolver;
        if !asker.asks_own_server() || own.first() == Some(&server) {
            return Ok(());
        }
        let what = format!("probe `{}` asks by {asker:?}", self.spec.name);
        let (from, to) = (&self.spec.from, &self.spec.to);
        Err(LabError::backend(what, format!("the resolver of `{from}` is not `{to}` ({server}); ask by dig or raw")))
    }
}
