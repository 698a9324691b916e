//! Chance from a seed: the same numbers everywhere, and for each purpose a row of its own.

use std::time::Duration;

/// A row of numbers that look like chance.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The row of a purpose: whoever draws more from one row changes nothing in the others.
    pub(super) fn of(seed: u64, purpose: &[u64]) -> Self {
        let mut chance = Self(seed ^ 0x5851_F42D_4C95_7F2D);
        for part in purpose {
            chance.0 = chance.next() ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        chance
    }

    /// Steele's SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without the bound, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A time between two, in milliseconds.
    pub(super) fn time(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms + self.below(most_ms - least_ms))
    }

    /// One of several, as often as its weight says.
    pub(super) fn pick<T: Copy>(&mut self, weighted: &[(u64, T)]) -> T {
        let all = weighted.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(all);
        for (weight, it) in weighted {
            if at < *weight {
                return *it;
            }
            at -= weight;
        }
        weighted[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_has_its_own_row_and_a_seed_gives_it_again() {
        let row = |seed, purpose: &[u64]| {
            let mut chance = Chance::of(seed, purpose);
            [(); 4].map(|()| chance.below(1000))
        };
        assert_eq!(row(7, &[1, 2]), row(7, &[1, 2]));
        assert_ne!(row(7, &[1, 2]), row(7, &[2, 1]));
        assert_ne!(row(7, &[1, 2]), row(8, &[1, 2]));
    }

    #[test]
    fn what_has_no_weight_is_never_picked() {
        let mut chance = Chance::of(1, &[]);
        let picked = (0..100).map(|_| chance.pick(&[(1, 'a'), (0, 'b'), (3, 'c')]));
        let picked: String = picked.collect();
        assert!(picked.contains('a') && picked.contains('c') && !picked.contains('b'));
    }
}
