//! Counts over recordings: usage in groups, and the arms of a campaign.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::filter::Source;
use super::row;
use crate::store::totals::group_map;
use crate::store::{ArmTotals, CampaignQuery, CostTotal, Filter, UsageGroup, UsageQuery, UsageRow};

/// The sums that usage and reports share. They start at the column that [`read_sums`] is given. `total` where
/// `sum` would fail past the largest integer; below 2^53 it is exact.
const SUMS: &str = "\
    r.cost_currency, count(*), \
    count(*) FILTER (WHERE r.error_code IS NOT NULL AND r.error_code <> 'cancelled'), \
    count(r.total_tokens), CAST(total(r.prompt_tokens) AS INTEGER), \
    CAST(total(r.completion_tokens) AS INTEGER), CAST(total(r.total_tokens) AS INTEGER), \
    count(r.cost_amount), total(r.cost_amount)";

/// A row a group.
pub(super) fn usage(
    connection: &Connection,
    query: &UsageQuery,
) -> rusqlite::Result<Vec<UsageRow>> {
    let source = Source::of(connection, &query.filter)?;
    let mut values = Vec::new();
    let mut groups = String::new();
    let mut order = String::new();
    for (place, group) in query.group_by.iter().enumerate() {
        groups.push_str(expression(group, &mut values));
        groups.push_str(", ");
        order.push_str(&format!("{}, ", place + 1));
    }
    let currency = query.group_by.len() + 1;
    let sql = format!(
        "SELECT {groups}{SUMS} {} GROUP BY {order}{currency} ORDER BY {order}{currency}",
        source.sql()
    );
    values.extend(source.values);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut rows: Vec<UsageRow> = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..query.group_by.len())
            .map(|column| row.get(column))
            .collect::<rusqlite::Result<Vec<Option<String>>>>()?;
        let group = group_map(&query.group_by, values);
        // A group has a row a currency; they stand together.
        if rows.last().is_none_or(|last| last.group != group) {
            rows.push(UsageRow {
                group,
                ..UsageRow::default()
            });
        }
        if let Some(last) = rows.last_mut() {
            read_sums(row, query.group_by.len(), last)?;
        }
    }
    Ok(rows)
}

/// A group's value as text; the values of its places go to `values`.
fn expression(group: &UsageGroup, values: &mut Vec<Value>) -> &'static str {
    match group {
        UsageGroup::Model => "r.model",
        UsageGroup::Provider => "r.provider",
        UsageGroup::Prompt => "r.prompt_slug",
        UsageGroup::Campaign => "r.campaign",
        UsageGroup::Arm => "r.arm",
        UsageGroup::Project => "r.project",
        UsageGroup::Label(key) => {
            values.push(key.clone().into());
            "(SELECT label.value FROM json_each(r.labels) label WHERE label.key = ?)"
        }
        UsageGroup::Day => "date(r.created_ms / 1000, 'unixepoch')",
    }
}

/// Adds the sums of a row to those of its group.
fn read_sums(row: &Row<'_>, first: usize, to: &mut UsageRow) -> rusqlite::Result<()> {
    let count = |column: usize| row.get(first + column).map(row::count);
    to.calls += count(1)?;
    to.errors += count(2)?;
    to.metered_calls += count(3)?;
    to.prompt_tokens = to.prompt_tokens.saturating_add(count(4)?);
    to.completion_tokens = to.completion_tokens.saturating_add(count(5)?);
    to.total_tokens = to.total_tokens.saturating_add(count(6)?);
    if let Some(currency) = row.get(first)? {
        to.cost.push(CostTotal {
            currency,
            amount: row.get(first + 8)?,
            calls: count(7)?,
        });
    }
    Ok(())
}

/// The arms of a campaign that have calls, by name.
pub(super) fn campaign(
    connection: &Connection,
    query: &CampaignQuery,
) -> rusqlite::Result<Vec<ArmTotals>> {
    // One snapshot, so that the judged are among the counted.
    let connection = connection.unchecked_transaction()?;
    let filter = Filter {
        campaign: Some(query.campaign.clone()),
        since_ms: query.since_ms,
        until_ms: query.until_ms,
        ..Filter::default()
    };
    let mut arms: BTreeMap<String, ArmTotals> = BTreeMap::new();
    let counted = UsageQuery {
        group_by: vec![UsageGroup::Arm],
        filter: filter.clone(),
    };
    for row in usage(&connection, &counted)? {
        let arm = row.group.get("arm").and_then(|arm| arm.as_str());
        let arm = arm.unwrap_or_default().to_owned();
        let totals = ArmTotals {
            arm: arm.clone(),
            calls: row.calls,
            errors: row.errors,
            metered_calls: row.metered_calls,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            total_tokens: row.total_tokens,
            cost: row.cost,
            ..ArmTotals::default()
        };
        arms.insert(arm, totals);
    }
    let source = Source::of(&connection, &filter)?.narrowed("r.error_code IS NULL");
    let answered = format!(
        "SELECT r.arm, count(*), CAST(total(r.total_ms) AS INTEGER) {} GROUP BY r.arm",
        source.sql()
    );
    let mut statement = connection.prepare_cached(&answered)?;
    let mut rows = statement.query(params_from_iter(source.values))?;
    while let Some(row) = rows.next()? {
        if let Some(totals) = arms.get_mut(&row.get::<_, String>(0)?) {
            totals.answered = row::count(row.get(1)?);
            totals.latency_ms = row::count(row.get(2)?);
        }
    }
    if let Some(metric) = &query.metric {
        judge(&connection, &filter, metric, &mut arms)?;
    }
    Ok(arms.into_values().collect())
}

/// Adds the metric's values: of several about one completion the last one written.
fn judge(
    connection: &Connection,
    filter: &Filter,
    metric: &str,
    arms: &mut BTreeMap<String, ArmTotals>,
) -> rusqlite::Result<()> {
    let source = Source::of(connection, filter)?;
    let sql = format!(
        "WITH calls AS MATERIALIZED (SELECT r.sequence, r.arm, r.completion_ids {}) \
         SELECT r.arm, f.value, f.is_bool FROM calls r \
         CROSS JOIN json_each(r.completion_ids) c \
         CROSS JOIN feedback f ON f.sequence = (\
           SELECT max(sequence) FROM feedback WHERE completion_id = c.value AND metric = ?) \
         ORDER BY r.sequence",
        source.sql()
    );
    let mut values = source.values;
    values.push(metric.to_owned().into());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if let Some(totals) = arms.get_mut(&row.get::<_, String>(0)?) {
            let value = row::feedback_value(row.get(1)?, row.get(2)?);
            totals.metric.add(value);
        }
    }
    Ok(())
}
