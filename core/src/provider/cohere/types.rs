//! Cohere's v2 chat on the wire: what is sent, borrowed from the call, and what comes back, read leniently.
//! Source: the types of Cohere's Python SDK (7.3) and recorded answers.

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::chat::JsonMap;
use crate::provider::lenient;

/// The body of a request.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) stream: bool,
}

/// A message of the conversation.
#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(super) enum Turn<'a> {
    System {
        content: Body<'a>,
    },
    User {
        content: Body<'a>,
    },
    Assistant {
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Body<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_plan: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: Body<'a>,
    },
}

/// What a message says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

/// A part of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
}

/// An image by URL, remote or `data:`.
#[derive(Debug, Serialize)]
pub(super) struct ImageUrl<'a> {
    pub(super) url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'a str>,
}

/// A call that a replayed turn made.
#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: CallFunction<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct CallFunction<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// A tool the model may call.
#[derive(Debug, Serialize)]
pub(super) struct Tool<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: ToolFunction<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct ToolFunction<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    pub(super) parameters: &'a Value,
}

/// The format of the answer: JSON, of a schema where one is given.
#[derive(Debug, Serialize)]
pub(super) struct Format<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json_schema: Option<&'a Value>,
}

/// Whether to reason first, and for how many tokens at most.
#[derive(Debug, Serialize)]
pub(super) struct Thinking {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_budget: Option<u64>,
}

/// A whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) id: Option<String>,
    pub(super) finish_reason: Option<String>,
    pub(super) message: AnswerMessage,
    pub(super) usage: Option<Tokens>,
    #[serde(default)]
    pub(super) logprobs: Option<Vec<Logprob>>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AnswerMessage {
    #[serde(default)]
    pub(super) content: Option<Vec<Piece>>,
    #[serde(default)]
    pub(super) tool_plan: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Option<Vec<AnswerCall>>,
    #[serde(default)]
    pub(super) citations: Option<Vec<Value>>,
}

/// A piece of content. Other kinds than text and thinking are kept in `extra`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Piece {
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) thinking: Option<String>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AnswerCall {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) function: AnswerFunction,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AnswerFunction {
    #[serde(default)]
    pub(super) name: Option<String>,
    /// Text as a rule; null occurs, and an object is taken as its text.
    #[serde(default)]
    pub(super) arguments: Value,
}

/// Log probabilities of a piece of text, one per token it was made of.
#[derive(Debug, Deserialize)]
pub(super) struct Logprob {
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) logprobs: Option<Vec<f64>>,
}

/// Counts; floats on the wire.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) tokens: Option<InOut>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) cached_tokens: Option<u64>,
    /// `billed_units` and what is not known here.
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct InOut {
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub(super) output_tokens: Option<u64>,
}

/// The kind of an event, where SSE does not name it.
#[derive(Debug, Deserialize)]
pub(super) struct Kind {
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
}

/// An event of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(default)]
    pub(super) delta: Option<EventDelta>,
    #[serde(default)]
    pub(super) logprobs: Option<Logprob>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct EventDelta {
    #[serde(default)]
    pub(super) message: Option<EventMessage>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Tokens>,
    #[serde(default)]
    pub(super) error: Option<String>,
}

/// What is new; in the first event of a stream every list is there and empty.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EventMessage {
    #[serde(default)]
    pub(super) content: Single<Piece>,
    #[serde(default)]
    pub(super) tool_plan: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Single<AnswerCall>,
    #[serde(default)]
    pub(super) citations: Single<Value>,
}

/// One object where a whole answer has a list; a list gives its first, null and others nothing.
#[derive(Debug)]
pub(super) struct Single<T>(pub(super) Option<T>);

impl<T> Default for Single<T> {
    fn default() -> Self {
        Single(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Single<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SingleVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for SingleVisitor<T> {
            type Value = Single<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object or a list")
            }
            fn visit_unit<E>(self) -> Result<Single<T>, E> {
                Ok(Single(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Single<T>, A::Error> {
                let object = serde::de::value::MapAccessDeserializer::new(map);
                T::deserialize(object).map(|value| Single(Some(value)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Single<T>, A::Error> {
                let first = seq.next_element()?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Single(first))
            }
        }
        deserializer.deserialize_any(SingleVisitor(std::marker::PhantomData))
    }
}
