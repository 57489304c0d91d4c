//! Releases of Debian on trial: all images of a lab are made of one, with the programs that it has.

use std::path::PathBuf;

use serde_json::Value;

use crate::user::{Labs, On, on_native, saiten, text};
use crate::verify::answer;

on_native!(a_release_is_on_trial_with_all_images, a_release_has_its_own_programs_where_the_course_takes_newer_ones,);

/// A scenario's verification on Debian 12.
struct Verified {
    /// Holds the report.
    _dir: Labs,
    out: PathBuf,
    status: Option<i32>,
    said: String,
}

impl Verified {
    fn of(on: On, scenario: &str) -> Self {
        let dir = Labs::new(on);
        let out = dir.path().join("report");
        let mut command = saiten(on, dir.path());
        command.args(["verify", scenario, "--matrix", "debian=bookworm", "--out"]).arg(&out);
        let done = command.output().unwrap();
        Verified { _dir: dir, out, status: done.status.code(), said: text(&done) }
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.out.join(file)).unwrap()).unwrap()
    }
}

/// The course's own images, all of them on trial; of the release that they are made of anyway, nothing has to be built.
fn a_release_is_on_trial_with_all_images(on: On) {
    let found = Verified::of(on, "dns/no-internet");
    assert_eq!(found.status, Some(0), "{}", found.said);
    let results = found.json("results.json");
    let fitness = &results["scenarios"][0]["fitness"];
    assert_eq!((&fitness["fitness"], &fitness["subjects"][0]["named"]), (&"fit".into(), &"debian bookworm".into()));
    let page = std::fs::read_to_string(found.out.join("verify.html")).unwrap();
    assert!(page.contains("debian bookworm") && page.contains("dns/no-internet"), "{page}");
    // What a comparison of releases begins with is in the evidence.
    let arm = found.json("evidence/dns/no-internet/omitted/arm.json");
    assert!(arm["packages"]["server"]["bind9"].is_string(), "{}", arm["packages"]);
}

/// The course takes a newer strongSwan than its base has, since older ones cannot tell the truth about NAT while they do ESP themselves.
fn a_release_has_its_own_programs_where_the_course_takes_newer_ones(on: On) {
    let found = Verified::of(on, "nat-t/detection");
    let arm = found.json("evidence/nat-t/detection/omitted/arm.json");
    let version = arm["packages"]["a"]["charon-systemd"].as_str().unwrap();
    assert!(version.starts_with("5.9."), "{version}");
    let (fitness, reasons, _) = answer(&found.out);
    // Where the kernel does ESP, it makes no difference.
    if arm["effective"]["a"]["before"].as_str().unwrap().starts_with("kernel") {
        assert_eq!((found.status, fitness.as_str()), (Some(0), "fit"), "{}", found.said);
        return;
    }
    assert_eq!((found.status, fitness.as_str()), (Some(1), "not_fit"), "{}", found.said);
    assert!(reasons.len() == 1 && reasons[0].contains("attempt.source_hash_inside is no"), "{reasons:#?}");
}
