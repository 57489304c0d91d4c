use etherparse::{IpNumber, PacketBuilder};

use super::*;

const A: [u8; 4] = [192, 168, 1, 11];
const B: [u8; 4] = [192, 168, 1, 12];
const NAT: [u8; 4] = [198, 51, 100, 1];
const GATEWAY: [u8; 4] = [198, 51, 100, 10];

/// When the echoes of the clients end; the inner server tries b, then a.
const FORTH: u64 = 100;

fn record(at_ns: u64, port: &str, frame: Vec<u8>) -> Record {
    Record { at_ns, port: port.to_owned(), frame, comment: None }
}

fn esp(from: [u8; 4], to: [u8; 4], spi: u32) -> Vec<u8> {
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from, to, 64);
    let mut bytes = Vec::new();
    packet.write(&mut bytes, IpNumber(50), &[&spi.to_be_bytes()[..], &[0, 0, 0, 1], &[7; 60]].concat()).unwrap();
    bytes
}

fn udp(from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8]) -> Vec<u8> {
    let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64).udp(from.1, to.1);
    let mut bytes = Vec::new();
    packet.write(&mut bytes, payload).unwrap();
    bytes
}

fn wire(lan: Vec<Record>, public: Vec<Record>) -> Wire {
    Wire { nat: "nat".to_owned(), gateway: "gateway".to_owned(), lan, public, forth_ns: FORTH }
}

fn facts(replies: [usize; 2], insert_failed: Result<u64, String>) -> Facts {
    let inside: [IpAddr; 2] = [[10, 200, 0, 11].into(), [10, 200, 0, 12].into()];
    let sas = inside.map(|address| Sa {
        clients: vec![format!("{address}/32")],
        up: true,
        encapsulated: false,
        bytes_in: if address == inside[0] { 420 } else { 0 },
    });
    Facts {
        clients: vec!["a".to_owned(), "b".to_owned()],
        replies: replies.into(),
        inside: inside.map(Some).into(),
        took: 0.3,
        insert_failed,
        sas: sas.into(),
        reached: [("b".to_owned(), (false, 110, 120)), ("a".to_owned(), (true, 120, 130))].into(),
        ..Facts::default()
    }
}

/// a was first: the table is a's, b's frames go no further than the router, and what is for b goes to a.
fn first_wins() -> Wire {
    let lan = vec![
        record(1, "a:eth1", esp(A, GATEWAY, 0xaaaa)),
        record(2, "nat:eth1", esp(GATEWAY, A, 0xa1)),
        record(3, "b:eth1", esp(B, GATEWAY, 0xbbbb)),
        record(4, "b:eth1", esp(B, GATEWAY, 0xbbbb)),
        record(112, "nat:eth1", esp(GATEWAY, A, 0xb1)),
        record(122, "nat:eth1", esp(GATEWAY, A, 0xa1)),
    ];
    let public =
        vec![record(1, "nat:eth2", esp(NAT, GATEWAY, 0xaaaa)), record(2, "gateway:eth1", esp(GATEWAY, NAT, 0xa1))];
    wire(lan, public)
}

#[test]
fn the_second_client_loses_what_the_router_cannot_tell_apart() {
    let sample = facts([5, 0], Ok(2)).sample(&first_wins());
    let read = |name: &str| sample.readings[name];
    assert_eq!((read("working"), read("ok"), read("first_replies"), read("second_replies")), (1.0, 0.0, 5.0, 0.0));
    assert_eq!(
        (read("esp"), read("second_esp"), read("insert_failed"), read("nat_explains_loss")),
        (2.0, 2.0, 2.0, 1.0)
    );
    assert_eq!((read("misdelivered"), read("reached"), read("sas"), read("second_bytes_in")), (1.0, 1.0, 2.0, 0.0));
    let told: Vec<&str> = sample.remarks.iter().map(|remark| remark.id.as_str()).collect();
    assert_eq!(told, ["remark-insert-failed", "remark-misdelivered"]);
    assert_eq!(sample.remarks[1].args["spi"], "000000b1");
}

#[test]
fn a_kernel_that_does_not_tell_leaves_no_reading_and_says_so() {
    let sample = facts([5, 5], Err("no column insert_failed".to_owned())).sample(&first_wins());
    assert!(!sample.readings.contains_key("insert_failed"));
    assert_eq!(sample.lacking["insert_failed"], "no column insert_failed");
    let sample = facts([5, 5], Ok(1)).sample(&first_wins());
    assert_eq!(sample.readings["nat_explains_loss"], 0.0);
}

#[test]
fn with_udp_around_it_each_has_a_port_and_gets_its_own() {
    let data = |spi: u32| [&spi.to_be_bytes()[..], &[0, 0, 0, 1], &[7; 40]].concat();
    let lan = vec![
        record(1, "a:eth1", udp((A, 4500), (GATEWAY, 4500), &data(0xaaaa))),
        record(2, "b:eth1", udp((B, 4500), (GATEWAY, 4500), &data(0xbbbb))),
        record(3, "a:eth1", udp((A, 4500), (GATEWAY, 4500), &[0xff])),
        record(3, "b:eth1", udp((B, 4500), (GATEWAY, 4500), &[0xff])),
        record(3, "b:eth1", udp((B, 4500), (GATEWAY, 4500), &[0xff])),
        record(3, "b:eth1", udp((B, 4501), (GATEWAY, 4500), &[0xff])),
        record(112, "nat:eth1", udp((GATEWAY, 4500), (B, 4500), &data(0xb1))),
        record(122, "nat:eth1", udp((GATEWAY, 4500), (A, 4500), &data(0xa1))),
    ];
    let public = vec![
        record(1, "nat:eth2", udp((NAT, 4500), (GATEWAY, 4500), &data(0xaaaa))),
        record(2, "nat:eth2", udp((NAT, 16200), (GATEWAY, 4500), &data(0xbbbb))),
        record(112, "gateway:eth1", udp((GATEWAY, 4500), (NAT, 16200), &data(0xb1))),
    ];
    let sample = facts([5, 5], Ok(0)).sample(&wire(lan, public));
    let read = |name: &str| sample.readings[name];
    assert_eq!((read("ok"), read("esp"), read("esp_in_udp"), read("nat_ports")), (1.0, 0.0, 3.0, 2.0));
    assert_eq!((read("misdelivered"), read("keepalives")), (0.0, 1.0));
    assert_eq!((read("sent_to_4500"), read("passed_to_4500"), read("answered_from_4500")), (6.0, 2.0, 1.0));
    assert!(sample.remarks.is_empty());
}

#[test]
fn where_nothing_was_detected_nothing_is_read() {
    let sample = facts([0, 0], Ok(0)).sample(&wire(Vec::new(), Vec::new()));
    assert!(!sample.readings.contains_key("source_hash_inside"));
    assert_eq!(sample.readings["working"], 0.0);
    assert_eq!(wire(Vec::new(), Vec::new()).last_ike("a"), None);
}
