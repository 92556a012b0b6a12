//! The wire types of answers: one typed reading for a whole answer and for a chunk of a stream.
//!
//! Tolerant where hosts differ: the last of two equal keys wins, a number may be a string, `null` is absent, keys
//! not known here are kept raw. Borrowed from the body, but for the texts that move on into a delta.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

pub(super) use super::leaves::{Content, Count, Key, Many, Number, Text, Word};

/// A value left unread.
pub(super) type Raw<'a> = &'a RawValue;

/// Members that are rare, or not known here, unread; those that are null or empty are left out.
pub(super) type More<'a> = Vec<(Key<'a>, Raw<'a>)>;

/// A whole answer or a chunk. These types hold what most chunks have: they are moved a few times on their way, and
/// what is rare waits in `more`.
#[derive(Default)]
pub(super) struct Answer<'a> {
    /// `error` where an older vLLM puts an error into the place of an answer.
    pub object: Word<'a>,
    pub id: Word<'a>,
    pub created: Number,
    pub model: Word<'a>,
    pub system_fingerprint: Word<'a>,
    pub service_tier: Word<'a>,
    /// `None` where the key is missing.
    pub choices: Option<Many<AnswerChoice<'a>>>,
    pub usage: Option<Raw<'a>>,
    /// `error`, `x_groq`, others.
    pub more: More<'a>,
}

/// One choice of either.
#[derive(Default)]
pub(super) struct AnswerChoice<'a> {
    pub index: Number,
    /// In a chunk. Perplexity sends both: what is new, and everything so far.
    pub delta: Option<AnswerMessage<'a>>,
    /// In a whole answer.
    pub message: Option<Box<AnswerMessage<'a>>>,
    pub finish_reason: Word<'a>,
    /// `logprobs`, `native_finish_reason`, `error`, others.
    pub more: More<'a>,
}

/// What the model says, whole or new.
#[derive(Default)]
pub(super) struct AnswerMessage<'a> {
    pub content: Content,
    pub reasoning_content: Text,
    pub reasoning: Text,
    pub tool_calls: Many<AnswerCall<'a>>,
    /// `refusal`, `annotations`, `audio`, `function_call`, `reasoning_details`, others.
    pub more: More<'a>,
}

/// A tool call or a piece of one.
#[derive(Default)]
pub(super) struct AnswerCall<'a> {
    pub index: Number,
    pub id: Word<'a>,
    pub kind: Word<'a>,
    pub function: Option<AnswerFunction<'a>>,
    /// OpenAI's free-form tools.
    pub custom: Option<Box<AnswerFunction<'a>>>,
    /// Replay data of Google's OpenAI-format endpoint.
    pub extra_content: Option<Raw<'a>>,
}

/// Name and arguments, or pieces of them.
#[derive(Default)]
pub(super) struct AnswerFunction<'a> {
    pub name: Word<'a>,
    /// JSON text in a string, or at some hosts the object itself.
    pub arguments: Option<Raw<'a>>,
}

/// Groq's own object beside the choices.
#[derive(Default)]
pub(super) struct Groq<'a> {
    pub usage: Option<Raw<'a>>,
    pub error: Option<Raw<'a>>,
    pub more: More<'a>,
}

/// Token counts, with every place where hosts put those of caches.
#[derive(Default)]
pub(super) struct AnswerUsage<'a> {
    pub prompt: Count,
    pub completion: Count,
    pub total: Count,
    pub prompt_details: Option<Raw<'a>>,
    pub completion_details: Option<Raw<'a>>,
    /// DeepSeek, Together.
    pub cache_hit: Count,
    /// Moonshot.
    pub cached: Count,
    /// Mistral.
    pub num_cached: Count,
    /// LiteLLM.
    pub cache_read: Count,
    pub cache_creation: Count,
    /// `cost`, others.
    pub more: More<'a>,
}

