//! Kind `throughput`: TCP streams between two endpoints, moved by iperf3 and weighed on the wire, with echoes through the same path.

mod iperf;
mod link;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;

use super::echo::{self, Pace, Sent};
use super::{Kind, Load, OwnWires, Probe, params, wires};
use crate::helper::message::{Ran, RunSpec};
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::topology::Lab;
use crate::measure::{MetricSpec, Sample, Series, Unit};
use crate::scenario;
use crate::scenario::catalog::KindInfo;
use crate::wire::goodput::{Delivered, delivered};
use crate::wording::Phrase;

/// The kind.
pub static KIND: Kind = Kind {
    info: KindInfo {
        name: "throughput",
        metrics: &[
            MetricSpec::flag("ok", "whether the transfer took place"),
            MetricSpec::rate("goodput", "bytes that arrived at the measured endpoint, none twice, on its wire"),
            MetricSpec::rate("iperf", "the same in iperf3's words"),
            MetricSpec::count("flows", "connections that carried data, iperf3's own control connection included"),
            MetricSpec::count("retransmits", "segments that the sender's TCP sent again"),
            MetricSpec::seconds("rtt", "median round-trip time of echoes by the same way, during the transfer"),
            MetricSpec::count("echoes_lost", "of those, without an answer"),
            MetricSpec::count("carried_by_tcp", "TCP frames to and from the path's far end"),
            MetricSpec::count("carried_by_udp", "UDP frames to and from it"),
            MetricSpec::seconds("path_rtt", "shortest round-trip time to the path's far end before the transfer"),
            MetricSpec::rate(
                "path_rate",
                "what the busiest wire of the path's network delivered, preamble and gap included",
            ),
            MetricSpec::count("path_frames", "frames that the path's wires were given"),
            MetricSpec::count("path_lost", "those that were lost by chance"),
        ],
        check_params: |table| params::<Params>(table)?.check(),
        outer_params: &[],
        endpoint_params: &[],
    },
    bind: |probe| {
        let params: Params = params(&probe.with)?;
        params.check()?;
        Ok(Box::new(Throughput { params, spec: probe.clone() }))
    },
    watches: |probe, scenario| {
        let path = params::<Params>(&probe.with).ok().and_then(|params| params.path);
        path.map(|path| link::watches(scenario, path)).unwrap_or_default()
    },
    load: Load::Bulk,
    own_wires: OwnWires::All,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Address of the measured endpoint by which it is reached; its first by default.
    address: Option<IpAddr>,
    /// Streams at once.
    #[serde(default = "default_flows")]
    flows: u32,
    /// How long they last.
    #[serde(default = "default_seconds")]
    seconds: u32,
    /// Congestion control of the streams (tcp(7)); the endpoint's own by default.
    congestion: Option<String>,
    /// Address of the far end of whatever carries them, such as the VPN gateway: its network's links are compared with what the
    /// scenario asks for.
    path: Option<IpAddr>,
}

fn default_flows() -> u32 {
    4
}

fn default_seconds() -> u32 {
    6
}

impl Params {
    fn check(&self) -> Result<(), String> {
        if !(1..=32).contains(&self.flows) {
            return Err("`flows` is a number from 1 to 32".to_owned());
        }
        if !(1..=60).contains(&self.seconds) {
            return Err("`seconds` is a number from 1 to 60".to_owned());
        }
        let named = self.congestion.as_deref().unwrap_or("cubic");
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if named.is_empty() || !named.bytes().all(is_word) {
            return Err("`congestion` is a name such as cubic, reno or bbr".to_owned());
        }
        Ok(())
    }
}

/// How long iperf3's server may take until it listens, a slow tunnel's first round trips included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long iperf3 may take beyond its transfer: its last words go the same slow way.
const AFTERWARDS: Duration = Duration::from_secs(20);
/// Between two tries to connect.
const AGAIN: Duration = Duration::from_millis(50);
/// iperf3's own port, and how many above it are used in turn: a server that a dead tunnel left behind must not answer the next.
const PORTS: (u16, usize) = (5201, 500);
/// Between two echoes during the transfer.
const ECHO: Duration = Duration::from_millis(100);
/// How long the last of them is waited for; those in a queue longer than that are few of many.
const LAST: Duration = Duration::from_secs(1);
/// Most bytes of iperf3's report.
const REPORT_MOST: usize = 1 << 20;
/// A step of the series in the evidence.
const STEP: Duration = Duration::from_millis(250);

