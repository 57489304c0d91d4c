//! A script's command lines: which go together, and where the words are that somebody could misspell.

use std::ops::Range;

/// Commands whose words set nothing up: a typo there is a command that fails.
const PLAIN: [&str; 9] = ["cp", "mv", "rm", "chmod", "chown", "mkdir", "touch", "systemctl", "service"];
/// Least letters of a word that is worth misspelling.
const LETTERS_LEAST: usize = 3;

/// Splits a script into its commands: a here-document, a quoted text of many lines, and `if` … `fi` each stay whole. Comments
/// and empty lines stay with what follows, so that all parts together are the script.
pub fn commands(script: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = String::new();
    let mut state = State::default();
    for line in script.split_inclusive('\n') {
        open.push_str(line);
        if state.ends_with(line) && !is_idle(&open) {
            all.push(std::mem::take(&mut open));
        }
    }
    match all.last_mut() {
        Some(last) if is_idle(&open) => last.push_str(&open),
        _ => all.push(open),
    }
    all.retain(|command| !is_idle(command));
    all
}

fn is_idle(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// What is still open at the end of a line.
#[derive(Default)]
struct State {
    quote: Option<char>,
    until: Option<String>,
    depth: u32,
}

impl State {
    /// Reads a line; whether a command ends with it.
    fn ends_with(&mut self, line: &str) -> bool {
        let text = line.trim_end_matches('\n');
        if self.until.is_none() && self.quote.is_none() && is_idle(text) {
            return self.depth == 0;
        }
        if let Some(end) = &self.until {
            if text.trim_start_matches('\t') == end {
                self.until = None;
            }
            return self.until.is_none() && self.depth == 0;
        }
        let mut continues = false;
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match (self.quote, char) {
                (Some(quote), char) if quote == char => self.quote = None,
                (Some('\''), _) => {}
                (_, '\\') => continues = chars.next().is_none(),
                (None, '\'' | '"') => self.quote = Some(char),
                _ => {}
            }
        }
        if self.quote.is_none() {
            self.until = text.split_once("<<").map(|(_, rest)| {
                let word = rest.trim_start_matches(['-', ' ']);
                word.split([' ', ';', '>', '|', '&']).next().unwrap_or_default().replace(['\'', '"'], "")
            });
            for word in text.split([' ', '\t', ';']) {
                match word {
                    "if" | "for" | "while" | "until" | "case" | "{" => self.depth += 1,
                    "fi" | "done" | "esac" | "}" => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        !continues && self.quote.is_none() && self.until.is_none() && self.depth == 0
    }
}

/// A command with a typo in the word that it sets: two letters swapped in the longest plain word, of equally long ones the last,
/// which is what sed writes and not what it looks for. None where nothing is set by a word.
pub fn misspelt(command: &str) -> Option<String> {
    let idle: usize = command.split_inclusive('\n').take_while(|line| is_idle(line)).map(str::len).sum();
    let begin = idle + command[idle..].find(|char: char| !char.is_whitespace())?;
    let name = command[begin..].split_whitespace().next()?;
    if PLAIN.contains(&name) {
        return None;
    }
    let quoted: Vec<_> =
        quoted(&command[begin..]).into_iter().map(|part| part.start + begin..part.end + begin).collect();
    let words = match quoted.is_empty() {
        true => words(command, begin + name.len()..command.len(), true),
        false => quoted.into_iter().flat_map(|range| words(command, range, name != "sed")).collect(),
    };
    let typo = |range: Range<usize>| {
        let word = swapped(&command[range.clone()])?;
        Some(format!("{}{word}{}", &command[..range.start], &command[range.end..]))
    };
    words.into_iter().filter(|range| range.len() >= LETTERS_LEAST).max_by_key(Range::len).and_then(typo)
}

/// The texts in quotes, and the lines of a here-document that are no comments.
fn quoted(command: &str) -> Vec<Range<usize>> {
    if let Some((head, body)) = command.split_once('\n').filter(|(head, _)| head.contains("<<")) {
        let mut at = head.len() + 1;
        let mut ranges = Vec::new();
        for line in body.split_inclusive('\n') {
            if !line.trim_start().starts_with('#') {
                ranges.push(at..at + line.trim_end().len());
            }
            at += line.len();
        }
        // The last one is the end mark.
        ranges.pop();
        return ranges;
    }
    let mut ranges = Vec::new();
    let mut open: Option<(char, usize)> = None;
    for (at, char) in command.char_indices() {
        match open {
            Some((quote, begin)) if char == quote => {
                ranges.push(begin..at);
                open = None;
            }
            None if matches!(char, '"' | '\'') => open = Some((char, at + 1)),
            _ => {}
        }
    }
    ranges
}

/// The plain words in a part of a command: neither options nor, where they can be told, paths.
fn words(command: &str, part: Range<usize>, has_paths: bool) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = part.start;
    for token in command[part].split_inclusive(char::is_whitespace) {
        let is_path = has_paths && token.contains('/');
        let mut inside = at;
        for word in token.split_inclusive(|char: char| !is_letter(char)) {
            let plain = word.trim_end_matches(|char| !is_letter(char));
            let is_option = command[..inside].ends_with('-');
            if !is_path && !is_option && !plain.is_empty() {
                all.push(inside..inside + plain.len());
            }
            inside += word.len();
        }
        at += token.len();
    }
    all
}

fn is_letter(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_'
}

/// A word with two different letters beside each other swapped, as near to its middle as there are such.
fn swapped(word: &str) -> Option<String> {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    let differ = |at: &usize| !letters[*at - 1].eq_ignore_ascii_case(&letters[*at]);
    let at = (1..letters.len()).filter(differ).min_by_key(|at| at.abs_diff(middle))?;
    letters.swap(at - 1, at);
    Some(letters.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_apart_and_stay_whole() {
        let script = "\ncp a b\n# why\nsed 's/x/y/' \\\n  b > a\ncat > f <<'END'\nif x\n\nEND\nif a; then\n  b\nfi\necho \"1\n2\"\n\n";
        let all = commands(script);
        let first: Vec<&str> = all.iter().map(|command| command.trim().lines().next().unwrap_or_default()).collect();
        assert_eq!(first, ["cp a b", "# why", "cat > f <<'END'", "if a; then", "echo \"1"]);
        assert_eq!(all.concat(), script);
    }

    #[test]
    fn a_typo_is_in_the_word_that_is_set() {
        let typo = |command: &str| misspelt(command).unwrap_or_default();
        assert_eq!(typo("echo \"UseDNS no\" >> /etc/ssh/sshd_config"), "echo \"UsDeNS no\" >> /etc/ssh/sshd_config");
        assert_eq!(
            typo("sed \"s/recursion yes/recursion no/g\" /etc/a > /b"),
            "sed \"s/recursion yes/recrusion no/g\" /etc/a > /b"
        );
        assert_eq!(typo("sed \"/--dport 4500 -j DROP/d\" /etc/x"), "sed \"/--dport 4500 -j DORP/d\" /etc/x");
        assert_eq!(typo("ip link set eth1 master br0"), "ip link set eth1 matser br0");
        assert_eq!(typo("cat > f <<END\n# longest\nwordy\nEND\n"), "cat > f <<END\n# longest\nwrody\nEND\n");
        assert_eq!(misspelt("cp /etc/a /etc/b"), None);
        assert_eq!(misspelt("iptables-restore /etc/iptables/rules.v4"), None);
    }
}
