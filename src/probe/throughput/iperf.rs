//! iperf3's report, as far as it is needed.

use serde::Deserialize;

use crate::measure::{Sample, Series};

/// Rows of a series that are kept: 60 s in halves, and some to spare.
const ROWS_MOST: usize = 200;

/// A client's report (iperf3 --json).
#[derive(Debug, Deserialize, Default)]
pub struct Report {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    intervals: Vec<Interval>,
    #[serde(default)]
    end: End,
}

#[derive(Debug, Deserialize)]
struct Interval {
    sum: Sum,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct End {
    sum_sent: Sum,
    sum_received: Sum,
    sender_tcp_congestion: Option<String>,
}

#[derive(Debug, Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Sum {
    start: f64,
    bits_per_second: f64,
    retransmits: u64,
}

/// Reads a report.
///
/// # Errors
/// What iperf3 says went wrong, or that it is no report.
pub fn read(text: &str) -> Result<Report, String> {
    let report: Report = serde_json::from_str(text).map_err(|err| match text.trim() {
        "" => "no report".to_owned(),
        _ => format!("its report cannot be read: {err}"),
    })?;
    match &report.error {
        Some(error) => Err(error.clone()),
        None => Ok(report),
    }
}

impl Report {
    /// The congestion control that the sender's connections had.
    pub fn congestion(&self) -> Option<&str> {
        self.end.sender_tcp_congestion.as_deref()
    }

    /// Adds its figures to a sample.
    pub fn add_to(&self, sample: &mut Sample) {
        let mut read = |name: &str, value: f64| sample.readings.insert(name.to_owned(), value);
        read("iperf", self.end.sum_received.bits_per_second);
        read("retransmits", self.end.sum_sent.retransmits as f64);
        let rows = self
            .intervals
            .iter()
            .take(ROWS_MOST)
            .map(|Interval { sum }| vec![sum.start, sum.bits_per_second, sum.retransmits as f64]);
        let columns = ["time_s", "sent_bit_per_s", "retransmits"].map(str::to_owned).to_vec();
        sample.series.push(Series { name: "sender".to_owned(), columns, rows: rows.collect() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_and_an_error_is_told() {
        let text = r#"{"start": {}, "intervals": [{"streams": [], "sum": {"start": 0, "end": 0.5, "bits_per_second": 4e6,
            "retransmits": 3, "omitted": false}}], "end": {"sum_sent": {"bits_per_second": 5.1e6, "retransmits": 9},
            "sum_received": {"bits_per_second": 4.9e6}, "sender_tcp_congestion": "cubic"}}"#;
        let mut sample = Sample::default();
        read(text).unwrap().add_to(&mut sample);
        assert_eq!(read(text).unwrap().congestion(), Some("cubic"));
        assert_eq!((sample.readings["iperf"], sample.readings["retransmits"]), (4.9e6, 9.0));
        assert_eq!(sample.series[0].rows, [[0.0, 4e6, 3.0]]);
        let refused =
            r#"{"start":{},"intervals":[],"end":{},"error":"unable to connect to server: Connection refused"}"#;
        assert!(read(refused).unwrap_err().contains("unable to connect"));
        assert_eq!(read("").unwrap_err(), "no report");
        assert!(read("{").unwrap_err().starts_with("its report cannot be read"));
    }
}
