//! What a switch refuses: frames by length or sender, and configurations that contradict themselves.

use super::*;

#[test]
fn the_longest_frame_is_the_networks() {
    let mut config = config();
    config.networks[1].max_frame = 9014;
    let (mut switch, mut log) = (up(&config), Log::default());
    assert_eq!(log.send(&mut switch, 0, 0, &frame(mac(1), mac(0), 1514)), [1, 2]);
    assert_eq!(log.send(&mut switch, 1, 0, &frame(mac(1), mac(0), 1515)), NOWHERE);
    assert_eq!(log.send(&mut switch, 2, 3, &frame(mac(4), mac(3), 9014)), [4]);
    assert_eq!(log.notes(), [None, Some("drop=too-long"), None]);
    let counters = switch.counters();
    assert_eq!((counters.ports["e0:eth1"].largest, counters.ports["e3:eth1"].largest), (1515, 9014));
    assert_eq!(drops(&switch, 0), [(DropReason::TooLong, 1)].into());
}

#[test]
fn a_tag_may_make_a_frame_longer() {
    let (mut switch, mut log) = (up(&config()), Log::default());
    let tagged = |length| {
        let mut frame = [&mac(1)[..], &mac(0), &[0x81, 0, 0, 42, 8, 0]].concat();
        frame.resize(length, 0);
        frame
    };
    assert_eq!(log.send(&mut switch, 0, 0, &tagged(1518)), [1, 2]);
    assert_eq!(log.send(&mut switch, 0, 0, &tagged(1519)), NOWHERE);
}

#[test]
fn a_runt_is_counted_and_dropped() {
    let (mut switch, mut log) = (up(&config()), Log::default());
    assert_eq!(log.send(&mut switch, 0, 0, &[0; 13]), NOWHERE);
    assert_eq!(drops(&switch, 0), [(DropReason::TooShort, 1)].into());
}

#[test]
fn a_guard_records_or_drops_other_sources() {
    let mut config = config();
    config.ports[1].guard = MacGuard::Drop;
    let (mut switch, mut log) = (up(&config), Log::default());
    assert_eq!(log.send(&mut switch, 0, 0, &frame(mac(2), mac(1), 60)), [1, 2]);
    assert_eq!(log.send(&mut switch, 1, 1, &frame(mac(2), mac(0), 60)), NOWHERE);
    assert_eq!(log.notes(), [Some("spoofed-mac"), Some("drop=spoofed-mac")]);
    let counters = switch.counters();
    assert_eq!((counters.ports["e0:eth1"].spoofed, counters.ports["e1:eth1"].spoofed), (1, 1));
    assert_eq!((drops(&switch, 0), drops(&switch, 1)), (BTreeMap::new(), [(DropReason::SpoofedMac, 1)].into()));
}

#[test]
fn contradictions_are_found() {
    let broken = |change: fn(&mut SwitchConfig)| {
        let mut config = config();
        change(&mut config);
        Switch::new(&config).unwrap_err().to_string()
    };
    insta::assert_snapshot!(broken(|it| it.networks[1].name = "lan".into()), @"network `lan` is there twice");
    insta::assert_snapshot!(broken(|it| it.ports[1].name = "e0:eth1".into()), @"port `e0:eth1` is there twice");
    insta::assert_snapshot!(broken(|it| it.ports[1].network = "x".into()), @"port `e1:eth1` is on network `x`, which does not exist");
    insta::assert_snapshot!(broken(|it| it.ports[1].token = "token 0".into()), @"port `e1:eth1` has no token of its own");
    insta::assert_snapshot!(broken(|it| it.ports[1].up.loss = 1.5), @"loss 1.5 of port `e1:eth1` is not between 0 and 1");
    insta::assert_snapshot!(
        broken(|it| it.networks[1].filters = vec![Filter {
            name: "f".into(),
            matches: Match { ingress: Some("e0:eth1".into()), ..Match::default() },
            action: Action::Count,
        }]),
        @"filter `f` of network `wan` is about port `e0:eth1`, which is not on it"
    );
}
