//! One look: a ping of the guest, and how many frames passed each hop meanwhile.

use std::net::IpAddr;
use std::time::Duration;

use super::hop::Counts;
use super::{FramePath, WATCH};
use crate::helper::message::{FrameCount, Frames, FramesSeen, GuestRan, GuestRun, RunSpec};
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::line::random;
use crate::lab::topology::Lab;
use crate::lab::wiring::port_name;
use crate::measure::Sample;
use crate::probe::echo::{self, Pace};
use crate::probe::wires;
use crate::wire::frame::{Frame, Mac, Transport};
use crate::wording::Phrase;

/// Echoes of the guest.
const PINGS: u16 = 3;
/// Between two of them, in milliseconds, and how long the last answer is waited for, in seconds.
const EVERY_MS: u64 = 100;
const WAIT_S: u64 = 1;
/// How long frames are counted: until the last echo has been given up, and a little before and after.
const WINDOW: Duration = Duration::from_millis(250 + EVERY_MS * (PINGS as u64 - 1) + WAIT_S * 1000);
/// How long the counting has been under way when the guest begins.
const HEAD_START: Duration = Duration::from_millis(80);
/// Longest that the guest's console may take.
const CONSOLE: Duration = Duration::from_secs(10);
/// Bytes of an echo's data, of which one is drawn each time: by it the guest's own echoes are known on the wire.
const SIZES: std::ops::Range<u16> = 100..1000;
/// Bytes of identifier and sequence number before an echo's data.
const ECHO_HEAD: usize = 4;

/// What one look saw.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// Frames at each hop.
    pub counts: Counts,
    /// What could not be looked at, and why.
    pub trouble: Vec<String>,
    /// When the first echo that was answered left, in nanoseconds of the lab's clock.
    pub first_ns: Option<u64>,
}

impl FramePath {
    /// Looks once.
    ///
    /// # Errors
    /// An endpoint that has ended, or a capture that contradicts the switch's counters.
    pub async fn look(&self, lab: &Lab) -> Result<Path, LabError> {
        let target = self.target(lab)?;
        let [high, low] = random::<2>()?;
        let size = SIZES.start + u16::from_be_bytes([high, low]) % (SIZES.end - SIZES.start);
        let mut path = Path::default();
        if let Some(vm) = &self.params.vm {
            self.in_guest(lab, vm, &wait_for(&self.params.guest)).await?;
        }
        let edge_before = self.edge(lab).await?;
        let begin = lab.sync().await?;
        let host = self.params.host(&self.spec);
        let ping = async {
            tokio::time::sleep(HEAD_START).await;
            match &self.params.vm {
                Some(vm) => self.ping_from_guest(lab, vm, target, size).await,
                None => self.ping_from_endpoint(lab, target).await,
            }
        };
        let (seen, pinged) = tokio::join!(self.count(lab, &host), ping);
        let (seen, pinged) = (seen?, pinged?);
        let end = lab.sync().await?;
        let edge_after = self.edge(lab).await?;
        path.trouble.extend(pinged.trouble);
        for (interface, why) in &seen.failed {
            path.trouble.push(format!("{interface}: {why}"));
        }
        let at = |interface: &str| seen.interfaces.get(interface).copied().unwrap_or_default();
        let (tap, uplink): (FrameCount, FrameCount) = (at(&self.params.tap), at(&self.params.uplink));
        let wire = self.wire(lab, &host, self.params.vm.as_ref().map(|_| size), (&begin, &end))?;
        path.first_ns = wire.first_ns;
        path.counts = Counts {
            carrier: pinged.carrier,
            guest_sent: pinged.sent,
            edge_sent: edge_before.zip(edge_after).map(|(before, after)| u64::from(after.wrapping_sub(before))),
            tap_sent: tap.from,
            uplink_sent: uplink.from,
            lan_sent: wire.sent,
            lan_back: wire.back,
            uplink_back: uplink.to,
            tap_back: tap.to,
            guest_got: pinged.got,
            answered: pinged.answered.min(wire.answered),
        };
        Ok(path)
    }

