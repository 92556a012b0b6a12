//! What the language bindings stand on: one shared runtime a process, streams that can be
//! read and cancelled from different threads, and a shield that turns a panic into `internal`.
//!
//! The Rust API does not use this: it runs on its caller's tokio.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Result};

mod stream_handle;

pub use stream_handle::{Batch, StreamHandle, second_reader};

/// Threads of the shared runtime. They only move bytes; hosts read on their own threads.
const WORKERS: usize = 2;

struct Shared {
    process: u32,
    // Never dropped: after a fork its threads do not exist in the child, and joining them would hang.
    runtime: ManuallyDrop<Runtime>,
}

static SHARED: LazyLock<ArcSwapOption<Shared>> = LazyLock::new(ArcSwapOption::empty);

/// The shared runtime: started at first use, and anew in a forked child, where the parent's
/// threads do not exist.
///
/// # Errors
/// `internal` where the system gives no threads.
pub fn handle() -> Result<Handle> {
    let process = std::process::id();
    loop {
        let current = SHARED.load_full();
        if let Some(shared) = &current
            && shared.process == process
        {
            return Ok(shared.runtime.handle().clone());
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("slugline")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::Internal,
                    format!("cannot start the runtime: {error}"),
                )
            })?;
        let fresh = Arc::new(Shared {
            process,
            runtime: ManuallyDrop::new(runtime),
        });
        let before = SHARED.compare_and_swap(&current, Some(fresh.clone()));
        let replaced = match (&*before, &current) {
            (None, None) => true,
            (Some(before), Some(current)) => Arc::ptr_eq(before, current),
            _ => false,
        };
        if replaced {
            return Ok(fresh.runtime.handle().clone());
        }
        // Another thread was quicker: its runtime serves, this one ends.
        if let Ok(lost) = Arc::try_unwrap(fresh) {
            ManuallyDrop::into_inner(lost.runtime).shutdown_background();
        }
    }
}

/// Runs host-facing code so that a panic inside becomes an `internal` error.
///
/// # Errors
/// What `body` returns, or `internal`.
pub fn shield<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(panicked()))
}

/// Runs host code that may take its time, such as a template's helper that waits for the host's thread:
/// where this is a thread of a runtime, other calls go on elsewhere meanwhile.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A helper for templates over a function that takes its arguments (`[..]`), then its `key=value` arguments
/// (`{..}`) as JSON text, and gives JSON text back.
///
/// # Errors
/// What `call` returns, or `template_error` where it gave no JSON.
pub fn json_helper(
    call: impl Fn(String, String) -> Result<String> + Send + Sync + 'static,
) -> impl Fn(&[Value], &JsonMap) -> Result<Value> + Send + Sync + 'static {
    move |arguments, keys| {
        let text = |written: serde_json::Result<String>| {
            written.map_err(|_| Error::new(ErrorKind::Internal, "its arguments are no JSON"))
        };
        let arguments = text(serde_json::to_string(arguments))?;
        let keys = text(serde_json::to_string(keys))?;
        let given = aside(|| call(arguments, keys))?;
        crate::input::from_json(given.as_bytes()).map_err(|error| {
            let message = format!("it gave what is no JSON: {}", error.data().message);
            Error::new(ErrorKind::TemplateError, message)
        })
    }
}

/// Runs a call on the shared runtime. Dropping the returned future cancels the call.
///
/// # Errors
/// What the call returns, or `internal` where it panicked.
pub async fn run<T: Send + 'static>(
    call: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    struct Abort<T>(tokio::task::JoinHandle<T>);
    impl<T> Drop for Abort<T> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
    let mut task = Abort(handle()?.spawn(call));
    match (&mut task.0).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(panicked()),
        Err(_) => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled")),
    }
}

fn panicked() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a bug in slugline: the call was given up; other calls are not affected",
    )
}

/// Runs a future on the calling thread, asking `proceed` every `slice`; `false` drops it.
///
/// # Errors
/// What the future returns, `cancelled` where `proceed` said no, `internal` where it panicked.
pub fn block_on<T>(
    future: impl Future<Output = Result<T>>,
    slice: std::time::Duration,
    proceed: &mut dyn FnMut() -> bool,
) -> Result<T> {
    let runtime = handle()?;
    shield(|| {
        runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                match tokio::time::timeout(slice, &mut future).await {
                    Ok(outcome) => return outcome,
                    Err(_) if proceed() => {}
                    Err(_) => {
                        return Err(Error::new(ErrorKind::Cancelled, "the call was cancelled"));
                    }
                }
            }
        })
    })
}
