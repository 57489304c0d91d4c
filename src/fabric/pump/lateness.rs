//! How late wake-ups are, in a fixed amount of memory.

/// Buckets per power of two: a value is known to an eighth.
const PARTS: usize = 8;

/// A histogram of nanoseconds with exact maximum and count.
#[derive(Debug)]
pub struct Lateness {
    buckets: [u64; 64 * PARTS],
    count: u64,
    max: u64,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { buckets: [0; 64 * PARTS], count: 0, max: 0 }
    }
}

impl Lateness {
    /// Adds one wake-up that was this late.
    pub fn note(&mut self, late: u64) {
        self.buckets[bucket(late)] += 1;
        self.count += 1;
        self.max = self.max.max(late);
    }

    /// Number of wake-ups.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The latest.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// What 99 of 100 did not exceed, rounded up by at most an eighth.
    pub fn p99(&self) -> u64 {
        let rank = self.count - self.count / 100;
        let mut seen = 0;
        for (number, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank && seen > 0 {
                return upper_end(number).min(self.max);
            }
        }
        0
    }
}

/// Values below 8 have a bucket each; then each power of two has eight.
fn bucket(value: u64) -> usize {
    if value < PARTS as u64 {
        return value as usize;
    }
    let power = value.ilog2() as usize;
    let part = (value >> (power - 3)) as usize & (PARTS - 1);
    (power - 2) * PARTS + part
}

fn upper_end(bucket: usize) -> u64 {
    if bucket < PARTS {
        return bucket as u64;
    }
    let (power, part) = (bucket / PARTS + 2, (bucket % PARTS) as u64);
    let width = 1_u64 << (power - 3);
    (8 + part) * width + (width - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn p99_and_max_of_a_thousand() {
        let mut lateness = Lateness::default();
        assert_eq!((lateness.p99(), lateness.max(), lateness.count()), (0, 0, 0));
        (0..990).for_each(|_| lateness.note(50_000));
        (0..10).for_each(|_| lateness.note(7_000_000));
        assert!((50_000..57_000).contains(&lateness.p99()), "{}", lateness.p99());
        assert_eq!((lateness.max(), lateness.count()), (7_000_000, 1000));
        (0..2).for_each(|_| lateness.note(7_000_000));
        assert_eq!(lateness.p99(), 7_000_000);
    }

    proptest! {
        #[test]
        fn a_value_is_in_its_bucket(value: u64) {
            let number = bucket(value);
            prop_assert!(value <= upper_end(number));
            prop_assert!(number == 0 || value > upper_end(number - 1));
            prop_assert!(upper_end(number) - value <= value / 8);
        }
    }
}
