//! Token counts of OpenAI-format hosts, in the one form of [`Usage`]: cached tokens inside the prompt, reasoning
//! inside the completion. A count that is no count is absent; it never fails the call.

use serde_json::Value;
use serde_json::value::RawValue;

use super::types::{AnswerUsage, Count, More, Raw, UsageDetails};
use crate::chat::{CompletionTokensDetails, Cost, JsonMap, PromptTokensDetails, Usage};

/// Reads a `usage` object. `None` where it holds neither prompt nor completion tokens.
pub(super) fn usage(raw: &RawValue, reasoning_apart: bool) -> Option<(Usage, Option<Cost>)> {
    let counts: AnswerUsage<'_> = serde_json::from_str(raw.get()).ok()?;
    if counts.prompt.0.is_none() && counts.completion.0.is_none() {
        return None;
    }
    let (of_prompt, of_completion) = (
        details(counts.prompt_details),
        details(counts.completion_details),
    );
    let prompt = counts.prompt.0.unwrap_or(0);
    let mut completion = counts.completion.0.unwrap_or(0);
    let reasoning = of_completion.reasoning.0;
    if reasoning_apart {
        completion = completion.saturating_add(reasoning.unwrap_or(0));
    }
    // The host's own place for cached tokens comes first.
    let cached = [
        of_prompt.cached,
        counts.cache_hit,
        counts.cached,
        counts.num_cached,
        counts.cache_read,
    ];
    let cached = first(cached).map(|cached| cached.min(prompt));
    let written = [
        of_prompt.cache_write,
        of_prompt.cache_creation,
        counts.cache_creation,
    ];
    let prompt_details = PromptTokensDetails {
        cached_tokens: cached,
        audio_tokens: of_prompt.audio.0,
    };
    let completion_details = CompletionTokensDetails {
        reasoning_tokens: reasoning.map(|reasoning| reasoning.min(completion)),
        audio_tokens: of_completion.audio.0,
        accepted_prediction_tokens: of_completion.accepted.0,
        rejected_prediction_tokens: of_completion.rejected.0,
    };
    let mut extra = values(counts.more);
    let cost = cost(&extra);
    for (key, more) in [
        ("prompt_tokens_details", of_prompt.more),
        ("completion_tokens_details", of_completion.more),
    ] {
        if !more.is_empty() {
            extra.insert(key.into(), Value::Object(values(more)));
        }
    }
    let usage = Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: (counts.total.0)
            .filter(|total| *total >= completion)
            .unwrap_or_else(|| prompt.saturating_add(completion)),
        prompt_tokens_details: (prompt_details != PromptTokensDetails::default())
            .then_some(prompt_details),
        completion_tokens_details: (completion_details != CompletionTokensDetails::default())
            .then_some(completion_details),
        cache_creation_input_tokens: first(written),
        cache_read_input_tokens: cached,
        extra,
    };
    Some((usage, cost))
}

fn first<const N: usize>(places: [Count; N]) -> Option<u64> {
    places.into_iter().find_map(|count| count.0)
}

/// Details that are no object say nothing.
fn details(raw: Option<Raw<'_>>) -> UsageDetails<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// What is not known here; a value that cannot be read is left out.
fn values(more: More<'_>) -> JsonMap {
    more.into_iter()
        .filter_map(|(key, raw)| Some((key.0.into_owned(), serde_json::from_str(raw.get()).ok()?)))
        .collect()
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
