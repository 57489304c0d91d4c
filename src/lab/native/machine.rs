//! A machine of the native backend: a sandbox, its three streams, its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::str::FromStr;

use async_trait::async_trait;
use caps::Capability;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::client::Zygote;
use crate::helper::message::HELPERS_OWN;
use crate::lab::{LabError, Machine, MachineSpec, Role, Streams};
use crate::sandbox::limits::Limits;
use crate::sandbox::message::{Network, Root, Start, Wire};

/// Most bytes kept of what a helper writes to its standard error.
const LAST_WORDS: usize = 4 << 10;
/// Weight of the switch on the processors; 1024 is everybody's. Its lateness is everybody's lateness.
const SWITCH_WEIGHT: u32 = 8192;
/// Everybody's weight.
const WEIGHT: u32 = 1024;
/// Processors that one endpoint can keep busy.
const PROCESSORS: f64 = 1.0;
/// What an endpoint can write, in bytes and files. It is memory, and counts as the endpoint's: its limit has room for both.
pub const SCRATCH: (u64, u64) = (256 << 20, 50_000);
/// Capabilities of every endpoint: those of Docker's containers, without CAP_MKNOD, with CAP_NET_ADMIN and the helper's.
const CAPABILITIES: [Capability; 15] = [
    HELPERS_OWN,
    Capability::CAP_AUDIT_WRITE,
    Capability::CAP_CHOWN,
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_FOWNER,
    Capability::CAP_FSETID,
    Capability::CAP_KILL,
    Capability::CAP_NET_ADMIN,
    Capability::CAP_NET_BIND_SERVICE,
    Capability::CAP_NET_RAW,
    Capability::CAP_SETFCAP,
    Capability::CAP_SETGID,
    Capability::CAP_SETPCAP,
    Capability::CAP_SETUID,
    Capability::CAP_SYS_CHROOT,
];
/// Kernel parameters of every endpoint, as Docker sets them: root and users may bind low ports and send pings; without IPv6 addresses
/// there is no IPv6, or programs would ask for such addresses on one backend and not on the other (getaddrinfo(3), `AI_ADDRCONFIG`).
const PARAMETERS: [(&str, &str); 4] = [
    ("net.ipv4.ip_unprivileged_port_start", "0"),
    ("net.ipv4.ping_group_range", "0 65535"),
    ("net.ipv6.conf.all.disable_ipv6", "1"),
    ("net.ipv6.conf.default.disable_ipv6", "1"),
];

/// What a machine's sandbox is started with. `below` are its layers, `switches` the sandbox of each switch by machine id.
///
/// # Errors
/// A capability that does not exist, or a switch that is not there.
pub fn start_of(run: &str, spec: &MachineSpec, root: Root, tun: bool) -> Result<impl FnOnce(u64) -> Start, LabError> {
    let what = || format!("cannot start endpoint `{}`", spec.name);
    let mut capabilities = 0;
    let mut network = Network::Own { cables: Vec::new() };
    let mut switch = None;
    let mut weight = WEIGHT;
    match &spec.role {
        Role::Switch => weight = SWITCH_WEIGHT,
        Role::Alone => {
            capabilities = bits(&spec.capabilities).map_err(|err| LabError::backend(what(), err))?;
            if !tun {
                network = Network::Own { cables: vec!["eth0".to_owned()] };
            }
        }
        Role::Endpoint { switch: id, interfaces } => {
            capabilities = bits(&spec.capabilities).map_err(|err| LabError::backend(what(), err))?;
            switch = Some(id.parse().map_err(|_| LabError::backend(what(), format!("no switch `{id}`")))?);
            if !tun {
                network = Network::Own { cables: interfaces.clone() };
            }
        }
    }
    let is_switch = spec.role == Role::Switch;
    let parameters = PARAMETERS.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut sysctls: BTreeMap<String, String> = parameters.collect();
    sysctls.extend(spec.sysctls.clone());
    let (run, spec) = (run.to_owned(), spec.clone());
    Ok(move |id| Start {
        id,
        name: format!("saiten-{run}-{}", spec.name),
        hostname: spec.hostname,
        root,
        sysctls,
        capabilities,
        limits: Limits {
            // A full disk is an error that programs know; without room for it, it would end them instead.
            memory: spec.memory.saturating_add(SCRATCH.0),
            processes: spec.processes,
            weight,
            processors: (!is_switch).then_some(PROCESSORS),
        },
        network,
        wire: if is_switch {
            Some(Wire { switch: id, own: true })
        } else {
            switch.map(|switch| Wire { switch, own: false })
        },
    })
}

/// A bounding set: what every endpoint has, and these.
pub fn bits(more: &[String]) -> Result<u64, String> {
    let mut bits = CAPABILITIES.iter().fold(0, |bits, capability| bits | capability.bitmask());
    for name in more {
        let capability = Capability::from_str(&format!("CAP_{name}")).map_err(|_| format!("no capability {name}"))?;
        bits |= capability.bitmask();
    }
    Ok(bits)
}

/// A running sandbox.
pub struct Sandbox {
    zygote: Rc<Zygote>,
    number: u64,
    id: String,
    streams: RefCell<Option<Streams>>,
    last_words: Rc<RefCell<Vec<u8>>>,
}

impl Sandbox {
    /// Starts one.
    ///
    /// # Errors
    /// The step that failed.
    pub async fn start(zygote: &Rc<Zygote>, describe: impl FnOnce(u64) -> Start) -> Result<Self, String> {
        let own = |err: std::io::Error| err.to_string();
        let (input, inner_input) = pipe::pipe().map_err(own)?;
        let (inner_output, output) = pipe::pipe().map_err(own)?;
        let (inner_errors, mut errors) = pipe::pipe().map_err(own)?;
        let descriptors: [OwnedFd; 3] = [
            inner_input.into_blocking_fd().map_err(own)?,
            inner_output.into_blocking_fd().map_err(own)?,
            inner_errors.into_blocking_fd().map_err(own)?,
        ];
        let number = zygote.start_sandbox(describe, descriptors).await?;
        let last_words = Rc::new(RefCell::new(Vec::new()));
        let kept = last_words.clone();
        tokio::task::spawn_local(async move {
            let mut buffer = [0; 1024];
            // Read to its end, so that who writes too much is not held up; little of it is kept.
            while let Ok(read @ 1..) = errors.read(&mut buffer).await {
                let mut kept = kept.borrow_mut();
                let room = LAST_WORDS.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..read.min(room)]);
            }
        });
        let streams = Streams { input: Box::new(input), output: Box::new(output) };
        let streams = RefCell::new(Some(streams));
        Ok(Sandbox { zygote: zygote.clone(), number, id: number.to_string(), streams, last_words })
    }
}

#[async_trait(?Send)]
impl Machine for Sandbox {
    fn id(&self) -> &str {
        &self.id
    }

    fn streams(&self) -> Option<Streams> {
        self.streams.borrow_mut().take()
    }

    fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.last_words.borrow()).into_owned()
    }

    async fn stop(&self) -> Result<(), LabError> {
        let stopped = self.zygote.stop_sandbox(self.number).await;
        stopped.map_err(|why| LabError::backend(format!("cannot remove sandbox {}", self.id), why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_makes_no_devices_and_an_unknown_capability_is_named() {
        let mknod = Capability::CAP_MKNOD.bitmask();
        assert_eq!(bits(&[]).unwrap() & mknod, 0);
        assert_ne!(bits(&["MKNOD".to_owned()]).unwrap() & mknod, 0);
        assert!(bits(&["FLY".to_owned()]).unwrap_err().contains("FLY"));
    }
}
