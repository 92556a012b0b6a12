//! Errors out: the core's error as the Python exception of its kind, with every field.
//!
//! The exception classes are written in Python (`_errors.py`), where documentation and pickling are
//! at home. A Python exception that caused an error, such as one of a key callable, is its `__cause__`.

use std::fmt;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use slugline::Error;

use crate::show::Show;
use crate::types::{Attempt, ChatCompletion};

/// A Python exception as the source of a core error.
pub(crate) struct Raised(PyErr);

impl Raised {
    pub(crate) fn new(error: PyErr) -> Self {
        Raised(error)
    }
}

// The exception's own words may hold anything, a key for one: its type is enough here.
impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Python::try_attach(|py| {
            let name = self.0.get_type(py).name().ok()?;
            Some(name.to_string_lossy().into_owned())
        });
        f.write_str(name.flatten().as_deref().unwrap_or("an exception"))
    }
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Raised {}

/// The exception for an error. Code of the caller's that was asked to stop, by Ctrl-C or `sys.exit`, stops the
/// call: then it is that exception itself.
pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    let source = error.data().source.as_deref();
    if let Some(Raised(raised)) = source.and_then(|source| source.downcast_ref::<Raised>())
        && !raised.is_instance_of::<PyException>(py)
    {
        return raised.clone_ref(py);
    }
    exception(py, error).map_or_else(|error| error, PyErr::from_value)
}

fn exception(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "slugline._errors", "make")?;
    let message = error.to_string();
    let data = error.into_data();
    let fields = PyDict::new(py);
    fields.set_item("provider", data.provider)?;
    fields.set_item("model", data.model)?;
    fields.set_item("status", data.status)?;
    fields.set_item("request_id", data.request_id)?;
    fields.set_item("retry_after_ms", data.retry_after_ms)?;
    fields.set_item("retryable", data.retryable)?;
    let attempts = data.attempts.into_iter().map(Attempt::whole);
    let attempts = attempts
        .map(|attempt| Py::new(py, attempt))
        .collect::<PyResult<Vec<_>>>()?;
    fields.set_item("attempts", PyTuple::new(py, attempts)?)?;
    fields.set_item("param", data.param)?;
    if let Some(place) = data.location {
        let place = (place.file, place.line, place.column, place.message);
        fields.set_item("location", place)?;
    }
    fields.set_item("details", data.details.show(py)?)?;
    if let Some(partial) = data.partial {
        fields.set_item("partial", Py::new(py, ChatCompletion::whole(*partial))?)?;
    }
    let made = make.call1((data.kind.code(), message, fields))?;
    if let Some(source) = data.source {
        let cause = match source.downcast_ref::<Raised>() {
            Some(Raised(error)) => error.clone_ref(py),
            None => PyException::new_err(source.to_string()),
        };
        made.setattr("__cause__", cause.into_value(py))?;
    }
    Ok(made)
}
