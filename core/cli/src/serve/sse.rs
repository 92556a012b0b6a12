//! A stream of chunks as server-sent events: each chunk a `data:` line, `[DONE]` at the end, comments while
//! nothing comes, and an error as the last event where the stream breaks off.
//!
//! The body pulls the engine's stream as the client reads, so a slow client holds the provider back, and
//! dropping it (the client is gone) closes the provider's socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use serde_json::{Value, json};
use slugline::chat::{ChatCompletionChunk, Delta, StreamHead};
use slugline::stream::{BATCH, ChatStream};
use slugline::{Error, ErrorKind};
use tokio::time::{Instant, Sleep};

use super::access::Outcome;
use super::answer::Profile;
use super::refusal;

/// How long nothing may be sent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The events of one stream.
pub(crate) struct Events {
    stream: ChatStream,
    /// Deltas that were read before the headers went out.
    first: Option<Vec<Delta>>,
    profile: Profile,
    outcome: Outcome,
    silence: Pin<Box<Sleep>>,
    ended: bool,
}

impl Events {
    pub(crate) fn new(
        stream: ChatStream,
        first: Option<Vec<Delta>>,
        profile: Profile,
        outcome: Outcome,
    ) -> Events {
        Events {
            stream,
            first,
            profile,
            outcome,
            silence: Box::pin(tokio::time::sleep(KEEP_ALIVE)),
            ended: false,
        }
    }

    fn events(&mut self, batch: Result<Vec<Delta>, Error>) -> Vec<u8> {
        let written = batch.and_then(|batch| match (batch.is_empty(), self.stream.head()) {
            (true, _) => {
                self.ended = true;
                Ok(b"data: [DONE]\n\n".to_vec())
            }
            (false, Some(head)) => {
                let mut out = Vec::with_capacity(batch.len() * 384);
                for delta in batch {
                    write(&mut out, head, delta, self.profile)?;
                }
                Ok(out)
            }
            (false, None) => Err(Error::new(ErrorKind::Internal, "a stream without a head")),
        });
        written.unwrap_or_else(|error| {
            self.ended = true;
            self.outcome.failed(&error);
            format!("data: {}\n\n", refusal::envelope(&error)).into_bytes()
        })
    }
}

fn write(
    out: &mut Vec<u8>,
    head: &StreamHead,
    delta: Delta,
    profile: Profile,
) -> Result<(), Error> {
    out.extend_from_slice(b"data: ");
    let chunk = head.chunk(delta);
    let written = match profile {
        Profile::Plain => serde_json::to_writer(&mut *out, &chunk),
        Profile::Filled => serde_json::to_writer(&mut *out, &filled(&chunk)),
    };
    written.map_err(|error| {
        Error::new(ErrorKind::Internal, "a chunk cannot be written as JSON").with_source(error)
    })?;
    out.extend_from_slice(b"\n\n");
    Ok(())
}

/// A chunk in the form of [`Profile::Filled`].
fn filled(chunk: &ChatCompletionChunk) -> Value {
    let mut value = json!(chunk);
    for choice in value["choices"].as_array_mut().into_iter().flatten() {
        let id = choice["completion_id"].clone();
        let delta = &mut choice["delta"];
        delta["id"] = id;
        if delta["role"].is_null() {
            delta["role"] = json!("assistant");
        }
        if delta["content"].is_null() {
            delta["content"] = json!("");
        }
    }
    value
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let batch = match this.first.take() {
            Some(first) => Poll::Ready(Ok(first)),
            None => this.stream.poll_batch(cx, BATCH),
        };
        let bytes = match batch {
            Poll::Ready(batch) => this.events(batch),
            Poll::Pending => match this.silence.as_mut().poll(cx) {
                Poll::Ready(()) => b": keep-alive\n\n".to_vec(),
                Poll::Pending => return Poll::Pending,
            },
        };
        this.silence.as_mut().reset(Instant::now() + KEEP_ALIVE);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
