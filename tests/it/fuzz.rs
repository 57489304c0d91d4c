//! Damaged captures by the thousand: nothing panics, bounds are kept, counts add up, and the fabric counts the same.

mod corpus;
mod frames;
mod mutate;
mod tunnels;

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;

use saiten::fabric::capture::CaptureWriter;
use saiten::fabric::capture_read;
use saiten::fabric::config::{Action, Filter, Match};
use saiten::fabric::filter::Filters;
use saiten::fabric::random::Stream;
use saiten::wire::dns::passed::{Carrier, Passed, Tally, Unreadable, passed};
use saiten::wire::dns::{self, Message};
use saiten::wire::frame::{ESP, Frame, TCP, Transport, UDP};
use saiten::wire::{Seen, echo, ike, lookup, natt};

/// Ports of the corpus.
const PORTS: [&str; 2] = ["client:eth1", "server:eth1"];
/// Damaged lists of frames.
const LISTS: usize = 1_500;
/// Damaged files.
const FILES: usize = 1_500;
/// Damaged messages.
const MESSAGES: usize = 20_000;

/// A frame as the fuzzer changes it: port, time, bytes, whether it was dropped.
type Loose = (usize, u64, Vec<u8>, bool);

fn capture(frames: &[frames::Framed]) -> Vec<u8> {
    let (chunks, received) = sync_channel(1);
    let mut writer = CaptureWriter::new("lan", &PORTS, 1 << 20, 0).unwrap();
    for (at, (port, frame, note)) in (1..).zip(frames) {
        writer.record(*port, at * 1000, frame, *note);
    }
    assert!(writer.flush(&chunks));
    received.recv().unwrap().bytes
}

fn loose(file: &[u8]) -> Vec<Loose> {
    let records = capture_read::read(file).unwrap();
    let port = |name: &str| PORTS.iter().position(|port| *port == name).unwrap();
    let one = |record: capture_read::Record| {
        let dropped = record.dropped().is_some();
        (port(&record.port), record.at_ns, record.frame, dropped)
    };
    records.into_iter().map(one).collect()
}

fn seen(frames: &[Loose]) -> Vec<Seen<'_>> {
    frames
        .iter()
        .map(|(port, at_ns, bytes, dropped)| Seen { at_ns: *at_ns, port: PORTS[*port], bytes, dropped: *dropped })
        .collect()
}

/// A filter's rule: protocol, source port, destination port.
type Rule = (u8, Option<u16>, Option<u16>);

