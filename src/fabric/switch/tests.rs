//! The switch without any I/O: forwarding, limits, links, filters, and what must hold for any traffic.

mod always;
mod limits;

use std::collections::BTreeMap;

use super::*;
use crate::fabric::config::{Action, Filter, LinkConfig, Match, NetworkConfig, PortConfig, SwitchConfig};

const MS: u64 = 1_000_000;
const NOWHERE: [PortId; 0] = [];

/// Delivered frames as (time, port, frame), and what the capture point saw as (port, note).
#[derive(Default)]
struct Log {
    now: u64,
    out: Vec<(u64, PortId, Vec<u8>)>,
    seen: Vec<(Option<PortId>, Option<String>)>,
    refuse: bool,
}

impl Sink for Log {
    fn deliver(&mut self, port: PortId, frame: &[u8]) -> bool {
        self.out.push((self.now, port, frame.to_vec()));
        !self.refuse
    }

    fn capture(&mut self, seen: Seen<'_>) {
        self.seen.push((seen.port, seen.note.map(str::to_owned)));
    }
}

impl Log {
    /// Sends a frame and returns the ports that it was delivered to at once.
    fn send(&mut self, switch: &mut Switch, now: u64, port: PortId, frame: &[u8]) -> Vec<PortId> {
        self.now = now;
        let before = self.out.len();
        switch.ingress(now, port, frame, self);
        self.out[before..].iter().map(|(_, port, _)| *port).collect()
    }

    /// Lets time pass until nothing is under way, waking up exactly when asked to.
    fn settle(&mut self, switch: &mut Switch) {
        while let Some(at) = switch.next_deadline() {
            self.now = at;
            switch.due(at, self);
        }
    }

    fn notes(&self) -> Vec<Option<&str>> {
        self.seen.iter().map(|(_, note)| note.as_deref()).collect()
    }
}

fn mac(port: PortId) -> [u8; 6] {
    [2, 0, 0, 0, 0, u8::try_from(port).unwrap()]
}

/// Ports 0, 1, 2 on `lan`, 3 and 4 on `wan`.
fn config() -> SwitchConfig {
    let network = |name: &str| NetworkConfig { name: name.into(), max_frame: 1514, silent: vec![], filters: vec![] };
    let port = |id: PortId| PortConfig {
        name: format!("e{id}:eth1"),
        network: if id < 3 { "lan" } else { "wan" }.into(),
        token: format!("token {id}"),
        mac: mac(id),
        guard: MacGuard::Record,
        up: LinkConfig::default(),
        down: LinkConfig::default(),
    };
    SwitchConfig {
        seed: 1,
        networks: vec![network("lan"), network("wan")],
        ports: (0..5).map(port).collect(),
        capture_limit: 0,
    }
}

fn up(config: &SwitchConfig) -> Switch {
    let mut switch = Switch::new(config).unwrap();
    (0..config.ports.len()).for_each(|port| switch.set_port(port, true));
    switch
}

fn frame(to: [u8; 6], from: [u8; 6], length: usize) -> Vec<u8> {
    let mut frame = [&to[..], &from, &[0x88, 0xb5]].concat();
    frame.resize(length, 0);
    frame
}

fn drops(switch: &Switch, port: PortId) -> BTreeMap<DropReason, u64> {
    switch.counters().ports[&format!("e{port}:eth1")].drops.clone()
}

#[test]
fn floods_what_it_does_not_know_and_learns() {
    let (mut switch, mut log) = (up(&config()), Log::default());
    assert_eq!(log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 60)), [1, 2]);
    assert_eq!(log.send(&mut switch, 1, 1, &frame(mac(0), mac(1), 60)), [0]);
    assert_eq!(log.send(&mut switch, 2, 0, &frame(mac(1), mac(0), 60)), [1]);
    assert_eq!(log.send(&mut switch, 3, 0, &frame([0xff; 6], mac(0), 60)), [1, 2]);
    assert_eq!(log.send(&mut switch, 4, 3, &frame(mac(1), mac(3), 60)), [4], "networks share nothing");
}

#[test]
fn a_station_that_moved_is_found_and_never_gets_its_own() {
    let (mut switch, mut log) = (up(&config()), Log::default());
    log.send(&mut switch, 0, 0, &frame(mac(9), mac(7), 60));
    log.send(&mut switch, 1, 2, &frame(mac(9), mac(7), 60));
    assert_eq!(log.send(&mut switch, 2, 1, &frame(mac(7), mac(1), 60)), [2]);
    assert_eq!(log.send(&mut switch, 3, 2, &frame(mac(7), mac(2), 60)), NOWHERE);
    assert_eq!(drops(&switch, 2), [(DropReason::SamePort, 1)].into());
}

