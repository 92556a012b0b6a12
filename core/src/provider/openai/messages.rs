//! The messages and tools of a request as they are written: roles, parts, calls and replay data by the quirks of
//! the host. Keys that are for this library alone (`metadata`, `completion_id`, `id`, `annotations`) stay here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::encode::Body;
use super::replay::Replay;
use crate::chat::{Content, FunctionDefinition, Message, Part, Role, Tool, ToolCall};
use crate::provider::Quirks;

/// The conversation of a body.
pub(super) struct Messages<'a>(pub(super) &'a Body<'a>);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let messages = self.0.call.messages;
        let mut seq = serializer.serialize_seq(Some(messages.len()))?;
        for message in messages {
            seq.serialize_element(&WireMessage {
                message,
                body: self.0,
            })?;
        }
        seq.end()
    }
}

struct WireMessage<'a> {
    message: &'a Message,
    body: &'a Body<'a>,
}

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WireMessage { message, body } = self;
        let quirks = body.quirks;
        let role = match message.role {
            Role::Developer if !quirks.developer_role => Role::System,
            Role::System if body.system_as_developer => Role::Developer,
            role => role,
        };
        let refusal = message
            .refusal
            .as_deref()
            .filter(|refusal| !refusal.is_empty());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", role.as_str())?;
        match (&message.content, refusal) {
            (None, Some(refusal)) if !quirks.assistant_extras => {
                map.serialize_entry("content", refusal)?;
            }
            (Some(Content::Parts(parts)), _) => {
                map.serialize_entry("content", &Parts(body, parts))?;
            }
            // An answer that was cut before it said anything; null would be refused.
            (None, None) if message.tool_calls.is_empty() && message.function_call.is_none() => {
                map.serialize_entry("content", "")?;
            }
            (content, _) => map.serialize_entry("content", content)?,
        }
        if let Some(name) = &message.name {
            map.serialize_entry("name", name)?;
        }
        let base_url = &body.call.target.provider.base_url;
        let replay = Replay::of(message, body.family, base_url);
        if !message.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &Calls(body, &message.tool_calls, replay))?;
        }
        if let Some(call) = &message.function_call {
            map.serialize_entry("function_call", call)?;
        }
        if let Some(id) = &message.tool_call_id {
            map.serialize_entry("tool_call_id", &tool_id(id, quirks))?;
        }
        if message.role == Role::Assistant {
            if quirks.assistant_extras {
                if let Some(refusal) = refusal {
                    map.serialize_entry("refusal", refusal)?;
                }
                // A spoken turn comes back by its id alone.
                if let Some(id) = message.audio.as_ref().and_then(|audio| audio.get("id")) {
                    map.serialize_entry("audio", &BTreeMap::from([("id", id)]))?;
                }
            }
            if let Some(text) = &message.reasoning_content {
                let of_others = message.provider_state.is_some() && replay.is_none();
                if quirks.replay_reasoning && !message.tool_calls.is_empty() && !of_others {
                    map.serialize_entry("reasoning_content", text)?;
                }
            }
            if let Some(details) = replay.and_then(Replay::details) {
                map.serialize_entry("reasoning_details", details)?;
            }
        }
        for (key, value) in &message.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

struct Parts<'a>(&'a Body<'a>, &'a [Part]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts(body, parts) = self;
        let mut seq = serializer.serialize_seq(Some(parts.len()))?;
        for part in *parts {
            match part {
                Part::Refusal { refusal } if !body.quirks.assistant_extras => {
                    seq.serialize_element(&Part::text(refusal))?;
                }
                part if part.cache_control().is_some() && !body.marks => {
                    seq.serialize_element(&without_mark(part))?;
                }
                part => seq.serialize_element(part)?,
            }
        }
        seq.end()
    }
}

/// The part without its caching mark. A copy, but only of parts that somebody marked for another host.
fn without_mark(part: &Part) -> Part {
    let mut part = part.clone();
    match &mut part {
        Part::Text { cache_control, .. }
        | Part::ImageUrl { cache_control, .. }
        | Part::InputAudio { cache_control, .. }
        | Part::File { cache_control, .. } => *cache_control = None,
        Part::Other(map) => {
            map.shift_remove("cache_control");
        }
        Part::Refusal { .. } => {}
    }
    part
}

/// Its tools.
pub(super) struct Tools<'a>(pub(super) &'a Body<'a>, pub(super) &'a [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Function<'a> {
            r#type: &'static str,
            function: &'a FunctionDefinition,
        }
        let Tools(body, tools) = self;
        let mut seq = serializer.serialize_seq(None)?;
        for tool in *tools {
            match tool {
                // Resolved before; nothing a host would understand.
                Tool::Switch { .. } => {}
                Tool::Function {
                    function,
                    cache_control: Some(_),
                } if !body.marks => seq.serialize_element(&Function {
                    r#type: "function",
                    function,
                })?,
                tool => seq.serialize_element(tool)?,
            }
        }
        seq.end()
    }
}

struct Calls<'a>(&'a Body<'a>, &'a [ToolCall], Option<Replay<'a>>);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Calls(body, calls, replay) = self;
        let mut seq = serializer.serialize_seq(Some(calls.len()))?;
        for call in *calls {
            let replay = replay.and_then(|replay| replay.call(&call.id));
            seq.serialize_element(&WireCall(call, body.quirks, replay))?;
        }
        seq.end()
    }
}

struct WireCall<'a>(&'a ToolCall, &'a Quirks, Option<&'a Value>);

impl Serialize for WireCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Custom<'a> {
            name: &'a str,
            input: &'a str,
        }
        let WireCall(call, quirks, replay) = self;
        let of_replay = |key: &str| replay.and_then(|replay| replay.get(key));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &tool_id(&call.id, quirks))?;
        if of_replay("type")
            .or(call.extra.get("type"))
            .and_then(Value::as_str)
            == Some("custom")
        {
            map.serialize_entry("type", "custom")?;
            let custom = Custom {
                name: &call.function.name,
                input: &call.function.arguments,
            };
            map.serialize_entry("custom", &custom)?;
        } else {
            map.serialize_entry("type", "function")?;
            map.serialize_entry("function", &call.function)?;
        }
        if let Some(extra) = of_replay("extra_content") {
            map.serialize_entry("extra_content", extra)?;
        }
        for (key, value) in call.extra.iter().filter(|(key, _)| *key != "type") {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The id of a call, in nine letters or digits where the host wants it so: the same on call and result.
fn tool_id<'a>(id: &'a str, quirks: &Quirks) -> Cow<'a, str> {
    const LENGTH: usize = 9;
    let fits = id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !quirks.short_tool_ids || fits {
        return Cow::Borrowed(id);
    }
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let digest = Sha256::digest(id.as_bytes());
    let short = digest
        .iter()
        .take(LENGTH)
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Cow::Owned(short.collect())
}
