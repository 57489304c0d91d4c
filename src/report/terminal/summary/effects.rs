//! What each fix accounts for, as a table.

use super::line;
use crate::measure::Unit;
use crate::report::results::{EffectPart, ScenarioPart};
use crate::report::terminal::style::{Paint, pad, pad_left, widest};
use crate::stats::Estimate;
use crate::wording::{Lang, Phrase, say};

/// Writes the table, if there are effects. Metrics that explain others are shown only where a fix moved them.
pub fn write(out: &mut String, scenario: &ScenarioPart, lang: Lang, paint: Paint) {
    let told: Vec<&EffectPart> = scenario.effects.iter().filter(|part| is_told(scenario, part)).collect();
    if told.is_empty() {
        return;
    }
    line(out, &format!("  {}", say(lang, "effects-title")));
    let head = ["effects-fix", "effects-metric", "effects-alone", "effects-last", "effects-main", ""];
    let mut rows: Vec<[String; 6]> = vec![head.map(|id| if id.is_empty() { String::new() } else { say(lang, id) })];
    rows.extend(told.iter().map(|part| row(part)));
    let widths: [usize; 6] = std::array::from_fn(|column| widest(rows.iter().map(|row| row[column].as_str())));
    for (at, row) in rows.iter().enumerate() {
        let cell = |column: usize| match column {
            2..=4 => pad_left(&row[column], widths[column]),
            _ => pad(&row[column], widths[column]),
        };
        let text = (0..6).map(cell).collect::<Vec<_>>().join("  ");
        let text = if at == 0 { paint.faint(text.trim_end()) } else { text };
        line(out, &format!("    {text}"));
    }
    if !scenario.interactions.is_empty() && !scenario.interactions.iter().any(|interaction| interaction.notable) {
        line(out, &paint.faint(&format!("    {}", say(lang, "effects-add-up"))));
    }
    for interaction in scenario.interactions.iter().filter(|interaction| interaction.notable) {
        let phrase = Phrase::new("effects-interaction")
            .with("one", &interaction.fixes[0])
            .with("other", &interaction.fixes[1])
            .with("metric", &interaction.metric)
            .with("amount", signed(interaction.unit, interaction.value));
        line(out, &paint.faint(&format!("    {}", phrase.say(lang))));
    }
}

fn is_told(scenario: &ScenarioPart, part: &EffectPart) -> bool {
    scenario.checks.iter().any(|check| check.metric == part.effect.metric.0)
        || part.effect.bearing != crate::effect::Bearing::None
}

fn row(part: &EffectPart) -> [String; 6] {
    let effect = &part.effect;
    let show =
        |estimate: Option<Estimate>| estimate.map_or("–".to_owned(), |estimate| signed(effect.unit, estimate.value));
    [
        effect.fix.clone(),
        effect.metric.to_string(),
        show(effect.alone),
        show(effect.last),
        effect.main.map_or("–".to_owned(), |main| signed(effect.unit, main)),
        part.message.clone(),
    ]
}

fn signed(unit: Unit, value: f64) -> String {
    let shown = unit.show(value.abs());
    // What shows as nothing has no sign.
    let nothing = shown == unit.show(0.0);
    match value {
        _ if nothing => shown,
        value if value > 0.0 => format!("+{shown}"),
        _ => format!("−{shown}"),
    }
}
