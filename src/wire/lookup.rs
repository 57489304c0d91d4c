//! Name lookups on the wire: who asked whom what, when, what the answer was, and how long each host waited for answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::Seen;
use super::dns::passed::{Carrier, Passage, Passed, passed};
use super::dns::{Mnemonic, Opcode, PORT, Question, Record, rcode_name};

/// FORMERR: from a server that could not read the question, so that it need not repeat it (RFC 1035, section 4.1.1).
const FORMERR: u8 = 1;

/// One query, answered or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// When it was sent, in nanoseconds of the lab's clock.
    pub at_ns: u64,
    /// When its answer passed, if one did.
    pub answered_ns: Option<u64>,
    /// Port of the switch that it came in from, `endpoint:interface`.
    pub port: String,
    /// Type of the question, such as `PTR`; empty without one.
    pub kind: String,
    /// Name asked for, lower case with the final dot; empty without one.
    pub name: String,
    /// Who asked.
    pub client: SocketAddr,
    /// Who was asked.
    pub server: SocketAddr,
    /// What carried it.
    pub carrier: Carrier,
    /// What is asked: a query, or something that only looks like one, such as a NOTIFY.
    pub opcode: Opcode,
    /// Recursion desired.
    pub rd: bool,
    /// Whether the query itself went no further than its own link.
    pub dropped: bool,
    /// What the answer said, if one passed.
    pub answer: Option<Answer>,
}

/// What an answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Response code, four bits (RFC 1035, section 4.1.1).
    pub rcode: u8,
    /// Authoritative answer.
    pub aa: bool,
    /// Recursion available.
    pub ra: bool,
    /// Truncated.
    pub tc: bool,
    /// Number of answer records, as the header says.
    pub answers: u16,
    /// The answer records that could be read, at most [`super::dns::READ_MOST`].
    pub records: Vec<Record>,
}

impl Answer {
    /// The response code in words, such as `NXDOMAIN`.
    pub fn rcode_name(&self) -> Mnemonic {
        rcode_name(self.rcode)
    }
}

/// All queries to port 53, over UDP and TCP, in the order in which they were sent.
pub fn queries(frames: &[Seen<'_>]) -> Vec<Query> {
    pairs(&passed(frames))
}

/// What an answer must agree in with its query (RFC 5452, section 9.1): both ends, identifier and question. The
/// question is absent where the server could not read it.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    client: SocketAddr,
    server: SocketAddr,
    carrier: Carrier,
    id: u16,
    question: Option<(&'a str, u16)>,
}

impl<'a> Key<'a> {
    fn new(passage: &'a Passage<'_>, question: Option<&'a Question>) -> Self {
        let (client, server) =
            if passage.message.response { (passage.to, passage.from) } else { (passage.from, passage.to) };
        let question = question.map(|question| (&*question.name, question.number));
        Key { client, server, carrier: passage.carrier, id: passage.message.id, question }
    }
}

/// All queries among these messages, in their order, each with its answer. Of several that are alike the latest is
/// the answered one, and its first answer counts.
pub fn pairs(passed: &Passed<'_>) -> Vec<Query> {
    let mut queries: Vec<Query> = Vec::new();
    let mut open: HashMap<Key<'_>, usize> = HashMap::new();
    for passage in &passed.messages {
        let (message, question) = (&passage.message, passage.message.questions.first());
        if !message.response && passage.to.port() != PORT {
            continue;
        }
        if !message.response {
            open.insert(Key::new(passage, question), queries.len());
            open.insert(Key::new(passage, None), queries.len());
            queries.push(query(passage, question));
            continue;
        }
        let asked = open.get(&Key::new(passage, question)).and_then(|number| queries.get_mut(*number));
        let Some(asked) = asked.filter(|asked| asked.answered_ns.is_none() && !passage.dropped) else { continue };
        if question.is_some() || asked.kind.is_empty() || message.rcode == FORMERR {
            asked.answered_ns = Some(passage.at_ns);
            asked.answer = Some(answer(passage));
        }
    }
    queries
}

fn query(passage: &Passage<'_>, question: Option<&Question>) -> Query {
    Query {
        at_ns: passage.at_ns,
        answered_ns: None,
        port: passage.port.to_owned(),
        kind: question.map_or_else(String::new, |question| question.kind.clone().into_owned()),
        name: question.map_or_else(String::new, |question| question.name.to_string()),
        client: passage.from,
        server: passage.to,
        carrier: passage.carrier,
        opcode: passage.message.opcode,
        rd: passage.message.rd,
        dropped: passage.dropped,
        answer: None,
    }
}

fn answer(passage: &Passage<'_>) -> Answer {
    let message = &passage.message;
    Answer {
        rcode: message.rcode,
        aa: message.aa,
        ra: message.ra,
        tc: message.tc,
        answers: message.answers,
        records: message.records.clone(),
    }
}

impl Query {
    /// The endpoint that asked.
    pub fn endpoint(&self) -> &str {
        super::endpoint_of(&self.port)
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
mod tests;
