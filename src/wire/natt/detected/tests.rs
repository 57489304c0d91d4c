//! A client behind a NAT, as it was seen on both sides of it; the hashes were computed elsewhere, by `openssl dgst`.

use crate::wire::ike::build::{Head, Payload, SA_INIT, SPI_R, hex, message, notify};
use crate::wire::ike::{Exchange, NatD};
use crate::wire::natt::tests::{CLIENT, GATEWAY, NAT, seen, udp};
use crate::wire::natt::{Detected, nat_d, passed};

/// SHA-1 of the initiator's SPI, eight zeros, address and port: of the client's port 500 and the gateway's.
const CLIENT_FIRST: &str = "86c5aeacc7c8a620895712ef98c57f5b062c7e28";
const GATEWAY_FIRST: &str = "fa890f3780b7d7ca9e006a0e3b2ce6465c7e7609";
/// SHA-1 of both SPIs, address and port.
const CLIENT_THEN: &str = "7d86aaa5d24c50bbb60cdff0f598913164af4010";
const GATEWAY_THEN: &str = "47acb3a8db7ee3648fa4efe89b7e27c8bcc75dce";
/// MD5 of the same.
const CLIENT_V1: &str = "3580ecaf80911b9e766c69d935312824";
const GATEWAY_V1: &str = "bbb445b8e8c388af5f6749957f86e96b";

type Verdict = (Option<bool>, Option<bool>);

fn verdicts(detected: &[Detected<'_>]) -> Vec<Verdict> {
    detected.iter().map(|detected| (detected.source_matches, detected.destination_matches)).collect()
}

/// What a message says about the ways that it was seen on.
fn verdict(message: &[u8], from: (std::net::Ipv4Addr, u16), to: (std::net::Ipv4Addr, u16)) -> Verdict {
    let frames = [udp(from, to, message)];
    verdicts(&nat_d(&passed(&seen(&frames))))[0]
}

fn init(source: &str, destination: &str) -> Vec<u8> {
    message(SA_INIT, &[notify(16388, &hex(source)), notify(16389, &hex(destination))])
}

#[test]
fn behind_the_nat_the_source_no_longer_matches() {
    let asked = init(CLIENT_FIRST, GATEWAY_FIRST);
    let frames = [udp((CLIENT, 500), (GATEWAY, 500), &asked), udp((NAT, 500), (GATEWAY, 500), &asked)];
    let mut seen = seen(&frames);
    (seen[1].port, seen[1].dropped) = ("nat:eth2", true);
    let passed = passed(&seen);
    let detected = nat_d(&passed);
    assert_eq!(verdicts(&detected), [(Some(true), Some(true)), (Some(false), Some(true))]);
    let last = detected[1];
    assert_eq!((last.port, last.dropped, last.at_ns), ("nat:eth2", true, 1));
    assert_eq!((last.from, last.to), ((NAT, 500).into(), (GATEWAY, 500).into()));
    assert_eq!((last.exchange, last.response), (Exchange::SaInit, false));
}

#[test]
fn behind_the_nat_the_destination_of_an_answer_no_longer_matches() {
    // The gateway has seen port 500 of the client itself as the NAT's: what it hashes is that.
    let head = Head(2, 34, 0x20, SPI_R, 0);
    let said = message(head, &[notify(16388, &hex(GATEWAY_THEN)), notify(16389, &hex(CLIENT_THEN))]);
    assert_eq!(verdict(&said, (GATEWAY, 500), (CLIENT, 500)), (Some(true), Some(true)));
    assert_eq!(verdict(&said, (GATEWAY, 500), (NAT, 500)), (Some(true), Some(false)));
    assert_eq!(verdict(&said, (GATEWAY, 500), (CLIENT, 15)), (Some(true), Some(false)), "the port alone");
}

#[test]
fn one_of_several_sources_must_be_right() {
    let sources = |sources: &[&str]| {
        let given: Vec<Payload> = sources.iter().map(|hash| notify(16388, &hex(hash))).collect();
        verdict(&message(SA_INIT, &given), (CLIENT, 500), (GATEWAY, 500))
    };
    assert_eq!(sources(&[GATEWAY_FIRST, CLIENT_FIRST]), (Some(true), None));
    assert_eq!(sources(&[GATEWAY_FIRST, GATEWAY_FIRST]), (Some(false), None));
}

#[test]
fn version_1_begins_with_the_remote_end() {
    for kind in [20, 130] {
        let given = [(kind, hex(GATEWAY_V1)), (kind, hex(CLIENT_V1))];
        let said = message(Head(1, 2, 0, SPI_R, 0), &given);
        assert_eq!(verdict(&said, (CLIENT, 500), (GATEWAY, 500)), (Some(true), Some(true)));
        assert_eq!(verdict(&said, (NAT, 500), (GATEWAY, 500)), (Some(false), Some(true)));
        let alone = message(Head(1, 2, 0, SPI_R, 0), &given[..1]);
        assert_eq!(verdict(&alone, (CLIENT, 500), (GATEWAY, 500)), (None, Some(true)));
    }
}

#[test]
fn without_nat_detection_nothing_is_detected() {
    let silent = message(SA_INIT, &[notify(16430, b"")]);
    let frames = [udp((CLIENT, 500), (GATEWAY, 500), &silent), udp((CLIENT, 500), (GATEWAY, 500), b"malformed")];
    assert_eq!(nat_d(&passed(&seen(&frames))), []);
    let read = NatD { half: crate::wire::ike::Half::Source, hash: Vec::new() };
    assert!(!read.matches(0, 0, (CLIENT, 500).into()));
}
