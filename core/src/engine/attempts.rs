//! The log of a call's attempts: each has a line from its start, so that one that is dropped
//! half way (cancelled, or the loser of a race) is listed too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::chat::{Attempt, Warning};
use crate::error::Error;
use crate::provider::Target;

/// What a call has done so far. Shared by the attempts of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct AttemptLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    attempts: Vec<Attempt>,
    warnings: Vec<Warning>,
    queued: Duration,
}

/// One attempt under way. Dropped without an outcome it is logged as cancelled.
#[derive(Debug)]
pub(super) struct AttemptEntry {
    log: AttemptLog,
    place: usize,
    started: Instant,
    open: bool,
}

impl AttemptLog {
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt begins, after waiting so long.
    pub(super) fn begin(&self, target: &Target, waited: Duration) -> AttemptEntry {
        let mut log = self.lock();
        log.attempts.push(Attempt {
            provider: target.provider.name.clone(),
            model: target.model.clone(),
            outcome: "cancelled".to_owned(),
            wait_ms: millis(waited),
            ..Attempt::default()
        });
        AttemptEntry {
            log: self.clone(),
            place: log.attempts.len() - 1,
            started: Instant::now(),
            open: true,
        }
    }

    /// Adds a warning, each once.
    pub(super) fn warn(&self, warning: Warning) {
        let mut log = self.lock();
        if !log.warnings.contains(&warning) {
            log.warnings.push(warning);
        }
    }

    /// Time was spent waiting for a free slot.
    pub(super) fn queued(&self, waited: Duration) {
        self.lock().queued += waited;
    }

    /// All attempts so far.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    /// Attempts, warnings and time queued, at the end of a call.
    pub(super) fn summary(&self) -> (Vec<Attempt>, Vec<Warning>, Duration) {
        let log = self.lock();
        (log.attempts.clone(), log.warnings.clone(), log.queued)
    }
}

impl AttemptEntry {
    fn set(&self, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.log.lock().attempts.get_mut(self.place) {
            change(attempt);
        }
    }

    /// An answer began.
    pub(super) fn answered(&self, status: u16, request_id: Option<String>) {
        self.set(|attempt| {
            attempt.status = Some(status);
            attempt.request_id = request_id;
        });
    }

    /// It ended well.
    pub(super) fn succeed(mut self) {
        self.open = false;
        let took = self.started.elapsed();
        self.set(|attempt| {
            attempt.outcome = "ok".to_owned();
            attempt.duration_ms = millis(took);
        });
    }

    /// It failed.
    pub(super) fn fail(mut self, error: &Error) {
        self.open = false;
        let took = self.started.elapsed();
        self.set(|attempt| {
            attempt.outcome = "error".to_owned();
            attempt.code = Some(error.code().to_owned());
            attempt.status = error.data().status.or(attempt.status);
            if error.data().request_id.is_some() {
                attempt.request_id.clone_from(&error.data().request_id);
            }
            attempt.duration_ms = millis(took);
        });
    }
}

impl Drop for AttemptEntry {
    fn drop(&mut self) {
        if self.open {
            let took = self.started.elapsed();
            self.set(|attempt| attempt.duration_ms = millis(took));
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
