//! Token counts of OpenAI-format hosts, in the one form of [`Usage`]: cached tokens inside the prompt, reasoning
//! inside the completion. A count that is no count is absent; it never fails the call.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::{CompletionTokensDetails, Cost, JsonMap, PromptTokensDetails, Usage};

/// Reads a `usage` object. `None` where it holds neither prompt nor completion tokens.
pub(super) fn usage(raw: &RawValue, reasoning_apart: bool) -> Option<(Usage, Option<Cost>)> {
    let Ok(Value::Object(mut raw)) = serde_json::from_str(raw.get()) else {
        return None;
    };
    let prompt = take(&mut raw, "prompt_tokens");
    let completion = take(&mut raw, "completion_tokens");
    let total = take(&mut raw, "total_tokens");
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let (prompt, mut completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    let mut of_prompt = object(raw.remove("prompt_tokens_details"));
    let mut of_completion = object(raw.remove("completion_tokens_details"));

    let reasoning = take(&mut of_completion, "reasoning_tokens");
    if reasoning_apart {
        completion = completion.saturating_add(reasoning.unwrap_or(0));
    }
    // The host's own place for cached tokens: details, DeepSeek, Together and Moonshot, Mistral, LiteLLM.
    let cached = [
        take(&mut of_prompt, "cached_tokens"),
        take(&mut raw, "prompt_cache_hit_tokens"),
        take(&mut raw, "cached_tokens"),
        take(&mut raw, "num_cached_tokens"),
        take(&mut raw, "cache_read_input_tokens"),
    ]
    .into_iter()
    .flatten()
    .next()
    .map(|cached| cached.min(prompt));
    let written = [
        take(&mut of_prompt, "cache_write_tokens"),
        take(&mut of_prompt, "cache_creation_tokens"),
        take(&mut raw, "cache_creation_input_tokens"),
    ]
    .into_iter()
    .flatten()
    .next();
    let prompt_details = PromptTokensDetails {
        cached_tokens: cached,
        audio_tokens: take(&mut of_prompt, "audio_tokens"),
    };
    let completion_details = CompletionTokensDetails {
        reasoning_tokens: reasoning.map(|reasoning| reasoning.min(completion)),
        audio_tokens: take(&mut of_completion, "audio_tokens"),
        accepted_prediction_tokens: take(&mut of_completion, "accepted_prediction_tokens"),
        rejected_prediction_tokens: take(&mut of_completion, "rejected_prediction_tokens"),
    };
    let cost = cost(&raw);
    let mut extra = present(raw);
    for (key, details) in [
        ("prompt_tokens_details", of_prompt),
        ("completion_tokens_details", of_completion),
    ] {
        let details = present(details);
        if !details.is_empty() {
            extra.insert(key.into(), Value::Object(details));
        }
    }
    let usage = Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: total
            .filter(|total| *total >= completion)
            .unwrap_or_else(|| prompt.saturating_add(completion)),
        prompt_tokens_details: (prompt_details != PromptTokensDetails::default())
            .then_some(prompt_details),
        completion_tokens_details: (completion_details != CompletionTokensDetails::default())
            .then_some(completion_details),
        cache_creation_input_tokens: written,
        cache_read_input_tokens: cached,
        extra,
    };
    Some((usage, cost))
}

/// What the host says it charged, in US dollars: OpenRouter, Perplexity, xAI.
fn cost(raw: &JsonMap) -> Option<Cost> {
    const TICKS_PER_DOLLAR: f64 = 1e10;
    let cost = raw.get("cost");
    let amount = cost
        .and_then(Value::as_f64)
        .or_else(|| cost?.get("total_cost")?.as_f64())
        .or_else(|| Some(raw.get("cost_in_usd_ticks")?.as_f64()? / TICKS_PER_DOLLAR))?;
    (amount.is_finite() && amount >= 0.0).then(|| Cost {
        amount,
        currency: "USD".to_owned(),
        source: "provider".to_owned(),
    })
}

fn object(value: Option<Value>) -> JsonMap {
    match value {
        Some(Value::Object(object)) => object,
        _ => JsonMap::new(),
    }
}

fn present(mut map: JsonMap) -> JsonMap {
    map.retain(|_, value| !value.is_null());
    map
}

/// Takes a count out, so that what is left is what is not known here.
fn take(map: &mut JsonMap, key: &str) -> Option<u64> {
    let number = match map.shift_remove(key)? {
        Value::Number(number) => match number.as_u64() {
            Some(count) => return Some(count),
            None => number.as_f64()?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // A cast saturates, and a negative or unordered number is no count.
    (number >= 0.0).then_some(number.round() as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(json: &str, apart: bool) -> Option<Usage> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        usage(raw, apart).map(|(usage, _)| usage)
    }

    #[test]
    fn odd_numbers_never_fail() {
        let odd = r#"{"prompt_tokens": "12", "completion_tokens": 3.0, "total_tokens": null,
                      "prompt_tokens_details": {"cached_tokens": 99, "audio_tokens": -1}, "x": null}"#;
        let usage = read(odd, false).unwrap();
        assert_eq!(
            (
                usage.prompt_tokens,
                usage.completion_tokens,
                usage.total_tokens
            ),
            (12, 3, 15)
        );
        assert_eq!(usage.cache_read_input_tokens, Some(12));
        assert_eq!(usage.prompt_tokens_details.unwrap().audio_tokens, None);
        assert!(usage.extra.is_empty());
        for nothing in [
            "{}",
            "[]",
            "3",
            "{\"prompt_tokens\": -1}",
            "{\"total_tokens\": 4}",
        ] {
            assert_eq!(read(nothing, false), None, "{nothing}");
        }
        let huge = r#"{"prompt_tokens": 1e300, "completion_tokens": 18446744073709551615}"#;
        assert_eq!(read(huge, true).unwrap().total_tokens, u64::MAX);
    }

    #[test]
    fn reasoning_counted_apart_is_added() {
        let apart = r#"{"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 241,
                        "completion_tokens_details": {"reasoning_tokens": 228}}"#;
        assert_eq!(read(apart, true).unwrap().completion_tokens, 229);
        let usage = read(apart, false).unwrap();
        assert_eq!(
            usage.completion_tokens_details.unwrap().reasoning_tokens,
            Some(1)
        );
    }

    #[test]
    fn every_place_of_cached_tokens() {
        for place in [
            r#""prompt_tokens_details": {"cached_tokens": 4}"#,
            r#""prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6"#,
            r#""cached_tokens": 4"#,
            r#""num_cached_tokens": 4"#,
        ] {
            let json = format!(r#"{{"prompt_tokens": 10, "completion_tokens": 1, {place}}}"#);
            let usage = read(&json, false).unwrap();
            assert_eq!(usage.cache_read_input_tokens, Some(4), "{place}");
            assert_eq!(usage.prompt_tokens_details.unwrap().cached_tokens, Some(4));
        }
    }
}
