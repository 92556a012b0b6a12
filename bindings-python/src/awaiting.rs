//! What Python awaits: a coroutine over a polled step, without a Python frame or a future of its own
//! until it must wait.
//!
//! Cancelling it (`throw`, `close`, or dropping it) tells the step, which decides what that means: a
//! call is given up, a pull from a stream takes nothing and loses nothing.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use crate::hub::Seat;

/// What is awaited.
pub(crate) trait Step: Send {
    /// Goes on as far as possible; the waker is rung when there is more to do.
    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>>;

    /// Where the waker shall ring, if the step has kept a place from before.
    fn seat(&mut self) -> Option<Seat> {
        None
    }

    /// The step is done or given up; it may keep the place.
    fn leave(&mut self, seat: Option<Seat>);
}

/// A coroutine of this package.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct Awaitable(Mutex<State>);

enum State {
    Fresh(Box<dyn Step>),
    Waiting(Box<dyn Step>, Seat),
    Done,
}

impl Awaitable {
    pub(crate) fn new(step: impl Step + 'static) -> Self {
        Awaitable(Mutex::new(State::Fresh(Box::new(step))))
    }

    fn state(&self) -> PyResult<MutexGuard<'_, State>> {
        match self.0.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(state)) => Ok(state.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(PyRuntimeError::new_err("coroutine already executing"))
            }
        }
    }

    fn resume(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut state = self.state()?;
        let (mut step, seat) = match std::mem::replace(&mut *state, State::Done) {
            State::Fresh(mut step) => {
                let kept = step.seat();
                (step, Seat::take(py, kept)?)
            }
            State::Waiting(step, seat) => (step, seat),
            State::Done => {
                let message = "cannot reuse already awaited coroutine";
                return Err(PyRuntimeError::new_err(message));
            }
        };
        match step.poll(py, &mut Context::from_waker(seat.waker())) {
            Poll::Pending => {
                let future = seat.wait(py);
                *state = State::Waiting(step, seat);
                future
            }
            Poll::Ready(outcome) => {
                step.leave(Some(seat));
                Err(match outcome {
                    Ok(value) => PyStopIteration::new_err((value,)),
                    Err(error) => error,
                })
            }
        }
    }

    fn give_up(&self) -> PyResult<()> {
        match std::mem::replace(&mut *self.state()?, State::Done) {
            State::Fresh(mut step) => step.leave(None),
            State::Waiting(mut step, seat) => {
                seat.leave();
                step.leave(Some(seat));
            }
            State::Done => {}
        }
        Ok(())
    }
}

#[pymethods]
impl Awaitable {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.resume(py)
    }

    /// Goes on; the value is not looked at.
    #[pyo3(signature = (value, /))]
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        self.resume(py)
    }

    /// Gives up, and raises what was thrown.
    #[pyo3(signature = (kind, value = None, traceback = None, /))]
    fn throw(
        &self,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = traceback;
        self.give_up()?;
        Err(PyErr::from_value(value.unwrap_or(kind)))
    }

    /// Gives up.
    fn close(&self) -> PyResult<()> {
        self.give_up()
    }
}

impl Drop for Awaitable {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Fresh(step) | State::Waiting(step, _) = state {
            step.leave(None);
        }
    }
}

/// What is there already: awaiting it does not suspend.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct Ready(Mutex<Option<Py<PyAny>>>);

impl Ready {
    pub(crate) fn new(value: Py<PyAny>) -> Self {
        Ready(Mutex::new(Some(value)))
    }
}

#[pymethods]
impl Ready {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> PyResult<Py<PyAny>> {
        let mut value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Err(match value.take() {
            Some(value) => PyStopIteration::new_err((value,)),
            None => PyRuntimeError::new_err("cannot reuse already awaited coroutine"),
        })
    }
}
