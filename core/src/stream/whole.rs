//! An answer that came whole where a stream was asked for, handed out as deltas.

use crate::chat::{Choice, Delta, ToolCallDelta};
use crate::error::Result;
use crate::provider::{Reply, ReplyHead, StreamDecoder};
use crate::transport::Frame;

/// The deltas that add up to this answer.
pub(super) fn deltas(reply: &mut Reply) -> Vec<Delta> {
    let mut deltas: Vec<Delta> = std::mem::take(&mut reply.choices)
        .into_iter()
        .map(delta)
        .collect();
    if let Some(usage) = reply.usage.take() {
        deltas.push(Delta {
            usage: Some(usage),
            ..Delta::default()
        });
    }
    deltas
}

fn delta(choice: Choice) -> Delta {
    let message = choice.message;
    let text = message.content.as_ref().map(crate::chat::Content::text);
    let tool_calls = message
        .tool_calls
        .into_iter()
        .zip(0..)
        .map(|(call, index)| ToolCallDelta {
            index,
            id: Some(call.id),
            name: Some(call.function.name),
            arguments: call.function.arguments,
        })
        .collect();
    Delta {
        index: choice.index,
        role: Some(message.role),
        text,
        refusal: message.refusal,
        reasoning: message.reasoning_content,
        tool_calls,
        finish_reason: choice.finish_reason,
        native_finish_reason: choice.native_finish_reason,
        logprobs: choice.logprobs,
        annotations: message.annotations,
        audio: message.audio,
        provider_state: message.provider_state,
        extra: choice.extra,
        usage: None,
    }
}

/// The decoder of an answer that is complete already.
pub(super) struct Answered(pub(super) ReplyHead);

impl StreamDecoder for Answered {
    fn frame(&mut self, _: Frame<'_>, _: &mut Vec<Delta>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<Delta>) -> Result<()> {
        Ok(())
    }

    fn is_done(&self) -> bool {
        true
    }

    fn head(&self) -> &ReplyHead {
        &self.0
    }
}
