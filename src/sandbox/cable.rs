//! Cables: veth pairs from an endpoint to a packet socket of the switch, where no TAP device can be opened.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{LinkMessageBuilder, LinkUnspec, LinkVeth};

use crate::fabric::packet_socket;

/// What is said of a kernel without veth pairs.
pub const NO_VETH: &str = "this kernel has no veth pairs";

/// The most that an interface can have: the far end never limits what the endpoint's own MTU allows.
const MTU: u32 = 65_535;

/// Settings that keep the namespace's own network stack silent. A new namespace may have taken others over from its
/// host (`net.core.devconf_inherit_init_net`).
const QUIET: [(&str, &str); 4] = [
    ("net/ipv4/ip_forward", "0"),
    ("net/ipv6/conf/all/forwarding", "0"),
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv6/conf/default/disable_ipv6", "1"),
];

/// Prepares the network namespace of this process for cables: nothing in it speaks by itself or forwards.
///
/// # Errors
/// A namespace that is in use, as the host's own, or a `/proc/sys` that cannot be written.
pub fn prepare() -> io::Result<()> {
    // In a new namespace not even the loopback interface is up.
    if let Some(used) = getifaddrs()?.find(|interface| interface.flags.contains(InterfaceFlags::IFF_UP)) {
        let name = used.interface_name;
        return Err(io::Error::other(format!("network namespace in use: {name} is up; unshare one for the cables")));
    }
    QUIET.iter().try_for_each(|(key, value)| set(&Path::new("/proc/sys").join(key), value))
}

/// Writes a setting if it is not so already, as `/proc/sys` may be read-only.
fn set(path: &Path, value: &str) -> io::Result<()> {
    match std::fs::read_to_string(path) {
        Ok(now) if now.trim() == value => Ok(()),
        // A kernel without IPv6 has none of its settings.
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => std::fs::write(path, value),
        Err(err) => Err(err),
    }
    .map_err(|err| named(&format!("{} cannot be {value}; is /proc read-only?", path.display()), &err))
}

/// Lays a cable into the network namespace of process `pid`, where its end is `interface`, down and not configured.
///
/// The other end, `far_name`, stays in this namespace and is up; the packet socket given has what arrives there, and
/// what is written to it arrives at `interface`. Frames are read with [`packet_socket::receive`]; a write fails with `ENOBUFS`, and
/// the frame is lost, while `interface` is down or its kernel's receive queue is full.
///
/// # Errors
/// A kernel without veth or packet sockets, a process that is gone, or a name that is taken or that no interface can
/// have.
pub fn lay(pid: i32, interface: &str, far_name: &str) -> io::Result<OwnedFd> {
    let what = format!("cable from {far_name} to {interface} of process {pid}");
    let socket = packet_socket::open().map_err(|err| named(&format!("{what}: packet socket"), &err))?;
    add_pair(pid, interface, far_name).map_err(|err| match err.raw_os_error() {
        Some(libc::EOPNOTSUPP) => named(&format!("{what}: {NO_VETH}"), &err),
        _ => named(&what, &err),
    })?;
    packet_socket::bind(&socket, far_name).map_err(|err| named(&format!("{what}: packet socket"), &err))?;
    Ok(socket)
}

/// Makes both ends. The runtime is gone when this returns: the zygote forks, and must be alone then.
fn add_pair(pid: i32, interface: &str, far_name: &str) -> io::Result<()> {
    let pid = u32::try_from(pid).map_err(io::Error::other)?;
    let near = LinkMessageBuilder::<LinkUnspec>::new().name(interface.to_owned()).setns_by_pid(pid).build();
    // The far end is up from the start: a socket that is bound to an interface that is down has an error to report.
    let pair = LinkVeth::new(far_name, interface).set_info_data(InfoData::Veth(InfoVeth::Peer(near))).mtu(MTU).up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        handle.link().add(pair.build()).execute().await.map_err(|err| match err {
            rtnetlink::Error::NetlinkError(refused) => refused.to_io(),
            other => io::Error::other(other),
        })
    })
}

fn named(what: &str, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{what}: {err}"))
}

#[cfg(test)]
mod tests;
