//! Which daemons a scenario starts where, and which of them a mutant stops.

use std::collections::BTreeSet;

use crate::scenario::{Probe, Scenario};

/// Each daemon, with its endpoint, that runs where fixes act or where a probe measures.
pub fn stopped(scenario: &Scenario) -> Vec<(String, String)> {
    let acted = scenario.fixes.iter().flat_map(|fix| fix.action.on.iter().cloned());
    let measured = scenario.probes.iter().flat_map(|probe| named(probe, scenario));
    let endpoints: BTreeSet<String> = acted.chain(measured).collect();
    let units = |endpoint: String| {
        let own: BTreeSet<String> = scripts(scenario, &endpoint).into_iter().flat_map(started).collect();
        own.into_iter().map(move |unit| (endpoint.clone(), unit)).collect::<Vec<_>>()
    };
    endpoints.into_iter().flat_map(units).collect()
}

/// The endpoints that a probe measures: `to`, and whatever its parameters name.
fn named(probe: &Probe, scenario: &Scenario) -> Vec<String> {
    let mut all = vec![probe.to.clone()];
    let mut values: Vec<&toml::Value> = probe.with.values().collect();
    while let Some(value) = values.pop() {
        match value {
            toml::Value::String(text) if scenario.endpoints.contains_key(text) => all.push(text.clone()),
            toml::Value::Array(inner) => values.extend(inner),
            _ => {}
        }
    }
    all
}

/// All lines that run on an endpoint before it is measured. A daemon may be started by a fault: its configuration is one.
fn scripts<'a>(scenario: &'a Scenario, endpoint: &str) -> Vec<&'a str> {
    let is_here = |on: &[String]| on.iter().any(|on| on == endpoint);
    let start = scenario.endpoints.get(endpoint).and_then(|endpoint| endpoint.start.as_deref());
    let faults = scenario.faults.iter().filter(|fault| is_here(&fault.on)).map(|fault| fault.run.as_str());
    let fixes = scenario.fixes.iter().filter(|fix| is_here(&fix.action.on));
    let fixes = fixes.flat_map(|fix| [Some(fix.action.run.as_str()), fix.activate.as_deref()]).flatten();
    start.into_iter().chain(faults).chain(fixes).collect()
}

/// The units that shell lines start or restart with `systemctl`.
fn started(script: &str) -> Vec<String> {
    let mut units = Vec::new();
    for command in script.split(['\n', ';', '&', '|']) {
        let mut words = command.split_whitespace().skip_while(|word| *word != "systemctl").skip(1);
        if words.next().is_some_and(|verb| matches!(verb, "start" | "restart")) {
            units.extend(words.take_while(|word| !word.starts_with(['-', '>', '#'])).map(str::to_owned));
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::started;

    #[test]
    fn units_are_what_systemctl_starts() {
        let script = "cat a > b && systemctl restart named\nsystemctl stop vpnc; systemctl start vm@cent7 ssh\n";
        assert_eq!(started(script), ["named", "vm@cent7", "ssh"]);
    }
}
