//! Damage that knows what it damages: lengths, compression pointers, types, order.

use saiten::fabric::random::Stream;

/// Bytes that mean something somewhere: lengths at their limits, pointers, protocols, versions, the port.
const TELLING: [u8; 16] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff, 6, 17, 44, 51, 53, 0x45, 0x60, 12];

/// A number below `end`; 0 if there is none.
pub fn below(random: &mut Stream, end: usize) -> usize {
    random.up_to(end.saturating_sub(1) as u64) as usize
}

/// Damages bytes once; `other` is what a splice takes from.
pub fn bytes(random: &mut Stream, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = below(random, bytes.len());
    let length = below(random, 40).min(bytes.len() - at.min(bytes.len()));
    match random.up_to(8) {
        _ if bytes.is_empty() => bytes.extend(other),
        0 => bytes[at] ^= 1 << random.up_to(7),
        1 => bytes[at] = TELLING[below(random, TELLING.len())],
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..at + length)),
        4 => {
            let again = bytes[at..at + length].to_vec();
            bytes.splice(at..at, again);
        }
        5 => {
            let from = below(random, other.len());
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
        // A length or a sequence number, off by a little or by a lot.
        6 => {
            let by = [1, 0xff, 0x80][below(random, 3)];
            bytes[at] = bytes[at].wrapping_add(by);
        }
        // A compression pointer to somewhere near.
        7 => {
            if let Some(pair) = bytes.get_mut(at..at + 2) {
                pair.copy_from_slice(&[0xc0, random.up_to(90) as u8]);
            }
        }
        // A longer run of one byte.
        _ => {
            let byte = TELLING[below(random, TELLING.len())];
            bytes.splice(at..at, vec![byte; length]);
        }
    }
    bytes.truncate(MOST);
}

/// Damages a list of frames once: order, repetition, loss, or one frame's bytes.
pub fn frames<T: Clone>(random: &mut Stream, frames: &mut Vec<T>, inside: impl FnOnce(&mut Stream, &mut T, &T)) {
    let (at, other) = (below(random, frames.len()), below(random, frames.len()));
    match random.up_to(7) {
        _ if frames.is_empty() => {}
        0 => frames.swap(at, other),
        1 if frames.len() < 200 => frames.insert(at, frames[other].clone()),
        2 if frames.len() > 5 => drop(frames.remove(at)),
        _ => {
            let other = frames[other].clone();
            inside(random, &mut frames[at], &other);
        }
    }
}

/// Longest that anything grows.
const MOST: usize = 20_000;
