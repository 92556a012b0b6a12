//! Whole answers of `generateContent`, errors, and what whole and streamed answers share: finish
//! reasons and usage. The parts are read by [`Reader`](super::reader::Reader).

use http::HeaderMap;
use serde_json::Value;

use crate::chat::{
    Choice, CompletionTokensDetails, Content, Delta, FinishReason, FunctionCall, JsonMap, Message,
    PromptTokensDetails, Role, ToolCall, Usage,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::error::{ErrorRules, classify, classify_value};
use crate::provider::{Reply, Target, body};

use super::answer::{Answer, WireUsage};
use super::reader::Reader;

/// What Gemini's errors have of their own.
const ERRORS: ErrorRules = ErrorRules {
    should_retry: false,
    statuses: &[],
    words: &[("API_KEY_INVALID", ErrorKind::Authentication)],
    phrases: &[],
};

pub(super) fn error(status: u16, headers: &HeaderMap, body: &[u8], target: &Target) -> Error {
    classify(status, headers, body, &ERRORS, target)
}

/// The error in a body with a good status, or in a chunk.
pub(super) fn error_in(value: &Value, provider: &str, model: &str) -> Error {
    classify_value(value, &ERRORS, provider, model)
}

pub(super) fn reply(bytes: &[u8], target: &Target) -> Result<Reply> {
    let text = body::text(bytes);
    let mut reader = Reader::new(target);
    let mut deltas = Vec::new();
    if text.starts_with('[') {
        // What `streamGenerateContent` gives without server-sent events.
        for answer in body::read::<Vec<Answer<'_>>>(&text, target)? {
            reader.answer(answer, &mut deltas)?;
        }
    } else {
        reader.answer(body::read(&text, target)?, &mut deltas)?;
    }
    if !reader.has_answer() {
        let provider = &target.provider.name;
        let message = format!("the answer of {provider} has no candidates");
        return Err(Error::new(ErrorKind::InvalidResponse, message)
            .with_target(provider, &target.model)
            .with_retryable(false));
    }
    reader.end(&mut deltas);
    let mut reply = Reply::default();
    for delta in deltas {
        add(&mut reply, delta);
    }
    reply.choices.sort_by_key(|choice| choice.index);
    reply.head = reader.head;
    Ok(reply)
}

fn add(reply: &mut Reply, delta: Delta) {
    if delta.is_usage_only() {
        reply.usage = delta.usage;
        return;
    }
    let known = |choice: &Choice| choice.index == delta.index;
    let place = reply.choices.iter().position(known).unwrap_or_else(|| {
        reply.choices.push(Choice {
            index: delta.index,
            message: Message {
                role: Role::Assistant,
                ..Message::default()
            },
            ..Choice::default()
        });
        reply.choices.len() - 1
    });
    let choice = &mut reply.choices[place];
    let message = &mut choice.message;
    if let Some(text) = delta.text {
        match &mut message.content {
            Some(Content::Text(all)) => all.push_str(&text),
            none => *none = Some(Content::Text(text)),
        }
    }
    if let Some(text) = delta.reasoning {
        message
            .reasoning_content
            .get_or_insert_default()
            .push_str(&text);
    }
    for call in delta.tool_calls {
        match message.tool_calls.get_mut(call.index as usize) {
            Some(known) => known.function.arguments.push_str(&call.arguments),
            None => message.tool_calls.push(ToolCall {
                id: call.id.unwrap_or_default(),
                function: FunctionCall {
                    name: call.name.unwrap_or_default(),
                    arguments: call.arguments,
                },
                extra: JsonMap::new(),
            }),
        }
    }
    message.annotations.extend(delta.annotations);
    message.refusal = message.refusal.take().or(delta.refusal);
    message.provider_state = delta.provider_state.or(message.provider_state.take());
    choice.finish_reason = delta.finish_reason.or(choice.finish_reason);
    choice.native_finish_reason = delta
        .native_finish_reason
        .or(choice.native_finish_reason.take());
    if let Some(mut logprobs) = delta.logprobs {
        let all = choice.logprobs.get_or_insert_default();
        let new = logprobs.content.get_or_insert_default();
        all.content.get_or_insert_default().append(new);
    }
}

/// OpenAI's word for a finish reason. Reasons that are the model's own failure (a malformed or
/// undeclared call, a lost signature) have no word there and come as `stop`; Gemini's word is kept
/// beside it, and its `finishMessage` in the answer's `extra`.
pub(super) fn finish_reason(word: &str, has_calls: bool) -> FinishReason {
    match word {
        "STOP" if has_calls => FinishReason::ToolCalls,
        "MAX_TOKENS" | "CONTINUATION" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "ESCALATION" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

impl WireUsage {
    /// The tier that served.
    pub(super) fn tier(&self) -> Option<String> {
        Some(self.service_tier.as_ref()?.as_str()?.to_owned())
    }

    /// OpenAI's counts: Gemini counts thoughts and the prompts of its own tools apart.
    pub(super) fn fold(self) -> Option<Usage> {
        let given = [
            self.prompt_token_count,
            self.candidates_token_count,
            self.thoughts_token_count,
            self.total_token_count,
        ];
        if given.iter().all(Option::is_none) {
            return None;
        }
        let prompt_tokens = self
            .prompt_token_count
            .unwrap_or_default()
            .saturating_add(self.tool_use_prompt_token_count.unwrap_or_default());
        let thoughts = self.thoughts_token_count;
        // Some models give the total alone.
        let candidates = self.candidates_token_count.unwrap_or_else(|| {
            let others = prompt_tokens.saturating_add(thoughts.unwrap_or_default());
            self.total_token_count
                .unwrap_or_default()
                .saturating_sub(others)
        });
        let completion_tokens = candidates.saturating_add(thoughts.unwrap_or_default());
        let cached = self
            .cached_content_token_count
            .map(|cached| cached.min(prompt_tokens));
        let audio_in = audio(self.extra.get("promptTokensDetails"));
        let audio_out = audio(self.extra.get("candidatesTokensDetails"));
        let mut extra = self.extra;
        extra.retain(|_, value| !value.is_null());
        Some(Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: self
                .total_token_count
                .unwrap_or_else(|| prompt_tokens.saturating_add(completion_tokens)),
            prompt_tokens_details: (cached.is_some() || audio_in.is_some()).then_some(
                PromptTokensDetails {
                    cached_tokens: cached,
                    audio_tokens: audio_in,
                },
            ),
            completion_tokens_details: (thoughts.is_some() || audio_out.is_some()).then_some(
                CompletionTokensDetails {
                    reasoning_tokens: thoughts,
                    audio_tokens: audio_out,
                    ..CompletionTokensDetails::default()
                },
            ),
            cache_creation_input_tokens: None,
            cache_read_input_tokens: cached,
            extra,
        })
    }
}

/// The tokens of audio in a list by modality.
fn audio(details: Option<&Value>) -> Option<u64> {
    let of_audio = |entry: &&Value| entry.get("modality").is_some_and(|name| name == "AUDIO");
    let entry = details?.as_array()?.iter().find(of_audio)?;
    entry.get("tokenCount")?.as_u64()
}
