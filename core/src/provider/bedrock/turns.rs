//! Messages to turns: instructions lifted into `system`, neighbours of one role merged, the results of tools
//! first in their turn. The model's own turns are [`assistant`](super::assistant)'s.

use std::borrow::Cow;

use serde_json::Value;

use super::media;
use super::models::{self, BesideResults, Caching, Family};
use super::types::{Block, CachePoint, Json, ToolResult, Turn};
use crate::chat::{CacheMode, Content, Message, Part, Role};
use crate::error::{Error, Result};
use crate::provider::told::Told;
use crate::provider::turns::{self as shared, Calls};
use crate::provider::{Call, arguments};

/// What is said where words are needed and there are none; white space alone is refused.
fn nothing() -> Block<'static> {
    Block::Text(Cow::Borrowed("."))
}

/// `system` and `messages` of a request.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
    /// Names of the functions that were called, in order: without `tools` they must be declared all the same.
    pub(super) called: Vec<&'a str>,
}

/// Turns the messages of a call. Errors are `invalid_request` with the path of what is wrong, or `unsupported`
/// for content that Converse has no place for.
pub(super) fn conversation<'a>(
    call: Call<'a>,
    family: &'static Family,
    told: &mut Told<'_>,
) -> Result<Conversation<'a>> {
    let mut builder = Builder {
        conversation: Conversation::default(),
        results: 0,
        known: Calls::default(),
        documents: 0,
        marks: call.options.cache != Some(CacheMode::Off) && family.caching != Caching::None,
        short_ids: models::short_ids(call.target),
        family,
        told,
    };
    for (place, message) in call.messages.iter().enumerate() {
        builder.message(place, message)?;
    }
    builder.finish()
}

pub(super) struct Builder<'a, 't, 'w> {
    pub(super) conversation: Conversation<'a>,
    /// How many results the last turn begins with.
    results: usize,
    pub(super) known: Calls<'a>,
    /// Documents so far: their names must differ.
    documents: usize,
    /// Whether caching marks are carried.
    marks: bool,
    pub(super) short_ids: bool,
    family: &'static Family,
    told: &'t mut Told<'w>,
}

impl<'a> Builder<'a, '_, '_> {
    fn message(&mut self, place: usize, message: &'a Message) -> Result<()> {
        match message.role {
            Role::System | Role::Developer => self.instruction(place, message),
            Role::User => {
                if message.name.is_some() {
                    self.told
                        .dropped("messages.name", "Converse has no names of speakers")?;
                }
                let mut blocks = self.parts(place, message)?;
                needs_text(&mut blocks);
                self.push("user", blocks);
                Ok(())
            }
            Role::Assistant => self.assistant(place, message),
            Role::Tool | Role::Function => self.result(place, message),
        }
    }

