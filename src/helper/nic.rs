//! The endpoint's NICs: TAP devices, or cables that were laid before, whose file descriptors go to the lab's switch.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use futures_util::TryStreamExt;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use rtnetlink::{Handle, LinkUnspec, RouteMessageBuilder};

use super::message::{NicSpec, WIRE_SOCKET};
use super::offload;
use crate::fabric::packet_socket;
use crate::fabric::pump::hand_over;

nix::ioctl_write_ptr_bad!(tunsetiff, nix::request_code_write!(b'T', 202, size_of::<libc::c_int>()), libc::ifreq);

/// Frames that the kernel queues towards the switch before it drops some (`txqueuelen`).
const QUEUE: u32 = 1000;

/// A NIC that the switch holds the other end of. Dropping it pulls the cable.
pub struct Nic {
    interface: String,
    /// The switch's end of a cable, kept to ask it for its losses.
    cable: Option<OwnedFd>,
    /// Its end tells the switch that the endpoint is gone.
    _control: UnixStream,
}

impl Nic {
    /// Frames that the transmit ring, or the buffer of a cable's socket, dropped: the switch never saw them.
    ///
    /// # Errors
    /// When `/sys` does not have the interface any more.
    pub fn lost(&self) -> io::Result<(String, u64)> {
        let path = format!("/sys/class/net/{}/statistics/tx_dropped", self.interface);
        let text = std::fs::read_to_string(path)?;
        let dropped: u64 = text.trim().parse().map_err(io::Error::other)?;
        let unread = self.cable.as_ref().map_or(Ok(0), packet_socket::lost)?;
        Ok((self.interface.clone(), dropped + unread))
    }
}

/// Cables that were laid into this endpoint before its first program began: packet sockets on their other ends, by interface.
#[derive(Debug, Default)]
pub struct Cables(HashMap<String, OwnedFd>);

impl Cables {
    /// Those that came as descriptors behind the standard ones, in the order of `interfaces`.
    ///
    /// # Errors
    /// An interface without a descriptor.
    pub fn inherited(interfaces: &[String]) -> io::Result<Self> {
        let first = io::stderr().as_raw_fd() + 1;
        let cables = interfaces.iter().cloned().zip(first..).map(|(interface, fd)| {
            // SAFETY: whoever started this program as PID 1 put one descriptor here for each interface that it named; this
            // is called once, before anything else opens or takes a descriptor.
            let cable = unsafe { OwnedFd::from_raw_fd(fd) };
            // For nobody who is started here: bound anew, it would reach the other endpoints' cables past the switch.
            fcntl(&cable, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
            Ok((interface, cable))
        });
        Ok(Cables(cables.collect::<io::Result<_>>()?))
    }
}

/// Makes and configures all NICs, then sets the default routes.
///
/// # Errors
/// No `/dev/net/tun`, a name or address that the kernel refuses, or a switch that does not take the NIC.
pub async fn make(specs: &[NicSpec], gateways: &[IpAddr], cables: Cables) -> io::Result<Vec<Nic>> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    let talking = tokio::spawn(connection);
    let made = make_with(&handle, specs, gateways, cables).await;
    talking.abort();
    made
}

async fn make_with(
    handle: &Handle,
    specs: &[NicSpec],
    gateways: &[IpAddr],
    mut cables: Cables,
) -> io::Result<Vec<Nic>> {
    set_link(handle, "lo", |link| link.up()).await?;
    let mut nics = Vec::new();
    for spec in specs {
        let cable = cables.0.remove(&spec.interface);
        let wire = open_wire(&spec.interface, cable.as_ref()).map_err(|err| named(&spec.interface, &err))?;
        configure(handle, spec).await.map_err(|err| named(&spec.interface, &err))?;
        let control = hand_over(Path::new(WIRE_SOCKET), &spec.token, wire.as_fd())
            .map_err(|err| named(&format!("{} at the switch", spec.interface), &err))?;
        nics.push(Nic { interface: spec.interface.clone(), cable, _control: control });
    }
    for gateway in gateways {
        add_default_route(handle, *gateway).await.map_err(|err| named(&format!("route by {gateway}"), &err))?;
    }
    Ok(nics)
}

