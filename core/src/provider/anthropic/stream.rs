//! Streamed answers of the Messages API: named events, the blocks in between, one end.
//!
//! What is needed for replay is collected in [`Blocks`] and leaves with the end. Unknown events and
//! blocks never fail a stream.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::{Delta, JsonMap, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{ReplyHead, StreamDecoder, Target};
use crate::transport::Frame;

use super::blocks::Blocks;
use super::decode::{drop_nulls, error_in, explanation, finish_reason, keep_ending};
use super::types::{
    Answer, AnswerBlock, BlockKind, Event, EventKind, MessageDelta, Piece, PieceKind, WireUsage,
};

#[derive(Debug)]
pub(super) struct Decoder {
    provider: String,
    model: String,
    head: ReplyHead,
    started: bool,
    blocks: Blocks,
    usage: Option<WireUsage>,
    stop_reason: Option<String>,
    done: bool,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Decoder {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            head: ReplyHead::default(),
            started: false,
            blocks: Blocks::default(),
            usage: None,
            stop_reason: None,
            done: false,
        }
    }

    fn read<'a, T: serde::Deserialize<'a>>(&self, json: &'a str) -> Result<T> {
        serde_json::from_str(json).map_err(|error| {
            self.invalid(format!(
                "an event of the stream of {} cannot be read (column {})",
                self.provider,
                error.column()
            ))
        })
    }

    fn invalid(&self, message: String) -> Error {
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
            self.blocks.close(index, out);
        }
        Ok(())
    }

    fn open(&mut self, index: u64, block: &RawValue, out: &mut Vec<Delta>) -> Result<()> {
        if self.blocks.is_full() {
            let message = format!("{} streamed more blocks than can be right", self.provider);
            return Err(self.invalid(message));
        }
        let start: AnswerBlock<'_> = self.read(block.get())?;
        let whole = match start.kind {
            BlockKind::Text | BlockKind::ToolUse => JsonMap::new(),
            BlockKind::Thinking | BlockKind::Opaque => self.read(block.get())?,
        };
        self.blocks.open(index, start, whole, out);
        Ok(())
    }

    fn add(
        &mut self,
        index: Option<u64>,
        piece: Piece,
        json: &str,
        out: &mut Vec<Delta>,
    ) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Unknown {
            #[serde(default)]
            delta: JsonMap,
        }
        if piece.kind == PieceKind::Other {
            let Unknown { delta } = self.read(json)?;
            self.blocks.add_unknown(index, delta);
        } else {
            self.blocks.add(index, piece, out);
        }
        Ok(())
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
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let provider_state = self.blocks.end(out);
        drop_nulls(&mut self.head.extra);
        let word = self.stop_reason.take();
        out.push(Delta {
            refusal: explanation(self.head.extra.get("stop_details")),
            finish_reason: word.as_deref().map(finish_reason),
            native_finish_reason: word,
            provider_state,
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

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        // Hosts of other families behind this dialect end with OpenAI's mark.
        if self.done || frame.data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = self.read(frame.data)?;
        let index = event.index.unwrap_or_default();
        match event.kind {
            EventKind::ContentBlockDelta => {
                if let Some(piece) = event.delta {
                    self.add(event.index, piece, frame.data, out)?;
                }
            }
            EventKind::ContentBlockStart => {
                if let Some(block) = event.content_block {
                    self.open(index, block, out)?;
                }
            }
            EventKind::ContentBlockStop => self.blocks.close(index, out),
            EventKind::MessageStart => {
                if let Some(message) = event.message {
                    self.start(message, out)?;
                }
            }
            EventKind::MessageDelta => self.ending(frame.data)?,
            EventKind::MessageStop => self.end(out),
            EventKind::Other if event.error.is_none() => {}
            EventKind::Error | EventKind::Other => {
                let value: Value = self.read(frame.data)?;
                return Err(error_in(&value, &self.provider, &self.model));
            }
        }
        Ok(())
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
