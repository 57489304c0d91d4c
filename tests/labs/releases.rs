//! Releases of Debian on trial: all images of a lab are made of one, with the programs that it has.

use serde_json::Value;

use crate::user::{Labs, On, on_native, saiten, text};
use crate::verify::answer;

on_native!(a_release_is_on_trial_with_all_images, a_release_has_its_own_programs_where_the_course_takes_newer_ones,);

/// The course's own images, all of them on trial; of the release that they are made of anyway, nothing has to be built.
fn a_release_is_on_trial_with_all_images(on: On) {
    let dir = Labs::new(on);
    let out = dir.path().join("report");
    let mut command = saiten(on, dir.path());
    command.args(["verify", "dns/no-internet", "--matrix", "debian=bookworm", "--out"]).arg(&out);
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done));
    let results = std::fs::read(out.join("results.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    let fitness = &results["scenarios"][0]["fitness"];
    assert_eq!((&fitness["fitness"], &fitness["subjects"][0]["named"]), (&"fit".into(), &"debian bookworm".into()));
    let page = std::fs::read_to_string(out.join("verify.html")).unwrap();
    assert!(page.contains("debian bookworm") && page.contains("dns/no-internet"), "{page}");
    // What a comparison of releases begins with is in the evidence.
    let arm = std::fs::read(out.join("evidence/dns/no-internet/omitted/arm.json")).unwrap();
    let arm: Value = serde_json::from_slice(&arm).unwrap();
    assert!(arm["packages"]["server"]["bind9"].is_string(), "{}", arm["packages"]);
}

/// The course takes a newer strongSwan than its base has, since older ones cannot tell the truth about NAT while they do ESP themselves.
fn a_release_has_its_own_programs_where_the_course_takes_newer_ones(on: On) {
    let dir = Labs::new(on);
    let out = dir.path().join("report");
    let mut command = saiten(on, dir.path());
    command.args(["verify", "nat-t/detection", "--matrix", "debian=bookworm", "--out"]).arg(&out);
    let done = command.output().unwrap();
    let arm = std::fs::read(out.join("evidence/nat-t/detection/omitted/arm.json")).unwrap();
    let arm: Value = serde_json::from_slice(&arm).unwrap();
    let version = arm["packages"]["a"]["charon-systemd"].as_str().unwrap();
    assert!(version.starts_with("5.9."), "{version}");
    let (fitness, reasons, _) = answer(&out);
    // Where the kernel does ESP, it makes no difference.
    if arm["effective"]["a"]["before"].as_str().unwrap().starts_with("kernel") {
        assert_eq!((done.status.code(), fitness.as_str()), (Some(0), "fit"), "{}", text(&done));
        return;
    }
    assert_eq!((done.status.code(), fitness.as_str()), (Some(1), "not_fit"), "{}", text(&done));
    assert!(reasons.len() == 1 && reasons[0].contains("attempt.source_hash_inside is no"), "{reasons:#?}");
}