    fn target(&self, lab: &Lab) -> Result<IpAddr, LabError> {
        let to = wires::endpoint(lab.scenario(), &self.spec.to)?;
        let nic = to.nics.iter().find(|nic| nic.network == self.params.network);
        let address = nic.and_then(|nic| nic.addresses.first()).copied();
        let why = || format!("`{}` has no address on `{}`", self.spec.to, self.params.network);
        address.ok_or_else(|| LabError::backend(format!("probe `{}`", self.spec.name), why()))
    }

    async fn count(&self, lab: &Lab, host: &str) -> Result<FramesSeen, LabError> {
        let interfaces = vec![self.params.tap.clone(), self.params.uplink.clone()];
        let for_ms = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
        let frames = Frames { interfaces, mac: self.mac, for_ms };
        let ran = lab.line(host)?.run(RunSpec::duty("frames", &frames, WINDOW + CONSOLE)).await?;
        Ok(serde_json::from_str(&ran.stdout).unwrap_or_else(|err| FramesSeen {
            failed: [(String::new(), format!("exit status {}: {err}", ran.status))].into(),
            ..FramesSeen::default()
        }))
    }

    /// How many frames the hypervisor has taken from the guest's NIC: where QEMU's queue stands. It wraps at 2^16.
    async fn edge(&self, lab: &Lab) -> Result<Option<u16>, LabError> {
        let Some(vm) = &self.params.vm else { return Ok(None) };
        let ask = r#"{"execute":"x-query-virtio-queue-status","arguments":{"path":"/machine/peripheral/nic2/virtio-backend","queue":1}}"#;
        let ran = lab.run(&self.spec.from, &format!("/usr/lib/saiten/qmp {vm} '{ask}'"), CONSOLE).await?;
        Ok(queue_index(&ran.stdout))
    }

    /// Runs a line in the guest.
    ///
    /// # Errors
    /// An endpoint that has ended.
    pub async fn in_guest(&self, lab: &Lab, vm: &str, line: &str) -> Result<GuestRan, LabError> {
        let mark = format!("saiten-{:016x}", u64::from_be_bytes(random::<8>()?));
        let limit_ms = u64::try_from(CONSOLE.as_millis()).unwrap_or(u64::MAX);
        let run = GuestRun { socket: format!("/run/vm/{vm}/console.sock"), line: line.to_owned(), mark, limit_ms };
        let ran = lab.line(&self.spec.from)?.run(RunSpec::duty("guest", &run, CONSOLE * 2)).await?;
        Ok(serde_json::from_str(&ran.stdout).unwrap_or_else(|err| GuestRan {
            failed: Some(format!("exit status {}: {err}", ran.status)),
            ..GuestRan::default()
        }))
    }

    async fn ping_from_guest(&self, lab: &Lab, vm: &str, target: IpAddr, size: u16) -> Result<Pinged, LabError> {
        let nic = format!("/sys/class/net/{}", self.params.guest);
        let state = format!(
            "cat {nic}/carrier {nic}/statistics/tx_packets {nic}/statistics/rx_packets 2>&1 | tr '\\n' ' '; echo"
        );
        let every = Duration::from_millis(EVERY_MS).as_secs_f64();
        let line = format!("{state}; ping -c {PINGS} -i {every} -W {WAIT_S} -s {size} {target} 2>&1; {state}");
        let ran = self.in_guest(lab, vm, &line).await?;
        let mut pinged = Pinged::read(&ran.output);
        if let Some(failed) = ran.failed {
            pinged.trouble = Some(format!("{vm}: {failed}"));
        }
        Ok(pinged)
    }

