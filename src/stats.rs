//! Medians, their intervals, and the ratio and difference of two arms.
//!
//! The interval of a median is the distribution-free one from order statistics (Hahn & Meeker, *Statistical Intervals*, §5.3):
//! the narrowest symmetric pair of readings that covers the median with at least 95 %. Below six readings no pair does, and the
//! smallest and largest stand in. Ratios and differences combine both intervals by interval arithmetic, which errs on the safe
//! side: a verdict that they allow would also be allowed by a sharper method.

use serde::{Deserialize, Serialize};

/// Coverage that an interval must reach.
const COVERAGE: f64 = 0.95;

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Estimate {
    /// The value itself.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Estimate {
    /// Whether `bound` lies inside.
    pub fn straddles(&self, bound: f64) -> bool {
        self.low <= bound && bound <= self.high
    }
}

/// The median (Hyndman & Fan's type 7: the mean of the middle two for an even number); `None` of nothing.
pub fn median(readings: &[f64]) -> Option<f64> {
    let sorted = sorted(readings);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The median with its interval; `None` of nothing.
pub fn estimate(readings: &[f64]) -> Option<Estimate> {
    let sorted = sorted(readings);
    let value = median(&sorted)?;
    let cut =
        (1..sorted.len().div_ceil(2)).take_while(|&cut| coverage(sorted.len(), cut) >= COVERAGE).last().unwrap_or(0);
    Some(Estimate { value, low: sorted[cut], high: sorted[sorted.len() - 1 - cut] })
}

/// How surely the median lies between the (`cut` + 1)-th smallest and largest of `n` readings.
fn coverage(n: usize, cut: usize) -> f64 {
    let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut outside = 0.0;
    for k in 0..=cut {
        outside += term;
        term *= (n - k) as f64 / (k + 1) as f64;
    }
    1.0 - 2.0 * outside
}

/// `of` divided by `control`; `None` when either has no readings, or the control is not above zero.
pub fn ratio(of: &[f64], control: &[f64]) -> Option<Estimate> {
    let (of, control) = (estimate(of)?, estimate(control)?);
    (control.low > 0.0 && of.low >= 0.0).then(|| Estimate {
        value: of.value / control.value,
        low: of.low / control.high,
        high: of.high / control.low,
    })
}

/// `of` minus `control`; `None` when either has no readings.
pub fn difference(of: &[f64], control: &[f64]) -> Option<Estimate> {
    let (of, control) = (estimate(of)?, estimate(control)?);
    Some(Estimate { value: of.value - control.value, low: of.low - control.high, high: of.high - control.low })
}

fn sorted(readings: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = readings.iter().copied().filter(|reading| reading.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[f64::NAN, 2.0]), Some(2.0));
    }

    #[test]
    fn the_interval_is_the_tabulated_one() {
        // Hahn & Meeker, table A.16: 95 % two-sided for the median.
        let interval = |n: u32| estimate(&(1..=n).map(f64::from).collect::<Vec<_>>()).map(|e| (e.low, e.high));
        assert_eq!(interval(1), Some((1.0, 1.0)));
        assert_eq!(interval(3), Some((1.0, 3.0)));
        assert_eq!(interval(6), Some((1.0, 6.0)));
        assert_eq!(interval(9), Some((2.0, 8.0)));
        assert_eq!(interval(20), Some((6.0, 15.0)));
    }

    #[test]
    fn ratios_and_differences_carry_both_intervals() {
        let ratio = ratio(&[1.0, 2.0, 3.0], &[10.0, 20.0, 40.0]).unwrap();
        assert_eq!((ratio.value, ratio.low, ratio.high), (0.1, 0.025, 0.3));
        assert_eq!(super::ratio(&[1.0], &[0.0]), None);
        let difference = difference(&[1.0, 2.0], &[5.0]).unwrap();
        assert_eq!((difference.value, difference.low, difference.high), (-3.5, -4.0, -3.0));
    }

    proptest! {
        #[test]
        fn the_median_lies_in_its_interval(readings in proptest::collection::vec(-1e6..1e6f64, 1..60)) {
            let estimate = estimate(&readings).unwrap();
            prop_assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
        }
    }
}
