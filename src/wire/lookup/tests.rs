//! Which answer belongs to which query, and how long waiting for them takes.

use etherparse::PacketBuilder;

use super::*;

const CLIENT: [u8; 4] = [192, 168, 1, 10];
const SERVER: [u8; 4] = [192, 168, 1, 53];
const OTHER: [u8; 4] = [192, 168, 1, 66];

fn query(at_ms: u64, answered_ms: Option<u64>) -> Query {
    Query {
        at_ns: at_ms * 1_000_000,
        answered_ns: answered_ms.map(|ms| ms * 1_000_000),
        port: "server:eth1".into(),
        kind: "PTR".into(),
        name: "20.1.168.192.in-addr.arpa.".into(),
        client: (CLIENT, 40000).into(),
        server: (SERVER, 53).into(),
        carrier: Carrier::Udp,
        opcode: Opcode::Query,
        rd: true,
        dropped: false,
        answer: None,
    }
}

#[test]
fn waiting_side_by_side_counts_once() {
    let wait = |queries: &[Query]| waited(queries.iter(), Duration::from_secs(1)).as_millis();
    assert_eq!(wait(&[]), 0);
    assert_eq!(wait(&[query(0, None)]), 1000);
    assert_eq!(wait(&[query(0, None), query(1000, None)]), 2000);
    // A and AAAA go out together (glibc asks both from one socket).
    assert_eq!(wait(&[query(0, Some(3)), query(1, None)]), 1001);
    assert_eq!(wait(&[query(0, Some(5)), query(100, Some(120))]), 25);
}

/// A message with flags and a question of type A for `label`, or without question.
fn message(id: u16, flags: u16, label: Option<&[u8; 1]>) -> Vec<u8> {
    let mut message: Vec<u8> = [id, flags, u16::from(label.is_some()), 0, 0, 0].map(u16::to_be_bytes).concat();
    if let Some(label) = label {
        message.extend([1, label[0], 0, 0, 1, 0, 1]);
    }
    message
}

fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64);
    packet.udp(from.1, to.1).write(&mut frame, payload).unwrap();
    frame
}

/// The times of the answers, after a query 7 for `a.` to the server at time 0, and these frames.
fn answered(frames: &[Vec<u8>]) -> Vec<Option<u64>> {
    let first = udp((CLIENT, 40000), (SERVER, 53), &message(7, 0x0100, Some(b"a")));
    let frames: Vec<&Vec<u8>> = [&first].into_iter().chain(frames).collect();
    let seen =
        frames.iter().zip(0..).map(|(frame, at_ns)| Seen { at_ns, port: "a:eth1", bytes: frame, dropped: false });
    queries(&seen.collect::<Vec<_>>()).iter().map(|query| query.answered_ns).collect()
}

fn reply(payload: &[u8]) -> Vec<u8> {
    udp((SERVER, 53), (CLIENT, 40000), payload)
}

#[test]
fn only_the_one_who_was_asked_can_answer_and_only_what_was_asked() {
    let good = message(7, 0x8180, Some(b"a"));
    assert_eq!(answered(&[reply(&good)]), [Some(1)]);
    assert_eq!(answered(&[udp((OTHER, 53), (CLIENT, 40000), &good), reply(&good)]), [Some(2)], "another address");
    assert_eq!(answered(&[udp((SERVER, 53), (CLIENT, 40001), &good)]), [None], "to another port");
    assert_eq!(answered(&[reply(&message(8, 0x8180, Some(b"a")))]), [None], "another identifier");
    assert_eq!(answered(&[reply(&message(7, 0x8180, Some(b"b")))]), [None], "another name");
    assert_eq!(answered(&[reply(&message(7, 0x8180, Some(b"A")))]), [Some(1)], "letters may change case");
    let mut aaaa = good.clone();
    aaaa[16] = 28;
    assert_eq!(answered(&[reply(&aaaa)]), [None], "another type");
    assert_eq!(answered(&[reply(&good[..13])]), [None], "a piece of an answer");
}

#[test]
fn an_answer_without_question_is_one_only_if_the_server_could_not_read_it() {
    assert_eq!(answered(&[reply(&message(7, 0x8180, None))]), [None]);
    assert_eq!(answered(&[reply(&message(7, 0x8181, None))]), [Some(1)], "FORMERR");
}

#[test]
fn of_queries_that_are_alike_the_latest_is_answered_once() {
    let again = udp((CLIENT, 40000), (SERVER, 53), &message(7, 0x0100, Some(b"a")));
    let good = reply(&message(7, 0x8180, Some(b"a")));
    assert_eq!(answered(&[again, good.clone(), good]), [None, Some(2)]);
}

#[test]
fn a_dropped_answer_is_none_and_a_query_from_port_53_is_not_one_to_it() {
    let asked = udp((CLIENT, 40000), (SERVER, 53), &message(7, 0x0100, Some(b"a")));
    let good = reply(&message(7, 0x8180, Some(b"a")));
    let odd = udp((SERVER, 53), (CLIENT, 40000), &message(9, 0x0100, Some(b"a")));
    let seen = |at_ns, bytes, dropped| Seen { at_ns, port: "a:eth1", bytes, dropped };
    let queries = queries(&[seen(0, &asked, true), seen(1, &odd, false), seen(2, &good, true)]);
    assert_eq!(queries.len(), 1);
    assert_eq!((queries[0].answered_ns, queries[0].dropped), (None, true));
}

#[test]
fn a_query_tells_what_a_line_of_a_ladder_needs() {
    let notify = udp((CLIENT, 40000), (SERVER, 53), &message(7, 0x2400, Some(b"a")));
    let mut refused = message(7, 0xa405, Some(b"a"));
    refused[7] = 1;
    refused.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]);
    let refused = reply(&refused);
    let seen = |at_ns, bytes| Seen { at_ns, port: "a:eth1", bytes, dropped: false };
    let queries = queries(&[seen(5, &notify), seen(9, &refused)]);
    let query = &queries[0];
    assert_eq!((query.kind.as_str(), query.name.as_str(), query.endpoint()), ("A", "a.", "a"));
    assert_eq!((query.client, query.server), ((CLIENT, 40000).into(), (SERVER, 53).into()));
    assert_eq!((query.opcode, query.rd, query.carrier), (Opcode::Notify, false, Carrier::Udp));
    let answer = query.answer.as_ref().unwrap();
    assert_eq!(
        (&*answer.rcode_name(), answer.aa, answer.ra, answer.tc, answer.answers),
        ("REFUSED", true, false, false, 1)
    );
    assert_eq!((&*answer.records[0].name, answer.records[0].data.to_string().as_str()), ("a.", "192.0.2.80"));
}
