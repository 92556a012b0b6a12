//! Messages to turns: instructions lifted into `system`, neighbours of one role merged, the results of
//! tools together before any text, and replayed turns rebuilt block by block.

use std::borrow::Cow;

use serde_json::Value;

use crate::chat::{CacheMode, Message, Role};
use crate::error::{Error, Result};
use crate::provider::Call;
use crate::provider::arguments;
use crate::provider::told::Told;
use crate::provider::turns::{self, Calls};

use super::parts;
use super::replay::{self, Entry};
use super::types::{Block, Input, Turn, Typed};

/// `system` and `messages` of a request.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
}

/// Turns the messages of a call. Errors are `invalid_request` with the path of what is wrong, or
/// `unsupported` for content the API has no place for.
pub(super) fn conversation<'a>(call: Call<'a>, told: &mut Told<'_>) -> Result<Conversation<'a>> {
    let mut builder = Builder {
        conversation: Conversation::default(),
        results: 0,
        known: Calls::default(),
        marks: call.options.cache != Some(CacheMode::Off),
        told,
    };
    for (place, message) in call.messages.iter().enumerate() {
        builder.message(place, message)?;
    }
    builder.finish()
}

struct Builder<'a, 't, 'w> {
    conversation: Conversation<'a>,
    /// How many results the last turn begins with.
    results: usize,
    known: Calls<'a>,
    /// Whether caching marks are carried.
    marks: bool,
    told: &'t mut Told<'w>,
}

impl<'a> Builder<'a, '_, '_> {
    fn message(&mut self, place: usize, message: &'a Message) -> Result<()> {
        match message.role {
            Role::System | Role::Developer => self.instruction(place, message),
            Role::User => {
                if message.name.is_some() {
                    self.told
                        .dropped("messages.name", "the Messages API has no names of speakers")?;
                }
                let blocks = self.parts(place, message)?;
                self.push("user", blocks);
                Ok(())
            }
            Role::Assistant => self.assistant(place, message),
            Role::Tool | Role::Function => self.result(place, message),
        }
    }