    /// The same where the guest is an endpoint: its own NIC's wire tells what it sends and gets.
    async fn ping_from_endpoint(&self, lab: &Lab, target: IpAddr) -> Result<Pinged, LabError> {
        let nic = format!("/sys/class/net/{}", self.params.guest);
        let state = format!("cat {nic}/carrier {nic}/statistics/tx_packets {nic}/statistics/rx_packets | tr '\\n' ' '");
        let before = lab.run(&self.spec.from, &state, CONSOLE).await?;
        let pace = Pace { count: PINGS, interval: Duration::from_millis(EVERY_MS), wait: Duration::from_secs(WAIT_S) };
        let sent = echo::send(lab, &self.spec.from, target, pace).await?;
        let after = lab.run(&self.spec.from, &state, CONSOLE).await?;
        let mut pinged = Pinged::read(&format!("{}\n{}\n", before.stdout, after.stdout));
        pinged.answered = sent.answers.len() as u64;
        Ok(pinged)
    }

    /// What the switch saw at the host's port, and from others for the guest; of the guest's own echoes, by their size where it has one,
    /// how many were answered.
    fn wire(
        &self,
        lab: &Lab,
        host: &str,
        size: Option<u16>,
        (from, to): (&Moment, &Moment),
    ) -> Result<OnWire, LabError> {
        let network = &self.params.network;
        let nics = &wires::endpoint(lab.scenario(), host)?.nics;
        let nic = nics.iter().find(|nic| nic.network == *network);
        let port = nic.map(|nic| port_name(host, &nic.interface)).unwrap_or_default();
        let records = wires::records(lab, network, from, to)?;
        let frames = wires::seen(&records);
        let mut wire = OnWire::default();
        let mut echoes = Vec::new();
        for seen in &frames {
            let Some(frame) = Frame::parse(seen.bytes) else { continue };
            if seen.port == port && frame.source == Mac(self.mac) {
                wire.sent += 1;
            } else if seen.port != port && frame.destination == Mac(self.mac) {
                wire.back += 1;
            }
            if let Transport::Icmp { body, .. } = frame.transport
                && size.is_none_or(|size| body.len() == usize::from(size) + ECHO_HEAD)
            {
                echoes.push(*seen);
            }
        }
        let answered = crate::wire::echo::echoes(&echoes);
        let answered = answered.iter().filter(|echo| echo.port == port && echo.answered_ns.is_some());
        wire.answered = answered.clone().count() as u64;
        wire.first_ns = answered.map(|echo| echo.asked_ns).min();
        let counted = |moment| wires::counted(network, WATCH, moment);
        let counted = counted(to).saturating_sub(counted(from));
        wires::agree(|| format!("frames of the guest at `{port}`"), counted, wire.sent, to)?;
        Ok(wire)
    }
}

/// A line that waits for a NIC that may just have been put in, until it has its address; not longer than a user would. What the
/// guest knows of its neighbours is forgotten: while it waits for one that did not answer before, it sends nothing.
fn wait_for(interface: &str) -> String {
    format!(
        "ip neigh flush dev {interface} 2>/dev/null; \
         n=0; until ip -4 address show dev {interface} 2>/dev/null | grep -q inet || [ $n -ge 20 ]; do n=$((n+1)); sleep 0.1; done"
    )
}

/// What passed the wire.
#[derive(Debug, Default)]
struct OnWire {
    sent: u64,
    back: u64,
    answered: u64,
    first_ns: Option<u64>,
}

/// A ping in the guest's words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pinged {
    carrier: Option<bool>,
    sent: u64,
    got: u64,
    answered: u64,
    trouble: Option<String>,
}

impl Pinged {
    /// Reads what the guest printed: its NIC's state, ping's words, its state again.
    fn read(text: &str) -> Self {
        let states: Vec<[u64; 3]> = text.lines().filter_map(state).collect();
        let answered = text.lines().find_map(|line| {
            let (before, _) = line.split_once(" packets received")?;
            before.rsplit(' ').next()?.parse().ok()
        });
        match states.as_slice() {
            [[_, sent, got], .., [carrier, sent_after, got_after]] => Pinged {
                carrier: Some(*carrier == 1),
                sent: sent_after.saturating_sub(*sent),
                got: got_after.saturating_sub(*got),
                answered: answered.unwrap_or(0),
                trouble: None,
            },
            _ => Pinged { trouble: Some("the guest does not tell its NIC's state".to_owned()), ..Pinged::default() },
        }
    }
}

