//! How an endpoint's readiness is waited for: a command that its helper runs. Pure.

use std::net::SocketAddr;
use std::time::Duration;

use crate::helper::message::{PROGRAM, RunSpec};
use crate::scenario::{Endpoint, Ready};

/// The command that waits until an endpoint is ready, within this limit.
pub fn command(ready: &Ready, endpoint: &Endpoint, limit: Duration) -> RunSpec {
    let own = endpoint.nics.iter().flat_map(|nic| &nic.addresses).next().copied();
    let own = own.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    let limit_text = limit.as_millis().to_string();
    let words: Vec<String> = match ready {
        Ready::Tcp(port) => {
            vec![PROGRAM.into(), "await".into(), "tcp".into(), SocketAddr::new(own, *port).to_string(), limit_text]
        }
        Ready::Dns(name) => {
            vec![PROGRAM.into(), "await".into(), "dns".into(), own.to_string(), name.clone(), limit_text]
        }
        Ready::Run(line) => {
            let repeated = format!("until {{ {line}\n}}; do sleep 0.05; done");
            return RunSpec::shell(&repeated, limit);
        }
    };
    RunSpec::command(words, limit)
}

/// What is waited for, for errors.
pub fn show(ready: &Ready) -> String {
    match ready {
        Ready::Tcp(port) => format!("TCP port {port}"),
        Ready::Dns(name) => format!("DNS answer for {name}"),
        Ready::Run(line) => line.clone(),
    }
}
