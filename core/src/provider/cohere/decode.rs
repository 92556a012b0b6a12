//! Cohere's answers as ours: texts, calls, reasons for stopping, counts. What a stream shares with a whole
//! answer is here once, so that both add up to the same.

use http::HeaderMap;
use serde_json::Value;

use super::types::{Answer, Logprob, Piece, Tokens};
use super::{FAMILY, RULES};
use crate::chat::{
    Choice, Content, FinishReason, FunctionCall, JsonMap, Logprobs, Message, PromptTokensDetails,
    Role, TokenLogprob, ToolCall, Usage,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Reply, ReplyHead, Target, body, error, provider_state};

/// Reads a whole answer.
pub(super) fn decode(bytes: &[u8], target: &Target) -> Result<Reply> {
    let (provider, model) = (target.provider.name.as_str(), target.model.as_str());
    let text = body::text(bytes);
    let answer: Answer = match body::read(&text, target) {
        Ok(answer) => answer,
        Err(unreadable) => {
            let value: Option<Value> = serde_json::from_str(&text).ok();
            let stated = value.and_then(|value| stated_error(&value, provider, model));
            return Err(stated.unwrap_or(unreadable));
        }
    };
    let native = answer.finish_reason;
    if let Some(error) = failure(native.as_deref(), None, provider, model) {
        return Err(error);
    }
    let mut extra = answer.extra;
    extra.retain(|_, value| !value.is_null());
    let mut head = ReplyHead {
        id: answer.id,
        extra,
        ..ReplyHead::default()
    };
    let mut message = Message {
        role: Role::Assistant,
        annotations: answer.message.citations.unwrap_or_default(),
        ..Message::default()
    };
    let (mut said, mut reasoning) = (String::new(), String::new());
    for piece in answer.message.content.unwrap_or_default() {
        if let Some(unknown) = unknown(&piece) {
            keep(&mut head.extra, unknown);
        }
        said.push_str(piece.text.as_deref().unwrap_or_default());
        reasoning.push_str(piece.thinking.as_deref().unwrap_or_default());
    }
    let thought = reasoning.len();
    let plan = answer.message.tool_plan.unwrap_or_default();
    reasoning.push_str(&plan);
    message.provider_state = state(thought, plan.len());
    message.content = (!said.is_empty()).then_some(Content::Text(said));
    message.reasoning_content = (!reasoning.is_empty()).then_some(reasoning);
    for call in answer.message.tool_calls.unwrap_or_default() {
        let mut arguments = arguments(call.function.arguments);
        if arguments.is_empty() {
            arguments.push_str("{}");
        }
        message.tool_calls.push(ToolCall {
            id: call_id(call.id),
            function: FunctionCall {
                name: call.function.name.unwrap_or_default(),
                arguments,
            },
            extra: JsonMap::new(),
        });
    }
    let logprobs: Vec<TokenLogprob> = answer
        .logprobs
        .unwrap_or_default()
        .into_iter()
        .filter_map(token)
        .collect();
    Ok(Reply {
        head,
        choices: vec![Choice {
            message,
            finish_reason: native.as_deref().map(finish_reason),
            native_finish_reason: native,
            logprobs: (!logprobs.is_empty()).then_some(Logprobs {
                content: Some(logprobs),
                refusal: None,
            }),
            ..Choice::default()
        }],
        usage: answer.usage.and_then(usage),
    })
}

/// Reads an answer that is an error.
pub(super) fn decode_error(
    status: u16,
    headers: &HeaderMap,
    bytes: &[u8],
    target: &Target,
) -> Error {
    error::classify(status, headers, bytes, &RULES, target)
}

/// The error that a body with a good status or an event holds: `message` is then a text, not an object.
pub(super) fn stated_error(value: &Value, provider: &str, model: &str) -> Option<Error> {
    let is_error = value.get("message").is_some_and(Value::is_string)
        || value.get("error").is_some_and(|error| !error.is_null());
    is_error.then(|| error::classify_value(value, &RULES, provider, model))
}

