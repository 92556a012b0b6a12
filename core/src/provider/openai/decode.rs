//! Whole answers and errors of OpenAI-format hosts, and the words that chunks share with them.

use http::HeaderMap;
use serde_json::Value;

use super::stream::{Decoder, says_something};
use super::types::{Answer, Key, Raw};
use crate::chat::{
    Choice, Content, Delta, FinishReason, FunctionCall, Logprobs, Message, Role, ToolCall,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::error::{ErrorRules, classify, classify_value};
use crate::provider::{Reply, Target, body};

/// What errors of this dialect have of their own.
const RULES: ErrorRules = ErrorRules {
    should_retry: false,
    // Fireworks: the account is suspended.
    statuses: &[(412, ErrorKind::PermissionDenied)],
    words: &[],
    phrases: &[],
};

/// Reads a whole answer.
pub(super) fn decode(bytes: &[u8], target: &Target, family: &'static str) -> Result<Reply> {
    let text = body::text(bytes);
    let answer: Answer<'_> = body::read(&text, target)?;
    let is_error = |(key, raw): &(Key<'_>, Raw<'_>)| key.0 == "error" && says_something(raw);
    let reported_error = answer.more.iter().any(is_error);
    let no_choices = answer
        .choices
        .as_ref()
        .is_none_or(|choices| choices.0.is_empty());
    if answer.object.get() == Some("error") || no_choices && !reported_error {
        return Err(no_answer(&text, target));
    }
    let mut decoder = Decoder::new(target, family);
    let mut deltas = Vec::with_capacity(1);
    decoder.absorb(answer, true, &mut deltas)?;
    let mut usage = None;
    let mut choices = Vec::with_capacity(deltas.len());
    for mut delta in deltas {
        let alone = delta.is_usage_only();
        usage = delta.usage.take().or(usage);
        if !alone {
            choices.push(choice(delta));
        }
    }
    if choices.is_empty() {
        return Err(no_answer(&text, target));
    }
    choices.sort_by_key(|choice| choice.index);
    Ok(Reply {
        head: decoder.into_head(),
        choices,
        usage,
    })
}

/// Why JSON without choices came: an error in one of its other forms, or nothing that can be read.
fn no_answer(text: &str, target: &Target) -> Error {
    let (provider, model) = (&target.provider.name, &target.model);
    let value: Value = match body::read(text, target) {
        Ok(value) => value,
        Err(error) => return error,
    };
    let said = |key: &str| value.get(key).is_some_and(|said| !said.is_null());
    if said("message") || said("detail") {
        return reported(&value, provider, model);
    }
    let message = format!("the answer of {provider} has no choices");
    Error::new(ErrorKind::InvalidResponse, message).with_target(provider, model)
}

/// A choice from the one delta that a whole answer is.
fn choice(delta: Delta) -> Choice {
    Choice {
        index: delta.index,
        message: Message {
            role: Role::Assistant,
            content: delta.text.map(Content::Text),
            refusal: delta.refusal,
            reasoning_content: delta.reasoning,
            tool_calls: delta
                .tool_calls
                .into_iter()
                .map(|call| ToolCall {
                    id: call.id.unwrap_or_default(),
                    function: FunctionCall {
                        name: call.name.unwrap_or_default(),
                        arguments: call.arguments,
                    },
                    ..ToolCall::default()
                })
                .collect(),
            annotations: delta.annotations,
            audio: delta.audio,
            provider_state: delta.provider_state,
            ..Message::default()
        },
        finish_reason: delta.finish_reason,
        native_finish_reason: delta.native_finish_reason,
        logprobs: delta.logprobs,
        extra: delta.extra,
        ..Choice::default()
    }
}

/// Reads an answer with a status that is an error.
pub(super) fn decode_error(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    target: &Target,
) -> Error {
    let rules = ErrorRules {
        should_retry: target.provider.quirks.should_retry,
        ..RULES
    };
    classify(status, headers, body, &rules, target)
}

/// The error that an answer or an event holds.
pub(super) fn reported(value: &Value, provider: &str, model: &str) -> Error {
    classify_value(value, &RULES, provider, model)
}

/// OpenAI's word for a host's. One that nobody knows is `stop`: the host said that it is done.
pub(super) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "tool_calls" | "function_call" | "tool_use" | "tool_call" => FinishReason::ToolCalls,
        // Mistral's context limit; DeepSeek's lack of capacity, which leaves the answer short as well.
        "length"
        | "model_length"
        | "max_tokens"
        | "max_length"
        | "insufficient_system_resource" => FinishReason::Length,
        "content_filter" | "content_filtered" | "safety" | "sensitive" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Stop,
    }
}

/// Log probabilities in OpenAI's form; a host's other form is kept raw.
pub(super) fn logprobs(raw: Raw<'_>, delta: &mut Delta) {
    let empty = |list: &Option<Vec<_>>| list.as_ref().is_none_or(Vec::is_empty);
    match serde_json::from_str::<Logprobs>(raw.get()) {
        Ok(logprobs) if !empty(&logprobs.content) || !empty(&logprobs.refusal) => {
            delta.logprobs = Some(logprobs);
        }
        _ => {
            // DeepSeek counts the tokens of its reasoning apart; there is no place for them.
            const KNOWN: &[&str] = &["content", "refusal", "reasoning_content"];
            if let Ok(Value::Object(mut other)) = serde_json::from_str(raw.get()) {
                other.retain(|key, value| !value.is_null() && !KNOWN.contains(&key.as_str()));
                if !other.is_empty() {
                    delta.extra.insert("logprobs".into(), Value::Object(other));
                }
            }
        }
    }
}
