//! What the scenario asks of a link, and what it turned out to be in this very run.

use std::net::IpAddr;
use std::time::Duration;

use crate::fabric::counters::{Counters, DropReason};
use crate::fabric::link::WIRE_OVERHEAD;
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::measure::{Sample, Unit};
use crate::probe::echo::{self, Pace, Sent};
use crate::probe::wires;
use crate::scenario::{Filter, FilterAction, Match, Network, Prefix, Scenario};
use crate::wire::frame::{Frame, TCP, UDP};
use crate::wording::Phrase;

/// Echoes on the idle path: enough that some are not lost, and the shortest is not queued behind another.
const IDLE: (u16, Duration) = (10, Duration::from_millis(25));
/// How much longer than the path's own round trip the last one is waited for.
const IDLE_MORE: Duration = Duration::from_millis(100);
/// How much longer than asked the idle path may take, and by how much more of a second: two turns of a busy scheduler.
const DELAY_MARGIN: (f64, f64) = (1.1, 0.004);
/// How much more than its rate a wire may seem to carry: the transfer's begin and end are not the wire's.
const RATE_MARGIN: f64 = 1.05;
/// Standard deviations by which a share of lost frames may differ from what was asked.
const SIGMAS: f64 = 5.0;
/// Wires of a round trip over one network: out and back, each from a NIC to the switch and from there to a NIC.
const WIRES: f64 = 4.0;

/// Echoes to the path's far end, before anything else moves there.
///
/// # Errors
/// As [`echo::send`].
pub async fn idle(lab: &Lab, from: &str, path: IpAddr) -> Result<Sent, LabError> {
    let own = network_of(lab.scenario(), path)
        .map_or(Duration::ZERO, |(_, network)| network.link.delay + network.link.jitter);
    let pace = Pace { count: IDLE.0, interval: IDLE.1, wait: own.mul_f64(WIRES) * 2 + IDLE_MORE };
    echo::send(lab, from, path, pace).await
}

/// Counting filters: what goes to and comes from the path's far end, by protocol.
pub fn watches(scenario: &Scenario, path: IpAddr) -> Vec<(String, Filter)> {
    let Some((network, _)) = network_of(scenario, path) else { return Vec::new() };
    let length = if path.is_ipv4() { 32 } else { 128 };
    let prefix = Some(Prefix { address: path, length });
    let mut all = Vec::new();
    for protocol in [TCP, UDP] {
        for (way, src, dst) in [("to", None, prefix), ("from", prefix, None)] {
            let matches = Match { protocol: Some(protocol), src, dst, ..Match::default() };
            let name = watch(path, protocol, way);
            all.push((network.to_owned(), Filter { name, action: FilterAction::Count, matches }));
        }
    }
    all
}

fn watch(path: IpAddr, protocol: u8, way: &str) -> String {
    format!("path:{path}:{way}:{protocol}")
}

/// The network that has this address.
fn network_of(scenario: &Scenario, path: IpAddr) -> Option<(&str, &Network)> {
    let holds = |prefix: Option<Prefix>| prefix.is_some_and(|prefix| prefix.contains(path));
    let mut networks = scenario.networks.iter();
    networks
        .find(|(_, network)| holds(network.subnet) || holds(network.subnet6))
        .map(|(name, network)| (name.as_str(), network))
}

/// Compares what the path's links are with what they should be; readings, a remark, and a doubt where they differ.
///
/// # Errors
/// Counters and capture that disagree.
pub fn compare(
    lab: &Lab,
    path: IpAddr,
    idle: &Sent,
    (begin, end): (&Moment, &Moment),
    took: Duration,
    sample: &mut Sample,
) -> Result<(), LabError> {
    let Some((name, network)) = network_of(lab.scenario(), path) else {
        let reason = "no network of the scenario has this address; correct `path`";
        return Err(LabError::backend(format!("the path to {path}"), reason));
    };
    let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
    for (metric, protocol) in [("carried_by_tcp", TCP), ("carried_by_udp", UDP)] {
        read(metric, carried(lab, name, path, protocol, begin, end)? as f64);
    }
    let ports = lab.scenario().endpoints.iter().flat_map(|(endpoint, spec)| {
        let nics = spec.nics.iter().filter(|nic| nic.network == name);
        nics.map(|nic| crate::lab::wiring::port_name(endpoint, &nic.interface))
    });
    let seen = Seen::new(&ports.collect::<Vec<_>>(), &begin.counters, &end.counters, took);
    let asked = network.link.clone();
    let least = idle.least();
    least.map(|least| read("path_rtt", least));
    read("path_rate", seen.rate);
    read("path_frames", seen.offered as f64);
    read("path_lost", seen.lost as f64);
    let asked_rtt = asked.delay.as_secs_f64() * WIRES;
    let show_share = |share: f64| format!("{:.2} %", share * 100.0);
    let rate = if asked.rate == 0 { "∞".to_owned() } else { Unit::BitsPerSecond.show(asked.rate as f64) };
    let remark = Phrase::new("remark-link")
        .with("network", name)
        .with("asked_rtt", format!("{:.1} ms", asked_rtt * 1e3))
        .with("rtt", least.map_or("—".to_owned(), |least| format!("{:.1} ms", least * 1e3)))
        .with("asked_loss", show_share(asked.loss))
        .with("loss", show_share(seen.share()))
        .with("asked_rate", &rate)
        .with("rate", Unit::BitsPerSecond.show(seen.rate));
    sample.remarks.push(remark);
    let doubt = |what: &str, asked: String, measured: String| {
        let phrase = Phrase::new("trust-link").with("network", name).with("what", what);
        Some(phrase.with("asked", asked).with("measured", measured))
    };
    let milliseconds = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
    let (factor, more) = DELAY_MARGIN;
    let longest = asked_rtt * factor + asked.jitter.as_secs_f64() * WIRES + more;
    sample.doubt = match least {
        None => doubt("round-trip time", milliseconds(asked_rtt), "—".to_owned()),
        Some(least) if least < asked_rtt || least > longest => {
            doubt("round-trip time", milliseconds(asked_rtt), milliseconds(least))
        }
        _ if !seen.is_share(asked.loss) => doubt("loss", show_share(asked.loss), show_share(seen.share())),
        _ if asked.rate > 0 && seen.rate > asked.rate as f64 * RATE_MARGIN => {
            doubt("rate", rate, Unit::BitsPerSecond.show(seen.rate))
        }
        _ => None,
    };
    Ok(())
}

