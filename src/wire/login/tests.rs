use etherparse::PacketBuilder;

use super::*;

const CLIENT: ([u8; 4], u16) = ([192, 168, 1, 20], 40000);
const SERVER: ([u8; 4], u16) = ([192, 168, 1, 10], 22);

struct Wire {
    frames: Vec<(u64, Vec<u8>, bool)>,
    seq: [u32; 2],
}

impl Wire {
    fn new() -> Self {
        Wire { frames: Vec::new(), seq: [1000, 5000] }
    }

    fn send(&mut self, at_ms: u64, side: Side, payload: &[u8]) {
        self.segment(at_ms, side, payload, false);
        self.seq[side as usize] += u32::try_from(payload.len()).unwrap();
    }

    fn segment(&mut self, at_ms: u64, side: Side, payload: &[u8], syn: bool) {
        let (from, to) = if side == Side::Client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let mut tcp = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from.0, to.0, 64).tcp(
            from.1,
            to.1,
            self.seq[side as usize],
            1000,
        );
        if syn {
            tcp = tcp.syn();
        }
        if !syn || side == Side::Server {
            tcp = tcp.ack(1);
        }
        let mut bytes = Vec::new();
        tcp.write(&mut bytes, payload).unwrap();
        self.frames.push((at_ms * 1_000_000, bytes, false));
    }

    fn handshake(&mut self) {
        self.segment(0, Side::Client, b"", true);
        self.segment(1, Side::Server, b"", true);
        self.segment(2, Side::Client, b"", false);
        self.send(10, Side::Server, b"SSH-2.0-OpenSSH_9.2\r\n");
        self.send(11, Side::Client, b"SSH-2.0-OpenSSH_9.2\r\n");
        self.send(20, Side::Server, &packet(21));
        self.send(30, Side::Client, &packet(21));
    }

    fn trace(&self, end_ms: u64) -> Trace {
        let seen: Vec<Seen<'_>> = self
            .frames
            .iter()
            .map(|(at_ns, bytes, dropped)| Seen { at_ns: *at_ns, port: "x:eth1", bytes, dropped: *dropped })
            .collect();
        trace(&seen, SocketAddr::from(SERVER), end_ms * 1_000_000)
    }
}

fn packet(message: u8) -> Vec<u8> {
    [&[0, 0, 0, 12, 4, message][..], &[0; 10]].concat()
}

#[test]
fn phases_are_those_of_the_handshake() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.send(40, Side::Client, b"encrypted");
    let trace = wire.trace(40);
    let ms = |ns: Option<u64>| ns.map(|ns| ns / 1_000_000);
    assert_eq!((ms(trace.connect_ns), ms(trace.banner_ns), ms(trace.kex_ns)), (Some(1), Some(9), Some(20)));
    assert_eq!(ms(trace.total_ns), Some(40));
}

#[test]
fn a_pause_belongs_to_whoever_breaks_it() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.send(40, Side::Client, b"none?");
    wire.send(1600, Side::Server, b"publickey");
    wire.send(3600, Side::Client, b"key");
    wire.send(3610, Side::Server, b"yes");
    let trace = wire.trace(3650);
    let told: Vec<_> =
        trace.long_silences().map(|silence| (silence.whose, (silence.to_ns - silence.from_ns) / 1_000_000)).collect();
    assert_eq!(told, [(Side::Server, 1560), (Side::Client, 2000)]);
    assert_eq!((trace.waited_for(Side::Server) + trace.waited_for(Side::Client)) / 1_000_000, 3610);
    assert!(trace.long_silences().all(|silence| silence.encrypted && !silence.open));
}

#[test]
fn a_hang_is_the_fault_of_the_one_whose_turn_it_was() {
    let mut wire = Wire::new();
    wire.handshake();
    wire.send(40, Side::Client, b"hello?");
    let trace = wire.trace(20_000);
    let last = trace.silences.last().unwrap();
    assert_eq!((last.whose, last.open), (Side::Server, true));
}

#[test]
fn what_is_sent_again_is_counted_and_breaks_no_silence() {
    let mut wire = Wire::new();
    wire.handshake();
    let seq = wire.seq;
    wire.send(40, Side::Client, b"none?");
    wire.seq = seq;
    wire.send(500, Side::Client, b"none?");
    wire.send(1040, Side::Server, b"yes");
    let trace = wire.trace(1040);
    assert_eq!(trace.resent, 1);
    assert_eq!(trace.long_silences().count(), 1);
}

#[test]
fn frames_of_others_and_rubbish_are_passed_over() {
    let mut wire = Wire::new();
    wire.frames.push((0, vec![0xff; 9], false));
    wire.frames.push((0, Vec::new(), false));
    assert_eq!(wire.trace(10), Trace::default());
}
