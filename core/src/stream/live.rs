//! A streamed answer on the wire: pulls bytes when asked, cuts them into frames, decodes deltas.
//!
//! Nothing runs on its own: a reader that does not pull holds the socket back, and dropping a
//! [`Live`] closes it. The idle and the total deadline are watched while somebody waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::chat::Delta;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Reply, ReplyHead, StreamDecoder};
use crate::transport::limits::{DRAIN_BYTES, DRAIN_MS};
use crate::transport::{Body, FrameParser};

/// A streamed answer under way.
pub(crate) struct Live {
    wire: Option<Wire>,
    decoder: Box<dyn StreamDecoder>,
    /// What is decoded and not read yet. Deltas are large: each is moved once from here.
    queue: std::vec::IntoIter<Delta>,
    scratch: Vec<Delta>,
    /// Kept back until the deltas that came before it are read.
    failed: Option<Error>,
    idle: Duration,
    deadline: Instant,
    last_event: Instant,
    timer: Pin<Box<Sleep>>,
    /// A delta that counts as output has come.
    begun: bool,
    /// Reads in a row that gave the reader nothing, such as pings.
    barren: u32,
}

/// Where bytes come from, until they end.
struct Wire {
    body: Body,
    parser: Box<dyn FrameParser>,
}

/// So many reads in a row may give nothing before other tasks get their turn.
const BARREN_READS: u32 = 32;

impl Live {
    /// A live answer. `idle` bounds the silence between bytes, `deadline` the whole.
    pub(crate) fn new(
        body: Body,
        parser: Box<dyn FrameParser>,
        decoder: Box<dyn StreamDecoder>,
        idle: Duration,
        deadline: Instant,
    ) -> Self {
        let now = Instant::now();
        let timer = Box::pin(tokio::time::sleep_until(deadline.min(now + idle)));
        Live {
            wire: Some(Wire { body, parser }),
            decoder,
            queue: Vec::new().into_iter(),
            scratch: Vec::new(),
            failed: None,
            idle,
            deadline,
            last_event: now,
            timer,
            begun: false,
            barren: 0,
        }
    }

    /// An answer that came whole, handed out as a stream.
    pub(crate) fn whole(mut reply: Reply) -> Self {
        let now = Instant::now();
        let deltas = super::whole::deltas(&mut reply);
        let begun = deltas.iter().any(Delta::is_output);
        Live {
            wire: None,
            decoder: Box::new(super::whole::Answered(reply.head)),
            queue: deltas.into_iter(),
            scratch: Vec::new(),
            failed: None,
            idle: Duration::MAX,
            deadline: now,
            last_event: now,
            timer: Box::pin(tokio::time::sleep_until(now)),
            begun,
            barren: 0,
        }
    }

    /// The next delta that is there already.
    pub(crate) fn pop(&mut self) -> Option<Delta> {
        let delta = self.queue.next();
        if delta.is_none() {
            // A wire that rests keeps no room for a burst.
            self.queue = Vec::new().into_iter();
        }
        delta
    }

    /// True once a delta has come that counts as output.
    pub(crate) fn has_output(&self) -> bool {
        self.begun
    }

    /// True once the wire has nothing more to give; deltas and an error may still wait.
    pub(crate) fn is_ended(&self) -> bool {
        self.wire.is_none()
    }

