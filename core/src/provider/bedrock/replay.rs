//! Replay data of an assistant turn: its blocks in their order, so that the next request can send them back
//! unchanged. Text, reasoning and calls live in the message and are only measured here; signatures, redacted
//! reasoning and blocks of other kinds are kept.
//!
//! The form is a list: `{"text": BYTES}`, `{"reasoning": BYTES, "signature": TEXT}`, `{"toolUse": ID}` with
//! `type` where the host itself ran the tool, and every other entry a block as Converse gave it. A turn that the
//! message alone gives back needs none.

use serde_json::{Value, json};

use super::FAMILY;
use crate::chat::Message;
use crate::provider::{own_state, provider_state};

/// Collects the blocks of one answer, whole or piece by piece.
#[derive(Debug, Default)]
pub(super) struct Replay {
    blocks: Vec<(u64, Block)>,
    needed: bool,
    called: bool,
}

#[derive(Debug)]
enum Block {
    Text(usize),
    Reasoning(usize, String),
    ToolUse(String, Option<String>),
    Raw(Value),
}

impl Replay {
    /// So many bytes of text, in the block with this index.
    pub(super) fn text(&mut self, index: u64, bytes: usize) {
        match self.blocks.last_mut() {
            _ if bytes == 0 => {}
            Some((last, Block::Text(sum))) if *last == index => *sum += bytes,
            _ => {
                // Text after a call would come before it, were the turn rebuilt from the message alone.
                self.needed |= self.called;
                self.blocks.push((index, Block::Text(bytes)));
            }
        }
    }

    /// So many bytes of reasoning, and a piece of their signature.
    pub(super) fn reasoning(&mut self, index: u64, bytes: usize, signature: &str) {
        self.needed |= !signature.is_empty();
        match self.blocks.last_mut() {
            _ if bytes == 0 && signature.is_empty() => {}
            Some((last, Block::Reasoning(sum, signed))) if *last == index => {
                *sum += bytes;
                signed.push_str(signature);
            }
            _ => {
                let block = Block::Reasoning(bytes, signature.to_owned());
                self.blocks.push((index, block));
            }
        }
    }

    /// A call; `kind` where the host runs it itself.
    pub(super) fn tool_use(&mut self, index: u64, id: &str, kind: Option<&str>) {
        let kind = kind.filter(|kind| *kind != "tool_use").map(str::to_owned);
        self.called = true;
        self.needed |= kind.is_some();
        self.blocks
            .push((index, Block::ToolUse(id.to_owned(), kind)));
    }

    /// A block that is kept whole.
    pub(super) fn raw(&mut self, index: u64, block: Value) {
        self.needed = true;
        self.blocks.push((index, Block::Raw(block)));
    }

    /// The kept block with this index, to be added to.
    pub(super) fn raw_at(&mut self, index: u64) -> Option<&mut Value> {
        match self.blocks.last_mut() {
            Some((last, Block::Raw(block))) if *last == index => Some(block),
            _ => None,
        }
    }

    /// The message's `provider_state`.
    pub(super) fn state(&mut self) -> Option<Value> {
        let blocks = std::mem::take(&mut self.blocks);
        if !self.needed {
            return None;
        }
        let entries = blocks.into_iter().map(|(_, block)| match block {
            Block::Text(bytes) => json!({ "text": bytes }),
            Block::Reasoning(bytes, signature) if signature.is_empty() => {
                json!({ "reasoning": bytes })
            }
            Block::Reasoning(bytes, signature) => {
                json!({ "reasoning": bytes, "signature": signature })
            }
            Block::ToolUse(id, None) => json!({ "toolUse": id }),
            Block::ToolUse(id, Some(kind)) => json!({ "toolUse": id, "type": kind }),
            Block::Raw(block) => block,
        });
        Some(provider_state(FAMILY, entries.collect()))
    }
}

/// One block of a turn to be replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Entry<'a> {
    /// The next so many bytes of the content.
    Text(usize),
    /// The next so many bytes of the reasoning, and their signature.
    Reasoning(usize, Option<&'a str>),
    /// The call with this id.
    ToolUse(&'a str, Option<&'a str>),
    /// As it is.
    Raw(&'a Value),
}

/// The blocks of a message, where Converse answered it.
pub(super) fn entries(message: &Message) -> Option<Vec<Entry<'_>>> {
    let list = own_state(message, FAMILY)?.as_array()?;
    list.iter().map(entry).collect()
}

fn entry(value: &Value) -> Option<Entry<'_>> {
    let bytes = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if let Some(bytes) = bytes("text") {
        return Some(Entry::Text(bytes));
    }
    if let Some(bytes) = bytes("reasoning") {
        return Some(Entry::Reasoning(bytes, text("signature")));
    }
    if let Some(id) = text("toolUse") {
        return Some(Entry::ToolUse(id, text("type")));
    }
    value.is_object().then_some(Entry::Raw(value))
}
