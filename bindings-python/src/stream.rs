//! Streams out, for synchronous callers; `async_stream.rs` has their twins for asyncio.
//!
//! Both read through a [`Reader`]: deltas cross from the core in batches, wait here, and become chunk
//! objects one by one. The GIL is released only to fetch a batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use slugline::chat::{Delta, StreamHead};
use slugline::runtime::{Batch, StreamHandle, second_reader};
use slugline::stream::BATCH;
use slugline::{Error, Result};

use crate::chunk::ChatCompletionChunk;
use crate::error::raise;
use crate::types::ChatCompletion;
use crate::waiting::{SLICE, Signals};

/// The one reader of a stream, and what it has fetched.
pub(crate) struct Reader {
    /// `None` once it is given up in a process that did not open it.
    handle: Option<StreamHandle>,
    fetched: Mutex<Fetched>,
    pulling: AtomicBool,
    closed: AtomicBool,
    process: u32,
}

#[derive(Default)]
struct Fetched {
    head: Option<Arc<StreamHead>>,
    deltas: std::vec::IntoIter<Delta>,
    ended: bool,
}

impl Fetched {
    fn delta(&mut self) -> Option<Delta> {
        let delta = self.deltas.next();
        if self.deltas.as_slice().is_empty() {
            // A stream that rests keeps no room for a burst.
            self.deltas = Vec::new().into_iter();
        }
        delta
    }
}

impl Reader {
    pub(crate) fn new(stream: Result<slugline::stream::ChatStream>) -> Arc<Reader> {
        Arc::new(Reader {
            handle: Some(stream.map_or_else(StreamHandle::failed, StreamHandle::new)),
            fetched: Mutex::default(),
            pulling: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            process: std::process::id(),
        })
    }

    fn fetched(&self) -> MutexGuard<'_, Fetched> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next chunk that was fetched already.
    pub(crate) fn chunk(&self) -> Option<ChatCompletionChunk> {
        let mut fetched = self.fetched();
        let delta = fetched.delta()?;
        let head = fetched.head.clone()?;
        Some(ChatCompletionChunk::new(head, delta))
    }

    /// The next text that was fetched already, chunks without one passed over.
    pub(crate) fn text(&self) -> Option<String> {
        let mut fetched = self.fetched();
        loop {
            if let Some(text) = fetched.delta()?.text
                && !text.is_empty()
            {
                return Some(text);
            }
        }
    }

    /// True once everything was fetched.
    pub(crate) fn is_ended(&self) -> bool {
        self.fetched().ended
    }

    pub(crate) fn fill(&self, batch: Batch) {
        let mut fetched = self.fetched();
        if let Some(head) = batch.head {
            fetched.head = Some(Arc::new(head));
        }
        fetched.ended = batch.deltas.is_empty();
        // One that was closed meanwhile gives nothing more; a pull comes here when nothing is left.
        if !self.closed.load(Ordering::Relaxed) {
            fetched.deltas = batch.deltas.into_iter();
        }
    }

    /// The stream, in the process that opened it.
    pub(crate) fn handle(&self) -> Result<&StreamHandle> {
        match &self.handle {
            Some(handle) if self.process == std::process::id() => Ok(handle),
            _ => Err(Error::invalid(
                "",
                "the stream was opened before this process was forked: only the parent can read it",
            )),
        }
    }

    /// Takes the place of the one reader.
    pub(crate) fn begin(&self) -> Result<()> {
        if self.pulling.swap(true, Ordering::Acquire) {
            return Err(second_reader());
        }
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn end(&self) {
        self.pulling.store(false, Ordering::Release);
    }

    /// Ends the stream, and the provider's work with it.
    pub(crate) fn close(&self) {
        if let Ok(handle) = self.handle() {
            handle.cancel();
        }
        self.closed.store(true, Ordering::Relaxed);
        self.discard();
    }

    /// One word for its state.
    pub(crate) fn state(&self) -> &'static str {
        match (self.is_ended(), self.closed.load(Ordering::Relaxed)) {
            (true, _) => "ended",
            (false, true) => "closed",
            (false, false) => "open",
        }
    }

    /// Forgets what was fetched.
    pub(crate) fn discard(&self) {
        self.fetched().deltas = Vec::new().into_iter();
    }

    /// Fetches a batch on this thread.
    fn fetch(&self, py: Python<'_>) -> PyResult<()> {
        let mut signals = Signals::default();
        let batch = py.detach(|| {
            let handle = self.handle()?;
            match handle.try_batch(BATCH)? {
                Some(batch) => Ok(batch),
                None => handle.wait_batch(BATCH, SLICE, || signals.allow()),
            }
        });
        match batch {
            Ok(batch) => {
                self.fill(batch);
                Ok(())
            }
            Err(error) => Err(self.failed(py, error, signals)),
        }
    }

    fn failed(&self, py: Python<'_>, error: Error, signals: Signals) -> PyErr {
        signals.raised().map_or_else(
            || raise(py, error),
            |raised| {
                self.close();
                raised
            },
        )
    }

    /// Gives what is fetched by `take`, or fetches until there is something, or the stream has ended.
    fn pull<T>(&self, py: Python<'_>, take: fn(&Self) -> Option<T>) -> PyResult<Option<T>> {
        loop {
            if let Some(taken) = take(self) {
                return Ok(Some(taken));
            }
            if self.is_ended() {
                return Ok(None);
            }
            self.begin().map_err(|error| raise(py, error))?;
            let fetched = self.fetch(py);
            self.end();
            fetched?;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // The tasks behind it belong to the parent, and their locks may never be free again here.
            std::mem::forget(self.handle.take());
        }
    }
}

/// A streamed answer: iterate it, or read `text_stream`; `completion()` gives the whole.
#[pyclass(frozen, module = "slugline")]
pub(crate) struct ChatStream(Arc<Reader>);

impl ChatStream {
    pub(crate) fn new(stream: Result<slugline::stream::ChatStream>) -> Self {
        ChatStream(Reader::new(stream))
    }
}

#[pymethods]
impl ChatStream {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<ChatCompletionChunk>> {
        self.0.pull(py, Reader::chunk)
    }

    /// The new texts alone, chunks without one passed over.
    #[getter]
    fn text_stream(&self) -> TextStream {
        TextStream(self.0.clone())
    }

    /// Pulls what is left and gives what `chat` would have given; after `close` or a failure, that error.
    fn completion(&self, py: Python<'_>) -> PyResult<ChatCompletion> {
        self.0.begin().map_err(|error| raise(py, error))?;
        let mut signals = Signals::default();
        let completion = py.detach(|| {
            let whole = self.0.handle()?.completion();
            slugline::runtime::block_on(whole, SLICE, &mut || signals.allow())
        });
        self.0.end();
        match completion {
            Ok(completion) => {
                self.0.discard();
                self.0.fetched().ended = true;
                Ok(ChatCompletion::whole(completion))
            }
            Err(error) => Err(self.0.failed(py, error, signals)),
        }
    }

    /// Ends the stream and closes the provider's connection. Closing twice is no error.
    fn close(&self) {
        self.0.close();
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, pyo3::types::PyTuple>) {
        self.0.close();
    }

    fn __repr__(&self) -> String {
        format!("ChatStream({})", self.0.state())
    }
}

/// The texts of a stream.
#[pyclass(frozen, module = "slugline._native")]
pub(crate) struct TextStream(Arc<Reader>);

#[pymethods]
impl TextStream {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.0.pull(py, Reader::text)
    }
}
