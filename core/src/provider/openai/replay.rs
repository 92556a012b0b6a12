//! What must come back with a replayed turn: OpenRouter's `reasoning_details`, Google's `extra_content` of a call,
//! the form of a custom call. It travels in the message's `provider_state` and names the host that made it, since
//! the hosts of this dialect do not read each other's.

use serde_json::Value;

use crate::chat::{JsonMap, Message};
use crate::provider::{own_state, provider_state};

const HOST: &str = "host";
const DETAILS: &str = "reasoning_details";
const CALLS: &str = "tool_calls";

/// Wraps replay data; `None` where there is none.
pub(super) fn state(
    family: &str,
    base_url: &str,
    details: &[Value],
    calls: JsonMap,
) -> Option<Value> {
    if details.is_empty() && calls.is_empty() {
        return None;
    }
    let mut data = JsonMap::new();
    data.insert(HOST.into(), host(base_url).into());
    if !details.is_empty() {
        data.insert(DETAILS.into(), Value::Array(details.to_vec()));
    }
    if !calls.is_empty() {
        data.insert(CALLS.into(), Value::Object(calls));
    }
    Some(provider_state(family, Value::Object(data)))
}

/// Replay data of a message that this host made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay<'a>(&'a Value);

impl<'a> Replay<'a> {
    /// The data of a message, where it is from this host.
    pub(super) fn of(message: &'a Message, family: &str, base_url: &str) -> Option<Self> {
        let data = own_state(message, family)?;
        (data.get(HOST)?.as_str()? == host(base_url)).then_some(Replay(data))
    }

    /// The reasoning blocks.
    pub(super) fn details(self) -> Option<&'a Value> {
        self.0.get(DETAILS)
    }

    /// What belongs to the call with this id.
    pub(super) fn call(self, id: &str) -> Option<&'a Value> {
        self.0.get(CALLS)?.get(id)
    }
}

/// Host and port of a URL.
fn host(base_url: &str) -> &str {
    let rest = base_url
        .split_once("://")
        .map_or(base_url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    &rest[..end]
}

/// Adds reasoning blocks to those so far; in a stream, blocks of text come in pieces under one index.
pub(super) fn add_details(all: &mut Vec<Value>, new: Vec<Value>, whole: bool) {
    for block in new {
        let Value::Object(mut block) = block else {
            continue;
        };
        block.retain(|_, value| !value.is_null());
        let same = |known: &&mut Value| {
            let same = |key: &str| known.get(key) == block.get(key);
            same("type") && same("index") && is_in_pieces(&block)
        };
        match all.last_mut().filter(same) {
            Some(Value::Object(known)) if !whole => join(known, block),
            _ => all.push(Value::Object(block)),
        }
    }
}

fn is_in_pieces(block: &JsonMap) -> bool {
    matches!(
        block.get("type").and_then(Value::as_str),
        Some("reasoning.text" | "reasoning.summary")
    )
}

fn join(known: &mut JsonMap, piece: JsonMap) {
    for (key, value) in piece {
        match (known.get_mut(&key), value) {
            (Some(Value::String(text)), Value::String(more))
                if matches!(key.as_str(), "text" | "summary") =>
            {
                text.push_str(&more);
            }
            // A signature comes once, between empty ones.
            (_, Value::String(text)) if text.is_empty() => {}
            (_, value) => {
                known.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_of_a_block_join_and_others_stay_apart() {
        let mut all = Vec::new();
        let text = |text: &str| json!({"type": "reasoning.text", "index": 0, "text": text, "signature": null});
        add_details(&mut all, vec![text("a")], false);
        add_details(&mut all, vec![text("b")], false);
        let signed = json!({"type": "reasoning.text", "index": 0, "signature": "s"});
        add_details(&mut all, vec![signed], false);
        let secret = json!({"type": "reasoning.encrypted", "index": 0, "data": "x"});
        add_details(&mut all, vec![secret.clone(), secret.clone()], false);
        let joined = json!({"type": "reasoning.text", "index": 0, "text": "ab", "signature": "s"});
        assert_eq!(all, [joined, secret.clone(), secret]);
    }

    #[test]
    fn state_goes_back_to_its_own_host_only() {
        let details = [json!({"type": "reasoning.text"})];
        let message = Message {
            provider_state: state("openai", "https://a.example/v1", &details, JsonMap::new()),
            ..Message::default()
        };
        assert!(Replay::of(&message, "openai", "https://a.example/v2?x=1").is_some());
        assert!(Replay::of(&message, "openai", "https://b.example/v1").is_none());
        assert!(Replay::of(&message, "gemini", "https://a.example/v1").is_none());
        assert_eq!(state("openai", "", &[], JsonMap::new()), None);
    }
}
