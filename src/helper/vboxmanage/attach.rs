//! What an attachment is to QEMU and to the bridge.
//!
//! VirtualBox makes an attachment anew when its kind or its name changes, and leaves it alone when neither does
//! (`NetworkAdapter::setAttachmentType` and `setBridgedInterface` compare before they tell the running machine). So
//! `nicN bridged X` on a NIC that is bridged to X does nothing, and `null` first is what makes it do something.
//!
//! With QEMU only a new device gets a connection to what has taken its old peer's place, so anew means: device and
//! peer go, a fresh TAP and a fresh peer come, then a device with the same address. `null` leaves the card in, with
//! its cable out. The order is carried out when the guest has its NIC up, as VirtualBox's guest never loses its own.

use super::nic::{Kind, Nic};
use super::qmp::{Qmp, QmpError};
use serde_json::{Value, json};

/// The machine outside.
pub trait Host {
    /// The bridge that stands for the adapter of that name; none if there is no such adapter.
    ///
    /// # Errors
    /// When it cannot be made.
    fn bridge(&mut self, adapter: &str) -> Result<Option<String>, String>;

    /// A TAP interface without a past, in that bridge or in none.
    ///
    /// # Errors
    /// When it cannot be made.
    fn fresh_tap(&mut self, tap: &str, mac: &str, bridge: Option<&str>) -> Result<(), String>;

    /// Takes a TAP interface out of its bridge, if it is there and in one.
    ///
    /// # Errors
    /// When it cannot be taken out.
    fn leave(&mut self, tap: &str) -> Result<(), String>;

    /// Starts a machine, by the name of its file, and returns when it is up.
    ///
    /// # Errors
    /// The last lines of its log.
    fn start(&mut self, stem: &str) -> Result<(), Vec<String>>;
}

/// Does what the settings of a NIC say.
///
/// # Errors
/// What is wrong. A second attempt starts where this one has left things.
pub fn attach(qmp: &mut Qmp, host: &mut dyn Host, nic: &Nic) -> Result<(), String> {
    let netdev = match nic.kind {
        None => return Ok(()),
        Some(Kind::Null) => {
            link(qmp, nic, false)?;
            return host.leave(&nic.tap());
        }
        Some(Kind::Nat) => json!({"type": "user", "id": nic.netdev(), "restrict": true}),
        // With an adapter or a network that does not exist, frames go nowhere.
        Some(_) => {
            json!({"type": "tap", "id": nic.netdev(), "ifname": nic.tap(), "script": "no", "downscript": "no"})
        }
    };
    let mac = nic.mac_with_colons();
    if mac.is_empty() {
        return Err(format!("NIC {} has no MAC address", nic.number));
    }
    let bridge = match nic.kind {
        Some(Kind::Bridged) => host.bridge(&nic.name)?,
        _ => None,
    };
    unplug(qmp, &nic.device())?;
    gone_is_fine(qmp.ask("netdev_del", json!({"id": nic.netdev()})))?;
    if nic.kind == Some(Kind::Nat) {
        host.leave(&nic.tap())?;
    } else {
        host.fresh_tap(&nic.tap(), &mac, bridge.as_deref())?;
    }
    said(qmp.ask("netdev_add", netdev))?;
    let device = json!({
        "driver": "virtio-net-pci", "id": nic.device(), "netdev": nic.netdev(), "mac": mac, "romfile": ""
    });
    said(qmp.ask("device_add", device))?;
    if !nic.cable {
        link(qmp, nic, false)?;
    }
    qmp.nic_is_up(&nic.device()).map_err(|why| why.to_string())
}

/// Plugs the cable of a NIC in or out. One whose device is gone has none.
///
/// # Errors
/// What is wrong.
pub fn link(qmp: &mut Qmp, nic: &Nic, up: bool) -> Result<(), String> {
    gone_is_fine(qmp.ask("set_link", json!({"name": nic.device(), "up": up})))
}

fn unplug(qmp: &mut Qmp, device: &str) -> Result<(), String> {
    match qmp.ask("device_del", json!({"id": device})) {
        Err(QmpError::Refused { class, .. }) if class == "DeviceNotFound" => return Ok(()),
        // Asked for by somebody who did not wait.
        Err(QmpError::Refused { reason, .. }) if reason.contains("process of unplug") => {}
        answer => said(answer)?,
    }
    said(qmp.device_deleted(device).map(|()| Value::Null))
}

fn said(answer: Result<Value, QmpError>) -> Result<(), String> {
    answer.map(drop).map_err(|why| why.to_string())
}

/// What is not there need not go.
fn gone_is_fine(answer: Result<Value, QmpError>) -> Result<(), String> {
    match answer {
        Err(QmpError::Refused { class, .. }) if class == "DeviceNotFound" => Ok(()),
        answer => said(answer),
    }
}
