//! Calls with one answer: a task on the shared runtime, polled from JavaScript when it has ended.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use napi_derive::napi;
use slugline::{Error, ErrorKind, Result, runtime};
use tokio::task::JoinHandle;

use crate::error::thrown;
use crate::hub::Pull;

/// A call under way. Dropping it, as `cancel` does, closes the provider's socket.
#[napi]
pub struct Call {
    state: State,
    pull: Pull,
}

enum State {
    Running(JoinHandle<Result<String>>),
    Refused(Error),
    Ended,
}

impl Call {
    /// Begins a call whose answer is JSON text.
    pub(crate) fn begin(
        pull: Pull,
        call: Result<impl Future<Output = Result<String>> + Send + 'static>,
    ) -> Self {
        let begun = call.and_then(|call| Ok(runtime::handle()?.spawn(call)));
        Call {
            state: begun.map_or_else(State::Refused, State::Running),
            pull,
        }
    }

    /// Begins work that reads files at most, where a slow disk holds nobody up.
    pub(crate) fn aside(
        pull: Pull,
        work: Result<impl FnOnce() -> Result<String> + Send + 'static>,
    ) -> Self {
        let begun = work.and_then(|work| Ok(runtime::handle()?.spawn_blocking(work)));
        Call {
            state: begun.map_or_else(State::Refused, State::Running),
            pull,
        }
    }

    fn outcome(&mut self) -> Poll<Result<String>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Running(mut task) => {
                let mut context = Context::from_waker(self.pull.waker());
                match Pin::new(&mut task).poll(&mut context) {
                    Poll::Pending => {
                        self.state = State::Running(task);
                        Poll::Pending
                    }
                    Poll::Ready(Ok(outcome)) => Poll::Ready(outcome),
                    Poll::Ready(Err(error)) => Poll::Ready(match error.try_into_panic() {
                        Ok(panic) => runtime::shield(|| resume_unwind(panic)),
                        Err(_) => Err(cancelled()),
                    }),
                }
            }
            State::Refused(error) => Poll::Ready(Err(error)),
            State::Ended => Poll::Ready(Err(cancelled())),
        }
    }
}

#[napi]
impl Call {
    /// The answer, or nothing while it is not there: then the hub tells when to ask again.
    #[napi]
    pub fn poll(&mut self) -> napi::Result<Option<String>> {
        match self.outcome() {
            Poll::Pending => Ok(None),
            Poll::Ready(outcome) => outcome.map(Some).map_err(thrown),
        }
    }

    /// Gives the call up.
    #[napi]
    pub fn cancel(&mut self) {
        if let State::Running(task) = std::mem::replace(&mut self.state, State::Ended) {
            task.abort();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the call was cancelled")
}
