//! Streamed answers of the Messages API: named events with a block each, opened, added to and closed.
//!
//! Text, reasoning and arguments leave at once; what is needed for replay is collected block by
//! block and leaves with the end. Unknown events and blocks never fail a stream.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::{Delta, JsonMap, Role, ToolCallDelta};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{ReplyHead, StreamDecoder, Target};
use crate::transport::Frame;

use super::decode::{drop_nulls, error_in, explanation, finish_reason, input_text, keep_ending};
use super::replay::Replay;
use super::types::{
    Answer, AnswerBlock, BlockKind, Event, EventKind, MessageDelta, Piece, PieceKind, WireUsage,
};

/// More blocks than any answer has; beyond, it is a broken stream and no reason to allocate.
const MOST_BLOCKS: usize = 4096;

#[derive(Debug)]
pub(super) struct Decoder {
    provider: String,
    model: String,
    head: ReplyHead,
    started: bool,
    blocks: Vec<Open>,
    calls: u32,
    usage: Option<WireUsage>,
    stop_reason: Option<String>,
    done: bool,
}

/// A block under way, or closed and kept for replay.
#[derive(Debug)]
struct Open {
    index: u64,
    closed: bool,
    block: Block,
}

#[derive(Debug)]
enum Block {
    Text {
        bytes: usize,
        citations: Vec<Value>,
    },
    Call {
        /// Its place among the calls of the answer.
        place: u32,
        id: String,
        caller: Option<Value>,
        /// Input that came with the start: used where no pieces follow.
        input: Option<String>,
        pieces: bool,
    },
    /// Thinking, and every kind that is kept whole; `input` of server tools comes in pieces.
    Whole {
        map: JsonMap,
        input: String,
    },
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Decoder {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            head: ReplyHead::default(),
            started: false,
            blocks: Vec::new(),
            calls: 0,
            usage: None,
            stop_reason: None,
            done: false,
        }
    }

    fn read<'a, T: serde::Deserialize<'a>>(&self, json: &'a str) -> Result<T> {
        serde_json::from_str(json).map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &serde_json::Error) -> Error {
        let message = format!(
            "an event of the stream of {} cannot be read (column {})",
            self.provider,
            error.column()
        );
        Error::new(ErrorKind::InvalidResponse, message)
            .with_target(&self.provider, &self.model)
            .with_retryable(false)
    }

    fn start(&mut self, message: &RawValue, out: &mut Vec<Delta>) -> Result<()> {
        // Proxies send it twice; what came before the second stands.
        if self.started {
            return Ok(());
        }
        let answer: Answer<'_> = self.read(message.get())?;
        self.started = true;
        self.head.id = answer.id;
        self.head.model = answer.model;
        self.head.extra = answer.extra;
        self.usage = answer.usage;
        self.stop_reason = answer.stop_reason;
        keep_ending(
            &mut self.head.extra,
            answer.stop_sequence,
            answer.stop_details,
        );
        out.push(Delta {
            role: Some(Role::Assistant),
            ..Delta::default()
        });
        for (index, block) in (0..).zip(answer.content.unwrap_or_default()) {
            self.open(index, block, out)?;
            self.close(index, out);
        }
        Ok(())
    }

    fn open(&mut self, index: u64, raw: &RawValue, out: &mut Vec<Delta>) -> Result<()> {
        if self.blocks.len() >= MOST_BLOCKS {
            let message = format!("{} streamed more blocks than can be right", self.provider);
            return Err(Error::new(ErrorKind::InvalidResponse, message)
                .with_target(&self.provider, &self.model));
        }
        let start: AnswerBlock<'_> = self.read(raw.get())?;
        let block = match start.kind {
            BlockKind::Text => {
                let citations = start.citations.unwrap_or_default();
                let text = start.text.unwrap_or_default();
                let bytes = text.len();
                if !text.is_empty() || !citations.is_empty() {
                    out.push(Delta {
                        text: Some(text).filter(|text| !text.is_empty()),
                        annotations: citations.clone(),
                        ..Delta::default()
                    });
                }
                Block::Text { bytes, citations }
            }
            BlockKind::ToolUse => {
                let place = self.calls;
                self.calls += 1;
                let id = start.id.unwrap_or_default();
                out.push(Delta {
                    tool_calls: vec![ToolCallDelta {
                        index: place,
                        id: Some(id.clone()),
                        name: start.name,
                        arguments: String::new(),
                    }],
                    ..Delta::default()
                });
                Block::Call {
                    place,
                    id,
                    caller: start.caller,
                    input: start.input.map(|input| input.get().to_owned()),
                    pieces: false,
                }
            }
            BlockKind::Thinking | BlockKind::Opaque => {
                if let Some(thinking) = start.thinking.filter(|words| !words.is_empty()) {
                    out.push(Delta {
                        reasoning: Some(thinking),
                        ..Delta::default()
                    });
                }
                Block::Whole {
                    map: self.read(raw.get())?,
                    input: String::new(),
                }
            }
        };
        self.blocks.push(Open {
            index,
            closed: false,
            block,
        });
        Ok(())
    }

    /// The newest open block of this index; without an index, the newest of all.
    fn block(&mut self, index: Option<u64>) -> Option<&mut Block> {
        let fits = |open: &&mut Open| !open.closed && index.is_none_or(|index| index == open.index);
        let open = self.blocks.iter_mut().rev().find(fits)?;
        Some(&mut open.block)
    }

    fn add(
        &mut self,
        index: Option<u64>,
        piece: Piece,
        json: &str,
        out: &mut Vec<Delta>,
    ) -> Result<()> {
        if piece.kind == PieceKind::Other {
            return self.add_unknown(index, json);
        }
        match (self.block(index), piece) {
            (
                block,
                Piece {
                    kind: PieceKind::TextDelta,
                    text: Some(text),
                    ..
                },
            ) => {
                if text.is_empty() {
                    return Ok(());
                }
                match block {
                    Some(Block::Text { bytes, .. }) => *bytes += text.len(),
                    // A proxy that opens no blocks: the text counts all the same.
                    _ => self.blocks.push(Open {
                        index: index.unwrap_or_default(),
                        closed: false,
                        block: Block::Text {
                            bytes: text.len(),
                            citations: Vec::new(),
                        },
                    }),
                }
                out.push(Delta {
                    text: Some(text),
                    ..Delta::default()
                });
            }
            (
                block,
                Piece {
                    kind: PieceKind::ThinkingDelta,
                    thinking: Some(words),
                    ..
                },
            ) => {
                if let Some(Block::Whole { map, .. }) = block {
                    append(map, "thinking", &words);
                }
                if !words.is_empty() {
                    out.push(Delta {
                        reasoning: Some(words),
                        ..Delta::default()
                    });
                }
            }
            (
                Some(Block::Whole { map, .. }),
                Piece {
                    kind: PieceKind::SignatureDelta,
                    signature: Some(signature),
                    ..
                },
            ) => {
                append(map, "signature", &signature);
            }
            (
                Some(block),
                Piece {
                    kind: PieceKind::InputJsonDelta,
                    partial_json: Some(json),
                    ..
                },
            ) => match block {
                Block::Call { place, pieces, .. } if !json.is_empty() => {
                    *pieces = true;
                    out.push(arguments(*place, json));
                }
                Block::Whole { input, .. } => input.push_str(&json),
                _ => {}
            },
            (
                Some(Block::Text { citations, .. }),
                Piece {
                    kind: PieceKind::CitationsDelta,
                    citation: Some(citation),
                    ..
                },
            ) => {
                citations.push(citation.clone());
                out.push(Delta {
                    annotations: vec![citation],
                    ..Delta::default()
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// A piece of a kind that is new: strings go on, other keys replace.
    fn add_unknown(&mut self, index: Option<u64>, json: &str) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Unknown {
            #[serde(default)]
            delta: JsonMap,
        }
        let Unknown { delta } = self.read(json)?;
        if let Some(Block::Whole { map, .. }) = self.block(index) {
            for (key, value) in delta {
                match value {
                    _ if key == "type" => {}
                    Value::Null => {}
                    Value::String(text) => append(map, &key, &text),
                    other => {
                        map.insert(key, other);
                    }
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, index: u64, out: &mut Vec<Delta>) {
        if let Some(open) = self
            .blocks
            .iter_mut()
            .rev()
            .find(|open| !open.closed && open.index == index)
        {
            open.close(out);
        }
    }

    fn ending(&mut self, json: &str) -> Result<()> {
        let ending: MessageDelta = self.read(json)?;
        if ending.delta.stop_reason.is_some() {
            self.stop_reason = ending.delta.stop_reason;
        }
        self.head.extra.extend(ending.extra);
        self.head.extra.extend(ending.delta.extra);
        keep_ending(
            &mut self.head.extra,
            ending.delta.stop_sequence,
            ending.delta.stop_details,
        );
        if let Some(later) = ending.usage {
            self.usage.get_or_insert_default().replace_with(later);
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if self.done {
            return;
        }
        self.done = true;
        for open in &mut self.blocks {
            open.close(out);
        }
        let mut replay = Replay::default();
        for open in std::mem::take(&mut self.blocks) {
            match open.block {
                Block::Text { bytes, citations } => replay.text(bytes, citations),
                Block::Call { id, caller, .. } => replay.tool_use(&id, caller),
                Block::Whole { map, .. } => replay.block(Value::Object(map)),
            }
        }
        drop_nulls(&mut self.head.extra);
        let word = self.stop_reason.take();
        out.push(Delta {
            refusal: explanation(self.head.extra.get("stop_details")),
            finish_reason: word.as_deref().map(finish_reason),
            native_finish_reason: word,
            provider_state: replay.into_state(),
            ..Delta::default()
        });
        if let Some(usage) = self.usage.take() {
            self.head.service_tier = usage.tier();
            if let Some(usage) = usage.fold() {
                out.push(Delta {
                    usage: Some(usage),
                    ..Delta::default()
                });
            }
        }
    }
}

impl Open {
    fn close(&mut self, out: &mut Vec<Delta>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        match &mut self.block {
            Block::Call {
                place,
                input,
                pieces: false,
                ..
            } => out.push(arguments(*place, input_text(input.as_deref()))),
            Block::Whole { map, input } if !input.is_empty() => {
                // Cut by `max_tokens` it is no JSON: then the text itself is what there is.
                let value = serde_json::from_str(input)
                    .unwrap_or_else(|_| Value::String(std::mem::take(input)));
                map.insert("input".into(), value);
                input.clear();
            }
            _ => {}
        }
    }
}

fn arguments(place: u32, piece: String) -> Delta {
    Delta {
        tool_calls: vec![ToolCallDelta {
            index: place,
            id: None,
            name: None,
            arguments: piece,
        }],
        ..Delta::default()
    }
}

fn append(map: &mut JsonMap, key: &str, piece: &str) {
    match map.get_mut(key) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => {
            map.insert(key.to_owned(), piece.into());
        }
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        // Hosts of other families behind this dialect end with OpenAI's mark.
        if self.done || frame.data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = self.read(frame.data)?;
        match event.kind {
            EventKind::ContentBlockDelta => match event.delta {
                Some(piece) => self.add(event.index, piece, frame.data, out),
                None => Ok(()),
            },
            EventKind::ContentBlockStart => match event.content_block {
                Some(block) => self.open(event.index.unwrap_or_default(), block, out),
                None => Ok(()),
            },
            EventKind::ContentBlockStop => {
                self.close(event.index.unwrap_or_default(), out);
                Ok(())
            }
            EventKind::MessageStart => match event.message {
                Some(message) => self.start(message, out),
                None => Ok(()),
            },
            EventKind::MessageDelta => self.ending(frame.data),
            EventKind::MessageStop => {
                self.end(out);
                Ok(())
            }
            EventKind::Error => {
                let value: Value = self.read(frame.data)?;
                Err(error_in(&value, &self.provider, &self.model))
            }
            EventKind::Other => Ok(()),
        }
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<()> {
        if self.done {
            return Ok(());
        }
        if self.stop_reason.is_none() {
            let message = format!("the stream of {} broke off before its end", self.provider);
            return Err(Error::new(ErrorKind::StreamInterrupted, message)
                .with_target(&self.provider, &self.model));
        }
        self.end(out);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn head(&self) -> &ReplyHead {
        &self.head
    }
}
