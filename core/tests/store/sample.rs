//! Recordings to put into a store.

use serde_json::json;
use slugline::chat::{
    Attempt, CampaignRef, Choice, Cost, FinishReason, JsonMap, Message, PromptRef,
    PromptTokensDetails, Timing, Usage, Warning,
};
use slugline::store::{Recording, Store};

/// 2026-11-01T00:00:00Z.
pub(crate) const START: i64 = 1_793_491_200_000;

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// The recording number `n`: ids of the number, begun `n` milliseconds after [`START`].
pub(crate) fn recording(n: u64) -> Recording {
    Recording {
        id: format!("recording-{n}"),
        created_ms: START + i64::try_from(n).unwrap(),
        session_id: format!("session-{}", n / 10),
        completion_ids: vec![format!("completion-{n}")],
        requested_models: vec!["fast".to_owned()],
        model: Some("test/echo".to_owned()),
        provider: Some("test".to_owned()),
        finish_reason: Some("stop".to_owned()),
        timing: Timing {
            queue_ms: 0,
            ttft_ms: None,
            total_ms: n,
        },
        ..Recording::default()
    }
}

/// A recording with a value in every field.
pub(crate) fn full() -> Recording {
    let map = |value: serde_json::Value| -> JsonMap { value.as_object().unwrap().clone() };
    Recording {
        id: "7a4e".to_owned(),
        created_ms: START,
        session_id: "s".to_owned(),
        completion_ids: vec!["c0".to_owned(), "c1".to_owned()],
        project: Some("support".to_owned()),
        prompt: Some(PromptRef {
            slug: "greet".to_owned(),
            version: Some(3),
            environment: Some("production".to_owned()),
            variant: Some("warm".to_owned()),
            hash: "ab12".to_owned(),
        }),
        campaign: Some(CampaignRef {
            key: "tone".to_owned(),
            arm: "warm".to_owned(),
        }),
        requested_models: vec!["smart".to_owned(), "openai/gpt-5".to_owned()],
        model: Some("openai/gpt-5".to_owned()),
        provider: Some("openai".to_owned()),
        provider_model: Some("gpt-5-2025-08-07".to_owned()),
        stream: true,
        finish_reason: Some("stop".to_owned()),
        error_code: Some("stream_interrupted".to_owned()),
        attempts: vec![Attempt {
            provider: "openai".to_owned(),
            model: "gpt-5".to_owned(),
            outcome: "error".to_owned(),
            status: Some(503),
            code: Some("overloaded".to_owned()),
            wait_ms: 5,
            duration_ms: 70,
            request_id: Some("req_1".to_owned()),
        }],
        timing: Timing {
            queue_ms: 2,
            ttft_ms: Some(40),
            total_ms: 91,
        },
        usage: Some(Usage {
            prompt_tokens: 12,
            completion_tokens: 30,
            total_tokens: 42,
            prompt_tokens_details: Some(PromptTokensDetails {
                cached_tokens: Some(8),
                audio_tokens: None,
            }),
            ..Usage::default()
        }),
        cost: Some(Cost {
            amount: 0.000_123,
            currency: "USD".to_owned(),
            source: "catalogue".to_owned(),
        }),
        labels: map(json!({"team": "search", "tier": "gold"})),
        tags: vec!["beta".to_owned(), "ü".to_owned()],
        warnings: vec![Warning::param("unsupported_parameter", "top_k", "left out")],
        request: Some(map(json!({
            "messages": [{"role": "user", "content": "Grüße\u{0}, \"Ada\""}],
            "temperature": 0.5,
            "seed": i64::MIN,
            "metadata": {"largest": u64::MAX},
        }))),
        variables: Some(map(json!({"name": "Ada", "list": [1, null, true]}))),
        answer: Some(vec![Choice {
            index: 0,
            message: Message::assistant("Hello Ada"),
            finish_reason: Some(FinishReason::Stop),
            completion_id: "c0".to_owned(),
            model: "openai/gpt-5".to_owned(),
            ..Choice::default()
        }]),
        feedback: Vec::new(),
    }
}

/// Records these numbers, in order.
pub(crate) async fn record(store: &dyn Store, numbers: std::ops::Range<u64>) {
    store
        .record(numbers.map(recording).collect())
        .await
        .unwrap();
}

/// The ids of recordings.
pub(crate) fn ids(recordings: &[Recording]) -> Vec<&str> {
    recordings.iter().map(|one| one.id.as_str()).collect()
}
