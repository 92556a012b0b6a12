//! One-shot calls for asyncio: a task on the shared runtime, awaited from the loop.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use pyo3::prelude::*;
use slugline::{Error, ErrorKind, Result, runtime};
use tokio::task::JoinHandle;

use crate::awaiting::{Awaitable, Step};
use crate::error::raise;
use crate::hub::Seat;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A call to be awaited. It begins at the first `await`; cancelling the wait gives it up.
pub(crate) fn awaitable<T: Send + 'static>(
    call: impl Future<Output = Result<T>> + Send + 'static,
    show: fn(Python<'_>, T) -> PyResult<Py<PyAny>>,
) -> Awaitable {
    Awaitable::new(Call {
        call: Some(Box::pin(call)),
        task: None,
        show,
    })
}

struct Call<T> {
    call: Option<Answer<T>>,
    task: Option<JoinHandle<Result<T>>>,
    show: fn(Python<'_>, T) -> PyResult<Py<PyAny>>,
}

impl<T: Send + 'static> Call<T> {
    fn go_on(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        if let Some(call) = self.call.take() {
            self.task = Some(runtime::handle()?.spawn(call));
        }
        let Some(task) = &mut self.task else {
            return Poll::Ready(Err(Error::new(
                ErrorKind::Cancelled,
                "the call was cancelled",
            )));
        };
        Pin::new(task).poll(cx).map(|ended| match ended {
            Ok(outcome) => outcome,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => runtime::shield(|| resume_unwind(panic)),
                Err(_) => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")),
            },
        })
    }
}

impl<T: Send + 'static> Step for Call<T> {
    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        self.go_on(cx).map(|outcome| match outcome {
            Ok(answer) => (self.show)(py, answer),
            Err(error) => Err(raise(py, error)),
        })
    }

    fn leave(&mut self, _: Option<Seat>) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
