//! The state of an engine: its store with the recorder in front of it, opened anew in a forked child.
//!
//! A child has neither the parent's threads nor a right to its locks: it opens a SQLite file again and
//! starts with an empty memory, and what the parent held is left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::pending::Pending;
use super::recorder::{Lost, Recorder};
use crate::config::{EngineConfig, Recording as Keeps, Storage};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{MemoryStore, Recording, Retention, Store};

/// How long closing an engine waits for what is still to be written.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The state of an engine.
#[derive(Debug)]
pub(super) struct State {
    kind: Kind,
    retention: Retention,
    /// What is kept of a call that does not say otherwise.
    pub(super) keeps: Keeps,
    lost: Arc<Lost>,
    /// Somebody has waited for the store in vain: closing does not wait once more.
    busy: AtomicBool,
    current: ArcSwap<Opened>,
}

#[derive(Debug)]
enum Kind {
    Configured(Storage),
    /// A store from code, which must see to forks itself.
    Given(Arc<dyn Store>),
}

/// A store of this process, and what writes to it.
#[derive(Debug)]
pub(super) struct Opened {
    process: u32,
    pub(super) store: Arc<dyn Store>,
    pub(super) recorder: Recorder,
    /// The turns that are being appended.
    pub(super) pending: Arc<Pending>,
}

impl State {
    /// Opens the configured store, or takes the one given.
    pub(super) fn open(engine: &EngineConfig, given: Option<Arc<dyn Store>>) -> Result<State> {
        let kind = match given {
            Some(store) => Kind::Given(store),
            None => Kind::Configured(engine.storage.clone()),
        };
        let retention = Retention {
            // A file grows as its disk allows, unless an age is set; memory must have a bound.
            recordings: match &kind {
                Kind::Configured(Storage::Memory) => engine.recording_limit,
                _ => 0,
            },
            recording_age_ms: engine.recording_max_age_ms,
            session_ttl_ms: engine.session_ttl_ms,
        };
        let lost = Arc::default();
        let opened = open(&kind, retention, &lost)?;
        Ok(State {
            kind,
            retention,
            keeps: engine.recording,
            lost,
            busy: AtomicBool::new(false),
            current: ArcSwap::from_pointee(opened),
        })
    }

    /// The store of this process.
    ///
    /// # Errors
    /// `store_error` where a forked child cannot open it again.
    pub(super) fn opened(&self) -> Result<Arc<Opened>> {
        let current = self.current.load_full();
        if current.process == std::process::id() {
            return Ok(current);
        }
        let fresh = Arc::new(open(&self.kind, self.retention, &self.lost)?);
        let before = self.current.compare_and_swap(&current, fresh.clone());
        // Never dropped: its locks may never be free again here.
        std::mem::forget(current.clone());
        if Arc::ptr_eq(&before, &current) {
            return Ok(fresh);
        }
        // Another thread of the child was quicker.
        Ok(self.current.load_full())
    }

    /// The store, once everything that was recorded before can be seen in it.
    pub(super) async fn flushed(&self) -> Result<Arc<Opened>> {
        let opened = self.opened()?;
        opened.recorder.flush().await;
        Ok(opened)
    }

    /// Waits until every turn and everything that this process recorded before is in the store.
    pub(super) async fn flush(&self) {
        let current = self.current.load_full();
        if current.process == std::process::id() {
            current.pending.all_settled().await;
            current.recorder.flush().await;
        }
    }

    /// Breaks off statements of the user under way in this process.
    pub(super) fn interrupt(&self) {
        let current = self.current.load();
        if current.process == std::process::id() {
            current.store.interrupt();
        }
    }

    /// The error of a store that was not done within [`PATIENCE`].
    pub(super) fn too_busy(&self) -> Error {
        self.busy.store(true, Ordering::Relaxed);
        let message = format!(
            "not all that was recorded is written after {} s: the store is busy. It goes on as long as the \
             process lives",
            PATIENCE.as_secs()
        );
        Error::new(ErrorKind::StoreError, message)
    }

    /// Takes a recording; `false` where it is lost.
    pub(super) fn record(&self, recording: Recording, bytes: usize) -> bool {
        match self.opened() {
            Ok(opened) => opened.recorder.push(recording, bytes),
            Err(error) => {
                self.lost.add(1, &error);
                false
            }
        }
    }

    /// How many calls should have been recorded and were not.
    pub(super) fn lost(&self) -> u64 {
        self.lost.count()
    }
}

fn open(kind: &Kind, retention: Retention, lost: &Arc<Lost>) -> Result<Opened> {
    let (store, recorder) = match kind {
        Kind::Configured(Storage::Memory) => {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new(retention));
            (store.clone(), Recorder::direct(store, lost.clone()))
        }
        Kind::Configured(Storage::Sqlite(path)) => {
            let store = sqlite(path, retention)?;
            (store.clone(), Recorder::queued(store, lost.clone()))
        }
        Kind::Given(store) => (store.clone(), Recorder::queued(store.clone(), lost.clone())),
    };
    Ok(Opened {
        process: std::process::id(),
        store,
        recorder,
        pending: Arc::default(),
    })
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &std::path::Path, retention: Retention) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(crate::store::SqliteStore::open(path, retention)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(path: &std::path::Path, _: Retention) -> Result<Arc<dyn Store>> {
    Err(Error::new(
        ErrorKind::ConfigError,
        format!(
            "`engine.storage` is \"sqlite:{}\", and SQLite is not built in: build with the feature `sqlite`",
            path.display()
        ),
    )
    .with_param("engine.storage"))
}

impl Drop for State {
    fn drop(&mut self) {
        let opened = self.current.load_full();
        if opened.process != std::process::id() {
            // The parent's: not ours to end.
            std::mem::forget(opened);
            return;
        }
        let patience = match self.busy.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        if !opened.recorder.close(patience) && !patience.is_zero() {
            tracing::warn!(
                "the store was still busy {} s after the engine was closed",
                PATIENCE.as_secs()
            );
        }
    }
}
