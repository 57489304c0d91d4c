//! Who asks: the client's own libc, BIND's tools, raw messages, hickory-resolver, and Windows' two resolvers as their order is documented.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::helper::message::{Asks, DnsLookup, DnsLookupDone, Ran, RunSpec};

/// A way to look a name up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    /// glibc's gethostbyname2(3), IPv6 first: `getent hosts`.
    Getent,
    /// glibc's getaddrinfo(3), as ping and browsers call it: `getent ahosts`.
    Getaddrinfo,
    /// BIND's dig, the name as it is.
    Dig,
    /// BIND's dig with the search list.
    DigSearch,
    /// BIND's host.
    Host,
    /// BIND's nslookup.
    Nslookup,
    /// One message, made by Saiten.
    Raw,
    /// The resolver of the crate hickory-resolver.
    Hickory,
    /// Emulated: the order of Windows' nslookup.exe, which has a resolver of its own and tries the suffix first.
    NslookupExe,
    /// Emulated: the order of Windows' DNS client, which takes a name with a dot as it is.
    WindowsClient,
    /// Emulated: the same with the policy `AppendToMultiLabelName`.
    WindowsAppend,
}

/// How a resolver is to ask, where the lookup itself says so.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Type of the question, for those that ask one.
    pub kind: String,
    /// Whether recursion is desired, for raw messages.
    pub recursion: bool,
    /// Search list in place of the client's own.
    pub search: Option<Vec<String>>,
    /// Dots from which on a name is tried as it is first (resolv.conf(5), `ndots`).
    pub ndots: Option<u8>,
    /// How long to wait for an answer, and how often to ask; `None` keeps each tool's own.
    pub patience: Option<(Duration, u32)>,
}

impl Asker {
    /// Whether it takes a search list and `ndots` from the lookup rather than from the client's files.
    pub fn takes_search(self) -> bool {
        !matches!(self, Asker::Host | Asker::Nslookup | Asker::Raw | Asker::Dig)
    }

    /// Whether it asks the server that the client's resolv.conf names, and no other.
    pub fn asks_own_server(self) -> bool {
        matches!(self, Asker::Getent | Asker::Getaddrinfo)
    }

    /// Whether a lookup may end without a question: Windows asks DNS nothing about a short name without a suffix.
    pub fn may_ask_nothing(self) -> bool {
        matches!(self, Asker::WindowsClient | Asker::WindowsAppend)
    }

    /// The program, as a person would call it.
    pub fn program(self) -> &'static str {
        match self {
            Asker::Getent => "getent hosts",
            Asker::Getaddrinfo => "getent ahosts",
            Asker::Dig => "dig",
            Asker::DigSearch => "dig +search",
            Asker::Host => "host",
            Asker::Nslookup => "nslookup",
            Asker::Raw => "raw",
            Asker::Hickory => "hickory-resolver",
            Asker::NslookupExe => "nslookup.exe*",
            Asker::WindowsClient => "Windows*",
            Asker::WindowsAppend => "Windows+Append*",
        }
    }

    /// What is done, as a person would write it down; a star marks what is emulated.
    pub fn describe(self, name: &str, how: &How) -> String {
        let program = self.program();
        let words = match self {
            Asker::Dig | Asker::DigSearch => format!("{program} {name} {}", how.kind),
            Asker::Raw if how.recursion => format!("{} {name}", how.kind),
            Asker::Raw => format!("{} {name} (RD=0)", how.kind),
            _ => format!("{program} {name}"),
        };
        let search = how.search.iter().map(|search| format!("search {}", search.join(" ")));
        let ndots = how.ndots.iter().map(|ndots| format!("ndots:{ndots}"));
        let options: Vec<String> = search.chain(ndots).collect();
        if options.is_empty() { words } else { format!("{words} ({})", options.join(", ")) }
    }

    /// The command that asks `server` for `name`.
    pub fn command(self, name: &str, server: IpAddr, how: &How, limit: Duration) -> RunSpec {
        let asks = match self {
            Asker::Raw => Asks::Once { kind: how.kind.clone(), recursion: how.recursion },
            Asker::Hickory => Asks::Hickory,
            Asker::NslookupExe => Asks::NslookupExe,
            Asker::WindowsClient => Asks::WindowsClient { append: false },
            Asker::WindowsAppend => Asks::WindowsClient { append: true },
            _ => return RunSpec::command(self.words(name, server, how), limit),
        };
        let (timeout, attempts) = how.patience.unwrap_or((Duration::from_secs(5), 2));
        let lookup = DnsLookup {
            asks,
            server,
            name: name.to_owned(),
            search: how.search.clone(),
            ndots: how.ndots,
            timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            attempts,
        };
        RunSpec::duty("dns-lookup", &lookup, limit)
    }

    /// The words of a command of the client's own.
    fn words(self, name: &str, server: IpAddr, how: &How) -> Vec<String> {
        let seconds = how.patience.map(|(timeout, attempts)| (timeout.as_secs().max(1), attempts));
        let mut words: Vec<String> = Vec::new();
        let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
        match self {
            Asker::Getent | Asker::Getaddrinfo => {
                // glibc takes both from the environment before it takes them from resolv.conf(5).
                add(&["env"]);
                if let Some(search) = &how.search {
                    add(&[&format!("LOCALDOMAIN={}", search.join(" "))]);
                }
                if let Some(ndots) = how.ndots {
                    add(&[&format!("RES_OPTIONS=ndots:{ndots}")]);
                }
                add(&["getent", if self == Asker::Getent { "hosts" } else { "ahosts" }, name]);
            }
            Asker::Dig | Asker::DigSearch => {
                add(&["dig", &format!("@{server}"), name, &how.kind]);
                if self == Asker::DigSearch {
                    add(&["+search"]);
                    how.search.iter().flatten().for_each(|suffix| add(&[&format!("+domain={suffix}")]));
                    how.ndots.iter().for_each(|ndots| add(&[&format!("+ndots={ndots}")]));
                }
                if let Some((seconds, attempts)) = seconds {
                    add(&[&format!("+time={seconds}"), &format!("+tries={attempts}")]);
                }
            }
            Asker::Host => {
                add(&["host"]);
                if let Some((seconds, attempts)) = seconds {
                    add(&["-W", &seconds.to_string(), "-R", &attempts.to_string()]);
                }
                add(&[name, &server.to_string()]);
            }
            _ => {
                add(&["nslookup"]);
                if let Some((seconds, attempts)) = seconds {
                    add(&[&format!("-timeout={seconds}"), &format!("-retry={attempts}")]);
                }
                add(&[name, &server.to_string()]);
            }
        }
        words
    }

    /// What a duty printed, if this asker is one.
    pub fn report(self, ran: &Ran) -> Option<DnsLookupDone> {
        serde_json::from_str(&ran.stdout).ok()
    }
}
