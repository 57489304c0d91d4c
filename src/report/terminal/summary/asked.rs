//! Who asked what: a lookup in the compared arms, one below the other; tables of lookups are too long for here.

use super::line;
use crate::measure::{Ladder, MetricName};
use crate::report::results::{ArmPart, ScenarioPart};
use crate::report::terminal::style::{Paint, pad, widest};
use crate::wording::{Lang, Phrase, say};

/// Most lookups of one probe that are shown here.
const LOOKUPS_MOST: usize = 3;

/// Writes what was asked, if a probe has something to show: in full where a check reads the probe, else how much left.
pub fn write(out: &mut String, scenario: &ScenarioPart, lang: Lang, paint: Paint) {
    let compared = |arm: &&ArmPart| matches!(arm.name.as_str(), "omitted" | "applied");
    let arms: Vec<&ArmPart> = scenario.arms.iter().filter(compared).collect();
    let Some(first) = arms.first().filter(|arm| !arm.ladders.is_empty()) else { return };
    line(out, &format!("  {}", say(lang, "summary-asked")));
    let mut probes: Vec<&str> = first.ladders.iter().map(|part| part.probe.as_str()).collect();
    probes.dedup();
    let is_read =
        |probe: &&str| scenario.checks.iter().any(|check| MetricName(check.metric.clone()).split().0 == *probe);
    let (read, reported): (Vec<&str>, Vec<&str>) = probes.into_iter().partition(is_read);
    for probe in read {
        lookups(out, &arms, probe, lang, paint);
    }
    for probe in reported {
        reported_lookups(out, &arms, probe, lang);
    }
}

/// The lookups of a probe, each arm below the other.
fn lookups(out: &mut String, arms: &[&ArmPart], probe: &str, lang: Lang, paint: Paint) {
    let width = widest(arms.iter().map(|arm| arm.name.as_str())) + 2;
    for number in 0..LOOKUPS_MOST {
        let told: Vec<(&str, &Ladder)> =
            arms.iter().filter_map(|arm| Some((arm.name.as_str(), nth(arm, probe, number)?))).collect();
        let Some((_, ladder)) = told.first() else { return };
        line(out, &paint.faint(&format!("    {probe}: {}", ladder.what)));
        for (arm, ladder) in &told {
            line(out, &format!("      {}  {}", pad(&format!("[{arm}]"), width), asked(ladder, lang)));
        }
    }
}

/// What left for the outside, arm by arm, for lookups that are not judged.
fn reported_lookups(out: &mut String, arms: &[&ArmPart], probe: &str, lang: Lang) {
    let count = arms.first().map_or(0, |arm| arm.ladders.iter().filter(|part| part.probe == probe).count());
    if count > LOOKUPS_MOST {
        let phrase = Phrase::new("asked-table").with("probe", probe).with("count", count);
        return line(out, &format!("    {}", phrase.say(lang)));
    }
    for number in 0..count {
        let told: Vec<&Ladder> = arms.iter().filter_map(|arm| nth(arm, probe, number)).collect();
        let Some(ladder) = told.first() else { return };
        let counts: Vec<String> = told.iter().map(|ladder| ladder.others().0.to_string()).collect();
        let phrase = Phrase::new("asked-reported").with("what", &ladder.what).with("counts", counts.join(" → "));
        line(out, &format!("    {probe}: {}", phrase.say(lang)));
    }
}

fn nth<'a>(arm: &'a ArmPart, probe: &str, number: usize) -> Option<&'a Ladder> {
    arm.ladders.iter().filter(|part| part.probe == probe).map(|part| &part.ladder).nth(number)
}

/// What the client asked and got, and what left for the outside.
fn asked(ladder: &Ladder, lang: Lang) -> String {
    let own = ladder.own(lang);
    let (count, names) = ladder.others();
    if count == 0 && ladder.by.is_some() {
        return own;
    }
    let outside = Phrase::new("asked-outside").with("count", count).with("names", names).say(lang);
    if own.is_empty() { outside } else { format!("{own}; {outside}") }
}
