//! Converse's answers as ours: blocks, reasons for stopping, counts, errors. What a stream shares with a whole
//! answer is here once, so that both add up to the same.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::{Value, json};

use super::replay::Replay;
use super::types::{Answer, AnswerBlock, AnswerToolUse, Tokens};
use super::{ANSWER_TOOL, RULES, models};
use crate::chat::{
    Choice, Content, FinishReason, FunctionCall, JsonMap, Message, PromptTokensDetails, Role,
    ToolCall, Usage,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Reply, ReplyHead, Target, arguments, body, error};

/// Reads a whole answer.
pub(super) fn decode(bytes: &[u8], target: &Target) -> Result<Reply> {
    let (provider, model) = (target.provider.name.as_str(), target.model.as_str());
    let text = body::text(bytes);
    let answer: Answer<'_> = match body::read(&text, target) {
        Ok(answer) => answer,
        Err(unreadable) => {
            let value: Option<Value> = serde_json::from_str(&text).ok();
            let stated = value.filter(|value| value.get("message").is_some_and(Value::is_string));
            return Err(stated.map_or(unreadable, |value| {
                error::classify_value(&value, &RULES, provider, model)
            }));
        }
    };
    let mut parts = Parts {
        short_ids: models::short_ids(target),
        ..Parts::default()
    };
    let blocks = answer.output.message.map(|message| message.content);
    for (index, raw) in (0..).zip(blocks.unwrap_or_default()) {
        parts.block(index, raw.get(), target)?;
    }
    let mut extra = answer.extra;
    extra.retain(|_, value| !value.is_null());
    let native = answer.stop_reason;
    if let Some(error) = failure(native.as_deref(), provider, model) {
        return Err(error);
    }
    let finish = native.as_deref().map(finish_reason);
    let message = Message {
        role: Role::Assistant,
        content: (!parts.text.is_empty()).then_some(Content::Text(parts.text)),
        reasoning_content: (!parts.reasoning.is_empty()).then_some(parts.reasoning),
        annotations: parts.citations,
        provider_state: parts.replay.state(),
        ..Message::default()
    };
    let finish_reason = answered(finish, parts.answered, parts.calls.is_empty());
    Ok(Reply {
        head: ReplyHead {
            service_tier: answer.service_tier.and_then(|tier| tier.kind),
            extra,
            ..ReplyHead::default()
        },
        choices: vec![Choice {
            message: Message {
                tool_calls: parts.calls,
                ..message
            },
            finish_reason,
            native_finish_reason: native,
            ..Choice::default()
        }],
        usage: answer.usage.and_then(usage),
    })
}

/// What the blocks of an answer add up to.
#[derive(Default)]
struct Parts {
    short_ids: bool,
    text: String,
    reasoning: String,
    calls: Vec<ToolCall>,
    citations: Vec<Value>,
    replay: Replay,
    /// The answer came as a call of [`ANSWER_TOOL`].
    answered: bool,
}

impl Parts {
    fn block(&mut self, index: u64, raw: &str, target: &Target) -> Result<()> {
        let block: AnswerBlock<'_> = body::read(raw, target)?;
        if let Some(text) = block.text {
            self.say(index, &text);
        } else if let Some(call) = block.tool_use {
            self.call(index, call);
        } else if let Some(cited) = block.citations_content {
            for text in cited.content {
                self.say(index, text.text.as_deref().unwrap_or_default());
            }
            self.citations.extend(cited.citations);
        } else if let Some(reasoning) = block.reasoning_content
            && let Some(words) = reasoning.reasoning_text
        {
            let text = words.text.unwrap_or_default();
            self.reasoning.push_str(&text);
            let signature = words.signature.unwrap_or_default();
            self.replay.reasoning(index, text.len(), &signature);
        } else {
            self.replay.raw(index, body::read(raw, target)?);
        }
        Ok(())
    }

    fn say(&mut self, index: u64, text: &str) {
        self.text.push_str(text);
        self.replay.text(index, text.len());
    }

    fn call(&mut self, index: u64, call: AnswerToolUse<'_>) {
        let arguments = match call.input.map(|input| input.get()) {
            None | Some("null") => "{}".to_owned(),
            Some(json) => arguments::compact(json),
        };
        let name = call.name.unwrap_or_default();
        if name == ANSWER_TOOL {
            self.answered = true;
            self.say(index, &arguments);
            return;
        }
        let id = models::answer_id(&call.tool_use_id.unwrap_or_default(), self.short_ids);
        self.replay.tool_use(index, &id, call.kind.as_deref());
        self.calls.push(ToolCall {
            id,
            function: FunctionCall { name, arguments },
            extra: JsonMap::new(),
        });
    }
}

