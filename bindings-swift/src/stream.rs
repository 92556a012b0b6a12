//! Streams: deltas in batches, so that the boundary is crossed once for all that is ready.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use slugline::chat::{ChatCompletion, Delta, StreamHead};
use slugline::runtime::{self, StreamHandle};
use slugline::{Result, stream};

use crate::error::Failure;

/// A streamed answer. It ends, and the provider's socket closes, when it is cancelled or dropped.
#[derive(uniffi::Object)]
pub struct Stream(StreamHandle);

/// What was ready together; without pieces it is the end.
#[derive(uniffi::Record)]
pub struct Batch {
    head: Option<StreamHead>,
    pieces: Vec<Piece>,
}

/// What one chunk brings.
#[derive(uniffi::Enum)]
pub enum Piece {
    /// Nothing but text of the first choice, as most chunks do.
    Text {
        /// The text.
        text: String,
    },
    /// Anything else.
    Delta {
        /// All of it.
        delta: Box<Delta>,
    },
}

impl Stream {
    /// A stream; what is wrong with the call is told at its first pull.
    pub(crate) fn new(opened: Result<stream::ChatStream>) -> Arc<Self> {
        let handle = opened.map_or_else(StreamHandle::failed, StreamHandle::new);
        Arc::new(Stream(handle))
    }
}

#[uniffi::export]
impl Stream {
    /// What is ready now, at most `max` pieces; nothing where that would have to be waited for.
    pub fn try_batch(&self, max: u32) -> Result<Option<Batch>, Failure> {
        Ok(runtime::shield(|| {
            // Not the handle's own `try_batch`: this one minds another reader.
            let next = pin!(self.0.next_batch(max as usize));
            match next.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(batch) => Ok(Some(Batch::of(batch?))),
                Poll::Pending => Ok(None),
            }
        })?)
    }

    /// What is ready, at most `max` pieces; waits for the first.
    pub async fn next_batch(&self, max: u32) -> Result<Batch, Failure> {
        Ok(Batch::of(self.0.next_batch(max as usize).await?))
    }

    /// Pulls what is left and gives the whole answer.
    pub async fn completion(&self) -> Result<ChatCompletion, Failure> {
        Ok(self.0.completion().await?)
    }

    /// Ends the stream and closes the provider's socket.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl Batch {
    fn of(batch: runtime::Batch) -> Self {
        Batch {
            head: batch.head,
            pieces: batch.deltas.into_iter().map(Piece::of).collect(),
        }
    }
}

impl Piece {
    fn of(mut delta: Delta) -> Self {
        match bare_text(&mut delta) {
            Some(text) => Piece::Text { text },
            None => Piece::Delta {
                delta: Box::new(delta),
            },
        }
    }
}

/// The text of a delta that is nothing but text of the first choice.
fn bare_text(delta: &mut Delta) -> Option<String> {
    // Every field by name: a new one must be thought of here.
    let Delta {
        index: 0,
        role: None,
        text: text @ Some(_),
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
    if bare { text.take() } else { None }
}
