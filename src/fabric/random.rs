//! Repeatable randomness: SplitMix64, one stream per network, port, direction and purpose.

/// A stream of random numbers that depends on nothing but what it was made from.
///
/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of this lab `seed` and this `purpose`, such as `lan/server:eth1/up/loss`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a, 64 bit: the hash has to stay the same over versions, which std's does not promise.
        let hash = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut mixed = Self(seed ^ hash);
        Self(mixed.next())
    }

    /// The next number, uniform over all 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless stream: there is no None to return")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True with this probability, 0 to 1. Draws one number in any case.
    pub fn hit(&mut self, probability: f64) -> bool {
        // The upper 53 bits are what a double holds exactly, so that 1 always hits and 0 never does.
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// Uniform from 0 to `end`, both included. Draws one number in any case.
    pub fn up_to(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * (u128::from(end) + 1);
        (wide >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_splitmix64() {
        // First outputs for state 1234567, as published with the reference implementation.
        let mut stream = Stream(1_234_567);
        assert_eq!([stream.next(), stream.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn streams_are_their_own() {
        let mut one = Stream::new(1, "lan/a:eth1/up/loss");
        let mut same = Stream::new(1, "lan/a:eth1/up/loss");
        let mut other = Stream::new(1, "lan/a:eth1/up/jitter");
        let mut reseeded = Stream::new(2, "lan/a:eth1/up/loss");
        let first = one.next();
        assert_eq!(first, same.next());
        assert!(first != other.next() && first != reseeded.next());
    }

    #[test]
    fn probabilities_and_ranges_hold() {
        let mut stream = Stream::new(7, "test");
        assert!((0..1000).all(|_| stream.hit(1.0) && !stream.hit(0.0) && !stream.hit(f64::NAN)));
        let hits = (0..100_000).filter(|_| stream.hit(0.03)).count();
        assert!((2800..3200).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| stream.up_to(9) <= 9 && stream.up_to(0) == 0));
    }
}
