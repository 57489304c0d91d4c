//! The wire's view of one login: who was silent, for how long, and which queries went unanswered meanwhile. Pure.

use std::net::SocketAddr;
use std::time::Duration;

use crate::fabric::capture_read::Record;
use crate::measure::{Sample, Unit};
use crate::scenario::Scenario;
use crate::wire::Seen;
use crate::wire::login::{self, Side, Silence, Trace, WORTH_TELLING_NS};
use crate::wire::lookup::{self, Query};
use crate::wording::Phrase;

/// When the last lookup began that nobody has answered yet, by any of these endpoints.
pub fn last_open_query(records: &[Record], endpoints: [&str; 2]) -> Option<u64> {
    let frames: Vec<Seen<'_>> = records.iter().map(Record::seen).collect();
    let queries = lookup::queries(&frames);
    let open = queries.iter().filter(|query| query.answered_ns.is_none() && endpoints.contains(&query.endpoint()));
    open.map(|query| query.at_ns).max()
}

/// All networks of both endpoints: lookups may go another way than the login.
pub fn networks_of(scenario: &Scenario, from: &str, to: &str) -> Vec<String> {
    let mut networks: Vec<String> = [from, to]
        .iter()
        .filter_map(|endpoint| scenario.endpoints.get(*endpoint))
        .flat_map(|endpoint| endpoint.nics.iter().map(|nic| nic.network.clone()))
        .collect();
    networks.sort();
    networks.dedup();
    networks
}

/// The stretch of time of one login.
pub struct Window {
    /// Endpoint that logs in.
    pub client: String,
    /// Endpoint that is logged into.
    pub server: String,
    /// Where its sshd listens.
    pub relay: SocketAddr,
    /// Begin, in nanoseconds of the lab's clock.
    pub from_ns: u64,
    /// End.
    pub to_ns: u64,
    /// How long a resolver waits for one answer.
    pub patience: Duration,
    /// When the login was done, as far as the client can tell.
    pub first_output_ns: Option<u64>,
}

impl Window {
    /// Adds what the frames tell to the sample.
    pub fn describe(&self, records: &[Record], sample: &mut Sample) {
        let mut frames: Vec<Seen<'_>> = records.iter().map(Record::seen).collect();
        frames.sort_by_key(|seen| seen.at_ns);
        let queries = lookup::queries(&frames);
        // What comes after the first byte of output is the end of the session, not the login.
        let login_end = self.first_output_ns.unwrap_or(self.to_ns);
        frames.retain(|seen| seen.at_ns <= login_end);
        let trace = self.trace(&frames, login_end);
        self.read(&trace, &queries, sample);
        sample.remarks.extend(self.remarks(&trace, &queries));
    }

    fn trace(&self, frames: &[Seen<'_>], end_ns: u64) -> Trace {
        // The client may have tried several addresses of the server: take the one at which it was answered.
        let server = frames.iter().filter(|seen| seen.endpoint() == self.server);
        let accepted = server.filter_map(|seen| login::accepts(seen)).find(|at| at.port() == self.relay.port());
        login::trace(frames, accepted.unwrap_or(self.relay), end_ns)
    }

    fn read(&self, trace: &Trace, queries: &[Query], sample: &mut Sample) {
        let of = |endpoint: &str| queries.iter().filter(move |query| query.endpoint() == endpoint).collect::<Vec<_>>();
        let (server, client) = (of(&self.server), of(&self.client));
        let unanswered = server.iter().chain(&client).filter(|query| query.answered_ns.is_none()).count();
        let wait = |queries: &[&Query]| lookup::waited(queries.iter().copied(), self.patience).as_secs_f64();
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("server_queries", server.len() as f64);
        read("client_queries", client.len() as f64);
        read("unanswered_queries", unanswered as f64);
        read("server_lookup", round(wait(&server)));
        read("client_lookup", round(wait(&client)));
        // Before the first SYN it was the client's turn.
        let before = trace.syn_ns.map_or(0, |syn| syn.saturating_sub(self.from_ns));
        read("server_silence", seconds(trace.waited_for(Side::Server)));
        read("client_silence", seconds(trace.waited_for(Side::Client) + before));
        for (name, ns) in [("wire.time", trace.total_ns), ("wire.kex", trace.kex_ns)] {
            if let Some(ns) = ns {
                read(name, seconds(ns));
            }
        }
    }

    /// Where the time went and whose fault it is, a phrase for each pause worth telling.
    fn remarks(&self, trace: &Trace, queries: &[Query]) -> Vec<Phrase> {
        let mut remarks = Vec::new();
        if let Some(syn) = trace.syn_ns
            && syn.saturating_sub(self.from_ns) >= WORTH_TELLING_NS
        {
            let pause =
                Silence { whose: Side::Client, from_ns: self.from_ns, to_ns: syn, encrypted: false, open: false };
            remarks.push(self.remark(&pause, queries, "remark-silent-connect"));
        }
        let banner_ns = trace
            .syn_ns
            .zip(trace.connect_ns)
            .zip(trace.banner_ns)
            .map(|((syn, connect), banner)| syn + connect + banner);
        for silence in trace.long_silences() {
            let id = match banner_ns {
                _ if silence.open => "remark-silent-end",
                _ if silence.encrypted => "remark-silent-auth",
                Some(banner) if silence.to_ns > banner => "remark-silent-kex",
                _ => "remark-silent-banner",
            };
            remarks.push(self.remark(silence, queries, id));
        }
        if trace.resent > 0 {
            remarks.push(Phrase::new("remark-resent").with("count", trace.resent));
        }
        remarks
    }

    fn remark(&self, silence: &Silence, queries: &[Query], id: &str) -> Phrase {
        let whose = if silence.whose == Side::Client { &self.client } else { &self.server };
        let during: Vec<&Query> =
            silence.queries(queries).into_iter().filter(|query| query.endpoint() == whose).collect();
        let mut shown: Vec<String> = during.iter().take(QUERIES_SHOWN).map(|query| show(query)).collect();
        if during.len() > QUERIES_SHOWN {
            shown.push(format!("+{}", during.len() - QUERIES_SHOWN));
        }
        Phrase::new(id)
            .with("endpoint", whose)
            .with("time", Unit::Seconds.show(seconds(silence.to_ns - silence.from_ns)))
            .with("count", during.len())
            .with("queries", shown.join(", "))
    }
}

/// Most queries that one remark lists.
const QUERIES_SHOWN: usize = 6;

/// A query without words of any language: type, name, and the time to its answer or a cross.
fn show(query: &Query) -> String {
    let answer = query.answered_ns.map_or("✗".to_owned(), |at| Unit::Seconds.show(seconds(at - query.at_ns)));
    format!("{} {} {answer}", query.kind, query.name)
}

fn seconds(ns: u64) -> f64 {
    round(Duration::from_nanos(ns).as_secs_f64())
}

fn round(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