/// What the switch gets: a new TAP device, or the end of the cable that is there.
fn open_wire(interface: &str, cable: Option<&OwnedFd>) -> io::Result<OwnedFd> {
    let Some(cable) = cable else { return tap(interface) };
    offload::switch_off(interface)?;
    cable.try_clone()
}

fn named(what: &str, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{what}: {err}"))
}

/// Opens a TAP device without packet information header (kernel: Documentation/networking/tuntap.rst).
fn tap(interface: &str) -> io::Result<OwnedFd> {
    let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
    let device = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/net/tun")?;
    // SAFETY: all fields of ifreq are integers, arrays of them or a union of such; zero is a value of each.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero, as the name must end with one.
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the descriptor is open and `request` is the ifreq that TUNSETIFF reads and writes.
    unsafe { tunsetiff(device.as_raw_fd(), &raw const request) }?;
    Ok(device.into())
}

async fn configure(handle: &Handle, spec: &NicSpec) -> io::Result<()> {
    let index =
        set_link(handle, &spec.interface, |link| link.address(spec.mac.to_vec()).mtu(spec.mtu).txqueuelen(QUEUE).up())
            .await?;
    for (address, prefix) in &spec.addresses {
        handle.address().add(index, *address, *prefix).execute().await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Gives NICs that are there already, found by their MAC addresses, the addresses of a scenario and no others; their names, in order.
///
/// # Errors
/// A NIC that is not there, or what the kernel refuses.
pub async fn adopt(specs: &[NicSpec], gateways: &[IpAddr]) -> io::Result<Vec<String>> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    let talking = tokio::spawn(connection);
    let adopted = adopt_with(&handle, specs, gateways).await;
    talking.abort();
    adopted
}

async fn adopt_with(handle: &Handle, specs: &[NicSpec], gateways: &[IpAddr]) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for spec in specs {
        let name = by_mac(spec.mac)?;
        let index = set_link(handle, &name, |link| link.mtu(spec.mtu).up()).await.map_err(|err| named(&name, &err))?;
        let mut found = handle.address().get().set_link_index_filter(index).execute();
        while let Some(address) = found.try_next().await.map_err(io::Error::other)? {
            // One that is gone by now need not be taken away.
            let _ = handle.address().del(address).execute().await;
        }
        for (address, prefix) in &spec.addresses {
            let added = handle.address().add(index, *address, *prefix).execute().await;
            added.map_err(|err| named(&name, &io::Error::other(err)))?;
        }
        names.push(name);
    }
    for gateway in gateways {
        add_default_route(handle, *gateway).await.map_err(|err| named(&format!("route by {gateway}"), &err))?;
    }
    Ok(names)
}

/// The interface with a MAC address; not one that only stands on it, as VLANs do.
fn by_mac(mac: [u8; 6]) -> io::Result<String> {
    let wanted = mac.map(|byte| format!("{byte:02x}")).join(":");
    for entry in std::fs::read_dir("/sys/class/net")?.flatten() {
        let is = std::fs::read_to_string(entry.path().join("address")).is_ok_and(|text| text.trim() == wanted);
        if is && entry.path().join("device").exists() {
            return Ok(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!("no NIC with the address {wanted}: the machine has no driver for it"),
    ))
}

type LinkBuilder = rtnetlink::LinkMessageBuilder<LinkUnspec>;

async fn set_link(handle: &Handle, name: &str, change: impl Fn(LinkBuilder) -> LinkBuilder) -> io::Result<u32> {
    let mut found = handle.link().get().match_name(name.to_owned()).execute();
    let link = found.try_next().await.map_err(io::Error::other)?;
    let index = link.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such interface"))?.header.index;
    let message = change(LinkUnspec::new_with_index(index)).build();
    handle.link().set(message).execute().await.map_err(io::Error::other)?;
    Ok(index)
}

async fn add_default_route(handle: &Handle, gateway: IpAddr) -> io::Result<()> {
    let route = match gateway {
        IpAddr::V4(gateway) => {
            RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(Ipv4Addr::UNSPECIFIED, 0).gateway(gateway).build()
        }
        IpAddr::V6(gateway) => {
            RouteMessageBuilder::<Ipv6Addr>::new().destination_prefix(Ipv6Addr::UNSPECIFIED, 0).gateway(gateway).build()
        }
    };
    handle.route().add(route).execute().await.map_err(io::Error::other)
}