struct Throughput {
    params: Params,
    spec: scenario::Probe,
}

#[async_trait(?Send)]
impl Probe for Throughput {
    async fn prepare(&self, _lab: &Lab) -> Result<(), LabError> {
        Ok(())
    }

    async fn take(&self, lab: &Lab, _limit: Duration) -> Result<Sample, LabError> {
        let mut sample = Sample::default();
        let idle = match self.params.path {
            Some(path) => Some(link::idle(lab, &self.spec.from, path).await?),
            None => None,
        };
        let turn = lab.turn("throughput") % PORTS.1;
        let server = SocketAddr::new(self.server(lab)?, PORTS.0 + turn as u16);
        let begin = lab.sync().await?;
        let (served, ran, echoes) = tokio::join!(
            lab.line(&self.spec.to)?.run(self.listen(server)),
            self.transfer(lab, server),
            echo::send(lab, &self.spec.from, server.ip(), self.pace()),
        );
        let (ran, echoes) = (ran?, echoes?);
        let end = lab.sync().await?;
        let mut inner = None;
        match iperf::read(&ran.stdout) {
            Ok(report) => {
                report.add_to(&mut sample);
                inner = report.congestion().map(str::to_owned);
            }
            // Not every kernel has every algorithm, and no endpoint may load one.
            Err(why) if why.contains("ongestion") => {
                let lacking = format!("congestion control {}: {}", self.inner(), crate::clean::one_line(&why, 200));
                let names = KIND.info.metrics.iter().map(|metric| metric.name.to_owned());
                sample.lacking.extend(names.map(|name| (name, lacking.clone())));
                return Ok(sample);
            }
            Err(why) => {
                let server = served.map(|ran| iperf::read(&ran.stdout).err().unwrap_or_default()).unwrap_or_default();
                let said = crate::clean::one_line(&format!("{why} {server} {}", ran.stderr), 300);
                sample.failed =
                    Some(format!("iperf3 {} → {server_at}: {said}", self.spec.from, server_at = self.spec.to));
            }
        }
        let arrived = self.arrived(lab, server, &begin, &end)?;
        self.weigh(&arrived, &echoes, &mut sample);
        sample.readings.insert("ok".to_owned(), if sample.failed.is_none() { 1.0 } else { 0.0 });
        let outer = match self.params.path {
            Some(path) => link::congestion(lab, &self.spec.from, path).await?,
            None => None,
        };
        self.tell(inner.as_deref(), outer.as_deref(), &mut sample);
        if let (Some(path), Some(idle)) = (self.params.path, idle) {
            let took = Duration::from_nanos(ran.took_ns);
            link::compare(lab, path, &idle, (&begin, &end), took, &mut sample)?;
        }
        Ok(sample)
    }
}

impl Throughput {
    fn server(&self, lab: &Lab) -> Result<IpAddr, LabError> {
        let to = wires::endpoint(lab.scenario(), &self.spec.to)?;
        let own = to.nics.iter().flat_map(|nic| &nic.addresses).next().copied();
        let address = self.params.address.or(own);
        address.ok_or_else(|| LabError::backend(format!("endpoint `{}`", self.spec.to), "has no address"))
    }

    fn inner(&self) -> &str {
        self.params.congestion.as_deref().unwrap_or("default")
    }

    fn length(&self) -> Duration {
        Duration::from_secs(u64::from(self.params.seconds))
    }

    fn pace(&self) -> Pace {
        let count = self.length().as_millis() / ECHO.as_millis();
        Pace { count: u16::try_from(count).unwrap_or(u16::MAX), interval: ECHO, wait: LAST }
    }

    fn listen(&self, server: SocketAddr) -> RunSpec {
        let words =
            ["iperf3", "--server", "--one-off", "--json", "--port", &server.port().to_string()].map(str::to_owned);
        RunSpec { output_most: REPORT_MOST, ..RunSpec::command(words.into(), CONNECT + self.length() + AFTERWARDS) }
    }

