//! Other strings of a certain form: shell lines, paths, domain names, patterns, requirements.

use super::super::error::{printable, say};
use super::super::mutant::MutantKind;
use super::super::suggest::{listed, nearest};
use super::super::text::Text;
use super::super::{Requirement, ServicePort, Transport};
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

/// A file's name without any directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(pub String);

impl Word for FileName {
    const EXAMPLES: &[&str] = &["server.sh"];

    fn noun() -> Text {
        say!("a file name", "ファイル名")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        if matches!(text, "" | "." | "..") || text.contains(['/', '\\']) || text.contains(char::is_control) {
            return Err(
                Wrong::FORM.help(say!("a name alone, without a directory", "ディレクトリを含まない名前だけを書きます"))
            );
        }
        Ok(FileName(text.to_owned()))
    }
}

/// Permissions of a file, in octal (chmod(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mode(pub u32);

impl Word for Mode {
    const EXAMPLES: &[&str] = &["0644", "0600"];

    fn noun() -> Text {
        say!("permissions in octal", "8進数のパーミッション")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
        mode.map(Mode).ok_or(Wrong::FORM)
    }
}

/// What students hand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptKind {
    /// A shell script, run as root.
    Script,
    /// A file that is put in place.
    File,
    /// A container image.
    Image,
    /// A live machine's address.
    Address,
}

impl Word for AcceptKind {
    const EXAMPLES: &[&str] = &["script", "file", "image", "address"];

    fn noun() -> Text {
        say!("script, file, image or address", "script、file、image、addressのいずれか")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        Ok(match text {
            "script" => AcceptKind::Script,
            "file" => AcceptKind::File,
            "image" => AcceptKind::Image,
            "address" => AcceptKind::Address,
            _ => return Err(Wrong::FORM),
        })
    }
}

impl Word for ServicePort {
    const EXAMPLES: &[&str] = &["tcp/22", "udp/53"];

    fn noun() -> Text {
        say!("a port such as tcp/22", "tcp/22 のようなポート")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let (transport, number) = text.split_once('/').ok_or(Wrong::FORM)?;
        let transport = match transport {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            _ => return Err(Wrong::FORM),
        };
        let port = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let port = port.and_then(|number| number.parse().ok()).filter(|port| *port > 0).ok_or(Wrong::FORM)?;
        Ok(ServicePort { transport, port })
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

impl Word for MutantKind {
    const EXAMPLES: &[&str] = &["left-out", "undone", "misspelt", "reverted", "not-activated", "stopped", "liars"];

    fn noun() -> Text {
        say!("a kind of mutants", "ミュータントの種類")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        MutantKind::ALL.into_iter().find(|kind| kind.name() == text).ok_or(Wrong::FORM)
    }
}
