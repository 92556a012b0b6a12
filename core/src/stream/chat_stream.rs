//! The stream a caller reads: chunks one by one or deltas in batches, the whole answer at the end.
//!
//! The engine hands over a future that opens the answer (with retries and fallbacks inside) and
//! a [`Finisher`] that turns the accumulated reply into a completion and records it.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Accumulator, CancelHandle, Live};
use crate::chat::{ChatCompletion, ChatCompletionChunk, Delta, Meta, StreamHead, Usage};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::Reply;
use crate::transport::BoxFuture;

/// How many deltas a batch holds at most, where the reader names no number.
pub const BATCH: usize = 64;

/// An answer that has begun: at least one delta is there, or it is complete.
pub(crate) struct Opened {
    pub(crate) live: Live,
    pub(crate) head: StreamHead,
    pub(crate) finisher: Box<dyn Finisher>,
}

/// What the engine does when a stream ends.
pub(crate) trait Finisher: Send {
    /// The answer is complete.
    fn complete(self: Box<Self>, reply: Reply) -> Finished;
    /// It broke off, or was cancelled: the error as the caller shall see it.
    fn fail(self: Box<Self>, error: Error, partial: Reply) -> Error;
}

/// How a complete answer ends its stream.
pub(crate) enum Finished {
    /// At once.
    Now(Result<Box<ChatCompletion>>),
    /// When this is done: the reader has everything but the end by then.
    Later(BoxFuture<'static, Result<ChatCompletion>>),
}

/// A streamed answer.
///
/// Nothing is sent before the first pull, and every error arrives there. As a
/// [`Stream`] it yields [`ChatCompletionChunk`]s; [`ChatStream::next_batch`] gives the bare
/// [`Delta`]s, several at a time. Dropping it closes the provider's socket.
pub struct ChatStream {
    state: State,
    head: Option<StreamHead>,
    accumulator: Accumulator,
    include_usage: bool,
    cancel: CancelHandle,
    outcome: Option<Result<Box<ChatCompletion>>>,
    ready: std::vec::IntoIter<Delta>,
    /// As a `Stream` it has given its error.
    told: bool,
}

enum State {
    Opening(BoxFuture<'static, Result<Opened>>),
    Live(Box<Opened>),
    Ending(Box<Ending>),
    Ended,
}

/// Everything was read, and something is still to be done.
struct Ending {
    work: BoxFuture<'static, Result<ChatCompletion>>,
    /// Told at the end.
    usage: Option<Usage>,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            State::Opening(_) => "opening",
            State::Live(_) | State::Ending(_) => "live",
            State::Ended => "ended",
        };
        f.debug_struct("ChatStream")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(crate) fn new(
        opening: BoxFuture<'static, Result<Opened>>,
        include_usage: bool,
        max_bytes: u64,
    ) -> Self {
        ChatStream {
            state: State::Opening(opening),
            head: None,
            accumulator: Accumulator::new(max_bytes),
            include_usage,
            cancel: CancelHandle::default(),
            outcome: None,
            ready: Vec::new().into_iter(),
            told: false,
        }
    }

    /// What all chunks share; known once the first batch has come.
    pub fn head(&self) -> Option<&StreamHead> {
        self.head.as_ref()
    }

    /// How the answer came about: known once everything was read, `None` before and after a failure.
    pub fn meta(&self) -> Option<&Meta> {
        match (&self.outcome, self.is_ended()) {
            (Some(Ok(completion)), true) => Some(&completion.meta),
            _ => None,
        }
    }

    /// A handle that cancels this stream from elsewhere.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Ends the stream and closes the provider's socket. A later [`ChatStream::completion`] is `cancelled`.
    pub fn close(&mut self) {
        self.ready = Vec::new().into_iter();
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => {}
            State::Opening(_) | State::Ending(_) => self.outcome = Some(Err(cancelled())),
            State::Live(opened) => {
                // What came after the last choice's end would have been counts: the answer itself is whole.
                let is_whole = self.accumulator.is_finished();
                let reply = self.accumulator.take(opened.live.head().clone());
                if is_whole {
                    let _ = opened.finisher.complete(reply);
                    self.outcome = Some(Err(cancelled()));
                } else {
                    self.outcome = Some(Err(opened.finisher.fail(cancelled(), reply)));
                }
            }
        }
    }

    /// True once everything, and any error, has been read.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Gives the stream up after a bug: nothing of its state is touched again.
    #[cfg(feature = "runtime")]
    pub(crate) fn abandon(&mut self, error: Error) {
        self.state = State::Ended;
        self.outcome = Some(Err(error));
    }