    fn push(&mut self, role: &'static str, mut blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        match self.conversation.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.append(&mut blocks),
            _ => {
                self.results = 0;
                self.conversation.turns.push(Turn {
                    role,
                    content: blocks,
                });
            }
        }
    }

    fn instruction(&mut self, place: usize, message: &'a Message) -> Result<()> {
        turns::only_text(place, message)?;
        let mut blocks = self.parts(place, message)?;
        if self.conversation.turns.is_empty() {
            self.conversation.system.append(&mut blocks);
        } else if !blocks.is_empty() {
            turns::late_instructions(place, self.told);
            self.push("user", blocks);
        }
        Ok(())
    }

    fn assistant(&mut self, place: usize, message: &'a Message) -> Result<()> {
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
        if let (true, Some(refusal)) = (blocks.is_empty(), &message.refusal)
            && !refusal.is_empty()
        {
            blocks.push(Block::text(refusal.as_str()));
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
        if let Some(call) = &message.function_call {
            let param = format!("messages[{place}].function_call.arguments");
            let id: Cow<'a, str> = Cow::Owned(format!("function_{place}"));
            self.known.add(id.clone(), &call.name);
            blocks.push(Block::Typed(Typed::ToolUse {
                id,
                name: &call.name,
                input: Input(arguments::object(&call.arguments, &param)?),
                caller: None,
            }));
        }
        Ok(())
    }

    fn call(
        &mut self,
        place: usize,
        index: usize,
        message: &'a Message,
        caller: Option<&'a Value>,
    ) -> Result<Option<Block<'a>>> {
        let Some(call) = message.tool_calls.get(index) else {
            return Ok(None);
        };
        let path = format!("messages[{place}].tool_calls[{index}]");
        turns::has_id(&call.id, &path)?;
        let id = id(&call.id);
        self.known.add(id.clone(), &call.function.name);
        let input = arguments::object(
            &call.function.arguments,
            &format!("{path}.function.arguments"),
        )?;
        Ok(Some(Block::Typed(Typed::ToolUse {
            id,
            name: &call.function.name,
            input: Input(input),
            caller,
        })))
    }

    /// A turn this API gave: its blocks in their old order. Where the message was changed since, what
    /// is kept whole comes first, as thinking must stand before what it led to.
    fn replayed(
        &mut self,
        place: usize,
        message: &'a Message,
        entries: &[Entry<'a>],
    ) -> Result<Vec<Block<'a>>> {
        let text = turns::text(message);
        let mut blocks = Vec::with_capacity(entries.len());
        if !is_unchanged(message, &text, entries) {
            blocks.extend(entries.iter().filter_map(|entry| match entry {
                Entry::Block(block) => Some(Block::Replayed(block)),
                _ => None,
            }));
            blocks.append(&mut self.said(place, message)?);
            self.calls(place, message, &mut blocks)?;
            return Ok(blocks);
        }
        let mut from = 0;
        let mut index = 0;
        for entry in entries {
            match entry {
                Entry::Text(bytes, citations) => {
                    blocks.push(Block::Typed(Typed::Text {
                        text: turns::next(&text, &mut from, *bytes).unwrap_or_default(),
                        citations: *citations,
                        cache_control: None,
                    }));
                }
                Entry::ToolUse(_, caller) => {
                    blocks.extend(self.call(place, index, message, *caller)?);
                    index += 1;
                }
                Entry::Block(block) => blocks.push(Block::Replayed(block)),
            }
        }
        Ok(blocks)
    }

    fn result(&mut self, place: usize, message: &'a Message) -> Result<()> {
        let tool_use_id = self.known.answered(place, message, id)?;
        let mut content = self.parts(place, message)?;
        let cache_control = content.iter_mut().rev().find_map(Block::take_mark);
        let result = Block::Typed(Typed::ToolResult {
            tool_use_id,
            content,
            is_error: message.extra.get("is_error") == Some(&Value::Bool(true)),
            cache_control,
        });
        match self.conversation.turns.last_mut() {
            Some(turn) if turn.role == "user" => {
                let at = self.results.min(turn.content.len());
                turn.content.insert(at, result);
            }
            _ => self.push("user", vec![result]),
        }
        self.results += 1;
        Ok(())
    }

    fn parts(&mut self, place: usize, message: &'a Message) -> Result<Vec<Block<'a>>> {
        parts::blocks(place, message, self.marks, self.told)
    }

    fn finish(self) -> Result<Conversation<'a>> {
        let mut conversation = self.conversation;
        if conversation.turns.is_empty() {
            if conversation.system.is_empty() {
                let message = "`messages` has no content: every message is empty";
                return Err(Error::invalid("messages", message));
            }
            // A prompt of instructions alone is whole elsewhere; here somebody must speak.
            self.told.adapted(
                "messages",
                "there are only instructions, which go as the user's turn",
            );
            conversation.turns.push(Turn {
                role: "user",
                content: std::mem::take(&mut conversation.system),
            });
        }
        if let Some(turn) = conversation.turns.last_mut()
            && turn.role == "assistant"
        {
            trim_end(turn);
            if turn.content.is_empty() {
                conversation.turns.pop();
            }
        }
        Ok(conversation)
    }
}

/// The API refuses a begun answer that ends in white space.
fn trim_end(turn: &mut Turn<'_>) {
    if let Some(Block::Typed(Typed::Text { text, .. })) = turn.content.last_mut() {
        let kept = text.trim_end().len();
        match text {
            Cow::Borrowed(borrowed) => *text = borrowed.get(..kept).unwrap_or_default().into(),
            Cow::Owned(owned) => owned.truncate(kept),
        }
        if kept == 0 {
            turn.content.pop();
        }
    }
}

/// Whether the message is still what the API gave.
fn is_unchanged(message: &Message, text: &str, entries: &[Entry<'_>]) -> bool {
    let mut from = 0;
    let mut calls = message.tool_calls.iter();
    for entry in entries {
        match entry {
            Entry::Text(bytes, _) => {
                from += bytes;
                if !text.is_char_boundary(from) {
                    return false;
                }
            }
            Entry::ToolUse(id, _) => {
                if calls.next().is_none_or(|call| call.id != *id) {
                    return false;
                }
            }
            Entry::Block(_) => {}
        }
    }
    from == text.len() && calls.next().is_none()
}

/// An id as the API takes it: other providers' may hold dots and colons.
fn id(id: &str) -> Cow<'_, str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if id.chars().all(fits) {
        return Cow::Borrowed(id);
    }
    id.chars()
        .map(|letter| if fits(letter) { letter } else { '_' })
        .collect()
}
