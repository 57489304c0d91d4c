//! Ladders of messages: made harmless, and told on a line.

use crate::clean::one_line;
use crate::measure::{Ladder, Rung};
use crate::wording::{Lang, say};

/// Longest text of a rung, in characters.
const TEXT_MOST: usize = 400;

impl Ladder {
    /// The ladder with nothing in it that could harm a terminal or a document.
    pub(super) fn cleaned(self) -> Self {
        let clean = |text: String| one_line(&text, TEXT_MOST);
        let rung = |rung: Rung| Rung {
            at: rung.at,
            from: clean(rung.from),
            to: clean(rung.to),
            asks: clean(rung.asks),
            answer: rung.answer.map(clean),
        };
        Ladder {
            what: clean(self.what),
            cell: self.cell,
            by: self.by.map(clean),
            rungs: self.rungs.into_iter().map(rung).collect(),
            left_out: self.left_out,
            outcome: clean(self.outcome),
        }
    }
}

/// Most questions that one line lists.
const QUESTIONS_MOST: usize = 8;

impl Ladder {
    /// The questions of whoever acted, in order, with the answers' codes; IPv4 and IPv6 of a name share a place.
    pub fn own(&self, lang: Lang) -> String {
        let own = self.rungs.iter().filter(|rung| self.by.as_ref() == Some(&rung.from));
        let mut told: Vec<(String, &str, &str)> = Vec::new();
        for rung in own {
            let (kind, name) = rung.asks.split_once(' ').unwrap_or(("", &rung.asks));
            let code = rung.answer.as_deref().map_or("✗", |answer| answer.split(' ').next().unwrap_or_default());
            match told.last_mut() {
                Some((kinds, last, same)) if (*last, *same) == (name, code) && pair(kinds, kind) => {
                    *kinds = format!("{kinds}+{kind}");
                }
                _ => told.push((kind.to_owned(), name, code)),
            }
        }
        if told.is_empty() && self.by.is_some() {
            return say(lang, "asked-nothing");
        }
        shortened(told.iter().map(|(kinds, name, code)| format!("{kinds} {name} {code}")))
    }

    /// Questions of others that followed, each once, in order, with how often it was asked.
    pub fn others(&self) -> (usize, String) {
        let others: Vec<&str> = self
            .rungs
            .iter()
            .filter(|rung| self.by.as_ref() != Some(&rung.from))
            .map(|rung| rung.asks.as_str())
            .collect();
        let mut told: Vec<(&str, usize)> = Vec::new();
        for asks in &others {
            match told.iter_mut().find(|(known, _)| known == asks) {
                Some((_, times)) => *times += 1,
                None => told.push((asks, 1)),
            }
        }
        let show = |(asks, times): &(&str, usize)| match times {
            1 => (*asks).to_owned(),
            times => format!("{asks} ×{times}"),
        };
        (others.len() + self.left_out, shortened(told.iter().map(show)))
    }
}

/// Whether two types are those of one lookup of addresses.
fn pair(kinds: &str, kind: &str) -> bool {
    matches!((kinds, kind), ("A", "AAAA") | ("AAAA", "A"))
}

fn shortened(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    let mut shown = texts.iter().take(QUESTIONS_MOST).cloned().collect::<Vec<_>>();
    if texts.len() > QUESTIONS_MOST {
        shown.push(format!("+{}", texts.len() - QUESTIONS_MOST));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(from: &str, asks: &str, answer: Option<&str>) -> Rung {
        let (from, asks, answer) = (from.to_owned(), asks.to_owned(), answer.map(str::to_owned));
        Rung { at: 0.0, from, to: "x".to_owned(), asks, answer }
    }

    #[test]
    fn a_ladder_fits_a_line() {
        let rungs = vec![
            rung("client", "A www.sample.local.", Some("NXDOMAIN aa ra")),
            rung("client", "AAAA www.sample.local.", Some("NXDOMAIN aa ra")),
            rung("server", "A www.", Some("NXDOMAIN aa")),
            rung("server", "NS .", None),
            rung("server", "A www.", None),
            rung("client", "A www.", None),
        ];
        let ladder = Ladder { by: Some("client".to_owned()), rungs, ..Ladder::default() };
        assert_eq!(ladder.own(Lang::En), "A+AAAA www.sample.local. NXDOMAIN, A www. ✗");
        assert_eq!(ladder.others(), (3, "A www. ×2, NS .".to_owned()));
        let alone = Ladder { by: None, ..ladder };
        assert_eq!((alone.own(Lang::En), alone.others().0), (String::new(), 6));
    }

    #[test]
    fn hostile_names_are_harmless() {
        let rungs = vec![rung("client\u{1b}[2J", "A a\nb", Some("x\u{7}"))];
        let ladder = Ladder { what: "\u{1b}[31mred".to_owned(), rungs, ..Ladder::default() }.cleaned();
        let text = format!("{ladder:?}");
        assert!(!text.contains("\\u{1b}") && !text.contains("\\n") && !text.contains("\\u{7}"), "{text}");
    }
}
