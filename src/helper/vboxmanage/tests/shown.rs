use super::{Lab, REALTEK, usual};
use std::fs;
use std::io::{self, Write};

#[test]
fn machines_are_listed() {
    let lab = Lab::running(usual);
    let other = "name=学習 \"2\"\nUUID=8FFDF553-21BF-437E-BDEA-000000000000\n";
    fs::write(lab.places.registry.join("gaku.conf"), other).unwrap();
    assert_eq!(lab.run(&["list", "runningvms"]).1, "\"cent7\" {8ffdf553-21bf-437e-bdea-13907ed80b66}\n");
    insta::assert_snapshot!(lab.run(&["list", "vms"]).1, @r#"
    "cent7" {8ffdf553-21bf-437e-bdea-13907ed80b66}
    "学習 "2"" {8ffdf553-21bf-437e-bdea-000000000000}
    "#);
    assert_eq!(lab.run(&["list", "hostonlyifs"]), (0, String::new(), String::new()));
    let long = lab.run(&["list", "--long", "vms"]).1;
    assert!(
        long.contains("Name:                        cent7\n")
            && long.contains("State:                       running\n")
    );
}

/// The second block is one that a user of VirtualBox showed, but for the addresses.
#[test]
fn adapters_are_listed() {
    let (status, out, err) = Lab::new().run(&["list", "bridgedifs"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.ends_with("\n\n"));
    insta::assert_snapshot!(out.replace(" \n", "~\n"), @r#"
    Name:            Realtek PCIe GBE Family Controller
    GUID:            00316e65-0000-4000-8000-020000000001
    DHCP:            Disabled
    IPAddress:       0.0.0.0
    NetworkMask:     0.0.0.0
    IPV6Address:    ~
    IPV6NetworkMaskPrefixLength: 0
    HardwareAddress: 02:00:00:00:00:01
    MediumType:      Ethernet
    Wireless:        No
    Status:          Up
    VBoxNetworkName: HostInterfaceNetworking-Realtek PCIe GBE Family Controller

    Name:            en0: Wi-Fi
    GUID:            00306e65-0000-4000-8000-3c22fb0e6181
    DHCP:            Disabled
    IPAddress:       0.0.0.0
    NetworkMask:     0.0.0.0
    IPV6Address:    ~
    IPV6NetworkMaskPrefixLength: 0
    HardwareAddress: 3c:22:fb:0e:61:81
    MediumType:      Ethernet
    Wireless:        No
    Status:          Up
    VBoxNetworkName: HostInterfaceNetworking-en0: Wi-Fi

    Name:            無線 "LAN"
    GUID:            00396c77-0000-4000-8000-000000000000
    DHCP:            Disabled
    IPAddress:       0.0.0.0
    NetworkMask:     0.0.0.0
    IPV6Address:    ~
    IPV6NetworkMaskPrefixLength: 0
    HardwareAddress: 00:00:00:00:00:00
    MediumType:      Ethernet
    Wireless:        Yes
    Status:          Down
    VBoxNetworkName: HostInterfaceNetworking-無線 "LAN"
    "#);
}

#[test]
fn a_machine_is_shown_to_programs() {
    let lab = Lab::running(usual);
    let out = lab.run(&["showvminfo", "8FFDF553-21bf-437e-bdea-13907ed80b66", "--machinereadable"]).1;
    let out = out.replace(lab.dir.path().to_str().unwrap(), "");
    insta::assert_snapshot!(out, @r#"
    name="cent7"
    groups="/"
    UUID="8ffdf553-21bf-437e-bdea-13907ed80b66"
    CfgFile="/vm/cent7.conf"
    memory=192
    VMState="running"
    natnet1="nat"
    macaddress1="080027000001"
    cableconnected1="on"
    nic1="nat"
    nictype1="virtio"
    nicspeed1="0"
    mtu="0"
    sockSnd="64"
    sockRcv="64"
    tcpWndSnd="64"
    tcpWndRcv="64"
    bridgeadapter2="Realtek PCIe GBE Family Controller"
    macaddress2="080027000002"
    cableconnected2="on"
    nic2="bridged"
    nictype2="virtio"
    nicspeed2="0"
    nic3="none"
    nic4="none"
    nic5="none"
    nic6="none"
    nic7="none"
    nic8="none"
    "#);
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    let out = lab.run(&["showvminfo", "cent7", "--machinereadable"]).1;
    assert!(out.contains("\ncableconnected2=\"on\"\nnic2=\"null\"\nnictype2=") && !out.contains("bridgeadapter2"));
}

#[test]
fn a_machine_is_shown_to_people() {
    let lab = Lab::new();
    let first = lab.run(&["showvminfo", "cent7"]).1.replace(lab.dir.path().to_str().unwrap(), "");
    insta::assert_snapshot!(first.split("NIC 4").next().unwrap(), @r"
    Name:                        cent7
    Groups:                      /
    UUID:                        8ffdf553-21bf-437e-bdea-13907ed80b66
    Config file:                 /vm/cent7.conf
    Memory size:                 192MB
    State:                       powered off
    NIC 1:                       MAC: 080027000001, Attachment: NAT, Cable connected: on, Trace: off (file: none), Type: virtio, Reported speed: 0 Mbps, Boot priority: 0, Promisc Policy: deny, Bandwidth group: none
    NIC 1 Settings:  MTU: 0, Socket (send: 64, receive: 64), TCP Window (send:64, receive: 64)
    NIC 2:                       MAC: 080027000002, Attachment: Bridged Interface 'Realtek PCIe GBE Family Controller', Cable connected: on, Trace: off (file: none), Type: virtio, Reported speed: 0 Mbps, Boot priority: 0, Promisc Policy: deny, Bandwidth group: none
    NIC 3:                       disabled
    ");
    for (setting, shown) in [
        ("null", "none"),
        ("intnet\nintnet2=内", "Internal Network '内'"),
        ("hostonly\nhostonlyadapter2=vboxnet0", "Host-only Interface 'vboxnet0'"),
        ("generic\ngeneric2=UDPTunnel", "Generic 'UDPTunnel' {  }"),
        ("natnetwork", "NAT Network 'NatNetwork'"),
    ] {
        let lab = Lab::new();
        lab.set("nic2=bridged", &format!("nic2={setting}"));
        let out = lab.run(&["showvminfo", "cent7"]).1;
        assert!(
            out.contains(&format!("NIC 2:                       MAC: 080027000002, Attachment: {shown}, Cable")),
            "{out}"
        );
    }
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn what_nobody_reads_is_done_all_the_same() {
    let lab = Lab::running(usual);
    assert_eq!(lab.run_into(&["list", "vms", "bridgedifs"], &mut Closed, &mut Closed), 0);
    assert_eq!(lab.run_into(&["controlvm", "cent7", "nic2", "bridged", "nobody's"], &mut Closed, &mut Closed), 0);
    assert!(lab.conf().contains("\nbridgeadapter2=nobody's\n"));
    assert_eq!(lab.run_into(&["frob"], &mut Closed, &mut Closed), 2);
    assert!(!lab.conf().contains(REALTEK));
}
