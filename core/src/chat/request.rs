//! What a caller asks for: messages with options, or a stored prompt with variables and options.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::options::setters;
use super::{
    CacheMode, JsonMap, Message, Options, ResponseFormat, StreamOptions, Tool, ToolChoice,
    UnsupportedPolicy,
};

/// A call of `chat` or `chat_stream`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
    /// The conversation.
    pub messages: Vec<Message>,
    /// Everything else.
    pub options: Options,
}

/// A call of `run_prompt` or `run_prompt_stream`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PromptRequest {
    /// Which prompt: `name`, `dir/name` or `workspace/project/prompt`.
    pub slug: String,
    /// The template's variables.
    pub variables: JsonMap,
    /// The environment; `production` when absent.
    pub environment: Option<String>,
    /// A version by number, instead of the environment's.
    pub version: Option<u64>,
    /// A variant by name.
    pub variant: Option<String>,
    /// Appended after the template, not rendered.
    pub messages: Vec<Message>,
    /// Replaces the stored template and is rendered; an empty list is no template.
    pub template: Option<Vec<Message>>,
    /// Everything else.
    pub options: Options,
}

impl ChatRequest {
    /// A request with one user message.
    pub fn new(message: impl Into<String>) -> Self {
        ChatRequest {
            messages: vec![Message::user(message.into())],
            options: Options::default(),
        }
    }

    /// A request with these messages.
    pub fn from_messages(messages: Vec<Message>) -> Self {
        ChatRequest {
            messages,
            options: Options::default(),
        }
    }

    /// Names of the fields beside the options.
    pub const NAMES: &'static [&'static str] = &["messages"];

    setters!(options);
}

impl PromptRequest {
    /// A call of the prompt with this slug.
    pub fn new(slug: impl Into<String>) -> Self {
        PromptRequest {
            slug: slug.into(),
            ..PromptRequest::default()
        }
    }

    /// Names of the fields beside the options.
    pub const NAMES: &'static [&'static str] = &[
        "slug",
        "variables",
        "environment",
        "version",
        "variant",
        "messages",
        "template",
    ];

    /// Sets one variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets the environment.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the variant.
    #[must_use]
    pub fn variant(mut self, variant: impl Into<String>) -> Self {
        self.variant = Some(variant.into());
        self
    }

    /// Sets the messages after the template.
    #[must_use]
    pub fn messages(mut self, messages: Vec<Message>) -> Self {
        self.messages = messages;
        self
    }

    setters!(options);
}

/// What `messages` may be: a string is one user message.
struct Messages(Vec<Message>);

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessagesVisitor;
        impl<'de> Visitor<'de> for MessagesVisitor {
            type Value = Messages;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or a list of messages")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Messages, E> {
                Ok(Messages(Vec::new()))
            }
            fn visit_none<E: de::Error>(self) -> Result<Messages, E> {
                Ok(Messages(Vec::new()))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Messages, E> {
                Ok(Messages(vec![Message::user(text)]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Messages, A::Error> {
                let mut messages = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
                while let Some(message) = seq.next_element()? {
                    messages.push(message);
                }
                Ok(Messages(messages))
            }
        }
        deserializer.deserialize_any(MessagesVisitor)
    }
}

/// The words an unknown option gets: the nearest name, and the verb where a verb was meant.
fn unknown_option(name: &str, known: &[&[&str]]) -> String {
    if name == "stream" {
        return "unknown option `stream`: the verbs `chat_stream` and `run_prompt_stream` stream (`chatStream` and `runPromptStream` in Node and Swift)".to_owned();
    }
    let near = crate::nearest::nearest(name, known.iter().flat_map(|names| names.iter().copied()));
    match near {
        Some(near) => format!("unknown option `{name}`: did you mean `{near}`?"),
        None => format!("unknown option `{name}`"),
    }
}

impl<'de> Deserialize<'de> for ChatRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestVisitor;
        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = ChatRequest;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with `messages` and options")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChatRequest, A::Error> {
                let mut request = ChatRequest::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if name == "messages" {
                        request.messages = map.next_value::<Messages>()?.0;
                    } else if !request.options.read(&name, &mut map)? {
                        return Err(de::Error::custom(unknown_option(
                            &name,
                            &[ChatRequest::NAMES, Options::NAMES],
                        )));
                    }
                }
                Ok(request)
            }
        }
        deserializer.deserialize_map(RequestVisitor)
    }
}

impl<'de> Deserialize<'de> for PromptRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestVisitor;
        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = PromptRequest;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with `slug`, `variables` and options")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PromptRequest, A::Error> {
                let mut request = PromptRequest::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match name.as_ref() {
                        "slug" => request.slug = map.next_value()?,
                        "variables" => {
                            request.variables = map.next_value::<Option<_>>()?.unwrap_or_default()
                        }
                        "environment" => request.environment = map.next_value()?,
                        "version" => request.version = map.next_value()?,
                        "variant" => request.variant = map.next_value()?,
                        "messages" => request.messages = map.next_value::<Messages>()?.0,
                        "template" => request.template = map.next_value()?,
                        _ => {
                            if !request.options.read(&name, &mut map)? {
                                let known = [PromptRequest::NAMES, Options::NAMES];
                                return Err(de::Error::custom(unknown_option(&name, &known)));
                            }
                        }
                    }
                }
                Ok(request)
            }
        }
        deserializer.deserialize_map(RequestVisitor)
    }
}
