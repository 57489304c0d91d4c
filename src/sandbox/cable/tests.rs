//! Cables between real namespaces.

mod lab;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::*;
use crate::fabric::packet_socket::{lost, receive};
use lab::{Endpoint, Relay, configure, figure, is_empty, next, zygote};

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

/// A frame of an experimental EtherType, with the tags given.
fn frame(to: [u8; 6], tags: &[[u8; 4]], length: usize) -> Vec<u8> {
    let mut frame = [&to[..], &[2, 0, 0, 0, 0, 9], tags.as_flattened(), &[0x88, 0xb5]].concat();
    let filler = (frame.len()..length).map(|at| (at % 251) as u8);
    frame.extend(filler);
    frame
}

/// The internet checksum over an IPv4 frame's TCP or UDP part, with its pseudo-header: 0 if it is right.
fn checksum(frame: &[u8]) -> u16 {
    let ip = &frame[14..14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]))];
    let segment = &ip[usize::from(ip[0] & 15) * 4..];
    let length = (segment.len() as u16).to_be_bytes();
    let bytes = [&ip[12..20], &[0, ip[9]], &length, segment].concat();
    let words = bytes.chunks(2).map(|pair| u64::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn is_tcp(frame: &[u8]) -> bool {
    frame[12..14] == [8, 0] && frame[23] == 6
}

/// Two endpoints with nothing but raw frames between them.
fn quiet() -> (Endpoint, OwnedFd) {
    let endpoint = Endpoint::start();
    let socket = lay(endpoint.pid(), "eth1", "far-a").unwrap();
    endpoint.inside(|| configure("eth1", 9000, None));
    (endpoint, socket)
}

#[test]
fn frames_pass_unchanged_whatever_their_length_and_address() {
    zygote(module_path!(), "frames_pass_unchanged_whatever_their_length_and_address", || {
        let (endpoint, cable) = quiet();
        let inside = endpoint.packet_socket();
        let addresses = [[2, 0, 0, 0, 0, 1], [0xff; 6], [1, 0, 0x5e, 0, 0, 5], [0x33, 0x33, 0, 0, 0, 1]];
        for to in addresses {
            for length in [14, 15, 60, 75, 1514, 1518, 9014] {
                let frame = frame(to, &[], length);
                assert_eq!(nix::unistd::write(&inside, &frame), Ok(length));
                assert_eq!(next(&cable), frame);
                assert_eq!(nix::unistd::write(&cable, &frame), Ok(length));
                assert_eq!(next(&inside), frame);
            }
        }
        assert!(is_empty(&cable), "what the switch wrote does not come back");
        assert_eq!(nix::unistd::write(&cable, &[0; 13]), Err(Errno::EINVAL), "as with a TAP");
        assert_eq!(lost(&cable).unwrap(), 0);
    });
}

#[test]
fn vlan_tags_stay_where_they_are() {
    zygote(module_path!(), "vlan_tags_stay_where_they_are", || {
        let (endpoint, cable) = quiet();
        let inside = endpoint.packet_socket();
        let (inner, outer, priority) = ([0x81, 0, 0, 7], [0x88, 0xa8, 0x6f, 0xff], [0x81, 0, 0xe0, 0]);
        for tags in [&[inner][..], &[priority], &[outer], &[outer, inner], &[inner, inner]] {
            for length in [64, 1518, 9014] {
                let frame = frame([2, 0, 0, 0, 0, 1], tags, length);
                nix::unistd::write(&inside, &frame).unwrap();
                assert_eq!(next(&cable), frame);
                nix::unistd::write(&cable, &frame).unwrap();
                assert_eq!(next(&inside), frame);
            }
        }
    });
}

#[test]
fn tcp_and_udp_pass_in_whole_frames() {
    zygote(module_path!(), "tcp_and_udp_pass_in_whole_frames", || {
        let ((a, to_a), (b, to_b)) = (Endpoint::plugged("far-a", 1500, A), Endpoint::plugged("far-b", 1500, B));
        let relay = Relay::start([to_a, to_b]);
        let text: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let listener = b.inside(|| TcpListener::bind("10.0.0.2:7").unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut echoed = vec![0; text.len()];
                stream.read_exact(&mut echoed).unwrap();
                stream.write_all(&echoed).unwrap();
            });
            let mut stream = a.inside(|| TcpStream::connect("10.0.0.2:7").unwrap());
            stream.write_all(&text).unwrap();
            let mut echoed = vec![0; text.len()];
            stream.read_exact(&mut echoed).unwrap();
            assert!(echoed == text, "what came back is not what was sent");
        });

        let [from, to] =
            [(&a, "10.0.0.1:7"), (&b, "10.0.0.2:7")].map(|(it, at)| it.inside(|| UdpSocket::bind(at).unwrap()));
        from.send_to(&[5; 4000], "10.0.0.2:7").unwrap();
        assert_eq!(to.recv(&mut [0; 5000]).unwrap(), 4000, "fragments are put together");

        let seen = relay.seen.lock().unwrap();
        let wrong = seen.iter().filter(|frame| frame.len() > 1514 || is_tcp(frame) && checksum(frame) != 0).count();
        assert!(seen.len() > 2 * text.len() / 1460, "{}", seen.len());
        assert_eq!(wrong, 0);
    });
}

