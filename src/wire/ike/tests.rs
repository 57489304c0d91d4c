//! Messages of both versions read back; cut, lying, endless and random ones.

use proptest::prelude::*;

use super::build::{Head, Payload, SA_INIT, SPI_I, SPI_R, message, notify, set_length};
use super::*;

/// A first message as strongSwan sends it: proposals, key, nonce, two detections, "I can fragment", and a vendor.
fn sa_init() -> Vec<u8> {
    let payloads = [
        (33, vec![0; 40]),
        (34, vec![7; 36]),
        (40, vec![9; 32]),
        notify(16388, &[1; 20]),
        notify(16389, &[2; 20]),
        notify(16430, b""),
        (43, b"lab".to_vec()),
    ];
    message(SA_INIT, &payloads)
}

#[test]
fn reads_the_first_message_of_version_2() {
    let bytes = sa_init();
    let read = Message::parse(&bytes).unwrap();
    let expected = Header {
        spi_i: SPI_I,
        spi_r: 0,
        version: 2,
        exchange: Exchange::SaInit,
        response: false,
        initiator: true,
        message_id: 0,
        length: bytes.len() as u32,
    };
    assert_eq!(read.header, expected);
    assert_eq!(read.notifies, [16388, 16389, 16430]);
    assert_eq!(read.nat_d, [NatD::new(Half::Source, &[1; 20]), NatD::new(Half::Destination, &[2; 20])]);
    assert_eq!(read.vendors, [VendorId::Other("6c6162".into())]);
    assert_eq!(read.header.to_string(), "IKE_SA_INIT request, message 0");
}

#[test]
fn a_response_says_so_and_who_began() {
    let read = |flags| Message::parse(&message(Head(2, 37, flags, SPI_R, 7), &[])).unwrap().header;
    assert_eq!((read(0x20).response, read(0x20).initiator, read(0x20).spi_r), (true, false, SPI_R));
    assert_eq!((read(0x08).response, read(0x08).initiator), (false, true));
    assert_eq!(read(0x28).to_string(), "INFORMATIONAL response, message 7");
}

#[test]
fn what_is_encrypted_is_not_looked_into() {
    let vendor = || (43, b"lab".to_vec());
    // A notification that would be malformed if it were read, inside.
    for sealed in [46, 53] {
        let mut bytes = message(Head(2, 35, 0x08, SPI_R, 1), &[vendor(), (sealed, vec![0xff; 60])]);
        bytes[28 + 4 + 3] = 41;
        let read = Message::parse(&bytes).unwrap();
        assert_eq!((read.header.exchange, read.vendors.len(), read.notifies.len()), (Exchange::Auth, 1, 0));
    }
    let mut bytes = message(Head(1, 32, 0x01, SPI_R, 0xabcd_ef01), &[(8, vec![0xff; 60])]);
    bytes[28..32].fill(0xff);
    let read = Message::parse(&bytes).unwrap();
    assert_eq!(read.header.to_string(), "Quick, message abcdef01");
    bytes[19] = 0;
    assert_eq!(Message::parse(&bytes), None, "the same in the clear");
}

#[test]
fn the_first_nat_d_of_version_1_is_about_the_remote_end() {
    let vendor = |id: u128| (13, id.to_be_bytes().to_vec());
    for kind in [20, 130] {
        // The domain of interpretation, the protocol, no SPI, INITIAL-CONTACT (RFC 2407, section 4.6.3).
        let contact = (11, [&[0, 0, 0, 1, 1, 0][..], &24578_u16.to_be_bytes()].concat());
        let given: [Payload; 3] = [(kind, vec![1; 16]), (kind, vec![2; 16]), (kind, vec![3; 16])];
        let payloads = [&[vendor(0x4a13_1c81_0703_5845_5c57_28f2_0e95_452f), contact][..], &given].concat();
        let read = Message::parse(&message(Head(1, 4, 0, SPI_R, 0), &payloads)).unwrap();
        let halves: Vec<Half> = read.nat_d.iter().map(|nat_d| nat_d.half).collect();
        assert_eq!(halves, [Half::Destination, Half::Source, Half::Source]);
        assert_eq!((read.nat_d[1].hash.as_slice(), read.notifies.as_slice()), (&[2; 16][..], &[24578][..]));
        assert!(read.vendors[0].is_nat_t());
        assert_eq!(read.header.to_string(), "Aggressive, message 0");
    }
}

