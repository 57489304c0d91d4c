//! Colours, and columns that align for Japanese too.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::verdict::Verdict;

/// Paints text, or leaves it.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    /// Whether to paint.
    pub color: bool,
}

impl Paint {
    /// `text` in a style.
    pub fn with(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// Faint.
    pub fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// A verdict's word in its colour.
    pub fn verdict(self, verdict: Verdict, word: &str) -> String {
        let color = match verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Fail | Verdict::Error => AnsiColor::Red,
            Verdict::Vacuous | Verdict::Inconclusive => AnsiColor::Yellow,
            Verdict::Unsupported => AnsiColor::Blue,
        };
        self.with(color.on_default().bold(), word)
    }
}

/// `text` with blanks behind it, up to `width` columns of the terminal.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` with blanks before it.
pub fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// The widest of some texts, in columns.
pub fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_takes_two_columns() {
        assert_eq!(pad("ログ", 6), "ログ  ");
        assert_eq!(pad_left("合格", 6), "  合格");
        assert_eq!(widest(["abc", "検査"]), 4);
    }

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(Paint { color: false }.verdict(Verdict::Fail, "x"), "x");
        assert!(Paint { color: true }.verdict(Verdict::Fail, "x").contains('\u{1b}'));
    }
}
