//! What the kinds that send ICMP echoes share: the helper's duty, and the lab's wires as the second witness.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::wires;
use crate::helper::message::{Echo, EchoDone, RunSpec};
use crate::lab::LabError;
use crate::lab::capture::Moment;
use crate::lab::line::random;
use crate::lab::topology::Lab;
use crate::stats;
use crate::wire::echo;

/// Echo requests to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many.
    pub count: u16,
    /// Between two of them.
    pub interval: Duration,
    /// How long the last answer is waited for.
    pub wait: Duration,
}

/// What came of echo requests, in the words of the endpoint that sent them.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// By which the requests are known on the wire.
    pub token: u64,
    /// Requests that left.
    pub sent: u16,
    /// Sequence number, when it was sent (nanoseconds of the lab's clock), and round-trip time in seconds.
    pub answers: Vec<(u16, u64, f64)>,
    /// Why some could not leave.
    pub failed: Option<String>,
}

impl Sent {
    /// Median round-trip time, in seconds.
    pub fn median(&self) -> Option<f64> {
        stats::median(&self.answers.iter().map(|(_, _, time)| *time).collect::<Vec<_>>())
    }

    /// The shortest, in seconds.
    pub fn least(&self) -> Option<f64> {
        self.answers.iter().map(|(_, _, time)| *time).min_by(f64::total_cmp)
    }
}

/// Sends echo requests from an endpoint, by Saiten's own program there.
///
/// # Errors
/// An endpoint that has ended, or whose helper does not answer.
pub async fn send(lab: &Lab, from: &str, to: IpAddr, pace: Pace) -> Result<Sent, LabError> {
    let token = u64::from_be_bytes(random::<8>()?);
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (interval_ms, wait_ms) = (milliseconds(pace.interval), milliseconds(pace.wait));
    let echo = Echo { to, count: pace.count, interval_ms, wait_ms, token };
    let limit = pace.interval * u32::from(pace.count) + pace.wait + Duration::from_secs(5);
    let ran = lab.line(from)?.run(RunSpec::duty("echo", &echo, limit)).await?;
    let Ok(done) = serde_json::from_str::<EchoDone>(&ran.stdout) else {
        let failed = crate::clean::one_line(&format!("exit status {}: {}", ran.status, ran.stderr), 200);
        return Ok(Sent { token, failed: Some(failed), ..Sent::default() });
    };
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
    let answers = done.answers.into_iter().map(|(seq, sent_ns, took_ns)| (seq, sent_ns, seconds(took_ns))).collect();
    Ok(Sent { token, sent: done.sent, answers, failed: done.failed })
}

/// Sequence numbers of the requests with this token that a network saw asked, and of those that it saw answered.
///
/// # Errors
/// A capture that cannot be read.
pub fn witnessed(
    lab: &Lab,
    network: &str,
    token: u64,
    from: &Moment,
    to: &Moment,
) -> Result<(BTreeSet<u16>, BTreeSet<u16>), LabError> {
    let records = wires::records(lab, network, from, to)?;
    let echoes = echo::echoes(&wires::seen(&records));
    let own = || echoes.iter().filter(|echo| echo.token == Some(token));
    let asked = own().map(|echo| echo.seq).collect();
    Ok((asked, own().filter(|echo| echo.answered_ns.is_some()).map(|echo| echo.seq).collect()))
}
