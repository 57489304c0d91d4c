//! IKE messages for tests, put together byte by byte.

/// The initiator's SPI of all messages here.
pub const SPI_I: u64 = 0x0102_0304_0506_0708;
/// The responder's SPI of those that have one.
pub const SPI_R: u64 = 0x1112_1314_1516_1718;

/// A payload: its type and what follows its header.
pub type Payload = (u8, Vec<u8>);

/// What differs between messages: version, exchange, flags, the responder's SPI, message ID.
#[derive(Clone, Copy)]
pub struct Head(pub u8, pub u8, pub u8, pub u64, pub u32);

/// A request for keys, version 2: the first of all messages.
pub const SA_INIT: Head = Head(2, 34, 0x08, 0, 0);

/// A whole message.
pub fn message(head: Head, payloads: &[Payload]) -> Vec<u8> {
    let Head(version, exchange, flags, spi_r, id) = head;
    let mut bytes = [SPI_I.to_be_bytes(), spi_r.to_be_bytes()].concat();
    let kinds: Vec<u8> = payloads.iter().map(|(kind, _)| *kind).chain([0]).collect();
    bytes.extend([kinds[0], version << 4, exchange, flags]);
    bytes.extend(id.to_be_bytes());
    bytes.extend([0; 4]);
    for ((_, body), next) in payloads.iter().zip(&kinds[1..]) {
        bytes.extend([*next, 0]);
        bytes.extend(u16::try_from(4 + body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
    }
    set_length(&mut bytes);
    bytes
}

/// Makes the header say how many bytes there are.
pub fn set_length(bytes: &mut [u8]) {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    bytes[24..28].copy_from_slice(&length);
}

/// A notification of version 2, without SPI.
pub fn notify(kind: u16, data: &[u8]) -> Payload {
    (41, [&[0, 0], &kind.to_be_bytes()[..], data].concat())
}

/// Bytes written in hexadecimal.
pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
