//! Packet sockets (packet(7)): at the end of a cable, read and written by the switch as if it were a TAP, and on an interface
//! of the machine, which is only watched.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use tokio::io::unix::AsyncFd;

use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, GetSockOpt, LinkAddr, MsgFlags, SetSockOpt, SockFlag, SockType, SockaddrLike,
    recvmsg,
};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

sockopt_impl!(
    /// Leaves out frames that go out at the interface.
    IgnoreOutgoing,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_IGNORE_OUTGOING,
    bool
);
sockopt_impl!(
    /// Hands frames straight to the interface, which then tells whether it took them.
    QdiscBypass,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_QDISC_BYPASS,
    bool
);
sockopt_impl!(
    /// Tells the VLAN tag of each frame.
    AuxiliaryData,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_AUXDATA,
    bool
);
sockopt_impl!(
    /// Takes part in what an interface receives, for as long as the socket is open.
    Membership,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_ADD_MEMBERSHIP,
    libc::packet_mreq
);
sockopt_impl!(
    /// Counters of a socket; unlike `PACKET_STATISTICS`, they are not reset by being read.
    MemoryInfo,
    GetOnly,
    libc::SOL_SOCKET,
    libc::SO_MEMINFO,
    [u32; libc::SK_MEMINFO_DROPS as usize + 1]
);

/// Asked for as the receive buffer, in bytes. The kernel grants twice as much, for what it stores beside each frame:
/// about 3600 frames of 1514 bytes.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Length of the two MAC addresses, behind which a VLAN tag is.
const ADDRESSES: usize = 12;
/// Length of a VLAN tag.
const TAG: usize = 4;

/// A socket that has no frames yet, because it belongs to no interface.
///
/// # Errors
/// No right to packet sockets (CAP_NET_RAW), or a kernel without them.
pub fn open() -> io::Result<OwnedFd> {
    let socket = roomy()?;
    IgnoreOutgoing.set(&socket, &true)?;
    QdiscBypass.set(&socket, &true)?;
    Ok(socket)
}

/// A socket that sees what passes an interface of the machine, in both directions, also what is for others: for as long as it
/// is open, the interface is in promiscuous mode.
///
/// # Errors
/// No right to packet sockets (CAP_NET_RAW), or no such interface.
pub fn watch(interface: &str) -> io::Result<AsyncFd<OwnedFd>> {
    let socket = roomy()?;
    bind(&socket, interface)?;
    let membership = libc::packet_mreq {
        mr_ifindex: if_nametoindex(interface)?.cast_signed(),
        mr_type: libc::PACKET_MR_PROMISC as libc::c_ushort,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    Membership.set(&socket, &membership)?;
    // SAFETY: the `AsyncFd` owns the descriptor, and whoever borrows it from there cannot close it.
    Ok(unsafe { AsyncFd::register(socket) }?)
}

/// A socket for both directions that tells VLAN tags, and has room for a busy interface.
fn roomy() -> io::Result<OwnedFd> {
    let socket = open_both_ways()?;
    AuxiliaryData.set(&socket, &true)?;
    // Only the host's administrator may exceed `net.core.rmem_max`; anyone else gets at most that.
    if RcvBufForce.set(&socket, &RECEIVE_BUFFER).is_err() {
        RcvBuf.set(&socket, &RECEIVE_BUFFER)?;
    }
    Ok(socket)
}

/// A socket that sees what comes in at an interface and what goes out; it has no frames yet, either.
///
/// # Errors
/// As [`open`].
pub fn open_both_ways() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(nix::sys::socket::socket(AddressFamily::Packet, SockType::Raw, flags, None)?)
}

/// Makes the socket the one of an interface, which must be up.
///
/// # Errors
/// No such interface.
pub fn bind(socket: &OwnedFd, interface: &str) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as libc::sa_family_t,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: if_nametoindex(interface)?.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: `address` is a whole sockaddr_ll, of the length and family that it is said to have.
    let address = unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) };
    let address = address.ok_or_else(|| io::Error::other("not a link-layer address"))?;
    Ok(nix::sys::socket::bind(socket.as_raw_fd(), &address)?)
}

/// Takes one frame from a cable's socket, as read(2) does from a TAP; gives its length in `buffer`.
///
/// The kernel takes the outer VLAN tag out of a frame before any packet socket sees it, and tells it apart from it:
/// here it is put back to where it was. The last four bytes of `buffer` are kept free for that.
///
/// # Errors
/// `EAGAIN` if there is no frame now, `ENETDOWN` if the interface is gone.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> nix::Result<usize> {
    receive_marked(socket, buffer).map(|(length, _)| length)
}

/// As [`receive`], and whether the frame went out at the interface.
///
/// # Errors
/// As [`receive`].
pub fn receive_marked(socket: impl AsFd, buffer: &mut [u8]) -> nix::Result<(usize, bool)> {
    let room = buffer.len().saturating_sub(TAG);
    let mut control = nix::cmsg_space!(libc::tpacket_auxdata);
    let mut frame = [IoSliceMut::new(&mut buffer[..room])];
    let descriptor = socket.as_fd().as_raw_fd();
    let message = recvmsg::<LinkAddr>(descriptor, &mut frame, Some(&mut control), MsgFlags::empty())?;
    let tag = message.cmsgs()?.find_map(|control| tag(&control));
    let length = message.bytes;
    let outgoing = message.address.is_some_and(|address| address.pkttype() == libc::PACKET_OUTGOING);
    match tag {
        Some(tag) if length >= ADDRESSES => {
            buffer.copy_within(ADDRESSES..length, ADDRESSES + TAG);
            buffer[ADDRESSES..ADDRESSES + TAG].copy_from_slice(&tag);
            Ok((length + TAG, outgoing))
        }
        _ => Ok((length, outgoing)),
    }
}

/// The VLAN tag that a control message tells of, as it was in the frame.
fn tag(control: &ControlMessageOwned) -> Option<[u8; TAG]> {
    let ControlMessageOwned::Unknown(unknown) = control else { return None };
    let kind = (unknown.cmsg_header.cmsg_level, unknown.cmsg_header.cmsg_type);
    if kind != (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
        return None;
    }
    // A tpacket_auxdata: four bytes of status first, then those up to the tag, which is last: content, protocol.
    let [s0, s1, s2, s3, .., c0, c1, p0, p1] = unknown.data_bytes[..] else { return None };
    let status = u32::from_ne_bytes([s0, s1, s2, s3]);
    let content = u16::from_ne_bytes([c0, c1]).to_be_bytes();
    let protocol = u16::from_ne_bytes([p0, p1]).to_be_bytes();
    (status & libc::TP_STATUS_VLAN_VALID != 0).then_some([protocol[0], protocol[1], content[0], content[1]])
}

/// Frames that found no room in the socket's buffer since it was opened: the switch never saw them.
///
/// It is the only place where these are counted. Frames that the kernel lost before, on their way through the cable,
/// are in `tx_dropped` of the endpoint's interface.
///
/// # Errors
/// A descriptor that is no socket.
pub fn lost(socket: impl AsFd) -> io::Result<u64> {
    let counters = MemoryInfo.get(&socket.as_fd())?;
    Ok(u64::from(counters[libc::SK_MEMINFO_DROPS as usize]))
}
