//! Endpoints: images, NICs, routes, name servers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::error::{Problem, printable, say};
use super::super::file::forms;
use super::super::file::model;
use super::super::file::table::{Many, Maybe, Need};
use super::super::file::value::{At, word};
use super::super::file::words::{Domain, FilePath};
use super::super::{Endpoint, Nic, Prefix, Ready};
use super::Resolver;
use super::address::{derived_mac, prefixes};
use super::names::{Noun, missing};

/// Memory of an endpoint in bytes, unless told.
const MEMORY: u64 = 256 * 1024 * 1024;
/// Processes of an endpoint, unless told.
const PROCESSES: u32 = 256;

impl<'a> Resolver<'a> {
    /// All endpoints.
    pub(super) fn endpoints(&mut self) -> BTreeMap<String, Endpoint> {
        self.check_names(Noun::Endpoint, self.endpoint_entries().iter().map(|(name, _)| name));
        let entries = self.endpoint_entries().iter();
        entries.map(|(name, table)| (name.value.clone(), self.resolve_endpoint(name, table))).collect()
    }

    fn resolve_endpoint(&mut self, name: &At<String>, table: &'a At<model::Endpoint>) -> Endpoint {
        let nics = self.nics(name, table);
        self.check_routes(table);
        let sysctls = table.sysctls.as_ref().map_or(&[][..], |named| &named.value.0);
        sysctls.iter().for_each(|(key, value)| self.check_sysctl(key, value));
        let files = table.files.as_ref().map_or(&[][..], |named| &named.value.0);
        files.iter().for_each(|(path, _)| _ = word::<FilePath>(path, &path.span, self.problems));
        let hosts = table.hosts.as_ref().map_or(&[][..], |named| &named.value.0);
        hosts.iter().for_each(|(name, _)| _ = word::<Domain>(name, &name.span, self.problems));
        Endpoint {
            image: self.image(&table.image),
            nics,
            gateways: many(&table.gateway),
            resolver: many(&table.resolver),
            search: table
                .search
                .as_ref()
                .map_or_else(Vec::new, |at| at.value.0.iter().map(|name| name.value.0.clone()).collect()),
            hosts: hosts
                .iter()
                .map(|(name, ips)| (name.value.clone(), ips.0.iter().map(|ip| ip.value).collect()))
                .collect(),
            sysctls: sysctls.iter().map(|(key, value)| (key.value.clone(), value.value.clone())).collect(),
            capabilities: self.capabilities(self.items(&table.capabilities)),
            memory: table.memory.as_ref().map_or(MEMORY, |size| size.value.0),
            processes: table.processes.as_ref().map_or(PROCESSES, |most| most.value.0 as u32),
            files: files.iter().map(|(path, content)| (path.value.clone(), content.value.clone())).collect(),
            start: table.start.as_ref().map(|lines| lines.value.0.clone()),
            ready: self.ready(&table.ready),
            logs: self.items(&table.logs).iter().map(|path| path.value.0.clone()).collect(),
            effective: table.effective.as_ref().map(|lines| lines.value.0.clone()),
        }
    }

    fn image(&mut self, image: &Need<String>) -> String {
        let Some(image) = image.get() else { return String::new() };
        let reference = image.contains([':', '/']);
        if reference && image.contains(|c: char| c.is_whitespace() || c.is_control()) {
            let shown = printable(image);
            self.push(Problem::at(
                &image.span,
                say!("`{shown}` is not an image reference", "`{shown}` はイメージの参照ではありません"),
            ));
        } else if !reference && !self.catalog.images.contains(&image.value) {
            let problem = missing(Noun::Image, image, self.catalog.images.iter().map(String::as_str));
            let label = say!("no such directory under containers/", "containers/ にそのディレクトリがありません");
            self.push(problem.label(label));
        }
        image.value.clone()
    }

    fn nics(&mut self, endpoint: &At<String>, table: &'a At<model::Endpoint>) -> Vec<Nic> {
        let Some(nics) = table.nic.get() else { return Vec::new() };
        if nics.value.0.is_empty() {
            let problem = Problem::at(&nics.span, say!("the endpoint has no NIC", "エンドポイントにNICがありません"));
            self.push(
                problem.help(say!(
                    "write nic.<network> = \"<address>\"",
                    "nic.<ネットワーク> = \"<アドレス>\" と書きます"
                )),
            );
        }
        let resolve = |(index, (network, nic)): (usize, &'a (At<String>, At<forms::Nic>))| {
            let (nic, networks) = (&nic.value.0, self.network_entries());
            let addresses = self.items(&nic.addresses);
            match self.network(network) {
                Some(table) => addresses.iter().for_each(|address| self.check_in_network(network, table, address)),
                // A `[networks]` that could not be read is reported there.
                None if self.file.networks.as_ref().is_some_and(|named| named.value.0.is_none()) => {}
                None => {
                    self.push(missing(Noun::Network, network, networks.iter().map(|(name, _)| name.value.as_str())))
                }
            }
            if let Some(mac) = nic.mac.as_ref().filter(|mac| mac.value.0[0] & 1 == 1 || mac.value.0 == [0; 6]) {
                let title = say!("no NIC can have this MAC address", "NICにこのMACアドレスは使えません");
                let label = say!("multicast or all zero", "マルチキャスト、またはすべて0です");
                self.push(Problem::at(&mac.span, title).label(label).help(say!("start it with 02", "02で始めます")));
            }
            Nic {
                network: network.value.clone(),
                interface: format!("eth{}", index + 1),
                addresses: addresses.iter().map(|address| address.value).collect(),
                mac: nic.mac.as_ref().map_or_else(|| derived_mac(endpoint, network), |mac| mac.value.0),
            }
        };
        nics.value.0.iter().enumerate().map(resolve).collect()
    }

