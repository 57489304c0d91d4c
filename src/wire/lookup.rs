//! Name lookups on the wire: who asked what, when, and how long each host waited for answers.

use std::net::IpAddr;
use std::time::Duration;

use super::Seen;
use super::dns::{self, Message};
use super::frame::{Frame, Transport};

/// One query, answered or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// When it was sent, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// When its answer passed, if one did.
    pub answered_ns: Option<u64>,
    /// Port of the switch that it came in from, `endpoint:interface`.
    pub port: String,
    /// Type of the question, such as `PTR`.
    pub kind: String,
    /// Name asked for, lower case with the final dot.
    pub name: String,
    client: (IpAddr, u16),
    id: u16,
}

/// All queries to port 53, over UDP and TCP, in the order in which they were sent.
pub fn queries(frames: &[Seen<'_>]) -> Vec<Query> {
    let mut queries: Vec<Query> = Vec::new();
    for seen in frames {
        let Some((frame, message)) = message(seen.bytes) else { continue };
        let (Some(ip), Some((sport, dport))) = (frame.ip, frame.ports()) else { continue };
        if message.response {
            let client = (ip.destination, dport);
            let asked = queries.iter_mut().rev().find(|query| query.id == message.id && query.client == client);
            if let (Some(query), false) = (asked, seen.dropped) {
                query.answered_ns.get_or_insert(seen.at_ns);
            }
            continue;
        }
        let question = message.questions.first();
        queries.push(Query {
            at_ns: seen.at_ns,
            answered_ns: None,
            port: seen.port.to_owned(),
            kind: question.map_or_else(String::new, |question| question.kind.clone()),
            name: question.map_or_else(String::new, |question| question.name.clone()),
            client: (ip.source, sport),
            id: message.id,
        });
    }
    queries
}

fn message(bytes: &[u8]) -> Option<(Frame<'_>, Message)> {
    let frame = Frame::parse(bytes)?;
    let message = match frame.transport {
        Transport::Udp { sport, dport, payload } if sport == dns::PORT || dport == dns::PORT => dns::parse_udp(payload),
        Transport::Tcp { sport, dport, payload, .. } if sport == dns::PORT || dport == dns::PORT => {
            dns::parse_tcp(payload)
        }
        _ => None,
    }?;
    Some((frame, message))
}

impl Query {
    /// The endpoint that asked.
    pub fn endpoint(&self) -> &str {
        self.port.split_once(':').map_or(&self.port, |(endpoint, _)| endpoint)
    }
}

/// How long a host waited for these queries: from each one to its answer or, without one, for as long as its resolver is
/// patient (resolv.conf(5), `timeout`). Queries that wait side by side count once.
pub fn waited<'a>(queries: impl Iterator<Item = &'a Query>, patience: Duration) -> Duration {
    let patience = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
    let mut stretches: Vec<(u64, u64)> =
        queries.map(|query| (query.at_ns, query.answered_ns.unwrap_or(query.at_ns.saturating_add(patience)))).collect();
    stretches.sort_unstable();
    let mut total = 0;
    let mut until = 0;
    for (from, to) in stretches {
        total += to.saturating_sub(from.max(until));
        until = until.max(to);
    }
    Duration::from_nanos(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(at_ms: u64, answered_ms: Option<u64>) -> Query {
        Query {
            at_ns: at_ms * 1_000_000,
            answered_ns: answered_ms.map(|ms| ms * 1_000_000),
            port: "server:eth1".into(),
            kind: "PTR".into(),
            name: "20.1.168.192.in-addr.arpa.".into(),
            client: ([192, 168, 1, 10].into(), 40000),
            id: 1,
        }
    }

    #[test]
    fn waiting_side_by_side_counts_once() {
        let wait = |queries: &[Query]| waited(queries.iter(), Duration::from_secs(1)).as_millis();
        assert_eq!(wait(&[]), 0);
        assert_eq!(wait(&[query(0, None)]), 1000);
        assert_eq!(wait(&[query(0, None), query(1000, None)]), 2000);
        // A and AAAA go out together (glibc asks both from one socket).
        assert_eq!(wait(&[query(0, Some(3)), query(1, None)]), 1001);
        assert_eq!(wait(&[query(0, Some(5)), query(100, Some(120))]), 25);
    }
}
