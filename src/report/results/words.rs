//! Effects and remarks in words.

use crate::clean::clean;
use crate::effect::{Bearing, Effect};
use crate::evidence::ArmEvidence;
use crate::measure::MetricName;
use crate::wording::{Lang, Phrase};

/// What a fix does to a metric, as a sentence.
pub fn effect(effect: &Effect, lang: Lang) -> String {
    let amount = effect.amount.unwrap_or(0.0);
    let id = match (effect.bearing, amount < 0.0) {
        (Bearing::None, _) => "effect-none",
        (Bearing::Hurts, true) => "effect-hurts-less",
        (Bearing::Hurts, false) => "effect-hurts-more",
        (_, true) => "effect-takes-off",
        (_, false) => "effect-adds",
    };
    let need = match (effect.bearing, effect.necessary, effect.sufficient) {
        (Bearing::None, ..) | (_, None, _) | (_, _, None) => None,
        (_, Some(true), Some(true)) => Some("effect-necessary-and-sufficient"),
        (_, Some(true), Some(false)) => Some("effect-necessary"),
        (_, Some(false), Some(true)) => Some("effect-sufficient"),
        (_, Some(false), Some(false)) => None,
    };
    let amount = effect.unit.show(amount.abs());
    let text = Phrase::new(id).with("amount", amount).say(lang);
    match need {
        Some(need) => format!("{text}{}", Phrase::new(need).say(lang)),
        None => text,
    }
}

/// The remarks of each probe's median sample: one login tells where the time goes, all of them would only repeat it. What only
/// another sample has to say follows.
pub fn remarks(arm: &ArmEvidence, lang: Lang) -> Vec<String> {
    let mut remarks = Vec::new();
    for (name, probe) in &arm.probes {
        let median = arm.median(&MetricName::new(name, "time")).unwrap_or(0.0);
        let distance = |time: Option<&f64>| time.map_or(f64::MAX, |time| (time - median).abs());
        let typical = probe
            .samples
            .iter()
            .min_by(|a, b| distance(a.readings.get("time")).total_cmp(&distance(b.readings.get("time"))));
        let mut told: Vec<&Phrase> = typical.into_iter().flat_map(|sample| &sample.remarks).collect();
        for remark in probe.samples.iter().flat_map(|sample| &sample.remarks) {
            if !told.iter().any(|known| known.id == remark.id) {
                told.push(remark);
            }
        }
        remarks.extend(told.iter().map(|remark| format!("{name}: {}", clean(&remark.say(lang)))));
    }
    remarks
}
