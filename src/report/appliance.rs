//! What was found out about an appliance: for a terminal, and as JSON.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::terminal::style::{Paint, pad, pad_left, widest};
use crate::appliance::{Adapter, Advice, Attachment, Finding, Part, Report, Severity, System, shown};
use crate::wording::{Lang, Phrase, say};

/// Most findings that are printed; an appliance with more is made to have them.
const MOST_SHOWN: usize = 100;

/// The report as text that ends with a line feed. Nothing in it steers a terminal.
pub fn text(report: &Report, lang: Lang, color: bool) -> String {
    let paint = Paint { color };
    let mut lines = vec![paint.bold(&shown(&report.file))];
    for system in &report.appliance.systems {
        lines.push(String::new());
        lines.push(paint.bold(&shown(&system.name)));
        lines.extend(adapters(system, lang, paint));
    }
    lines.push(String::new());
    lines.push(paint.bold(&say(lang, "appliance-files")));
    lines.extend(parts(&report.parts, lang, paint));
    if !report.findings.is_empty() {
        lines.push(String::new());
    }
    for finding in report.findings.iter().take(MOST_SHOWN) {
        lines.extend(lines_of(finding, lang, paint));
    }
    if let Some(more) = report.findings.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        lines.push(format!("  {}", Phrase::new("appliance-more").with("count", more).say(lang)));
    }
    lines.push(String::new());
    let errors = report.count(Severity::Error);
    lines.push(match errors {
        0 => paint.with(AnsiColor::Green.on_default().bold(), &say(lang, "appliance-fit")),
        _ => paint.with(style(Severity::Error), &Phrase::new("appliance-unfit").with("count", errors).say(lang)),
    });
    lines.join("\n") + "\n"
}

/// The adapters as a table.
fn adapters(system: &System, lang: Lang, paint: Paint) -> Vec<String> {
    if system.adapters.is_empty() {
        return vec![format!("  {}", say(lang, "appliance-no-adapters"))];
    }
    let head = ["appliance-adapter", "appliance-attached", "appliance-mac", "appliance-card"].map(|id| say(lang, id));
    let rows: Vec<[String; 4]> = system.adapters.iter().map(|adapter| row(adapter, lang)).collect();
    let widths: Vec<usize> = (0..4).map(|at| widest(rows.iter().chain([&head]).map(|row| row[at].as_str()))).collect();
    let line = |row: &[String; 4]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        format!("  {}", cells.join("  ")).trim_end().to_owned()
    };
    std::iter::once(paint.faint(&line(&head))).chain(rows.iter().map(line)).collect()
}

fn row(adapter: &Adapter, lang: Lang) -> [String; 4] {
    let mut attached = say(lang, attached(&adapter.attachment));
    if let Some(name) = adapter.attachment.target() {
        attached = format!("{attached}: {}", shown(name));
    }
    for (holds, id) in [(!adapter.enabled, "appliance-off"), (!adapter.cable, "appliance-unplugged")] {
        if holds {
            attached = format!("{attached} {}", say(lang, id));
        }
    }
    let mac = adapter.mac.as_deref().unwrap_or("–");
    [adapter.number().to_string(), attached, shown(mac), shown(&adapter.model)]
}

fn attached(attachment: &Attachment) -> &'static str {
    match attachment {
        Attachment::Nat => "appliance-attached-nat",
        Attachment::NatNetwork(_) => "appliance-attached-natnetwork",
        Attachment::HostOnly(_) => "appliance-attached-hostonly",
        Attachment::Internal(_) => "appliance-attached-intnet",
        Attachment::Bridged(_) => "appliance-attached-bridged",
        Attachment::Null => "appliance-attached-null",
        Attachment::Generic(_) => "appliance-attached-generic",
        Attachment::Other(_) => "appliance-attached-other",
    }
}

fn parts(parts: &[Part], lang: Lang, paint: Paint) -> Vec<String> {
    let names: Vec<String> = parts.iter().map(|part| shown(&part.name)).collect();
    let size = |part: &Part| Phrase::new("appliance-bytes").with("size", part.size).say(lang);
    let sizes: Vec<String> = parts.iter().map(size).collect();
    let width = widest(names.iter().map(String::as_str));
    let most = widest(sizes.iter().map(String::as_str));
    let line = |((part, name), size): ((&Part, &String), &String)| {
        let checked = part.checked.map_or(String::new(), |(algorithm, fits)| {
            let id = if fits { "appliance-digest-fits" } else { "appliance-digest-does-not-fit" };
            let text = Phrase::new(id).with("algorithm", algorithm.name()).say(lang);
            if fits { text } else { paint.with(style(Severity::Error), &text) }
        });
        format!("  {}  {}  {checked}", pad(name, width), pad_left(size, most)).trim_end().to_owned()
    };
    parts.iter().zip(&names).zip(&sizes).map(line).collect()
}

/// A finding, its advice and its commands, below each other.
fn lines_of(finding: &Finding, lang: Lang, paint: Paint) -> Vec<String> {
    let words = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| word(severity, lang));
    let width = widest(words.iter().map(String::as_str));
    let first = paint.with(style(finding.severity), &pad_left(&word(finding.severity, lang), width));
    let gap = " ".repeat(width + 4);
    let mut lines = vec![format!("  {first}  {}", finding.what.say(lang))];
    for Advice { say, commands } in &finding.advice {
        lines.push(format!("{gap}{}", say.say(lang)));
        lines.extend(commands.iter().map(|command| format!("{gap}  {command}")));
    }
    lines
}

fn word(severity: Severity, lang: Lang) -> String {
    let id = match severity {
        Severity::Error => "appliance-error",
        Severity::Warning => "appliance-warning",
        Severity::Note => "appliance-note",
    };
    say(lang, id)
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => AnsiColor::Yellow.on_default().bold(),
        Severity::Note => Style::new().dimmed(),
    }
}

/// The report as JSON: the same, with identifiers beside the words.
pub fn json(report: &Report, lang: Lang) -> Value {
    json!({
        "file": shown(&report.file),
        "fit": report.fit(),
        "systems": report.appliance.systems.iter().map(|system| json!({
            "name": shown(&system.name),
            "adapters": system.adapters.iter().map(|adapter| json!({
                "number": adapter.number(),
                "enabled": adapter.enabled,
                "attachment": adapter.attachment.kind(),
                "name": adapter.attachment.target().map(shown),
                "mac": adapter.mac.as_deref().map(shown),
                "card": shown(&adapter.model),
                "cable": adapter.cable,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "disks": report.appliance.disks.iter().map(|disk| json!({
            "id": shown(&disk.id),
            "capacity": disk.capacity.filter(|bytes| *bytes > 0),
        })).collect::<Vec<_>>(),
        "files": report.parts.iter().map(|part| json!({
            "name": shown(&part.name),
            "size": part.size,
            "digest": part.checked.map(|(algorithm, _)| algorithm.name()),
            "fits": part.checked.map(|(_, fits)| fits),
        })).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(|finding| json!({
            "severity": finding.severity.name(),
            "id": finding.what.id,
            "args": finding.what.args,
            "text": finding.what.say(lang),
            "advice": finding.advice.iter().map(|advice| json!({
                "text": advice.say.say(lang),
                "commands": advice.commands,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
