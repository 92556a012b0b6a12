//! Work of whole milliseconds, which bodies of mebibytes mean: no other call waits for it, and little of it is done
//! at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use slugline::{Error, ErrorKind};
use tokio::sync::Semaphore;
use tokio::task::{block_in_place, spawn_blocking};

/// From so many bytes on a body is heavy.
pub(super) const HEAVY: usize = 1 << 20;

/// Each holds a thread and memory many times the size of its body.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Does the work on a thread of its own.
pub(super) async fn work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let _turn = AT_ONCE.acquire().await;
    let done = spawn_blocking(work).await;
    done.map_err(|_| Error::new(ErrorKind::Internal, "the body could not be taken apart"))?
}

/// Makes a call whose every step may take long. Its first, until it waits for a provider, takes its turn.
pub(super) async fn call<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    let turn = AT_ONCE.acquire().await;
    let first = poll_fn(|cx| Poll::Ready(block_in_place(|| call.as_mut().poll(cx)))).await;
    drop(turn);
    match first {
        Poll::Ready(done) => done,
        Poll::Pending => poll_fn(|cx| block_in_place(|| call.as_mut().poll(cx))).await,
    }
}
