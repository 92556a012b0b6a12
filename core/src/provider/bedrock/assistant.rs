//! The model's own turns: words and calls, or a turn that Converse gave, rebuilt block by block.

use std::borrow::Cow;

use super::models;
use super::replay::{self, Entry};
use super::turns::{Builder, text};
use super::types::{Block, Input, Reasoning, SignedText, ToolUse};
use crate::chat::{FunctionCall, Message};
use crate::error::Result;
use crate::provider::{arguments, turns};

impl<'a> Builder<'a, '_, '_> {
    pub(super) fn assistant(&mut self, place: usize, message: &'a Message) -> Result<()> {
        let blocks = match replay::entries(message) {
            Some(entries) => self.replayed(place, message, &entries)?,
            None => {
                let mut blocks = self.said(place, message)?;
                self.calls(place, message, &mut blocks)?;
                blocks
            }
        };
        self.push("assistant", blocks);
        Ok(())
    }

    /// What an assistant turn says in words; a refusal counts where there is nothing else.
    fn said(&mut self, place: usize, message: &'a Message) -> Result<Vec<Block<'a>>> {
        let mut blocks = self.parts(place, message)?;
        if blocks.is_empty()
            && let Some(refusal) = &message.refusal
        {
            blocks.extend(text(refusal));
        }
        Ok(blocks)
    }

    fn calls(
        &mut self,
        place: usize,
        message: &'a Message,
        blocks: &mut Vec<Block<'a>>,
    ) -> Result<()> {
        for index in 0..message.tool_calls.len() {
            blocks.extend(self.call(place, index, message, None)?);
        }
        if let Some(function) = &message.function_call {
            let param = format!("messages[{place}].function_call");
            let id = Cow::Owned(format!("function_{place}"));
            blocks.push(self.use_of(id, function, None, &param)?);
        }
        Ok(())
    }

    fn call(
        &mut self,
        place: usize,
        index: usize,
        message: &'a Message,
        kind: Option<&'a str>,
    ) -> Result<Option<Block<'a>>> {
        let Some(call) = message.tool_calls.get(index) else {
            return Ok(None);
        };
        let path = format!("messages[{place}].tool_calls[{index}]");
        turns::has_id(&call.id, &path)?;
        let param = format!("{path}.function");
        let block = self.use_of(Cow::Borrowed(&call.id), &call.function, kind, &param)?;
        Ok(Some(block))
    }

    fn use_of(
        &mut self,
        id: Cow<'a, str>,
        function: &'a FunctionCall,
        kind: Option<&'a str>,
        param: &str,
    ) -> Result<Block<'a>> {
        let id = match id {
            Cow::Borrowed(id) => models::wire_id(id, self.short_ids),
            Cow::Owned(id) => Cow::Owned(models::wire_id(&id, self.short_ids).into_owned()),
        };
        self.known.add(id.clone(), &function.name);
        self.conversation.called.push(&function.name);
        let input = arguments::object(&function.arguments, &format!("{param}.arguments"))?;
        Ok(Block::ToolUse(ToolUse {
            tool_use_id: id,
            name: &function.name,
            input: Input(input),
            kind,
        }))
    }

    /// A turn that Converse gave: its blocks in their old order. Where the message was changed since, what is
    /// kept whole comes first, as reasoning must stand before what it led to.
    fn replayed(
        &mut self,
        place: usize,
        message: &'a Message,
        entries: &[Entry<'a>],
    ) -> Result<Vec<Block<'a>>> {
        let said = turns::text(message);
        let thought = message.reasoning_content.as_deref().unwrap_or_default();
        let unchanged = is_unchanged(message, &said, entries);
        let thought_unchanged = reasoning_bytes(entries) == thought.len();
        let mut blocks = Vec::with_capacity(entries.len());
        let (mut said_to, mut thought_to, mut calls) = (0, 0, 0);
        for entry in entries {
            match entry {
                Entry::Reasoning(bytes, signature) => {
                    let text = next(thought, &mut thought_to, *bytes);
                    // Unsigned reasoning is not sent back: some models take it for their answer.
                    if let (true, Some(text), Some(signature)) =
                        (thought_unchanged, text, signature)
                    {
                        blocks.push(Block::ReasoningContent(Reasoning {
                            reasoning_text: SignedText { text, signature },
                        }));
                    }
                }
                Entry::Raw(block) => blocks.push(Block::Raw(block)),
                Entry::Text(bytes) if unchanged => {
                    let piece = turns::next(&said, &mut said_to, *bytes);
                    blocks.extend(piece.map(Block::Text));
                }
                Entry::ToolUse(_, kind) if unchanged => {
                    blocks.extend(self.call(place, calls, message, *kind)?);
                    calls += 1;
                }
                Entry::Text(_) | Entry::ToolUse(..) => {}
            }
        }
        if !unchanged {
            blocks.append(&mut self.said(place, message)?);
            self.calls(place, message, &mut blocks)?;
        }
        Ok(blocks)
    }
}

/// The next so many bytes of a text.
fn next<'a>(text: &'a str, from: &mut usize, bytes: usize) -> Option<&'a str> {
    let to = from.checked_add(bytes)?;
    text.get(std::mem::replace(from, to)..to)
}

fn reasoning_bytes(entries: &[Entry<'_>]) -> usize {
    entries.iter().fold(0usize, |sum, entry| match entry {
        Entry::Reasoning(bytes, _) => sum.saturating_add(*bytes),
        _ => sum,
    })
}

/// Whether the message still says what its blocks said.
fn is_unchanged(message: &Message, said: &str, entries: &[Entry<'_>]) -> bool {
    let mut bytes = 0usize;
    let mut calls = message.tool_calls.iter();
    for entry in entries {
        match entry {
            Entry::Text(more) => bytes = bytes.saturating_add(*more),
            Entry::ToolUse(id, _) if calls.next().is_none_or(|call| call.id != *id) => {
                return false;
            }
            _ => {}
        }
    }
    bytes == said.len() && calls.next().is_none() && message.function_call.is_none()
}
