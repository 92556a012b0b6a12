//! Converse's events as deltas. Blocks are numbered; only calls announce themselves; `metadata` with the counts
//! follows the end and may be missing.

use serde::Deserialize;
use serde_json::Value;

use super::decode::{answered, failure, finish_reason, stream_error, usage};
use super::replay::Replay;
use super::types::{BlockDelta, BlockStart, BlockStop, DeltaBody, MessageStop, StreamMetadata};
use super::{ANSWER_TOOL, models};
use crate::chat::{Delta, JsonMap, Role, ToolCallDelta};
use crate::error::Result;
use crate::provider::{ReplyHead, StreamDecoder, Target, body};
use crate::transport::Frame;

/// One streamed answer.
pub(super) struct Decoder {
    provider: String,
    model: String,
    short_ids: bool,
    head: ReplyHead,
    replay: Replay,
    calls: Vec<OpenCall>,
    /// The block in which the answer comes as a call.
    answer: Option<u64>,
    any_output: bool,
    stopped: bool,
    counted: bool,
}

/// A call under way.
struct OpenCall {
    block: u64,
    has_arguments: bool,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Decoder {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            short_ids: models::short_ids(target),
            head: ReplyHead::default(),
            replay: Replay::default(),
            calls: Vec::new(),
            answer: None,
            any_output: false,
            stopped: false,
            counted: false,
        }
    }

    fn read<'a, T: Deserialize<'a>>(&self, data: &'a str) -> Result<T> {
        serde_json::from_str(data)
            .map_err(|error| body::unreadable_event(&error, &self.provider, &self.model))
    }

    fn start(&mut self, event: BlockStart, out: &mut Vec<Delta>) {
        let block = event.content_block_index.unwrap_or_default();
        let Some(Value::Object(call)) = event.start.get("toolUse") else {
            if !event.start.is_empty() {
                self.replay.raw(block, Value::Object(event.start));
            }
            return;
        };
        let text = |key: &str| call.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        if name == ANSWER_TOOL {
            self.answer = Some(block);
            return;
        }
        let id = models::answer_id(text("toolUseId").unwrap_or_default(), self.short_ids);
        self.replay.tool_use(block, &id, text("type"));
        self.calls.push(OpenCall {
            block,
            has_arguments: false,
        });
        let place = self.calls.len() - 1;
        out.push(call_delta(place, |piece| {
            piece.id = Some(id);
            piece.name = Some(name.to_owned());
        }));
    }

    fn delta(&mut self, event: BlockDelta, out: &mut Vec<Delta>) {
        let block = event.content_block_index.unwrap_or_default();
        let DeltaBody {
            text,
            tool_use,
            reasoning_content,
            citation,
            extra,
        } = event.delta;
        if let Some(text) = text {
            self.say(block, text, out);
        }
        if let Some(input) = tool_use.and_then(|call| call.input) {
            self.input(block, input, out);
        }
        if let Some(reasoning) = reasoning_content {
            let text = reasoning.text.filter(|text| !text.is_empty());
            let signature = reasoning.signature.unwrap_or_default();
            let bytes = text.as_deref().map_or(0, str::len);
            self.replay.reasoning(block, bytes, &signature);
            if let Some(data) = reasoning.redacted_content {
                let content = serde_json::json!({ "redactedContent": data });
                let block_value = serde_json::json!({ "reasoningContent": content });
                self.replay.raw(block, block_value);
            }
            if text.is_some() {
                out.push(Delta {
                    reasoning: text,
                    ..Delta::default()
                });
            }
        }
        if let Some(citation) = citation {
            out.push(Delta {
                annotations: vec![citation],
                ..Delta::default()
            });
        }
        if !extra.is_empty() {
            self.unknown(block, extra);
        }
    }

    fn say(&mut self, block: u64, text: String, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        self.replay.text(block, text.len());
        out.push(Delta {
            text: Some(text),
            ..Delta::default()
        });
    }

    fn input(&mut self, block: u64, input: String, out: &mut Vec<Delta>) {
        if self.answer == Some(block) {
            return self.say(block, input, out);
        }
        let Some(place) = self.calls.iter().rposition(|call| call.block == block) else {
            return;
        };
        if input.is_empty() {
            return;
        }
        if let Some(call) = self.calls.get_mut(place) {
            call.has_arguments = true;
        }
        out.push(call_delta(place, |piece| piece.arguments = input));
    }

    /// Adds what a block of another kind brings to what is kept of it, in the shape it has in a whole answer:
    /// lists follow in its `content`, keys join it.
    fn unknown(&mut self, block: u64, extra: JsonMap) {
        let Some(Value::Object(kept)) = self.replay.raw_at(block) else {
            return self.replay.raw(block, Value::Object(extra));
        };
        for (key, new) in extra {
            let old = kept.entry(key).or_insert_with(|| JsonMap::new().into());
            match (old, new) {
                (Value::Object(old), Value::Array(mut new)) => {
                    let content = old
                        .entry("content")
                        .or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(content) = content {
                        content.append(&mut new);
                    }
                }
                (Value::Object(old), Value::Object(new)) => old.extend(new),
                (old, new) => *old = new,
            }
        }
    }

    fn stop(&mut self, event: BlockStop, out: &mut Vec<Delta>) {
        let block = event.content_block_index.unwrap_or_default();
        let open = |call: &OpenCall| call.block == block && !call.has_arguments;
        if let Some(place) = self.calls.iter().rposition(open) {
            out.push(call_delta(place, |piece| piece.arguments = "{}".to_owned()));
            if let Some(call) = self.calls.get_mut(place) {
                call.has_arguments = true;
            }
        }
    }

    fn end(&mut self, event: MessageStop, out: &mut Vec<Delta>) -> Result<()> {
        let native = event.stop_reason;
        if let Some(error) = failure(native.as_deref(), &self.provider, &self.model) {
            return Err(error);
        }
        self.stopped = true;
        self.keep(event.extra);
        let finish = native.as_deref().map(finish_reason);
        out.push(Delta {
            finish_reason: answered(finish, self.answer.is_some(), self.calls.is_empty()),
            native_finish_reason: native,
            provider_state: self.replay.state(),
            ..Delta::default()
        });
        Ok(())
    }

    /// Keeps fields that are not known here, without the padding of events and what says nothing.
    fn keep(&mut self, mut extra: JsonMap) {
        extra.remove("p");
        extra.retain(|_, value| !value.is_null());
        self.head.extra.extend(extra);
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        if matches!(frame.message, "exception" | "error") {
            let (kind, data) = (frame.event, frame.data);
            return Err(stream_error(kind, data, &self.provider, &self.model));
        }
        match frame.event {
            "contentBlockDelta" => {
                let event = self.read(frame.data)?;
                self.delta(event, out);
                self.any_output |= !out.is_empty();
            }
            "contentBlockStart" => {
                let event = self.read(frame.data)?;
                self.start(event, out);
            }
            "contentBlockStop" => {
                let event = self.read(frame.data)?;
                self.stop(event, out);
            }
            "messageStart" => out.push(Delta {
                role: Some(Role::Assistant),
                ..Delta::default()
            }),
            "messageStop" => {
                let event = self.read(frame.data)?;
                self.end(event, out)?;
            }
            "metadata" => {
                let event: StreamMetadata = self.read(frame.data)?;
                self.counted = true;
                self.head.service_tier = event.service_tier.and_then(|tier| tier.kind);
                self.keep(event.extra);
                let usage = event.usage.and_then(usage);
                if usage.is_some() {
                    out.push(Delta {
                        usage,
                        ..Delta::default()
                    });
                }
            }
            // New kinds of events may come.
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<Delta>) -> Result<()> {
        if self.stopped {
            return Ok(());
        }
        Err(body::cut(self.any_output, &self.provider, &self.model))
    }

    fn is_done(&self) -> bool {
        self.stopped && self.counted
    }

    fn head(&self) -> &ReplyHead {
        &self.head
    }
}

fn call_delta(place: usize, fill: impl FnOnce(&mut ToolCallDelta)) -> Delta {
    let mut piece = ToolCallDelta {
        index: u32::try_from(place).unwrap_or(u32::MAX),
        ..ToolCallDelta::default()
    };
    fill(&mut piece);
    Delta {
        tool_calls: vec![piece],
        ..Delta::default()
    }
}
