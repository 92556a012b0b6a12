//! A streamed answer: what is the same on all chunks crosses once ([`StreamHead`]),
//! what is new crosses per chunk ([`Delta`]); the public [`ChatCompletionChunk`] is built
//! from both where somebody looks at it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FinishReason, JsonMap, Logprobs, Role, Usage};

/// What all chunks of a stream share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StreamHead {
    /// The provider's id, or one made here.
    pub id: String,
    /// Unix time in seconds.
    pub created: i64,
    /// The target that serves, as `provider/model`.
    pub model: String,
    /// The session the call belongs to.
    pub session_id: String,
    /// One per choice asked for.
    pub completion_ids: Vec<String>,
}

/// What one event of a stream adds, to one choice; most of it absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Delta {
    /// The choice it belongs to.
    pub index: u32,
    /// Who speaks, on the first delta of a choice.
    pub role: Option<Role>,
    /// New text.
    pub text: Option<String>,
    /// New words of a refusal.
    pub refusal: Option<String>,
    /// New reasoning.
    pub reasoning: Option<String>,
    /// New pieces of tool calls.
    pub tool_calls: Vec<ToolCallDelta>,
    /// Why it stopped, in OpenAI's words.
    pub finish_reason: Option<FinishReason>,
    /// Why it stopped, in the provider's word.
    pub native_finish_reason: Option<String>,
    /// Log probabilities of the new text.
    pub logprobs: Option<Logprobs>,
    /// Token counts so far; the last one counts.
    pub usage: Option<Usage>,
    /// New citations and the like.
    pub annotations: Vec<Value>,
    /// Piece of a spoken answer.
    pub audio: Option<Value>,
    /// Replay data of the choice, whole; the last one counts.
    pub provider_state: Option<Value>,
    /// Fields of the provider that this library does not know.
    pub extra: JsonMap,
}

impl Delta {
    /// True where it carries content, reasoning, a refusal, audio or a tool call: what counts as output.
    pub fn is_output(&self) -> bool {
        let some = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        some(&self.text)
            || some(&self.reasoning)
            || some(&self.refusal)
            || !self.tool_calls.is_empty()
            || self.audio.is_some()
    }

    /// True where only `usage` (and `extra`) is set: OpenAI's chunk without choices.
    pub fn is_usage_only(&self) -> bool {
        self.usage.is_some()
            && !self.is_output()
            && self.role.is_none()
            && self.text.is_none()
            && self.finish_reason.is_none()
            && self.native_finish_reason.is_none()
            && self.logprobs.is_none()
            && self.annotations.is_empty()
            && self.provider_state.is_none()
    }
}

/// A piece of a tool call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ToolCallDelta {
    /// Which call of the choice, from 0 without gaps.
    pub index: u32,
    /// Its id, on the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its function's name, on the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The next piece of the arguments, `""` where there is none.
    #[serde(default)]
    pub arguments: String,
}

/// An OpenAI `chat.completion.chunk`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatCompletionChunk {
    /// The same on all chunks.
    pub id: String,
    /// The same on all chunks: Unix time in seconds.
    pub created: i64,
    /// The same on all chunks: the target that serves, as `provider/model`.
    pub model: String,
    /// The same on all chunks.
    pub session_id: String,
    /// None on the chunk that only reports usage, else one.
    pub choices: Vec<ChunkChoice>,
    /// Token counts, where asked for with `stream_options.include_usage`.
    pub usage: Option<Usage>,
    /// Fields of the provider that this library does not know.
    pub extra: JsonMap,
}

/// A choice of a chunk.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChunkChoice {
    /// Its place, from 0.
    pub index: u32,
    /// What is new.
    pub delta: ChunkDelta,
    /// Why it stopped, in OpenAI's words.
    pub finish_reason: Option<FinishReason>,
    /// Why it stopped, in the provider's word.
    pub native_finish_reason: Option<String>,
    /// Log probabilities of the new text.
    pub logprobs: Option<Logprobs>,
    /// Feedback refers to this (UUID v4).
    pub completion_id: String,
}

/// What is new in a choice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChunkDelta {
    /// Who speaks, on the first chunk.
    pub role: Option<Role>,
    /// New text.
    pub content: Option<String>,
    /// New words of a refusal.
    pub refusal: Option<String>,
    /// New reasoning.
    pub reasoning_content: Option<String>,
    /// New pieces of tool calls.
    pub tool_calls: Vec<ToolCallDelta>,
    /// New citations and the like.
    pub annotations: Vec<Value>,
    /// Piece of a spoken answer.
    pub audio: Option<Value>,
    /// Replay data of the choice.
    pub provider_state: Option<Value>,
}