/// Frames of a protocol to and from the path's far end, by the counters, which the capture must confirm.
fn carried(
    lab: &Lab,
    network: &str,
    path: IpAddr,
    protocol: u8,
    begin: &Moment,
    end: &Moment,
) -> Result<u64, LabError> {
    let count = |way: &str| {
        let name = watch(path, protocol, way);
        wires::counted(network, &name, end).saturating_sub(wires::counted(network, &name, begin))
    };
    let counted = count("to") + count("from");
    let records = wires::records(lab, network, begin, end)?;
    let frames = wires::seen(&records);
    let ips = frames.iter().filter_map(|seen| Frame::parse(seen.bytes)?.ip);
    let captured = ips.filter(|ip| ip.protocol == protocol && (ip.source == path || ip.destination == path)).count();
    wires::agree(|| format!("protocol {protocol} of {path} on `{network}`"), counted, captured as u64, end)?;
    Ok(counted)
}

/// What some wires did in a stretch of time.
struct Seen {
    offered: u64,
    lost: u64,
    rate: f64,
}

impl Seen {
    fn new(ports: &[String], begin: &Counters, end: &Counters, took: Duration) -> Self {
        let mut seen = Seen { offered: 0, lost: 0, rate: 0.0 };
        for port in ports {
            let (Some(before), Some(after)) = (begin.ports.get(port), end.ports.get(port)) else { continue };
            let dropped = |reason: DropReason| {
                let count = |of: &crate::fabric::counters::PortCounters| of.drops.get(&reason).copied().unwrap_or(0);
                count(after).saturating_sub(count(before))
            };
            let up = after.rx_frames.saturating_sub(before.rx_frames);
            let down = after.tx_frames.saturating_sub(before.tx_frames);
            let (lost_up, lost_down) = (dropped(DropReason::LossUp), dropped(DropReason::LossDown));
            seen.offered += up + down + lost_down + dropped(DropReason::QueueDown);
            seen.lost += lost_up + lost_down;
            let bytes = after.tx_bytes.saturating_sub(before.tx_bytes) + down * WIRE_OVERHEAD;
            seen.rate = seen.rate.max(bytes as f64 * 8.0 / took.as_secs_f64().max(0.001));
        }
        seen
    }

    fn share(&self) -> f64 {
        self.lost as f64 / (self.offered as f64).max(1.0)
    }

    /// Whether so many lost frames are what chance makes of this share (the binomial distribution's normal approximation).
    fn is_share(&self, share: f64) -> bool {
        let n = self.offered as f64;
        (self.lost as f64 - n * share).abs() <= SIGMAS * (n * share * (1.0 - share)).sqrt() + f64::from(share > 0.0)
    }
}

/// The congestion control of the TCP connection to the path's far end, in ss(8)'s words; none where nothing of the kind is open.
///
/// # Errors
/// An endpoint that has ended.
pub async fn congestion(lab: &Lab, from: &str, path: IpAddr) -> Result<Option<String>, LabError> {
    let ran = lab.run(from, &format!("ss -Htin state established dst {path}"), Duration::from_secs(5)).await?;
    Ok(ran
        .stdout
        .lines()
        .find(|line| line.contains("cwnd:"))
        .and_then(|line| line.split_whitespace().next())
        .map(|word| crate::clean::one_line(word, 20)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::counters::PortCounters;

    #[test]
    fn a_share_is_believed_within_what_chance_allows() {
        let seen = |lost| Seen { offered: 10_000, lost, rate: 0.0 };
        assert!(seen(150).is_share(0.015) && seen(200).is_share(0.015) && seen(0).is_share(0.0));
        assert!(!seen(300).is_share(0.015) && !seen(20).is_share(0.015) && !seen(1).is_share(0.0));
    }

    #[test]
    fn wires_are_counted_in_both_directions() {
        let port = |rx, tx, up, down| PortCounters {
            rx_frames: rx,
            tx_frames: tx,
            tx_bytes: tx * 1000,
            drops: [(DropReason::LossUp, up), (DropReason::LossDown, down)].into(),
            ..PortCounters::default()
        };
        let counters = |one, two| Counters {
            ports: [("a:eth1".to_owned(), one), ("b:eth1".to_owned(), two)].into(),
            ..Counters::default()
        };
        let begin = counters(port(10, 10, 1, 1), port(0, 0, 0, 0));
        let end = counters(port(110, 60, 3, 2), port(50, 90, 1, 8));
        let seen = Seen::new(&["a:eth1".to_owned(), "b:eth1".to_owned()], &begin, &end, Duration::from_secs(1));
        assert_eq!((seen.offered, seen.lost), (100 + 50 + 1 + 50 + 90 + 8, 2 + 1 + 1 + 8));
        assert!((seen.rate - 90.0 * 1024.0 * 8.0).abs() < 1.0, "{}", seen.rate);
    }
}
