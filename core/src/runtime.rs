//! What the language bindings stand on: one shared runtime a process, streams that can be
//! read and cancelled from different threads, and a shield that turns a panic into `internal`.
//!
//! The Rust API does not use this: it runs on its caller's tokio.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use arc_swap::ArcSwapOption;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Mutex;

use crate::chat::{ChatCompletion, Delta, StreamHead};
use crate::error::{Error, ErrorKind, Result};
use crate::stream::{CancelHandle, ChatStream};

/// Threads of the shared runtime. They only move bytes; hosts read on their own threads.
const WORKERS: usize = 2;

struct Shared {
    process: u32,
    // Never dropped: after a fork its threads do not exist in the child, and joining them would hang.
    runtime: ManuallyDrop<Runtime>,
}

static SHARED: LazyLock<ArcSwapOption<Shared>> = LazyLock::new(ArcSwapOption::empty);

/// The shared runtime: started at first use, and anew in a forked child, where the parent's
/// threads do not exist.
///
/// # Errors
/// `internal` where the system gives no threads.
pub fn handle() -> Result<Handle> {
    let process = std::process::id();
    loop {
        let current = SHARED.load_full();
        if let Some(shared) = &current
            && shared.process == process
        {
            return Ok(shared.runtime.handle().clone());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("slugline")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Internal,
                    format!("cannot start the runtime: {error}"),
                )
            })?;
        let fresh = Arc::new(Shared {
            process,
            runtime: ManuallyDrop::new(runtime),
        });
        let before = SHARED.compare_and_swap(&current, Some(fresh.clone()));
        let replaced = match (&*before, &current) {
            (None, None) => true,
            (Some(before), Some(current)) => Arc::ptr_eq(before, current),
            _ => false,
        };
        if replaced {
            return Ok(fresh.runtime.handle().clone());
        }
        // Another thread was quicker: its runtime serves, this one ends.
        if let Ok(lost) = Arc::try_unwrap(fresh) {
            ManuallyDrop::into_inner(lost.runtime).shutdown_background();
        }
    }
}

/// Runs host-facing code so that a panic inside becomes an `internal` error.
///
/// # Errors
/// What `body` returns, or `internal`.
pub fn shield<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(panicked()))
}

/// Runs a call on the shared runtime. Dropping the returned future cancels the call.
///
/// # Errors
/// What the call returns, or `internal` where it panicked.
pub async fn run<T: Send + 'static>(
    call: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    struct Abort<T>(tokio::task::JoinHandle<T>);
    impl<T> Drop for Abort<T> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let mut task = Abort(handle()?.spawn(call));
    match (&mut task.0).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(panicked()),
        Err(_) => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")),
    }
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a bug in slugline: the call was given up; other calls are not affected",
    )
}

/// A stream that one task reads and any thread may cancel.
#[derive(Debug, Clone)]
pub struct StreamHandle {
    stream: Arc<Mutex<ChatStream>>,
    cancel: CancelHandle,
}

/// Deltas that were ready together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What all chunks share: with the first batch of the stream only.
    pub head: Option<StreamHead>,
    /// The deltas; none is the end.
    pub deltas: Vec<Delta>,
}

impl StreamHandle {
    /// Takes over a stream.
    pub fn new(stream: ChatStream) -> Self {
        let cancel = stream.cancel_handle();
        StreamHandle {
            stream: Arc::new(Mutex::new(stream)),
            cancel,
        }
    }

    /// A call that was refused before it began: the error arrives at the first pull, like any other.
    pub fn failed(error: Error) -> Self {
        let refused = Box::pin(std::future::ready(Err(error)));
        StreamHandle::new(ChatStream::new(refused, false, 0))
    }

    /// What is ready now, without waiting; `None` where that is nothing.
    ///
    /// # Errors
    /// The stream's, or `invalid_request` where another pull is under way.
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
        std::future::poll_fn(|cx| self.poll_batch(cx, max)).await
    }

    /// The polled form of [`StreamHandle::next_batch`], from any thread.
    pub fn poll_batch(&self, cx: &mut Context<'_>, max: usize) -> Poll<Result<Batch>> {
        let Ok(mut stream) = self.stream.try_lock() else {
            // Whoever cancels holds the stream for a moment too.
            return Poll::Ready(Err(if self.cancel.is_cancelled() {
                crate::stream::cancelled()
            } else {
                second_reader()
            }));
        };
        let runtime = match handle() {
            Ok(runtime) => runtime,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let _inside = runtime.enter();
        let known = stream.head().is_some();
        let polled = catch_unwind(AssertUnwindSafe(|| stream.poll_batch(cx, max)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(deltas))) => {
                let head = if known { None } else { stream.head().cloned() };
                Poll::Ready(Ok(Batch { head, deltas }))
            }
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            Err(_) => {
                stream.abandon(panicked());
                Poll::Ready(Err(panicked()))
            }
        }
    }

    /// Pulls what is left and gives the whole answer.
    ///
    /// # Errors
    /// The stream's, or `invalid_request` where another pull is under way.
    pub async fn completion(&self) -> Result<ChatCompletion> {
        loop {
            {
                let Ok(mut stream) = self.stream.try_lock() else {
                    return Err(second_reader());
                };
                if stream.is_ended() {
                    return stream.completion().await;
                }
            }
            self.next_batch(crate::stream::BATCH).await?;
        }
    }

    /// Ends the stream and closes the provider's socket; a pull under way ends with `cancelled`.
    pub fn cancel(&self) {
        self.cancel.cancel();
        if let Ok(mut stream) = self.stream.try_lock() {
            stream.close();
        }
    }

    /// Waits on the calling thread, `slice` at a time, asking `proceed` in between.
    ///
    /// # Errors
    /// As [`StreamHandle::next_batch`].
    pub fn wait_batch(
        &self,
        max: usize,
        slice: std::time::Duration,
        mut proceed: impl FnMut() -> bool,
    ) -> Result<Batch> {
        block_on(self.next_batch(max), slice, &mut proceed)
    }
}

/// Runs a future on the calling thread, asking `proceed` every `slice`; `false` drops it.
///
/// # Errors
/// What the future returns, `cancelled` where `proceed` said no, `internal` where it panicked.
pub fn block_on<T>(
    future: impl Future<Output = Result<T>>,
    slice: std::time::Duration,
    proceed: &mut dyn FnMut() -> bool,
) -> Result<T> {
    let runtime = handle()?;
    shield(|| {
        runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                match tokio::time::timeout(slice, &mut future).await {
                    Ok(outcome) => return outcome,
                    Err(_) if proceed() => {}
                    Err(_) => {
                        return Err(Error::new(ErrorKind::Cancelled, "the call was cancelled"));
                    }
                }
            }
        })
    })
}

/// What a pull gets while another one is under way.
pub fn second_reader() -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        "the stream is being read already: one reader at a time",
    )
}
