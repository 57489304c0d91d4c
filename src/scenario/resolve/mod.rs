//! From the tables of a file to a [`Scenario`]: follows references and refuses what cannot work.

mod accept;
mod address;
mod bound;
mod capability;
mod check;
mod endpoint;
mod filter;
mod names;
mod network;
mod probe;
mod reason;
mod remedy;

use std::path::Path;
use std::time::Duration;

use super::catalog::Catalog;
use super::error::{Problem, Span, line_at, say};
use super::file::model;
use super::file::table::Maybe;
use super::file::value::At;
use super::mutant::Restricted;
use super::{Limits, Requirement, Scenario};

pub(super) use names::{Noun, missing};

/// Most endpoints in one lab.
const MOST_ENDPOINTS: usize = 32;

/// What every part of the file is resolved against, and where its problems go.
struct Resolver<'a> {
    file: &'a model::File,
    catalog: &'a Catalog,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
}

/// Resolves `file`. All problems go to `problems`; the scenario is only good if there are none.
pub(super) fn scenario(
    file: &model::File,
    id: &str,
    dir: &Path,
    text: &str,
    catalog: &Catalog,
    problems: &mut Vec<Problem>,
) -> Option<Scenario> {
    let mut resolver = Resolver { file, catalog, text, problems };
    resolver.check_counts();
    let networks = resolver.networks();
    let endpoints = resolver.endpoints();
    resolver.check_addresses();
    let mut requires: Vec<_> = resolver.items(&file.requires).iter().map(|requirement| requirement.value).collect();
    if networks.values().any(|network| network.subnet6.is_some()) {
        requires.push(Requirement::Ipv6);
    }
    requires.sort();
    requires.dedup();
    Some(Scenario {
        id: id.to_owned(),
        dir: dir.to_owned(),
        networks,
        endpoints,
        requires,
        faults: resolver.faults(),
        fixes: resolver.fixes(),
        probes: resolver.probes(),
        checks: resolver.checks(),
        reasons: resolver.reasons(),
        accepts: resolver.accepts(),
        limits: resolver.limits(),
        mutants: file.mutants.as_ref().and_then(|mutants| {
            let only = mutants.only.get()?.value.iter().map(|kind| kind.value).collect();
            Some(Restricted { only, because: mutants.because.get()?.value.clone() })
        }),
        about: file.about.as_ref().map(|about| about.value.clone()),
        material: file.material.as_ref().map(|material| material.value.clone()),
        title: file.title.get()?.value.clone(),
    })
}

impl<'a> Resolver<'a> {
    fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The items of a list that may be left out.
    fn items<T>(&self, list: &'a Maybe<Vec<At<T>>>) -> &'a [At<T>] {
        list.as_ref().map_or(&[], |list| &list.value)
    }

    /// Line of byte `span.start`, from 1.
    fn line(&self, span: &Span) -> u32 {
        u32::try_from(line_at(self.text, span.start)).unwrap_or(u32::MAX)
    }

    /// A lab needs somewhere to run, something to measure and something to hold.
    fn check_counts(&mut self) {
        let file = self.file;
        let top = 0..0;
        let endpoints = self.endpoint_entries();
        let readable = file.endpoints.as_ref().is_none_or(|named| named.value.0.is_some());
        if endpoints.is_empty() && readable {
            let span = file.endpoints.as_ref().map_or(&top, |at| &at.span);
            let problem = Problem::at(span, say!("no endpoint", "エンドポイントがありません"));
            self.push(problem.help(say!("add a table [endpoints.<name>]", "[endpoints.<名前>] を追加します")));
        }
        if file.probes.as_ref().is_none_or(|list| list.is_empty()) {
            let span = file.probes.as_ref().map_or(&top, |at| &at.span);
            let problem =
                Problem::at(span, say!("no probe: nothing is measured", "プローブがなく、何も測定されません"));
            self.push(problem.help(say!("add a table [[probes]]", "[[probes]] を追加します")));
        }
        if file.checks.as_ref().is_none_or(|list| list.is_empty()) {
            let span = file.checks.as_ref().map_or(&top, |at| &at.span);
            let problem = Problem::at(span, say!("no check: nothing is judged", "チェックがなく、何も判定されません"));
            self.push(problem.help(say!("add a table [[checks]]", "[[checks]] を追加します")));
        }
        if let Some((name, _)) = endpoints.get(MOST_ENDPOINTS) {
            let count = endpoints.len();
            let title = say!("{count} endpoints are too many", "エンドポイント{count}個は多すぎます");
            self.push(
                Problem::at(&name.span, title)
                    .label(say!("only {MOST_ENDPOINTS} fit a lab", "上限は{MOST_ENDPOINTS}個です")),
            );
        }
    }

    /// A time limit: `given`, which cannot be zero, or `default`.
    fn time(&mut self, given: &Maybe<Duration>, default: Duration) -> Duration {
        let Some(given) = given else { return default };
        if given.is_zero() {
            self.push(Problem::at(
                &given.span,
                say!("a time limit of zero is always over", "時間制限が0では必ず超過します"),
            ));
        }
        given.value
    }

    fn limits(&mut self) -> Limits {
        let default = Limits::default();
        let Some(limits) = &self.file.limits else { return default };
        Limits {
            up: self.time(&limits.up, default.up),
            ready: self.time(&limits.ready, default.ready),
            action: self.time(&limits.action, default.action),
            measure: self.time(&limits.measure, default.measure),
        }
    }
}
