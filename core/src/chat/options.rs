//! The options of a call: every field of the contract beside the messages.
//!
//! One macro lists them, so that reading, setters and the list of names cannot differ.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{JsonMap, ResponseFormat, Tool, ToolChoice};

/// What to do about a parameter that the target lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnsupportedPolicy {
    /// Leave it out and say so in `meta.warnings`.
    #[default]
    Warn,
    /// Fail with `unsupported` before anything is sent.
    Error,
}

/// Prompt caching marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheMode {
    /// Carry the caller's marks.
    #[default]
    Auto,
    /// Send no marks.
    Off,
}

/// OpenAI's `stream_options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Give the caller a last chunk with the usage. The completion has it in any case.
    #[serde(default)]
    pub include_usage: bool,
}

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $type:ty $(, $with:ident)?;)+) => {
        /// The options of a call. A field that is `None` or empty is absent; 0 is a value.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Options {
            $($(#[$doc])* pub $name: $type,)+
            /// Keys of a request body that no option has, for who reads bodies of OpenAI's clients: part of
            /// the body for a target of the openai dialect, else left out with a warning each. No option of
            /// its own: it has no name in [`Options::NAMES`] and is not in the JSON.
            pub unknown: JsonMap,
        }

        impl Options {
            /// The name of every option, as it stands in JSON.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)+];

            /// Reads the value of one option from a map under way. `false`: no option has this name.
            pub(crate) fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
                match name {
                    $(stringify!($name) => self.$name = options!(@read map $type $(, $with)?),)+
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// Takes over every field that `over` has set: lists replace, `labels` and `metadata` merge per key.
            pub(crate) fn overlay(&mut self, over: Options) {
                $(Overlay::overlay(&mut self.$name, over.$name);)+
                self.unknown.extend(over.unknown);
            }

            /// True where some field is set in both.
            pub(crate) fn shares_field_with(&self, other: &Options) -> bool {
                $((self.$name.is_set() && other.$name.is_set()))||+
            }

            /// True where no field is set.
            pub(crate) fn is_empty(&self) -> bool {
                $(!self.$name.is_set())&&+ && self.unknown.is_empty()
            }
        }

        /// The fields that are set, under their names.
        impl Serialize for Options {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $(if self.$name.is_set() { map.serialize_entry(stringify!($name), &self.$name)?; })+
                map.end()
            }
        }

        macro_rules! setters {
            ($field:ident) => {
                $(
                    #[doc = concat!("Sets [`Options::", stringify!($name), "`](crate::chat::Options::", stringify!($name), ").")]
                    #[must_use]
                    pub fn $name(mut self, value: impl crate::chat::options::IntoOption<$type>) -> Self {
                        self.$field.$name = value.into_option();
                        self
                    }
                )+
            };
        }
        pub(crate) use setters;
    };
    (@read $map:ident $type:ty) => { $map.next_value::<Option<$type>>()?.unwrap_or_default() };
    (@read $map:ident $type:ty, $with:ident) => { $map.next_value::<$with>()?.0 };
}

/// What a setter takes: the field's own type, or the plain value inside its `Option`.
pub trait IntoOption<T> {
    /// The field's value.
    fn into_option(self) -> T;
}

impl<T, V: Into<T>> IntoOption<Option<T>> for V {
    fn into_option(self) -> Option<T> {
        Some(self.into())
    }
}

impl IntoOption<JsonMap> for JsonMap {
    fn into_option(self) -> JsonMap {
        self
    }
}

impl IntoOption<Vec<String>> for Vec<String> {
    fn into_option(self) -> Vec<String> {
        self
    }
}

