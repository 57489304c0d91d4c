//! What can be said of a shell text without running it: the programs that it calls, the services that it starts, what `sed` looks for.

use std::collections::BTreeSet;

/// Words before a command that are none.
const KEYWORDS: [&str; 12] = ["if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}"];
/// Commands of the shell itself, and what the harness brings.
const BUILTINS: &str = "echo printf cd exit set export read test [ true false : . eval exec shift return umask unset wait trap \
                        local command type alias ulimit kill for in systemctl";

/// The programs that a text calls by plain names. Where it is not plain, what follows is left out: better none than a wrong one.
pub fn programs(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_first = true;
    let mut is_file = false;
    for word in words(text) {
        match word {
            Word::End => (is_first, is_file) = (true, false),
            Word::Redirect => is_file = true,
            Word::Text(_) if is_file => is_file = false,
            Word::Quoted if is_file => is_file = false,
            Word::Text(text) if matches!(text.as_str(), "case" | "function") || text.starts_with("<<") => return found,
            Word::Text(text) if is_first => {
                if KEYWORDS.contains(&text.as_str()) || is_assignment(&text) {
                    continue;
                }
                is_first = false;
                let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/_.+-".contains(sign);
                if text.chars().all(is_plain) && !BUILTINS.split(' ').any(|builtin| builtin == text) {
                    found.insert(text);
                }
            }
            Word::Text(_) | Word::Quoted => is_first = false,
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name).unwrap_or_default();
    !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
}

/// The services that a text starts, restarts or reloads.
pub fn services(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut statement: Vec<String> = Vec::new();
    for word in words(text).into_iter().chain([Word::End]) {
        match word {
            Word::Text(text) => statement.push(text),
            Word::End => found.extend(started(&std::mem::take(&mut statement))),
            Word::Quoted | Word::Redirect => {}
        }
    }
    found
}

fn started(statement: &[String]) -> Vec<String> {
    let words: Vec<&str> = statement.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let starts = |verb: &str| matches!(verb, "start" | "restart" | "reload" | "try-restart" | "reload-or-restart");
    let plain = |name: &&str| {
        !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || "@_.:-".contains(sign))
    };
    let names: Vec<&str> = match words.as_slice() {
        ["systemctl", verb, names @ ..] if starts(verb) => names.to_vec(),
        ["service", name, verb, ..] if starts(verb) => vec![name],
        _ => Vec::new(),
    };
    names.into_iter().filter(plain).map(|name| name.trim_end_matches(".service").to_owned()).collect()
}

/// What the first `s/…/…/` of a text looks for, as it is spelled there.
pub fn substituted(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("sed")?;
    let mut before = ' ';
    for (at, sign) in rest.char_indices() {
        let begins = sign == 's' && matches!(before, '"' | '\'' | ' ' | ';' | '{');
        before = sign;
        let Some(delimiter) = rest[at + 1..].chars().next().filter(|next| begins && "/|#,@!:%".contains(*next)) else {
            continue;
        };
        let mut looked_for = String::new();
        let mut is_escaped = false;
        for sign in rest[at + 1 + delimiter.len_utf8()..].chars() {
            match sign {
                '\n' => break,
                sign if sign == delimiter && !is_escaped => return Some(looked_for).filter(|text| !text.is_empty()),
                sign => looked_for.push(sign),
            }
            is_escaped = sign == '\\' && !is_escaped;
        }
    }
    None
}

/// A piece of a shell text.
enum Word {
    /// A word without quotes.
    Text(String),
    /// A word with quotes or variables in it: nobody can say what it is.
    Quoted,
    /// A redirection: the next word is a file.
    Redirect,
    /// The end of a statement.
    End,
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut word, mut is_quoted, mut quote) = (String::new(), false, None);
    let mut signs = text.chars().peekable();
    let take = |word: &mut String, is_quoted: &mut bool, words: &mut Vec<Word>| {
        let text = std::mem::take(word);
        match std::mem::take(is_quoted) {
            true => words.push(Word::Quoted),
            false if !text.is_empty() => words.push(Word::Text(text)),
            false => {}
        }
    };
    while let Some(sign) = signs.next() {
        match (sign, quote) {
            ('\\', None | Some('"')) => {
                is_quoted |= signs.next() != Some('\n');
            }
            (sign, Some(open)) if sign == open => quote = None,
            (sign, Some(_)) => word.push(sign),
            ('"' | '\'' | '`', None) => (quote, is_quoted) = (Some(sign), true),
            ('#', None) if word.is_empty() && !is_quoted => {
                while signs.peek().is_some_and(|next| *next != '\n') {
                    signs.next();
                }
            }
            (' ' | '\t', None) => take(&mut word, &mut is_quoted, &mut words),
            ('<', None) if signs.peek() == Some(&'<') => {
                take(&mut word, &mut is_quoted, &mut words);
                words.push(Word::Text("<<".to_owned()));
            }
            ('>' | '<', None) => {
                // A number in front of it is no word.
                word.clear();
                while signs.peek().is_some_and(|next| matches!(next, '>' | '&' | '|')) {
                    signs.next();
                }
                words.push(Word::Redirect);
            }
            (';' | '&' | '|' | '\n' | '(' | ')', None) => {
                take(&mut word, &mut is_quoted, &mut words);
                words.push(Word::End);
            }
            (sign, None) => {
                is_quoted |= sign == '$';
                word.push(sign);
            }
        }
    }
    take(&mut word, &mut is_quoted, &mut words);
    words
}
