//! A whole answer.

use serde::{Deserialize, Serialize};

use super::{JsonMap, Message, Meta, ToolCall, Usage};

/// The answer of a model: an OpenAI `chat.completion` with the facts about the call in `meta`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "object", rename = "chat.completion")]
pub struct ChatCompletion {
    /// The provider's id, or one made here.
    pub id: String,
    /// Unix time in seconds.
    pub created: i64,
    /// The target that served, as `provider/model`.
    pub model: String,
    /// One per choice asked for.
    pub choices: Vec<Choice>,
    /// Token counts; `None` where the provider gave none.
    pub usage: Option<Usage>,
    /// OpenAI's word for the backend's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The tier that served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The session the call belongs to.
    pub session_id: String,
    /// How the answer came about.
    pub meta: Meta,
    /// Fields of the provider that this library does not know.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra: JsonMap,
}

impl ChatCompletion {
    /// The first choice's text, `""` where there is none.
    pub fn text(&self) -> String {
        self.choices
            .first()
            .map(|choice| choice.message.text())
            .unwrap_or_default()
    }

    /// The first choice's tool calls.
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.choices
            .first()
            .map(|choice| choice.message.tool_calls.as_slice())
            .unwrap_or_default()
    }
}

/// One choice of an answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Choice {
    /// Its place, from 0.
    pub index: u32,
    /// What the model said.
    pub message: Message,
    /// Why it stopped, in OpenAI's words.
    pub finish_reason: Option<FinishReason>,
    /// Why it stopped, in the provider's word.
    pub native_finish_reason: Option<String>,
    /// Log probabilities, where asked for.
    pub logprobs: Option<Logprobs>,
    /// Feedback refers to this (UUID v4).
    pub completion_id: String,
    /// The target that served, as `provider/model`.
    pub model: String,
    /// Fields of the provider that this library does not know.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra: JsonMap,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// A length limit.
    Length,
    /// It calls tools.
    ToolCalls,
    /// The provider held content back.
    ContentFilter,
}

impl FinishReason {
    /// OpenAI's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::ContentFilter => "content_filter",
        }
    }
}

/// Log probabilities of a choice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Logprobs {
    /// One per token of the text.
    #[serde(default)]
    pub content: Option<Vec<TokenLogprob>>,
    /// One per token of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Vec<TokenLogprob>>,
}

/// Log probability of one token.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// Its natural log probability.
    pub logprob: f64,
    /// Its UTF-8 bytes.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this place.
    #[serde(default)]
    pub top_logprobs: Vec<TopLogprob>,
}

/// A likely token.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TopLogprob {
    /// The token's text.
    pub token: String,
    /// Its natural log probability.
    pub logprob: f64,
    /// Its UTF-8 bytes.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
}
