//! What a `dns-lookup` is told: names, who asks, and how.

use serde::Deserialize;

use crate::probe::dns::asker::Asker;

/// Parameters (`with`) of the kind.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Name as a person types it.
    pub name: Option<String>,
    /// Several names, each looked up in turn.
    pub names: Option<Vec<String>>,
    /// Who asks; glibc's `getent hosts` by default.
    pub by: Option<OneOrMany>,
    /// Type of the question, for raw messages and dig.
    #[serde(default = "default_kind", rename = "type")]
    pub kind: String,
    /// Whether recursion is desired, for raw messages.
    #[serde(default = "default_recursion")]
    pub recursion: bool,
    /// Search list in place of the client's own.
    pub search: Option<Vec<String>>,
    /// `ndots` in place of the client's own.
    pub ndots: Option<u8>,
    /// The network on which what leaves the server is counted.
    pub outer: Option<String>,
}

/// One asker, or several.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(Asker),
    /// Several.
    Many(Vec<Asker>),
}

fn default_kind() -> String {
    "A".to_owned()
}

fn default_recursion() -> bool {
    true
}

impl Params {
    /// The names in order.
    pub fn names(&self) -> Vec<String> {
        self.name.iter().chain(self.names.iter().flatten()).cloned().collect()
    }

    /// Who asks, in order; glibc's `getent hosts` unless told.
    pub fn askers(&self) -> Vec<Asker> {
        match &self.by {
            None => vec![Asker::Getent],
            Some(OneOrMany::One(asker)) => vec![*asker],
            Some(OneOrMany::Many(askers)) => askers.clone(),
        }
    }

    /// Refuses what no tool could look up, or would take for an option.
    ///
    /// # Errors
    /// A fragment that names what is wrong.
    pub fn check(&self) -> Result<(), String> {
        let (names, askers) = (self.names(), self.askers());
        if names.is_empty() || askers.is_empty() {
            return Err("a lookup needs `name` or `names`, and somebody in `by`".to_owned());
        }
        // A leading `-` or `+` would be an option of some tool.
        let is_name = |name: &str| {
            (1..=254).contains(&name.len())
                && !name.starts_with(['-', '+', '@'])
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if let Some(name) = names.iter().chain(self.search.iter().flatten()).find(|name| !is_name(name)) {
            return Err(format!("`{name}` is not a domain name"));
        }
        let own = (self.search.is_some() || self.ndots.is_some()).then(|| askers.iter().find(|by| !by.takes_search()));
        match own.flatten() {
            Some(asker) => Err(format!("`search` and `ndots` cannot be told to {asker:?}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        crate::probe::params::<Params>(&text.parse().unwrap())?.check()
    }

    #[test]
    fn names_that_a_tool_would_take_for_an_option_are_refused() {
        assert_eq!(checked("name = 'www.sample.local.'"), Ok(()));
        assert_eq!(checked("names = ['www', 'a-b_c.example']\nby = ['dig', 'raw']"), Ok(()));
        for bad in ["+trace", "-f/etc/passwd", "@192.0.2.1", "a b", "", "www;reboot", "日本"] {
            assert!(checked(&format!("name = '{bad}'")).is_err(), "{bad}");
        }
        assert!(checked(&format!("name = '{}'", "a".repeat(255))).is_err());
        assert!(checked("name = 'www'\nsearch = ['-x']").is_err());
    }

    #[test]
    fn what_cannot_be_told_to_a_tool_is_refused() {
        assert!(checked("").unwrap_err().contains("`name`"));
        assert!(checked("name = 'www'\nby = []").is_err());
        assert!(checked("name = 'www'\nby = 'host'\nndots = 5").unwrap_err().contains("Host"));
        assert_eq!(checked("name = 'www'\nby = ['getent', 'nslookup-exe']\nndots = 5\nsearch = ['a.example']"), Ok(()));
        assert!(checked("name = 'www'\nby = 'drill'").is_err());
        assert!(checked("name = 'www'\nwhere = 'wan'").unwrap_err().contains("where"));
    }
}
