//! A relay between two ends on loopback, with the real helper as a process of its own: whole bytes, bounded, and no faster than its reader.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::{Duration, Instant};

use saiten::lab::Streams;
use saiten::lab::line::Line;
use saiten::lab::live::{Live, Reach};
use saiten::lab::relay::Relay;
use saiten::scenario::submission::Host;
use saiten::scenario::{Prefix, ServicePort, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::process::{Child, Command};

/// The lab's end is on another address of loopback than the live machine's.
const LAB: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

struct Relayed {
    _child: Child,
    _relay: Relay,
    at: SocketAddr,
}

/// A relay to a port of this machine.
async fn relay(transport: Transport, target: SocketAddr) -> Relayed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saiten"));
    let mut child = command.arg("init").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let streams = Streams { input: Box::new(input), output: Box::new(output) };
    let line = Line::open("server", streams, Box::new(String::new)).await.unwrap();
    // Nobody else listens there: the port was free a moment ago, on all of loopback.
    let port = std::net::TcpListener::bind((LAB, 0)).unwrap().local_addr().unwrap().port();
    let loopback = Prefix { address: [127, 0, 0, 0].into(), length: 8 };
    let reach = Reach { networks: vec![loopback], ..Reach::default() };
    let host = Host::parse(&target.to_string()).unwrap();
    let live = Live::find(&host, &[ServicePort { transport, port }], &reach).await.unwrap();
    let relay = Relay::open(&line, &[IpAddr::V4(LAB)], &live).await.unwrap();
    Relayed { _child: child, _relay: relay, at: SocketAddr::new(LAB.into(), port) }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(50), test).await.expect("an end within its limit") };
    tokio::task::LocalSet::new().block_on(&runtime, limited);
}

/// A live machine that says everything again.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::task::spawn_local(async move {
                let (mut read, mut write) = stream.into_split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    at
}

#[test]
fn all_bytes_arrive_both_ways_and_so_do_the_ends() {
    run(async {
        let relayed = relay(Transport::Tcp, echo().await).await;
        let (mut read, mut write) = TcpStream::connect(relayed.at).await.unwrap().into_split();
        let sent: Vec<u8> = (0..2_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let all = sent.clone();
        tokio::task::spawn_local(async move {
            write.write_all(&all).await.unwrap();
            write.shutdown().await.unwrap();
        });
        let mut got = Vec::new();
        read.read_to_end(&mut got).await.unwrap();
        assert!(got == sent, "{} of {} bytes", got.len(), sent.len());
    });
}

#[test]
fn a_round_trip_costs_little() {
    run(async {
        let direct = echo().await;
        let relayed = relay(Transport::Tcp, direct).await;
        let mut medians = Vec::new();
        for at in [direct, relayed.at] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut times = Vec::new();
            for _ in 0..100 {
                let begin = Instant::now();
                stream.write_all(b"x").await.unwrap();
                stream.read_exact(&mut [0]).await.unwrap();
                times.push(begin.elapsed());
            }
            times.sort();
            medians.push(times[50]);
        }
        assert!(medians[1] < medians[0] + Duration::from_millis(50), "{medians:?}");
    });
}

#[test]
fn whoever_does_not_read_holds_the_writer_up() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relayed = relay(Transport::Tcp, listener.local_addr().unwrap()).await;
        let mut lab = TcpStream::connect(relayed.at).await.unwrap();
        let (mut live, _) = listener.accept().await.unwrap();
        for (writer, reader) in [(&mut lab, &mut live)] {
            let mut written = 0;
            let chunk = vec![7; 64 << 10];
            while let Ok(wrote) = tokio::time::timeout(Duration::from_millis(500), writer.write(&chunk)).await {
                written += wrote.unwrap();
                assert!(written < 64 << 20, "nothing holds it up");
            }
            // What was written is all there, later.
            let mut left = written;
            let mut buffer = vec![0; 64 << 10];
            while left > 0 {
                left -= reader.read(&mut buffer).await.unwrap();
            }
        }
    });
}

#[test]
fn one_that_refuses_is_refused_in_the_lab_and_there_are_not_too_many() {
    run(async {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let relayed = relay(Transport::Tcp, closed).await;
        let mut stream = TcpStream::connect(relayed.at).await.unwrap();
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));

        let relayed = relay(Transport::Tcp, echo().await).await;
        let mut streams = Vec::new();
        for _ in 0..65 {
            // One that finds no room may be told so while it still connects.
            let Ok(mut stream) = TcpStream::connect(relayed.at).await else { continue };
            let _ = stream.write_all(b"x").await;
            streams.push(stream);
        }
        let mut answered = 0;
        for stream in &mut streams {
            answered += usize::from(stream.read_exact(&mut [0]).await.is_ok());
        }
        assert_eq!(answered, 64);
        // Those that end make room.
        drop(streams);
        loop {
            // One that finds no room may be told so while it still connects.
            if let Ok(mut stream) = TcpStream::connect(relayed.at).await {
                let _ = stream.write_all(b"x").await;
                if stream.read_exact(&mut [0]).await.is_ok() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn datagrams_find_their_way_back() {
    run(async {
        let live = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let relayed = relay(Transport::Udp, live.local_addr().unwrap()).await;
        tokio::task::spawn_local(async move {
            let mut buffer = [0; 2048];
            while let Ok((read, peer)) = live.recv_from(&mut buffer).await {
                live.send_to(&buffer[..read], peer).await.unwrap();
            }
        });
        let mut sockets = Vec::new();
        // More than are remembered at once: the oldest are forgotten.
        for number in 0..100_u8 {
            let socket = UdpSocket::bind((LAB, 0)).await.unwrap();
            socket.connect(relayed.at).await.unwrap();
            socket.send(&vec![number; 1200]).await.unwrap();
            let mut buffer = [0; 2048];
            let read = socket.recv(&mut buffer).await.unwrap();
            assert_eq!(buffer[..read], vec![number; 1200]);
            sockets.push(socket);
        }
    });
}
