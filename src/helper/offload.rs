//! Offload of an interface, switched off: what a cable carries away has to be whole.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

nix::ioctl_readwrite_bad!(
    /// ethtool's way into the kernel.
    siocethtool,
    libc::SIOCETHTOOL,
    libc::ifreq
);

/// A feature of an interface by the commands of linux/ethtool.h that read and set it.
struct Feature {
    name: &'static str,
    get: u32,
    set: u32,
}

/// What makes frames that are no frames of a wire: checksums left to the receiver, and many segments in one.
const FEATURES: [Feature; 4] = [
    Feature { name: "transmit checksum offload", get: 0x16, set: 0x17 },
    Feature { name: "TCP segmentation offload", get: 0x1e, set: 0x1f },
    Feature { name: "generic segmentation offload", get: 0x23, set: 0x24 },
    Feature { name: "generic receive offload", get: 0x2b, set: 0x2c },
];

/// ethtool_value of linux/ethtool.h.
#[repr(C)]
struct Value {
    command: u32,
    data: u32,
}

/// Switches checksum and segmentation offload of an interface off, so that every frame that leaves it is whole.
///
/// With it, frames leave a veth with checksums unfinished and longer than the MTU, as no hardware comes behind it.
///
/// # Errors
/// No such interface, no right to configure it, or a feature that it cannot be without.
pub fn switch_off(interface: &str) -> io::Result<()> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    for feature in &FEATURES {
        let named = |err: io::Error| io::Error::new(err.kind(), format!("{interface}: {} off: {err}", feature.name));
        command(&socket, interface, Value { command: feature.set, data: 0 }).map_err(named)?;
        // The kernel takes a wish that it does not fulfil.
        if command(&socket, interface, Value { command: feature.get, data: 0 }).map_err(named)? != 0 {
            return Err(named(io::Error::new(io::ErrorKind::Unsupported, "it stays on")));
        }
    }
    Ok(())
}

/// Runs one command of ethtool; gives what it read.
fn command(socket: &OwnedFd, interface: &str, mut value: Value) -> io::Result<u32> {
    if interface.len() >= libc::IFNAMSIZ {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "longer than an interface's name can be"));
    }
    // SAFETY: all fields of ifreq are integers, arrays of them, pointers or a union of such; zero is a value of each.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the name in `request` ends with a zero, and its data is a value that the kernel reads and writes; both
    // live until the call returns, and nothing else uses them meanwhile.
    unsafe { siocethtool(socket.as_raw_fd(), &raw mut request) }?;
    Ok(value.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_interface_is_named() {
        let none = switch_off("none-such").unwrap_err();
        assert!(none.to_string().starts_with("none-such: transmit checksum offload off: "), "{none}");
        let long = switch_off("sixteen-letters!").unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::InvalidInput);
    }
}
