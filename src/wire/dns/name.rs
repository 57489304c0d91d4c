//! Names of DNS messages as text (RFC 1035, sections 3.1, 4.1.4 and 5.1), whatever bytes are in them.

/// Most octets of a name, lengths and the root included (RFC 1035, section 2.3.4).
const OCTETS_MOST: usize = 255;
/// Most compression pointers in one name: a name of 255 octets has at most 127 labels, and a sender needs no more than
/// one for each. Without a bound each name of a message could be a chain of some thousand.
const POINTERS_MOST: usize = 127;

/// Reads the name that begins at `at`; gives it and the place behind it. `None` if it is not whole, too long, or
/// points to itself or forward.
pub fn read(message: &[u8], at: usize) -> Option<(String, usize)> {
    let mut text = String::with_capacity(40);
    let (mut place, mut octets, mut pointers, mut behind) = (at, 1, 0, None);
    // Each pointer leads to before what was read last, and must end there: so no loop is possible.
    let (mut start, mut until) = (at, message.len());
    loop {
        if place >= until {
            return None;
        }
        let length = *message.get(place)?;
        match length >> 6 {
            0 if length == 0 => break,
            0 => {
                let end = place + 1 + usize::from(length);
                octets += 1 + usize::from(length);
                if octets > OCTETS_MOST {
                    return None;
                }
                write_label(&mut text, message.get(place + 1..end)?);
                place = end;
            }
            3 => {
                let target = usize::from(u16::from_be_bytes([length & 0x3f, *message.get(place + 1)?]));
                pointers += 1;
                if target >= start || pointers > POINTERS_MOST {
                    return None;
                }
                behind.get_or_insert(place + 2);
                (until, start, place) = (start, target, target);
            }
            _ => return None,
        }
    }
    if text.is_empty() {
        text.push('.');
    }
    Some((text, behind.unwrap_or(place + 1)))
}

/// A label in lower case and a dot behind it. What has a meaning in zone files stands behind a backslash, what
/// cannot be printed is `\DDD`, in decimal (RFC 1035, section 5.1).
fn write_label(text: &mut String, label: &[u8]) {
    // Nearly all labels are plain.
    if let (true, Ok(plain)) = (label.iter().all(|byte| is_plain(*byte)), str::from_utf8(label)) {
        text.push_str(plain);
        text.push('.');
        return;
    }
    for byte in label {
        match byte {
            b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => text.extend(['\\', char::from(*byte)]),
            b'!'..=b'~' => text.push(char::from(byte.to_ascii_lowercase())),
            _ => write_decimal(text, *byte),
        }
    }
    text.push('.');
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')
}

/// A byte as a backslash and three decimal digits.
pub fn write_decimal(text: &mut String, byte: u8) {
    text.push('\\');
    text.extend([byte / 100, byte / 10 % 10, byte % 10].map(|digit| char::from(b'0' + digit)));
}

#[cfg(test)]
mod tests;