    /// The transfer; tried again while the server does not listen yet.
    async fn transfer(&self, lab: &Lab, server: SocketAddr) -> Result<Ran, LabError> {
        let mut words =
            ["iperf3", "--json", "--connect-timeout", "3000", "--interval", "0.5"].map(str::to_owned).to_vec();
        let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
        add("--client", server.ip().to_string());
        add("--port", server.port().to_string());
        add("--parallel", self.params.flows.to_string());
        add("--time", self.params.seconds.to_string());
        if let Some(congestion) = &self.params.congestion {
            add("--congestion", congestion.clone());
        }
        let spec = RunSpec { output_most: REPORT_MOST, ..RunSpec::command(words, self.length() + AFTERWARDS) };
        let clock = Instant::now();
        loop {
            let ran = lab.line(&self.spec.from)?.run(spec.clone()).await?;
            let unheard = iperf::read(&ran.stdout).is_err_and(|why| why.contains("unable to connect"));
            if !unheard || clock.elapsed() > CONNECT {
                return Ok(ran);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// What came to the measured endpoint, on the network that it has the address on.
    fn arrived(&self, lab: &Lab, server: SocketAddr, begin: &Moment, end: &Moment) -> Result<Delivered, LabError> {
        let to = wires::endpoint(lab.scenario(), &self.spec.to)?;
        let nic = to.nics.iter().find(|nic| nic.addresses.contains(&server.ip()));
        let Some(nic) = nic else { return Ok(Delivered::default()) };
        let records = wires::records(lab, &nic.network, begin, end)?;
        Ok(delivered(&wires::seen(&records), server))
    }

    /// The transfer in a sentence.
    fn tell(&self, inner: Option<&str>, outer: Option<&str>, sample: &mut Sample) {
        let read = |name: &str| sample.readings.get(name).copied();
        let rtt = read("rtt").map_or("—".to_owned(), |rtt| Unit::Seconds.show(rtt));
        let phrase = Phrase::new(if outer.is_some() { "remark-transfer-in-tcp" } else { "remark-transfer" })
            .with("flows", self.params.flows)
            .with("inner", inner.unwrap_or("—"))
            .with("outer", outer.unwrap_or("—"))
            .with("goodput", Unit::BitsPerSecond.show(read("goodput").unwrap_or(0.0)))
            .with("rtt", rtt)
            .with("retransmits", read("retransmits").unwrap_or(0.0));
        sample.remarks.push(phrase);
    }

    fn weigh(&self, arrived: &Delivered, echoes: &Sent, sample: &mut Sample) {
        let length_ns = u64::try_from(self.length().as_nanos()).unwrap_or(u64::MAX);
        let begin = arrived.begin_ns().unwrap_or(0);
        let bytes = arrived.bytes(begin, begin.saturating_add(length_ns));
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("goodput", bytes as f64 * 8.0 / self.length().as_secs_f64());
        read("flows", arrived.flows as f64);
        read("echoes_lost", f64::from(echoes.sent) - echoes.answers.len() as f64);
        if let Some(median) = echoes.median() {
            read("rtt", median);
        }
        let step_ns = STEP.as_nanos() as u64;
        let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
        let steps = (0..length_ns / step_ns).map(|step| {
            let bytes = arrived.bytes(begin + step * step_ns, begin + (step + 1) * step_ns);
            vec![seconds(step * step_ns), bytes as f64 * 8.0 / STEP.as_secs_f64()]
        });
        let columns = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        sample.series.push(Series {
            name: "goodput".to_owned(),
            columns: columns(["time_s", "goodput_bit_per_s"]),
            rows: steps.collect(),
        });
        let mut rows: Vec<Vec<f64>> =
            echoes.answers.iter().map(|(_, sent_ns, rtt)| vec![seconds(sent_ns.saturating_sub(begin)), *rtt]).collect();
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        sample.series.push(Series { name: "rtt".to_owned(), columns: columns(["time_s", "rtt_s"]), rows });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_bounded() {
        let check = |text: &str| params::<Params>(&text.parse().unwrap()).and_then(|params| params.check());
        assert_eq!(check("flows = 4\nseconds = 6\ncongestion = 'cubic'\npath = '198.51.100.10'"), Ok(()));
        for (bad, named) in
            [("flows = 0", "`flows`"), ("seconds = 61", "`seconds`"), ("congestion = 'a b'", "`congestion`")]
        {
            assert!(check(bad).unwrap_err().contains(named), "{bad}");
        }
    }
}
