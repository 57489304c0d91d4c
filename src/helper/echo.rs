//! Duty `echo`: ICMP echo requests at a steady pace, and when each was answered, as a process of its own.

use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, Ipv4HeaderSlice};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, connect, getsockname, recv,
    send, socket,
};

use super::answer;
use super::message::{Echo, EchoDone};
use super::monotonic_ns;

/// Bytes of data in a request, as ping(8) sends them.
const DATA: usize = 56;
/// Longest answer that is looked at, in bytes.
const ANSWER_MOST: usize = 2048;
/// Nanoseconds of a millisecond.
const MS: u64 = 1_000_000;

/// Sends what the argument, an [`Echo`] as JSON, asks for, and prints an [`EchoDone`].
pub fn main(argument: &str) -> ExitCode {
    let refuse = |why| EchoDone { failed: Some(format!("no echo: {why}")), ..EchoDone::default() };
    answer::answer(argument, exchange, refuse)
}

fn exchange(echo: &Echo) -> EchoDone {
    let socket = match open(echo.to) {
        Ok(socket) => socket,
        Err(err) => return EchoDone { failed: Some(format!("{}: {err}", echo.to)), ..EchoDone::default() },
    };
    let mut done = EchoDone::default();
    let id = std::process::id() as u16;
    let begin = monotonic_ns();
    let mut sent_ns = vec![None; usize::from(echo.count)];
    for seq in 0..echo.count {
        let request = request(echo, &socket, id, seq);
        let now = monotonic_ns();
        match request.and_then(|request| send(socket.as_raw_fd(), &request, MsgFlags::empty())) {
            Ok(_) => {
                sent_ns[usize::from(seq)] = Some(now);
                done.sent += 1;
            }
            // The route may come back: the pace is kept.
            Err(err) => done.failed = Some(format!("{}: {err}", echo.to)),
        }
        let wait_ms = if seq + 1 == echo.count { echo.wait_ms } else { echo.interval_ms };
        let next = begin + u64::from(seq) * echo.interval_ms * MS + wait_ms * MS;
        collect(echo, &socket, id, next, &sent_ns, &mut done);
    }
    done
}

fn open(to: IpAddr) -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    match to {
        IpAddr::V4(to) => {
            let opened = socket(AddressFamily::Inet, SockType::Raw, flags, SockProtocol::Icmp)?;
            connect(opened.as_raw_fd(), &SockaddrIn::from(std::net::SocketAddrV4::new(to, 0)))?;
            Ok(opened)
        }
        IpAddr::V6(to) => {
            let opened = socket(AddressFamily::Inet6, SockType::Raw, flags, SockProtocol::IcmpV6)?;
            connect(opened.as_raw_fd(), &SockaddrIn6::from(std::net::SocketAddrV6::new(to, 0, 0, 0)))?;
            Ok(opened)
        }
    }
}

fn request(echo: &Echo, socket: &OwnedFd, id: u16, seq: u16) -> nix::Result<Vec<u8>> {
    let mut data = [0_u8; DATA];
    data[..8].copy_from_slice(&echo.token.to_be_bytes());
    let header = IcmpEchoHeader { id, seq };
    let mut bytes = Vec::with_capacity(8 + DATA);
    match echo.to {
        IpAddr::V4(_) => {
            let header = Icmpv4Header::with_checksum(Icmpv4Type::EchoRequest(header), &data);
            bytes.extend_from_slice(&header.to_bytes());
        }
        IpAddr::V6(to) => {
            // The checksum covers the source address, which the kernel has chosen by now.
            let own: SockaddrIn6 = getsockname(socket.as_raw_fd())?;
            let kind = Icmpv6Type::EchoRequest(header);
            let header = Icmpv6Header::with_checksum(kind, own.ip().octets(), to.octets(), &data);
            bytes.extend_from_slice(&header.map_err(|_| Errno::EMSGSIZE)?.to_bytes());
        }
    }
    bytes.extend_from_slice(&data);
    Ok(bytes)
}

/// Takes answers until a time of the monotonic clock, or until all requests so far are answered and none follows.
fn collect(echo: &Echo, socket: &OwnedFd, id: u16, until: u64, sent_ns: &[Option<u64>], done: &mut EchoDone) {
    let mut buffer = [0_u8; ANSWER_MOST];
    loop {
        let now = monotonic_ns();
        let is_last = sent_ns.last().is_some_and(Option::is_some);
        if now >= until || (is_last && done.answers.len() >= usize::from(done.sent)) {
            return;
        }
        let wait = PollTimeout::try_from((until - now).div_ceil(MS)).unwrap_or(PollTimeout::MAX);
        // Interrupted or not: the time is asked again.
        let _ = poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], wait);
        while let Ok(read) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            let at = monotonic_ns();
            let Some(seq) = sequence(echo, id, &buffer[..read]) else { continue };
            let sent = sent_ns.get(usize::from(seq)).copied().flatten();
            let is_new = !done.answers.iter().any(|(known, ..)| *known == seq);
            if let Some(sent) = sent.filter(|_| is_new) {
                done.answers.push((seq, sent, at.saturating_sub(sent)));
            }
        }
    }
}

/// The sequence number of an answer to one of our requests.
fn sequence(echo: &Echo, id: u16, bytes: &[u8]) -> Option<u16> {
    // A raw IPv4 socket gives the IP header, too (raw(7)); an IPv6 one does not.
    let (icmp, reply) = match echo.to {
        IpAddr::V4(_) => (bytes.get(Ipv4HeaderSlice::from_slice(bytes).ok()?.slice().len()..)?, 0),
        IpAddr::V6(_) => (bytes, 129),
    };
    let word = |at: usize| Some(u16::from_be_bytes(icmp.get(at..at + 2)?.try_into().ok()?));
    let ours = icmp.first() == Some(&reply) && word(4)? == id && icmp.get(8..16)? == echo.token.to_be_bytes();
    if ours { word(6) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_to_our_own_requests_count() {
        let echo =
            Echo { to: [127, 0, 0, 1].into(), count: 1, interval_ms: 1, wait_ms: 1, token: 0x0102_0304_0506_0708 };
        let build = |id, seq, token: u64| {
            let mut bytes = Vec::new();
            let builder =
                etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).icmpv4_echo_reply(id, seq);
            builder.write(&mut bytes, &token.to_be_bytes()).unwrap();
            bytes
        };
        assert_eq!(sequence(&echo, 7, &build(7, 3, echo.token)), Some(3));
        assert_eq!(sequence(&echo, 8, &build(7, 3, echo.token)), None);
        assert_eq!(sequence(&echo, 7, &build(7, 3, 1)), None);
        let mut request = Vec::new();
        let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).icmpv4_echo_request(7, 3);
        builder.write(&mut request, &echo.token.to_be_bytes()).unwrap();
        assert_eq!(sequence(&echo, 7, &request), None);
        for length in 0..request.len() {
            assert_eq!(sequence(&echo, 7, &request[..length]), None);
        }
    }
}
