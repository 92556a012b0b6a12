//! A stream on its way to a host language: read ahead on the shared runtime, taken in batches elsewhere.
//!
//! The first pull starts a task that reads the stream and keeps a few deltas ready; it waits while
//! nobody takes them, so a slow reader still holds the socket back. Decoding thus happens beside the
//! connection's own task, and the reader, often the host's only thread, is woken once for all that came
//! in the meantime. Nothing is taken before it is returned.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::{block_on, handle, panicked};
use crate::chat::{ChatCompletion, Delta, StreamHead};
use crate::error::{Error, Result};
use crate::stream::{BATCH, ChatStream, cancelled};

/// A stream that one task reads and any thread may cancel. Dropping the last clone cancels it too.
#[derive(Debug, Clone)]
pub struct StreamHandle(Arc<Owner>);

/// Deltas that were ready together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What all chunks share: with the first batch of the stream only.
    pub head: Option<StreamHead>,
    /// The deltas; none is the end.
    pub deltas: Vec<Delta>,
}

/// What the clones of a handle share. The task that reads ahead holds only the inner half.
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    reading: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// The stream, until it is cancelled or its task has ended. Never locked together with the state.
    stream: Mutex<Option<ChatStream>>,
}

#[derive(Debug, Default)]
struct State {
    /// The first pull starts the task.
    begun: bool,
    /// The task that reads the stream.
    task: Option<AbortHandle>,
    head: Option<StreamHead>,
    deltas: VecDeque<Delta>,
    /// How the stream ended, once it has.
    outcome: Option<Result<Box<ChatCompletion>>>,
    /// The reader knows how it ended.
    told: bool,
    cancelled: bool,
    /// Woken when there is something to take.
    reader: Option<Waker>,
    /// Woken when there is room for more.
    room: Option<Waker>,
}

