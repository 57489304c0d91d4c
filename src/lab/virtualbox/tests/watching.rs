//! Which frames count as what.

use super::super::host_capture::add;
use super::super::{Counts, Mac};

const GUEST: [u8; 6] = [8, 0, 0x27, 0, 0, 2];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 9];

fn frame(to: [u8; 6], from: [u8; 6], ethertype: [u8; 2], payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &ethertype, payload].concat()
}

fn arp(asker: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let body = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &GUEST, &asker, &[0; 6], &target].concat();
    frame([0xff; 6], GUEST, [8, 6], &body)
}

fn icmp(from: [u8; 6], kind: u8) -> Vec<u8> {
    let mut ip = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
    ip.extend([kind, 0, 0, 0, 0, 1, 0, 1]);
    frame(OTHER, from, [8, 0], &ip)
}

fn icmp6(source: [u8; 16], kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 4).to_be_bytes();
    let header = [&[0x60, 0, 0, 0][..], &length, &[58, 255], &source, &[0xfe; 16], &[kind, 0, 0, 0], body].concat();
    frame([0x33, 0x33, 0, 0, 0, 1], GUEST, [0x86, 0xdd], &header)
}

fn counts(bytes: &[u8], outgoing: bool) -> (u64, u64, u64) {
    let mut counts = Counts::default();
    add(&mut counts, bytes, outgoing, Mac(GUEST));
    assert_eq!(counts.frames, 1);
    (counts.from_guest, counts.pings, counts.to_guest)
}

#[test]
fn pings_are_told_from_what_a_guest_says_by_itself() {
    let host = [10, 0, 0, 2];
    assert_eq!(counts(&icmp(GUEST, 8), true), (1, 1, 0), "an echo request");
    assert_eq!(counts(&arp(host, [10, 0, 0, 1]), true), (1, 1, 0), "who is it that I want to ping?");
    assert_eq!(counts(&arp(host, host), true), (1, 0, 0), "an announcement (RFC 5227, section 3)");
    assert_eq!(counts(&arp([0; 4], host), true), (1, 0, 0), "a probe (RFC 5227, section 2.1.1)");
    assert_eq!(counts(&icmp(GUEST, 0), true), (1, 0, 0), "an answer");
    let target = [&[0; 4][..], &[0xfe; 16]].concat();
    assert_eq!(counts(&icmp6([0xfd; 16], 128, &[0; 4]), true), (1, 1, 0));
    assert_eq!(counts(&icmp6([0xfd; 16], 135, &target), true), (1, 1, 0));
    assert_eq!(counts(&icmp6([0; 16], 135, &target), true), (1, 0, 0), "is my address free? (RFC 4862, section 5.4)");
    assert_eq!(counts(&icmp6([0xfd; 16], 133, &[0; 4]), true), (1, 0, 0), "is there a router?");
}

#[test]
fn only_what_leaves_the_host_has_come_from_the_guest() {
    assert_eq!(counts(&icmp(GUEST, 8), false), (0, 0, 0), "a copy of the VM on another machine has its address, too");
    assert_eq!(counts(&icmp(OTHER, 8), true), (0, 0, 0));
    assert_eq!(counts(&frame(GUEST, OTHER, [8, 0], &[]), false), (0, 0, 1));
    for end in 0..14 {
        assert_eq!(counts(&icmp(GUEST, 8)[..end], true), (0, 0, 0));
    }
    for end in 14..icmp(GUEST, 8).len() {
        assert_eq!(counts(&icmp(GUEST, 8)[..end], true).0, 1);
    }
}
