//! Speed of the DNS chapter on both backends, in one run: all its scenarios, a cell of the suffix matrix, all known submissions.
//! Prints a table, asserts nothing. A backend that does not work here is left out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

const SCENARIOS: [&str; 5] =
    ["dns/upstream-queries", "dns/other-servers", "dns/no-internet", "dns/suffix", "dns/after-the-fix"];

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut walls = Vec::new();
    for backend in ["native", "docker"] {
        // The images are there before anything is timed.
        if saiten(backend, dir.path(), &["images", "build"]).is_none() {
            row(&format!("{backend}: does not work here"), "", "");
            continue;
        }
        let out = dir.path().join(backend);
        let mut words = vec!["run"];
        words.extend(SCENARIOS);
        let Some(wall) = saiten(backend, dir.path(), &[&words[..], &["--out", &out.to_string_lossy()]].concat()) else {
            row(&format!("{backend}: a run did not pass"), "", "");
            continue;
        };
        walls.push(wall);
        row(&format!("all DNS scenarios, pair: {backend}"), &format!("{wall:.1} s"), "goal 30 s");
        let cell = matrix_cell(&out);
        row(&format!("a cell of the suffix matrix: {backend}"), &format!("{:.0} ms", cell * 1e3), "goal 500 ms");
        let proof = dir.path().join(format!("{backend}-proof"));
        let words = ["prove", SCENARIOS[0], "--out", &proof.to_string_lossy()];
        if let Some(wall) = saiten(backend, dir.path(), &words) {
            let count = submissions(&proof);
            let note = format!("{count} submissions, {:.0} a minute", count as f64 / wall * 60.0);
            row(&format!("all known submissions of {}: {backend}", SCENARIOS[0]), &format!("{wall:.1} s"), &note);
        }
    }
    if let [native, docker] = walls[..] {
        row("all DNS scenarios: docker against native", &format!("{:.1} ×", docker / native), "");
    }
}

/// Runs Saiten; seconds, if it ended well.
fn saiten(backend: &str, dir: &Path, arguments: &[&str]) -> Option<f64> {
    let begin = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    command.current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR"))).args(arguments);
    command.env("XDG_RUNTIME_DIR", dir).env("SAITEN_BACKEND", backend).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().expect("saiten");
    status.success().then(|| begin.elapsed().as_secs_f64())
}

fn results(out: &Path) -> Value {
    let bytes = std::fs::read(out.join("results.json")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Seconds that an arm of the suffix scenario measures, for each of its lookups.
fn matrix_cell(out: &Path) -> f64 {
    let results = results(out);
    let scenarios = results["scenarios"].as_array().cloned().unwrap_or_default();
    let suffix = scenarios.iter().find(|scenario| scenario["id"] == "dns/suffix").cloned().unwrap_or_default();
    let arm = &suffix["arms"][0];
    let lookups = arm["ladders"].as_array().map_or(0, Vec::len);
    arm["phases"]["measure"].as_f64().unwrap_or(f64::NAN) / lookups.max(1) as f64
}

fn submissions(out: &Path) -> usize {
    let results = results(out);
    let arms = results["scenarios"][0]["arms"].as_array().cloned().unwrap_or_default();
    arms.iter().filter(|arm| arm["name"].as_str().is_some_and(|name| name.starts_with("submission:"))).count()
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn row(what: &str, figure: &str, note: &str) {
    println!("{what:<64} {figure:>10}   {note}");
}
