//! The machine outside: its bridges, which stand for VirtualBox's filter driver, and TAP interfaces.

use super::adapter::Adapter;
use super::attach::Host;
use super::machine::{Places, read_text};
use crate::helper::systemctl::command::environment_file;
use crate::helper::systemctl::log;
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BLINK: Duration = Duration::from_millis(2);

/// The kernel, by way of `ip`.
#[derive(Debug)]
pub struct Kernel<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// How long one call may take.
    pub patience: Duration,
}

impl Kernel<'_> {
    fn ip(&self, args: &[&str]) -> Result<(), String> {
        let say = |why: &dyn std::fmt::Display| format!("ip {}: {why}", args.join(" "));
        let mut command = Command::new("ip");
        command.args(args).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|why| say(&why))?;
        let end = Instant::now() + self.patience;
        // What it writes fits into the pipe.
        let status = loop {
            match child.try_wait().map_err(|why| say(&why))? {
                Some(status) => break status,
                None if Instant::now() >= end => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(say(&"it does not end"));
                }
                None => std::thread::sleep(BLINK),
            }
        };
        let mut text = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            let _ = stderr.take(1024).read_to_end(&mut text);
        }
        let text = String::from_utf8_lossy(&text);
        if status.success() { Ok(()) } else { Err(say(&text.lines().next().unwrap_or("failed"))) }
    }

    fn exists(&self, interface: &str) -> bool {
        self.places.net.join(interface).exists()
    }

    fn default(&self, name: &str) -> Option<String> {
        let variables = environment_file(&read_text(&self.places.defaults).unwrap_or_default());
        variables
            .into_iter()
            .rev()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// As at a machine's start: with the adapter's address, which it keeps whoever joins.
    fn make_bridge(&self, bridge: &str, adapter: &Adapter, address: Option<&str>) -> Result<(), String> {
        let mac = adapter.mac(self.places);
        self.ip(&[
            "link",
            "add",
            bridge,
            "address",
            &mac,
            "type",
            "bridge",
            "forward_delay",
            "0",
            "mcast_snooping",
            "0",
        ])?;
        self.ip(&["link", "set", &adapter.interface, "alias", &adapter.name, "master", bridge, "up"])?;
        self.ip(&["link", "set", bridge, "up"])?;
        address.map_or(Ok(()), |address| self.ip(&["address", "add", address, "broadcast", "+", "dev", bridge]))
    }
}

impl Host for Kernel<'_> {
    /// The bridge is the machine's: who attaches to it does not mend it. An adapter that has fallen out of its own is
    /// known by the address that both have.
    fn bridge(&mut self, adapter: &str) -> Result<Option<String>, String> {
        let Some(adapter) = Adapter::named(self.places, adapter).filter(|adapter| adapter.exists(self.places)) else {
            return Ok(None);
        };
        if let Some(bridge) = adapter.bridge(self.places) {
            return Ok(Some(bridge));
        }
        let first = self.default("BRIDGE").unwrap_or_else(|| "br0".to_owned());
        if !self.exists(&first) {
            self.make_bridge(&first, &adapter, self.default("ADDRESS").as_deref())?;
            return Ok(Some(first));
        }
        let address = |interface: &str| fs::read_to_string(self.places.net.join(interface).join("address")).ok();
        if address(&first) == address(&adapter.interface) {
            return Ok(Some(first));
        }
        // Another adapter's; this one gets one, too. Names of interfaces have at most fifteen signs.
        let second: String = format!("br-{}", adapter.interface).chars().take(15).collect();
        if !self.exists(&second) {
            self.make_bridge(&second, &adapter, None)?;
        }
        Ok(Some(second))
    }

    fn fresh_tap(&mut self, tap: &str, mac: &str, bridge: Option<&str>) -> Result<(), String> {
        if self.exists(tap) {
            self.ip(&["link", "delete", tap])?;
        }
        self.ip(&["tuntap", "add", "dev", tap, "mode", "tap"])?;
        // As the lowest address would become that of a bridge that has none.
        let own = format!("fe:{}", mac.get(3..).unwrap_or("00:00:00:00:00"));
        match bridge {
            Some(bridge) => self.ip(&["link", "set", tap, "address", &own, "master", bridge, "up"]),
            None => self.ip(&["link", "set", tap, "address", &own, "up"]),
        }
    }

    fn leave(&mut self, tap: &str) -> Result<(), String> {
        if self.exists(tap) { self.ip(&["link", "set", tap, "nomaster"]) } else { Ok(()) }
    }

    /// By way of its service, which knows when a start takes too long.
    fn start(&mut self, stem: &str) -> Result<(), Vec<String>> {
        let unit = format!("vm@{stem}.service");
        let mut command = Command::new("/proc/self/exe");
        command.arg0("saiten").args(["systemctl", "start", &unit]).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            // What the machine said, without what its supervisor did.
            Ok(_) => Err(log::tail(&unit, 8).into_iter().filter(|line| !line.starts_with("systemctl: ")).collect()),
            Err(why) => Err(vec![why.to_string()]),
        }
    }
}
