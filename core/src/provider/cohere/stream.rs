//! Cohere's events as deltas. Events are named twice, by SSE and in the data; `message-end` closes the answer.

use serde_json::Value;

use super::decode::{
    arguments, call_id, failure, finish_reason, keep, state, stated_error, token, unknown, usage,
};
use super::types::{Event, Kind};
use crate::chat::{Delta, Logprobs, Role, ToolCallDelta};
use crate::error::Result;
use crate::provider::{ReplyHead, StreamDecoder, Target, body};
use crate::transport::Frame;

/// One streamed answer.
pub(super) struct Decoder {
    provider: String,
    model: String,
    head: ReplyHead,
    done: bool,
    any_output: bool,
    calls: Vec<OpenCall>,
    /// Bytes of thinking so far.
    thinking: usize,
    /// Bytes of the plan so far.
    plan: usize,
}

/// A call under way.
struct OpenCall {
    /// Its place as the wire counts.
    index: Option<u64>,
    has_arguments: bool,
}

impl Decoder {
    pub(super) fn new(target: &Target) -> Self {
        Decoder {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            head: ReplyHead::default(),
            done: false,
            any_output: false,
            calls: Vec::new(),
            thinking: 0,
            plan: 0,
        }
    }

    fn event(&mut self, kind: &str, event: Event, out: &mut Vec<Delta>) -> Result<()> {
        let index = event.index;
        let delta = event.delta.unwrap_or_default();
        let message = delta.message.unwrap_or_default();
        match kind {
            "message-start" => {
                self.head.id = event.id;
                out.push(Delta {
                    role: Some(Role::Assistant),
                    ..Delta::default()
                });
            }
            "content-start" | "content-delta" => {
                let Some(piece) = message.content.0 else {
                    return Ok(());
                };
                if let Some(unknown) = unknown(&piece) {
                    keep(&mut self.head.extra, unknown);
                }
                let logprobs = event.logprobs.and_then(token).map(|token| Logprobs {
                    content: Some(vec![token]),
                    refusal: None,
                });
                let present = |text: Option<String>| text.filter(|text| !text.is_empty());
                let (text, reasoning) = (present(piece.text), present(piece.thinking));
                self.thinking += reasoning.as_deref().map_or(0, str::len);
                if text.is_some() || reasoning.is_some() || logprobs.is_some() {
                    out.push(Delta {
                        text,
                        reasoning,
                        logprobs,
                        ..Delta::default()
                    });
                }
            }
            "tool-plan-delta" => {
                if let Some(plan) = message.tool_plan.filter(|plan| !plan.is_empty()) {
                    self.plan += plan.len();
                    out.push(Delta {
                        reasoning: Some(plan),
                        ..Delta::default()
                    });
                }
            }
            "tool-call-start" => {
                let call = message.tool_calls.0.unwrap_or_default();
                let arguments = arguments(call.function.arguments);
                self.calls.push(OpenCall {
                    index,
                    has_arguments: !arguments.is_empty(),
                });
                let place = self.calls.len() - 1;
                out.push(piece_of_call(place, |piece| {
                    piece.id = Some(call_id(call.id));
                    piece.name = Some(call.function.name.unwrap_or_default());
                    piece.arguments = arguments;
                }));
            }
            "tool-call-delta" => {
                let call = message.tool_calls.0.unwrap_or_default();
                let arguments = arguments(call.function.arguments);
                if let Some((place, open)) = self.call(index).filter(|_| !arguments.is_empty()) {
                    open.has_arguments = true;
                    out.push(piece_of_call(place, |piece| piece.arguments = arguments));
                }
            }
            "tool-call-end" => {
                if let Some((place, open)) =
                    self.call(index).filter(|(_, call)| !call.has_arguments)
                {
                    open.has_arguments = true;
                    out.push(piece_of_call(place, |piece| piece.arguments = "{}".into()));
                }
            }
            "citation-start" => {
                if let Some(citation) = message.citations.0 {
                    out.push(Delta {
                        annotations: vec![citation],
                        ..Delta::default()
                    });
                }
            }
            "message-end" => {
                let native = delta.finish_reason;
                let failed = failure(native.as_deref(), delta.error, &self.provider, &self.model);
                if let Some(error) = failed {
                    return Err(error);
                }
                self.done = true;
                out.push(Delta {
                    finish_reason: native.as_deref().map(finish_reason),
                    native_finish_reason: native,
                    usage: delta.usage.and_then(usage),
                    provider_state: state(self.thinking, self.plan),
                    ..Delta::default()
                });
            }
            // `content-end`, `citation-end`, `debug`, and what may come.
            _ => {}
        }
        Ok(())
    }

    fn read<'a, T: serde::Deserialize<'a>>(&self, data: &'a str) -> Result<T> {
        serde_json::from_str(data)
            .map_err(|error| body::unreadable_event(&error, &self.provider, &self.model))
    }

    /// The call that an event is about; without an index, the newest.
    fn call(&mut self, index: Option<u64>) -> Option<(usize, &mut OpenCall)> {
        let place = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index),
            None => None,
        };
        let place = place.or(self.calls.len().checked_sub(1))?;
        Some((place, self.calls.get_mut(place)?))
    }
}

impl StreamDecoder for Decoder {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<()> {
        if self.done || frame.data.trim() == "[DONE]" {
            return Ok(());
        }
        let unnamed;
        let kind = match frame.event {
            "" => {
                unnamed = self.read::<Kind>(frame.data)?.kind.unwrap_or_default();
                &unnamed
            }
            named => named,
        };
        if matches!(kind, "" | "error") {
            let value: Value = self.read(frame.data)?;
            let stated = stated_error(&value, &self.provider, &self.model);
            return stated.map_or(Ok(()), Err);
        }
        let before = out.len();
        let event = self.read(frame.data)?;
        self.event(kind, event, out)?;
        self.any_output |= out.iter().skip(before).any(Delta::is_output);
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<Delta>) -> Result<()> {
        if self.done {
            return Ok(());
        }
        Err(body::cut(self.any_output, &self.provider, &self.model))
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn head(&self) -> &ReplyHead {
        &self.head
    }
}

fn piece_of_call(place: usize, fill: impl FnOnce(&mut ToolCallDelta)) -> Delta {
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