    /// Everything that is ready, at most `max` deltas; waits for the first. An empty batch is the end.
    ///
    /// Cancel-safe: nothing is taken before it is returned.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Delta>> {
        std::future::poll_fn(|cx| self.poll_batch(cx, max)).await
    }

    /// The polled form of [`ChatStream::next_batch`].
    pub fn poll_batch(&mut self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Vec<Delta>>> {
        self.cancel.watch(cx.waker());
        if self.cancel.is_cancelled() {
            // A stream that had ended by then stays as it ended.
            self.close();
            if let Some(Err(error)) = &self.outcome
                && error.kind() == ErrorKind::Cancelled
            {
                return Poll::Ready(Err(error.clone()));
            }
        }
        if let State::Opening(opening) = &mut self.state {
            match opening.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(opened)) => {
                    self.head = Some(opened.head.clone());
                    self.state = State::Live(Box::new(opened));
                }
                Poll::Ready(Err(error)) => {
                    self.state = State::Ended;
                    self.outcome = Some(Err(error.clone()));
                    return Poll::Ready(Err(error));
                }
            }
        }
        if let State::Ending(ending) = &mut self.state {
            return match ending.work.as_mut().poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(ended) => {
                    let usage = ending.usage.take();
                    self.state = State::Ended;
                    self.conclude(ended.map(Box::new), usage, Vec::new())
                }
            };
        }
        let mut batch = Vec::new();
        loop {
            let State::Live(opened) = &mut self.state else {
                return Poll::Ready(Ok(batch));
            };
            while batch.len() < max {
                let Some(mut delta) = opened.live.pop() else {
                    break;
                };
                if let Err(error) = self.accumulator.push(&delta) {
                    return self.fail(error, batch);
                }
                // The caller sees usage once, at the end, whenever the provider told it.
                let bare = delta.is_usage_only();
                delta.usage = None;
                if !bare {
                    batch.push(delta);
                }
            }
            if batch.len() >= max {
                return Poll::Ready(Ok(batch));
            }
            match opened.live.poll_fill(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return self.finish(cx, batch),
                Poll::Ready(Err(error)) => return self.fail(error, batch),
                Poll::Pending if batch.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(batch)),
            }
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>, batch: Vec<Delta>) -> Poll<Result<Vec<Delta>>> {
        let State::Live(opened) = std::mem::replace(&mut self.state, State::Ended) else {
            return Poll::Ready(Ok(batch));
        };
        let reply = self.accumulator.take(opened.live.head().clone());
        let usage = reply.usage.clone().filter(|_| self.include_usage);
        match opened.finisher.complete(reply) {
            Finished::Now(ended) => self.conclude(ended, usage, batch),
            Finished::Later(work) => {
                self.state = State::Ending(Box::new(Ending { work, usage }));
                if batch.is_empty() {
                    return self.poll_batch(cx, 1);
                }
                Poll::Ready(Ok(batch))
            }
        }
    }

    fn conclude(
        &mut self,
        ended: Result<Box<ChatCompletion>>,
        usage: Option<Usage>,
        mut batch: Vec<Delta>,
    ) -> Poll<Result<Vec<Delta>>> {
        match ended {
            Ok(completion) => {
                self.outcome = Some(Ok(completion));
                if let Some(usage) = usage {
                    batch.push(Delta {
                        usage: Some(usage),
                        ..Delta::default()
                    });
                }
                Poll::Ready(Ok(batch))
            }
            Err(error) => {
                self.outcome = Some(Err(error.clone()));
                Poll::Ready(Err(error))
            }
        }
    }

    fn fail(&mut self, error: Error, batch: Vec<Delta>) -> Poll<Result<Vec<Delta>>> {
        let State::Live(opened) = std::mem::replace(&mut self.state, State::Ended) else {
            return Poll::Ready(Err(error));
        };
        let partial = self.accumulator.take(opened.live.head().clone());
        let error = opened.finisher.fail(error, partial);
        self.outcome = Some(Err(error.clone()));
        if batch.is_empty() {
            return Poll::Ready(Err(error));
        }
        // What came before the failure is read first: the failure waits for the next pull.
        let later = error;
        self.state = State::Opening(Box::pin(std::future::ready(Err(later))));
        Poll::Ready(Ok(batch))
    }

    /// Pulls what is left and gives what `chat` would have given; after a failure or
    /// [`ChatStream::close`], that error.
    pub async fn completion(&mut self) -> Result<ChatCompletion> {
        while self.outcome.is_none() || !matches!(self.state, State::Ended) {
            if self.next_batch(BATCH).await?.is_empty() {
                break;
            }
        }
        match &self.outcome {
            Some(Ok(completion)) => Ok((**completion).clone()),
            Some(Err(error)) => Err(error.clone()),
            None => Err(no_outcome()),
        }
    }

    /// How the stream ended, taken out once everything was read.
    #[cfg(feature = "runtime")]
    pub(crate) fn take_outcome(&mut self) -> Result<Box<ChatCompletion>> {
        self.outcome.take().unwrap_or_else(|| Err(no_outcome()))
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatCompletionChunk>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let (Some(head), Some(delta)) = (&this.head, this.ready.next()) {
                return Poll::Ready(Some(Ok(head.chunk(delta))));
            }
            match this.poll_batch(cx, BATCH) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) if this.told => return Poll::Ready(None),
                Poll::Ready(Err(error)) => {
                    // Once: who goes past an error must reach the end.
                    this.told = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Ok(batch)) if batch.is_empty() => return Poll::Ready(None),
                Poll::Ready(Ok(batch)) => this.ready = batch.into_iter(),
            }
        }
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        self.close();
    }
}

fn no_outcome() -> Error {
    Error::new(ErrorKind::Internal, "the stream ended without an outcome")
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the call was cancelled")
}
