//! Panics on purpose, in builds for tests only: what happens to one must be tried.

use std::panic::resume_unwind;

use pyo3::prelude::*;
use slugline::{Result, runtime};

use crate::call::awaitable;
use crate::error::raise;
use crate::waiting::wait;

/// A call with a bug in it: waited for on this thread, awaited, or found while something is read.
#[pyfunction]
pub(crate) fn _panic(py: Python<'_>, place: &str) -> PyResult<Py<PyAny>> {
    match place {
        "awaited" => {
            let call = awaitable(async { bug() }, |py, ()| Ok(py.None()));
            Ok(Py::new(py, call)?.into_any())
        }
        "waited" => wait(py, async { bug() }).map(|()| py.None()),
        _ => runtime::shield(bug)
            .map(|()| py.None())
            .map_err(|error| raise(py, error)),
    }
}

/// Without the message that `panic!` would print.
fn bug() -> Result<()> {
    resume_unwind(Box::new("on purpose"))
}
