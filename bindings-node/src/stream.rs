//! Streams: deltas in batches as JSON text. Polled from JavaScript, so that nothing runs ahead of a
//! slow reader.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use napi_derive::napi;
use slugline::chat::{Delta, StreamHead};
use slugline::runtime::{Batch, StreamHandle};
use slugline::{Error, ErrorKind, Result, runtime, stream};

use crate::error::{json, thrown};
use crate::hub::Pull;

/// A streamed answer. It ends, and the provider's socket closes, when it is cancelled or collected.
#[napi]
pub struct Stream {
    handle: StreamHandle,
    head: Option<StreamHead>,
    pull: Pull,
}

impl Stream {
    /// A stream; what is wrong with the call is told at its first poll.
    pub(crate) fn new(pull: Pull, opened: Result<stream::ChatStream>) -> Self {
        Stream {
            handle: opened.map_or_else(StreamHandle::failed, StreamHandle::new),
            head: None,
            pull,
        }
    }

    fn write(&mut self, batch: Batch) -> Result<String> {
        let Batch { head, deltas } = batch;
        if deltas.is_empty() {
            return Ok(String::new());
        }
        let mut text = String::with_capacity(32 + deltas.len() * 24);
        text.push('{');
        if let Some(head) = head {
            text.push_str("\"head\":");
            text.push_str(&json(&head)?);
            text.push(',');
            self.head = Some(head);
        }
        let Some(head) = &self.head else {
            return Err(Error::new(ErrorKind::Internal, "a stream without a head"));
        };
        text.push_str("\"deltas\":[");
        for (place, delta) in deltas.into_iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            match bare_text(&delta) {
                Some(new) => text.push_str(&json(&new)?),
                None => text.push_str(&json(&Shown::of(head, delta))?),
            }
        }
        text.push_str("]}");
        Ok(text)
    }
}

#[napi]
impl Stream {
    /// What is ready, at most `max` deltas; `""` at the end; nothing while nothing is ready: then the
    /// hub tells when to ask again.
    #[napi]
    pub fn poll(&mut self, max: u32) -> napi::Result<Option<String>> {
        let mut context = Context::from_waker(self.pull.waker());
        match self.handle.poll_batch(&mut context, max as usize) {
            Poll::Pending => Ok(None),
            Poll::Ready(batch) => batch
                .and_then(|batch| runtime::shield(|| self.write(batch)))
                .map(Some)
                .map_err(thrown),
        }
    }

    /// The whole answer, once the end has been read.
    #[napi]
    pub fn completion(&self) -> napi::Result<String> {
        let mut context = Context::from_waker(self.pull.waker());
        match pin!(self.handle.completion()).poll(&mut context) {
            Poll::Ready(completion) => completion.and_then(|answer| json(&answer)),
            Poll::Pending => Err(runtime::second_reader()),
        }
        .map_err(thrown)
    }

    /// Ends the stream and closes the provider's socket.
    #[napi]
    pub fn cancel(&self) {
        self.handle.cancel();
    }
}

/// The text of a delta that is nothing but text of the first choice, as most are.
fn bare_text(delta: &Delta) -> Option<&str> {
    // Every field by name: a new one must be thought of here.
    let Delta {
        index: 0,
        role: None,
        text: Some(text),
        refusal: None,
        reasoning: None,
        tool_calls,
        finish_reason: None,
        native_finish_reason: None,
        logprobs: None,
        usage: None,
        annotations,
        audio: None,
        provider_state: None,
        extra,
    } = delta
    else {
        return None;
    };
    let bare = tool_calls.is_empty() && annotations.is_empty() && extra.is_empty();
    bare.then_some(text)
}

/// A chunk without what it shares with all others.
#[derive(serde::Serialize)]
struct Shown {
    choices: Vec<slugline::chat::ChunkChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<slugline::chat::Usage>,
    #[serde(skip_serializing_if = "slugline::chat::JsonMap::is_empty")]
    extra: slugline::chat::JsonMap,
}

impl Shown {
    fn of(head: &StreamHead, delta: Delta) -> Self {
        let chunk = head.chunk(delta);
        Shown {
            choices: chunk.choices,
            usage: chunk.usage,
            extra: chunk.extra,
        }
    }
}
