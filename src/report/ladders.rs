//! `ladders.txt`: who asked whom what, message by message, for people who want to follow a lookup on its way.

use std::fmt::Write as _;

use super::results::{ArmPart, LadderPart, Results, ScenarioPart};
use super::terminal::style::{pad, pad_left, widest};
use crate::measure::Rung;
use crate::wording::{Lang, Phrase, say};

/// The whole text; nothing if no probe has ladders.
pub fn ladders(results: &Results) -> Option<Vec<u8>> {
    let lang = results.run.lang;
    let mut out = String::new();
    for scenario in &results.scenarios {
        for arm in scenario.arms.iter().filter(|arm| !arm.ladders.is_empty()) {
            write_arm(&mut out, scenario, arm, lang);
        }
    }
    (!out.is_empty()).then(|| out.into_bytes())
}

/// Writing to a string cannot fail.
fn write_arm(out: &mut String, scenario: &ScenarioPart, arm: &ArmPart, lang: Lang) {
    let _ = writeln!(out, "{}  [{}]  {}\n", scenario.id, arm.name, scenario.title);
    let mut probes: Vec<&str> = arm.ladders.iter().map(|part| part.probe.as_str()).collect();
    probes.dedup();
    for probe in probes {
        let parts: Vec<&LadderPart> = arm.ladders.iter().filter(|part| part.probe == probe).collect();
        write_table(out, probe, &parts, lang);
        parts.iter().for_each(|part| write_ladder(out, part, lang));
    }
}

/// A probe's lookups as a table: for each name as it was typed, the questions in order and the programs that ask them.
fn write_table(out: &mut String, probe: &str, parts: &[&LadderPart], lang: Lang) {
    let mut rows: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for part in parts {
        let Some(cell) = &part.ladder.cell else { return };
        let own = part.ladder.own(lang);
        match rows.iter_mut().find(|(name, asked, _)| *name == cell.name && *asked == own) {
            Some((.., programs)) => programs.push(&cell.program),
            None => rows.push((&cell.name, own, vec![&cell.program])),
        }
    }
    let _ = writeln!(out, "  {probe}");
    let mut last = "";
    for (name, asked, programs) in &rows {
        if *name != last {
            let _ = writeln!(out, "    {name}");
            last = name;
        }
        let _ = writeln!(out, "      {asked}\n          {}", programs.join(", "));
    }
    if parts.iter().any(|part| part.ladder.cell.as_ref().is_some_and(|cell| cell.program.ends_with('*'))) {
        let _ = writeln!(out, "    {}", say(lang, "ladders-emulated"));
    }
    out.push('\n');
}

fn write_ladder(out: &mut String, part: &LadderPart, lang: Lang) {
    let ladder = &part.ladder;
    let outcome = if ladder.outcome.is_empty() { String::new() } else { format!("  =>  {}", ladder.outcome) };
    let _ = writeln!(out, "  {}: {}{outcome}", part.probe, ladder.what);
    if ladder.rungs.is_empty() {
        let _ = writeln!(out, "    {}", say(lang, "asked-nothing"));
    }
    let way = |rung: &Rung| format!("{} → {}", rung.from, rung.to);
    let ways: Vec<String> = ladder.rungs.iter().map(way).collect();
    let way_width = widest(ways.iter().map(String::as_str));
    let asks_width = widest(ladder.rungs.iter().map(|rung| rung.asks.as_str()));
    for (rung, way) in ladder.rungs.iter().zip(&ways) {
        let at = pad_left(&format!("{:.1}", rung.at * 1e3), 8);
        let answer = rung.answer.as_deref().unwrap_or("✗");
        let _ = writeln!(out, "  {at} ms  {}  {}  {answer}", pad(way, way_width), pad(&rung.asks, asks_width));
    }
    if ladder.left_out > 0 {
        let _ = writeln!(out, "    {}", Phrase::new("ladders-left-out").with("count", ladder.left_out).say(lang));
    }
    out.push('\n');
}
