//! Replay data of an assistant turn: its blocks in their order, so that the next request can send
//! them back unchanged. Text and tool calls live in the message and are only referred to; thinking,
//! redacted thinking, server tools and unknown blocks are kept whole.
//!
//! The form is a list: `{"text": BYTES}`, with `citations` where there are any; `{"tool_use": ID}`;
//! every other entry is a block as the API gave it. A turn of text and calls alone needs none.

use serde_json::Value;

use crate::chat::{JsonMap, Message};
use crate::provider::{own_state, provider_state};

use super::FAMILY;

/// Collects the blocks of one answer.
#[derive(Debug, Default)]
pub(super) struct Replay {
    entries: Vec<Value>,
    needed: bool,
    called: bool,
}

impl Replay {
    /// A text block of so many bytes.
    pub(super) fn text(&mut self, bytes: usize, citations: Vec<Value>) {
        if bytes == 0 {
            return;
        }
        // Text after a call would come before it, were the turn rebuilt from the message alone.
        self.needed |= self.called || !citations.is_empty();
        let mut entry = JsonMap::new();
        entry.insert("text".into(), bytes.into());
        if !citations.is_empty() {
            entry.insert("citations".into(), Value::Array(citations));
        }
        self.entries.push(Value::Object(entry));
    }

    /// A tool call; `caller` where the model's own code called it.
    pub(super) fn tool_use(&mut self, id: &str, caller: Option<Value>) {
        self.called = true;
        let mut entry = JsonMap::new();
        entry.insert("tool_use".into(), id.into());
        if let Some(caller) = caller.filter(|caller| caller["type"] != "direct") {
            self.needed = true;
            entry.insert("caller".into(), caller);
        }
        self.entries.push(Value::Object(entry));
    }

    /// A block that is kept whole.
    pub(super) fn block(&mut self, block: Value) {
        self.needed = true;
        self.entries.push(block);
    }

    /// The message's `provider_state`.
    pub(super) fn into_state(self) -> Option<Value> {
        self.needed
            .then(|| provider_state(FAMILY, Value::Array(self.entries)))
    }
}

/// One block of a turn to be replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Entry<'a> {
    /// The next so many bytes of the content.
    Text(usize, Option<&'a Value>),
    /// The call with this id.
    ToolUse(&'a str, Option<&'a Value>),
    /// As it is.
    Block(&'a Value),
}

/// The entries of a message, where this dialect answered it.
pub(super) fn entries(message: &Message) -> Option<Vec<Entry<'_>>> {
    let list = own_state(message, FAMILY)?.as_array()?;
    Some(list.iter().filter_map(entry).collect())
}

fn entry(value: &Value) -> Option<Entry<'_>> {
    if value.get("type").is_some_and(Value::is_string) {
        return Some(Entry::Block(value));
    }
    if let Some(bytes) = value.get("text").and_then(Value::as_u64) {
        return Some(Entry::Text(
            usize::try_from(bytes).ok()?,
            value.get("citations"),
        ));
    }
    let id = value.get("tool_use")?.as_str()?;
    Some(Entry::ToolUse(id, value.get("caller")))
}