#[test]
fn with_offload_on_frames_are_unfinished() {
    zygote(module_path!(), "with_offload_on_frames_are_unfinished", || {
        let (endpoint, cable) = quiet();
        let sender = endpoint.inside(|| {
            configure("eth1", 1500, Some(A));
            UdpSocket::bind("10.0.0.1:7").unwrap()
        });
        sender.set_broadcast(true).unwrap();
        sender.send_to(b"before", "10.0.0.255:7").unwrap();
        assert_ne!(checksum(&next(&cable)), 0);
        endpoint.inside(|| crate::helper::offload::switch_off("eth1").unwrap());
        sender.send_to(b"after", "10.0.0.255:7").unwrap();
        assert_eq!(checksum(&next(&cable)), 0);
    });
}

#[test]
fn a_frame_that_finds_no_room_is_counted() {
    zygote(module_path!(), "a_frame_that_finds_no_room_is_counted", || {
        let (endpoint, cable) = quiet();
        let inside = endpoint.packet_socket();
        let (frame, sent) = (frame([0xff; 6], &[], 1514), 10_000);
        for _ in 0..sent {
            nix::unistd::write(&inside, &frame).unwrap();
        }
        let mut buffer = vec![0; lab::LONGEST];
        let mut read = 0;
        let end = Instant::now() + Duration::from_secs(20);
        while read + lost(&cable).unwrap() + endpoint.inside(|| figure("eth1", "tx_dropped")) < sent {
            assert!(Instant::now() < end, "{read} read, {} lost", lost(&cable).unwrap());
            while receive(&cable, &mut buffer).is_ok() {
                read += 1;
            }
        }
        assert!(read > 0 && lost(&cable).unwrap() > 0, "{read} read");
        assert_eq!(lost(&cable).unwrap(), lost(&cable).unwrap(), "asking does not reset it");
        assert!(is_empty(&cable), "what was counted as lost does not come");
    });
}

#[test]
fn the_switch_learns_that_an_interface_is_down_or_gone() {
    zygote(module_path!(), "the_switch_learns_that_an_interface_is_down_or_gone", || {
        let endpoint = Endpoint::start();
        let cable = lay(endpoint.pid(), "eth1", "far-a").unwrap();
        let frame = frame([0xff; 6], &[], 60);
        assert!(is_empty(&cable));
        assert_eq!(nix::unistd::write(&cable, &frame), Err(Errno::ENOBUFS));
        endpoint.inside(|| configure("eth1", 1500, None));
        assert_eq!(nix::unistd::write(&cable, &frame), Ok(60), "at once");
        assert!(is_empty(&cable));
        drop(endpoint);
        let gone = std::iter::repeat_with(|| receive(&cable, &mut [0; 100])).find(|it| *it != Err(Errno::EAGAIN));
        assert_eq!(gone, Some(Err(Errno::ENETDOWN)));
        let gone = nix::unistd::write(&cable, &frame).unwrap_err();
        assert!(matches!(gone, Errno::ENETDOWN | Errno::ENXIO), "{gone}");
    });
}

