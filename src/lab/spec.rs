//! From a plan to the machines of its lab. Pure.

use std::collections::BTreeMap;

use super::topology::Plan;
use super::{MachineSpec, Role, guest, wiring};
use crate::scenario::Endpoint;

/// Memory of a switch, in bytes: its queues and captures are bounded far below.
const SWITCH_MEMORY: u64 = 512 << 20;
/// Memory of a relay: its connections and what is under way of them are bounded far below.
const RELAY_MEMORY: u64 = 128 << 20;
/// Threads of a machine in which only the helper runs.
const HELPERS_PROCESSES: u32 = 32;

/// The switch of a lab.
pub fn switch(plan: &Plan<'_>) -> MachineSpec {
    alone(plan, "switch", SWITCH_MEMORY)
}

/// A machine in which only the helper runs.
fn alone(plan: &Plan<'_>, name: &str, memory: u64) -> MachineSpec {
    MachineSpec {
        name: format!("{}-{name}", plan.prefix),
        image: None,
        hostname: name.to_owned(),
        role: Role::Switch,
        sysctls: BTreeMap::new(),
        capabilities: Vec::new(),
        memory,
        processes: HELPERS_PROCESSES,
    }
}

/// An endpoint; where a live machine takes its place, what relays to that.
pub fn endpoint(plan: &Plan<'_>, name: &str, endpoint: &Endpoint, switch: &str) -> MachineSpec {
    let role = Role::Endpoint {
        switch: switch.to_owned(),
        interfaces: endpoint.nics.iter().map(|nic| nic.interface.clone()).collect(),
    };
    if plan.live.contains_key(name) {
        // Nothing of the scenario's own: a relay must not forward packets in the live machine's name.
        let bare = Endpoint { sysctls: BTreeMap::new(), ..endpoint.clone() };
        return MachineSpec { role, sysctls: wiring::sysctls(&bare), ..alone(plan, name, RELAY_MEMORY) };
    }
    if let Some(medium) = plan.media.get(name) {
        // The scenario's own are set in the machine; around it nobody but the machine is to be seen on the wire.
        let mut sysctls = wiring::sysctls(&Endpoint { sysctls: BTreeMap::new(), ..endpoint.clone() });
        sysctls.retain(|key, _| !key.contains("ipv6") || key.ends_with("disable_ipv6"));
        sysctls
            .iter_mut()
            .filter(|(key, _)| key.ends_with("disable_ipv6"))
            .for_each(|(_, value)| *value = "1".to_owned());
        return MachineSpec {
            role,
            image: plan.images.get(name).cloned(),
            sysctls,
            processes: guest::PROCESSES,
            ..alone(plan, name, medium.memory + guest::OVERHEAD)
        };
    }
    MachineSpec {
        name: format!("{}-{name}", plan.prefix),
        image: Some(plan.images.get(name).cloned().unwrap_or_else(|| endpoint.image.clone())),
        hostname: name.to_owned(),
        role,
        sysctls: wiring::sysctls(endpoint),
        capabilities: endpoint.capabilities.clone(),
        memory: endpoint.memory,
        processes: endpoint.processes,
    }
}
