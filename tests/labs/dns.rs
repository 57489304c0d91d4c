//! The DNS chapter: what leaves and what does not, who asks what in which order, and every known submission.

use serde_json::Value;

use crate::user::{On, Run, on_each_backend, on_native, saiten, text, variant};

on_each_backend!(
    what_leaves_is_what_the_course_should_say_and_the_fix_ends_it,
    a_server_that_cannot_start_is_told_in_its_own_words,
    known_submissions_get_what_they_deserve_for_the_reason_that_is_true,
);

// The clients are the same programs of the same image on each backend.
on_native!(each_program_asks_in_its_own_order,);

const UPSTREAM: &str = "dns/upstream-queries";
const ELSEWHERE: &str = "dns/other-servers";
const LATER: &str = "dns/after-the-fix";

fn what_leaves_is_what_the_course_should_say_and_the_fix_ends_it(on: On) {
    let run = Run::of(on, &[UPSTREAM, ELSEWHERE, "dns/no-internet", LATER]);
    assert_eq!(run.status, 0, "{}", run.said);
    let left = |id: &str, arm: &str, probe: &str| run.median(id, arm, &format!("{probe}.upstream_packets"));
    // Names that leave, without QNAME minimisation (the course's BIND has none), and those that do not.
    let leaving = [
        ("outside", 4.0),
        ("neighbours", 4.0),
        ("others", 2.0 + 4.0),
        ("single-label", 2.0),
        ("short", 2.0),
        ("foreign-suffix", 4.0 + 4.0),
        ("alias", 4.0),
        ("reverse", 2.0),
        ("local", 0.0),
        ("missing", 0.0),
        ("doubled", 0.0),
        ("without-rd", 0.0),
    ];
    for (probe, packets) in leaving {
        assert_eq!(left(UPSTREAM, "omitted", probe), packets, "{probe}");
        assert_eq!(left(UPSTREAM, "applied", probe), 0.0, "{probe}");
    }
    assert_eq!(run.asked(UPSTREAM, "omitted", "short", "server"), ["AAAA www.", "NS ."]);
    let on_its_way = ["A www.example.com.", "NS .", "A www.example.com.", "A www.example.com."];
    assert_eq!(run.asked(UPSTREAM, "omitted", "outside", "server"), on_its_way);
    let read = |arm: &str, metric: &str| run.median(UPSTREAM, arm, metric);
    assert_eq!([read("omitted", "outside.ra"), read("omitted", "outside.noerror")], [1.0, 1.0]);
    assert_eq!([read("applied", "outside.ra"), read("applied", "outside.refused")], [0.0, 1.0]);
    assert_eq!([read("applied", "local.aa"), read("applied", "local.noerror")], [1.0, 1.0]);

    // Without RD (RFC 1035 §4.1.1) an answer is what the server has anyway: a referral, or nothing.
    assert_eq!([read("omitted", "without-rd.noerror"), read("omitted", "without-rd.ok")], [1.0, 0.0]);
    assert_eq!(read("applied", "without-rd.refused"), 1.0);

    // The course's capture: without the zone statement its own names go to the root.
    assert_eq!([left(ELSEWHERE, "omitted", "forwarded"), left(ELSEWHERE, "applied", "forwarded")], [1.0, 0.0]);
    let capture = ["A www.sample.local.sample.local.", "NS .", "A www.sample.local."];
    assert_eq!(run.asked(ELSEWHERE, "omitted", "capture", "bare"), capture);

    // What a server asks by itself stays, and so does what it tells; how many packets for the keys is BIND's affair.
    for arm in ["omitted", "applied"] {
        assert_eq!(left(LATER, arm, "server-alone"), 0.0);
        assert!(run.asked(LATER, arm, "keys-alone", "keys").contains(&"DNSKEY .".to_owned()));
        assert_eq!(run.median(LATER, arm, "notify-alone.notifies"), 1.0);
        assert!(run.median(LATER, arm, "secondary-alone.upstream_tcp") >= 3.0);
    }
    assert_eq!(left(LATER, "applied", "quiet-alone"), 0.0);
    every_capture_opens_and_holds_what_was_counted(&run);
}