    pub(super) fn push(&mut self, role: &'static str, mut blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        if self.results > 0 && role == "user" && !self.may_join(&blocks) {
            self.told.adapted(
                "messages",
                "this model takes no such content beside the results of tools; a turn that says `.` was put between",
            );
            self.push("assistant", vec![nothing()]);
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

    /// Whether these blocks may stand in a turn with results of tools.
    fn may_join(&self, blocks: &[Block<'_>]) -> bool {
        blocks.iter().all(|block| match self.family.beside_results {
            _ if matches!(block, Block::ToolResult(_) | Block::CachePoint(_)) => true,
            BesideResults::All => true,
            BesideResults::NoFiles => !matches!(block, Block::Document(_) | Block::Video(_)),
            BesideResults::Nothing => false,
        })
    }

    fn instruction(&mut self, place: usize, message: &'a Message) -> Result<()> {
        shared::only_text(place, message)?;
        let mut blocks = self.parts(place, message)?;
        if self.conversation.turns.is_empty() {
            self.conversation.system.append(&mut blocks);
        } else if !blocks.is_empty() {
            shared::late_instructions(place, self.told);
            self.push("user", blocks);
        }
        Ok(())
    }

    fn result(&mut self, place: usize, message: &'a Message) -> Result<()> {
        let short = self.short_ids;
        let wire = |id| models::wire_id(id, short);
        let tool_use_id = self.known.answered(place, message, wire)?;
        let mut content = self.parts(place, message)?;
        let mark = match content.last() {
            Some(Block::CachePoint(_)) => content.pop(),
            _ => None,
        };
        // Marks stand between blocks of the turn, not inside a result.
        content.retain(|block| !matches!(block, Block::CachePoint(_)));
        if self.family.json_results {
            content = content.into_iter().map(as_json).collect();
        }
        let failed = message.extra.get("is_error") == Some(&Value::Bool(true));
        let result = Block::ToolResult(ToolResult {
            tool_use_id,
            content,
            status: match failed {
                _ if !self.family.result_status => None,
                true => Some("error"),
                false => Some("success"),
            },
        });
        if !matches!(self.conversation.turns.last(), Some(turn) if turn.role == "user") {
            self.push("user", vec![result]);
            self.results = 1;
        } else if let Some(turn) = self.conversation.turns.last_mut() {
            let at = self.results.min(turn.content.len());
            turn.content.insert(at, result);
            self.results += 1;
        }
        if let (Some(mark), Some(turn)) = (mark, self.conversation.turns.last_mut()) {
            turn.content
                .insert(self.results.min(turn.content.len()), mark);
            self.results += 1;
        }
        Ok(())
    }

    /// The content of a message as blocks; empty text is left out, as Converse refuses it.
    pub(super) fn parts(&mut self, place: usize, message: &'a Message) -> Result<Vec<Block<'a>>> {
        let parts = match &message.content {
            None => return Ok(Vec::new()),
            Some(Content::Text(said)) => return Ok(text(said).into_iter().collect()),
            Some(Content::Parts(parts)) => parts,
        };
        let mut blocks = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let param = || format!("messages[{place}].content[{index}]");
            let block = match part {
                Part::Text { text: said, .. } | Part::Refusal { refusal: said } => text(said),
                Part::ImageUrl { url, detail, .. } => {
                    if detail.as_deref().is_some_and(|detail| detail != "auto") {
                        self.told.dropped(
                            "messages.content.image_url.detail",
                            "Converse has no detail of images",
                        )?;
                    }
                    let param = format!("{}.image_url.url", param());
                    Some(media::image(url, &param, self.told)?)
                }
                Part::InputAudio { data, format, .. } => Some(media::audio(data, format)),
                Part::File { .. } => {
                    self.documents += 1;
                    let block = media::file(part, self.documents, &param(), self.told)?;
                    Some(block)
                }
                Part::Other(_) => {
                    let why = format!("Converse has no content part of type `{}`", part.kind());
                    return Err(self.told.refused(&param(), &why));
                }
            };
            if let Some(block) = block {
                let bare = matches!(block, Block::Document(_) | Block::Video(_));
                blocks.push(block);
                if let Some(mark) = part.cache_control().filter(|_| self.marks) {
                    // A mark may not follow a document or a film.
                    blocks.extend(bare.then(nothing));
                    blocks.push(Block::CachePoint(cache_point(mark, self.family)));
                }
            }
        }
        Ok(blocks)
    }

    fn finish(mut self) -> Result<Conversation<'a>> {
        let first = self.conversation.turns.first().map(|turn| turn.role);
        if first.is_none() && !self.conversation.system.is_empty() {
            self.told.adapted(
                "messages",
                "instructions alone are no conversation; sent as the user's turn",
            );
            let said = std::mem::take(&mut self.conversation.system);
            self.push("user", said);
        } else if first.is_none() {
            let message = "`messages` say nothing: every one of them is empty";
            return Err(Error::invalid("messages", message));
        } else if first == Some("assistant") && !self.family.assistant_first {
            self.told.adapted(
                "messages",
                "a conversation begins with the user; a turn that says `.` was put first",
            );
            let turn = Turn {
                role: "user",
                content: vec![nothing()],
            };
            self.conversation.turns.insert(0, turn);
        }
        Ok(self.conversation)
    }
}

/// The mark for everything up to here, from Anthropic's form of it.
pub(super) fn cache_point<'a>(mark: &'a Value, family: &Family) -> CachePoint<'a> {
    let ttl = mark.get("ttl").and_then(Value::as_str);
    CachePoint {
        kind: "default",
        ttl: ttl.filter(|_| family.caching == Caching::Tools),
    }
}

pub(super) fn text(said: &str) -> Option<Block<'_>> {
    (!said.is_empty()).then_some(Block::Text(Cow::Borrowed(said)))
}

/// A document needs words beside it.
fn needs_text(blocks: &mut Vec<Block<'_>>) {
    let document = |block: &Block<'_>| matches!(block, Block::Document(_));
    let words = |block: &Block<'_>| matches!(block, Block::Text(_));
    if blocks.iter().any(document) && !blocks.iter().any(words) {
        blocks.insert(0, nothing());
    }
}

/// A text of a result as JSON: as it is where it is an object, else in one.
fn as_json(block: Block<'_>) -> Block<'_> {
    match block {
        Block::Text(Cow::Borrowed(text)) => Block::Json(match arguments::object(text, "") {
            Ok(Some(raw)) => Json::Raw(raw),
            _ => Json::Result(Cow::Borrowed(text)),
        }),
        Block::Text(text) => Block::Json(Json::Result(text)),
        other => other,
    }
}
