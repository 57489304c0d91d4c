//! One round: all tunnels down, up again side by side, then echoes, first from the clients, then from the inner server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::reading::{Facts, Wire};
use super::{Tunnel, Ways, sas};
use crate::helper::message::Ran;
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::measure::Sample;
use crate::probe::conntrack;
use crate::probe::echo::{self, Pace, Sent};
use crate::wording::Phrase;

/// Echoes of each client, and of the inner server to each client.
const ECHOES: Pace = Pace { count: 5, interval: Duration::from_millis(60), wait: Duration::from_millis(600) };
/// The one echo by which a client is first.
const FIRST: Pace = Pace { count: 1, interval: Duration::from_millis(1), wait: Duration::from_millis(400) };
/// Characters kept of what a tunnel that is not up said.
const SAID_MOST: usize = 200;
/// Where an image says who does ESP: `kernel` or `user-space`.
const ESP_BY: &str = "/run/saiten-esp";
/// Lines of a log that are told.
const LINES: usize = 2;

/// One sample in the making.
pub struct Round<'a> {
    /// What is measured.
    pub probe: &'a Tunnel,
    /// The networks.
    pub ways: &'a Ways,
    /// Clients in the order in which they send.
    pub order: &'a [&'a str],
    /// Longest that one command may take.
    pub limit: Duration,
}

impl Round<'_> {
    /// Carries the round out and reads it.
    ///
    /// # Errors
    /// An endpoint that has ended; a capture that contradicts the switch's counters.
    pub async fn take(&self, lab: &Lab) -> Result<Sample, LabError> {
        let params = &self.probe.params;
        try_join_all(self.order.iter().map(|client| lab.run(client, &params.down, self.limit))).await?;
        if let Some(flush) = &params.flush {
            lab.run(&params.nat, flush, self.limit).await?;
        }
        let before = conntrack::statistics(lab, &params.nat).await;
        let begin = lab.sync().await?;
        let clock = Instant::now();
        let ups = try_join_all(self.order.iter().map(|client| lab.run(client, &params.up, self.limit))).await?;
        let took = clock.elapsed();
        // Who is first has to be known: the NAT's table belongs to whom it heard first.
        let mut tokens = vec![echo::send(lab, self.order[0], self.ways.target, FIRST).await?.token];
        let sent = self.order.iter().map(|client| echo::send(lab, client, self.ways.target, ECHOES));
        let sent = try_join_all(sent).await?;
        tokens.extend(sent.iter().map(|sent| sent.token));
        let sas = sas::read(&lab.run(&params.gateway, &params.list, self.limit).await?.stdout);
        let forth = lab.sync().await?;
        let lost = conntrack::statistics(lab, &params.nat).await;

        let mut facts = Facts {
            clients: self.order.iter().map(|client| (*client).to_owned()).collect(),
            replies: self.replies(lab, &sent, (&begin, &forth))?,
            inside: self.order.iter().map(|client| params.inside.get(*client).copied()).collect(),
            took: took.as_secs_f64(),
            gave_up: ups.iter().find(|ran| ran.status != 0).map(|ran| Duration::from_nanos(ran.took_ns).as_secs_f64()),
            insert_failed: match (before, lost) {
                (Ok(before), Ok(after)) => Ok(after.insert_failed.saturating_sub(before.insert_failed)),
                (Err(why), _) | (_, Err(why)) => Err(why),
            },
            sas,
            ..Facts::default()
        };
        let (reached, mut end) = self.reach(lab, &mut tokens).await?;
        facts.reached = reached;
        if let Some(idle) = self.probe.idle {
            tokio::time::sleep(idle).await;
            let (reached, after) = self.reach(lab, &mut tokens).await?;
            facts.reached_after_idle = Some(reached.values().filter(|(is_reached, ..)| *is_reached).count());
            end = after;
        }
        let wire = Wire::look(lab, self.ways, (&params.nat, &params.gateway), (&begin, &forth, &end))?;
        facts.clear = wire.clear(&tokens);
        let mut sample = facts.sample(&wire);
        // Where the gateway's image says who does ESP there, the report does, too.
        if let Ok(esp) = lab.tail(&params.gateway, ESP_BY, 64).await
            && !esp.trim().is_empty()
        {
            let phrase = Phrase::new("remark-esp-by").with("gateway", &params.gateway);
            sample.remarks.push(phrase.with("esp", crate::clean::one_line(esp.trim(), 20)));
        }
        self.tell_failures(lab, &ups, &facts, &wire, &mut sample).await;
        Ok(sample)
    }

    /// Of each client's echoes, how many came back: by its own clock, and through the inner server's wire.
    fn replies(&self, lab: &Lab, sent: &[Sent], (from, to): (&Moment, &Moment)) -> Result<Vec<usize>, LabError> {
        let of = |sent: &Sent| {
            let (_, answered) = echo::witnessed(lab, &self.ways.inside, sent.token, from, to)?;
            Ok(sent.answers.iter().filter(|(seq, ..)| answered.contains(seq)).count())
        };
        sent.iter().map(of).collect()
    }

    /// The inner server tries to reach each client, the first one last; gives who answered, and in which stretch of time each was
    /// tried.
    async fn reach(
        &self,
        lab: &Lab,
        tokens: &mut Vec<u64>,
    ) -> Result<(BTreeMap<String, (bool, u64, u64)>, Moment), LabError> {
        let mut tried = BTreeMap::new();
        let mut last = lab.sync().await?;
        for client in self.order.iter().rev() {
            let Some(address) = self.probe.params.inside.get(*client) else { continue };
            let from = last.clone();
            let sent = echo::send(lab, &self.probe.inner, *address, ECHOES).await?;
            tokens.push(sent.token);
            last = lab.sync().await?;
            let (_, answered) = echo::witnessed(lab, &self.ways.inside, sent.token, &from, &last)?;
            let is_reached = sent.answers.iter().any(|(seq, ..)| answered.contains(seq));
            tried.insert((*client).to_owned(), (is_reached, from.at_ns, last.at_ns));
        }
        Ok((tried, last))
    }

    /// Why a client does not get through, in the words of everybody who saw something of it.
    async fn tell_failures(&self, lab: &Lab, ups: &[Ran], facts: &Facts, wire: &Wire, sample: &mut Sample) {
        let gateway = &self.probe.params.gateway;
        for (at, client) in self.order.iter().enumerate().filter(|(at, _)| facts.replies[*at] == 0) {
            if ups[at].status == 0 && facts.is_up(at) {
                continue;
            }
            let phrase = Phrase::new("remark-tunnel-down")
                .with("client", client)
                .with("seconds", format!("{:.1} s", Duration::from_nanos(ups[at].took_ns).as_secs_f64()))
                .with("said", last_lines(&format!("{}{}", ups[at].stdout, ups[at].stderr)))
                .with("lan", wire.last_ike(client).unwrap_or_else(|| "—".to_owned()))
                .with("public", wire.last_ike_outside().unwrap_or_else(|| "—".to_owned()))
                .with("gateway", gateway)
                .with("client_log", last_lines(&lab.last_logs(client).await))
                .with("gateway_log", last_lines(&lab.last_logs(gateway).await));
            sample.remarks.push(phrase);
        }
    }
}

/// The last lines on one line.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join(" | ");
    if last.is_empty() { "—".to_owned() } else { crate::clean::one_line(&last, SAID_MOST) }
}