/// The captures are evidence: what they hold of the server's queries is what the probes counted, and no less.
fn every_capture_opens_and_holds_what_was_counted(run: &Run) {
    let file = run.out().join("evidence").join(UPSTREAM).join("omitted/wan.pcapng");
    let records = saiten::fabric::capture_read::read(&std::fs::read(file).unwrap()).unwrap();
    let frames: Vec<_> = records.iter().map(|record| record.seen()).collect();
    let tallies = saiten::wire::dns::passed::passed(&frames).tallies;
    let counted: f64 = run
        .measurements(UPSTREAM, "omitted")
        .filter(|part| part["metric"].as_str().unwrap().ends_with(".upstream_packets"))
        .flat_map(|part| part["samples"].as_array().unwrap().iter().filter_map(Value::as_f64).collect::<Vec<_>>())
        .sum();
    let own = &tallies["server:eth2"];
    assert!((own.to_udp + own.to_tcp) as f64 >= counted && counted > 30.0, "{counted} of {own:?}");
}

fn each_program_asks_in_its_own_order(on: On) {
    let run = Run::of(on, &["dns/suffix"]);
    assert_eq!(run.status, 0, "{}", run.said);
    // One snapshot for all backends: the sequences are the programs', not the machine's.
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!("dns_suffix_sequences", sequences(&run));
    });
}

/// What the clients ask, one line a lookup, both arms.
fn sequences(run: &Run) -> String {
    let mut lines = Vec::new();
    let arms = run.scenario("dns/suffix")["arms"].as_array().unwrap().iter();
    for arm in arms.filter(|arm| ["omitted", "applied"].map(Value::from).contains(&arm["name"])) {
        for ladder in arm["ladders"].as_array().unwrap() {
            let own = ladder["rungs"].as_array().unwrap().iter().filter(|rung| rung["from"] == ladder["by"]);
            let told = own.map(|rung| {
                let code = rung["answer"].as_str().map_or("no answer", |answer| answer.split(' ').next().unwrap());
                format!("{} {code}", rung["asks"].as_str().unwrap())
            });
            let told: Vec<String> = told.collect();
            let word = |key: &str| ladder[key].as_str().unwrap().to_owned();
            let arm = arm["name"].as_str().unwrap();
            lines.push(format!("[{arm}] {}: {}: {}", word("probe"), word("what"), told.join(", ")));
        }
    }
    lines.join("\n")
}

fn known_submissions_get_what_they_deserve_for_the_reason_that_is_true(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = saiten(on, dir.path());
    command.args(["prove", UPSTREAM, "--out"]).arg(dir.path().join("report"));
    // Five of them, good and bad, show that the backends agree; all, with mutants, are in `mutants.rs`.
    command.args(["--only", "rec"]);
    let proof = command.output().unwrap();
    assert_eq!(proof.status.code(), Some(0), "{}", text(&proof));
    assert!(text(&proof).contains("5 of 5 submissions"), "{}", text(&proof));
    // Judged again from the evidence, what was handed in included.
    let again = saiten(on, dir.path()).arg("regrade").arg(dir.path().join("report")).output().unwrap();
    assert_eq!((again.status.code(), again.stdout), (Some(0), proof.stdout));
}

fn a_server_that_cannot_start_is_told_in_its_own_words(on: On) {
    let dir = tempfile::tempdir().unwrap();
    let broken = "run = \"echo 'options { recursion perhaps; };' > /etc/named.conf && systemctl restart named\"";
    let fault = "run = \"cat /usr/share/saiten/named.conf.lab > /etc/named.conf && systemctl restart named\"";
    let path = variant(dir.path(), UPSTREAM, "broken", &[(fault, broken)]);
    let run = Run::of(on, &[&path]);
    assert_eq!(run.status, 3, "{}", run.said);
    let error = run.scenario("variants/broken")["arms"][0]["error"].as_str().unwrap().to_owned();
    for word in ["fault:as-a-centos-7-lab-has-it", "`server`", "/etc/named.conf:1", "perhaps"] {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert_eq!(run.verdict("variants/broken", "nothing-leaves", "applied"), "error");
}
