//! Text from a lab, made harmless: no escape sequence, no control byte, no bound exceeded.

/// The text without ANSI escape sequences and control characters; line breaks and tabs stay. What was taken out leaves no trace,
/// except that other characters that terminals or XML 1.0 (§2.2) refuse become U+FFFD.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_sequence(&mut chars),
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            c if c.is_control() => {}
            // Marks that turn the writing direction can make text read as something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// One line of at most `most` characters, cleaned.
pub fn one_line(text: &str, most: usize) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, most)
}

/// At most `most` characters; what is longer ends in an ellipsis.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Behind ESC (ECMA-48 §5.3, §5.4, §5.6): a control sequence, a control string up to its terminator, or a single character.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            // A string without an end would swallow everything: stop at the end of the line.
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some(c) if ('\u{20}'..='\u{2f}').contains(&c) => {
            chars.next();
        }
        _ => {}
    }
}

/// Parameters and intermediates, up to the final character (ECMA-48 §5.4).
fn skip_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_and_controls_go_text_stays() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m 日本\u{0}語\r\nx\ty"), "red 日本語\nx\ty");
        assert_eq!(clean("a\u{1b}]0;title\u{7}b\u{1b}]52;c;evil\u{1b}\\c"), "abc");
        assert_eq!(clean("a\u{1b}]never ends\nb"), "a\nb");
        assert_eq!(clean("\u{202e}txt.exe\u{fffe}"), "txt.exe\u{fffd}");
        assert_eq!(one_line("  a\n\n b\u{7} c ", 4), "a b …");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_through(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(cleaned.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
        }
    }
}
