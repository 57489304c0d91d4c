//! Words: cut apart at spaces that no quote protects, and substituted as Docker does it, which is not quite the shell's way.

use std::iter::Peekable;
use std::str::Chars;

use super::scope::Scope;

/// Most `${...}` within each other.
const MOST_NESTED: usize = 16;

/// A word without quotes and variables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Substituted {
    /// What it comes to.
    pub text: String,
    /// The first variable in it that has no value, where nothing said what to put in its place.
    pub unknown: Option<String>,
}

/// Cuts a text into words. Quotes and backslashes protect spaces, and stay.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() && quote.is_none() {
            words.extend(start.take().map(|start| &text[start..at]));
            continue;
        }
        start = start.or(Some(at));
        match c {
            '\\' if quote != Some('\'') => drop(chars.next()),
            '\'' | '"' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            _ => {}
        }
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// Substitutes the variables of a word and removes its quotes; `left` is how many bytes it may come to, and counts
/// down.
pub(super) fn substitute(word: &str, scope: &Scope<'_>, left: &mut usize) -> Result<Substituted, String> {
    let mut cursor = Cursor { rest: word.chars().peekable(), scope, left, unknown: None, nested: 0 };
    let text = cursor.text(None)?;
    Ok(Substituted { text, unknown: cursor.unknown })
}

struct Cursor<'a> {
    rest: Peekable<Chars<'a>>,
    scope: &'a Scope<'a>,
    left: &'a mut usize,
    unknown: Option<String>,
    nested: usize,
}

impl Cursor<'_> {
    /// Reads up to an end, which is not part of it; without one, all that is left.
    fn text(&mut self, end: Option<char>) -> Result<String, String> {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                c if Some(c) == end => return Ok(text),
                '$' => self.variable(&mut text)?,
                '\'' => self.single_quoted(&mut text)?,
                '"' => self.double_quoted(&mut text)?,
                '\\' => {
                    if let Some(c) = self.rest.next() {
                        self.put(c, &mut text)?;
                    }
                }
                c => self.put(c, &mut text)?,
            }
        }
        match end {
            Some(end) => Err(format!("`{end}` is missing")),
            None => Ok(text),
        }
    }

    fn single_quoted(&mut self, text: &mut String) -> Result<(), String> {
        loop {
            match self.rest.next() {
                Some('\'') => return Ok(()),
                Some(c) => self.put(c, text)?,
                None => return Err("a single quote has no end; write `\\'` for the character".to_owned()),
            }
        }
    }

    fn double_quoted(&mut self, text: &mut String) -> Result<(), String> {
        loop {
            match self.rest.next() {
                Some('"') => return Ok(()),
                Some('$') => self.variable(text)?,
                Some('\\') => {
                    let escaped = self.rest.next_if(|c| matches!(c, '"' | '$' | '\\'));
                    self.put(escaped.unwrap_or('\\'), text)?;
                }
                Some(c) => self.put(c, text)?,
                None => return Err("a double quote has no end; write `\\\"` for the character".to_owned()),
            }
        }
    }

    /// Reads what follows a `$`.
    fn variable(&mut self, text: &mut String) -> Result<(), String> {
        if self.rest.next_if_eq(&'{').is_some() {
            return self.braced(text);
        }
        let name = self.name();
        if name.is_empty() { self.put('$', text) } else { self.put_value(&name, text) }
    }

    /// Reads what follows a `${`.
    fn braced(&mut self, text: &mut String) -> Result<(), String> {
        let name = self.name();
        let operator = match self.rest.next() {
            Some('}') if !name.is_empty() => return self.put_value(&name, text),
            Some(':') if !name.is_empty() => self.rest.next(),
            _ => None,
        };
        let Some(operator @ ('-' | '+')) = operator else {
            let known = "`${X}`, `${X:-default}` and `${X:+alternative}`";
            return Err(format!("`${{{name}` does not go on as one of {known}"));
        };
        if self.nested == MOST_NESTED {
            return Err(format!("more than {MOST_NESTED} `${{...}}` within each other"));
        }
        self.nested += 1;
        let unknown = self.unknown.clone();
        let word = self.text(Some('}'))?;
        self.nested -= 1;
        let scope = self.scope;
        let value = scope.get(&name).filter(|value| !value.is_empty());
        let chosen = match (operator, value) {
            ('-', None) | ('+', Some(_)) => return self.put_all(&word, text),
            ('-', Some(value)) => value,
            _ => "",
        };
        // The word is not used, nor is what it left open.
        self.unknown = unknown;
        self.put_all(chosen, text)
    }

    /// Reads a variable's name: a word, a number, or one character that the shell gives a meaning. Empty if there is
    /// none.
    fn name(&mut self) -> String {
        let mut name = String::new();
        if let Some(special) = self.rest.next_if(|c| "@*#?-$!".contains(*c)) {
            name.push(special);
            return name;
        }
        let number = self.rest.peek().is_some_and(char::is_ascii_digit);
        let belongs = |c: &char| if number { c.is_ascii_digit() } else { c.is_alphanumeric() || *c == '_' };
        while let Some(c) = self.rest.next_if(belongs) {
            name.push(c);
        }
        name
    }

    fn put_value(&mut self, name: &str, text: &mut String) -> Result<(), String> {
        let scope = self.scope;
        match scope.get(name) {
            Some(value) => self.put_all(value, text),
            None => {
                self.unknown.get_or_insert_with(|| name.to_owned());
                Ok(())
            }
        }
    }

    fn put(&mut self, c: char, text: &mut String) -> Result<(), String> {
        self.put_all(c.encode_utf8(&mut [0; 4]), text)
    }

    fn put_all(&mut self, piece: &str, text: &mut String) -> Result<(), String> {
        let Some(left) = self.left.checked_sub(piece.len()) else {
            return Err("the variables come to too much text; a Dockerfile's words may have 256 KiB".to_owned());
        };
        *self.left = left;
        text.push_str(piece);
        Ok(())
    }
}