#[test]
fn a_port_that_goes_down_is_forgotten_with_all_that_was_under_way() {
    let mut config = config();
    config.ports[1].down = LinkConfig { delay_ns: MS, ..Default::default() };
    let (mut switch, mut log) = (up(&config), Log::default());
    log.send(&mut switch, 0, 1, &frame(mac(0), mac(1), 60));
    log.send(&mut switch, 1, 0, &frame(mac(1), mac(0), 60));
    assert_eq!(switch.next_deadline(), Some(1 + MS));
    switch.set_port(1, false);
    assert_eq!((switch.next_deadline(), switch.in_flight), (None, 0));
    assert_eq!(drops(&switch, 1), [(DropReason::PortDown, 1)].into());
    assert_eq!(log.send(&mut switch, 2, 0, &frame(mac(1), mac(0), 60)), [2], "flooded, but not to a port that is off");
    assert_eq!(log.send(&mut switch, 3, 1, &frame(mac(0), mac(1), 60)), NOWHERE);
    assert_eq!(log.notes().last(), Some(&Some("drop=port-down")));
    switch.set_port(1, true);
    assert_eq!(log.send(&mut switch, 4, 1, &frame(mac(0), mac(1), 60)), [0]);
}

#[test]
fn filters_see_frames_before_the_link_and_captures_before_filters() {
    let mut config = config();
    let matches = Match { min_length: Some(100), ..Match::default() };
    config.networks[0].filters = vec![
        Filter { name: "all".into(), matches: Match::default(), action: Action::Count },
        Filter { name: "long".into(), matches, action: Action::Drop },
    ];
    config.ports[0].up.loss = 1.0;
    let (mut switch, mut log) = (up(&config), Log::default());
    log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 100));
    log.send(&mut switch, 1, 0, &frame(mac(1), mac(0), 99));
    assert_eq!(log.notes(), [Some("drop=filter:long"), Some("drop=loss-up")]);
    assert_eq!(drops(&switch, 0), [(DropReason::Filter, 1), (DropReason::LossUp, 1)].into());
    let filters = &switch.counters().networks["lan"].filters;
    assert_eq!((filters["all"].frames, filters["long"].frames), (2, 1));
    switch.reset_counters();
    let counters = switch.counters();
    assert_eq!(counters.ports["e0:eth1"], PortCounters { up: true, ..PortCounters::default() });
    assert_eq!(counters.networks["lan"].filters["all"].frames, 0);
}

#[test]
fn a_delayed_match_is_overtaken_by_the_others() {
    let mut config = config();
    let matches = Match { min_length: Some(100), ..Match::default() };
    config.networks[0].filters = vec![Filter { name: "slow".into(), matches, action: Action::Delay { ns: 400 * MS } }];
    config.ports[0].up.delay_ns = MS;
    let (mut switch, mut log) = (up(&config), Log::default());
    for (now, length) in [(0, 100), (1, 60), (2, 101)] {
        log.send(&mut switch, now, 0, &frame(mac(1), mac(0), length));
    }
    log.settle(&mut switch);
    let arrived: Vec<_> = log.out.iter().filter(|(_, port, _)| *port == 1).map(|(at, _, it)| (*at, it.len())).collect();
    assert_eq!(arrived, [(MS + 1, 60), (401 * MS, 100), (401 * MS + 2, 101)]);
    assert_eq!(switch.in_flight, 0);
}

#[test]
fn lateness_does_not_add_up() {
    let mut config = config();
    config.ports[0].up.delay_ns = 10 * MS;
    config.ports[1].down.delay_ns = 10 * MS;
    let (mut switch, mut log) = (up(&config), Log::default());
    log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 60));
    switch.due(14 * MS, &mut log); // 4 ms late
    assert_eq!(switch.next_deadline(), Some(20 * MS));
}

#[test]
fn a_silent_host_resolves_and_swallows() {
    let mut config = config();
    let address = "192.168.1.99".parse().unwrap();
    config.networks[0].silent = vec![address];
    let (mut switch, mut log) = (up(&config), Log::default());
    let mut ask = [&[0xff; 6][..], &mac(0), &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat();
    ask.extend([&mac(0)[..], &[192, 168, 1, 20], &[0; 6], &[192, 168, 1, 99]].concat());
    assert_eq!(log.send(&mut switch, 0, 0, &ask), [0, 1, 2], "answered, and flooded as any broadcast");
    assert_eq!(log.out[0].2[20..22], [0, 2]);
    assert_eq!(log.seen, [(Some(0), None), (None, None)], "the answer is captured too");
    let own = crate::fabric::silent::mac_of(address).0;
    assert_eq!(log.send(&mut switch, 1, 1, &frame(own, mac(1), 80)), NOWHERE);
    let counted = switch.counters().networks["lan"].silent[&address];
    assert_eq!((counted.answered, counted.swallowed, counted.swallowed_bytes), (1, 1, 80));
}

#[test]
fn a_nic_that_refuses_is_counted() {
    let (mut switch, mut log) = (up(&config()), Log { refuse: true, ..Log::default() });
    log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 60));
    assert_eq!(drops(&switch, 1), [(DropReason::NicRefused, 1)].into());
    assert_eq!(switch.counters().ports["e1:eth1"].tx_frames, 0);
}

#[test]
fn the_rate_of_a_link_is_exact_through_the_switch() {
    let mut config = config();
    config.ports[1].down = LinkConfig { rate_bps: 10_000_000, queue_bytes: 1 << 30, ..Default::default() };
    let (mut switch, mut log) = (up(&config), Log::default());
    log.send(&mut switch, 0, 1, &frame(mac(0), mac(1), 60));
    (0..1000).for_each(|_| drop(log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 1514))));
    log.out.clear();
    log.settle(&mut switch);
    assert_eq!((log.out.len(), log.out[999].0), (1000, 1000 * 1538 * 8 * 100));
}
