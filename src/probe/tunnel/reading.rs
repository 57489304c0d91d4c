//! From what a round saw to its metrics: who got through, and what passed on either side of the NAT.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::sas::Sa;
use super::{WATCH_ESP, WATCH_TO, Ways};
use crate::fabric::capture_read::Record;
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::measure::Sample;
use crate::probe::wires;
use crate::wire::natt::{self, Detected, NAT_T, Passage, What};
use crate::wording::Phrase;

/// What the endpoints saw, and what the round did.
#[derive(Debug)]
pub struct Facts {
    /// Clients in the order in which they sent.
    pub clients: Vec<String>,
    /// Echoes of each that came back.
    pub replies: Vec<usize>,
    /// Their inner addresses, where the scenario says them.
    pub inside: Vec<Option<IpAddr>>,
    /// Seconds until all were up or had given up.
    pub took: f64,
    /// Seconds after which the first one gave up.
    pub gave_up: Option<f64>,
    /// Packets that the NAT could not enter, or why that is not known.
    pub insert_failed: Result<u64, String>,
    /// The gateway's tunnels.
    pub sas: Vec<Sa>,
    /// Whom the inner server reached, and in which stretch of the lab's time (nanoseconds) each was tried.
    pub reached: BTreeMap<String, (bool, u64, u64)>,
    /// How many it reached after the pause.
    pub reached_after_idle: Option<usize>,
    /// Echoes that could be read on the way.
    pub clear: usize,
}

impl Default for Facts {
    fn default() -> Self {
        Facts {
            clients: Vec::new(),
            replies: Vec::new(),
            inside: Vec::new(),
            took: 0.0,
            gave_up: None,
            insert_failed: Ok(0),
            sas: Vec::new(),
            reached: BTreeMap::new(),
            reached_after_idle: None,
            clear: 0,
        }
    }
}

/// What passed on both sides of the NAT in a round.
pub struct Wire {
    nat: String,
    gateway: String,
    lan: Vec<Record>,
    public: Vec<Record>,
    /// When the clients' echoes were over and the inner server's began, in nanoseconds of the lab's clock.
    forth_ns: u64,
}

impl Wire {
    /// Reads the captures of both networks.
    ///
    /// # Errors
    /// A capture that cannot be read, or that contradicts the switch's counters.
    pub fn look(
        lab: &Lab,
        ways: &Ways,
        (nat, gateway): (&str, &str),
        (begin, forth, end): (&Moment, &Moment, &Moment),
    ) -> Result<Self, LabError> {
        let lan = wires::records(lab, &ways.lan, begin, end)?;
        let public = wires::records(lab, &ways.public, begin, end)?;
        let wire = Wire { nat: nat.to_owned(), gateway: gateway.to_owned(), lan, public, forth_ns: forth.at_ns };
        let esp = |passages: &[Passage<'_>]| natt::tallies(passages).values().map(|tally| tally.esp).sum();
        let (inside, outside) = (wires::seen(&wire.lan), wires::seen(&wire.public));
        let (inside, outside) = (natt::passed(&inside), natt::passed(&outside));
        let to_4500 = outside.iter().filter(|passage| passage.to.port == Some(NAT_T)).count() as u64;
        for (network, filter, captured) in [
            (&ways.lan, WATCH_ESP, esp(&inside)),
            (&ways.public, WATCH_ESP, esp(&outside)),
            (&ways.public, WATCH_TO, to_4500),
        ] {
            let counted = |moment| wires::counted(network, filter, moment);
            let counted = counted(end).saturating_sub(counted(begin));
            wires::agree(|| format!("{filter} on `{network}`"), counted, captured, end)?;
        }
        Ok(wire)
    }

    /// Frames on either side in which one of these echoes can be read, whatever is wrapped around it.
    pub fn clear(&self, tokens: &[u64]) -> usize {
        let tokens: Vec<[u8; 8]> = tokens.iter().map(|token| token.to_be_bytes()).collect();
        let shows = |frame: &[u8]| frame.windows(8).any(|bytes| tokens.iter().any(|token| bytes == token));
        self.lan.iter().chain(&self.public).filter(|record| shows(&record.frame)).count()
    }

    /// The last IKE message that a client sent or got before the NAT, as a line.
    pub fn last_ike(&self, client: &str) -> Option<String> {
        let frames = wires::seen(&self.lan);
        let passages = natt::passed(&frames);
        let own = passages.iter().find(|passage| passage.endpoint() == client)?.from.address;
        let is_own = |passage: &&Passage<'_>| passage.from.address == own || passage.to.address == own;
        passages
            .iter()
            .filter(is_own)
            .rfind(|passage| matches!(passage.what, What::Ike { .. }))
            .map(ToString::to_string)
    }

    /// The last IKE message behind the NAT, as a line.
    pub fn last_ike_outside(&self) -> Option<String> {
        let frames = wires::seen(&self.public);
        let passages = natt::passed(&frames);
        passages.iter().rfind(|passage| matches!(passage.what, What::Ike { .. })).map(ToString::to_string)
    }
}

fn is_esp(passage: &Passage<'_>) -> bool {
    matches!(passage.what, What::Esp { .. } | What::EspPiece)
}

/// The index of what carries data.
fn spi(passage: &Passage<'_>) -> Option<u32> {
    match passage.what {
        What::Esp { spi, .. } | What::EspInUdp { spi, .. } => Some(spi),
        _ => None,
    }
}

impl Facts {
    /// Whether the gateway believes that the tunnel of the client at this place in the order is up; where the scenario does not
    /// say its address, whether there are as many tunnels as clients.
    pub fn is_up(&self, at: usize) -> bool {
        match self.inside.get(at).copied().flatten() {
            Some(address) => self.sas.iter().any(|sa| sa.up && sa.is_of(address)),
            None => self.sas.iter().filter(|sa| sa.up).count() >= self.clients.len(),
        }
    }

