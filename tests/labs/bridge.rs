//! The bridging chapter: a guest whose frames stop somewhere, told from counts alone, and cured by the course's two commands.

use crate::user::{On, Run, on_each_backend, on_native, variant};

on_each_backend!(
    an_attachment_is_stale_although_all_settings_are_right_until_it_is_made_anew,
    a_bridge_without_its_port_is_told_without_a_virtual_machine,
);

// Eleven faults take a minute of a virtual machine, and each submission another one: once is enough.
on_native!(the_counts_alone_name_the_place_of_each_fault, a_guest_that_does_not_boot_is_told_with_its_last_words,);

const STALE: &str = "bridge/stale-attachment";
const FAULTS: &str = "bridge/where-frames-stop";
const CONTAINER: &str = "bridge/container";

fn an_attachment_is_stale_although_all_settings_are_right_until_it_is_made_anew(on: On) {
    // One of the good and two of the bad: each has a virtual machine, whose processor is emulated. By hand: `saiten prove`.
    let run = Run::proven(on, &[STALE], "an");
    assert_eq!(run.status, 0, "{}", run.said);
    let read = |arm: &str, metric: &str| run.median(STALE, arm, &format!("path.{metric}"));
    // The guest sends, its NIC has a cable, the hypervisor takes the frames; nothing comes out, and no setting tells.
    assert_eq!([read("omitted", "carrier"), read("omitted", "tap_sent"), read("omitted", "lan_sent")], [1.0, 0.0, 0.0]);
    assert!(read("omitted", "guest_sent") >= 1.0 && read("omitted", "edge_sent") >= 1.0);
    let hops = ["guest_sent", "edge_sent", "tap_sent", "uplink_sent", "lan_sent"];
    let counts = hops.map(|hop| read("applied", hop));
    assert!(counts.iter().all(|count| *count >= 3.0 && *count == counts[0]), "{counts:?}");
    assert_eq!(read("applied", "answered"), 3.0);
}

fn a_bridge_without_its_port_is_told_without_a_virtual_machine(on: On) {
    let run = Run::of(on, &[CONTAINER]);
    assert_eq!(run.status, 0, "{}", run.said);
    assert_eq!(run.median(CONTAINER, "omitted", "path.stops_at"), 4.0);
    assert!(run.median(CONTAINER, "omitted", "path.tap_sent") >= 1.0);
}

fn the_counts_alone_name_the_place_of_each_fault(on: On) {
    let run = Run::of(on, &[FAULTS]);
    assert_eq!(run.status, 0, "{}", run.said);
    for (metric, omitted, applied) in
        [("cases", 11.0, 11.0), ("named", 11.0, 11.0), ("cured", 0.0, 11.0), ("restored", 11.0, 11.0)]
    {
        assert_eq!(run.median(FAULTS, "omitted", &format!("faults.{metric}")), omitted, "{metric}");
        assert_eq!(run.median(FAULTS, "applied", &format!("faults.{metric}")), applied, "{metric}");
    }
}

fn a_guest_that_does_not_boot_is_told_with_its_last_words(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let start = "start = \"systemctl start vm@cent7\"";
    let broken = "start = \": > /usr/lib/saiten/vm/initrd; systemctl start vm@cent7\"";
    let path = variant(dir.path(), STALE, "rootless", &[(start, broken)]);
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 3, "{}", run.said);
    let error = run.scenario("variants/rootless")["arms"][0]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("`host`") && error.contains("panic+"), "{error}");
}
