//! Faults and fixes: what is done to a lab.

use super::super::error::{Problem, printable, say};
use super::super::{Action, Fix};
use super::Resolver;
use super::names::Noun;
use crate::arm::FULL_MOST_FIXES;

/// Words of arm names; a fix that is called one of them could not be told from an arm.
const ARM_WORDS: [&str; 5] = ["omitted", "applied", "only", "without", "set"];

impl Resolver<'_> {
    /// All faults.
    pub(super) fn faults(&mut self) -> Vec<Action> {
        let faults = self.items(&self.file.faults);
        self.check_names(Noun::Fault, faults.iter().filter_map(|fault| fault.name.get()));
        let resolve = |fault: &super::model::Fault| {
            let on = self.places(&fault.on);
            Some(Action { name: fault.name.get()?.value.clone(), on, run: fault.run.get()?.value.0.clone() })
        };
        faults.iter().map(|fault| &fault.value).filter_map(resolve).collect()
    }

    /// All fixes.
    pub(super) fn fixes(&mut self) -> Vec<Fix> {
        let fixes = self.items(&self.file.fixes);
        self.check_names(Noun::Fix, fixes.iter().filter_map(|fix| fix.name.get()));
        for name in fixes.iter().filter_map(|fix| fix.name.get()).filter(|name| ARM_WORDS.contains(&name.as_str())) {
            let shown = printable(name);
            let title = say!("a fix cannot be called `{shown}`", "対処に `{shown}` という名前は付けられません");
            self.push(Problem::at(&name.span, title).label(say!("a word of arm names", "アーム名に使う語です")));
        }
        if let Some(fix) = fixes.get(FULL_MOST_FIXES) {
            let (count, span) = (fixes.len(), fix.name.get().map_or(&fix.span, |name| &name.span));
            let title = say!("{count} fixes are too many", "対処{count}個は多すぎます");
            self.push(Problem::at(span, title).help(say!(
                "at most {FULL_MOST_FIXES}: all their combinations are labs to run; make two scenarios of it",
                "上限は{FULL_MOST_FIXES}個です。全組み合わせを実行するため、シナリオを分けます"
            )));
        }
        let resolve = |fix: &super::model::Fix| {
            let on = self.places(&fix.on);
            Some(Fix {
                action: Action { name: fix.name.get()?.value.clone(), on, run: fix.run.get()?.value.0.clone() },
                title: fix.title.as_ref().map(|title| title.value.clone()),
                activate: fix.activate.as_ref().map(|lines| lines.value.0.clone()),
                edits: fix.edits.iter().flat_map(|paths| &paths.value).map(|path| path.value.0.clone()).collect(),
            })
        };
        fixes.iter().map(|fix| &fix.value).filter_map(resolve).collect()
    }
}
