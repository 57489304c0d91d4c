//! A machine's place in the network: the scenario's addresses, names and resolver, whatever its own configuration says.

use std::net::IpAddr;
use std::time::Duration;

use crate::helper::message::{Answer, NicSpec, Request, RunSpec};
use crate::lab::LabError;
use crate::lab::line::Line;
use crate::lab::wiring::{self, Patience};
use crate::scenario::Endpoint;
use crate::wording::Phrase;

/// How long an emulated machine may take to stop services.
const STOP: Duration = Duration::from_secs(180);

/// Stops whatever would give the NICs other addresses later, and names it.
const STOP_OTHERS: &str = "for unit in systemd-networkd.socket systemd-networkd NetworkManager networking network wicked dhcpcd connman; do \
    systemctl is-active --quiet $unit 2>/dev/null && systemctl stop $unit >/dev/null 2>&1 && echo $unit; done; \
    for name in dhclient udhcpc; do pkill -x $name 2>/dev/null && echo $name; done; \
    [ ! -L /etc/resolv.conf ] || rm -f /etc/resolv.conf; :";

/// What was done to a machine's network.
#[derive(Debug, Default)]
pub struct Placed {
    /// Its own names of the NICs.
    pub names: Vec<String>,
    /// Services that were stopped.
    pub stopped: Vec<String>,
}

/// Puts a machine in an endpoint's place.
///
/// # Errors
/// A machine that does not answer, or lacks a driver for a NIC.
pub async fn place(
    agent: &Line,
    name: &str,
    endpoint: &Endpoint,
    nics: Vec<NicSpec>,
    patience: Patience,
) -> Result<Placed, LabError> {
    let ran = agent.run(RunSpec::shell(STOP_OTHERS, STOP)).await?;
    let stopped = ran.stdout.lines().map(|line| crate::clean::one_line(line, 60)).collect();
    let settings: Vec<String> = wiring::sysctls(endpoint)
        .into_iter()
        .map(|(key, value)| format!("echo '{value}' > /proc/sys/{}", key.replace('.', "/")))
        .collect();
    agent.run(RunSpec::shell(&settings.join("\n"), STOP)).await?;
    let gateways: Vec<IpAddr> = endpoint.gateways.clone();
    let adopted = agent.ask(Request::Adopt { nics, gateways }, STOP).await;
    let adopted = adopted.map_err(|err| match err {
        LabError::Endpoint { reason, .. } => {
            LabError::Unfit(Phrase::new("unfit-nic").with("endpoint", name).with("reason", reason))
        }
        err => err,
    })?;
    let Answer::Adopted(names) = adopted else { return Err(LabError::backend("cannot set addresses", "no answer")) };
    agent.ask(Request::Files(wiring::files(name, endpoint, patience)), STOP).await?;
    // Its own name is its own affair, and nobody in the lab can be asked for it.
    agent.run(RunSpec::shell("echo \"127.0.1.1 $(hostname)\" >> /etc/hosts", STOP)).await?;
    Ok(Placed { names, stopped })
}
