//! Output as users pasted it and the sources print it, whole and cut at every byte.

use super::super::driver::interface_of;
use super::super::parse::*;
use super::super::{Interface, Mac};

const VMS: &str = "\"cent7\" {8ffdf553-21bf-437e-bdea-13907ed80b66}\n\
    \"my \"old\" VM\" {00000000-0000-0000-0000-000000000001}\n\
    \"-rf\" {00000000-0000-0000-0000-000000000002}\n\
    \"講義用 サーバ\" {00000000-0000-0000-0000-000000000003}\n\
    \"twin\" {00000000-0000-0000-0000-000000000004}\n\
    \"twin\" {00000000-0000-0000-0000-000000000005}\n\
    \"a} {b\" {00000000-0000-0000-0000-000000000006}\n\
    <inaccessible> {00000000-0000-0000-0000-000000000007}\n";

pub const INFO: &str = "name=\"cent7\"\ngroups=\"/\"\nostype=\"Red Hat (64-bit)\"\nmemory=1024\nVMState=\"running\"\n\
    VMStateChangeTime=\"2025-01-01T00:00:00.000000000\"\n\"SATA-0-0\"=\"/vm/a=b.vdi\"\n\
    natnet1=\"nat\"\nmacaddress1=\"080027000001\"\ncableconnected1=\"on\"\nnic1=\"nat\"\nnictype1=\"82540EM\"\nnicspeed1=\"0\"\n\
    mtu=\"0\"\nsockSnd=\"64\"\n\
    bridgeadapter2=\"Realtek PCIe GBE Family Controller\"\nmacaddress2=\"080027ABCDEF\"\ncableconnected2=\"on\"\n\
    nic2=\"bridged\"\nnictype2=\"82540EM\"\nnicspeed2=\"0\"\n\
    macaddress3=\"080027000003\"\ncableconnected3=\"off\"\nnic3=\"null\"\nnictype3=\"82540EM\"\nnicspeed3=\"0\"\n\
    nic4=\"none\"\ngeneric5=\"UDPTunnel\"\nmacaddress5=\"080027000005\"\ncableconnected5=\"on\"\nnic5=\"Generic\"\n\
    nat-network6=\"lab\"\nmacaddress6=\"080027000006\"\ncableconnected6=\"on\"\nnic6=\"natnetwork\"\n\
    description=\"written by its author:\nnic2=\"null\"\nnic7=\"bridged\"\nVMState=\"poweroff\"\n\"\n";

pub const ADAPTERS: &str = "Name:            en0: Wi-Fi\nGUID:            00306e65-0000-4000-8000-3c22fb0e6181\n\
    DHCP:            Disabled\nIPAddress:       10.0.0.229\nNetworkMask:     255.255.248.0\nIPV6Address:     \n\
    IPV6NetworkMaskPrefixLength: 0\nHardwareAddress: 3c:22:fb:0e:61:81\nMediumType:      Ethernet\nWireless:        Yes\n\
    Status:          Up\nVBoxNetworkName: HostInterfaceNetworking-en0\n\n\
    Name:            Realtek PCIe GBE Family Controller\nGUID:            30687465-0000-4000-8000-000000000001\n\
    DHCP:            Disabled\nIPAddress:       192.168.1.2\nNetworkMask:     255.255.255.0\nIPV6Address:     fe80::1\n\
    IPV6NetworkMaskPrefixLength: 64\nHardwareAddress: 02:00:00:00:00:01\nMediumType:      Ethernet\n\
    Status:          Up\nVBoxNetworkName: HostInterfaceNetworking-eth0\n\n";

#[test]
fn vms_are_found_by_name_and_uuid_whatever_their_name() {
    let all = vms(VMS);
    let found = |wanted: &str| meant(&all, wanted).iter().map(|vm| vm.uuid[34..].to_owned()).collect::<Vec<_>>();
    assert_eq!(all.len(), 7);
    for (wanted, uuids) in [
        ("cent7", &["66"][..]),
        ("8FFDF553-21bf-437e-bdea-13907ed80b66", &["66"]),
        ("{8ffdf553-21bf-437e-bdea-13907ed80b66}", &["66"]),
        ("my \"old\" VM", &["01"]),
        ("-rf", &["02"]),
        ("講義用 サーバ", &["03"]),
        ("twin", &["04", "05"]),
        ("a} {b", &["06"]),
        ("CENT7", &[]),
        ("cent", &[]),
        ("", &[]),
    ] {
        assert_eq!(found(wanted), uuids, "{wanted}");
    }
}