impl StreamHandle {
    /// Takes over a stream.
    pub fn new(stream: ChatStream) -> Self {
        StreamHandle(Arc::new(Owner {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                stream: Mutex::new(Some(stream)),
            }),
            reading: AtomicBool::new(false),
        }))
    }

    /// A call that was refused before it began: the error arrives at the first pull, like any other.
    pub fn failed(error: Error) -> Self {
        let refused = Box::pin(std::future::ready(Err(error)));
        StreamHandle::new(ChatStream::new(refused, false, 0))
    }

    /// What is ready now, without waiting; `None` where that is nothing.
    ///
    /// # Errors
    /// The stream's.
    pub fn try_batch(&self, max: usize) -> Result<Option<Batch>> {
        let mut context = Context::from_waker(Waker::noop());
        match self.poll_batch(&mut context, max) {
            Poll::Ready(batch) => batch.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// What is ready, at most `max` deltas; waits for the first.
    ///
    /// # Errors
    /// The stream's, or `invalid_request` where another pull is under way.
    pub async fn next_batch(&self, max: usize) -> Result<Batch> {
        let _reading = Reading::begin(&self.0)?;
        self.pulled(max).await
    }

    async fn pulled(&self, max: usize) -> Result<Batch> {
        std::future::poll_fn(|cx| self.poll_batch(cx, max)).await
    }

    /// The polled form of [`StreamHandle::next_batch`], from any thread, for one reader at a time.
    pub fn poll_batch(&self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Batch>> {
        let shared = &self.0.shared;
        let mut state = shared.lock();
        if !state.begun && !state.cancelled {
            state.begun = true;
            match handle() {
                Ok(runtime) => {
                    let reads = runtime.spawn(read_ahead(Reads(shared.clone())));
                    state.task = Some(reads.abort_handle());
                }
                Err(error) => state.outcome = Some(Err(error)),
            }
        }
        if !state.deltas.is_empty() {
            let max = max.max(1); // None would be the end.
            let deltas = if state.deltas.len() <= max {
                // The queue goes with them: a stream that rests keeps no room for a burst.
                std::mem::take(&mut state.deltas).into()
            } else {
                state.deltas.drain(..max).collect()
            };
            let head = state.head.take();
            let left = state.deltas.len();
            let room = state.room.take_if(|_| left < BATCH);
            drop(state);
            if let Some(room) = room {
                room.wake();
            }
            return Poll::Ready(Ok(Batch { head, deltas }));
        }
        match &state.outcome {
            None => {
                match &mut state.reader {
                    Some(reader) => reader.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            // Of a failure once, of a cancelling at every pull.
            Some(Err(error)) if !state.told || state.cancelled => {
                let error = error.clone();
                state.told = true;
                Poll::Ready(Err(error))
            }
            Some(_) => {
                state.told = true;
                Poll::Ready(Ok(Batch::default()))
            }
        }
    }

    /// Pulls what is left and gives the whole answer.
    ///
    /// # Errors
    /// The stream's, or `invalid_request` where another pull is under way.
    pub async fn completion(&self) -> Result<ChatCompletion> {
        let _reading = Reading::begin(&self.0)?;
        while !self.pulled(BATCH).await?.deltas.is_empty() {}
        match &self.0.shared.lock().outcome {
            Some(Ok(completion)) => Ok(ChatCompletion::clone(completion)),
            Some(Err(error)) => Err(error.clone()),
            None => Err(panicked()),
        }
    }

    /// Ends the stream and closes the provider's socket: a pull under way ends with `cancelled`, and so does
    /// every later one. A stream that was read to its end stays as it ended.
    pub fn cancel(&self) {
        self.0.shared.cancel();
    }

    /// Waits on the calling thread, `slice` at a time, asking `proceed` in between.
    ///
    /// # Errors
    /// As [`StreamHandle::next_batch`].
    pub fn wait_batch(
        &self,
        max: usize,
        slice: Duration,
        mut proceed: impl FnMut() -> bool,
    ) -> Result<Batch> {
        block_on(self.next_batch(max), slice, &mut proceed)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.cancel();
    }
}

/// The place of the one reader.
struct Reading<'a>(&'a Owner);

impl<'a> Reading<'a> {
    fn begin(owner: &'a Owner) -> Result<Self> {
        if owner.reading.swap(true, Ordering::Acquire) {
            return Err(second_reader());
        }
        Ok(Reading(owner))
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.store(false, Ordering::Release);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let mut state = self.lock();
        if state.told || state.cancelled {
            return;
        }
        state.cancelled = true;
        state.deltas.clear();
        state.outcome = Some(Err(cancelled()));
        let (task, reader) = (state.task.take(), state.reader.take());
        drop(state);
        if let Some(task) = task {
            task.abort();
        }
        self.close();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Ends the stream here and now, so that what is asked next sees the call as ended. Where its task is at work
    /// on it in code of the host, which may wait for this very thread, that is left to the task.
    fn close(&self) {
        let until = Instant::now() + Duration::from_millis(20);
        let mut stream = loop {
            match self.stream.try_lock() {
                Ok(stream) => break stream,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return,
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        };
        let closed = stream.take();
        drop(stream);
        // What ends with it may go on as a task.
        let runtime = closed.as_ref().and_then(|_| handle().ok());
        let _context = runtime.as_ref().map(Handle::enter);
        drop(closed);
    }

    /// The task's next look at the stream, unless that was closed.
    fn with_stream<T>(&self, look: impl FnOnce(&mut ChatStream) -> T) -> Result<T> {
        let mut slot = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_mut().map(look).ok_or_else(cancelled)
    }

    /// Hands deltas to the reader.
    fn give(&self, head: Option<StreamHead>, deltas: Vec<Delta>, first: bool) {
        let mut state = self.lock();
        if state.cancelled {
            return;
        }
        if first {
            state.head = head;
        }
        if state.deltas.is_empty() {
            state.deltas = deltas.into();
        } else {
            state.deltas.extend(deltas);
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn end(&self, outcome: Result<Box<ChatCompletion>>) {
        let mut state = self.lock();
        state.task = None;
        if !state.cancelled {
            state.outcome = Some(outcome);
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.deltas.len() < BATCH {
            return Poll::Ready(());
        }
        state.room = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The task's hold of the stream: with the task it ends.
struct Reads(Arc<Shared>);

impl Drop for Reads {
    fn drop(&mut self) {
        let stream = &self.0.stream;
        stream.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn read_ahead(reads: Reads) {
    let shared = &reads.0;
    let read = AssertUnwindSafe(read_to_end(shared)).catch_unwind();
    let outcome = read.await.unwrap_or_else(|_| {
        // One that was closed meanwhile has nothing to give up.
        let _ = shared.with_stream(|stream| stream.abandon(panicked()));
        Err(panicked())
    });
    shared.end(outcome);
}

async fn read_to_end(shared: &Shared) -> Result<Box<ChatCompletion>> {
    let mut first = true;
    loop {
        std::future::poll_fn(|cx| shared.poll_room(cx)).await;
        let mut head = None;
        let deltas = std::future::poll_fn(|cx| {
            let polled = shared.with_stream(|stream| {
                let batch = stream.poll_batch(cx, BATCH);
                if first && batch.is_ready() {
                    head = stream.head().cloned();
                }
                batch
            });
            polled.unwrap_or_else(|error| Poll::Ready(Err(error)))
        })
        .await?;
        if deltas.is_empty() {
            return shared.with_stream(ChatStream::take_outcome)?;
        }
        shared.give(head, deltas, first);
        first = false;
    }
}

/// What a pull gets while another one is under way.
pub fn second_reader() -> Error {
    Error::new(
        crate::error::ErrorKind::InvalidRequest,
        "the stream is being read already: one reader at a time",
    )
}
