//! One `Exec…=` line: its prefixes, its words, and what a variable in it stands for (systemd.service(5)).

use std::collections::BTreeMap;

/// The variables that a command sees.
pub type Environment = BTreeMap<String, String>;

/// A command as the unit file spells it, variables not yet replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// Absolute path, or a name to look for in systemd's fixed search path.
    pub program: String,
    /// `argv`, the zeroth included; differs from `program` after an `@`.
    pub words: Vec<String>,
    /// `-`: failure counts as success.
    pub may_fail: bool,
    /// `+`, `!` or `!!`: runs as root whatever `User=` says.
    pub as_root: bool,
    /// `:`: `$` stands for itself.
    pub verbatim: bool,
}

/// The commands of one line: `;` as a word of its own separates them. An error is a phrase that names what is wrong.
pub fn parse(line: &str) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    for word in split(line)? {
        match word.as_str() {
            ";" => commands.extend(command(std::mem::take(&mut words))?),
            "\\;" => words.push(";".to_owned()),
            _ => words.push(word),
        }
    }
    commands.extend(command(words)?);
    Ok(commands)
}

fn command(mut words: Vec<String>) -> Result<Option<Command>, String> {
    if words.is_empty() {
        return Ok(None);
    }
    let mut found = Command::default();
    let mut renamed = false;
    let first = words.remove(0);
    let program = first.trim_start_matches(['-', '@', '+', '!', ':']);
    for prefix in first[..first.len() - program.len()].chars() {
        match prefix {
            '-' => found.may_fail = true,
            '@' => renamed = true,
            ':' => found.verbatim = true,
            _ => found.as_root = true,
        }
    }
    if program.is_empty() || (program.contains('/') && !program.starts_with('/')) {
        return Err(format!("`{first}` is neither an absolute path nor a program's name"));
    }
    program.clone_into(&mut found.program);
    if !renamed {
        words.insert(0, program.to_owned());
    } else if words.is_empty() {
        return Err(format!("`{first}` needs a word to be called by"));
    }
    found.words = words;
    Ok(Some(found))
}

/// Splits at blanks; quotes keep blanks together and C escapes are replaced, as in unit files.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, quote) {
            // Kept in two signs outside quotes: `\;` is an operator of the caller's.
            ('\\', None) if rest.peek() == Some(&';') => word.get_or_insert_default().push('\\'),
            ('\\', _) => unescape(&mut rest, word.get_or_insert_default()),
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\n' | '\r', None) => words.extend(word.take()),
            (_, None) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a {open} is never closed"));
    }
    words.extend(word);
    Ok(words)
}

/// Takes one escape after its backslash; an unknown one stays as it is, which is what systemd does after a warning.
fn unescape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    let Some(c) = rest.next() else {
        word.push('\\');
        return;
    };
    let (radix, digits) = match c {
        'x' => (16, 2),
        'u' => (16, 4),
        'U' => (16, 8),
        '0'..='7' => (8, 2),
        _ => {
            match c {
                'a' => word.push('\u{7}'),
                'b' => word.push('\u{8}'),
                'f' => word.push('\u{c}'),
                'n' => word.push('\n'),
                'r' => word.push('\r'),
                't' => word.push('\t'),
                'v' => word.push('\u{b}'),
                's' => word.push(' '),
                '\\' | '"' | '\'' => word.push(c),
                _ => word.extend(['\\', c]),
            }
            return;
        }
    };
    let mut code = if radix == 8 { c.to_digit(8).unwrap_or(0) } else { 0 };
    for _ in 0..digits {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else { break };
        code = code.wrapping_mul(radix).wrapping_add(digit);
        rest.next();
    }
    word.extend(char::from_u32(code).filter(|c| *c != '\0'));
}

impl Command {
    /// The words to run: `$NAME` as a word is as many words as its value has, `${NAME}` anywhere is its value,
    /// `$$` is a `$`. The zeroth word is never a variable.
    #[must_use]
    pub fn expand(&self, variables: &Environment) -> Vec<String> {
        let mut out: Vec<String> = self.words.first().cloned().into_iter().collect();
        for word in self.words.iter().skip(1) {
            match word.strip_prefix('$') {
                _ if self.verbatim => out.push(word.clone()),
                Some(name) if is_name(name) => {
                    let value = variables.get(name).map_or("", String::as_str);
                    // A value with an open quote is rare enough to be taken as plain words.
                    out.extend(split(value).unwrap_or_else(|_| value.split_whitespace().map(str::to_owned).collect()));
                }
                _ => out.push(braced(word, variables)),
            }
        }
        out
    }
}