    /// The metrics, and what there is to tell.
    pub fn sample(&self, wire: &Wire) -> Sample {
        let mut sample = Sample::default();
        self.read_ends(&mut sample);
        let (lan, public) = (wires::seen(&wire.lan), wires::seen(&wire.public));
        let (lan, public) = (natt::passed(&lan), natt::passed(&public));
        self.read_wire(wire, &lan, &public, &mut sample);
        read_detection(wire, &natt::nat_d(&lan), &natt::nat_d(&public), &mut sample);
        sample
    }

    /// What the endpoints saw.
    fn read_ends(&self, sample: &mut Sample) {
        let working = self.replies.iter().filter(|replies| **replies > 0).count();
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("ok", if working == self.clients.len() { 1.0 } else { 0.0 });
        read("time", self.took);
        read("working", working as f64);
        for (name, replies) in ["first_replies", "second_replies"].into_iter().zip(&self.replies) {
            read(name, *replies as f64);
        }
        if !self.reached.is_empty() {
            read("reached", self.reached.values().filter(|(is_reached, ..)| *is_reached).count() as f64);
        }
        if let Some(reached) = self.reached_after_idle {
            read("reached_after_idle", reached as f64);
        }
        read("clear", self.clear as f64);
        if let Some(gave_up) = self.gave_up {
            read("gave_up", gave_up);
        }
        read("sas", self.sas.iter().filter(|sa| sa.up).count() as f64);
        read("encapsulated", self.sas.iter().filter(|sa| sa.up && sa.encapsulated).count() as f64);
        if let Some(address) = self.inside.get(1).copied().flatten() {
            let own = self.sas.iter().filter(|sa| sa.is_of(address));
            read("second_bytes_in", own.map(|sa| sa.bytes_in).sum::<u64>() as f64);
        }
    }

    /// What passed on both sides of the NAT.
    fn read_wire(&self, wire: &Wire, lan: &[Passage<'_>], public: &[Passage<'_>], sample: &mut Sample) {
        let count = |passages: &[Passage<'_>], of: &dyn Fn(&Passage<'_>) -> bool| {
            passages.iter().filter(|passage| of(passage)).count() as u64
        };
        let is_client = |passage: &Passage<'_>| self.clients.iter().any(|client| client == passage.endpoint());
        let to_4500 = |passage: &Passage<'_>| passage.to.port == Some(NAT_T);
        let ike = |wanted: bool| move |passage: &Passage<'_>| matches!(passage.what, What::Ike { marker, .. } if marker == wanted);
        // The round's first part only: what the inner server then sends back to a client that is not reached adds to no loss.
        let second = self.clients.get(1).map_or("", String::as_str);
        let second_esp =
            count(lan, &|passage| is_esp(passage) && passage.endpoint() == second && passage.at_ns <= wire.forth_ns);
        let ports: BTreeSet<Option<u16>> = public
            .iter()
            .filter(|passage| passage.endpoint() == wire.nat && to_4500(passage))
            .map(|passage| passage.from.port)
            .collect();
        let misdelivered = self.misdelivered(wire, lan);
        let again = |passage: &Passage<'_>| {
            is_client(passage) && matches!(passage.what, What::Ike { retransmission: true, .. })
        };
        // What one client sends keeps nobody else's mapping.
        let beats = |client: &String| {
            let is_beat = |passage: &Passage<'_>| passage.what == What::Keepalive && passage.from.port == Some(NAT_T);
            count(lan, &|passage| passage.endpoint() == client && is_beat(passage))
        };
        let keepalives = self.clients.iter().map(beats).min().unwrap_or(0);
        let values = [
            ("esp", count(public, &is_esp)),
            ("esp_in_udp", count(public, &|passage| matches!(passage.what, What::EspInUdp { .. }))),
            ("second_esp", second_esp),
            ("misdelivered", misdelivered.len() as u64),
            ("nat_ports", ports.len() as u64),
            ("ike_500", count(public, &ike(false))),
            ("ike_4500", count(public, &ike(true))),
            ("sent_to_4500", count(lan, &|passage| is_client(passage) && to_4500(passage))),
            ("passed_to_4500", count(public, &|passage| passage.endpoint() == wire.nat && to_4500(passage))),
            (
                "answered_from_4500",
                count(public, &|passage| passage.endpoint() == wire.gateway && passage.from.port == Some(NAT_T)),
            ),
            ("retransmissions", count(lan, &again)),
            ("keepalives", keepalives),
        ];
        sample.readings.extend(values.map(|(name, value)| (name.to_owned(), value as f64)));
        self.read_losses(second, second_esp, sample);
        if let Some((victim, spi)) = misdelivered.first() {
            let phrase = Phrase::new("remark-misdelivered").with("count", misdelivered.len()).with("client", second);
            sample.remarks.push(phrase.with("other", victim).with("spi", format!("{spi:08x}")));
        }
    }

