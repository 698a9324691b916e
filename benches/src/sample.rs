//! What was measured, and its quantiles: every value is kept, none is estimated.

use serde::{Deserialize, Serialize};

/// Values of one kind, in one unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sample(Vec<f64>);

/// A sample in four numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// How many values.
    pub(crate) count: usize,
    /// Half of them are not above it.
    pub(crate) p50: f64,
    /// 99 of 100 are not above it.
    pub(crate) p99: f64,
    /// The largest.
    pub(crate) max: f64,
}

impl Sample {
    /// Takes one more value.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Each value less a number: what is left is what was added to it. Below zero stays below zero.
    pub(crate) fn less(&self, known: f64) -> Self {
        Self(self.0.iter().map(|value| value - known).collect())
    }

    /// The smallest value that so many of all are not above (nearest rank); none of an empty sample.
    pub(crate) fn quantile(&self, part: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is a small whole number"
        )]
        let rank = (part * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied()
    }

    /// In four numbers; none of an empty sample.
    pub(crate) fn summary(&self) -> Option<Summary> {
        Some(Summary {
            count: self.0.len(),
            p50: rounded(self.quantile(0.5)?),
            p99: rounded(self.quantile(0.99)?),
            max: rounded(self.quantile(1.0)?),
        })
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Extend<f64> for Sample {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

/// Four places behind the point are more than any clock here can tell.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sample: Sample = (1..=200).rev().map(f64::from).collect();
        let expected = Summary {
            count: 200,
            p50: 100.0,
            p99: 198.0,
            max: 200.0,
        };
        assert_eq!(sample.summary(), Some(expected));
    }

    #[test]
    fn a_single_value_is_all_of_them_and_nothing_has_none() {
        let one: Sample = [7.5].into_iter().collect();
        let expected = Summary {
            count: 1,
            p50: 7.5,
            p99: 7.5,
            max: 7.5,
        };
        assert_eq!(one.summary(), Some(expected));
        assert_eq!(Sample::default().summary(), None);
    }

    #[test]
    fn what_is_known_is_taken_off_each_value() {
        let sample: Sample = [1.0, 3.0, 2.0].into_iter().collect();
        assert_eq!(sample.less(2.0).quantile(1.0), Some(1.0));
        assert_eq!(sample.less(2.0).quantile(0.0), Some(-1.0));
    }
}
