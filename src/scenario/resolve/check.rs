//! Checks: what is read, what must hold, and the positive control that makes a comparison mean something.

use super::super::error::{Problem, say};
use super::super::file::model;
use super::super::file::value::At;
use super::super::{Check, Condition, Limit, Partial};
use super::Resolver;
use super::bound::{Given, Role};
use super::names::{Noun, missing};
use super::probe::Metric;

impl<'a> Resolver<'a> {
    /// All checks.
    pub(super) fn checks(&mut self) -> Vec<Check> {
        let checks = self.items(&self.file.checks);
        self.check_names(Noun::Check, checks.iter().filter_map(|check| check.name.get()));
        self.requires(checks);
        checks.iter().filter_map(|check| self.check(check)).collect()
    }

    /// A check may require those above it only, so that there is no circle.
    fn requires(&mut self, checks: &'a [At<model::Check>]) {
        let name = |check: &'a At<model::Check>| check.name.get().map(|name| name.value.as_str());
        for (at, check) in checks.iter().enumerate() {
            let above = || checks[..at].iter().filter_map(name);
            for wanted in self.items(&check.requires) {
                if !above().any(|known| known == wanted.value) {
                    let problem = missing(Noun::Check, wanted, above());
                    self.push(
                        problem.label(say!("only checks above this one", "このチェックより上にあるチェックだけです")),
                    );
                }
            }
        }
    }

    /// Points for coming close: fewer than for the check, and bounds like the check's own.
    fn partial(&mut self, check: &'a At<model::Check>, metric: Option<&Metric>) -> Vec<Partial> {
        let most = check.points.as_ref().map_or(1, |points| points.value.0);
        let mut all = Vec::new();
        for tier in self.items(&check.partial) {
            let bounds = self.bounds(&Given {
                owner: &tier.span,
                role: Role::Check,
                unit: metric.map(|metric| metric.unit),
                has_needs: false,
                bounds: [&tier.at_most, &tier.at_least, &tier.equals],
            });
            let Some(points) = tier.points.get() else { continue };
            if points.value.0 >= most {
                let title = say!("no fewer points than the check's", "チェックの配点より少なくありません");
                let problem = Problem::at(&points.span, title);
                self.push(problem.label(say!("the check is worth {most}", "チェックの配点は{most}点です")));
            }
            let bounds = bounds.into_iter().map(|(bound, _)| bound).collect();
            all.push(Partial { bounds, points: points.value.0 as u32 });
        }
        all
    }

    fn check(&mut self, check: &'a At<model::Check>) -> Option<Check> {
        let metric = check.metric.get().and_then(|name| self.metric(name));
        let given = Given {
            owner: check.name.get().map_or(&check.span, |name| &name.span),
            role: Role::Check,
            unit: metric.as_ref().map(|metric| metric.unit),
            has_needs: !self.items(&check.needs).is_empty(),
            bounds: [&check.at_most, &check.at_least, &check.equals],
        };
        let bounds = self.bounds(&given);
        let is_ratio = |limit: &Limit| matches!(limit, Limit::Ratio { .. });
        if check.symptom.is_none()
            && let Some((_, span)) = bounds.iter().find(|(bound, _)| is_ratio(&bound.limit))
        {
            let metric = metric.as_ref().and_then(|metric| {
                let (probe, _) = metric.name.split();
                Some(format!("{probe}.{}", metric.countable?))
            });
            let metric = metric.as_deref().unwrap_or("<probe>.<count>");
            let problem = Problem::at(span, say!("a ratio needs a positive control", "比には陽性対照が必要です"));
            self.push(problem.label(say!("no `symptom`", "`symptom` がありません")).help(say!(
                "say what is counted while the symptom is there, or a lab that is broken otherwise could pass: symptom = {{ metric = \"{metric}\", at_least = 1 }}",
                "症状があるときに数えられるものを書きます (別の壊れ方をしたラボを合格にしないため): symptom = {{ metric = \"{metric}\", at_least = 1 }}"
            )));
        }
        let symptom = check
            .symptom
            .as_ref()
            .map(|symptom| self.condition(Role::Symptom, symptom.value.0.as_ref()?, &symptom.span, metric.as_ref()));
        let partial = self.partial(check, metric.as_ref());
        let needs = self.items(&check.needs).iter();
        let needs = needs.filter_map(|need| self.condition(Role::Need, need, &need.span, metric.as_ref())).collect();
        let metric = metric?;
        Some(Check {
            name: check.name.get()?.value.clone(),
            title: check.title.as_ref().map(|title| title.value.clone()),
            metric: metric.name,
            unit: metric.unit,
            bounds: bounds.into_iter().map(|(bound, _)| bound).collect(),
            symptom: symptom.flatten(),
            needs,
            points: check.points.as_ref().map_or(1, |points| points.value.0 as u32),
            partial,
            requires: self.items(&check.requires).iter().map(|name| name.value.clone()).collect(),
            hidden: check.hidden.as_ref().is_some_and(|hidden| hidden.value),
            hint: check.hint.as_ref().map(|hint| hint.value.clone()),
            solution: check.solution.as_ref().map(|solution| solution.value.clone()),
            line: self.line(&check.span),
        })
    }

    /// A condition on a metric; `owner` is blamed when it names none.
    pub(super) fn condition(
        &mut self,
        role: Role,
        condition: &'a model::Condition,
        owner: &'a super::Span,
        of_check: Option<&Metric>,
    ) -> Option<Condition> {
        let metric = match &condition.metric {
            Some(name) => self.metric(name),
            None => of_check.cloned(),
        };
        let mut unit = metric.as_ref().map(|metric| metric.unit);
        if let Some(metric) = metric.as_ref().filter(|metric| metric.unit.depends_on_machine()) {
            let (name, span) = (&metric.name, condition.metric.as_ref().map_or(owner, |metric| &metric.span));
            let title = match role {
                Role::Need => say!("`{name}` cannot be a need", "`{name}` は `needs` に使えません"),
                _ => say!("`{name}` cannot show a symptom", "`{name}` では症状を示せません"),
            };
            let problem = Problem::at(span, title);
            let problem = problem.label(say!("it depends on the machine", "マシンに依存する値です"));
            self.push(match metric.countable {
                Some(count) => {
                    let (probe, _) = metric.name.split();
                    problem.help(say!(
                        "take a count or flag, such as `{probe}.{count}`",
                        "`{probe}.{count}` のような個数か真偽を使います"
                    ))
                }
                None => problem.help(say!("take a count or flag", "個数か真偽を使います")),
            });
            unit = None;
        }
        let bounds = [&condition.at_most, &condition.at_least, &condition.equals];
        let bounds = self.bounds(&Given { owner, role, unit, has_needs: false, bounds });
        let metric = metric?;
        Some(Condition {
            metric: metric.name,
            unit: metric.unit,
            bounds: bounds.into_iter().map(|(bound, _)| bound).collect(),
        })
    }
}
