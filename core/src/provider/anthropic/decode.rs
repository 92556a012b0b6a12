//! Whole answers of the Messages API, and what they share with streamed ones: finish reasons,
//! usage, and the facts that hold for the answer as a whole.

use http::HeaderMap;
use serde_json::Value;

use crate::chat::{
    Choice, CompletionTokensDetails, Content, FinishReason, FunctionCall, JsonMap, Message,
    PromptTokensDetails, Role, ToolCall, Usage,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::error::{ErrorRules, classify, classify_value};
use crate::provider::{Reply, ReplyHead, Target, arguments, body};

use super::replay::Replay;
use super::types::{Answer, AnswerBlock, BlockKind, WireUsage};

/// What Anthropic's errors have of their own.
const ERRORS: ErrorRules = ErrorRules {
    // Anthropic's SDKs obey the header, and the API sends it.
    should_retry: true,
    statuses: &[],
    words: &[],
    phrases: &[],
};

pub(super) fn error(status: u16, headers: &HeaderMap, body: &[u8], target: &Target) -> Error {
    classify(status, headers, body, &ERRORS, target)
}

/// The error in a body with a good status, or in an `error` event.
pub(super) fn error_in(value: &Value, provider: &str, model: &str) -> Error {
    classify_value(value, &ERRORS, provider, model)
}

pub(super) fn reply(bytes: &[u8], target: &Target) -> Result<Reply> {
    let text = body::text(bytes);
    let answer: Answer<'_> = body::read(&text, target)?;
    let provider = &target.provider.name;
    if answer.kind.as_deref() == Some("error") || answer.extra.contains_key("error") {
        let value: Value = body::read(&text, target)?;
        return Err(error_in(&value, provider, &target.model));
    }
    let Some(blocks) = &answer.content else {
        let message = format!("the answer of {provider} has no `content`");
        return Err(Error::new(ErrorKind::InvalidResponse, message)
            .with_target(provider, &target.model)
            .with_retryable(false));
    };
    let mut content = String::new();
    let mut reasoning = String::new();
    let mut message = Message {
        role: Role::Assistant,
        ..Message::default()
    };
    let mut replay = Replay::default();
    for raw in blocks {
        let block: AnswerBlock<'_> = body::read(raw.get(), target)?;
        match block.kind {
            BlockKind::Text => {
                let text = block.text.unwrap_or_default();
                let citations = block.citations.unwrap_or_default();
                message.annotations.extend(citations.iter().cloned());
                content.push_str(&text);
                replay.text(text.len(), citations);
            }
            BlockKind::ToolUse => {
                let id = block.id.unwrap_or_default();
                replay.tool_use(&id, block.caller);
                message.tool_calls.push(ToolCall {
                    id,
                    function: FunctionCall {
                        name: block.name.unwrap_or_default(),
                        arguments: input_text(block.input.map(|input| input.get())),
                    },
                    extra: JsonMap::new(),
                });
            }
            BlockKind::Thinking | BlockKind::Opaque => {
                reasoning.push_str(block.thinking.as_deref().unwrap_or_default());
                replay.block(body::read(raw.get(), target)?);
            }
        }
    }
    message.content = Some(content)
        .filter(|text| !text.is_empty())
        .map(Content::Text);
    message.reasoning_content = Some(reasoning).filter(|text| !text.is_empty());
    message.provider_state = replay.into_state();
    message.refusal = explanation(answer.stop_details.as_ref());

    let mut head = ReplyHead {
        id: answer.id,
        model: answer.model,
        extra: answer.extra,
        ..ReplyHead::default()
    };
    keep_ending(&mut head.extra, answer.stop_sequence, answer.stop_details);
    let usage = answer.usage.and_then(|usage| {
        head.service_tier = usage.tier();
        usage.fold()
    });
    drop_nulls(&mut head.extra);
    Ok(Reply {
        head,
        choices: vec![Choice {
            message,
            finish_reason: answer.stop_reason.as_deref().map(finish_reason),
            native_finish_reason: answer.stop_reason,
            ..Choice::default()
        }],
        usage,
    })
}

/// The arguments of a call that came as an object.
pub(super) fn input_text(input: Option<&str>) -> String {
    match input {
        None | Some("null") => "{}".to_owned(),
        Some(json) => arguments::compact(json),
    }
}

/// OpenAI's word for a stop reason. A paused turn has stopped: the caller sends it back to go on.
pub(super) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "max_tokens" | "model_context_window_exceeded" | "compaction" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// Why the model refused, in words.
pub(super) fn explanation(details: Option<&Value>) -> Option<String> {
    let words = details?.get("explanation")?.as_str()?;
    (!words.is_empty()).then(|| words.to_owned())
}

/// `stop_sequence` and `stop_details` have no field of their own.
pub(super) fn keep_ending(extra: &mut JsonMap, sequence: Option<Value>, details: Option<Value>) {
    for (key, value) in [("stop_sequence", sequence), ("stop_details", details)] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            extra.insert(key.to_owned(), value);
        }
    }
}

/// A key that is null says nothing, and streams leave it out.
pub(super) fn drop_nulls(extra: &mut JsonMap) {
    extra.retain(|_, value| !value.is_null());
}

impl WireUsage {
    /// Takes over what a later event names.
    pub(super) fn replace_with(&mut self, later: WireUsage) {
        fn take<T>(mine: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *mine = later;
            }
        }
        take(&mut self.input_tokens, later.input_tokens);
        take(&mut self.output_tokens, later.output_tokens);
        take(
            &mut self.cache_creation_input_tokens,
            later.cache_creation_input_tokens,
        );
        take(
            &mut self.cache_read_input_tokens,
            later.cache_read_input_tokens,
        );
        take(&mut self.output_tokens_details, later.output_tokens_details);
        take(&mut self.service_tier, later.service_tier);
        self.extra.extend(later.extra);
    }

    /// The tier that served.
    pub(super) fn tier(&self) -> Option<String> {
        Some(self.service_tier.as_ref()?.as_str()?.to_owned())
    }

    /// OpenAI's counts: Anthropic's `input_tokens` leave out what the cache read and wrote.
    pub(super) fn fold(self) -> Option<Usage> {
        if self.input_tokens.is_none() && self.output_tokens.is_none() {
            return None;
        }
        let read = self.cache_read_input_tokens;
        let written = self.cache_creation_input_tokens;
        let prompt_tokens = self
            .input_tokens
            .unwrap_or_default()
            .saturating_add(read.unwrap_or_default())
            .saturating_add(written.unwrap_or_default());
        let completion_tokens = self.output_tokens.unwrap_or_default();
        let thinking = self
            .output_tokens_details
            .and_then(|details| details.thinking_tokens);
        let mut extra = self.extra;
        drop_nulls(&mut extra);
        Some(Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: read.map(|read| PromptTokensDetails {
                cached_tokens: Some(read),
                audio_tokens: None,
            }),
            completion_tokens_details: thinking.map(|thinking| CompletionTokensDetails {
                reasoning_tokens: Some(thinking.min(completion_tokens)),
                ..CompletionTokensDetails::default()
            }),
            cache_creation_input_tokens: written,
            cache_read_input_tokens: read,
            extra,
        })
    }
}
