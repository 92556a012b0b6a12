//! How a loop is told, from any thread, that something of ours happened.

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::net::UnixStream;

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use slugline::runtime;

/// The wire between the runtime's threads and a loop.
pub(crate) enum Signal {
    /// A pair of sockets, one of which the loop watches.
    #[cfg(unix)]
    Pair { near: UnixStream, far: UnixStream },
    /// `call_soon_threadsafe`, for loops that watch no descriptors.
    Call(Arc<Py<PyWeakrefReference>>),
}

impl Signal {
    #[cfg(unix)]
    pub(crate) fn pair() -> std::io::Result<Signal> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        Ok(Signal::Pair { near, far })
    }

    /// For loops that have no `add_reader`, such as the default one of Windows.
    pub(crate) fn call(running: &Bound<'_, PyAny>) -> PyResult<Signal> {
        Ok(Signal::Call(Arc::new(
            PyWeakrefReference::new(running)?.unbind(),
        )))
    }

    /// What the loop is to watch.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        match self {
            #[cfg(unix)]
            Signal::Pair { near, .. } => Some(near.as_raw_fd()),
            Signal::Call(_) => None,
        }
    }

    /// Tells the loop, whose hub stands under this name on it. Waits for nothing, the GIL least of all.
    pub(crate) fn send(&self, attribute: &'static str) {
        match self {
            // A full buffer means that the loop was told often enough.
            #[cfg(unix)]
            Signal::Pair { far, .. } => drop((&mut &*far).write(&[1])),
            Signal::Call(running) => {
                let running = running.clone();
                let tell = move || {
                    Python::try_attach(|py| {
                        let running = running.bind(py).upgrade()?;
                        let hub = running.getattr(attribute).ok()?;
                        // A loop that is closed by now has nobody left to tell.
                        let tell = intern!(py, "call_soon_threadsafe");
                        running.call_method1(tell, (hub,)).ok().map(drop)
                    });
                };
                if let Ok(runtime) = runtime::handle() {
                    runtime.spawn_blocking(tell);
                }
            }
        }
    }

    /// Takes back what was sent.
    pub(crate) fn receive(&self) {
        #[cfg(unix)]
        if let Signal::Pair { near, .. } = self {
            let _ = (&mut &*near).read(&mut [0; 16]);
        }
    }
}
