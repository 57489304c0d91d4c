//! The JSON form of RUN and COPY: an array of strings.

use std::iter::Peekable;
use std::str::Chars;

/// The strings of an array; `None` for any other text, which Docker then takes for the plain form.
pub(super) fn strings(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('[')?.chars().peekable();
    let mut found = Vec::new();
    skip_space(&mut rest);
    if rest.next_if_eq(&']').is_none() {
        loop {
            skip_space(&mut rest);
            found.push(string(&mut rest)?);
            skip_space(&mut rest);
            match rest.next()? {
                ',' => {}
                ']' => break,
                _ => return None,
            }
        }
    }
    skip_space(&mut rest);
    rest.next().is_none().then_some(found)
}

fn skip_space(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' ' | '\t' | '\r' | '\n')).is_some() {}
}

fn string(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    // In UTF-16, as JSON's `\u` is: a pair of surrogates then needs no care, and half a pair becomes U+FFFD.
    let mut units = Vec::new();
    loop {
        match rest.next()? {
            '"' => return Some(String::from_utf16_lossy(&units)),
            '\\' => units.push(escape(rest)?),
            c if c < ' ' => return None,
            c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        }
    }
}

fn escape(rest: &mut Peekable<Chars<'_>>) -> Option<u16> {
    Some(match rest.next()? {
        c @ ('"' | '\\' | '/') => c as u16,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'u' => {
            let mut unit = 0;
            for _ in 0..4 {
                unit = unit << 4 | u16::try_from(rest.next()?.to_digit(16)?).ok()?;
            }
            unit
        }
        _ => return None,
    })
}
