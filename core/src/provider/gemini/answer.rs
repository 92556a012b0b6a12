//! The wire of `generateContent`, back: what is read of answers. A streamed chunk is an answer with partial
//! parts. Keys without a place here are kept in `extra`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::JsonMap;
use crate::provider::lenient::count;

/// Reads the named keys of an object and gives every other one to `extra`.
macro_rules! answer_object {
    (
        $(#[$doc:meta])* $name:ident<'a> {
            $($key:literal => $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'a> {
            $(pub(super) $field: Option<$type>,)+
            pub(super) extra: JsonMap,
            lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct ObjectVisitor<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> Visitor<'de> for ObjectVisitor<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<Text<'de>>()? {
                            match key.0.as_ref() {
                                $($key => object.$field = map.next_value()?,)+
                                other => {
                                    let value: Value = map.next_value()?;
                                    if !value.is_null() {
                                        object.extra.insert(other.to_owned(), value);
                                    }
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(ObjectVisitor(std::marker::PhantomData))
            }
        }
    };
}

/// A text, borrowed where it has no escapes.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

answer_object! {
    /// An answer, or a chunk of a streamed one.
    Answer<'a> {
        "candidates" => candidates: Vec<Candidate<'a>>,
        "promptFeedback" => prompt_feedback: Value,
        "usageMetadata" => usage: &'a RawValue,
        "modelVersion" => model_version: Text<'a>,
        "responseId" => response_id: Text<'a>,
        "createTime" => create_time: Text<'a>,
        "error" => error: Value,
    }
}

answer_object! {
    /// One choice.
    Candidate<'a> {
        "index" => index: u32,
        "content" => content: AnswerContent<'a>,
        "finishReason" => finish_reason: Text<'a>,
        "logprobsResult" => logprobs: LogprobsResult,
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AnswerContent<'a> {
    #[serde(borrow, default)]
    pub(super) parts: Option<Vec<AnswerPart<'a>>>,
}

answer_object! {
    /// A part of an answer; kinds without a field here are in `extra`.
    AnswerPart<'a> {
        "text" => text: String,
        "thought" => thought: bool,
        "thoughtSignature" => signature: String,
        "functionCall" => call: AnswerCall<'a>,
    }
}

/// A call, whole or in pieces: `partialArgs` until one without `willContinue`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerCall<'a> {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
    pub(super) partial_args: Option<Vec<PartialArg>>,
    pub(super) will_continue: Option<bool>,
}

/// A value, or the next piece of a string, at a place in the arguments.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartialArg {
    #[serde(default)]
    pub(super) json_path: String,
    pub(super) string_value: Option<String>,
    pub(super) number_value: Option<serde_json::Number>,
    pub(super) bool_value: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub(super) null_value: bool,
}

/// True where the key is there, whatever its value (`null`, or `"NULL_VALUE"`).
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer)?;
    Ok(true)
}

/// Token counts; in a stream every chunk has those so far. The details by modality stay in `extra`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUsage {
    #[serde(default, deserialize_with = "count")]
    pub(super) prompt_token_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) tool_use_prompt_token_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) candidates_token_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) thoughts_token_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) cached_content_token_count: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) total_token_count: Option<u64>,
    pub(super) service_tier: Option<Value>,
    #[serde(flatten)]
    pub(super) extra: JsonMap,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogprobsResult {
    pub(super) chosen_candidates: Option<Vec<LogprobCandidate>>,
    pub(super) top_candidates: Option<Vec<TopCandidates>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct TopCandidates {
    #[serde(default)]
    pub(super) candidates: Vec<LogprobCandidate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogprobCandidate {
    pub(super) token: String,
    pub(super) log_probability: f64,
}
