//! The captures that fuzzing starts from: files in `tests/it/corpus`, what they are made of and what is in them.
//!
//! `SAITEN_WRITE_CORPUS=1 cargo test --test it corpus` writes them anew.

use std::fmt::Write;
use std::path::PathBuf;

use saiten::fabric::capture_read;
use saiten::wire::{Seen, dns, dns::passed::passed, echo, lookup, natt};

use super::capture;
use super::frames::{connections, datagrams, oddities};
use super::tunnels::tunnels;

/// Name of the file and what is in it.
pub fn all() -> [(&'static str, Vec<u8>); 4] {
    [
        ("datagrams.pcapng", capture(&datagrams())),
        ("connections.pcapng", capture(&connections())),
        ("oddities.pcapng", capture(&oddities())),
        ("tunnels.pcapng", capture(&tunnels())),
    ]
}

fn place(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/it/corpus", file].iter().collect()
}

/// All files, as they lie there.
pub fn read() -> Vec<Vec<u8>> {
    all().iter().map(|(file, _)| std::fs::read(place(file)).unwrap()).collect()
}

#[test]
fn the_corpus_is_what_it_is_made_of() {
    for (file, bytes) in all() {
        if std::env::var_os("SAITEN_WRITE_CORPUS").is_some() {
            std::fs::write(place(file), &bytes).unwrap();
        }
        assert!(std::fs::read(place(file)).unwrap() == bytes, "{file} is not what `corpus.rs` builds");
    }
}

#[test]
fn the_corpus_decodes_to_what_was_put_in() {
    for (file, bytes) in all().map(|(file, _)| file).into_iter().zip(read()) {
        insta::with_settings!({ snapshot_path => "../snapshots" }, {
            insta::assert_snapshot!(format!("corpus_{}", file.trim_end_matches(".pcapng")), facts(&bytes));
        });
    }
}

/// Everything that `wire` reads from a capture, as text.
fn facts(bytes: &[u8]) -> String {
    let records: Vec<_> = capture_read::records(bytes).unwrap().map(Result::unwrap).collect();
    let frames: Vec<_> = records.iter().map(|record| record.seen()).collect();
    let passed = passed(&frames);
    let mut text = String::new();
    for passage in &passed.messages {
        let dns::passed::Passage { at_ns, port, from, to, carrier, dropped, message } = passage;
        let kind = if message.response { message.rcode_name() } else { message.opcode.to_string().into() };
        let flags =
            [("aa", message.aa), ("tc", message.tc), ("rd", message.rd), ("ra", message.ra), ("lost", *dropped)];
        let flags: Vec<&str> = flags.into_iter().filter_map(|(name, set)| set.then_some(name)).collect();
        writeln!(text, "{at_ns} {port} {from} > {to} {carrier:?} {:04x} {kind} [{}]", message.id, flags.join(" "))
            .unwrap();
        message.questions.iter().for_each(|asked| writeln!(text, "  ? {} {}", asked.kind, asked.name).unwrap());
        message
            .records
            .iter()
            .for_each(|record| writeln!(text, "  {} {} {}", record.kind(), record.name, record.data).unwrap());
    }
    for (port, tally) in &passed.tallies {
        writeln!(text, "{port} {tally:?}").unwrap();
    }
    for query in lookup::pairs(&passed) {
        let answer = query.answer.map_or_else(|| "nothing".into(), |answer| answer.rcode_name());
        writeln!(text, "{} {} asked {}: {answer}", query.kind, query.name, query.server).unwrap();
    }
    text + &facts_of_tunnels(&frames)
}

fn facts_of_tunnels(frames: &[Seen<'_>]) -> String {
    let passages = natt::passed(frames);
    let mut text = String::new();
    for passage in &passages {
        writeln!(text, "{} {} {passage}", passage.at_ns, passage.port).unwrap();
        if let natt::What::Ike { message: Some(message), .. } = &passage.what {
            let vendors: Vec<String> = message.vendors.iter().map(ToString::to_string).collect();
            writeln!(text, "  says {:?}, speaks {vendors:?}", message.notifies).unwrap();
        }
    }
    for natt::Detected { at_ns, port, source_matches, destination_matches, .. } in natt::nat_d(&passages) {
        writeln!(text, "{at_ns} {port} source {source_matches:?}, destination {destination_matches:?}").unwrap();
    }
    for (port, tally) in natt::tallies(&passages) {
        writeln!(text, "{port} {tally:?}").unwrap();
    }
    echo::echoes(frames).iter().for_each(|echo| writeln!(text, "{echo:?}").unwrap());
    text
}
