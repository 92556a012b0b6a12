//! The core's log events as records of the logger `slugline`.
//!
//! An event is put into a queue, from whatever thread and without the GIL; one task of the runtime's
//! blocking pool at a time hands the queue over to `logging`. That module is imported at the first record.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use pyo3::intern;
use pyo3::prelude::*;
use slugline::runtime;
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Most records that may wait; later ones are dropped.
const MOST: usize = 1000;

struct Record {
    level: u8,
    text: String,
}

/// What waits in this process. A forked child has its own: the lock of the parent's may never be free there.
struct Waiting {
    process: u32,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Record>,
    /// Somebody hands the queue over.
    busy: bool,
}

static WAITING: LazyLock<ArcSwapOption<Waiting>> = LazyLock::new(ArcSwapOption::empty);

fn waiting() -> Arc<Waiting> {
    let process = std::process::id();
    if let Some(waiting) = WAITING.load_full()
        && waiting.process == process
    {
        return waiting;
    }
    let fresh = Arc::new(Waiting {
        process,
        queue: Mutex::default(),
    });
    WAITING.store(Some(fresh.clone()));
    fresh
}

/// The level of the logger, in Python's numbers, when it was last looked at.
static LEVEL: AtomicU8 = AtomicU8::new(WARNING);

const WARNING: u8 = 30;

/// Forwards the events of the core from now on.
pub(crate) fn forward() {
    // Somebody else's subscriber cannot be there: the library in this module is its own copy.
    let _ = tracing::subscriber::set_global_default(Forward);
}

/// Looks at the level of the logger again, where `logging` is in use.
pub(crate) fn look(py: Python<'_>) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?;
    if modules.contains("logging")? {
        let level: u32 = logger(py)?
            .call_method0(intern!(py, "getEffectiveLevel"))?
            .extract()?;
        LEVEL.store(u8::try_from(level).unwrap_or(u8::MAX), Ordering::Relaxed);
    }
    Ok(())
}

/// A warning of ours, without a detour.
pub(crate) fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    hand_over(py, WARNING, text)
}

fn logger(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("logging")?
        .call_method1("getLogger", ("slugline",))
}

fn hand_over(py: Python<'_>, level: u8, text: &str) -> PyResult<()> {
    logger(py)?.call_method1(intern!(py, "log"), (level, "%s", text))?;
    Ok(())
}

struct Forward;

fn number(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 40,
        Level::WARN => WARNING,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

impl Subscriber for Forward {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() && metadata.target().starts_with("slugline") {
            // The logger's level may change.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && number(metadata.level()) >= LEVEL.load(Ordering::Relaxed)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let record = Record {
            level: number(event.metadata().level()),
            text: text.0 + &text.1,
        };
        let waiting = waiting();
        {
            let mut queue = waiting.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.records.len() >= MOST {
                return;
            }
            queue.records.push_back(record);
            if std::mem::replace(&mut queue.busy, true) {
                return;
            }
        }
        if let Ok(runtime) = runtime::handle() {
            runtime.spawn_blocking(move || empty(&waiting));
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Hands over what waits, until nothing does.
fn empty(waiting: &Waiting) {
    loop {
        let next = {
            let mut queue = waiting.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let next = queue.records.pop_front();
            queue.busy = next.is_some();
            next
        };
        let Some(record) = next else { return };
        // A handler that raises is its owner's affair, and an interpreter that is ending logs no more.
        Python::try_attach(|py| {
            if let Err(error) = hand_over(py, record.level, &record.text) {
                error.write_unraisable(py, None);
            }
            look(py)
        });
    }
}

/// An event's message, and its fields after it.
#[derive(Default)]
struct Text(String, String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.1, " {name}={value:?}"),
        };
    }
}
