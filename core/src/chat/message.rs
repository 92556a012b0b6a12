//! One turn of a conversation.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Content, FunctionCall, JsonMap, Part, ToolCall};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, OpenAI's newer word; sent as `system` where a host knows only that.
    Developer,
    /// The user.
    #[default]
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
    /// The result of a legacy function call.
    Function,
}

impl Role {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            Role::Function => "function",
        }
    }

    /// The role with this word on the wire.
    pub fn from_word(word: &str) -> Option<Role> {
        Some(match word {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "tool" => Role::Tool,
            "function" => Role::Function,
            _ => return None,
        })
    }

    /// True for `system` and `developer`.
    pub const fn is_instruction(self) -> bool {
        matches!(self, Role::System | Role::Developer)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message, of a request or of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; `None` where there are only tool calls.
    pub content: Option<Content>,
    /// The provider's id of the message, where it has one.
    pub id: Option<String>,
    /// Name of the speaker.
    pub name: Option<String>,
    /// Calls the model makes.
    pub tool_calls: Vec<ToolCall>,
    /// Which call a `tool` message answers.
    pub tool_call_id: Option<String>,
    /// Legacy form of a single call.
    pub function_call: Option<FunctionCall>,
    /// The model's refusal, where it refused in words.
    pub refusal: Option<String>,
    /// The model's reasoning in words, where the host shows it.
    pub reasoning_content: Option<String>,
    /// Citations and the like, as the provider gave them.
    pub annotations: Vec<Value>,
    /// Spoken answer, as the provider gave it.
    pub audio: Option<Value>,
    /// Kept on the recording, never sent.
    pub metadata: JsonMap,
    /// The completion this replayed turn came from; never sent.
    pub completion_id: Option<String>,
    /// Opaque replay data such as reasoning signatures; sent back only to the family that made it.
    pub provider_state: Option<Value>,
    /// Keys this library does not know; sent as they are to an OpenAI-format host.
    pub extra: JsonMap,
}

impl Message {
    /// A message with text content.
    pub fn new(role: Role, content: impl Into<Content>) -> Self {
        Message {
            role,
            content: Some(content.into()),
            ..Message::default()
        }
    }

    /// A system message.
    pub fn system(content: impl Into<Content>) -> Self {
        Message::new(Role::System, content)
    }

    /// A user message.
    pub fn user(content: impl Into<Content>) -> Self {
        Message::new(Role::User, content)
    }

    /// An assistant message.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Message::new(Role::Assistant, content)
    }

    /// The result of a tool call.
    pub fn tool(tool_call_id: impl Into<String>, content: impl Into<Content>) -> Self {
        Message {
            tool_call_id: Some(tool_call_id.into()),
            ..Message::new(Role::Tool, content)
        }
    }

    /// The text of the content, `""` where there is none.
    pub fn text(&self) -> String {
        self.content.as_ref().map(Content::text).unwrap_or_default()
    }

    /// The parts of the content, plain text as one part.
    pub fn parts(&self) -> Vec<Part> {
        match &self.content {
            None => Vec::new(),
            Some(Content::Text(text)) => vec![Part::text(text.clone())],
            Some(Content::Parts(parts)) => parts.clone(),
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", &self.role)?;
        map.serialize_entry("content", &self.content)?;
        for (key, value) in [
            ("id", &self.id),
            ("name", &self.name),
            ("refusal", &self.refusal),
            ("reasoning_content", &self.reasoning_content),
        ] {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        if !self.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &self.tool_calls)?;
        }
        if let Some(call) = &self.function_call {
            map.serialize_entry("function_call", call)?;
        }
        if let Some(id) = &self.tool_call_id {
            map.serialize_entry("tool_call_id", id)?;
        }
        if !self.annotations.is_empty() {
            map.serialize_entry("annotations", &self.annotations)?;
        }
        if let Some(audio) = &self.audio {
            map.serialize_entry("audio", audio)?;
        }
        if !self.metadata.is_empty() {
            map.serialize_entry("metadata", &self.metadata)?;
        }
        if let Some(id) = &self.completion_id {
            map.serialize_entry("completion_id", id)?;
        }
        if let Some(state) = &self.provider_state {
            map.serialize_entry("provider_state", state)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor;
        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Message;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message (an object with `role` and `content`)")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
                let mut message = Message::default();
                let mut role = None;
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match key.as_ref() {
                        "role" => role = Some(map.next_value()?),
                        "content" => message.content = map.next_value()?,
                        "id" => message.id = map.next_value()?,
                        "name" => message.name = map.next_value()?,
                        "tool_calls" => {
                            message.tool_calls = map.next_value::<Option<_>>()?.unwrap_or_default()
                        }
                        "tool_call_id" => message.tool_call_id = map.next_value()?,
                        "function_call" => message.function_call = map.next_value()?,
                        "refusal" => message.refusal = map.next_value()?,
                        "reasoning_content" => message.reasoning_content = map.next_value()?,
                        "annotations" => {
                            message.annotations = map.next_value::<Option<_>>()?.unwrap_or_default()
                        }
                        "audio" => message.audio = map.next_value()?,
                        "metadata" => {
                            message.metadata = map.next_value::<Option<_>>()?.unwrap_or_default()
                        }
                        "completion_id" => message.completion_id = map.next_value()?,
                        "provider_state" => message.provider_state = map.next_value()?,
                        _ => {
                            let key = key.into_owned();
                            message.extra.insert(key, map.next_value()?);
                        }
                    }
                }
                message.role = role.ok_or_else(|| de::Error::missing_field("role"))?;
                Ok(message)
            }
        }
        deserializer.deserialize_map(MessageVisitor)
    }
}
