use super::{CENT7, Lab, REALTEK, Reply, deleted, fine, usual};

const ANEW: &str = r#"device_del {"id":"nic2"}
netdev_del {"id":"n2"}
fresh tap0 08:00:27:00:00:02 in br0
netdev_add {"type":"tap","id":"n2","ifname":"tap0","script":"no","downscript":"no"}
device_add {"driver":"virtio-net-pci","id":"nic2","netdev":"n2","mac":"08:00:27:00:00:02","romfile":""}"#;
const CABLE_OUT: &str = r#"set_link {"name":"nic2","up":false}"#;

#[test]
fn the_courses_two_commands_make_the_attachment_anew() {
    let lab = Lab::running(usual);
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    assert_eq!(lab.told(), format!("{CABLE_OUT}\ntap0 leaves"));
    assert_eq!(lab.conf(), CENT7.replace("nic2=bridged", "nic2=null"));
    lab.does(&["controlvm", "cent7", "nic2", "bridged", REALTEK]);
    assert_eq!(lab.told(), ANEW);
    assert_eq!(lab.conf(), CENT7);
}

#[test]
fn what_is_so_already_is_left_alone() {
    let lab = Lab::running(usual);
    lab.does(&["controlvm", "cent7", "nic2", "bridged", REALTEK]);
    lab.does(&["controlvm", "cent7", "nic1", "nat"]);
    lab.does(&["controlvm", "cent7", "nicpromisc2", "deny"]);
    lab.does(&["controlvm", "cent7", "setlinkstate2", "on"]);
    assert_eq!(lab.told(), "");
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    lab.told();
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    assert_eq!(lab.told(), "");
}

