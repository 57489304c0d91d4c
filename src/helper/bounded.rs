//! Output of a process, kept within bounds: its beginning, its end, and how much lies between.

use std::collections::VecDeque;

/// Keeps the first and the last half of `most` bytes.
#[derive(Debug)]
pub struct Bounded {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    half: usize,
    lost: u64,
}

impl Bounded {
    /// Keeps at most `most` bytes.
    pub fn new(most: usize) -> Self {
        Bounded { head: Vec::new(), tail: VecDeque::new(), half: most / 2, lost: 0 }
    }

    /// Adds bytes at the end.
    pub fn add(&mut self, bytes: &[u8]) {
        let room = self.half - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        // Of one large piece only the end can stay; do not push the rest through byte by byte.
        let skipped = rest.len().saturating_sub(self.half);
        self.tail.extend(&rest[skipped..]);
        let over = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..over);
        self.lost += (skipped + over) as u64;
    }

    /// Bytes thrown away so far.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// What was kept, as text; bytes that are no UTF-8 become U+FFFD, and a gap says how large it is.
    pub fn text(&self) -> String {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let tail = String::from_utf8_lossy(&tail);
        match self.lost {
            0 => head + &tail,
            lost => format!("{head}\n[… {lost} bytes left out …]\n{tail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut kept = Bounded::new(10);
        kept.add(b"abc");
        kept.add(b"defgh");
        assert_eq!((kept.text().as_str(), kept.lost()), ("abcdefgh", 0));
    }

    #[test]
    fn long_output_keeps_both_ends_and_says_what_is_missing() {
        let mut kept = Bounded::new(8);
        for _ in 0..1000 {
            kept.add(b"0123456789");
        }
        assert_eq!(kept.text(), "0123\n[… 9992 bytes left out …]\n6789");
        let mut kept = Bounded::new(8);
        kept.add(&[b'x'; 100_000]);
        assert_eq!(kept.lost(), 99_992);
    }
}