    /// A gateway is a neighbour; a name server is a neighbour, the endpoint itself, or behind a gateway.
    fn check_routes(&mut self, table: &'a At<model::Endpoint>) {
        let nics = table.nic.get().map_or(&[][..], |nics| &nics.value.0);
        let networks: Vec<_> = nics.iter().filter_map(|(network, _)| self.network(network)).collect();
        // A network that is missing or has a wrong prefix is reported there; nothing is known of its neighbours.
        let known = networks.len() == nics.len()
            && networks
                .iter()
                .all(|net| [&net.subnet, &net.subnet6].into_iter().flatten().all(|prefix| prefix.value.0.is_some()));
        if !known {
            return;
        }
        let subnets: Vec<Prefix> = networks.iter().flat_map(|network| prefixes(network)).collect();
        let neighbour = |ip: IpAddr| subnets.iter().any(|subnet| subnet.contains(ip));
        let list = listed(&subnets);
        let gateways = table.gateway.as_ref().map_or(&[][..], |at| &at.value.0);
        for (index, gateway) in gateways.iter().enumerate() {
            let ip = gateway.value;
            if let Some(first) = gateways[..index].iter().find(|first| first.value.is_ipv4() == ip.is_ipv4()) {
                let problem = Problem::at(
                    &gateway.span,
                    say!("two gateways of one address family", "同じアドレスファミリーのゲートウェイが2つあります"),
                );
                self.push(problem.second(&first.span, say!("the first one", "1つ目")));
            }
            if !neighbour(ip) {
                let problem = Problem::at(
                    &gateway.span,
                    say!(
                        "gateway `{ip}` is on none of the endpoint's networks",
                        "ゲートウェイ `{ip}` はエンドポイントのどのネットワークにもありません"
                    ),
                );
                self.push(
                    problem.help(say!("the endpoint's networks are {list}", "エンドポイントのネットワーク: {list}")),
                );
            }
        }
        for server in table.resolver.as_ref().map_or(&[][..], |at| &at.value.0) {
            let ip = server.value;
            let routed = gateways.iter().any(|gateway| gateway.value.is_ipv4() == ip.is_ipv4());
            if !neighbour(ip) && !ip.is_loopback() && !routed {
                let problem = Problem::at(
                    &server.span,
                    say!("name server `{ip}` cannot be reached", "ネームサーバ `{ip}` に到達できません"),
                );
                self.push(problem.help(say!(
                    "it is outside {list}, and there is no gateway",
                    "{list} の外にあり、ゲートウェイもありません"
                )));
            }
        }
    }

    fn ready(&mut self, ready: &'a Maybe<model::Ready>) -> Option<Ready> {
        let ready = ready.as_ref()?;
        let tcp =
            ready.tcp.as_ref().map(|port| (&port.span, port.value.0.as_ref().map(|port| Ready::Tcp(port.0 as u16))));
        let dns =
            ready.dns.as_ref().map(|name| (&name.span, name.value.0.as_ref().map(|name| Ready::Dns(name.0.clone()))));
        let run = ready.run.as_ref().map(|run| (&run.span, run.value.0.as_ref().map(|run| Ready::Run(run.0.clone()))));
        let mut given: Vec<_> = [tcp, dns, run].into_iter().flatten().collect();
        if given.len() != 1 {
            let span = given.get(1).map_or(&ready.span, |(span, _)| span);
            let problem = Problem::at(
                span,
                say!("`ready` needs exactly one way to tell", "`ready` には判定方法がちょうど1つ必要です"),
            );
            self.push(
                problem.help(say!("write one of `tcp`, `dns` and `run`", "`tcp`、`dns`、`run` のどれか1つを書きます")),
            );
        }
        given.pop()?.1
    }
}

fn many(given: &Maybe<Many<IpAddr>>) -> Vec<IpAddr> {
    given.as_ref().map_or_else(Vec::new, |at| at.value.0.iter().map(|ip| ip.value).collect())
}

fn listed(subnets: &[Prefix]) -> String {
    let subnets: Vec<_> = subnets.iter().map(ToString::to_string).collect();
    if subnets.is_empty() { "–".to_owned() } else { subnets.join(", ") }
}
