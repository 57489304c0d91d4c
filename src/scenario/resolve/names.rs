//! Names: their form, that each is there once, and what a reference refers to.

use std::collections::{HashMap, HashSet};

use super::super::error::{Problem, Span, printable, say};
use super::super::file::model;
use super::super::file::table::{Many, Named, Need};
use super::super::file::value::{At, Tried};
use super::super::suggest::{listed, nearest};
use super::Resolver;

/// Longest name of a network or endpoint; it becomes a host name and a label.
const LONGEST_NODE: usize = 32;
/// Longest name of anything else.
const LONGEST: usize = 100;

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Noun {
    Network,
    Endpoint,
    Filter,
    Fault,
    Fix,
    Probe,
    Check,
    Reason,
    Kind,
    Image,
}

impl Noun {
    /// English singular, English plural, Japanese.
    pub(super) fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Noun::Network => ("network", "networks", "ネットワーク"),
            Noun::Endpoint => ("endpoint", "endpoints", "エンドポイント"),
            Noun::Filter => ("filter", "filters", "フィルタ"),
            Noun::Fault => ("fault", "faults", "障害"),
            Noun::Fix => ("fix", "fixes", "対処"),
            Noun::Probe => ("probe", "probes", "プローブ"),
            Noun::Check => ("check", "checks", "チェック"),
            Noun::Reason => ("reason", "reasons", "理由"),
            Noun::Kind => ("probe kind", "probe kinds", "プローブの種類"),
            Noun::Image => ("image", "images", "イメージ"),
        }
    }

    /// Whether its names are words of commands and paths, and not free text.
    fn is_word(self) -> bool {
        matches!(self, Noun::Network | Noun::Endpoint | Noun::Fix | Noun::Probe)
    }
}

/// The problem that there is no `name` among `known`.
pub(in super::super) fn missing<'k>(
    noun: Noun,
    name: &At<String>,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Problem {
    let ((one, many, ja), shown) = (noun.words(), printable(name));
    let problem = Problem::at(&name.span, say!("there is no {one} `{shown}`", "{ja} `{shown}` はありません"));
    match nearest(name, known.clone()) {
        Some(near) => problem.help(say!("did you mean `{near}`?", "`{near}` ではありませんか")),
        None if known.clone().next().is_none() => problem.help(say!("there are no {many}", "{ja}は1つもありません")),
        None => {
            let all = listed(known);
            problem.help(say!("the {many} are {all}", "{ja}の一覧: {all}"))
        }
    }
}

impl<'a> Resolver<'a> {
    /// The entries of `[networks]`.
    pub(super) fn network_entries(&self) -> &'a [(At<String>, At<model::Network>)] {
        entries(self.file.networks.as_ref())
    }

    /// The entries of `[endpoints]`.
    pub(super) fn endpoint_entries(&self) -> &'a [(At<String>, At<model::Endpoint>)] {
        entries(self.file.endpoints.as_ref())
    }

    /// The network `name`, if it is in the file.
    pub(super) fn network(&self, name: &str) -> Option<&'a At<model::Network>> {
        self.network_entries().iter().find(|(known, _)| known.value == name).map(|(_, network)| network)
    }

    /// The endpoint `name`; reports when it is not in the file.
    pub(super) fn endpoint(&mut self, name: &At<String>) -> Option<&'a At<model::Endpoint>> {
        let entries = self.endpoint_entries();
        let found = entries.iter().find(|(known, _)| known.value == name.value).map(|(_, endpoint)| endpoint);
        let readable = self.file.endpoints.as_ref().is_none_or(|named| named.value.0.is_some());
        if found.is_none() && readable {
            self.push(missing(Noun::Endpoint, name, entries.iter().map(|(known, _)| known.value.as_str())));
        }
        found
    }

    /// The names of all fixes.
    pub(super) fn fix_names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.items(&self.file.fixes).iter().filter_map(|fix| fix.name.get()).map(|name| name.value.as_str())
    }

    /// The endpoints an action runs on, each in the file and there once.
    pub(super) fn places(&mut self, on: &Need<Many<String>>) -> Vec<String> {
        let Some(on) = on.get() else { return Vec::new() };
        if on.value.0.is_empty() {
            self.push(Problem::at(&on.span, say!("the list of endpoints is empty", "エンドポイントの一覧が空です")));
        }
        let mut seen = HashSet::new();
        for name in &on.value.0 {
            if seen.insert(name.as_str()) {
                self.endpoint(name);
            } else {
                let shown = printable(name);
                self.push(Problem::at(
                    &name.span,
                    say!("`{shown}` is in the list twice", "`{shown}` が一覧に2回あります"),
                ));
            }
        }
        on.value.0.iter().map(|name| name.value.clone()).collect()
    }

    /// Reports names of a form that `noun` cannot have, and names that are there twice.
    pub(super) fn check_names(&mut self, noun: Noun, names: impl Iterator<Item = &'a At<String>>) {
        let mut first: HashMap<&str, &Span> = HashMap::new();
        let (_, many, ja) = noun.words();
        for name in names {
            self.check_name(noun, name);
            if let Some(before) = first.insert(name, &name.span) {
                let shown = printable(name);
                let problem = Problem::at(
                    &name.span,
                    say!("two {many} are called `{shown}`", "`{shown}` という{ja}が2つあります"),
                );
                self.push(problem.second(before, say!("first defined here", "最初の定義")));
            }
        }
    }

    fn check_name(&mut self, noun: Noun, name: &At<String>) {
        let ((one, _, ja), shown) = (noun.words(), printable(name));
        let most = if matches!(noun, Noun::Network | Noun::Endpoint) { LONGEST_NODE } else { LONGEST };
        let letters = name.chars().count();
        if letters > most {
            let title = say!("the name of this {one} is too long", "この{ja}の名前は長すぎます");
            let label = say!("{letters} characters, at most {most}", "{letters}文字。上限は{most}文字です");
            self.push(Problem::at(&name.span, title).label(label));
        } else if noun.is_word() && !is_word(name) {
            let title = say!("`{shown}` cannot be the name of a {one}", "`{shown}` は{ja}の名前にできません");
            let help = match as_word(name) {
                Some(word) => {
                    say!("use a-z, 0-9 and `-` only: `{word}`", "使えるのは a-z、0-9、`-` だけです: `{word}`")
                }
                None => say!("use a-z, 0-9 and `-` only", "使えるのは a-z、0-9、`-` だけです"),
            };
            self.push(Problem::at(&name.span, title).help(help));
        } else if name.trim().is_empty() || name.contains(char::is_control) {
            let title =
                say!("the name of a {one} needs visible characters only", "{ja}の名前には表示できる文字だけが必要です");
            self.push(Problem::at(&name.span, title));
        }
    }
}

fn entries<T>(named: Option<&At<Tried<Named<T>>>>) -> &[(At<String>, At<T>)] {
    named.and_then(|named| named.value.0.as_ref()).map_or(&[], |named| &named.0)
}

/// `[a-z0-9][a-z0-9-]*`.
fn is_word(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `name` made a word, if anything is left of it.
fn as_word(name: &str) -> Option<String> {
    let word: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let word = word.trim_matches('-').to_owned();
    (is_word(&word) && word.bytes().any(|b| b.is_ascii_alphanumeric())).then_some(word)
}
