//! What holds for any traffic over any links: nothing invented, doubled, reordered, or leaked to another network.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;

/// A frame to send: gap to the one before, from port, to address, number of padding bytes.
type Step = (u64, PortId, u8, usize);

fn link() -> impl Strategy<Value = LinkConfig> {
    let rate = prop_oneof![Just(0), 500_000u64..200_000_000];
    (0..3 * MS, 0..2 * MS, rate, 0.0..0.4, 0u64..100_000).prop_map(
        |(delay_ns, jitter_ns, rate_bps, loss, queue_bytes)| LinkConfig {
            delay_ns,
            jitter_ns,
            rate_bps,
            loss,
            queue_bytes,
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..MS, 0usize..5, 0u8..8, 0usize..1400), 1..120)
}

fn build(links: &[(LinkConfig, LinkConfig)]) -> SwitchConfig {
    let mut config = config();
    for (port, (up, down)) in config.ports.iter_mut().zip(links) {
        (port.up, port.down) = (*up, *down);
    }
    config
}

/// A frame that carries its own number and sender; addresses above 4 are a broadcast and unknown stations.
fn numbered(number: usize, from: PortId, to: u8, padding: usize) -> Vec<u8> {
    let to = if to == 5 { [0xff; 6] } else { mac(to.into()) };
    let mut bytes = frame(to, mac(from), 14);
    bytes.extend(u32::try_from(number).unwrap().to_be_bytes());
    bytes.resize(18 + padding, 0);
    bytes
}

fn number(frame: &[u8]) -> usize {
    u32::from_be_bytes(*frame[14..].first_chunk().unwrap()) as usize
}

/// Runs the steps and returns what was sent, as (from, frame) by number, and the log.
fn play(config: &SwitchConfig, steps: &[Step]) -> (Vec<(PortId, Vec<u8>)>, Log, Switch) {
    let (mut switch, mut log, mut now, mut sent) = (up(config), Log::default(), 0, Vec::new());
    for (number, (gap, from, to, padding)) in steps.iter().enumerate() {
        now += gap;
        let frame = numbered(number, *from, *to, *padding);
        log.send(&mut switch, now, *from, &frame);
        sent.push((*from, frame));
    }
    log.settle(&mut switch);
    (sent, log, switch)
}

proptest! {
    #[test]
    fn nothing_is_invented_doubled_reordered_or_leaked(
        links in prop::collection::vec((link(), link()), 5), steps in steps(),
    ) {
        let config = build(&links);
        let (sent, log, switch) = play(&config, &steps);
        let mut once = HashSet::new();
        let mut last = BTreeMap::new();
        for (at, port, frame) in &log.out {
            let number = number(frame);
            let (from, original) = &sent[number];
            prop_assert_eq!(frame, original, "invented or changed");
            prop_assert!(once.insert((*port, number)), "doubled");
            prop_assert!(port != from, "reflected");
            prop_assert_eq!(&config.ports[*port].network, &config.ports[*from].network, "leaked");
            // All frames from one port to another take the same two links.
            prop_assert!(last.insert((*from, *port), number).is_none_or(|before| before < number), "reordered");
            prop_assert!(*at >= links[*from].0.delay_ns + links[*port].1.delay_ns, "early");
        }
        prop_assert_eq!(log.seen.len(), sent.len(), "each frame is captured once");
        prop_assert_eq!((switch.in_flight, switch.next_deadline()), (0, None));
        let received: u64 = switch.counters().ports.values().map(|port| port.rx_frames).sum();
        let delivered: u64 = switch.counters().ports.values().map(|port| port.tx_frames).sum();
        prop_assert_eq!((received, delivered), (sent.len() as u64, log.out.len() as u64));
    }

    #[test]
    fn loss_is_the_same_in_each_run_whatever_the_chatter(
        steps in steps(), chatter in prop::collection::vec(0usize..120, 0..20), seed: u64,
    ) {
        let lossy = LinkConfig { loss: 0.3, jitter_ns: MS, ..LinkConfig::default() };
        let mut config = build(&[(lossy, lossy); 5]);
        config.seed = seed;
        // What came in from each port, with its fate and the delay it got, leaving the chatter out.
        let run = |noise: &[usize]| {
            let (mut switch, mut log, mut fates) = (up(&config), Log::default(), Vec::new());
            // Each station is known from the start, so that chatter teaches nothing.
            for (port, network) in [0, 0, 0, 1, 1].into_iter().enumerate() {
                switch.networks[network].stations.learn(Mac(mac(port)), port);
            }
            for (number, (_, from, to, padding)) in steps.iter().enumerate() {
                let start = (number as u64 + 1) * 100 * MS;
                for _ in noise.iter().filter(|at| **at == number) {
                    log.send(&mut switch, start, *from, &frame([0x33, 0x33, 0, 0, 0, 2], mac(*from), 70));
                    log.settle(&mut switch);
                }
                let (before, to) = (log.out.len(), if *to == 5 { 4 } else { *to });
                log.send(&mut switch, start + 50 * MS, *from, &numbered(number, *from, to, *padding));
                let note = log.seen.last().cloned();
                log.settle(&mut switch);
                let arrivals: Vec<_> = log.out[before..].iter().map(|(at, port, _)| (at - start, *port)).collect();
                fates.push((note, arrivals));
            }
            fates
        };
        prop_assert_eq!(run(&[]), run(&[]));
        prop_assert_eq!(run(&[]), run(&chatter));
    }

    #[test]
    fn rubbish_never_panics(frames in prop::collection::vec((0usize..6, prop::collection::vec(any::<u8>(), 0..90)), 0..50)) {
        let mut config = config();
        config.networks[0].silent = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let matches = Match { dns_suffix: Some("arpa".into()), ..Match::default() };
        config.networks[0].filters = vec![Filter { name: "dns".into(), matches, action: Action::Drop }];
        let (mut switch, mut log) = (up(&config), Log::default());
        for (port, frame) in frames {
            log.send(&mut switch, 0, port, &frame);
        }
    }
}
