//! Usage: calls, tokens and cost in groups.

use serde_json::{Value, json};
use slugline::chat::{CampaignRef, Cost, PromptRef, Timing, Usage};
use slugline::store::{CampaignQuery, Filter, Recording, Store, UsageGroup, UsageQuery, UsageRow};

use crate::on_each_store;
use crate::sample::{DAY, START, recording};

/// A call: its model, day, label, tokens, cost and error.
struct Row(
    &'static str,
    i64,
    Option<&'static str>,
    Option<u64>,
    Option<(f64, &'static str)>,
    Option<&'static str>,
);

fn rows() -> Vec<Recording> {
    let rows = [
        Row("a/one", 0, Some("red"), Some(10), Some((0.5, "USD")), None),
        Row(
            "a/one",
            0,
            Some("blue"),
            Some(20),
            Some((0.25, "USD")),
            None,
        ),
        Row("a/one", 1, Some("red"), None, None, Some("overloaded")),
        Row("b/two", 1, None, Some(30), Some((2.0, "EUR")), None),
        Row(
            "b/two",
            1,
            None,
            Some(40),
            Some((1.0, "USD")),
            Some("cancelled"),
        ),
        Row("b/two", 2, Some("red"), Some(50), None, Some("timeout")),
    ];
    let row = |(n, row): (u64, Row)| {
        let Row(model, day, label, tokens, cost, error) = row;
        Recording {
            created_ms: START + day * DAY + 1,
            model: Some(model.to_owned()),
            provider: Some(model[..1].to_owned()),
            prompt: n.is_multiple_of(2).then(|| PromptRef {
                slug: "greet".to_owned(),
                ..PromptRef::default()
            }),
            labels: label
                .map(|label| ("colour \"x\"".to_owned(), label.into()))
                .into_iter()
                .collect(),
            usage: tokens.map(|tokens| Usage {
                prompt_tokens: tokens,
                completion_tokens: 2 * tokens,
                total_tokens: 3 * tokens,
                ..Usage::default()
            }),
            cost: cost.map(|(amount, currency)| Cost {
                amount,
                currency: currency.to_owned(),
                source: "catalogue".to_owned(),
            }),
            error_code: error.map(str::to_owned),
            ..recording(n)
        }
    };
    (0u64..).zip(rows).map(row).collect()
}

async fn usage(store: &dyn Store, group_by: &[&str], filter: Filter) -> Vec<UsageRow> {
    let group_by = group_by
        .iter()
        .map(|word| UsageGroup::parse(word).unwrap())
        .collect();
    store.usage(UsageQuery { group_by, filter }).await.unwrap()
}

/// `[group.., calls, errors]` of each row.
fn short(rows: &[UsageRow]) -> Value {
    let short = |row: &UsageRow| {
        let mut values: Vec<Value> = row.group.values().cloned().collect();
        values.extend([row.calls.into(), row.errors.into()]);
        Value::from(values)
    };
    rows.iter().map(short).collect()
}

#[tokio::test]
async fn everything_is_summed() {
    on_each_store(async |store| {
        assert_eq!(usage(&*store, &[], Filter::default()).await.len(), 0);
        store.record(rows()).await.unwrap();
        let rows = usage(&*store, &[], Filter::default()).await;
        assert_eq!(
            serde_json::to_value(&rows).unwrap(),
            json!([{
                "group": {}, "calls": 6, "errors": 2, "metered_calls": 5,
                "prompt_tokens": 150, "completion_tokens": 300, "total_tokens": 450,
                "cost": [
                    {"currency": "EUR", "amount": 2.0, "calls": 1},
                    {"currency": "USD", "amount": 1.75, "calls": 3},
                ],
            }])
        );
    })
    .await;
}

#[tokio::test]
async fn calls_are_grouped_by_each_word() {
    on_each_store(async |store| {
        store.record(rows()).await.unwrap();
        let by = async |words: &[&str]| short(&usage(&*store, words, Filter::default()).await);
        assert_eq!(
            by(&["model"]).await,
            json!([["a/one", 3, 1], ["b/two", 3, 1]])
        );
        assert_eq!(by(&["provider"]).await, json!([["a", 3, 1], ["b", 3, 1]]));
        assert_eq!(
            by(&["prompt"]).await,
            json!([[null, 3, 1], ["greet", 3, 1]])
        );
        assert_eq!(by(&["campaign"]).await, json!([[null, 6, 2]]));
        assert_eq!(
            by(&["day"]).await,
            json!([
                ["2026-11-01", 2, 0],
                ["2026-11-02", 3, 1],
                ["2026-11-03", 1, 1]
            ])
        );
        assert_eq!(
            by(&["label:colour \"x\""]).await,
            json!([[null, 2, 0], ["blue", 1, 0], ["red", 3, 2]])
        );
        assert_eq!(
            by(&["model", "day"]).await,
            json!([
                ["a/one", "2026-11-01", 2, 0],
                ["a/one", "2026-11-02", 1, 1],
                ["b/two", "2026-11-02", 2, 0],
                ["b/two", "2026-11-03", 1, 1],
            ])
        );
    })
    .await;
}

#[tokio::test]
async fn a_group_has_one_row_whatever_its_currencies() {
    on_each_store(async |store| {
        store.record(rows()).await.unwrap();
        let rows = usage(&*store, &["model"], Filter::default()).await;
        assert_eq!(
            serde_json::to_value(&rows[1]).unwrap(),
            json!({
                "group": {"model": "b/two"}, "calls": 3, "errors": 1, "metered_calls": 3,
                "prompt_tokens": 120, "completion_tokens": 240, "total_tokens": 360,
                "cost": [
                    {"currency": "EUR", "amount": 2.0, "calls": 1},
                    {"currency": "USD", "amount": 1.0, "calls": 1},
                ],
            })
        );
    })
    .await;
}

#[tokio::test]
async fn a_filter_says_what_is_counted() {
    on_each_store(async |store| {
        store.record(rows()).await.unwrap();
        let later = Filter {
            since_ms: Some(START + DAY),
            ..Filter::default()
        };
        let rows = usage(&*store, &["provider"], later).await;
        assert_eq!(short(&rows), json!([["a", 1, 1], ["b", 3, 1]]));
        let red = Filter {
            labels: [("colour \"x\"".to_owned(), "red".into())]
                .into_iter()
                .collect(),
            ..Filter::default()
        };
        let rows = usage(&*store, &["label:colour \"x\"", "model"], red).await;
        assert_eq!(
            short(&rows),
            json!([["red", "a/one", 2, 1], ["red", "b/two", 1, 1]])
        );
    })
    .await;
}

#[test]
fn unknown_words_are_told_with_the_nearest() {
    let error = UsageGroup::parse("modle").unwrap_err();
    assert_eq!(error.code(), "invalid_request");
    assert!(error.to_string().contains("`model`"), "{error}");
    assert!(UsageGroup::parse("label:").is_err());
}

#[tokio::test]
async fn counts_beyond_all_measure_are_the_largest_there_is() {
    on_each_store(async |store| {
        let rows = (0..3).map(|n| Recording {
            usage: Some(Usage {
                prompt_tokens: u64::MAX,
                completion_tokens: i64::MAX as u64,
                total_tokens: u64::MAX,
                ..Usage::default()
            }),
            timing: Timing {
                total_ms: u64::MAX,
                ..Timing::default()
            },
            campaign: Some(CampaignRef {
                key: "tone".to_owned(),
                arm: "warm".to_owned(),
            }),
            ..recording(n)
        });
        store.record(rows.collect()).await.unwrap();
        let rows = store.usage(UsageQuery::default()).await.unwrap();
        assert_eq!(rows[0].calls, 3);
        assert!(rows[0].total_tokens >= i64::MAX as u64);
        let query = CampaignQuery {
            campaign: "tone".to_owned(),
            ..CampaignQuery::default()
        };
        let arms = store.campaign_totals(query).await.unwrap();
        assert!(arms[0].prompt_tokens >= i64::MAX as u64);
        assert!(arms[0].latency_ms >= i64::MAX as u64);
    })
    .await;
}