    /// What the NAT could not tell apart, and whether that is all that the second client sent.
    fn read_losses(&self, second: &str, second_esp: u64, sample: &mut Sample) {
        match &self.insert_failed {
            Ok(failed) => {
                sample.readings.insert("insert_failed".to_owned(), *failed as f64);
                let explains = if *failed == second_esp { 1.0 } else { 0.0 };
                sample.readings.insert("nat_explains_loss".to_owned(), explains);
                if *failed > 0 {
                    let phrase = Phrase::new("remark-insert-failed").with("client", second).with("sent", second_esp);
                    sample.remarks.push(phrase.with("failed", failed));
                }
            }
            Err(why) => {
                for metric in ["insert_failed", "nat_explains_loss"] {
                    sample.lacking.insert(metric.to_owned(), why.clone());
                }
            }
        }
    }

    /// What carries data for one client and goes to another: while the inner server tried to reach a client, what the NAT sent to
    /// the others, under an index that these had not heard before.
    fn misdelivered(&self, wire: &Wire, lan: &[Passage<'_>]) -> Vec<(String, u32)> {
        let addresses: BTreeMap<&str, IpAddr> = lan
            .iter()
            .filter(|passage| self.clients.iter().any(|client| client == passage.endpoint()))
            .map(|passage| (passage.endpoint(), passage.from.address))
            .collect();
        let from_nat = || lan.iter().filter(|passage| passage.endpoint() == wire.nat && !passage.dropped);
        let own: BTreeSet<(IpAddr, u32)> = from_nat()
            .filter(|passage| passage.at_ns <= wire.forth_ns)
            .filter_map(|passage| Some((passage.to.address, spi(passage)?)))
            .collect();
        let mut found = Vec::new();
        for (client, (_, from_ns, to_ns)) in &self.reached {
            for passage in from_nat().filter(|passage| (*from_ns..=*to_ns).contains(&passage.at_ns)) {
                let Some(spi) = spi(passage) else { continue };
                let other =
                    addresses.iter().find(|(name, address)| **name != client && **address == passage.to.address);
                if let Some((other, _)) = other.filter(|(_, address)| !own.contains(&(**address, spi))) {
                    found.push(((*other).to_owned(), spi));
                }
            }
        }
        found
    }
}

/// IKE's own detection of NATs, of what the clients sent: seen before the NAT, and behind it.
fn read_detection(wire: &Wire, lan: &[Detected<'_>], public: &[Detected<'_>], sample: &mut Sample) {
    let inside: Vec<bool> = lan
        .iter()
        .filter(|detected| detected.endpoint() != wire.nat)
        .filter_map(|detected| detected.source_matches)
        .collect();
    let passed = || public.iter().filter(|detected| detected.endpoint() == wire.nat);
    let outside: Vec<bool> = passed().filter_map(|detected| detected.source_matches).collect();
    let destination: Vec<bool> = passed().filter_map(|detected| detected.destination_matches).collect();
    let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
    let mut read = |name: &str, seen: &[bool], value: bool| {
        if !seen.is_empty() {
            sample.readings.insert(name.to_owned(), flag(value));
        }
    };
    read("source_hash_inside", &inside, inside.iter().all(|holds| *holds));
    read("source_hash_outside", &outside, outside.iter().any(|holds| *holds));
    read("destination_hash_outside", &destination, destination.iter().all(|holds| *holds));
}

#[cfg(test)]
mod tests;