/// Converse's word in OpenAI's; a word that is new counts as a plain end.
pub(super) fn finish_reason(native: &str) -> FinishReason {
    match native {
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "guardrail_intervened" | "content_filtered" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// An answer that had to be given as a call has stopped, not called.
pub(super) fn answered(
    finish: Option<FinishReason>,
    answered: bool,
    no_calls: bool,
) -> Option<FinishReason> {
    match finish {
        Some(FinishReason::ToolCalls) if answered && no_calls => Some(FinishReason::Stop),
        other => other,
    }
}

/// The answer that is none: the model wrote what Bedrock cannot read.
pub(super) fn failure(native: Option<&str>, provider: &str, model: &str) -> Option<Error> {
    let native =
        native.filter(|word| matches!(*word, "malformed_model_output" | "malformed_tool_use"))?;
    let message =
        format!("{provider} ended the answer with {native}: the model wrote no valid output");
    Some(
        Error::new(ErrorKind::InvalidResponse, message)
            .with_target(provider, model)
            .with_detail("native_finish_reason", native),
    )
}

/// OpenAI's counts.
pub(super) fn usage(wire: Tokens) -> Option<Usage> {
    if wire.input_tokens.is_none() && wire.output_tokens.is_none() {
        return None;
    }
    let (read, written) = (wire.cache_read_input_tokens, wire.cache_write_input_tokens);
    let prompt = [wire.input_tokens, read, written]
        .into_iter()
        .flatten()
        .fold(0, u64::saturating_add);
    let completion = wire.output_tokens.unwrap_or(0);
    let mut extra = wire.extra;
    // The sum, and the cache counts under their older names.
    for known in [
        "totalTokens",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    ] {
        extra.remove(known);
    }
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.saturating_add(completion),
        prompt_tokens_details: read.map(|read| PromptTokensDetails {
            cached_tokens: Some(read),
            audio_tokens: None,
        }),
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
        extra,
        ..Usage::default()
    })
}

/// The detail of an error that tells AWS's time.
const SERVER_DATE: &str = "server_date";

/// Reads an answer that is an error. Its type is in a header, up to a colon.
pub(super) fn decode_error(
    status: u16,
    headers: &HeaderMap,
    bytes: &[u8],
    target: &Target,
) -> Error {
    let kind = headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok());
    let (named, kind) = with_kind(bytes, kind);
    let mut error = error::classify(status, headers, &named, &RULES, target);
    if let Some(date) = kind.and_then(|kind| server_date(&kind, headers)) {
        error
            .data_mut()
            .details
            .insert(SERVER_DATE.to_owned(), date.into());
    }
    error
}

/// AWS's time, where an error was found to be about the time of the signature.
pub(super) fn server_time(error: &Error) -> Option<SystemTime> {
    let date = error.data().details.get(SERVER_DATE)?.as_str()?;
    httpdate::parse_http_date(date).ok()
}

/// The error that an exception or error of a stream is. The status is the one it would have had.
pub(super) fn stream_error(kind: &str, data: &str, provider: &str, model: &str) -> Error {
    let mut value: JsonMap = serde_json::from_str(data).unwrap_or_default();
    if value.is_empty() {
        value.insert("message".into(), data.into());
    }
    let status = match kind {
        "validationException" => 400,
        "throttlingException" => 429,
        "modelTimeoutException" => 408,
        "modelStreamErrorException" => 424,
        "serviceUnavailableException" => 503,
        _ => 500,
    };
    value.insert("__type".into(), kind.into());
    value.insert("status".into(), status.into());
    error::classify_value(&Value::Object(value), &RULES, provider, model)
}

/// The body with the type of the error in it, bare, and that type.
fn with_kind<'a>(bytes: &'a [u8], header: Option<&str>) -> (Cow<'a, [u8]>, Option<String>) {
    let Ok(mut value) = serde_json::from_str::<JsonMap>(&body::text(bytes)) else {
        return (Cow::Borrowed(bytes), header.map(bare));
    };
    let kind = header.or_else(|| value.get("__type")?.as_str()).map(bare);
    if let Some(kind) = &kind {
        value.insert("__type".into(), kind.as_str().into());
    }
    (Cow::Owned(json!(value).to_string().into_bytes()), kind)
}

/// `ns#Name:http://..` is `Name`.
fn bare(kind: &str) -> String {
    let kind = kind.split(':').next().unwrap_or(kind);
    kind.rsplit('#').next().unwrap_or(kind).trim().to_owned()
}

/// The answer's `date`, where our own clock is what AWS objects to.
fn server_date(kind: &str, headers: &HeaderMap) -> Option<String> {
    /// AWS allows five minutes.
    const ALLOWED: Duration = Duration::from_secs(4 * 60);
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let certain = matches!(
        kind,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture"
    );
    let possible = matches!(kind, "InvalidSignatureException" | "SignatureDoesNotMatch");
    let ours = SystemTime::now();
    let apart = ours
        .duration_since(theirs)
        .unwrap_or_else(|early| early.duration());
    (certain || (possible && apart > ALLOWED)).then(|| date.to_owned())
}
