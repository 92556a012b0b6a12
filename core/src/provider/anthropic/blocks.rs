//! The blocks of an answer under way: opened, added to, closed, and kept for replay until the end.
//! What a reader waits for leaves at once as deltas.

use serde_json::Value;

use crate::chat::{Delta, JsonMap, ToolCallDelta};

use super::decode::input_text;
use super::replay::Replay;
use super::types::{AnswerBlock, BlockKind, Piece, PieceKind};

/// More blocks than any answer has; beyond, it is a broken stream and no reason to allocate.
const MOST: usize = 4096;

/// The blocks so far.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    list: Vec<Open>,
    calls: u32,
}

/// A block under way, or closed.
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

impl Blocks {
    /// True where another block cannot be right.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// A block begins. `whole` is the block as it came, needed for kinds that are kept so.
    pub(super) fn open(
        &mut self,
        index: u64,
        start: AnswerBlock<'_>,
        whole: JsonMap,
        out: &mut Vec<Delta>,
    ) {
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
                push_reasoning(start.thinking.unwrap_or_default(), out);
                Block::Whole {
                    map: whole,
                    input: String::new(),
                }
            }
        };
        self.list.push(Open {
            index,
            closed: false,
            block,
        });
    }

    /// The newest open block of this index; without an index, the newest of all.
    fn find(&mut self, index: Option<u64>) -> Option<&mut Open> {
        let fits = |open: &&mut Open| !open.closed && index.is_none_or(|index| index == open.index);
        self.list.iter_mut().rev().find(fits)
    }

    /// A piece of a block.
    pub(super) fn add(&mut self, index: Option<u64>, piece: Piece, out: &mut Vec<Delta>) {
        let is_full = self.is_full();
        let block = self.find(index).map(|open| &mut open.block);
        match piece.kind {
            PieceKind::TextDelta => {
                let text = piece.text.unwrap_or_default();
                if text.is_empty() {
                    return;
                }
                match block {
                    Some(Block::Text { bytes, .. }) => *bytes += text.len(),
                    _ if is_full => {}
                    // A proxy that opens no blocks: the text counts all the same.
                    _ => self.list.push(Open {
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
            PieceKind::ThinkingDelta => {
                let words = piece.thinking.unwrap_or_default();
                if let Some(Block::Whole { map, .. }) = block {
                    append(map, "thinking", &words);
                }
                push_reasoning(words, out);
            }
            PieceKind::SignatureDelta => {
                if let (Some(Block::Whole { map, .. }), Some(piece)) = (block, piece.signature) {
                    append(map, "signature", &piece);
                }
            }
            PieceKind::InputJsonDelta => {
                let json = piece.partial_json.unwrap_or_default();
                match block {
                    Some(Block::Call { place, pieces, .. }) if !json.is_empty() => {
                        *pieces = true;
                        out.push(arguments(*place, json));
                    }
                    Some(Block::Whole { input, .. }) => input.push_str(&json),
                    _ => {}
                }
            }
            PieceKind::CitationsDelta => {
                if let (Some(Block::Text { citations, .. }), Some(citation)) =
                    (block, piece.citation)
                {
                    citations.push(citation.clone());
                    out.push(Delta {
                        annotations: vec![citation],
                        ..Delta::default()
                    });
                }
            }
            PieceKind::Other => {}
        }
    }

    /// A piece of a kind that is new: strings go on, other keys replace.
    pub(super) fn add_unknown(&mut self, index: Option<u64>, piece: JsonMap) {
        let Some(Open {
            block: Block::Whole { map, .. },
            ..
        }) = self.find(index)
        else {
            return;
        };
        for (key, value) in piece {
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

    /// A block ends.
    pub(super) fn close(&mut self, index: u64, out: &mut Vec<Delta>) {
        if let Some(open) = self.find(Some(index)) {
            open.close(out);
        }
    }

    /// The answer ends, and with it every block. Gives the message's `provider_state`.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) -> Option<Value> {
        let mut replay = Replay::default();
        for mut open in std::mem::take(&mut self.list) {
            open.close(out);
            match open.block {
                Block::Text { bytes, citations } => replay.text(bytes, citations),
                Block::Call { id, caller, .. } => replay.tool_use(&id, caller),
                Block::Whole { map, .. } => replay.block(Value::Object(map)),
            }
        }
        replay.into_state()
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

fn push_reasoning(words: String, out: &mut Vec<Delta>) {
    if !words.is_empty() {
        out.push(Delta {
            reasoning: Some(words),
            ..Delta::default()
        });
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
