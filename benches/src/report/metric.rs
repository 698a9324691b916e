//! One number that matters, beside its budget, the peer's and the floor's.

use serde::Serialize;

use crate::sample::{Sample, Summary, rounded};

/// What is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    /// As a latency.
    Lower,
    /// As a rate.
    Higher,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Budget {
    /// By the p50.
    pub(crate) p50: f64,
    /// By the p99, where that has a budget of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99: Option<f64>,
}

/// What the machine needs for the least that such a thing can be made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Floor {
    /// Of what.
    pub(crate) of: &'static str,
    /// In the metric's unit.
    pub(crate) value: f64,
}

/// How a number stands to its budget; p50 and p99 count, the worse of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Reached.
    Within,
    /// Missed by less than that.
    WithinTwice,
    /// Missed.
    Over,
}

/// One number that matters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Metric {
    /// For programs.
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    /// What our server remembered with: `sqlite`, `postgres`.
    pub(crate) database: &'static str,
    /// What it counts in.
    pub(crate) unit: &'static str,
    /// What is good.
    pub(crate) better: Better,
    /// What was measured.
    pub(crate) ours: Summary,
    /// The same of the peer, where it has it.
    pub(crate) peer: Option<Summary>,
    /// What the machine needs.
    pub(crate) floor: Option<Floor>,
    /// What is to be reached; none where a number stands only beside another.
    pub(crate) budget: Option<Budget>,
    /// Ours by the floor.
    pub(crate) ratio_to_floor: Option<f64>,
    /// Ours by the peer's.
    pub(crate) ratio_to_peer: Option<f64>,
    /// How it stands.
    pub(crate) verdict: Option<Verdict>,
    /// What else belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl Metric {
    /// A number that nothing stands beside yet; none of an empty sample.
    pub(crate) fn new(
        id: &'static str,
        title: &'static str,
        unit: &'static str,
        sample: &Sample,
    ) -> anyhow::Result<Self> {
        let ours = sample.summary();
        let ours = ours.ok_or_else(|| anyhow::anyhow!("{title}: nothing was measured"))?;
        Ok(Self {
            id,
            title,
            database: "sqlite",
            unit,
            better: Better::Lower,
            ours,
            peer: None,
            floor: None,
            budget: None,
            ratio_to_floor: None,
            ratio_to_peer: None,
            verdict: None,
            note: None,
        })
    }

    /// What a table calls it.
    pub(super) fn name(&self) -> String {
        match self.database {
            "postgres" => format!("{}, PostgreSQL", self.title),
            _ => self.title.to_owned(),
        }
    }

    /// Likewise, where more is better.
    pub(crate) fn higher_is_better(mut self) -> Self {
        self.better = Better::Higher;
        self
    }

    /// Beside its budget.
    pub(crate) fn budget(mut self, p50: f64, p99: Option<f64>) -> Self {
        let budget = Budget { p50, p99 };
        self.verdict = Some(verdict(&self.ours, &budget, self.better));
        self.budget = Some(budget);
        self
    }

    /// Beside the peer.
    pub(crate) fn peer(mut self, peer: Option<&Sample>) -> Self {
        self.peer = peer.and_then(Sample::summary);
        self.ratio_to_peer = self.peer.and_then(|peer| ratio(self.ours.p50, peer.p50));
        self
    }

    /// Beside the floor.
    pub(crate) fn floor(mut self, of: &'static str, value: f64) -> Self {
        self.ratio_to_floor = ratio(self.ours.p50, value);
        let value = rounded(value);
        self.floor = Some(Floor { of, value });
        self
    }

    /// With something that belongs to it.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

fn ratio(ours: f64, other: f64) -> Option<f64> {
    (other > 0.0).then(|| rounded(ours / other))
}

fn verdict(ours: &Summary, budget: &Budget, better: Better) -> Verdict {
    let one = |value: f64, budget: f64| {
        let (worse, bound) = match better {
            Better::Lower => (value, budget),
            Better::Higher => (budget, value),
        };
        if worse <= bound {
            Verdict::Within
        } else if worse <= 2.0 * bound {
            Verdict::WithinTwice
        } else {
            Verdict::Over
        }
    };
    let p99 = budget.p99.map(|budget| one(ours.p99, budget));
    one(ours.p50, budget.p50).max(p99.unwrap_or(Verdict::Within))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(values: &[f64]) -> Metric {
        let sample = values.iter().copied().collect();
        Metric::new("m0", "Something", "ms", &sample).expect("it has values")
    }

    #[test]
    fn the_worse_of_both_quantiles_is_the_verdict() {
        let stands = |p99| metric(&[1.0, 1.0, 9.0]).budget(1.0, p99).verdict;
        assert_eq!(stands(None), Some(Verdict::Within));
        assert_eq!(stands(Some(5.0)), Some(Verdict::WithinTwice));
        assert_eq!(stands(Some(4.0)), Some(Verdict::Over));
    }

    #[test]
    fn a_rate_misses_its_budget_from_below() {
        let stands = |rate| {
            metric(&[rate])
                .higher_is_better()
                .budget(150.0, None)
                .verdict
        };
        assert_eq!(stands(151.0), Some(Verdict::Within));
        assert_eq!(stands(80.0), Some(Verdict::WithinTwice));
        assert_eq!(stands(70.0), Some(Verdict::Over));
    }

    #[test]
    fn ratios_stand_only_where_there_is_something_to_divide_by() {
        let peer: Sample = [0.5].into_iter().collect();
        let beside = metric(&[2.0]).peer(Some(&peer)).floor("nothing", 0.0);
        assert_eq!(beside.ratio_to_peer, Some(4.0));
        assert_eq!(beside.ratio_to_floor, None);
        assert!(Metric::new("m0", "Nothing", "ms", &Sample::default()).is_err());
    }
}
