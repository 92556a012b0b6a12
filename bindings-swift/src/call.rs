//! Calls with one answer: a task on the shared runtime that Swift waits for and may cancel. A dropped
//! future would not reach it: what Swift awaits is not cancelled with the Swift task.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use slugline::chat::ChatCompletion;
use slugline::{Error, ErrorKind, Result, runtime};
use tokio::task::{AbortHandle, JoinError, JoinHandle};

use crate::error::Failure;

/// A call under way. Dropping it, as `cancel` does, closes the provider's socket.
#[derive(uniffi::Object)]
pub struct Call {
    state: Mutex<State>,
    abort: Option<AbortHandle>,
}

enum State {
    Running(JoinHandle<Result<ChatCompletion>>),
    Refused(Error),
    Taken,
}

impl Call {
    /// Begins a call; what is wrong with it is told with the answer.
    pub(crate) fn begin(
        call: Result<impl Future<Output = Result<ChatCompletion>> + Send + 'static>,
    ) -> Arc<Self> {
        let begun = call.and_then(|call| Ok(runtime::handle()?.spawn(call)));
        Arc::new(Call {
            abort: begun.as_ref().ok().map(JoinHandle::abort_handle),
            state: Mutex::new(begun.map_or_else(State::Refused, State::Running)),
        })
    }
}

#[uniffi::export]
impl Call {
    /// The answer, once.
    pub async fn answer(&self) -> Result<ChatCompletion, Failure> {
        let state = std::mem::replace(
            &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner),
            State::Taken,
        );
        Ok(match state {
            State::Running(task) => task.await.unwrap_or_else(|error| Err(ended(error)))?,
            State::Refused(error) => return Err(error.into()),
            State::Taken => return Err(cancelled().into()),
        })
    }

    /// Gives the call up.
    pub fn cancel(&self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Runs work that reads files at most, where a slow disk holds nobody up.
pub(crate) async fn aside<T: Send + 'static>(
    work: Result<impl FnOnce() -> Result<T> + Send + 'static>,
) -> Result<T, Failure> {
    let task = runtime::handle()?.spawn_blocking(work?);
    Ok(task.await.unwrap_or_else(|error| Err(ended(error)))?)
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
