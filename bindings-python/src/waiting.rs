//! Waiting on the caller's own thread, with the GIL released, and with an ear for signals.

use std::future::Future;
use std::time::Duration;

use pyo3::prelude::*;
use slugline::{Result, runtime};

use crate::error::raise;

/// How long a wait may go on before Python's signal handlers get their turn.
pub(crate) const SLICE: Duration = Duration::from_millis(100);

/// What a signal handler raised during a wait.
#[derive(Default)]
pub(crate) struct Signals(Option<PyErr>);

impl Signals {
    /// Runs Python's signal handlers; `false` where one raised.
    pub(crate) fn allow(&mut self) -> bool {
        let checked = Python::try_attach(|py| py.check_signals());
        if let Some(Err(raised)) = checked {
            self.0 = Some(raised);
        }
        self.0.is_none()
    }

    pub(crate) fn raised(self) -> Option<PyErr> {
        self.0
    }
}

/// Runs a call on this thread. A signal handler that raises gives it up.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    call: impl Future<Output = Result<T>> + Send,
) -> PyResult<T> {
    let mut signals = Signals::default();
    let outcome = py.detach(|| runtime::block_on(call, SLICE, &mut || signals.allow()));
    outcome.map_err(|error| match signals.raised() {
        Some(raised) => raised,
        None => raise(py, error),
    })
}