#[test]
fn a_nic_is_read_in_each_of_its_states() {
    let nic = |number| machine(INFO, number).unwrap().nic;
    let bridged = Attachment::bridged("Realtek PCIe GBE Family Controller");
    let mac = |last: [u8; 3]| Some(Mac([8, 0, 0x27, last[0], last[1], last[2]]));
    assert_eq!(nic(2), Nic { attachment: bridged, mac: mac([0xab, 0xcd, 0xef]), cable: true });
    assert_eq!(nic(3), Nic { attachment: Attachment::null(), mac: mac([0, 0, 3]), cable: false });
    assert_eq!((nic(4).attachment.word.as_str(), nic(4).mac, nic(4).cable), ("none", None, false));
    assert_eq!(nic(1).attachment.arguments(), Some(vec!["nat"]));
    assert_eq!(nic(4).attachment.arguments(), None, "disabled is no attachment");
    assert_eq!(nic(5).attachment.arguments(), Some(vec!["generic", "UDPTunnel"]));
    assert_eq!(nic(6).attachment.arguments(), Some(vec!["natnetwork", "lab"]));
    assert_eq!(machine(INFO, 2).unwrap().state, "running", "not what the description says");
    assert_eq!(machine(INFO, 8), None);
}

#[test]
fn names_with_quotes_and_backslashes_are_told_apart_from_others() {
    for (printed, name) in [
        (r#"TP-Link "Gigabit" #2"#, r#"TP-Link "Gigabit" #2"#),
        (r#"TP-Link \"Gigabit\" #2"#, r#"TP-Link "Gigabit" #2"#),
        (r"a\\b", r"a\b"),
        (r"a\\b", r"a\\b"),
        (r"a\b", r"a\b"),
        ("イーサネット 2", "イーサネット 2"),
        ("a=b", "a=b"),
        ("\"", "\""),
    ] {
        let text = INFO.replace("Realtek PCIe GBE Family Controller", printed);
        let nic = machine(&text, 2).unwrap().nic;
        assert!(nic.attachment.is(&Attachment::bridged(name)), "{printed}");
        assert!(!nic.attachment.is(&Attachment::bridged("Realtek PCIe GBE Family Controller")), "{printed}");
        assert!(!nic.attachment.is(&Attachment::null()));
    }
}

#[test]
fn cut_output_says_less_and_never_something_else() {
    for line_end in ["\n", "\r\n"] {
        let info = INFO.replace('\n', line_end);
        let whole: Vec<_> = (1..8).map(|nic| machine(&text(info.as_bytes()), nic)).collect();
        for end in 0..info.len() {
            let cut = text(&info.as_bytes()[..end]);
            for (nic, whole) in (1..8).zip(&whole) {
                let read = machine(&cut, nic);
                assert!(read.is_none() || read == *whole, "NIC {nic}, {end} bytes: {read:?}");
            }
        }
    }
    let (all, adapters_all) = (vms(VMS), adapters(ADAPTERS));
    for end in 0..VMS.len() {
        assert!(all.starts_with(&vms(&text(&VMS.as_bytes()[..end]))), "{end}");
    }
    for end in 0..ADAPTERS.len() {
        assert!(adapters_all.starts_with(&adapters(&text(&ADAPTERS.as_bytes()[..end]))), "{end}");
    }
}

#[test]
fn marks_and_line_ends_of_windows_leave_no_trace() {
    let windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(vms(&text(windows(VMS).as_bytes())), vms(VMS));
    assert_eq!(machine(&text(windows(INFO).as_bytes()), 2), machine(INFO, 2));
    assert_eq!(adapters(&text(windows(ADAPTERS).as_bytes())), adapters(ADAPTERS));
    let broken = [&b"\"a\xff\" {8ffdf553-21bf-437e-bdea-13907ed80b66}\n"[..], VMS.as_bytes()].concat();
    assert_eq!(vms(&text(&broken)).len(), 8);
}

#[test]
fn adapters_are_read_with_colons_in_names_and_whatever_the_language() {
    let all = adapters(ADAPTERS);
    let names: Vec<&str> = all.iter().map(|adapter| adapter.name.as_str()).collect();
    assert_eq!(names, ["en0: Wi-Fi", "Realtek PCIe GBE Family Controller"]);
    assert_eq!((all[0].wireless, all[1].wireless), (Some(true), None));
    assert_eq!((all[1].status.as_deref(), all[1].network.as_deref()), (Some("Up"), Some("eth0")));
    let japanese =
        ADAPTERS.replace("Name: ", "名前: ").replace("Status:", "状態:").replace("Realtek", "リアルテック 蟹");
    let all = adapters(&japanese);
    assert_eq!(all[1].name, "リアルテック 蟹 PCIe GBE Family Controller");
    assert_eq!((all[1].status.as_deref(), all[1].network.as_deref()), (None, Some("eth0")));
    assert_eq!(adapters("\n\n\nrubbish\n\n:\n"), []);
}

#[test]
fn an_adapter_is_the_interface_that_it_names() {
    let named =
        |guid: &str| adapters(&ADAPTERS.replace("30687465-0000-4000", guid).replace("king-eth0", "king-x")).remove(1);
    let interface = |name: &str, mac: u8, alias: &str| Interface {
        name: name.to_owned(),
        mac: Some(Mac([2, 0, 0, 0, 0, mac])),
        alias: alias.to_owned(),
        up: true,
    };
    let find = |interfaces: &[Interface], asked: Option<&str>| {
        let adapter = Adapter { begins: None, ..adapters(ADAPTERS).remove(1) };
        interface_of(&adapter, interfaces, asked).map(|interface| interface.name.clone())
    };
    let (by_network, by_alias) =
        (interface("eth0", 9, ""), interface("phys0", 9, "Realtek PCIe GBE Family Controller"));
    let (by_mac, bridge) = (interface("enp3s0", 1, ""), interface("br0", 1, ""));
    assert_eq!(find(&[by_alias.clone(), by_network], None).as_deref(), Some("eth0"));
    assert_eq!(find(&[by_mac.clone(), by_alias.clone()], None).as_deref(), Some("phys0"));
    assert_eq!(find(std::slice::from_ref(&by_mac), None).as_deref(), Some("enp3s0"));
    assert_eq!(
        find(&[by_mac.clone(), bridge], None),
        None,
        "a bridge has the address of its port: which one is meant?"
    );
    assert_eq!(find(&[by_mac, by_alias], Some("enp3s0")).as_deref(), Some("enp3s0"));
    assert_eq!(find(&[], Some("eth7")), None);
    // By the GUID: names of up to six bytes whole, of longer ones the beginning.
    for (guid, names, found) in [
        ("30687465-0000-4000", &["br0", "eth0"][..], Some("eth0")),
        ("73796870-0030-4000", &["phys01", "phys0"], Some("phys0")),
        ("30706e65-3173-4066", &["enp0s1f0", "enp0s2f0"], Some("enp0s1f0")),
        ("30706e65-3173-4066", &["enp0s1f0", "enp0s1f1"], None),
        ("zzzzzzzz-0000-4000", &["eth0"], None),
    ] {
        let interfaces: Vec<Interface> = names.iter().map(|name| interface(name, 7, "")).collect();
        let one = interface_of(&named(guid), &interfaces, None).map(|interface| interface.name.as_str());
        assert_eq!(one, found, "{guid}");
    }
}

#[test]
fn the_guests_counter_is_found_among_others() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<Statistics>\n\
        <Counter c=\"7\" unit=\"bytes\" name=\"/Public/NetAdapter/0/BytesTransmitted\"/>\n\
        <Counter c=\"1234\" unit=\"bytes\" name=\"/Public/NetAdapter/1/BytesTransmitted\"/>\n</Statistics>\n";
    let name = "/Public/NetAdapter/1/BytesTransmitted";
    assert_eq!(counter(text, name), Some(1234));
    assert_eq!(counter("", name), None);
    assert_eq!(counter("<Counter c=\"x\" name=\"/Public/NetAdapter/1/BytesTransmitted\"/>", name), None);
    for end in 0..text.len() {
        assert!(matches!(counter(&text[..end], name), None | Some(1234)));
    }
}