#[test]
fn the_far_end_answers_nothing() {
    zygote(module_path!(), "the_far_end_answers_nothing", || {
        let (endpoint, cable) = quiet();
        let inside = endpoint.packet_socket();
        let sender = endpoint.inside(|| {
            configure("eth1", 1500, Some(A));
            UdpSocket::bind("10.0.0.1:7").unwrap()
        });
        sender.set_broadcast(true).unwrap();
        let asked =
            [&[0xff; 6][..], &[2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &[2, 0, 0, 0, 0, 9], &A, &[0; 6]];
        for address in [A, B, [127, 0, 0, 1]] {
            nix::unistd::write(&inside, &[&asked.concat()[..], &address].concat()).unwrap();
            next(&cable);
        }
        for to in ["10.0.0.255:9", "255.255.255.255:9"] {
            sender.send_to(b"anyone?", to).unwrap();
            next(&cable);
        }
        assert_eq!((figure("far-a", "rx_packets"), figure("far-a", "tx_packets")), (5, 0));
        let setting = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/{name}")).unwrap_or_default();
        assert_eq!(setting("ipv4/conf/far-a/forwarding"), "0\n");
        assert_ne!(setting("ipv6/conf/far-a/disable_ipv6"), "0\n");
    });
}

#[test]
fn the_zygote_stays_alone() {
    zygote(module_path!(), "the_zygote_stays_alone", || {
        let names = |path: &str| -> BTreeSet<String> {
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let endpoint = Endpoint::start();
        let threads = names("/proc/self/task");
        let inherited = || Command::new("ls").arg("/proc/self/fd").output().unwrap().stdout;
        let before = inherited();
        let cables = ["far-a", "far-b"].map(|far| lay(endpoint.pid(), &far.replace("far", "eth"), far).unwrap());
        let once = names("/proc/self/fd");
        drop(lay(endpoint.pid(), "eth-c", "far-c").unwrap());
        assert_eq!(names("/proc/self/fd"), once, "descriptors do not pile up");
        assert_eq!(names("/proc/self/task"), threads);
        for cable in &cables {
            let flags = fcntl(cable, FcntlArg::F_GETFD).unwrap();
            assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
        }
        assert_eq!(inherited(), before, "none of them is there after an exec");
    });
}

#[test]
fn a_namespace_in_use_is_left_alone() {
    zygote(module_path!(), "a_namespace_in_use_is_left_alone", || {
        lay(std::process::id().cast_signed(), "eth1", "far-a").unwrap();
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        let refused = prepare().unwrap_err();
        assert!(refused.to_string().contains("far-a is up"), "{refused}");
        assert_eq!(std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap(), "1\n");
    });
}

#[test]
fn what_cannot_be_laid_is_named() {
    zygote(module_path!(), "what_cannot_be_laid_is_named", || {
        let endpoint = Endpoint::start();
        let _cable = lay(endpoint.pid(), "eth1", "far-a").unwrap();
        let taken = lay(endpoint.pid(), "eth2", "far-a").unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        let at = format!("cable from far-a to eth2 of process {}: ", endpoint.pid());
        assert!(taken.to_string().starts_with(&at), "{taken}");
        let taken = lay(endpoint.pid(), "eth1", "far-b").unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert!(lay(endpoint.pid(), "a-name-far-too-long", "far-b").is_err());
        assert!(lay(i32::MAX, "eth2", "far-b").is_err());
        assert!(lay(-1, "eth2", "far-b").is_err());
        lay(endpoint.pid(), "eth2", "far-b").unwrap();
    });
}
