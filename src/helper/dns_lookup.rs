//! Duty `dns-lookup`: a name lookup by Saiten's own means, as a process of its own: one message, hickory-resolver, or Windows' order.

mod order;
mod resolv_conf;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

use super::answer;
use super::message::{Asks, DnsLookup, DnsLookupDone};
use super::resolver::{self, How};
use resolv_conf::ResolvConf;

/// Longest answer over UDP that is read, in bytes: the most that EDNS can announce (RFC 6891 §6.2.3).
const ANSWER_MOST: usize = 65_535;

/// Looks up what the argument, a [`DnsLookup`] as JSON, asks for, and prints a [`DnsLookupDone`].
pub fn main(argument: &str) -> ExitCode {
    let refuse = |why| DnsLookupDone { failed: Some(format!("no lookup: {why}")), ..DnsLookupDone::default() };
    answer::answer(argument, look_up, refuse)
}

fn look_up(lookup: &DnsLookup) -> DnsLookupDone {
    let own = ResolvConf::read();
    let search = lookup.search.clone().unwrap_or(own.search);
    let ndots = lookup.ndots.unwrap_or(own.ndots);
    let done = match &lookup.asks {
        Asks::Once { kind, recursion } => match RecordType::from_str(&kind.to_ascii_uppercase()) {
            Ok(kind) => ask(lookup, &lookup.name, kind, *recursion),
            Err(_) => Err(format!("no type `{kind}`")),
        },
        Asks::Hickory => resolve(lookup, &search, ndots),
        Asks::NslookupExe => in_turn(lookup, &order::nslookup_exe(&lookup.name, &search)),
        Asks::WindowsClient { append } => in_turn(lookup, &order::windows_client(&lookup.name, &search, *append)),
    };
    done.unwrap_or_else(|failed| DnsLookupDone { failed: Some(failed), ..DnsLookupDone::default() })
}

/// Asks for IPv4 and IPv6 addresses of each name in turn, until one has any.
fn in_turn(lookup: &DnsLookup, names: &[String]) -> Result<DnsLookupDone, String> {
    let mut done = DnsLookupDone::default();
    for name in names {
        for kind in [RecordType::A, RecordType::AAAA] {
            match ask(lookup, name, kind, true) {
                Ok(answer) => {
                    done.found.extend(answer.found);
                    done.rcode = answer.rcode;
                }
                Err(failed) => done.failed = Some(failed),
            }
        }
        if !done.found.is_empty() {
            return Ok(DnsLookupDone { failed: None, ..done });
        }
    }
    Ok(done)
}

/// Sends one question over UDP, as often as the lookup says, and waits for its answer.
fn ask(lookup: &DnsLookup, name: &str, kind: RecordType, recursion: bool) -> Result<DnsLookupDone, String> {
    let asked = Name::from_ascii(name).map_err(|err| format!("{name}: {err}"))?;
    let server = SocketAddr::new(lookup.server, 53);
    let any: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let failed = |err: io::Error| format!("{server}: {err}");
    for _ in 0..lookup.attempts.max(1) {
        // A socket each time: an answer that comes too late is nobody's.
        let socket = UdpSocket::bind(any).map_err(failed)?;
        socket.connect(server).map_err(failed)?;
        let mut query = Message::query();
        query.metadata.recursion_desired = recursion;
        query.add_query(Query::query(fully_qualified(asked.clone()), kind));
        socket.send(&query.to_vec().map_err(|err| format!("{name}: {err}"))?).map_err(failed)?;
        if let Some(answer) = receive(&socket, query.metadata.id, Duration::from_millis(lookup.timeout_ms)) {
            let code = answer.metadata.response_code;
            let found = answer.answers.iter().map(|record| record.data.to_string()).collect();
            let failed = (code == ResponseCode::Refused).then(|| "query refused".to_owned());
            return Ok(DnsLookupDone { found, rcode: Some(format!("{code:?}").to_uppercase()), failed });
        }
    }
    Err(format!("{server} did not answer"))
}

fn fully_qualified(mut name: Name) -> Name {
    name.set_fqdn(true);
    name
}

fn receive(socket: &UdpSocket, id: u16, limit: Duration) -> Option<Message> {
    let begin = Instant::now();
    let mut buffer = vec![0; ANSWER_MOST];
    loop {
        let left = limit.checked_sub(begin.elapsed()).filter(|left| !left.is_zero())?;
        socket.set_read_timeout(Some(left)).ok()?;
        let read = socket.recv(&mut buffer).ok()?;
        if let Some(answer) = Message::from_vec(&buffer[..read]).ok().filter(|answer| answer.metadata.id == id) {
            return Some(answer);
        }
    }
}

/// What a program gets that uses hickory-resolver with this search list.
fn resolve(lookup: &DnsLookup, search: &[String], ndots: u8) -> Result<DnsLookupDone, String> {
    let names: Result<Vec<Name>, _> =
        search.iter().map(|suffix| Name::from_ascii(suffix).map(fully_qualified)).collect();
    let names = names.map_err(|err| format!("search list: {err}"))?;
    let how = How {
        search: names,
        ndots: Some(ndots.into()),
        both_families: true,
        timeout: Duration::from_millis(lookup.timeout_ms),
        attempts: usize::try_from(lookup.attempts).unwrap_or(1),
    };
    let resolver = resolver::asking(lookup.server, how)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|err| err.to_string())?;
    let found = runtime.block_on(resolver.lookup_ip(lookup.name.as_str())).map_err(|err| err.to_string())?;
    Ok(DnsLookupDone { found: found.iter().map(|address| address.to_string()).collect(), ..DnsLookupDone::default() })
}
