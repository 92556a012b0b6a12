//! Giving up: what Swift awaits is not cancelled with the Swift task, so every question comes with a handle that
//! the task's cancelling reaches. Work on the way is dropped then, which closes sockets and ends statements.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use slugline::{Error, ErrorKind, Result, runtime};
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::error::Failure;

/// Held by who waits for one answer.
#[derive(uniffi::Object)]
pub struct Cancel(watch::Sender<bool>);

#[uniffi::export]
impl Cancel {
    /// For one question.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Cancel(watch::Sender::new(false)))
    }

    /// Gives the question up.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancel {
    /// Runs a call on the shared runtime until its end, or until it is given up.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T, Failure> {
        Ok(self.until(runtime::run(call)).await?)
    }

    /// Runs work that reads files at most, where a slow disk holds nobody up. Given up, it goes on to its end, but
    /// nobody waits for it.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let task = runtime::handle()?.spawn_blocking(work);
        let outcome = async { task.await.unwrap_or_else(|error| Err(ended(error))) };
        Ok(self.until(outcome).await?)
    }

    async fn until<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut asked = self.0.subscribe();
        let mut given_up = pin!(asked.wait_for(|given_up| *given_up));
        let mut work = pin!(work);
        std::future::poll_fn(|cx| match given_up.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(Err(cancelled())),
            Poll::Pending => work.as_mut().poll(cx),
        })
        .await
    }
}

/// Why a task ended without an outcome.
fn ended(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => match runtime::shield::<()>(|| resume_unwind(panic)) {
            Err(error) => error,
            Ok(()) => cancelled(),
        },
        Err(_) => cancelled(),
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the call was cancelled")
}
