//! Wakes an asyncio loop once a tick for everything of ours that waits on it.
//!
//! A task of the shared runtime that has news rings: it queues the number of a seat and, where nobody
//! rang since the loop last looked, writes to a descriptor that the loop watches. It never takes the
//! GIL. The loop then completes the futures of all seats that were rung for. A hub lives as long as its loop.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

#[cfg(unix)]
use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bell::Signal;

/// Where the hub is kept on its loop.
const ATTRIBUTE: &str = "_slugline_hub";

/// What the runtime's threads see of a hub.
struct Bell {
    rung_for: Mutex<Vec<u64>>,
    rung: AtomicBool,
    signal: Signal,
}

impl Bell {
    fn ring(&self, seat: u64) {
        self.rung_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seat);
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.signal.send(ATTRIBUTE);
        }
    }

    /// The seats that were rung for since the last look. The flag falls first: a ring that comes
    /// between is signalled again rather than lost.
    fn answer(&self) -> Vec<u64> {
        self.signal.receive();
        self.rung.swap(false, Ordering::AcqRel);
        std::mem::take(&mut *self.rung_for.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One loop's hub.
#[pyclass(frozen, module = "slugline._native", name = "_Hub")]
pub(crate) struct Hub {
    bell: Arc<Bell>,
    /// The futures that wait, by seat.
    waiting: Mutex<HashMap<u64, Py<PyAny>>>,
    seats: AtomicU64,
    process: u32,
}

#[pymethods]
impl Hub {
    /// Completes the futures of all seats that were rung for.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        for seat in self.bell.answer() {
            if let Some(future) = self.leave(seat) {
                let future = future.bind(py);
                // Whoever waited may have been cancelled in this very tick.
                if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                    future.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
            }
        }
        Ok(())
    }
}

impl Hub {
    fn leave(&self, seat: u64) -> Option<Py<PyAny>> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&seat)
    }

    fn of<'py>(running: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Hub>> {
        let py = running.py();
        let process = std::process::id();
        if let Ok(hub) = running.getattr(intern!(py, ATTRIBUTE))
            && let Ok(hub) = hub.cast_into::<Hub>()
            && hub.get().process == process
        {
            return Ok(hub);
        }
        let hub = Hub::open(running)?;
        running.setattr(intern!(py, ATTRIBUTE), &hub)?;
        Ok(hub)
    }

    fn open<'py>(running: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Hub>> {
        let py = running.py();
        let with = |signal: Signal| {
            let bell = Bell {
                rung_for: Mutex::default(),
                rung: AtomicBool::new(false),
                signal,
            };
            let hub = Hub {
                bell: Arc::new(bell),
                waiting: Mutex::default(),
                seats: AtomicU64::new(0),
                process: std::process::id(),
            };
            Bound::new(py, hub)
        };
        #[cfg(unix)]
        {
            let hub = with(Signal::pair()?)?;
            let descriptor = hub.get().bell.signal.descriptor();
            match running.call_method1(intern!(py, "add_reader"), (descriptor, &hub)) {
                Ok(_) => return Ok(hub),
                Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => {}
                Err(error) => return Err(error),
            }
        }
        with(Signal::call(running)?)
    }
}

/// The loop that runs on this thread.
fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET.import(py, "asyncio", "get_running_loop")?.call0()
}

/// A place at a hub: what a waker rings for, and where a future waits.
pub(crate) struct Seat {
    hub: Py<Hub>,
    number: u64,
    waker: Waker,
}

struct Ringer {
    bell: Arc<Bell>,
    seat: u64,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.bell.ring(self.seat);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.ring(self.seat);
    }
}

impl Seat {
    /// A seat at the hub of the running loop; the one given where it is that loop's already.
    pub(crate) fn take(py: Python<'_>, kept: Option<Seat>) -> PyResult<Seat> {
        let hub = Hub::of(&running_loop(py)?)?;
        if let Some(seat) = kept
            && seat.hub.is(&hub)
        {
            return Ok(seat);
        }
        let number = hub.get().seats.fetch_add(1, Ordering::Relaxed);
        let waker = Waker::from(Arc::new(Ringer {
            bell: hub.get().bell.clone(),
            seat: number,
        }));
        Ok(Seat {
            hub: hub.unbind(),
            number,
            waker,
        })
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// A future that completes when the seat is rung for, ready to be yielded to a task.
    pub(crate) fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let future = running_loop(py)?.call_method0(intern!(py, "create_future"))?;
        // What `Future.__await__` does before it yields itself.
        future.setattr(intern!(py, "_asyncio_future_blocking"), true)?;
        let future = future.unbind();
        self.hub
            .get()
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.number, future.clone_ref(py));
        Ok(future)
    }

    /// Nobody waits here any more.
    pub(crate) fn leave(&self) {
        self.hub.get().leave(self.number);
    }
}