/// What stands in the details of either side.
#[derive(Default)]
pub(super) struct UsageDetails<'a> {
    pub cached: Count,
    pub cache_write: Count,
    pub cache_creation: Count,
    pub audio: Count,
    pub reasoning: Count,
    pub accepted: Count,
    pub rejected: Count,
    pub more: More<'a>,
}

/// Reads an object member by member; the last of equal keys wins.
macro_rules! object {
    ($type:ident, $what:literal, $($key:literal => $field:ident,)+ ignore $($noise:literal)|+, else $else:tt) => {
        impl<'de> Deserialize<'de> for $type<'de> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor;
                impl<'de> Visitor<'de> for ObjectVisitor {
                    type Value = $type<'de>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$type<'de>, A::Error> {
                        let mut this = $type::default();
                        while let Some(key) = map.next_key::<Key<'de>>()? {
                            match key.0.as_ref() {
                                $($key => this.$field = map.next_value()?,)+
                                $($noise)|+ => {
                                    map.next_value::<IgnoredAny>()?;
                                }
                                _ => object!(@else $else this, key, map),
                            }
                        }
                        Ok(this)
                    }
                }
                deserializer.deserialize_map(ObjectVisitor)
            }
        }
    };
    (@else keep $this:ident, $key:ident, $map:ident) => {{
        let raw: Raw<'de> = $map.next_value()?;
        // What is empty says nothing.
        if !matches!(raw.get(), "null" | "[]" | "{}" | "\"\"") {
            $this.more.push(($key, raw));
        }
    }};
    (@else drop $this:ident, $key:ident, $map:ident) => {{
        $map.next_value::<IgnoredAny>()?;
    }};
}

// Noise: padding against traffic analysis (`obfuscation`, `p`), copies (`object`, `type`, `text`), and per-token
// numbers that make no sense added up.
object!(Answer, "an answer",
    "object" => object,
    "id" => id,
    "created" => created,
    "model" => model,
    "system_fingerprint" => system_fingerprint,
    "service_tier" => service_tier,
    "choices" => choices,
    "usage" => usage,
    ignore "obfuscation" | "p", else keep);
object!(AnswerChoice, "a choice",
    "index" => index,
    "message" => message,
    "delta" => delta,
    "finish_reason" => finish_reason,
    ignore "text" | "token_id" | "token_ids", else keep);
object!(AnswerMessage, "a message",
    "content" => content,
    "reasoning_content" => reasoning_content,
    "reasoning" => reasoning,
    "tool_calls" => tool_calls,
    ignore "role" | "index" | "type" | "name", else keep);
object!(AnswerCall, "a tool call",
    "index" => index,
    "id" => id,
    "type" => kind,
    "function" => function,
    "custom" => custom,
    "extra_content" => extra_content,
    ignore "object", else drop);
object!(AnswerFunction, "a function call",
    "name" => name,
    "arguments" => arguments,
    "input" => arguments,
    ignore "strict", else drop);

object!(Groq, "an object",
    "usage" => usage,
    "error" => error,
    ignore "object", else keep);
object!(AnswerUsage, "token counts",
    "prompt_tokens" => prompt,
    "completion_tokens" => completion,
    "total_tokens" => total,
    "prompt_tokens_details" => prompt_details,
    "completion_tokens_details" => completion_details,
    "prompt_cache_hit_tokens" => cache_hit,
    "cached_tokens" => cached,
    "num_cached_tokens" => num_cached,
    "cache_read_input_tokens" => cache_read,
    "cache_creation_input_tokens" => cache_creation,
    ignore "object", else keep);
object!(UsageDetails, "details of token counts",
    "cached_tokens" => cached,
    "cache_write_tokens" => cache_write,
    "cache_creation_tokens" => cache_creation,
    "audio_tokens" => audio,
    "reasoning_tokens" => reasoning,
    "accepted_prediction_tokens" => accepted,
    "rejected_prediction_tokens" => rejected,
    ignore "object", else keep);
