//! The NAT-T chapter: who gets through a NAT with ESP and with UDP around it, how a NAT is found, what keeps it awake, and why not TCP.

use crate::user::{On, Run, on_each_backend, on_native, variant};

on_each_backend!(the_first_client_wins_until_esp_has_ports);

// The engine has no part in these, and a minute of transfers that nothing may run beside is enough once.
on_native!(a_tunnel_that_never_comes_up_is_told_in_everybodys_words, tcp_over_tcp_shares_one_window_and_udp_does_not,);

/// Known submissions by what is in their names: dozens, good and bad, whose labs mostly wait.
const ALL: &str = "";
const TWO: &str = "nat-t/two-clients";
const DETECTION: &str = "nat-t/detection";
const KEEPALIVE: &str = "nat-t/keepalive";
const TCP: &str = "nat-t/tcp-over-tcp";

fn the_first_client_wins_until_esp_has_ports(on: On) {
    let run = Run::proven(on, &[TWO, DETECTION, KEEPALIVE], ALL);
    assert_eq!(run.status, 0, "{}", run.said);
    let read = |id: &str, arm: &str, metric: &str| run.median(id, arm, metric);
    let round = |arm: &str, metric: &str| read(TWO, arm, &format!("round.{metric}"));
    // In each round, whoever is first: the samples, and not only their median.
    assert_eq!(samples(&run, TWO, "omitted", "round.first_replies"), [5.0, 5.0]);
    assert_eq!(samples(&run, TWO, "omitted", "round.second_replies"), [0.0, 0.0]);
    assert_eq!(samples(&run, TWO, "omitted", "round.insert_failed"), samples(&run, TWO, "omitted", "round.second_esp"));
    for (metric, omitted, applied) in [
        ("working", 1.0, 2.0),
        ("reached", 1.0, 2.0),
        ("esp_in_udp", 0.0, f64::NAN),
        ("sent_to_4500", 0.0, f64::NAN),
        ("sas", 2.0, 2.0),
        ("second_bytes_in", 0.0, f64::NAN),
        ("nat_ports", 0.0, 2.0),
        ("clear", 0.0, 0.0),
    ] {
        assert_eq!(round("omitted", metric), omitted, "{metric}");
        assert!(applied.is_nan() || round("applied", metric) == applied, "{metric}");
    }
    assert!(round("omitted", "misdelivered") >= 1.0 && round("omitted", "esp") >= 10.0);
    assert_eq!(
        [round("applied", "esp"), round("applied", "insert_failed"), round("applied", "misdelivered")],
        [0.0; 3]
    );

    // The NAT is found in both arms: the hashes fit where they were made, and no longer behind it.
    for arm in ["omitted", "applied"] {
        let hashes = ["source_hash_inside", "source_hash_outside", "destination_hash_outside"];
        let seen = hashes.map(|hash| read(DETECTION, arm, &format!("attempt.{hash}")));
        assert_eq!(seen, [1.0, 0.0, 1.0], "{arm}");
        assert!(read(DETECTION, arm, "attempt.sent_to_4500") >= 2.0);
    }
    assert!(read(DETECTION, "omitted", "attempt.retransmissions") >= 4.0);
    assert_eq!(read(DETECTION, "omitted", "attempt.passed_to_4500"), 0.0);
    assert!(read(DETECTION, "omitted", "attempt.gave_up") > 5.0);
    assert_eq!(read(DETECTION, "applied", "attempt.encapsulated"), 2.0);

    for arm in ["omitted", "applied"] {
        assert_eq!(read(KEEPALIVE, arm, "rest.reached"), 2.0, "{arm}");
    }
    assert_eq!(read(KEEPALIVE, "omitted", "rest.reached_after_idle"), 0.0);
    assert_eq!(read(KEEPALIVE, "applied", "rest.reached_after_idle"), 2.0);
}

fn samples(run: &Run, id: &str, arm: &str, metric: &str) -> Vec<f64> {
    let found = run.measurements(id, arm).find(|entry| entry["metric"] == metric);
    let found = found.unwrap_or_else(|| panic!("no {metric} in {id} {arm}"));
    found["samples"].as_array().unwrap().iter().map(|sample| sample.as_f64().unwrap()).collect()
}

fn tcp_over_tcp_shares_one_window_and_udp_does_not(on: On) {
    let run = Run::of(on, &[TCP]);
    assert_eq!(run.status, 0, "{}", run.said);
    // What the links were asked for is what they were.
    for (probe, network) in [("four", "lossy"), ("no-loss", "clean")] {
        let lost = run.median(TCP, "applied", &format!("{probe}.path_lost"));
        assert_eq!(lost > 0.0, network == "lossy", "{probe}: {lost}");
        assert!(run.median(TCP, "applied", &format!("{probe}.path_rtt")) >= 0.04, "{probe}");
    }
    // One connection alone is reported, and no check reads it.
    assert!(run.median(TCP, "omitted", "single.goodput") > 0.0);
    let series = run.out().join("evidence").join(TCP).join("applied/series");
    for file in ["four-1-goodput.csv", "four-1-rtt.csv", "four-1-sender.csv", "bbr-1-goodput.csv"] {
        let text = std::fs::read_to_string(series.join(file)).unwrap();
        assert!(text.starts_with("time_s,") && text.lines().count() > 5, "{file}: {text}");
    }
}

fn a_tunnel_that_never_comes_up_is_told_in_everybodys_words(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let secret = "\t\tid = gateway.example.com\n\t\tsecret = \"lab-psk-a\"";
    let wrong = "\t\tid = gateway.example.com\n\t\tsecret = \"something-else\"";
    let path = variant(dir.path(), DETECTION, "wrong-secret", &[(secret, wrong)]);
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 1, "{}", run.said);
    assert_eq!(run.verdict("variants/wrong-secret", "tunnels-carry-traffic", "applied"), "fail");
    // Both ends' last words, and the last that passed on each side of the router.
    let told = run.said.lines().find(|line| line.contains("[applied]") && line.contains("a has no tunnel"));
    let told = told.unwrap_or_else(|| panic!("{}", run.said));
    for word in
        ["AUTH", "last IKE before the NAT: IKE_AUTH response", "behind it: IKE_AUTH", "a logs:", "gateway logs:"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
}
