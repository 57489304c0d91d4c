use super::super::qmp::{Qmp, QmpError, listens};
use super::{CENT7, Lab, REALTEK, Reply, deleted, error, event, fine, usual};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

const TWO: [&str; 4] = ["controlvm", "cent7", "nicpromisc2", "allow-all"];

/// A hypervisor that is in trouble at one order.
fn at(order: &'static str, reply: Reply) -> Lab {
    Lab::running(move |command, arguments| match command == order {
        true => reply.clone(),
        false => usual(command, arguments),
    })
}

fn impatient(mut lab: Lab) -> Lab {
    lab.patience = Duration::from_millis(400);
    lab
}

/// Nothing is written down that is not so.
fn refused(lab: &Lab, why: &str) {
    let line = format!("Could not change the network adaptor attachement type: the {why}");
    let start = Instant::now();
    lab.fails(&TWO, 1, &line);
    assert!(start.elapsed() < lab.patience + Duration::from_secs(3));
    assert_eq!(lab.conf(), CENT7);
}

#[test]
fn what_is_gone_need_not_go() {
    let none = error("DeviceNotFound", "Device 'nic2' not found");
    for order in ["device_del", "netdev_del"] {
        let lab = at(order, none.clone());
        lab.does(&TWO);
        assert!(lab.told().ends_with("\"romfile\":\"\"}"));
    }
    let lab = at("set_link", none);
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    lab.does(&["controlvm", "cent7", "nic2", "bridged", REALTEK]);
}

#[test]
fn an_end_that_another_asked_for_is_waited_for() {
    let busy =
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"Device nic2 is already in the process of unplug\"}}";
    at("device_del", Reply::Lines(vec![busy.into(), deleted("nic2")])).does(&TWO);
    refused(
        &impatient(at("device_del", Reply::Lines(vec![busy.into()]))),
        "hypervisor does not answer (the guest does not let go of its NIC)",
    );
}

/// It may have no driver, or no time.
#[test]
fn a_guest_that_does_not_take_its_nic_is_waited_for_and_left_alone() {
    let lab = impatient(at("device_add", fine()));
    let start = Instant::now();
    lab.does(&TWO);
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert!(lab.conf().ends_with("nicpromisc2=allow-all\n"));
    refused(&at("device_add", Reply::Close), "hypervisor has gone");
}

#[test]
fn errors_are_said() {
    for order in ["device_del", "netdev_del", "netdev_add", "device_add"] {
        let lab = at(order, error("GenericError", "could not"));
        refused(&lab, &format!("hypervisor refused `{order}`: could not"));
    }
    let answer = "{\"return\": {}}".to_owned();
    let lab = at("device_del", Reply::Lines(vec![answer, event("DEVICE_UNPLUG_GUEST_ERROR", "nic2")]));
    refused(&lab, "hypervisor refused `device_del`: the guest does not let go of nic2");
}

#[test]
fn a_failed_order_can_be_given_again() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let lab = Lab::running(move |command, arguments| match command {
        "device_add" if tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => error("GenericError", "no"),
        _ => usual(command, arguments),
    });
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    assert_eq!(lab.run(&["controlvm", "cent7", "nic2", "bridged", REALTEK]).0, 1);
    assert!(lab.conf().contains("\nnic2=null\n"));
    lab.does(&["controlvm", "cent7", "nic2", "bridged", REALTEK]);
    assert_eq!(lab.conf(), CENT7);
}

#[test]
fn a_hypervisor_that_ends_or_hangs_is_noticed() {
    refused(&at("netdev_add", Reply::Close), "hypervisor has gone");
    refused(&impatient(at("netdev_add", Reply::Hang)), "hypervisor does not answer (no answer)");
    let no_event = impatient(at("device_del", fine()));
    refused(&no_event, "hypervisor does not answer (the guest does not let go of its NIC)");
}

#[test]
fn a_nic_without_an_address_is_refused_before_anything_is_done() {
    let lab = Lab::running(usual);
    lab.set("macaddress2=080027000002", "macaddress2=家家家家");
    lab.fails(&TWO, 1, "Could not change the network adaptor attachement type: NIC 2 has no MAC address");
    assert_eq!(lab.told(), "");
    let empty = ["controlvm", "cent7", "nic2", "bridged", ""];
    lab.fails(&empty, 1, "Empty or null bridged interface name is not valid");
    lab.fails(&["controlvm", "cent7", "nic2", "intnet", "a\nb"], 1, "A line break cannot be part of intnet2");
}

/// Bytes that a socket's other end says at once, and whether it says them for ever.
fn against(bytes: &'static [u8], for_ever: bool, patience: Duration) -> QmpError {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("qmp.sock");
    assert!(!listens(&path));
    let listener = UnixListener::bind(&path).unwrap();
    assert!(listens(&path));
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            while stream.write_all(bytes).is_ok() && for_ever {}
            // One that says nothing closes; another's last words are heard before its end.
            open.extend(Some(stream).filter(|_| !bytes.is_empty()));
        }
    });
    Qmp::connect(&path, patience).unwrap_err()
}

#[test]
fn what_is_no_hypervisor_does_no_harm() {
    let long = Duration::from_secs(10);
    assert!(matches!(against(b"", false, long), QmpError::Gone));
    assert!(matches!(against(b"220 mail.example.com\r\n", false, long), QmpError::Garbled));
    assert!(matches!(against(b"{}\n", false, long), QmpError::Garbled));
    assert!(matches!(against(b"\xff\xfe\n", false, long), QmpError::Garbled));
    assert!(matches!(against(b"{\"QMP\": {}}\n[]\n", false, long), QmpError::Garbled));
    assert!(matches!(against(b"no end of line ", true, long), QmpError::Garbled));
    // One event after the other, and never an answer.
    let event = b"{\"QMP\": {}, \"event\": \"X\", \"data\": {\"device\": \"nic2\"}}\n";
    let events = against(event, true, Duration::from_millis(300));
    assert!(matches!(events, QmpError::Late(_)), "{events}");
}

#[test]
fn one_that_serves_others_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("qmp.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let why = Qmp::connect(&path, Duration::from_millis(100)).unwrap_err();
    assert_eq!(why.to_string(), "the hypervisor does not answer (its greeting)");
    // More than the kernel lets wait.
    let waiting: Vec<_> = (0..200).filter_map(|_| Qmp::connect(&path, Duration::from_millis(1)).err()).collect();
    assert_eq!(waiting.len(), 200);
    assert!(listens(&path));
}