impl StreamHead {
    /// The public chunk for a delta of this stream.
    pub fn chunk(&self, delta: Delta) -> ChatCompletionChunk {
        let mut chunk = ChatCompletionChunk {
            id: self.id.clone(),
            created: self.created,
            model: self.model.clone(),
            session_id: self.session_id.clone(),
            choices: Vec::new(),
            usage: None,
            extra: JsonMap::new(),
        };
        let bare = delta.is_usage_only();
        chunk.usage = delta.usage;
        chunk.extra = delta.extra;
        if bare {
            return chunk;
        }
        chunk.choices.push(ChunkChoice {
            index: delta.index,
            completion_id: self
                .completion_ids
                .get(delta.index as usize)
                .cloned()
                .unwrap_or_default(),
            delta: ChunkDelta {
                role: delta.role,
                content: delta.text,
                refusal: delta.refusal,
                reasoning_content: delta.reasoning,
                tool_calls: delta.tool_calls,
                annotations: delta.annotations,
                audio: delta.audio,
                provider_state: delta.provider_state,
            },
            finish_reason: delta.finish_reason,
            native_finish_reason: delta.native_finish_reason,
            logprobs: delta.logprobs,
        });
        chunk
    }
}

impl ChatCompletionChunk {
    /// The new text of the first choice (index 0), `""` where there is none.
    pub fn text(&self) -> &str {
        let first = self.choices.iter().find(|choice| choice.index == 0);
        first
            .and_then(|choice| choice.delta.content.as_deref())
            .unwrap_or("")
    }
}

mod wire {
    //! The chunk's JSON: OpenAI's shape, with nested `function` objects in tool calls.

    use serde::ser::{SerializeMap, SerializeSeq};
    use serde::{Serialize, Serializer};

    use super::{ChatCompletionChunk, ChunkChoice, ChunkDelta, ToolCallDelta};

    impl Serialize for ChatCompletionChunk {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("object", "chat.completion.chunk")?;
            map.serialize_entry("id", &self.id)?;
            map.serialize_entry("created", &self.created)?;
            map.serialize_entry("model", &self.model)?;
            map.serialize_entry("session_id", &self.session_id)?;
            map.serialize_entry("choices", &self.choices)?;
            if let Some(usage) = &self.usage {
                map.serialize_entry("usage", usage)?;
            }
            if !self.extra.is_empty() {
                map.serialize_entry("extra", &self.extra)?;
            }
            map.end()
        }
    }

    impl Serialize for ChunkChoice {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("index", &self.index)?;
            map.serialize_entry("delta", &self.delta)?;
            map.serialize_entry("finish_reason", &self.finish_reason)?;
            if let Some(word) = &self.native_finish_reason {
                map.serialize_entry("native_finish_reason", word)?;
            }
            map.serialize_entry("logprobs", &self.logprobs)?;
            map.serialize_entry("completion_id", &self.completion_id)?;
            map.end()
        }
    }

    impl Serialize for ChunkDelta {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            if let Some(role) = &self.role {
                map.serialize_entry("role", role)?;
            }
            for (key, value) in [
                ("content", &self.content),
                ("refusal", &self.refusal),
                ("reasoning_content", &self.reasoning_content),
            ] {
                if let Some(value) = value {
                    map.serialize_entry(key, value)?;
                }
            }
            if !self.tool_calls.is_empty() {
                map.serialize_entry("tool_calls", &Calls(&self.tool_calls))?;
            }
            if !self.annotations.is_empty() {
                map.serialize_entry("annotations", &self.annotations)?;
            }
            if let Some(audio) = &self.audio {
                map.serialize_entry("audio", audio)?;
            }
            if let Some(state) = &self.provider_state {
                map.serialize_entry("provider_state", state)?;
            }
            map.end()
        }
    }

    struct Calls<'a>(&'a [ToolCallDelta]);

    impl Serialize for Calls<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            #[derive(Serialize)]
            struct Function<'a> {
                #[serde(skip_serializing_if = "Option::is_none")]
                name: Option<&'a str>,
                arguments: &'a str,
            }
            #[derive(Serialize)]
            struct Call<'a> {
                index: u32,
                #[serde(skip_serializing_if = "Option::is_none")]
                id: Option<&'a str>,
                #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
                kind: Option<&'static str>,
                function: Function<'a>,
            }
            let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
            for call in self.0 {
                seq.serialize_element(&Call {
                    index: call.index,
                    id: call.id.as_deref(),
                    kind: call.id.as_ref().map(|_| "function"),
                    function: Function {
                        name: call.name.as_deref(),
                        arguments: &call.arguments,
                    },
                })?;
            }
            seq.end()
        }
    }
}