/// The answer that is none: Cohere ended it with an error, stated or not.
pub(super) fn failure(
    native: Option<&str>,
    stated: Option<String>,
    provider: &str,
    model: &str,
) -> Option<Error> {
    let kind = match native {
        Some("ERROR") => ErrorKind::ServerError,
        Some("TIMEOUT") => ErrorKind::Timeout,
        _ => {
            // A reason beside a good end is still an error.
            let value = serde_json::json!({ "message": stated? });
            return Some(error::classify_value(&value, &RULES, provider, model));
        }
    };
    let native = native.unwrap_or_default();
    let message = match stated {
        Some(stated) => format!(
            "{provider} ended the answer with {native}: {}",
            error::clean(&stated, 512)
        ),
        None => format!("{provider} ended the answer with {native}"),
    };
    Some(
        Error::new(kind, message)
            .with_target(provider, model)
            .with_detail("native_finish_reason", native),
    )
}

/// Cohere's word in OpenAI's; a word that is new counts as a plain end.
pub(super) fn finish_reason(native: &str) -> FinishReason {
    match native {
        "MAX_TOKENS" => FinishReason::Length,
        "TOOL_CALL" => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

/// `billed_units` leaves out what Cohere adds to a prompt, so the counts are those of `tokens`.
pub(super) fn usage(wire: Tokens) -> Option<Usage> {
    let tokens = wire.tokens?;
    let prompt = tokens.input_tokens.unwrap_or(0);
    let completion = tokens.output_tokens.unwrap_or(0);
    let cached = wire.cached_tokens.map(|cached| cached.min(prompt));
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.saturating_add(completion),
        prompt_tokens_details: cached.map(|cached| PromptTokensDetails {
            cached_tokens: Some(cached),
            audio_tokens: None,
        }),
        cache_read_input_tokens: cached,
        extra: wire.extra,
        ..Usage::default()
    })
}

/// One entry per piece of text: Cohere gives no texts per token, and the log probability of a piece is the sum.
pub(super) fn token(wire: Logprob) -> Option<TokenLogprob> {
    Some(TokenLogprob {
        token: wire.text?,
        logprob: wire.logprobs?.iter().sum(),
        ..TokenLogprob::default()
    })
}

/// The id of a call; one is made up where none came, as its result needs something to refer to.
pub(super) fn call_id(wire: Option<String>) -> String {
    wire.filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("call_{}", uuid::Uuid::new_v4().simple()))
}

/// Arguments as text, `""` where there are none: null and its text occur for tools without parameters.
pub(super) fn arguments(wire: Value) -> String {
    match wire {
        Value::Null => String::new(),
        Value::String(text) if text == "null" => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// How many bytes of the reasoning were thinking and how many the plan for tools, so that each goes back to its
/// own field.
pub(super) fn state(thinking: usize, plan: usize) -> Option<Value> {
    if thinking == 0 && plan == 0 {
        return None;
    }
    let data = serde_json::json!({ "thinking": thinking, "tool_plan": plan });
    Some(provider_state(FAMILY, data))
}

/// A piece of a kind that is not known here, as it came.
pub(super) fn unknown(piece: &Piece) -> Option<Value> {
    if piece.text.is_some() || piece.thinking.is_some() {
        return None;
    }
    let kind = piece.kind.as_deref()?;
    if matches!(kind, "text" | "thinking") {
        return None;
    }
    let mut raw = JsonMap::new();
    raw.insert("type".into(), kind.into());
    raw.extend(piece.extra.clone());
    Some(Value::Object(raw))
}

/// Keeps what is not known among the fields of the answer, under `content`.
pub(super) fn keep(extra: &mut JsonMap, raw: Value) {
    if let Value::Array(kept) = extra
        .entry("content")
        .or_insert_with(|| Value::Array(Vec::new()))
    {
        kept.push(raw);
    }
}
