//! Everything that Saiten says to people, in English and Japanese: phrases with arguments, worded only at the edge.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// The language of reports and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// A phrase of the word list with its arguments; kept as such in evidence and verdicts, so that both languages can word it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    /// Identifier in `wording/en.ftl` and `wording/ja.ftl`.
    pub id: String,
    /// Arguments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Phrase {
    /// A phrase without arguments.
    pub fn new(id: &str) -> Self {
        Phrase { id: id.to_owned(), args: BTreeMap::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    /// The phrase in words. One that the list does not have shows as its identifier; a test sees to it that none is missing.
    pub fn say(&self, lang: Lang) -> String {
        let bundle = bundle(lang);
        let Some(pattern) = bundle.get_message(&self.id).and_then(|message| message.value()) else {
            return self.id.clone();
        };
        let mut args = FluentArgs::new();
        for (name, value) in &self.args {
            // Whole numbers choose plural forms; everything else is text, such as a machine called 007.
            match value.parse::<i64>() {
                Ok(number) if value.len() < 10 && number.to_string() == *value => {
                    args.set(name.as_str(), FluentValue::from(number))
                }
                _ => args.set(name.as_str(), FluentValue::from(value.as_str())),
            }
        }
        bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

/// Whether the word list has a phrase.
pub fn has(id: &str) -> bool {
    bundle(Lang::En).has_message(id)
}

/// Words a phrase without arguments.
pub fn say(lang: Lang, id: &str) -> String {
    Phrase::new(id).say(lang)
}

const EN: &str = include_str!("wording/en.ftl");
const JA: &str = include_str!("wording/ja.ftl");

type Bundle = FluentBundle<FluentResource>;

fn bundle(lang: Lang) -> &'static Bundle {
    static ENGLISH: OnceLock<Bundle> = OnceLock::new();
    static JAPANESE: OnceLock<Bundle> = OnceLock::new();
    match lang {
        Lang::En => ENGLISH.get_or_init(|| load("en", EN)),
        Lang::Ja => JAPANESE.get_or_init(|| load("ja", JA)),
    }
}

fn load(tag: &str, text: &str) -> Bundle {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Isolation marks are for mixed writing directions, and show as rubbish on some terminals.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(partial, _)| partial);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn variables(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let resource = FluentResource::try_new(text.to_owned()).expect("the word list parses");
        let count = resource.entries().count();
        let mut found = BTreeMap::new();
        for block in text.split("\n\n").flat_map(split_messages) {
            let (id, body) = block.split_once('=').expect("a message");
            let names = body.split("{ $").skip(1).map(|rest| rest.split([' ', '}']).next().unwrap_or("").to_owned());
            found.insert(id.trim().to_owned(), names.collect());
        }
        assert_eq!(found.len(), count, "each message once");
        found
    }

    fn split_messages(block: &str) -> Vec<String> {
        let mut messages: Vec<String> = Vec::new();
        for line in block.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            match messages.last_mut() {
                Some(last) if line.starts_with(' ') => *last += line,
                _ => messages.push(line.to_owned()),
            }
        }
        messages
    }

    #[test]
    fn both_languages_have_the_same_phrases_with_the_same_arguments() {
        assert_eq!(variables(EN), variables(JA));
    }

    #[test]
    fn numbers_choose_the_plural() {
        let one = Phrase::new("summary-checks").with("count", 1);
        let two = Phrase::new("summary-checks").with("count", 2);
        assert_eq!((one.say(Lang::En), two.say(Lang::En)), ("1 check".into(), "2 checks".into()));
        assert_eq!(two.say(Lang::Ja), "2個のチェック");
    }
}
