//! Streams for asyncio: ready chunks are handed over without suspending, and a pull that must wait
//! polls the core's stream itself, so that a wait that is cancelled has taken nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use slugline::Result;
use slugline::stream::BATCH;

use crate::awaiting::{Awaitable, Ready, Step};
use crate::error::raise;
use crate::hub::Seat;
use crate::stream::Reader;
use crate::types::ChatCompletion;

/// So many batches in a row may be taken without giving the loop's other tasks their turn.
const STREAK: u32 = 8;

struct Shared {
    reader: Arc<Reader>,
    /// Where the waker of the last pull rings: kept, as most pulls come from one loop.
    seat: Mutex<Option<Seat>>,
    streak: AtomicU32,
}

#[derive(Clone, Copy)]
enum Want {
    Chunk,
    Text,
    Completion,
}

/// One pull from a stream.
struct Pull {
    shared: Arc<Shared>,
    want: Want,
    begun: bool,
}

impl Pull {
    fn taken(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        let reader = &self.shared.reader;
        match self.want {
            Want::Chunk => reader
                .chunk()
                .map(|chunk| Py::new(py, chunk).map(Py::into_any)),
            Want::Text => reader
                .text()
                .map(|text| Ok(text.into_pyobject(py)?.into_any().unbind())),
            Want::Completion => None,
        }
    }

    /// What a pull gives once everything was read.
    fn ended(&self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        if !matches!(self.want, Want::Completion) {
            return Poll::Ready(Err(PyStopAsyncIteration::new_err(())));
        }
        let reader = &self.shared.reader;
        let whole = async { reader.handle()?.completion().await };
        pin!(whole).poll(cx).map(|whole| match whole {
            Ok(whole) => Py::new(py, ChatCompletion::whole(whole)).map(Py::into_any),
            Err(error) => Err(raise(py, error)),
        })
    }

    fn fetch(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Shared { reader, streak, .. } = &*self.shared;
        if streak.fetch_add(1, Ordering::Relaxed) >= STREAK {
            streak.store(0, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let batch = match reader.handle()?.poll_batch(cx, BATCH) {
            Poll::Ready(batch) => batch?,
            Poll::Pending => {
                streak.store(0, Ordering::Relaxed);
                return Poll::Pending;
            }
        };
        reader.fill(batch);
        if matches!(self.want, Want::Completion) {
            reader.discard();
        }
        Poll::Ready(Ok(()))
    }
}

impl Step for Pull {
    fn seat(&mut self) -> Option<Seat> {
        let seat = &self.shared.seat;
        seat.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn poll(&mut self, py: Python<'_>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        if !self.begun {
            if let Err(error) = self.shared.reader.begin() {
                return Poll::Ready(Err(raise(py, error)));
            }
            self.begun = true;
        }
        loop {
            if let Some(taken) = self.taken(py) {
                return Poll::Ready(taken);
            }
            if self.shared.reader.is_ended() {
                return self.ended(py, cx);
            }
            match self.fetch(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(raise(py, error))),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn leave(&mut self, seat: Option<Seat>) {
        if std::mem::take(&mut self.begun) {
            self.shared.reader.end();
            let kept = &self.shared.seat;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = seat;
        }
    }
}

/// A streamed answer for asyncio: `async for` over it, or over `text_stream`; `await completion()` gives the whole.
#[pyclass(frozen, module = "slugline")]
pub(crate) struct AsyncChatStream(Arc<Shared>);

impl AsyncChatStream {
    pub(crate) fn new(stream: Result<slugline::stream::ChatStream>) -> Self {
        AsyncChatStream(Arc::new(Shared {
            reader: Reader::new(stream),
            seat: Mutex::new(None),
            streak: AtomicU32::new(0),
        }))
    }

    fn pull(&self, py: Python<'_>, want: Want) -> PyResult<Py<PyAny>> {
        pull(py, &self.0, want)
    }
}

/// What is fetched already, else a pull to be awaited.
fn pull(py: Python<'_>, shared: &Arc<Shared>, want: Want) -> PyResult<Py<PyAny>> {
    let pull = Pull {
        shared: shared.clone(),
        want,
        begun: false,
    };
    match pull.taken(py) {
        Some(taken) => Ok(Py::new(py, Ready::new(taken?))?.into_any()),
        None => Ok(Py::new(py, Awaitable::new(pull))?.into_any()),
    }
}

/// What `close` and its kin give: the deed is done, but may be awaited.
fn done(py: Python<'_>) -> PyResult<Py<Ready>> {
    Py::new(py, Ready::new(py.None()))
}

#[pymethods]
impl AsyncChatStream {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.pull(py, Want::Chunk)
    }

    /// The new texts alone, chunks without one passed over.
    #[getter]
    fn text_stream(&self) -> AsyncTextStream {
        AsyncTextStream(self.0.clone())
    }

    /// Pulls what is left and gives what `chat` would have given; after `close` or a failure, that error.
    fn completion(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.pull(py, Want::Completion)
    }

    /// Ends the stream and closes the provider's connection, at once; it may be awaited or not.
    fn close(&self, py: Python<'_>) -> PyResult<Py<Ready>> {
        self.0.reader.close();
        done(py)
    }

    /// The same as `close`.
    fn aclose(&self, py: Python<'_>) -> PyResult<Py<Ready>> {
        self.close(py)
    }

    fn __aenter__(slf: Py<Self>, py: Python<'_>) -> PyResult<Py<Ready>> {
        Py::new(py, Ready::new(slf.into_any()))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__(
        &self,
        py: Python<'_>,
        _exception: &Bound<'_, pyo3::types::PyTuple>,
    ) -> PyResult<Py<Ready>> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("AsyncChatStream({})", self.0.reader.state())
    }
}

/// The texts of a stream, for asyncio.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct AsyncTextStream(Arc<Shared>);

#[pymethods]
impl AsyncTextStream {
    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        pull(py, &self.0, Want::Text)
    }
}