    /// Fails where the wire broke off, or ended, before it gave anything worth reading.
    pub(crate) fn check_begun(&mut self) -> Result<()> {
        if self.has_output() {
            return Ok(());
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.queue.as_slice().is_empty() {
            let message = "the provider's stream held no answer";
            return Err(Error::new(ErrorKind::InvalidResponse, message).with_retryable(true));
        }
        Ok(())
    }

    /// What the provider says of the answer as a whole, so far.
    pub(crate) fn head(&self) -> &ReplyHead {
        self.decoder.head()
    }

    /// Reads what the wire gives next. `Ok(false)`: it has ended. An error is given after every
    /// delta that came before it.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        if let Some(error) = self.failed.take() {
            self.wire = None;
            return Poll::Ready(Err(error));
        }
        let Some(wire) = &mut self.wire else {
            return Poll::Ready(Ok(false));
        };
        if self.barren >= BARREN_READS {
            // A wire that is always ready with nothing in it must starve neither a deadline nor a task.
            self.barren = 0;
            if let Poll::Ready(failed) = self.poll_timer(cx) {
                return Poll::Ready(failed);
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match wire.body.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.last_event = Instant::now();
                if self.last_event >= self.deadline {
                    return self.fail(total_deadline());
                }
                let (decoder, scratch) = (&mut self.decoder, &mut self.scratch);
                let read = wire
                    .parser
                    .push(&bytes, &mut |frame| decoder.frame(frame, scratch));
                self.take_scratch(read)
            }
            Poll::Ready(Some(Err(error))) => self.fail(error),
            Poll::Ready(None) => {
                let (decoder, scratch) = (&mut self.decoder, &mut self.scratch);
                let read = wire
                    .parser
                    .finish(&mut |frame| decoder.frame(frame, scratch))
                    .and_then(|()| {
                        if decoder.is_done() {
                            Ok(())
                        } else {
                            decoder.finish(scratch)
                        }
                    });
                self.wire = None;
                self.take_scratch(read)
            }
            Poll::Pending => self.poll_timer(cx),
        }
    }

    fn take_scratch(&mut self, read: Result<()>) -> Poll<Result<bool>> {
        self.barren = if self.scratch.is_empty() {
            self.barren + 1
        } else {
            0
        };
        if !self.scratch.is_empty() {
            let mut fresh = std::mem::take(&mut self.scratch);
            self.begun = self.begun || fresh.iter().any(Delta::is_output);
            if !self.queue.as_slice().is_empty() {
                // The queue's own memory is used on: many small events before any output cost no copies.
                let mut all: Vec<Delta> = std::mem::take(&mut self.queue).collect();
                all.append(&mut fresh);
                fresh = all;
            }
            self.queue = fresh.into_iter();
        }
        if let Err(error) = read {
            return self.fail(error);
        }
        if self.wire.is_some() && self.decoder.is_done() {
            self.drain();
        }
        Poll::Ready(Ok(true))
    }

    fn fail(&mut self, error: Error) -> Poll<Result<bool>> {
        self.wire = None;
        if self.queue.as_slice().is_empty() {
            return Poll::Ready(Err(error));
        }
        self.failed = Some(error);
        // `body` gone and `failed` set: the next call reports it.
        Poll::Ready(Ok(true))
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.deadline {
                return self.fail(total_deadline());
            }
            let quiet_until = self.last_event + self.idle;
            if now >= quiet_until {
                let message = format!(
                    "the provider sent nothing for {} ms while streaming (`idle_timeout_ms`)",
                    self.idle.as_millis()
                );
                return self
                    .fail(Error::new(ErrorKind::Timeout, message).with_detail("deadline", "idle"));
            }
            // Events came since the timer was set: it is only moved when it fires, not per event.
            self.timer.as_mut().reset(quiet_until.min(self.deadline));
        }
        Poll::Pending
    }

    /// The answer is complete: the rest of the body is read, shortly and elsewhere, so that the
    /// connection goes back to its pool instead of being closed.
    fn drain(&mut self) {
        let Some(Wire { mut body, .. }) = self.wire.take() else {
            return;
        };
        let mut seen = 0;
        let mut context = Context::from_waker(std::task::Waker::noop());
        loop {
            match body.as_mut().poll_next(&mut context) {
                Poll::Ready(Some(Ok(bytes))) if seen < DRAIN_BYTES => seen += bytes.len(),
                Poll::Ready(_) => return,
                Poll::Pending => break,
            }
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(
                Duration::from_millis(DRAIN_MS),
                async move {
                    while let Some(Ok(bytes)) =
                        std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await
                    {
                        seen += bytes.len();
                        if seen > DRAIN_BYTES {
                            break;
                        }
                    }
                },
            ));
        }
    }
}

fn total_deadline() -> Error {
    let message = "the call's deadline (`timeout_ms`) passed while the answer was streaming";
    Error::new(ErrorKind::Timeout, message).with_detail("deadline", "total")
}