impl IntoOption<Vec<String>> for &str {
    fn into_option(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl IntoOption<Vec<String>> for String {
    fn into_option(self) -> Vec<String> {
        vec![self]
    }
}

impl<const N: usize> IntoOption<Vec<String>> for [&str; N] {
    fn into_option(self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

options! {
    /// Model names in the order to try, as `provider/model`, alias, project or bare id. Empty: the
    /// prompt's, project's or engine's default.
    model: Vec<String>, OneOrMany;
    /// The call's project.
    project: Option<String>;
    /// Sampling temperature, 0 to 2.
    temperature: Option<f64>;
    /// Nucleus sampling, 0 to 1.
    top_p: Option<f64>;
    /// Sample among this many likeliest tokens.
    top_k: Option<u64>;
    /// -2 to 2.
    frequency_penalty: Option<f64>;
    /// -2 to 2.
    presence_penalty: Option<f64>;
    /// Seed for repeatable sampling, where the host has it.
    seed: Option<i64>;
    /// Return log probabilities.
    logprobs: Option<bool>;
    /// How many likely tokens per place, 0 to 20; needs `logprobs`.
    top_logprobs: Option<u32>;
    /// Token id to bias, -100 to 100.
    logit_bias: Option<JsonMap>;
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`, as far as the model knows them.
    reasoning_effort: Option<String>;
    /// Most tokens to think.
    thinking_budget: Option<i64>;
    /// Allow several tool calls in one turn.
    parallel_tool_calls: Option<bool>;
    /// `low`, `medium` or `high`.
    verbosity: Option<String>;
    /// The host's service tier.
    service_tier: Option<String>;
    /// Predicted output.
    prediction: Option<Value>;
    /// Output modalities, for example `["text", "audio"]`.
    modalities: Option<Vec<String>>;
    /// Voice and format of spoken output.
    audio: Option<Value>;
    /// Key for the host's prompt cache.
    prompt_cache_key: Option<String>;
    /// Stable id of the end user for the host's safety systems.
    safety_identifier: Option<String>;
    /// Options of the host's web search.
    web_search_options: Option<Value>;
    /// How many choices, from 1. A target that gives only one is `unsupported`.
    n: Option<u32>;
    /// Most tokens to answer; -1 leaves it out, or takes the catalogue's limit where the host requires one.
    max_tokens: Option<i64>;
    /// The same under OpenAI's newer name; both and different is an error.
    max_completion_tokens: Option<i64>;
    /// Texts that end the answer.
    stop: Vec<String>, OneOrMany;
    /// Tools: definitions, or switches of registered ones. `Some(vec![])` sends none.
    tools: Option<Vec<Tool>>;
    /// `false`: no registered tool is sent.
    use_tools: Option<bool>;
    /// Which tool must be called.
    tool_choice: Option<ToolChoice>;
    /// The format of the answer.
    response_format: Option<ResponseFormat>;
    /// Prompt caching marks.
    cache: Option<CacheMode>;
    /// What a stream reports.
    stream_options: Option<StreamOptions>;
    /// Groups calls: 1 to 256 characters; a UUID v4 when absent. Loads no history.
    session_id: Option<String>;
    /// End-user id.
    user: Option<String>;
    /// Key of a campaign to take part in whatever its split.
    ab_campaign: Option<String>;
    /// Unit of assignment; default `user`, else a given `session_id`, else random.
    assignment_key: Option<String>;
    /// Kept on the recording: at most 16, keys of at most 64 and values of at most 512 characters.
    labels: JsonMap;
    /// Alias of `labels`, which win per key.
    metadata: JsonMap;
    /// Kept on the recording.
    tags: Vec<String>;
    /// Renders the project's system prompt template.
    system_prompt_args: Option<JsonMap>;
    /// `false`: no recording, and not counted anywhere.
    store: Option<bool>;
    /// `true`: a recording without prompt, variables or answer.
    do_not_record: Option<bool>;
    /// Milliseconds a target has until its first delta; 0 is absent.
    max_ttft_ms: Option<u64>;
    /// Milliseconds without a first delta until the next target starts beside it; 0 is absent.
    hedge_after_ms: Option<u64>;
    /// Milliseconds for the whole call, waits and fallbacks included.
    timeout_ms: Option<u64>;
    /// Milliseconds between events of a stream.
    idle_timeout_ms: Option<u64>;
    /// Retries on one target.
    max_retries: Option<u32>;
    /// What to do about a parameter that the target lacks.
    unsupported: Option<UnsupportedPolicy>;
    /// Codes of errors that fall back although they would not.
    fallback_on: Option<Vec<String>>;
    /// Merged into the provider's request body last.
    extra_body: JsonMap;
    /// Sent as headers, checked first.
    extra_headers: JsonMap;
}

impl Options {
    /// The token limit under either name; -1 counts as absent.
    pub fn token_limit(&self) -> Option<i64> {
        self.max_completion_tokens
            .or(self.max_tokens)
            .filter(|limit| *limit >= 0)
    }
}

trait Overlay {
    fn overlay(&mut self, over: Self);
    fn is_set(&self) -> bool;
}

impl<T> Overlay for Option<T> {
    fn overlay(&mut self, over: Self) {
        if over.is_some() {
            *self = over;
        }
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }
}

impl<T> Overlay for Vec<T> {
    fn overlay(&mut self, over: Self) {
        if !over.is_empty() {
            *self = over;
        }
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }
}

impl Overlay for JsonMap {
    fn overlay(&mut self, over: Self) {
        self.extend(over);
    }

    fn is_set(&self) -> bool {
        !self.is_empty()
    }
}

/// A string, or a list of strings.
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor;
        impl<'de> Visitor<'de> for OneOrManyVisitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_unit<E: de::Error>(self) -> Result<OneOrMany, E> {
                Ok(OneOrMany(Vec::new()))
            }
            fn visit_none<E: de::Error>(self) -> Result<OneOrMany, E> {
                Ok(OneOrMany(Vec::new()))
            }
            fn visit_some<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<OneOrMany, D::Error> {
                deserializer.deserialize_any(self)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany(texts))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}