#[test]
fn numbers_of_the_other_version_mean_nothing() {
    let read = Message::parse(&message(SA_INIT, &[(20, vec![1; 20]), (13, vec![2; 16]), (11, vec![])])).unwrap();
    assert_eq!((read.nat_d.len(), read.vendors.len(), read.notifies.len()), (0, 0, 0));
    let read = Message::parse(&message(Head(1, 2, 0, 0, 0), &[(41, vec![]), (43, vec![]), (46, vec![])])).unwrap();
    assert_eq!((read.vendors.len(), read.notifies.len()), (0, 0));
}

#[test]
fn a_notification_may_be_about_an_spi() {
    let of = |spi: u8, length: usize| {
        let body = [&[3, spi, 0, 11][..], &vec![0; length]].concat();
        Message::parse(&message(SA_INIT, &[(41, body)])).map(|read| read.notifies)
    };
    assert_eq!(of(4, 4), Some(vec![11]));
    assert_eq!(of(4, 3), None);
    assert_eq!(of(255, 0), None);
}

#[test]
fn no_part_of_a_message_is_one() {
    let whole = [sa_init(), message(Head(1, 4, 0, 0, 0), &[(130, vec![1; 16]), (11, vec![0; 12])])];
    for whole in whole {
        assert!(Message::parse(&whole).is_some());
        for cut in 0..whole.len() {
            let mut part = whole[..cut].to_vec();
            assert_eq!(Message::parse(&part), None, "{cut} bytes");
            if cut >= HEADER {
                set_length(&mut part);
                assert_eq!(Message::parse(&part), None, "{cut} bytes that claim to be all");
            }
        }
    }
}

#[test]
fn lying_lengths_make_no_message() {
    let with = |at: usize, to: &[u8]| {
        let mut bytes = sa_init();
        bytes[at..at + to.len()].copy_from_slice(to);
        Message::parse(&bytes)
    };
    for length in [0, 1, 27, 28, 32, sa_init().len() as u32 + 1, u32::MAX] {
        assert_eq!(with(24, &length.to_be_bytes()), None, "the message: {length}");
    }
    for length in [0_u16, 3, u16::MAX] {
        assert_eq!(with(30, &length.to_be_bytes()), None, "a payload: {length}");
    }
    for version in [0x00, 0x30, 0xf0] {
        assert_eq!(with(17, &[version]), None, "version {version:x}");
    }
    assert!(with(17, &[0x2f]).is_some(), "a minor version does not matter");
}

#[test]
fn what_follows_a_message_is_not_a_part_of_it() {
    let bytes = sa_init();
    assert_eq!(Message::parse(&[&bytes[..], b"more"].concat()), Message::parse(&bytes));
}

#[test]
fn a_detection_of_version_2_is_a_sha_1() {
    for length in [0, 16, 19, 21, 32] {
        assert_eq!(Message::parse(&message(SA_INIT, &[notify(16388, &vec![0; length])])), None, "{length}");
    }
}

#[test]
fn payloads_are_counted() {
    let of = |count: usize| Message::parse(&message(SA_INIT, &vec![(43, vec![]); count]));
    assert_eq!(of(PAYLOADS_MOST).map(|read| read.vendors.len()), Some(PAYLOADS_MOST));
    assert_eq!(of(PAYLOADS_MOST + 1), None);
    assert_eq!(of(10_000), None);
}

#[test]
fn exchanges_have_names() {
    let names = [2, 4, 5, 6, 32, 34, 35, 36, 37, 38, 43, 99].map(|number| Exchange::from(number).to_string());
    let (old, new) = names.split_at(5);
    assert_eq!(old, ["Main", "Aggressive", "Informational", "Transaction", "Quick"]);
    assert_eq!(new[..4], ["IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA", "INFORMATIONAL"]);
    assert_eq!(new[4..], ["IKE_SESSION_RESUME", "IKE_INTERMEDIATE", "exchange 99"]);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), version in 1u8..3) {
        let _ = Message::parse(&bytes);
        // A header that leads to them: payloads of all kinds, in both versions.
        let mut bytes = [&message(Head(version, 34, 0, 0, 0), &[]), &bytes[..]].concat();
        bytes[16] = bytes.last().copied().unwrap_or_default();
        set_length(&mut bytes);
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn damage_is_survived(edits in prop::collection::vec((0usize..260, any::<u8>()), 1..6)) {
        let mut bytes = sa_init();
        for (at, to) in edits {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
        }
        if let Some(read) = Message::parse(&bytes) {
            prop_assert!(read.nat_d.len().max(read.vendors.len()).max(read.notifies.len()) <= PAYLOADS_MOST);
        }
    }
}
