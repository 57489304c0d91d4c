//! Other strings of a certain form: shell lines, paths, domain names, patterns, requirements.

use super::super::Requirement;
use super::super::error::{printable, say};
use super::super::suggest::{listed, nearest};
use super::super::text::Text;
use super::value::{Word, Wrong};

/// Lines for `sh -c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines(pub String);

impl Word for Lines {
    const EXAMPLES: &[&str] = &["systemctl restart sshd"];

    fn noun() -> Text {
        say!("shell lines", "シェルの行")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.trim().is_empty() {
            return Err(Wrong::because(say!("the command is empty", "コマンドが空です")));
        }
        if text.contains('\0') {
            return Err(Wrong::because(say!("a command cannot hold a NUL byte", "コマンドにNUL文字は書けません")));
        }
        Ok(Lines(text.to_owned()))
    }
}

/// An absolute path of a file in an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(pub String);

impl Word for FilePath {
    const EXAMPLES: &[&str] = &["/etc/ssh/sshd_config"];

    fn noun() -> Text {
        say!("an absolute path of a file", "ファイルの絶対パス")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let Some(path) = text.strip_prefix('/') else {
            let (shown, path) = (printable(text), printable(text.trim_start_matches("./")));
            return Err(Wrong::because(say!(
                "`{shown}` is not an absolute path",
                "`{shown}` は絶対パスではありません"
            ))
            .help(say!(
                "paths start at the endpoint's root: \"/{path}\"",
                "エンドポイントのルートから書きます: \"/{path}\""
            )));
        };
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains(char::is_control) {
            return Err(Wrong::FORM);
        }
        Ok(FilePath(text.to_owned()))
    }
}

/// A domain name without its last dot (RFC 1035 §2.3.4: labels of at most 63 bytes, 253 in all).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(pub String);

impl Word for Domain {
    const EXAMPLES: &[&str] = &["lab.example"];

    fn noun() -> Text {
        say!("a domain name", "ドメイン名")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if name.len() > 253 || !name.split('.').all(fits) {
            return Err(Wrong::FORM);
        }
        Ok(Domain(name))
    }
}

/// A regular expression (syntax of the crate regex), `^` and `$` at each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(pub String);

impl Word for Pattern {
    const EXAMPLES: &[&str] = &["recursion +yes"];

    fn noun() -> Text {
        say!("a regular expression", "正規表現")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() {
            return Err(Wrong::because(say!(
                "an empty expression is found everywhere",
                "空の正規表現は常に一致します"
            )));
        }
        match super::super::look::compile(text) {
            Ok(_) => Ok(Pattern(text.to_owned())),
            Err(why) => {
                let why = printable(&why);
                Err(Wrong::because(say!("not a regular expression: {why}", "正規表現ではありません: {why}")))
            }
        }
    }
}

/// All requirements, by the names of the file.
const REQUIREMENTS: [(&str, Requirement); 5] = [
    ("tun", Requirement::Tun),
    ("ipv6", Requirement::Ipv6),
    ("kernel-esp", Requirement::KernelEsp),
    ("conntrack", Requirement::Conntrack),
    ("nat", Requirement::Nat),
];

impl Word for Requirement {
    const EXAMPLES: &[&str] = &["ipv6", "kernel-esp", "conntrack", "nat"];

    fn noun() -> Text {
        say!("a known requirement", "既知の要件")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let names = || REQUIREMENTS.iter().map(|(name, _)| *name);
        match REQUIREMENTS.iter().find(|(name, _)| *name == text) {
            Some((_, requirement)) => Ok(*requirement),
            None => Err(match nearest(text, names()) {
                Some(near) => Wrong::FORM.help(say!("did you mean `{near}`?", "`{near}` ではありませんか")),
                None => {
                    let all = listed(names());
                    Wrong::FORM.help(say!("requirements are {all}", "使える要件: {all}"))
                }
            }),
        }
    }
}
