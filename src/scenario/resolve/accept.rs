//! What students hand in: names that differ, endpoints that are there, and what only files or addresses have.

use super::super::error::{Problem, Span, say};
use super::super::file::model;
use super::super::file::value::At;
use super::super::file::words::AcceptKind;
use super::super::{Accept, Handed, ServicePort};
use super::Resolver;

/// Permissions of a file that is handed in, unless told.
const MODE: u32 = 0o644;
/// Most ports of a live machine.
const PORTS_MOST: usize = 16;

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
        let ports = self.ports(accept, kind);
        let on = on.value.clone();
        let (usual, what) = match kind {
            AcceptKind::Script => (format!("{on}.sh"), Handed::Script),
            AcceptKind::Image => (format!("{on}.tar"), Handed::Image),
            AcceptKind::Address => (format!("{on}.address"), Handed::Address { ports }),
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

    /// The ports of an address, each once.
    fn ports(&mut self, accept: &'a At<model::Accept>, kind: AcceptKind) -> Vec<ServicePort> {
        let Some(given) = &accept.ports else {
            if kind == AcceptKind::Address {
                let title = say!("an address of which nothing is reached", "接続先のポートがないアドレスです");
                let help = say!("say what: ports = [\"tcp/22\"]", "ports = [\"tcp/22\"] のように書きます");
                self.push(Problem::at(&accept.span, title).help(help));
            }
            return Vec::new();
        };
        if kind != AcceptKind::Address {
            let title = say!("`ports` is for addresses only", "`ports` はアドレスだけのものです");
            self.push(Problem::at(&given.span, title));
            return Vec::new();
        }
        let mut ports: Vec<ServicePort> = given.value.iter().map(|port| port.value).collect();
        ports.sort_unstable();
        ports.dedup();
        // A port that was refused says nothing about how many there are.
        let is_inside = |span: &Span| given.span.start < span.start && span.end <= given.span.end;
        let refused = self.problems.iter().filter_map(|problem| problem.span.as_ref()).any(is_inside);
        if refused {
            return ports;
        }
        if ports.is_empty() || ports.len() != given.value.len() || ports.len() > PORTS_MOST {
            let title = say!("from 1 to {PORTS_MOST} different ports", "ポートは1〜{PORTS_MOST}個で、重複できません");
            self.push(Problem::at(&given.span, title));
        }
        ports
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
