//! Exact times and rates, repeatable loss, order.

use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

fn pipe(config: LinkConfig) -> Pipe {
    Pipe::new(config, 1, "lan/a:eth1/up")
}

/// Offers a frame as the switch does.
fn send(pipe: &mut Pipe, now: u64, frame: &[u8]) -> Option<Offer> {
    let jitter = pipe.draw(false)?;
    Some(pipe.offer(now, jitter, frame, false))
}

#[test]
fn an_ideal_wire_keeps_nothing() {
    let mut pipe = pipe(LinkConfig::default());
    assert_eq!(send(&mut pipe, 5, &[0; 100]), Some(Offer::Through));
    assert_eq!((pipe.next_due(), pipe.in_flight()), (None, 0));
}

#[test]
fn delay_is_exact() {
    let mut pipe = pipe(LinkConfig { delay_ns: 20 * MS, ..Default::default() });
    assert_eq!(send(&mut pipe, 7, &[1; 100]), Some(Offer::Due(20 * MS + 7)));
    assert_eq!(send(&mut pipe, 8, &[2; 100]), Some(Offer::Due(20 * MS + 8)));
    assert_eq!(pipe.pop().map(|parcel| parcel.frame[0]), Some(1));
    assert_eq!((pipe.next_due(), pipe.in_flight()), (Some(20 * MS + 8), 100));
}

#[test]
fn serialisation_time_is_exact() {
    let mut pipe = pipe(LinkConfig { rate_bps: 10_000_000, delay_ns: MS, ..Default::default() });
    // 1538 bytes on the wire at 10 Mbit/s: 1 230 400 ns; an ARP request of 42 bytes is padded to 60, 84 on the wire.
    assert_eq!(send(&mut pipe, 0, &[0; 1514]), Some(Offer::Due(1_230_400 + MS)));
    assert_eq!(send(&mut pipe, 0, &[0; 42]), Some(Offer::Due(1_230_400 + 67_200 + MS)));
    assert_eq!(pipe.backlog(0), 1538 + 84);
    assert_eq!(pipe.backlog(1_230_400), 84);
}

#[test]
fn odd_rates_do_not_drift() {
    // 7 Mbit/s: 1538 bytes take 1 757 714 and 2/7 ns. After 7000 frames the fraction must add up.
    let mut pipe = pipe(LinkConfig { rate_bps: 7_000_000, queue_bytes: u64::MAX, ..Default::default() });
    let last = (0..7000).filter_map(|_| send(&mut pipe, 0, &[0; 1514])).last();
    assert_eq!(last, Some(Offer::Due(1538 * 8 * 1_000_000)));
}

#[test]
fn a_full_queue_drops_and_an_idle_wire_never_does() {
    let mut pipe = pipe(LinkConfig { rate_bps: 1_000_000, queue_bytes: 0, ..Default::default() });
    assert!(matches!(send(&mut pipe, 0, &[0; 1514]), Some(Offer::Due(_))));
    assert_eq!(send(&mut pipe, 0, &[0; 1514]), Some(Offer::Full));
    assert!(matches!(send(&mut pipe, SECOND, &[0; 1514]), Some(Offer::Due(_))));
}

#[test]
fn overload_passes_the_rate_and_the_queue() {
    // Twice 1 Mbit/s for 4 seconds: what passes is the rate plus one queue.
    let mut pipe = pipe(LinkConfig { rate_bps: 1_000_000, queue_bytes: 30_000, ..Default::default() });
    let step = 1538 * 8 * 1000 / 2;
    let passed = (0..4 * SECOND / step)
        .filter(|n| matches!(send(&mut pipe, n * step, &[0; 1514]), Some(Offer::Due(_))))
        .count() as u64;
    let wanted = (4_000_000 / 8 + 30_000) / 1538;
    assert!(passed.abs_diff(wanted) <= 1, "{passed} instead of {wanted}");
}

#[test]
fn memory_is_bounded_whatever_the_delay() {
    let mut pipe = pipe(LinkConfig { delay_ns: 3600 * SECOND, ..Default::default() });
    let passed = (0..20_000).filter(|_| send(&mut pipe, 0, &[0; 1514]) != Some(Offer::Full)).count();
    assert_eq!(passed, MAX_IN_FLIGHT / 1514);
    assert!(pipe.in_flight() <= MAX_IN_FLIGHT);
    assert_eq!((pipe.clear(), pipe.in_flight(), pipe.next_due()), (passed as u64, 0, None));
}

#[test]
fn only_a_flood_is_paused_and_until_half_has_drained() {
    let config = LinkConfig { rate_bps: 100_000_000, queue_bytes: 1_250_000, ..Default::default() };
    let run = |gap: u64| {
        let mut pipe = pipe(config);
        (0..20_000).find_map(|n| {
            send(&mut pipe, n * gap, &[0; 1514]);
            pipe.pause_until(n * gap).map(|until| until - n * gap)
        })
    };
    assert_eq!(run(1538 * 8 * 10 / 2), None, "twice the rate");
    let pause = run(2400).expect("fifty times the rate");
    assert!((49 * MS..=50 * MS).contains(&pause), "{pause}");
}

#[test]
fn chatter_does_not_shift_the_others() {
    let config = LinkConfig { loss: 0.1, jitter_ns: MS, ..Default::default() };
    let fates = |chatter_every: usize| {
        let mut pipe = pipe(config);
        let mut fates = Vec::new();
        for n in 0..3000 {
            if n % chatter_every == 0 {
                pipe.draw(true);
            }
            fates.push(pipe.draw(false));
        }
        fates
    };
    assert_eq!(fates(2), fates(1_000_000));
    let lost = fates(7).iter().filter(|fate| fate.is_none()).count();
    assert!((240..360).contains(&lost), "{lost}");
}

proptest! {
    #[test]
    fn never_reorders_nor_arrives_early(
        delay_ns in 0..5 * MS, jitter_ns in 0..5 * MS, rate in 0u64..3, loss in 0.0..0.5,
        steps in prop::collection::vec((0..2 * MS, 14usize..1514), 1..200),
    ) {
        let config = LinkConfig { delay_ns, jitter_ns, rate_bps: rate * 3_333_333, loss, queue_bytes: 20_000 };
        let (mut pipe, mut now, mut sent) = (pipe(config), 0, Vec::new());
        for (n, (gap, length)) in steps.into_iter().enumerate() {
            now += gap;
            let mut frame = vec![0; length];
            frame[..8].copy_from_slice(&n.to_be_bytes());
            if let Some(Offer::Due(due)) = send(&mut pipe, now, &frame) {
                prop_assert!(due >= now + delay_ns);
                sent.push((due, frame));
            }
        }
        prop_assert!(sent.is_sorted_by_key(|(due, _)| *due));
        for (due, frame) in sent {
            let parcel = pipe.pop().unwrap();
            prop_assert_eq!((parcel.due, &parcel.frame[..]), (due, &frame[..]));
        }
        prop_assert!(pipe.pop().is_none());
    }
}
