//! The nouns: plain data that every step of the flow speaks, in OpenAI's shapes.
//!
//! A [`ChatRequest`] holds [`Message`]s and [`Options`]; a [`PromptRequest`] names a
//! stored prompt instead. The answer is a [`ChatCompletion`], or [`ChatCompletionChunk`]s
//! built from [`Delta`]s. Fields are public, every type has a `Default` where that makes
//! sense, and nothing here does I/O or knows a provider.

mod chunk;
mod completion;
mod content;
mod message;
mod meta;
mod options;
mod request;
mod tool;
mod usage;

pub use chunk::{ChatCompletionChunk, ChunkChoice, ChunkDelta, Delta, StreamHead, ToolCallDelta};
pub use completion::{ChatCompletion, Choice, FinishReason, Logprobs, TokenLogprob, TopLogprob};
pub use content::{Content, Part};
pub use message::{Message, Role};
pub use meta::{Attempt, CampaignRef, Cost, Meta, PromptRef, Timing, Warning};
pub(crate) use options::OneOrMany;
pub use options::{CacheMode, IntoOption, Options, StreamOptions, UnsupportedPolicy};
pub use request::{ChatRequest, PromptRequest};
pub use tool::{FunctionCall, FunctionDefinition, ResponseFormat, Tool, ToolCall, ToolChoice};
pub use usage::{CompletionTokensDetails, PromptTokensDetails, Usage};

/// An open JSON object: keys in the order given, numbers exact from `i64::MIN` to `u64::MAX`.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;