/// What the switch's filters count, each port for itself.
fn filtered<const N: usize>(frames: &[Seen<'_>], rules: [Rule; N]) -> BTreeMap<&'static str, [u64; N]> {
    let rules = rules.map(|(protocol, sport, dport)| Filter {
        name: "x".into(),
        matches: Match { protocol: Some(protocol), sport, dport, ..Match::default() },
        action: Action::Count,
    });
    let of = |port: &'static str| {
        let mut filters = Filters::new(&rules, |_| None).unwrap();
        for frame in frames.iter().filter(|seen| seen.port == port).filter_map(|seen| Frame::parse(seen.bytes)) {
            filters.rule(0, &frame);
        }
        let counts: Vec<u64> = filters.counters().map(|(_, counters)| counters.frames).collect();
        (port, counts.try_into().unwrap())
    };
    PORTS.map(of).into()
}

/// Everything that must hold, whatever the frames are.
fn check(frames: &[Seen<'_>]) {
    let read = passed(frames);
    assert_eq!(read, passed(frames), "twice the same");
    assert!(read.messages.is_sorted_by_key(|passage| passage.at_ns));
    let rules = [(UDP, None, Some(53)), (TCP, None, Some(53)), (UDP, Some(53), None), (TCP, Some(53), None)];
    for (port, counted) in filtered(frames, rules) {
        let Tally { to_udp, to_tcp, from_udp, from_tcp, .. } = read.tallies.get(port).cloned().unwrap_or_default();
        assert_eq!([to_udp, to_tcp, from_udp, from_tcp], counted, "{port}: the switch counts otherwise");
    }
    check_sums(&read, frames);
    read.messages.iter().for_each(|passage| check_message(&passage.message));
    let queries = lookup::pairs(&read);
    let asked = read.messages.iter().filter(|passage| !passage.message.response && passage.to.port() == 53);
    assert_eq!(queries.len(), asked.count());
    assert!(queries.iter().all(|query| query.answered_ns.is_none_or(|at| at >= query.at_ns)));
    assert_eq!(
        queries.iter().filter(|query| query.answer.is_some()).count(),
        queries.iter().filter(|query| query.answered_ns.is_some()).count()
    );
    check_tunnels(frames);
}

/// The same for tunnels and echoes.
fn check_tunnels(frames: &[Seen<'_>]) {
    let passages = natt::passed(frames);
    assert_eq!(passages, natt::passed(frames), "twice the same");
    assert!(passages.is_sorted_by_key(|passage| passage.at_ns));
    assert!(natt::nat_d(&passages).len() <= passages.len());
    assert!(passages.iter().all(|passage| passage.to_string().ends_with(')') == (passage.dropped || again(passage))));
    let tallies = natt::tallies(&passages);
    let rules = [(UDP, Some(500), None), (UDP, None, Some(500)), (UDP, Some(4500), None), (UDP, None, Some(4500))];
    for (port, [esp]) in filtered(frames, [(ESP, None, None)]) {
        let tally = tallies.get(port).copied().unwrap_or_default();
        let natt::Tally { ike_500, ike_4500, esp_in_udp, keepalives, other, .. } = tally;
        assert_eq!(tally.esp, esp, "{port}: the switch counts otherwise");
        let sum = ike_500 + ike_4500 + esp + esp_in_udp + keepalives + other;
        assert_eq!(passages.iter().filter(|passage| passage.port == port).count() as u64, sum);
    }
    for (port, counted) in filtered(frames, rules) {
        let own = |end: fn(&natt::Passage<'_>) -> natt::End, number| {
            let own = passages.iter().filter(|passage| passage.port == port && end(passage).port == Some(number));
            own.count() as u64
        };
        let (from, to) = (|passage: &natt::Passage<'_>| passage.from, |passage: &natt::Passage<'_>| passage.to);
        assert_eq!([own(from, 500), own(to, 500), own(from, 4500), own(to, 4500)], counted, "{port}");
    }
    let echoes = echo::echoes(frames);
    assert!(echoes.is_sorted_by_key(|echo| echo.asked_ns));
    assert!(echoes.iter().all(|echo| echo.answered_ns.is_none_or(|at| at >= echo.asked_ns && !echo.dropped)));
}

fn again(passage: &natt::Passage<'_>) -> bool {
    matches!(passage.what, natt::What::Ike { retransmission: true, .. })
}

/// Datagrams are messages or unreadable; bytes of TCP are in messages or left out or unreadable.
fn check_sums(read: &Passed<'_>, frames: &[Seen<'_>]) {
    for port in PORTS {
        let Some(tally) = read.tallies.get(port) else { continue };
        let (mut datagrams, mut bytes) = (0, 0);
        for frame in frames.iter().filter(|seen| seen.port == port).filter_map(|seen| Frame::parse(seen.bytes)) {
            let Some((sport, dport)) = frame.ports() else { continue };
            match frame.transport {
                Transport::Udp { .. } if sport == 53 || dport == 53 => datagrams += 1,
                Transport::Tcp { payload, .. } if sport == 53 || dport == 53 => bytes += payload.len() as u64,
                _ => {}
            }
        }
        let unreadable = |wanted: Carrier| -> u64 {
            tally.unreadable.iter().filter(|((carrier, _), _)| *carrier == wanted).map(|(_, count)| count).sum()
        };
        let messages = |carrier: Carrier| {
            read.messages.iter().filter(|passage| passage.port == port && passage.carrier == carrier).count() as u64
        };
        assert_eq!(messages(Carrier::Udp) + unreadable(Carrier::Udp), datagrams);
        let left = tally.left_out;
        let left_out = left.repeated + left.behind_gap + left.overflow + left.astray;
        assert!(left_out <= bytes && messages(Carrier::Tcp) * 14 <= bytes - left_out);
        let told = |why| tally.unreadable.contains_key(&(Carrier::Tcp, why));
        assert_eq!((left.behind_gap > 0, left.overflow > 0), (told(Unreadable::Gap), told(Unreadable::Overflow)));
    }
}

fn check_message(message: &Message) {
    assert!(message.questions.len() <= dns::READ_MOST && message.records.len() <= dns::READ_MOST);
    assert!(message.records.len() <= message.answers.into());
    let printable = |text: &str, most: usize| {
        assert!(
            text.len() <= most && text.trim_end_matches('…').bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{text}"
        );
    };
    for asked in &message.questions {
        printable(&asked.name, 1016);
        assert!(asked.name.ends_with('.') && *asked.name == dns::canonical(&asked.name));
    }
    for record in &message.records {
        printable(&record.name, 1016);
        printable(&record.data.to_string(), 2100);
    }
}

#[test]
fn damaged_frames() {
    let lists: Vec<Vec<Loose>> = corpus::read().iter().map(|file| loose(file)).collect();
    lists.iter().for_each(|list| check(&seen(list)));
    let mut random = Stream::new(10, "fuzz/frames");
    for _ in 0..LISTS {
        let mut list = lists[mutate::below(&mut random, lists.len())].clone();
        list.truncate(60);
        for _ in 0..=random.up_to(15) {
            mutate::frames(&mut random, &mut list, |random, frame, other| match random.up_to(5) {
                0 => frame.3 = !frame.3,
                1 => frame.1 = other.1,
                _ => mutate::bytes(random, &mut frame.2, &other.2),
            });
        }
        check(&seen(&list));
    }
}

#[test]
fn damaged_files() {
    let files = corpus::read();
    let mut random = Stream::new(10, "fuzz/files");
    for _ in 0..FILES {
        let mut file = files[mutate::below(&mut random, files.len())].clone();
        for _ in 0..=random.up_to(4) {
            mutate::bytes(&mut random, &mut file, &files[0]);
        }
        let Ok(records) = capture_read::records(&file) else { continue };
        let records: Vec<_> = records.map_while(Result::ok).collect();
        let frames: Vec<Seen<'_>> = records.iter().map(|record| record.seen()).collect();
        let read = passed(&frames);
        assert!(read.messages.is_sorted_by_key(|passage| passage.at_ns));
        // The same by the way that copies.
        if let Ok(copied) = capture_read::read(&file) {
            assert_eq!(copied.len(), records.len());
            assert!(copied.iter().zip(&records).all(|(copy, record)| copy.frame[..] == record.frame[..]));
        }
    }
}

#[test]
fn damaged_messages() {
    let mut whole = Vec::new();
    for file in corpus::read() {
        for (_, _, bytes, _) in loose(&file) {
            if let Some(Transport::Udp { payload, .. }) = Frame::parse(&bytes).map(|frame| frame.transport) {
                whole.push(payload.to_vec());
            }
        }
    }
    let mut random = Stream::new(10, "fuzz/messages");
    for _ in 0..MESSAGES {
        let [mut message, other] = [(); 2].map(|()| whole[mutate::below(&mut random, whole.len())].clone());
        for _ in 0..=random.up_to(3) {
            mutate::bytes(&mut random, &mut message, &other);
        }
        let read = dns::parse_udp(&message);
        assert_eq!(read, dns::parse_udp(&message));
        if let Some(read) = read {
            check_message(&read);
        }
        if let Some(read) = ike::Message::parse(&message) {
            assert!(read.nat_d.len() + read.vendors.len() <= ike::PAYLOADS_MOST);
            assert!(read.header.length as usize <= message.len());
        }
        let framed = [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat();
        assert_eq!(dns::parse_tcp(&framed), dns::parse_udp(&message));
    }
}
