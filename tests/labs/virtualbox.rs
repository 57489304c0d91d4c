//! `saiten virtualbox` in the bridging chapter's lab: a real guest behind a real bridge, and the lab's own `VBoxManage`.

use crate::user::{Lab, On, on_native};

on_native!(
    a_stale_attachment_is_measured_mended_and_measured_again,
    another_attachment_is_put_back_also_after_an_interrupt,
);

const SHOW: &str = "VBoxManage showvminfo cent7 --machinereadable | grep -E '^(nic2|bridgeadapter2)='";
const BRIDGED: &str = "bridgeadapter2=\"Realtek PCIe GBE Family Controller\"\nnic2=\"bridged\"";

/// The lab, its attachment stale, and a ping in the guest.
fn stale(on: On) -> Lab {
    let lab = Lab::up(on, "bridge/stale-attachment");
    lab.says("host", "/usr/lib/saiten/guest 'ping 192.168.1.1 > /dev/null 2>&1 &'");
    lab
}

/// The command, without a terminal.
fn call(more: &str) -> String {
    let named = "--vm cent7 --nic 2 --bridge 'Realtek PCIe GBE Family Controller' --out /tmp/report";
    format!("/.saiten/saiten virtualbox {named} --seconds 6 {more} < /dev/null 2>&1 | cat")
}

fn a_stale_attachment_is_measured_mended_and_measured_again(on: On) {
    let lab = stale(on);
    let said = lab.says("host", &call("--apply"));
    assert!(said.contains("watching \"eth1\"") && said.contains("2 pass") && said.contains("0 → 2"), "{said}");
    assert_eq!(lab.says("host", SHOW), BRIDGED);
    let said = lab.says("host", &call(""));
    assert!(said.contains("1 VACUOUS") && said.contains("nothing to mend"), "{said}");
    lab.says("host", "VBoxManage controlvm cent7 setlinkstate2 off");
    let said = lab.says("host", &call(""));
    assert!(said.contains("1 VACUOUS") && said.contains("setlinkstate2 on"), "{said}");
}

fn another_attachment_is_put_back_also_after_an_interrupt(on: On) {
    let lab = stale(on);
    lab.says("host", "VBoxManage controlvm cent7 nic2 null");
    let said = lab.says("host", &call("--apply"));
    assert!(said.contains("attached to null again, as it was found"), "{said}");
    assert_eq!(lab.says("host", SHOW), "nic2=\"null\"");
    // As soon as it has changed something.
    let stop = "until VBoxManage showvminfo cent7 --machinereadable | grep -q '^nic2=\"bridged\"'; do sleep 0.1; done; \
                pkill -INT -f '^/.saiten/saiten virtualbox'; wait";
    let said = lab.says("host", &format!("{{ {}; }} & {stop}", call("--apply")));
    assert!(said.contains("(interrupted)") && said.contains("attached to null again"), "{said}");
    assert_eq!(lab.says("host", SHOW), "nic2=\"null\"");
}
