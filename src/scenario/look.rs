//! What a configuration looks like: regular expressions, which take linear time whatever a student's file holds.

use regex::{Regex, RegexBuilder};

use super::Look;

/// Largest compiled expression, in bytes.
const COMPILED_MOST: usize = 1 << 20;

/// Compiles an expression.
///
/// # Errors
/// What is wrong with it, on one line.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).multi_line(true).size_limit(COMPILED_MOST).build();
    built.map_err(|err| err.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

impl Look {
    /// Whether a text looks like this.
    pub fn fits(&self, text: &str) -> bool {
        // The scenario reader has compiled each once: one that does not is in no scenario.
        let found = |pattern: &String| compile(pattern).is_ok_and(|regex| regex.is_match(text));
        self.has.as_ref().is_none_or(found) && !self.lacks.as_ref().is_some_and(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_must_fit() {
        let look = |has: Option<&str>, lacks: Option<&str>| Look {
            has: has.map(str::to_owned),
            lacks: lacks.map(str::to_owned),
        };
        let text = "options {\n\trecursion  yes;\n};\n";
        assert!(look(Some(r"^\s*recursion {2,}yes;$"), None).fits(text));
        assert!(!look(Some("recursion yes"), None).fits(text));
        assert!(look(Some("recursion"), Some("recursion no")).fits(text));
        assert!(!look(Some("recursion"), Some("yes")).fits(text));
        assert!(look(None, None).fits(text));
    }

    #[test]
    fn an_expression_that_would_grow_is_refused() {
        assert!(compile("((a{100}){100}){100}").is_err());
        assert_eq!(compile("(").unwrap_err(), "error: unclosed group");
    }
}