/// Carrier, frames sent, frames got.
fn state(line: &str) -> Option<[u64; 3]> {
    let numbers: Option<Vec<u64>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Where the hypervisor stands in the guest's queue, in QEMU's answer.
fn queue_index(answer: &str) -> Option<u16> {
    let answer: serde_json::Value = answer.lines().find_map(|line| serde_json::from_str(line).ok())?;
    u16::try_from(answer["return"]["last-avail-idx"].as_u64()?).ok()
}

impl Path {
    /// The metrics, and a line that tells the hops.
    pub fn sample(&self) -> Sample {
        let mut sample = Sample::default();
        let counts = &self.counts;
        let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("ok", flag(counts.answered > 0));
        if let Some(carrier) = counts.carrier {
            read("carrier", flag(carrier));
        }
        if let Some(edge) = counts.edge_sent {
            read("edge_sent", edge as f64);
        }
        for (name, value) in [
            ("guest_sent", counts.guest_sent),
            ("tap_sent", counts.tap_sent),
            ("uplink_sent", counts.uplink_sent),
            ("lan_sent", counts.lan_sent),
            ("lan_back", counts.lan_back),
            ("uplink_back", counts.uplink_back),
            ("tap_back", counts.tap_back),
            ("guest_got", counts.guest_got),
            ("answered", counts.answered),
        ] {
            read(name, value as f64);
        }
        read("stops_at", f64::from(counts.stops_at() as u8));
        sample.remarks.push(self.tell(""));
        sample.remarks.extend(self.trouble.iter().map(|why| Phrase::new("remark-hop-trouble").with("why", why)));
        sample
    }

    /// The hops on one line; `case` is what was done before, if anything.
    pub fn tell(&self, case: &str) -> Phrase {
        let counts = &self.counts;
        let edge = counts.edge_sent.map_or("—".to_owned(), |edge| edge.to_string());
        let forth = [
            counts.guest_sent.to_string(),
            edge,
            counts.tap_sent.to_string(),
            counts.uplink_sent.to_string(),
            counts.lan_sent.to_string(),
        ];
        let back =
            [counts.lan_back, counts.uplink_back, counts.tap_back, counts.guest_got].map(|count| count.to_string());
        Phrase::new("remark-hops")
            .with("case", if case.is_empty() { "no" } else { case })
            .with("forth", forth.join(" → "))
            .with("back", back.join(" → "))
            .with("answered", counts.answered)
            .with("hop", counts.stops_at().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guests_words_are_read() {
        let text = "1 10 20 \nPING 192.168.1.1 (192.168.1.1): 300 data bytes\n\
                    3 packets transmitted, 2 packets received, 33% packet loss\n1 14 23 \n";
        let wanted = Pinged { carrier: Some(true), sent: 4, got: 3, answered: 2, trouble: None };
        assert_eq!(Pinged::read(text), wanted);
        assert!(Pinged::read("cat: can't open '/sys/class/net/eth1/carrier'\n").trouble.is_some());
        assert_eq!(Pinged::read("0 5 5\n0 5 5\n").carrier, Some(false));
    }

    #[test]
    fn the_queues_place_is_read_or_not_known() {
        let answer = r#"{"return": {"queue-index": 1, "last-avail-idx": 65535, "inuse": 0}}"#;
        assert_eq!(queue_index(answer), Some(65535));
        assert_eq!(queue_index(r#"{"error": {"class": "CommandNotFound"}}"#), None);
        assert_eq!(queue_index("qmp: cent7 does not run"), None);
    }
}
