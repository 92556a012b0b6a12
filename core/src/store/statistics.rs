//! The formulae of a report, over moments: intervals of a mean and of a share, and the two tests of a
//! difference. The distributions are those of a statistics crate; nothing else here is hard.
//!
//! A share `p` of `n` has Wilson's interval; a mean Student's, with `n - 1` degrees of freedom. Shares
//! are told apart by the pooled two-proportion z test (the interval of their difference is Newcombe's,
//! from Wilson's), means by Welch's t test with Satterthwaite's degrees of freedom. All are two-sided.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

use super::MetricTotals;

/// The quantile of the upper end of a two-sided 95 % interval.
const UPPER: f64 = 0.975;

/// Both ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// What a test says of two arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tested {
    /// The test's name.
    pub(super) test: &'static str,
    /// Mean of the second less mean of the first.
    pub(super) difference: f64,
    /// The 95 % interval of the difference, where it can be told.
    pub(super) interval: Option<Interval>,
    /// Two-sided p-value, where it can be told.
    pub(super) p_value: Option<f64>,
}

impl MetricTotals {
    /// Whether every value is yes or no, so that the mean is a share.
    fn is_share(&self) -> bool {
        self.bools == self.count
    }

    /// The mean. That of yes and no is the share of yes, to the last digit.
    pub(super) fn middle(&self) -> f64 {
        match self.is_share() && self.count > 0 {
            true => (self.mean * self.n()).round() / self.n(),
            false => self.mean,
        }
    }

    fn n(&self) -> f64 {
        self.count as f64
    }

    /// The squared standard error of the mean; `None` for fewer than two values.
    fn error(&self) -> Option<f64> {
        (self.count >= 2).then(|| self.squares / (self.n() - 1.0) / self.n())
    }
}

impl Interval {
    /// So far on either side; `None` past what a number can hold.
    fn around(middle: f64, half: f64) -> Option<Interval> {
        let (low, high) = (middle - half, middle + half);
        (low.is_finite() && high.is_finite()).then_some(Interval { low, high })
    }
}

/// The 95 % interval of a metric's mean, where it can be told.
pub(super) fn interval(values: &MetricTotals) -> Option<Interval> {
    match values.is_share() {
        true => (values.count > 0).then(|| wilson(values.middle(), values.n())),
        false => {
            let error = values.error()?.sqrt();
            let half = student_upper(values.n() - 1.0)? * error;
            Interval::around(values.mean, half)
        }
    }
}

/// How `other` differs from `one`; `None` where one of them has no values, or more than a number can hold.
pub(super) fn compare(one: &MetricTotals, other: &MetricTotals) -> Option<Tested> {
    if one.count == 0 || other.count == 0 {
        return None;
    }
    match one.is_share() && other.is_share() {
        true => Some(two_proportions(one, other)),
        false => welch(one, other),
    }
}

fn two_proportions(one: &MetricTotals, other: &MetricTotals) -> Tested {
    let (p, q) = (one.middle(), other.middle());
    let difference = q - p;
    let pooled = (p * one.n() + q * other.n()) / (one.n() + other.n());
    let error = (pooled * (1.0 - pooled) * (1.0 / one.n() + 1.0 / other.n())).sqrt();
    let p_value = match error > 0.0 {
        true => two_sided(normal().sf((difference / error).abs())),
        // All of both said the same.
        false => 1.0,
    };
    let (of_one, of_other) = (wilson(p, one.n()), wilson(q, other.n()));
    let below = (q - of_other.low).hypot(of_one.high - p);
    let above = (of_other.high - q).hypot(p - of_one.low);
    Tested {
        test: "two_proportions",
        difference,
        interval: Some(Interval {
            low: difference - below,
            high: difference + above,
        }),
        p_value: Some(p_value),
    }
}

fn welch(one: &MetricTotals, other: &MetricTotals) -> Option<Tested> {
    let difference = finite(other.mean - one.mean)?;
    let tested = || {
        let (a, b) = (one.error()?, other.error()?);
        let error = finite((a + b).sqrt()).filter(|error| *error > 0.0)?;
        // By shares of the variance: their squares can neither overflow nor vanish.
        let (a, b) = (a / (a + b), b / (a + b));
        let freedom = 1.0 / (a.powi(2) / (one.n() - 1.0) + b.powi(2) / (other.n() - 1.0));
        let interval = Interval::around(difference, student_upper(freedom)? * error)?;
        let tail = student_tail((difference / error).abs(), freedom)?;
        Some((interval, finite(two_sided(tail))?))
    };
    let tested = tested();
    Some(Tested {
        test: "welch",
        difference,
        interval: tested.map(|(interval, _)| interval),
        p_value: tested.map(|(_, p_value)| p_value),
    })
}

/// Holm's correction of p-values for how many they are, in their order.
pub(super) fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p_values
        .iter()
        .enumerate()
        .filter_map(|(place, p)| Some((place, (*p)?)))
        .collect();
    order.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let mut adjusted = vec![None; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, (place, p)) in order.iter().enumerate() {
        let left = (order.len() - rank) as f64;
        least = least.max((left * p).min(1.0));
        if let Some(slot) = adjusted.get_mut(*place) {
            *slot = Some(least);
        }
    }
    adjusted
}

/// Wilson's score interval of a share `p` of `n`.
fn wilson(p: f64, n: f64) -> Interval {
    let z = normal().inverse_cdf(UPPER);
    let z2 = z * z;
    let middle = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Where all said the same that end is exact, whatever the roots are rounded to.
    Interval {
        low: match p > 0.0 {
            true => ((middle - half) / scale).max(0.0),
            false => 0.0,
        },
        high: match p < 1.0 {
            true => ((middle + half) / scale).min(1.0),
            false => 1.0,
        },
    }
}

/// A number that JSON can hold: JSON has no infinity, and the languages would each write it their own way.
pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn two_sided(tail: f64) -> f64 {
    (2.0 * tail).min(1.0)
}

fn normal() -> Normal {
    Normal::standard()
}

/// The quantile [`UPPER`] of Student's distribution; `None` for degrees of freedom that are none.
fn student_upper(freedom: f64) -> Option<f64> {
    // The crate inverts an integral by Newton's method, which goes astray from 1e5 on and runs for ever from
    // 1e8 on. The expansion about the normal quantile has an error of about freedom to the -3.
    // Abramowitz and Stegun, 26.7.5.
    if freedom >= 1e4 {
        let z = normal().inverse_cdf(UPPER);
        let first = (z.powi(3) + z) / 4.0;
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        return Some(z + first / freedom + second / freedom.powi(2));
    }
    Some(student(freedom)?.inverse_cdf(UPPER))
}

/// How much of Student's distribution lies above `t`, which is at least 0.
fn student_tail(t: f64, freedom: f64) -> Option<f64> {
    // The crate's integral is of 1 - t² / freedom, of which little is left here. Abramowitz and Stegun, 26.7.8.
    if freedom >= 1e6 {
        let z = t * (1.0 - 0.25 / freedom) / (1.0 + t * t / (2.0 * freedom)).sqrt();
        return Some(normal().sf(z));
    }
    Some(student(freedom)?.sf(t))
}

fn student(freedom: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom).ok()
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