#[test]
fn other_changes_that_virtualbox_answers_with_a_new_attachment_do_so_here() {
    let lab = Lab::running(usual);
    lab.does(&["controlvm", "cent7", "nicpromisc2", "allow-network"]);
    assert_eq!(lab.told(), ANEW);
    assert_eq!(lab.conf(), format!("{CENT7}nicpromisc2=allow-vms\n"));
    lab.does(&["controlvm", "cent7", "nic2", "nat"]);
    insta::assert_snapshot!(lab.told(), @r#"
    device_del {"id":"nic2"}
    netdev_del {"id":"n2"}
    tap0 leaves
    netdev_add {"type":"user","id":"n2","restrict":true}
    device_add {"driver":"virtio-net-pci","id":"nic2","netdev":"n2","mac":"08:00:27:00:00:02","romfile":""}
    "#);
    lab.does(&["controlvm", "cent7", "nic2", "hostif", REALTEK]);
    assert_eq!(lab.told(), ANEW);
}

#[test]
fn an_adapter_that_nobody_has_leads_nowhere() {
    let lab = Lab::running(usual);
    let (status, out, err) = lab.run(&["controlvm", "cent7", "nic2", "bridged", "eth0 \"家\""]);
    assert_eq!((status, out.as_str()), (0, ""));
    assert_eq!(err, "VBoxManage: warning: Interface \"eth0 \"家\"\" doesn't seem to exist\n");
    assert_eq!(lab.told(), ANEW.replace("in br0", "in nothing"));
    assert_eq!(lab.conf(), CENT7.replace(REALTEK, "eth0 \"家\""));
    let (status, _, err) = lab.run(&["controlvm", "cent7", "nic2", "hostonly", REALTEK]);
    assert_eq!((status, err), (0, format!("VBoxManage: warning: Interface \"{REALTEK}\" is of type bridged\n")));
    assert!(lab.told().contains("in nothing"));
}

#[test]
fn cables_are_plugged_in_and_out() {
    let lab = Lab::running(usual);
    lab.does(&["controlvm", "cent7", "setlinkstate2", "off"]);
    assert_eq!(lab.told(), CABLE_OUT);
    assert_eq!(lab.conf(), CENT7.replace("cableconnected2=on", "cableconnected2=off"));
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    lab.told();
    lab.does(&["controlvm", "cent7", "nic2", "bridged", REALTEK]);
    assert_eq!(lab.told(), format!("{ANEW}\n{CABLE_OUT}"), "a new device's cable would be in");
    lab.does(&["controlvm", "cent7", "setlinkstate2", "on"]);
    assert_eq!(lab.told(), CABLE_OUT.replace("false", "true"));
    // A card that is attached to nothing has no cable to plug in.
    lab.does(&["controlvm", "cent7", "setlinkstate2", "off"]);
    lab.does(&["controlvm", "cent7", "nic2", "null"]);
    lab.told();
    lab.does(&["controlvm", "cent7", "setlinkstate2", "on"]);
    lab.does(&["controlvm", "cent7", "setlinkstate3", "off"]);
    assert_eq!(lab.told(), "");
}

/// VirtualBox says so, and does not call it a failure; it looks before it reads the rest.
#[test]
fn a_nic_that_is_not_there_is_said() {
    let lab = Lab::running(usual);
    for (verb, word, what) in [("nic3", "bogus", "attachment type"), ("nicpromisc3", "bogus", "promiscuous mode")] {
        let (status, out, err) = lab.run(&["controlvm", "cent7", verb, word]);
        assert_eq!((status, out.as_str()), (0, ""));
        assert_eq!(
            err,
            format!("VBoxManage: error: The NIC 3 is currently disabled and thus its {what} can't be changed.\n")
        );
    }
    assert_eq!((lab.told().as_str(), lab.conf().as_str()), ("", CENT7));
}

#[test]
fn machines_that_are_not_there_or_do_not_run() {
    let lab = Lab::new();
    for line in [&["controlvm", "X", "frob"][..], &["showvminfo", "X"], &["startvm", "X"], &["modifyvm", "X", "--frob"]]
    {
        let (status, out, err) = lab.run(line);
        assert_eq!((status, out.as_str()), (1, ""));
        insta::allow_duplicates! {
            insta::assert_snapshot!(err, @r"
            VBoxManage: error: Could not find a registered machine named 'X'
            VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap, interface IVirtualBox, callee nsISupports
            ");
        }
    }
    let unknown = "00000000-0000-0000-0000-000000000001";
    let why = format!("Could not find a registered machine with UUID {{{unknown}}}");
    lab.fails(&["showvminfo", unknown], 1, &why);
    lab.fails(&["controlvm", "cent7", "frob"], 1, "Machine 'cent7' is not currently running.");
    let uuid = "{8ffdf553-21bf-437e-bdea-13907ed80b66}";
    lab.fails(&["controlvm", uuid, "nic2", "null"], 1, &format!("Machine '{uuid}' is not currently running."));
}

#[test]
fn settings_change_while_a_machine_does_not_run() {
    let lab = Lab::new();
    lab.does(&["modifyvm", "cent7", "--nic2", "null", "--cableconnected2", "off", "--nicpromisc2", "allow-all"]);
    let changed = CENT7.replace("nic2=bridged", "nic2=null").replace("cableconnected2=on", "cableconnected2=off");
    assert_eq!(lab.conf(), format!("{changed}nicpromisc2=allow-all\n"));
    let before = lab.conf();
    lab.fails(&["modifyvm", "cent7", "--nic1", "none", "--nic2", "x"], 1, "Invalid type 'x' specfied for NIC 2");
    lab.fails(
        &["modifyvm", "cent7", "--bridgeadapter2", "a\nnic1=none"],
        1,
        "A line break cannot be part of bridgeadapter2",
    );
    assert_eq!(lab.conf(), before, "all or nothing");
    lab.does(&["modifyvm", "cent7", "--nic3", "intnet", "--nic1", "none"]);
    let conf = lab.conf();
    let mac = conf.lines().find_map(|line| line.strip_prefix("macaddress3=")).unwrap();
    assert!(mac.len() == 12 && mac.starts_with("080027"), "{mac}");
    assert!(conf.contains("\nnic3=intnet\n") && conf.contains("\nnic1=none\n"));
    let lab = Lab::running(usual);
    let line = ["modifyvm", "cent7", "--frob"];
    lab.fails(&line, 1, "The machine 'cent7' is already locked for a session (or being unlocked)");
    assert!(lab.run(&line).2.contains("code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap"));
}

#[test]
fn machines_are_started() {
    let mut lab = Lab::new();
    let (status, out, err) = lab.run(&["startvm", "cent7", "--type", "headless"]);
    assert_eq!((status, err.as_str(), lab.told().as_str()), (0, "", "start cent7"));
    assert_eq!(out, "Waiting for VM \"cent7\" to power on...\nVM \"cent7\" has been successfully started.\n");
    lab.starts = Err(vec!["qemu: bad".into()]);
    let (status, out, err) = lab.run(&["startvm", "X", "cent7"]);
    assert_eq!((status, out.as_str()), (1, "Waiting for VM \"cent7\" to power on...\n"));
    assert!(err.ends_with("component MachineWrap, interface IMachine\nVBoxManage: error: qemu: bad\n"), "{err}");
    lab.told();
    lab.set(REALTEK, "eth0");
    let (status, _, err) = lab.run(&["startvm", "cent7"]);
    assert_eq!((status, lab.told().as_str()), (1, ""));
    insta::assert_snapshot!(err, @r"
    VBoxManage: error: Nonexistent host networking interface, name 'eth0' (VERR_INTERNAL_ERROR)
    VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap, interface IConsole
    ");
    let why = "The machine 'cent7' is already locked by a session (or being locked or unlocked)";
    Lab::running(usual).fails(&["startvm", "cent7"], 1, why);
}

#[test]
fn machines_are_switched_off() {
    let lab = Lab::running(|command, _| if command == "quit" { Reply::Close } else { fine() });
    lab.does(&["controlvm", "cent7", "acpipowerbutton"]);
    let (status, out, err) = lab.run(&["controlvm", "cent7", "poweroff"]);
    assert_eq!((status, out.as_str()), (0, ""));
    assert_eq!(err, "0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n");
    assert_eq!(lab.told(), "system_powerdown {}\nquit {}");
    lab.fails(&["controlvm", "cent7", "poweroff"], 1, "Machine 'cent7' is not currently running.");
}

#[test]
fn an_event_may_come_before_its_answer() {
    let lab = Lab::running(|command, arguments| match command {
        "device_del" => Reply::Lines(vec![deleted("nic1"), deleted("nic2"), "{\"return\": {}}".into()]),
        _ => usual(command, arguments),
    });
    lab.does(&["controlvm", "cent7", "nicpromisc2", "allow-all"]);
    assert_eq!(lab.told(), ANEW);
}
