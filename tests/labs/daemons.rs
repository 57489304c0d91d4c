//! Daemons as distributions ship them, on the native backend: they change their user, filter packets and translate addresses.

use std::path::Path;

use crate::person::Person;
use crate::project::{Project, said};
use crate::user::{On, Run};

/// What each probe must find; see `daemons/scenarios/daemons/real/scenario.toml`.
const PROBES: [&str; 8] = [
    "untranslated",
    "ssh-key",
    "ssh-password",
    "named-answers",
    "named-user",
    "masquerade-nft",
    "masquerade-iptables-nft",
    "masquerade-iptables-legacy",
];

fn all_work(run: &Run) {
    for probe in PROBES {
        assert_eq!(run.median("daemons/real", "omitted", &format!("{probe}.ok")), 1.0, "{probe}: {}", run.said);
    }
}

#[test]
fn real_daemons_work_for_root_and_for_an_ordinary_user() {
    let root = Project::new();
    let all = root.path().join("all.tar");
    root.take_base();
    root.borrow(Path::new("tests/labs/daemons"), &["containers", "scenarios"]);
    root.images(On::Native, &["build"]);
    root.images(On::Native, &["save", all.to_str().unwrap()]);
    all_work(&Run::by(root.saiten(On::Native), tempfile::tempdir().unwrap(), &["daemons/real"]));

    let person = Person::new();
    person.project.borrow(Path::new("tests/labs/daemons"), &["containers", "scenarios"]);
    let handed = person.project.path().join("all.tar");
    std::fs::rename(&all, &handed).unwrap();
    person.hand(&handed);
    said(person.saiten("").args(["images", "load"]).arg(&handed));
    all_work(&Run::by(person.saiten(""), person.desk(), &["daemons/real"]));
}
