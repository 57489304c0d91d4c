//! Probes, and the metrics that their kinds report.

use std::time::Duration;

use super::super::Action;
use super::super::Probe;
use super::super::catalog::KindInfo;
use super::super::error::{Problem, Span, printable, say};
use super::super::file::forms::Params;
use super::super::file::model;
use super::super::file::value::At;
use super::super::suggest::{listed, nearest};
use super::Resolver;
use super::names::{Noun, missing};
use crate::measure::{MetricName, Unit};

/// Samples of an arm unless told, and the most that are taken when the first ones do not decide.
const SAMPLES: u64 = 3;
const SAMPLES_MOST: u64 = 8;
/// Longest sample unless told.
const LIMIT: Duration = Duration::from_secs(60);

/// A metric that a check reads.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) name: MetricName,
    pub(super) unit: Unit,
    /// A count or flag of the same probe, for advice.
    pub(super) countable: Option<&'static str>,
}

impl<'a> Resolver<'a> {
    /// All probes.
    pub(super) fn probes(&mut self) -> Vec<Probe> {
        let probes = self.items(&self.file.probes);
        self.check_names(Noun::Probe, probes.iter().filter_map(|probe| probe.name.get()));
        probes.iter().filter_map(|probe| self.probe(probe)).collect()
    }

    fn probe(&mut self, probe: &'a At<model::Probe>) -> Option<Probe> {
        for end in [probe.from.get(), probe.to.get()].into_iter().flatten() {
            self.endpoint(end);
        }
        self.check_kind(probe);
        self.check_outer(probe);
        self.check_endpoints(probe);
        // A number of samples that was refused says nothing about the other number.
        let refused = probe.samples.as_ref().is_some_and(|samples| samples.value.0.is_none());
        let samples = probe.samples.as_ref().and_then(|samples| samples.value.0).map_or(SAMPLES, |samples| samples.0);
        let most = probe.samples_most.as_ref().map_or(SAMPLES_MOST.max(samples), |most| most.value.0);
        if let Some(given) = probe.samples_most.as_ref().filter(|_| most < samples && !refused) {
            let problem = Problem::at(
                &given.span,
                say!("fewer samples at most than at first", "最大サンプル数が最初のサンプル数より少なくなっています"),
            );
            self.push(problem.label(say!("`samples` is {samples}", "`samples` は {samples} です")));
        }
        let limit = self.time(&probe.limit, LIMIT);
        let before = probe.before.as_ref().map(|before| (self.places(&before.on), before.run.get()));
        let name = &probe.name.get()?.value;
        Some(Probe {
            name: name.clone(),
            kind: probe.kind.get()?.value.clone(),
            from: probe.from.get()?.value.clone(),
            to: probe.to.get()?.value.clone(),
            samples: samples as u32,
            samples_most: most as u32,
            limit,
            before: before
                .and_then(|(on, run)| Some(Action { name: format!("before {name}"), on, run: run?.value.0.clone() })),
            with: probe.with.as_ref().map(|with| with.value.table.clone()).unwrap_or_default(),
        })
    }

    /// The kind exists and accepts the parameters.
    fn check_kind(&mut self, probe: &'a model::Probe) {
        let Some(name) = probe.kind.get() else { return };
        let Some(kind) = self.catalog.kind(name) else {
            let problem = missing(Noun::Kind, name, self.catalog.kinds.iter().map(|kind| kind.name));
            return self.push(problem);
        };
        let none = toml::Table::new();
        let table = probe.with.as_ref().map_or(&none, |with| &with.value.table);
        if let Err(why) = (kind.check_params)(table) {
            let with = probe.with.as_ref();
            let named = with.and_then(|with| named_place(&with.value, &why));
            let span = named.or(with.map(|with| &with.span)).unwrap_or(&name.span);
            let kind = kind.name;
            let title = say!("`{kind}` refuses its parameters", "`{kind}` はこのパラメータを受け付けません");
            self.push(Problem::at(span, title).label(say!("{why}", "{why}")));
        }
    }

