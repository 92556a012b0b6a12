//! Cancels a stream from another thread than the one that reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::task::AtomicWaker;

/// Cancels one stream, from anywhere. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<Cancel>);

#[derive(Debug, Default)]
struct Cancel {
    requested: AtomicBool,
    reader: AtomicWaker,
}

impl CancelHandle {
    /// Cancels: a pull under way ends with `cancelled` at once, a later one too.
    pub fn cancel(&self) {
        self.0.requested.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    /// True once cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.requested.load(Ordering::Acquire)
    }

    pub(super) fn watch(&self, waker: &std::task::Waker) {
        self.0.reader.register(waker);
    }
}