fn braced(word: &str, variables: &Environment) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let name = tail.strip_prefix('{').and_then(|inner| inner.split_once('}')).filter(|(name, _)| is_name(name));
        rest = match name {
            Some((name, after)) => {
                out.push_str(variables.get(name).map_or("", String::as_str));
                after
            }
            None => {
                out.push('$');
                tail.strip_prefix('$').unwrap_or(tail)
            }
        };
    }
    out + rest
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(word)
}

/// An `EnvironmentFile=`: `NAME=value` lines with shell quoting, where nothing is expanded.
#[must_use]
pub fn environment_file(text: &str) -> Vec<(String, String)> {
    let joined = text.replace("\\\n", "");
    let lines = joined.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim_end().to_owned(), unquote(value.trim_start())))
        .filter(|(name, _)| is_name(name))
        .collect()
}

fn unquote(value: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            ('\\', Some('"')) => match rest.next() {
                Some(next @ ('"' | '\\' | '`' | '$')) => out.push(next),
                other => out.extend(std::iter::once('\\').chain(other)),
            },
            ('\\', None) => out.extend(rest.next()),
            ('"' | '\'', None) => quote = Some(c),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap()
    }

    fn expanded(line: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(line).unwrap()[0].expand(&variables)
    }

    #[test]
    fn quotes_keep_blanks_together() {
        assert_eq!(words(r#"/usr/sbin/nginx -g 'daemon on; master_process on;'"#)[2], "daemon on; master_process on;");
        assert_eq!(words(r#"a"b c"d '' \x41\t\101\s"#), ["ab cd", "", "A\tA "]);
        assert_eq!(words("  \t "), Vec::<String>::new());
        assert!(split("echo 'never").is_err());
    }

    #[test]
    fn prefixes_are_taken_off() {
        let found = &parse("-+/bin/rm -f x").unwrap()[0];
        assert_eq!((found.program.as_str(), found.may_fail, found.as_root), ("/bin/rm", true, true));
        assert_eq!(found.words, ["/bin/rm", "-f", "x"]);
        let found = &parse("@/bin/sh login -c true").unwrap()[0];
        assert_eq!((found.program.as_str(), found.words[0].as_str()), ("/bin/sh", "login"));
        assert!(parse("@/bin/sh").is_err());
        assert!(parse("bin/sh").is_err());
        assert!(parse("-").is_err());
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_semicolon_separates_unless_escaped() {
        let found = parse(r"/bin/echo one ; /bin/echo two \; three;").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].words, ["/bin/echo", "two", ";", "three;"]);
    }

    #[test]
    fn variables_split_only_without_braces() {
        let set = [("OPTIONS", "-u bind -4"), ("EMPTY", "")];
        assert_eq!(expanded("/named -f $OPTIONS", &set), ["/named", "-f", "-u", "bind", "-4"]);
        assert_eq!(expanded("/named ${OPTIONS} $EMPTY $NONE ${NONE}", &set), ["/named", "-u bind -4", ""]);
        assert_eq!(expanded("/x a${EMPTY}b$OPTIONS $$HOME $1 100$", &set), ["/x", "ab$OPTIONS", "$HOME", "$1", "100$"]);
        assert_eq!(expanded(":/x $OPTIONS", &set), ["/x", "$OPTIONS"]);
        assert_eq!(expanded("/x $Q", &[("Q", "'a b' c")]), ["/x", "a b", "c"]);
    }

    #[test]
    fn environment_files_are_quoted_like_a_shell() {
        let text = "# Options\nSSHD_OPTS=\nOPTIONS=\"-u bind\" \nA='b \"c\"'d\\ e\n;x=y\n1BAD=z\nL=a\\\nb\n";
        let found = environment_file(text);
        let value = |name: &str| found.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(value("SSHD_OPTS"), Some(""));
        assert_eq!(value("OPTIONS"), Some("-u bind"));
        assert_eq!(value("A"), Some("b \"c\"d e"));
        assert_eq!(value("L"), Some("ab"));
        assert_eq!(value("x"), None);
        assert_eq!(value("1BAD"), None);
    }
}
