//! The variables of a Dockerfile: what ARG declares and ENV sets, and which of them a name means.

use std::collections::BTreeMap;

use super::DEFAULT_PATH;
use super::word::{self, Substituted};

/// Most bytes that all words together may come to. Without it a few lines of `ENV A=$A$A` would fill the memory.
const MOST_SUBSTITUTED: usize = 256 << 10;
/// Most variables of either kind.
const MOST_VARIABLES: usize = 1000;

/// The variables in effect at one place of a Dockerfile.
pub(super) struct Scope<'a> {
    /// The build arguments, which only a declaration brings into effect.
    given: &'a BTreeMap<String, String>,
    /// The ARGs before FROM: what the declarations after it fall back to.
    global: Variables,
    declared: Variables,
    /// What the base image sets.
    base: Variables,
    env: Variables,
    left: usize,
}

impl<'a> Scope<'a> {
    /// The scope at the top of a Dockerfile.
    pub fn new(given: &'a BTreeMap<String, String>) -> Self {
        Self {
            given,
            global: Variables::default(),
            declared: Variables::default(),
            base: Variables::default(),
            env: Variables::default(),
            left: MOST_SUBSTITUTED,
        }
    }

    /// Passes FROM: the ARGs so far have to be declared again.
    pub fn enter_image(&mut self) -> Result<(), String> {
        self.global = std::mem::take(&mut self.declared);
        self.base.set("PATH", Some(DEFAULT_PATH.to_owned()))
    }

    /// ARG: the build argument of that name, else the default, else what an ARG before FROM gave it, else nothing.
    pub fn declare(&mut self, name: &str, default: Option<String>) -> Result<(), String> {
        let given = self.given.get(name).cloned();
        let value = given.or(default).or_else(|| self.global.get(name).map(str::to_owned));
        self.declared.set(name, value)
    }

    /// ENV.
    pub fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        self.env.set(name, Some(value))
    }

    /// The value of a variable: ENV comes before ARG.
    pub fn get(&self, name: &str) -> Option<&str> {
        [&self.env, &self.base, &self.declared].into_iter().find_map(|variables| variables.get(name))
    }

    /// What ENV has set so far.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env.valued().collect()
    }

    /// What a RUN gets: ENV, and the ARGs that nothing else shadows.
    pub fn environment(&self) -> Vec<(String, String)> {
        let shadowed = |name: &str| self.env.get(name).or(self.base.get(name)).is_some();
        self.env.valued().chain(self.declared.valued().filter(|(name, _)| !shadowed(name))).collect()
    }

    /// A word with its variables substituted and its quotes removed; an unknown variable is empty.
    pub fn substitute(&mut self, word: &str) -> Result<String, String> {
        Ok(self.substitute_noting(word)?.text)
    }

    /// As [`Self::substitute`], with the first unknown variable noted.
    pub fn substitute_noting(&mut self, word: &str) -> Result<Substituted, String> {
        let mut left = self.left;
        let substituted = word::substitute(word, self, &mut left)?;
        self.left = left;
        Ok(substituted)
    }
}

/// Names in the order of their first mention; a name may be without a value.
#[derive(Default)]
struct Variables(Vec<(String, Option<String>)>);

impl Variables {
    fn set(&mut self, name: &str, value: Option<String>) -> Result<(), String> {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| known == name) {
            *old = value;
        } else if self.0.len() == MOST_VARIABLES {
            return Err(format!("more than {MOST_VARIABLES} variables"));
        } else {
            self.0.push((name.to_owned(), value));
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    fn valued(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
    }
}