    /// Parameters that name a network name one that the measured endpoint is on.
    fn check_outer(&mut self, probe: &'a model::Probe) {
        let kind = probe.kind.get().and_then(|name| self.catalog.kind(name));
        let (Some(kind), Some(with), Some(to)) = (kind, &probe.with, probe.to.get()) else { return };
        for param in kind.outer_params {
            let Some(network) = with.value.table.get(*param).and_then(|value| value.as_str()) else { continue };
            let place = with.value.places.iter().find(|place| place.0 == *param);
            let span = place.map_or(&with.span, |(_, _, value)| value).clone();
            let name = At { value: network.to_owned(), span };
            if self.network(network).is_none() {
                let known = self.network_entries().iter().map(|(known, _)| known.value.as_str());
                self.push(missing(Noun::Network, &name, known));
                continue;
            }
            let nics = self.endpoint_entries().iter().find(|(known, _)| known.value == to.value);
            let is_on = nics
                .and_then(|(_, endpoint)| endpoint.nic.get())
                .is_none_or(|nics| nics.value.0.iter().any(|(known, _)| known.value == network));
            if !is_on {
                let (to, network) = (printable(&to.value), printable(network));
                let title = say!("`{to}` has no NIC on `{network}`", "`{to}` は `{network}` にNICがありません");
                self.push(Problem::at(&name.span, title));
            }
        }
    }

    /// Parameters that name endpoints name some of the scenario's.
    fn check_endpoints(&mut self, probe: &'a model::Probe) {
        let kind = probe.kind.get().and_then(|name| self.catalog.kind(name));
        let (Some(kind), Some(with)) = (kind, &probe.with) else { return };
        for param in kind.endpoint_params {
            let names: Vec<&str> = match with.value.table.get(*param) {
                Some(toml::Value::String(name)) => vec![name],
                Some(toml::Value::Array(names)) => names.iter().filter_map(|name| name.as_str()).collect(),
                Some(toml::Value::Table(names)) => names.keys().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            let place = with.value.places.iter().find(|place| place.0 == *param);
            let span = place.map_or(&with.span, |(_, _, value)| value);
            for name in names {
                self.endpoint(&At { value: name.to_owned(), span: span.clone() });
            }
        }
    }

    /// The metric `name`, if a probe of the scenario reports it; reports when none does.
    pub(super) fn metric(&mut self, name: &At<String>) -> Option<Metric> {
        let probes = self.items(&self.file.probes);
        let names = probes.iter().filter_map(|probe| probe.name.get()).map(|name| name.value.as_str());
        let Some((probe_name, metric)) = name.split_once('.') else {
            let shown = printable(name);
            let problem =
                Problem::at(&name.span, say!("`{shown}` is not a metric", "`{shown}` はメトリックではありません"));
            self.push(problem.help(say!(
                "write <probe>.<metric>, such as `login.time`",
                "`login.time` のように <プローブ>.<メトリック> と書きます"
            )));
            return None;
        };
        let Some(probe) = probes.iter().find(|probe| probe.name.get().is_some_and(|known| known.value == probe_name))
        else {
            let reference = At { value: probe_name.to_owned(), span: name.span.clone() };
            self.push(missing(Noun::Probe, &reference, names));
            return None;
        };
        // A kind that does not exist is reported at the probe.
        let kind = self.catalog.kind(probe.kind.get()?)?;
        let Some(spec) = kind.metrics.iter().find(|spec| spec.name == metric) else {
            self.push(no_such_metric(name, probe_name, metric, kind));
            return None;
        };
        let countable = kind.metrics.iter().find(|spec| !spec.unit.depends_on_machine()).map(|spec| spec.name);
        Some(Metric { name: MetricName::new(probe_name, metric), unit: spec.unit, countable })
    }
}

/// The place of the parameter that a kind's words name first, as kinds know no places themselves: its key when that is
/// what is wrong.
fn named_place<'w>(with: &'w Params, why: &str) -> Option<&'w Span> {
    let mentioned = with.places.iter().filter_map(|place| Some((why.find(&format!("`{}`", place.0))?, place)));
    let (_, (_, key, value)) = mentioned.min_by_key(|(at, _)| *at)?;
    Some(if why.starts_with("unknown") { key } else { value })
}

fn no_such_metric(name: &At<String>, probe: &str, metric: &str, kind: &KindInfo) -> Problem {
    let (shown, probe, kind_name) = (printable(metric), printable(probe), kind.name);
    let metrics = || kind.metrics.iter().map(|spec| spec.name);
    let problem = Problem::at(
        &name.span,
        say!("probe `{probe}` reports no metric `{shown}`", "プローブ `{probe}` はメトリック `{shown}` を報告しません"),
    );
    match nearest(metric, metrics()) {
        Some(near) => problem.help(say!("did you mean `{probe}.{near}`?", "`{probe}.{near}` ではありませんか")),
        None => {
            let all = listed(metrics());
            problem.help(say!("`{kind_name}` reports {all}", "`{kind_name}` が報告するメトリック: {all}"))
        }
    }
}
