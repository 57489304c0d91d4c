//! Reasons: why checks may fail, and how that shows in a configuration.

use super::super::error::{Problem, say};
use super::super::file::model;
use super::super::file::table::Maybe;
use super::super::file::value::{At, Tried};
use super::super::file::words::Pattern;
use super::super::{Look, Reason};
use super::Resolver;
use super::bound::Role;
use super::names::{Noun, missing};

impl<'a> Resolver<'a> {
    /// All reasons.
    pub(super) fn reasons(&mut self) -> Vec<Reason> {
        let reasons = self.items(&self.file.reasons);
        self.check_names(Noun::Reason, reasons.iter().filter_map(|reason| reason.name.get()));
        reasons.iter().filter_map(|reason| self.reason(reason)).collect()
    }

    fn reason(&mut self, reason: &'a At<model::Reason>) -> Option<Reason> {
        let all = || self.items(&self.file.checks).iter().filter_map(|check| check.name.get());
        let named = self.items(&reason.checks);
        let unknown: Vec<Problem> = named
            .iter()
            .filter(|name| !all().any(|known| known.value == name.value))
            .map(|name| missing(Noun::Check, name, all().map(|known| known.value.as_str())))
            .collect();
        let checks = match &reason.checks {
            Some(_) => named.iter().map(|name| name.value.clone()).collect(),
            None => all().map(|name| name.value.clone()).collect(),
        };
        unknown.into_iter().for_each(|problem| self.push(problem));
        self.look_at(reason);
        let when = self.items(&reason.when).iter();
        let when = when.filter_map(|when| self.condition(Role::Need, when, &when.span, None)).collect();
        let file = reason
            .file
            .as_ref()
            .and_then(|file| Some((file.path.get()?.value.0.clone(), look(&file.has, &file.lacks))));
        Some(Reason {
            name: reason.name.get()?.value.clone(),
            checks,
            when,
            on: reason.on.as_ref().map(|on| on.value.clone()),
            effective: reason.effective.as_ref().map(|effective| look(&effective.has, &effective.lacks)),
            file,
            text: reason.text.get()?.value.clone(),
        })
    }

    /// There is something to look at, and an endpoint that tells it.
    fn look_at(&mut self, reason: &'a At<model::Reason>) {
        let empty = |has: &Maybe<Tried<Pattern>>, lacks: &Maybe<Tried<Pattern>>| has.is_none() && lacks.is_none();
        let looks = [
            reason.effective.as_ref().map(|look| empty(&look.has, &look.lacks)),
            reason.file.as_ref().map(|look| empty(&look.has, &look.lacks)),
        ];
        let span = reason.name.get().map_or(&reason.span, |name| &name.span);
        let is_measured = !self.items(&reason.when).is_empty();
        if looks.contains(&Some(true)) || (looks == [None, None] && !is_measured) {
            let problem = Problem::at(span, say!("this reason always fits", "この理由は常に当てはまります"));
            self.push(problem.help(say!(
                "say how it shows, such as effective = {{ has = \"…\" }} or when = [{{ metric = \"…\", equals = 1 }}]",
                "どう現れるかを書きます。例: effective = {{ has = \"…\" }} や when = [{{ metric = \"…\", equals = 1 }}]"
            )));
        }
        let Some(on) = &reason.on else {
            if looks != [None, None] {
                let problem = Problem::at(span, say!("nowhere to look", "調べるエンドポイントがありません"));
                self.push(
                    problem.help(say!("name an endpoint: on = \"…\"", "on = \"…\" でエンドポイントを指定します")),
                );
            }
            return;
        };
        let endpoint = self.endpoint(on);
        if let (Some(effective), Some(endpoint)) = (&reason.effective, endpoint)
            && endpoint.effective.is_none()
        {
            let problem = Problem::at(
                &effective.span,
                say!("this endpoint tells no effective configuration", "このエンドポイントには実効設定がありません"),
            );
            self.push(problem.help(say!(
                "give the endpoint `effective`, shell lines that print it",
                "エンドポイントに、実効設定を表示する `effective` を書きます"
            )));
        }
    }
}

fn look(has: &Maybe<Tried<Pattern>>, lacks: &Maybe<Tried<Pattern>>) -> Look {
    let text = |pattern: &Maybe<Tried<Pattern>>| Some(pattern.as_ref()?.value.0.as_ref()?.0.clone());
    Look { has: text(has), lacks: text(lacks) }
}
