//! What students hand in: names that differ, endpoints that are there, and what only files have.

use super::super::error::{Problem, say};
use super::super::file::model;
use super::super::file::value::At;
use super::super::file::words::AcceptKind;
use super::super::{Accept, Handed};
use super::Resolver;

/// Permissions of a file that is handed in, unless told.
const MODE: u32 = 0o644;

impl<'a> Resolver<'a> {
    /// Everything that is accepted; a script for each endpoint that fixes act on unless told.
    pub(super) fn accepts(&mut self) -> Vec<Accept> {
        let Some(given) = &self.file.accepts else { return self.scripts() };
        let mut all: Vec<Accept> = Vec::new();
        for accept in &given.value {
            let Some(read) = self.accept(accept) else { continue };
            if all.iter().any(|known| known.name == read.name) {
                let name = &read.name;
                let title = say!("two things to hand in are called `{name}`", "`{name}` という提出物が2つあります");
                let problem = Problem::at(&accept.span, title);
                self.push(problem.help(say!("give one of them another `name`", "別の `name` を付けます")));
            }
            all.push(read);
        }
        all
    }

    fn scripts(&self) -> Vec<Accept> {
        let fixes = self.items(&self.file.fixes).iter().filter_map(|fix| fix.on.get());
        let mut endpoints: Vec<&str> = fixes.flat_map(|on| &on.value.0).map(|name| name.value.as_str()).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let script = |on: &str| Accept { name: format!("{on}.sh"), on: on.to_owned(), what: Handed::Script };
        endpoints.into_iter().map(script).collect()
    }

    fn accept(&mut self, accept: &'a At<model::Accept>) -> Option<Accept> {
        let (kind, on) = (accept.kind.get()?.value, accept.on.get()?);
        self.endpoint(on)?;
        self.only_for_files(accept, kind);
        let on = on.value.clone();
        let (usual, what) = match kind {
            AcceptKind::Script => (format!("{on}.sh"), Handed::Script),
            AcceptKind::Image => (format!("{on}.tar"), Handed::Image),
            AcceptKind::Address => (format!("{on}.address"), Handed::Address),
            AcceptKind::File => {
                let to = accept.to.as_ref()?.value.0.clone();
                let name = to.rsplit('/').next().unwrap_or_default().to_owned();
                let mode = accept.mode.as_ref().map_or(MODE, |mode| mode.value.0);
                let activate = accept.activate.as_ref().map(|lines| lines.value.0.clone());
                (name, Handed::File { to, mode, activate })
            }
        };
        let name = accept.name.as_ref().map_or(usual, |name| name.value.0.clone());
        Some(Accept { name, on, what })
    }

    fn only_for_files(&mut self, accept: &'a At<model::Accept>, kind: AcceptKind) {
        let given = [
            ("to", accept.to.as_ref().map(|at| &at.span)),
            ("mode", accept.mode.as_ref().map(|at| &at.span)),
            ("activate", accept.activate.as_ref().map(|at| &at.span)),
        ];
        if kind == AcceptKind::File {
            if accept.to.is_none() {
                let problem = Problem::at(&accept.span, say!("a file that goes nowhere", "置き場所のないファイルです"));
                self.push(problem.help(say!("say where: to = \"/etc/…\"", "to = \"/etc/…\" で置き場所を書きます")));
            }
            return;
        }
        for (key, span) in given.into_iter().filter_map(|(key, span)| Some((key, span?))) {
            self.push(Problem::at(span, say!("`{key}` is for files only", "`{key}` はファイルだけのものです")));
        }
    }
}
