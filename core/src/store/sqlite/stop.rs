//! Ends statements that read: each when who waits for its rows is gone, those of the user also when the
//! store is closed. A statement looks now and then, as one that has not begun cannot be interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;

/// Steps of SQLite's machine between two looks: about a tenth of a millisecond.
const STEPS: i32 = 10_000;

/// Breaks off all statements that were begun before.
#[derive(Debug, Default)]
pub(super) struct Stops(Arc<AtomicU64>);

impl Stops {
    /// Breaks them off.
    pub(super) fn stop_all(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// For a statement that begins now: what its caller holds, and what the statement looks at.
    pub(super) fn begin(&self) -> (Waits, Stop) {
        let left = Arc::new(AtomicBool::new(false));
        let stop = Stop {
            left: left.clone(),
            begun: self.0.load(Ordering::Relaxed),
            stops: self.0.clone(),
        };
        (Waits(left), stop)
    }
}

/// Held by who waits for the rows: dropped, it breaks the statement off.
pub(super) struct Waits(Arc<AtomicBool>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Says whether a statement is to end.
#[derive(Clone)]
pub(super) struct Stop {
    left: Arc<AtomicBool>,
    begun: u64,
    stops: Arc<AtomicU64>,
}

impl Stop {
    /// Nobody waits any more, or all were broken off.
    pub(super) fn is_set(&self) -> bool {
        self.is_left() || self.stops.load(Ordering::Relaxed) != self.begun
    }

    /// Nobody waits any more.
    pub(super) fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// Ends what runs on a connection once this is set.
    pub(super) fn watch(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let stop = self.clone();
        connection.progress_handler(STEPS, Some(move || stop.is_set()))
    }

    /// As [`watch`](Self::watch) for one job, which is broken off only where nobody waits for it.
    pub(super) fn watch_job<T>(
        &self,
        connection: &mut Connection,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let stop = self.clone();
        connection.progress_handler(STEPS, Some(move || stop.is_left()))?;
        let done = job(connection);
        connection.progress_handler(0, None::<fn() -> bool>)?;
        done
    }
}
