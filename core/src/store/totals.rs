//! Sums over recordings, for a store that has no query language.

use std::collections::BTreeMap;

use super::{ArmTotals, CostTotal, Feedback, Recording, UsageGroup, UsageRow};
use crate::chat::{Cost, JsonMap};

/// A row a group, in the order of the groups' values; those without a value come first.
pub(super) fn usage_rows<'a>(
    groups: &[UsageGroup],
    recordings: impl Iterator<Item = &'a Recording>,
) -> Vec<UsageRow> {
    let mut rows: BTreeMap<Vec<Option<String>>, UsageRow> = BTreeMap::new();
    for recording in recordings {
        let key: Vec<Option<String>> = groups.iter().map(|group| group.of(recording)).collect();
        let row = rows.entry(key).or_default();
        row.calls += 1;
        row.errors += u64::from(recording.is_error());
        if let Some(usage) = &recording.usage {
            row.metered_calls += 1;
            row.prompt_tokens = row.prompt_tokens.saturating_add(usage.prompt_tokens);
            row.completion_tokens = row
                .completion_tokens
                .saturating_add(usage.completion_tokens);
            row.total_tokens = row.total_tokens.saturating_add(usage.total_tokens);
        }
        add_cost(&mut row.cost, recording.cost.as_ref());
    }
    rows.into_iter()
        .map(|(values, row)| UsageRow {
            group: group_map(groups, values),
            ..row
        })
        .collect()
}

/// The words of the groups to their values.
pub(super) fn group_map(groups: &[UsageGroup], values: Vec<Option<String>>) -> JsonMap {
    let words = groups.iter().map(UsageGroup::word);
    words
        .zip(values.into_iter().map(serde_json::Value::from))
        .collect()
}

/// Adds a known cost to the sum of its currency; sums stay in the order of currencies.
pub(super) fn add_cost(sums: &mut Vec<CostTotal>, cost: Option<&Cost>) {
    let Some(cost) = cost else {
        return;
    };
    let place = sums.binary_search_by(|sum| sum.currency.cmp(&cost.currency));
    match place {
        Ok(place) => {
            if let Some(sum) = sums.get_mut(place) {
                sum.amount += cost.amount;
                sum.calls += 1;
            }
        }
        Err(place) => sums.insert(
            place,
            CostTotal {
                currency: cost.currency.clone(),
                amount: cost.amount,
                calls: 1,
            },
        ),
    }
}

/// Counts a recording under its arm. `feedback` gives the judgements of a completion, oldest first.
pub(super) fn arm_totals<'a>(
    arms: &mut BTreeMap<String, ArmTotals>,
    recording: &Recording,
    metric: Option<&str>,
    feedback: impl Fn(&str) -> Option<&'a [Feedback]>,
) {
    let Some(campaign) = &recording.campaign else {
        return;
    };
    let totals = arms.entry(campaign.arm.clone()).or_default();
    totals.arm.clone_from(&campaign.arm);
    totals.calls += 1;
    match recording.error_code {
        None => {
            totals.answered += 1;
            totals.latency_ms = totals.latency_ms.saturating_add(recording.timing.total_ms);
        }
        Some(_) => totals.errors += u64::from(recording.is_error()),
    }
    if let Some(usage) = &recording.usage {
        totals.metered_calls += 1;
        totals.prompt_tokens = totals.prompt_tokens.saturating_add(usage.prompt_tokens);
        totals.completion_tokens = totals
            .completion_tokens
            .saturating_add(usage.completion_tokens);
        totals.total_tokens = totals.total_tokens.saturating_add(usage.total_tokens);
    }
    add_cost(&mut totals.cost, recording.cost.as_ref());
    let Some(metric) = metric else {
        return;
    };
    for completion in &recording.completion_ids {
        let last =
            feedback(completion).and_then(|all| all.iter().rev().find(|one| one.metric == metric));
        if let Some(last) = last {
            totals.metric.add(last.value);
        }
    }
}
