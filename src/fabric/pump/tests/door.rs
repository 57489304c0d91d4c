//! Who gets in, who does not, and what it means to leave.

use std::io::{Read, Write};

use super::*;

#[test]
fn a_token_is_good_once_and_a_wrong_one_never() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let (a, control) = lab.plug("token of a").unwrap();
    for token in ["token of a", "no token", "token of"] {
        assert!(lab.plug(token).is_err(), "{token}");
    }
    drop((a, control));
    assert!(soon(|| !lab.remote.counters().unwrap().ports["a:eth1"].up));
    assert_eq!(lab.plug("token of a").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    lab.plug("token of b").unwrap();
}

#[test]
fn a_token_without_exactly_one_descriptor_is_refused() {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::os::fd::AsRawFd;

    let lab = Lab::up(config(LinkConfig::default()), 1);
    let mut bare = UnixStream::connect(&lab.socket).unwrap();
    bare.write_all(b"token of a").unwrap();
    assert_eq!(bare.read(&mut [0]).unwrap(), 0);

    let mut two = UnixStream::connect(&lab.socket).unwrap();
    let (one, other) = nic();
    let rights = [one.as_raw_fd(), other.as_raw_fd()];
    let (token, control) = ([io::IoSlice::new(b"token of a")], [ControlMessage::ScmRights(&rights)]);
    sendmsg::<()>(two.as_raw_fd(), &token, &control, MsgFlags::empty(), None).unwrap();
    assert!(!matches!(two.read(&mut [0]), Ok(1)));
    lab.plug("token of a").unwrap();
}

#[test]
fn after_the_seal_nobody_joins() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let mut early = UnixStream::connect(&lab.socket).unwrap();
    let (a, _keep_a) = lab.plug("token of a").unwrap();
    lab.remote.seal().unwrap();
    assert_eq!(early.read(&mut [0]).unwrap(), 0, "who was inside without a token is shown out");
    assert_eq!(lab.plug("token of b").unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(!lab.socket.exists());
    send(&a, &frame(2, 1, 0));
    assert_eq!(lab.remote.counters().unwrap().ports["a:eth1"].rx_frames, 1);
}

#[test]
fn visitors_that_say_nothing_keep_nobody_out() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let idle: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&lab.socket).unwrap()).collect();
    lab.plug("token of a").unwrap();
    drop(idle);
}

#[test]
fn the_end_of_an_endpoint_is_the_end_of_its_port_only() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let ((a, control), (b, _keep_b)) = (lab.plug("token of a").unwrap(), lab.plug("token of b").unwrap());
    send(&a, &frame(2, 1, 0));
    assert!(receive(&b).is_some());
    // The endpoint still has the NIC open, as a TAP that was handed over is.
    drop(control);
    assert!(soon(|| !lab.remote.counters().unwrap().ports["a:eth1"].up));
    assert!(soon(|| nix::unistd::write(&a, &[0; 60]).is_err()), "the switch has let go of the NIC");
    send(&b, &frame(1, 2, 0));
    let counters = lab.remote.counters().unwrap();
    assert_eq!((counters.ports["b:eth1"].rx_frames, counters.ports["b:eth1"].up), (1, true));
}

#[test]
fn a_nic_that_vanishes_takes_its_port_down() {
    let lab = Lab::up(config(LinkConfig::default()), 1);
    let (a, _keep) = lab.plug("token of a").unwrap();
    drop(a);
    assert!(soon(|| lab.remote.counters().unwrap().trust.nics_gone == 1));
    assert!(!lab.remote.counters().unwrap().ports["a:eth1"].up);
}
