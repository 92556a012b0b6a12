#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::catalogue::find;

/// Noon of 2026-11-20 (UTC).
const NOON: i64 = 1_795_176_000;

fn usage(value: serde_json::Value) -> Usage {
    serde_json::from_value(value).unwrap()
}

fn prices(value: serde_json::Value) -> Vec<Price> {
    serde_json::from_value(value).unwrap()
}

fn amount_of(list: &[Price], value: serde_json::Value) -> Option<f64> {
    cost(list, &usage(value), None, NOON).map(|cost| cost.amount)
}

fn tokens(prompt: u64, completion: u64) -> serde_json::Value {
    json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion })
}

#[test]
fn adds_up_by_kind_of_token() {
    let list = prices(json!([{ "i": 3, "o": 15, "r": 0.3, "w": 3.75, "l": 6 }]));
    assert_eq!(amount_of(&list, tokens(1_000_000, 100_000)), Some(4.5));
    let mut cached = tokens(10_000, 0);
    cached["cache_read_input_tokens"] = json!(6_000);
    cached["cache_creation_input_tokens"] = json!(3_000);
    assert_eq!(amount_of(&list, cached.clone()), Some(0.016_05));
    let mut hour = usage(cached);
    hour.extra.insert(
        "cache_creation".into(),
        json!({ "ephemeral_1h_input_tokens": 1_000 }),
    );
    let cost = cost(&list, &hour, None, NOON).unwrap();
    assert_eq!(cost.amount, 0.0183);
    assert_eq!(
        (cost.currency.as_str(), cost.source.as_str()),
        ("USD", "catalogue")
    );
}

#[test]
fn cached_tokens_may_be_counted_in_the_details_alone() {
    let list = prices(json!([{ "i": 2, "o": 8, "r": 0.5 }]));
    let mut value = tokens(1_000_000, 0);
    value["prompt_tokens_details"] = json!({ "cached_tokens": 400_000 });
    assert_eq!(amount_of(&list, value.clone()), Some(1.4));
    // More cached than there were: nothing underflows.
    value["prompt_tokens_details"] = json!({ "cached_tokens": 5_000_000 });
    assert_eq!(amount_of(&list, value), Some(2.5));
}

#[test]
fn unknown_is_never_zero() {
    assert_eq!(amount_of(&[], tokens(5, 5)), None);
    let list = prices(json!([{ "i": 1 }]));
    assert_eq!(amount_of(&list, tokens(5, 5)), None);
    assert_eq!(amount_of(&list, tokens(1_000_000, 0)), Some(1.0));
    let mut audio = tokens(10, 0);
    audio["prompt_tokens_details"] = json!({ "audio_tokens": 4 });
    assert_eq!(amount_of(&list, audio), None);
}

#[test]
fn long_requests_cost_more_for_every_token() {
    let list =
        prices(json!([{ "i": 1, "o": 2, "x": [[100, { "i": 2 }], [200, { "i": 4, "o": 8 }]] }]));
    assert_eq!(amount_of(&list, tokens(100, 0)), Some(0.0001));
    assert_eq!(amount_of(&list, tokens(101, 1)), Some(0.000_204));
    assert_eq!(amount_of(&list, tokens(201, 1)), Some(0.000_812));
}

#[test]
fn the_time_of_the_call_decides() {
    let day = NOON.div_euclid(86_400);
    let list = prices(json!([
        { "i": 1, "o": 0 },
        { "s": day - 10, "i": 2, "o": 0 },
        { "s": day + 10, "i": 9, "o": 0 },
        { "h": [720, 721], "i": 3, "o": 0 },
        { "h": [1380, 60], "i": 4, "o": 0 },
    ]));
    let at = |when: i64| {
        cost(&list, &usage(tokens(1_000_000, 0)), None, when)
            .unwrap()
            .amount
    };
    assert_eq!(at(NOON), 3.0);
    assert_eq!(at(NOON + 60), 2.0);
    assert_eq!(at(NOON + 11 * 3600), 4.0);
    assert_eq!(at(NOON + 12 * 3600 + 59 * 60), 4.0);
    assert_eq!(at(NOON + 3600 - 20 * 86_400), 1.0);
    assert_eq!(at(NOON + 3600 + 20 * 86_400), 9.0);
    let later = prices(json!([{ "s": day, "i": 5, "o": 0 }]));
    let before = cost(&later, &usage(tokens(1_000_000, 0)), None, NOON - 86_400);
    assert_eq!(before.unwrap().amount, 5.0);
}

#[test]
fn tiers_of_service_have_rates_of_their_own() {
    let list = prices(json!([{ "i": 2, "o": 4, "r": 1 }, { "t": "flex", "i": 1, "o": 2 }]));
    let mut value = tokens(1_000_000, 0);
    value["cache_read_input_tokens"] = json!(500_000);
    let at = |tier| cost(&list, &usage(value.clone()), tier, NOON).map(|cost| cost.amount);
    assert_eq!(at(None), Some(1.5));
    assert_eq!(at(Some("default")), Some(1.5));
    assert_eq!(at(Some("flex")), Some(1.0));
    assert_eq!(at(Some("scale")), None);
}

#[test]
fn listed_models_have_their_list_price() {
    let entry = find("openai", "gpt-4o").unwrap();
    assert_eq!(
        amount_of(&entry.prices, tokens(1_000_000, 1_000_000)),
        Some(12.5)
    );
}
