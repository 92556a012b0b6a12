//! What a campaign found: the figures of each arm, and what its metric says of the difference.
//! `statistics` has the formulae; `docs/recordings.md` says what they are and when not to trust them.

use serde::{Deserialize, Serialize};

use super::statistics::{compare, finite, holm, interval};
use super::{CostTotal, FeedbackValue};

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CampaignQuery {
    /// The campaign's key.
    pub campaign: String,
    /// The metric of the feedback that is compared; none compares nothing.
    pub metric: Option<String>,
    /// Calls that began at this time or later: Unix time in milliseconds.
    pub since_ms: Option<i64>,
    /// Calls that began before this time: Unix time in milliseconds.
    pub until_ms: Option<i64>,
}

/// The sums of one arm, as a store counts them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArmTotals {
    /// The arm's name.
    pub arm: String,
    /// Calls, whether they succeeded or not.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Calls that were answered in full: neither failed nor broken off.
    pub answered: u64,
    /// Milliseconds of the answered calls, in sum.
    pub latency_ms: u64,
    /// Calls whose provider gave token counts.
    pub metered_calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Both together.
    pub total_tokens: u64,
    /// Known cost, a sum a currency.
    pub cost: Vec<CostTotal>,
    /// The metric's values: the last one of each completion.
    pub metric: MetricTotals,
}

/// The moments of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MetricTotals {
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared distances from the mean.
    pub squares: f64,
    /// How many of them are yes or no.
    pub bools: u64,
}

impl MetricTotals {
    /// Counts one value, by Welford's method.
    pub fn add(&mut self, value: FeedbackValue) {
        self.count += 1;
        self.bools += u64::from(matches!(value, FeedbackValue::Bool(_)));
        let value = value.as_f64();
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }
}

/// What a campaign found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CampaignReport {
    /// The campaign's key.
    pub campaign: String,
    /// The metric that is compared.
    pub metric: Option<String>,
    /// `up` or `down`: which way is better.
    pub goal: Option<String>,
    /// The arms, by name.
    pub arms: Vec<ArmReport>,
    /// Every pair of arms, where there is a metric.
    pub comparisons: Vec<Comparison>,
}

impl CampaignReport {
    /// Makes the report of what a store counted. `arms` are the arms that are configured, so that one
    /// without calls is there too; `goal` is `up` or `down`.
    pub fn of(
        query: &CampaignQuery,
        goal: Option<&str>,
        arms: &[String],
        totals: Vec<ArmTotals>,
    ) -> CampaignReport {
        let mut all = totals;
        for arm in arms {
            if all.iter().all(|totals| totals.arm != *arm) {
                all.push(ArmTotals {
                    arm: arm.clone(),
                    ..ArmTotals::default()
                });
            }
        }
        all.sort_by(|one, other| one.arm.cmp(&other.arm));
        let comparisons = match &query.metric {
            Some(_) => comparisons(&all),
            None => Vec::new(),
        };
        CampaignReport {
            campaign: query.campaign.clone(),
            metric: query.metric.clone(),
            goal: query.metric.as_ref().and(goal).map(str::to_owned),
            comparisons,
            arms: all.into_iter().map(ArmReport::of).collect(),
        }
    }
}

/// Every pair of arms, in the order of their names.
fn comparisons(arms: &[ArmTotals]) -> Vec<Comparison> {
    let mut pairs = Vec::new();
    for (place, one) in arms.iter().enumerate() {
        for other in arms.iter().skip(place + 1) {
            let tested = compare(&one.metric, &other.metric);
            let interval = tested.and_then(|tested| tested.interval);
            pairs.push(Comparison {
                arm: one.arm.clone(),
                other: other.arm.clone(),
                difference: tested.map(|tested| tested.difference),
                low: interval.map(|interval| interval.low),
                high: interval.map(|interval| interval.high),
                p_value: tested.and_then(|tested| tested.p_value),
                p_value_adjusted: None,
                test: tested.map(|tested| tested.test.to_owned()),
            });
        }
    }
    let p_values: Vec<Option<f64>> = pairs.iter().map(|pair| pair.p_value).collect();
    for (pair, adjusted) in pairs.iter_mut().zip(holm(&p_values)) {
        pair.p_value_adjusted = adjusted;
    }
    pairs
}

/// The figures of one arm.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ArmReport {
    /// The arm's name.
    pub arm: String,
    /// Calls, whether they succeeded or not.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Mean milliseconds of the calls that were answered in full; `None` without any.
    pub mean_latency_ms: Option<f64>,
    /// Calls whose provider gave token counts. The sums below are over these.
    pub metered_calls: u64,
    /// Tokens of the requests.
    pub prompt_tokens: u64,
    /// Tokens of the answers.
    pub completion_tokens: u64,
    /// Both together.
    pub total_tokens: u64,
    /// Known cost, a sum a currency.
    pub cost: Vec<CostTotal>,
    /// Completions that were judged.
    pub metric_count: u64,
    /// Mean of the metric; of yes and no the share of yes. `None` without values.
    pub metric_mean: Option<f64>,
    /// Lower end of the 95 % interval of the mean.
    pub metric_low: Option<f64>,
    /// Upper end of the 95 % interval of the mean.
    pub metric_high: Option<f64>,
}

impl ArmReport {
    fn of(totals: ArmTotals) -> ArmReport {
        let metric = &totals.metric;
        let mean_of = interval(metric);
        ArmReport {
            mean_latency_ms: (totals.answered > 0)
                .then(|| totals.latency_ms as f64 / totals.answered as f64),
            metric_count: metric.count,
            metric_mean: finite(metric.middle()).filter(|_| metric.count > 0),
            metric_low: mean_of.map(|interval| interval.low),
            metric_high: mean_of.map(|interval| interval.high),
            arm: totals.arm,
            calls: totals.calls,
            errors: totals.errors,
            metered_calls: totals.metered_calls,
            prompt_tokens: totals.prompt_tokens,
            completion_tokens: totals.completion_tokens,
            total_tokens: totals.total_tokens,
            cost: totals.cost,
        }
    }
}

/// How the metric differs between two arms.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// The one arm.
    pub arm: String,
    /// The other.
    pub other: String,
    /// Mean of `other` less mean of `arm`.
    pub difference: Option<f64>,
    /// Lower end of the 95 % interval of the difference.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval of the difference.
    pub high: Option<f64>,
    /// How likely a difference at least as large is where there is none in truth. `None`: too few values to say.
    pub p_value: Option<f64>,
    /// The same, corrected by Holm's method for the number of pairs.
    pub p_value_adjusted: Option<f64>,
    /// `two_proportions` or `welch`.
    pub test: Option<String>,
}
